//! No tool holds the history in memory: each is given one that is larger than all it may take.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use stockade_core::Actor;
use stockade_core::event::{Cause, Envelope, Event, RulesApplied};
use stockade_core::ids::{RulesVersion, Seq};
use stockade_core::log::{Admission, ChainHash, Log, encode_envelope};
use stockade_core::time::Time;
use stockade_server::journal::BackupWriter;

use crate::redis_server::RedisServer;

/// Bytes of the history.
const HISTORY_BYTES: usize = 192 * 1024 * 1024;
/// Bytes of memory that a tool may take, whatever the history has.
const MEMORY_BYTES: u64 = 112 * 1024 * 1024;

/// A backup of many large events, which no engine would carry out.
fn large(path: &Path) {
    let log = Log::new(Seq(0), ChainHash::GENESIS);
    let text = "x".repeat(200 * 1024);
    let rules = RulesApplied { text, version: RulesVersion(1) };
    let (event, cause) = (Event::RulesApplied(rules), Cause::Order);
    let envelope = Envelope { actor: Actor::Engine, arrived: Time(1), occurred: None, cause, event };
    let mut bytes = Vec::new();
    encode_envelope(&envelope, &mut bytes).unwrap();
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut backup = BackupWriter::begin(&mut file, "0123456789abcdef0123456789abcdef").unwrap();
    for _ in 0..HISTORY_BYTES / bytes.len() {
        log.append(log.reserve(bytes.len(), Admission::Ordinary).unwrap(), &bytes).unwrap().applied();
        let batch = log.next_batch(Duration::ZERO).unwrap();
        backup.add(&batch.bytes).unwrap();
        log.journaled(batch.last);
    }
    backup.end().unwrap();
    file.flush().unwrap();
}

/// The most memory that a process took so far.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

/// Waits for a process, and returns the most memory that it took.
fn watched(mut child: Child, what: &str) -> u64 {
    let mut most = 0;
    loop {
        most = peak(child.id()).unwrap_or(0).max(most);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{what}: {status}");
            return most;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[track_caller]
fn is_bounded(dir: &Path, args: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockade"));
    let child = command.current_dir(dir).args(args).stdout(Stdio::null()).spawn().expect("the binary runs");
    let took = watched(child, &args.join(" "));
    println!("{}: {} MiB", args.join(" "), took >> 20);
    assert!(took < MEMORY_BYTES, "{args:?} took {took} bytes");
}

#[test]
fn no_tool_holds_the_history_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let redis = RedisServer::start_with(&["--appendfsync", "no"]);
    large(&dir.path().join("large.stockade"));
    let url = redis.url();
    is_bounded(dir.path(), &["restore", "large.stockade", "on-disk"]);
    is_bounded(dir.path(), &["restore", "large.stockade", &url]);
    for home in [&["--data-dir", "on-disk"][..], &["--journal", &url]] {
        for words in [&["journal", "inspect"][..], &["journal", "verify"], &["journal", "export"], &["backup", "copy"]]
        {
            is_bounded(dir.path(), &[words, home].concat());
        }
        let same = fs::read(dir.path().join("copy")).unwrap().len();
        assert_eq!(same, fs::read(dir.path().join("large.stockade")).unwrap().len());
        fs::remove_file(dir.path().join("copy")).unwrap();
    }
    is_bounded(dir.path(), &["journal", "verify", "--from", "large.stockade"]);
}
