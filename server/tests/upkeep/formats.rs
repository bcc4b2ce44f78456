//! The formats of files and of Redis: each as it was frozen, and later ones refused by their names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stockade_core::ids::Seq;
use stockade_core::log::{Admission, Batch, ChainHash, Log, SealedBatch, decode_envelope, encode_envelope};
use stockade_server::journal::{BackupReader, BackupWriter, EmergencyFile, Mark};

use crate::redis_server::RedisServer;
use crate::rig::{refused_to_serve, run};
use crate::shop::{all_there, in_redis, local, open, serve, stop};

/// A file as a build of its format wrote it.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Every batch of the golden backup.
fn batches() -> Vec<SealedBatch> {
    let file = fs::read(golden("backup-1.stockade")).unwrap();
    let mut backup = BackupReader::open(&file[..]).unwrap();
    let mut found = Vec::new();
    while let Some((bytes, batch)) = backup.next_batch().unwrap() {
        found.push(SealedBatch { first: batch.first, last: batch.last, chain: batch.chain, bytes: bytes.into() });
    }
    found
}

#[test]
fn a_batch_of_format_3_keeps_its_bytes() {
    let bytes = fs::read(golden("batch-3.stkb")).unwrap();
    let batch = Batch::decode(&bytes).unwrap();
    assert_eq!((batch.first, batch.previous), (Seq(1), ChainHash::GENESIS));
    let log = Log::new(Seq(0), ChainHash::GENESIS);
    for (seq, event) in batch.events() {
        let envelope = decode_envelope(event).unwrap_or_else(|error| panic!("event {seq}: {error}"));
        let mut again = Vec::new();
        encode_envelope(&envelope, &mut again).unwrap();
        assert_eq!(again, event, "event {seq}");
        log.append(log.reserve(again.len(), Admission::Ordinary).unwrap(), &again).unwrap().applied();
    }
    assert_eq!(&*log.next_batch(Duration::ZERO).unwrap().bytes, bytes);
}

#[test]
fn a_backup_of_format_1_keeps_its_bytes() {
    let file = fs::read(golden("backup-1.stockade")).unwrap();
    let identity = BackupReader::open(&file[..]).unwrap().identity().to_owned();
    assert_eq!(identity, "0123456789abcdef0123456789abcdef");
    let mut again = Vec::new();
    let mut backup = BackupWriter::begin(&mut again, &identity).unwrap();
    let batches = batches();
    assert_eq!(batches.len(), 2);
    for batch in &batches {
        backup.add(&batch.bytes).unwrap();
    }
    backup.end().unwrap();
    assert_eq!(again, file);
}

#[test]
fn an_emergency_file_of_format_1_keeps_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = EmergencyFile::read(&golden("emergency-1.stockade")).unwrap();
    assert_eq!((file.journaled, &file.batches), (Seq(2), &batches()));
    let again = folder.path().join("again");
    file.write(&again).unwrap();
    assert_eq!(fs::read(again).unwrap(), fs::read(golden("emergency-1.stockade")).unwrap());
}

#[test]
fn a_mark_of_format_1_keeps_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mark = Mark::read(&golden("mark-1.toml")).unwrap().expect("a mark");
    let last = batches().pop().expect("a batch");
    assert_eq!((mark.journal.as_str(), mark.event), ("0123456789abcdef0123456789abcdef", last.last));
    assert_eq!(mark.chain, last.chain);
    let again = folder.path().join("again");
    mark.write(&again).unwrap();
    assert_eq!(fs::read_to_string(again).unwrap(), fs::read_to_string(golden("mark-1.toml")).unwrap());
}

#[test]
fn a_later_backup_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::read(golden("backup-1.stockade")).unwrap();
    let with = |at: usize, number: u8| {
        let mut later = file.clone();
        later[at] = number;
        // The checksum of the beginning, which ends with the identity.
        let crc = crc32fast::hash(&later[..52]);
        later[52..56].copy_from_slice(&crc.to_le_bytes());
        fs::write(folder.path().join("later"), later).unwrap();
        let refused = run(folder.path(), &["restore", "later", "to"]).ended(5).err;
        assert!(!folder.path().join("to/journal.redb").exists());
        refused
    };
    assert!(with(8, 2).contains("backup format 2, and this build reads backup format 1"));
    assert!(with(12, 4).contains("journal format 4, and this build reads journal format 3"));
}

#[test]
fn a_later_mark_is_refused_by_its_name() {
    let server = serve(local());
    open(&server);
    let (_, dir) = stop(server);
    let path = dir.path().join("journal.mark");
    let before = fs::read_to_string(&path).unwrap();
    let later = format!("{}further = \"unknown\"\n", before.replace("format = 1", "format = 2"));
    fs::write(&path, &later).unwrap();
    let journal = fs::read(dir.path().join("journal.redb")).unwrap();
    let refused = refused_to_serve(dir.path(), &[]).ended(5);
    assert!(refused.err.contains("mark format 2, and this build reads mark format 1"), "{}", refused.err);
    fs::rename(dir.path().join("journal.redb"), dir.path().join("aside")).unwrap();
    run(dir.path(), &["init"]).ended(5);
    assert!(!dir.path().join("journal.redb").exists(), "nothing is begun");
    fs::rename(dir.path().join("aside"), dir.path().join("journal.redb")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), later);
    assert_eq!(fs::read(dir.path().join("journal.redb")).unwrap(), journal);
    fs::write(&path, before).unwrap();
    all_there(&serve(dir), 1);
}

/// Everything that Redis holds, its functions included.
fn held(redis: &RedisServer) -> (BTreeMap<String, Vec<u8>>, String) {
    let mut connection = redis.connection();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
    let mut found = BTreeMap::new();
    for key in keys {
        let dump = redis::cmd("DUMP").arg(&key).query(&mut connection).unwrap();
        found.insert(key, dump);
    }
    let functions: redis::Value = redis::cmd("FUNCTION").arg("LIST").query(&mut connection).unwrap();
    (found, format!("{functions:?}"))
}

#[test]
fn a_later_partition_is_refused_by_its_name() {
    let redis = RedisServer::start();
    let server = serve(in_redis(&redis));
    open(&server);
    let (_, dir) = stop(server);
    run(dir.path(), &["backup", "b.stockade"]).ended(0);
    redis.run(&["HSET", "stockade:{main}:own", "f", "2", "z", "unknown"]);
    redis.run(&["HDEL", "stockade:{main}:own", "n"]);
    redis.run(&["FUNCTION", "FLUSH"]);
    let before = held(&redis);
    let named = "partition layout 2, and this build reads partition layout 1";
    let refused = refused_to_serve(dir.path(), &[]).ended(5);
    assert!(refused.err.contains(named), "{}", refused.err);
    for command in [&["init"][..], &["backup", "c.stockade"], &["journal", "inspect"], &["journal", "verify"]] {
        let refused = run(dir.path(), command).ended(5);
        assert!(refused.err.contains(named), "{command:?}: {}", refused.err);
    }
    fs::rename(dir.path().join("partition.id"), dir.path().join("aside")).unwrap();
    fs::rename(dir.path().join("journal.mark"), dir.path().join("mark")).unwrap();
    let refused = run(dir.path(), &["restore", "b.stockade"]).ended(5);
    assert!(refused.err.contains(named), "{}", refused.err);
    assert_eq!(held(&redis), before, "nothing is touched");
}
