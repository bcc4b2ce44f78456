//! `journal inspect`, `verify` and `export` in both homes of a history.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::redis_server::RedisServer;
use crate::rig::run;
use crate::shop::{in_redis, local, open, place, serve, stop};

fn json(dir: &Path, args: &[&str]) -> Value {
    let run = run(dir, &[args, &["--json"]].concat()).ended(0);
    serde_json::from_str(&run.out).expect("one JSON object")
}

/// Looks over the history of a stopped server, whose next start tells what it recovers.
fn looked_over(dir: TempDir) {
    let server = serve(dir);
    open(&server);
    place(&server, 2);
    server.run(&["pay", "web/1"]).ended(0);
    let (_, dir) = stop(server);
    let inspected = json(dir.path(), &["journal", "inspect"]);
    let verified = json(dir.path(), &["journal", "verify", "--replay"]);
    let last = inspected["last"].as_u64().expect("a number");
    assert!(last >= 6 && inspected["first"] == 1 && inspected["events"] == last, "{inspected}");
    assert_eq!(inspected["identity"].as_str().map(str::len), Some(32), "{inspected}");
    assert_eq!(inspected["chain"], verified["chain"]);
    assert!(inspected["first_decided"].as_str() < inspected["last_decided"].as_str(), "{inspected}");
    assert!(run(dir.path(), &["journal", "verify"]).ended(0).out.contains("is whole"));

    let exported = run(dir.path(), &["journal", "export"]).ended(0).out;
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len() as u64, last);
    for (n, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], n as u64 + 1);
    }
    let placed: Vec<&Value> = lines.iter().filter(|line| line["event"] == "order_placed").collect();
    assert_eq!(placed.len(), 2);
    assert_eq!(placed[1]["body"]["number"], "2");
    assert_eq!(placed[1]["body"]["plan"]["sub_orders"][0]["lines"][0]["sku"], "TEE");

    let server = serve(dir);
    assert_eq!(server.said["digest"], verified["digest"], "the same state");
    assert_eq!(server.said["events"], last);
}

#[test]
fn a_history_on_disk_is_looked_over() {
    looked_over(local());
}

#[test]
fn a_history_in_redis_is_looked_over() {
    looked_over(in_redis(&RedisServer::start()));
}

#[test]
fn a_history_in_redis_is_looked_over_while_it_is_served() {
    let redis = RedisServer::start();
    let server = serve(in_redis(&redis));
    open(&server);
    let events = server.json(&["journal", "inspect"])["events"].as_u64();
    place(&server, 2);
    assert!(server.json(&["journal", "verify"])["events"].as_u64() > events);
    // The file of a local journal belongs to its server.
    let server = serve(local());
    let refused = server.run(&["journal", "inspect"]).ended(5);
    assert!(refused.err.contains("another process has"), "{}", refused.err);
}

#[test]
fn a_damaged_history_is_not_verified() {
    let server = serve(local());
    open(&server);
    let (_, dir) = stop(server);
    let path = dir.path().join("journal.redb");
    let mut bytes = fs::read(&path).unwrap();
    // The first batch, which a start reads last of all, wherever it was written.
    let is_first = |at: &usize| bytes[*at..].starts_with(b"STKB") && bytes[at + 16..at + 24] == 1u64.to_le_bytes();
    for at in (0..bytes.len() - 100).filter(is_first).collect::<Vec<_>>() {
        bytes[at + 80] ^= 1;
    }
    fs::write(&path, bytes).unwrap();
    let refused = run(dir.path(), &["journal", "verify"]).ended(5);
    assert!(refused.err.contains("the journal is damaged"), "{}", refused.err);
}

#[test]
fn a_history_that_went_back_is_neither_verified_nor_backed_up() {
    let server = serve(local());
    open(&server);
    let (_, dir) = stop(server);
    let path = dir.path().join("journal.redb");
    let older = fs::read(&path).unwrap();
    let server = serve(dir);
    place(&server, 2);
    let (_, dir) = stop(server);
    let newer = fs::read(&path).unwrap();
    fs::write(&path, older).unwrap();
    for command in [&["journal", "verify"][..], &["backup", "b.stockade"]] {
        let refused = run(dir.path(), command).ended(5);
        assert!(refused.err.contains("were acknowledged"), "{}", refused.err);
    }
    assert!(!dir.path().join("b.stockade").exists());
    run(dir.path(), &["journal", "inspect"]).ended(0);
    fs::write(&path, newer).unwrap();
    run(dir.path(), &["journal", "verify"]).ended(0);
    run(dir.path(), &["backup", "b.stockade"]).ended(0);
}
