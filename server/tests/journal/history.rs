//! Single batches read back beside the one who writes: what an explanation is made from.

use std::sync::Arc;

use stockade_core::ids::Seq;
use stockade_core::log::{Batch, History, Journal, JournalError, Log, MemoryJournal};
use stockade_server::journal::{LocalJournal, RedisJournal};

use crate::load::{batch, new_log};
use crate::redis_fencing::config;
use crate::redis_server::RedisServer;

/// The event that a history holds under a sequence.
fn event(history: &dyn History, seq: u64) -> Result<Vec<u8>, JournalError> {
    let bytes = history.batch(Seq(seq))?;
    let batch = Batch::decode(&bytes).unwrap();
    let found = batch.events().find(|(number, _)| *number == Seq(seq)).expect("the batch holds it");
    Ok(found.1.to_vec())
}

fn assert_reads(history: &dyn History, last: u64) {
    for seq in 1..=last {
        assert_eq!(event(history, seq), Ok(format!("event {seq}").into_bytes()));
    }
    let JournalError::Unavailable { reason } = event(history, last + 1).unwrap_err() else { panic!("not unavailable") };
    assert!(reason.contains(&format!("event {}", last + 1)), "{reason}");
}

fn write(journal: &mut dyn Journal, log: &Log, seqs: std::ops::RangeInclusive<u64>) {
    for seq in seqs {
        journal.append(&batch(log, format!("event {seq}").as_bytes())).unwrap();
    }
}

#[test]
fn the_local_file_is_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let log = new_log();
    let mut journal = LocalJournal::open(folder.path().join("journal.redb")).unwrap();
    let history = journal.history().unwrap();
    write(&mut journal, &log, 1..=3);
    assert_reads(&*history, 3);
    write(&mut journal, &log, 4..=5);
    assert_reads(&*history, 5);
}

#[test]
fn the_stream_is_read_across_restarts_of_the_server() {
    let redis = RedisServer::start();
    let log = new_log();
    let mut last = 0;
    for start in 0..3 {
        let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
        let history = journal.history().unwrap();
        journal.replay(&mut |_| Ok(())).unwrap();
        if start != 1 {
            write(&mut journal, &log, last + 1..=last + 4);
            last += 4;
        }
        assert_reads(&*history, last);
        journal.close().unwrap();
    }
    assert_eq!(last, 8);
}

#[test]
fn memory_gives_back_what_it_has_room_for() {
    let log = new_log();
    let size = batch(&new_log(), b"event 1").bytes.len();
    let mut journal = MemoryJournal::recent(3 * size);
    let history: Arc<dyn History> = journal.history().unwrap();
    write(&mut journal, &log, 1..=5);
    assert!((1..=2).all(|seq| event(&*history, seq).is_err()), "the oldest made room");
    assert!((3..=5).all(|seq| event(&*history, seq).is_ok()));
    assert!(event(&*history, 6).is_err());
    assert!(MemoryJournal::forgetful().history().is_none());
}
