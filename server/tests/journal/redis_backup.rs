//! A partition read without owning it: what is shorter than it was, or another one, is never taken for the whole history.

use stockade_core::ids::Seq;
use stockade_core::log::{Batch, Journal, JournalError};
use stockade_server::journal::{BackupReader, Live, NotCopied, RedisJournal, Trail};

use crate::load::{batch, new_log};
use crate::redis_fencing::config;
use crate::redis_server::RedisServer;

const HASH: &str = "stockade:{t}:own";
const STREAM: &str = "stockade:{t}:wal";
const EVENTS: u64 = 9;

/// A Redis with nine batches of one event in its partition, and the server that goes on owning it.
fn with_nine_events() -> (RedisServer, RedisJournal) {
    let redis = RedisServer::start();
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    let log = new_log();
    for _ in 0..EVENTS {
        journal.append(&batch(&log, b"one")).unwrap();
    }
    (redis, journal)
}

/// Deletes the last three entries of the stream.
fn lose_the_last_three(redis: &RedisServer) {
    for seq in EVENTS - 2..=EVENTS {
        redis.run(&["XDEL", STREAM, &format!("1-{seq}")]);
    }
}

fn live(redis: &RedisServer, identity: String) -> Live {
    Live::Redis { identity, redis: config(redis, "any") }
}

/// A backup of what is served, and the error it ended with.
fn copied(live: &Live) -> (Result<Trail, NotCopied>, Vec<u8>) {
    let mut sent = Vec::new();
    let copied = live.copy(&mut sent, Seq(EVENTS));
    (copied, sent)
}

#[track_caller]
fn is_lost(live: &Live, words: &[&str]) {
    let (copied, sent) = copied(live);
    let Err(NotCopied::Journal(JournalError::HistoryLost { reason })) = copied else { panic!("{copied:?}") };
    assert!(words.iter().all(|word| reason.contains(word)), "no {words:?} in {reason}");
    let mut reader = BackupReader::open(&sent[..]).unwrap();
    let cut = loop {
        match reader.next_batch() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("what was sent says that it is whole"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(cut.contains("it is cut short"), "{cut}");
}

#[test]
fn a_served_backup_of_a_redis_that_holds_less_than_was_acknowledged_is_not_whole() {
    let (redis, journal) = with_nine_events();
    let live = live(&redis, journal.identity());
    assert_eq!(copied(&live).0.unwrap().last, Seq(EVENTS));
    // The stream is shorter than its hash says.
    lose_the_last_three(&redis);
    is_lost(&live, &["event 6", "up to 9"]);
    // Stream and hash went back together, as they do when Redis is restored.
    redis.run(&["HSET", HASH, "s", "6", "l", "1-6"]);
    is_lost(&live, &["up to 6", "up to 9"]);
}

#[test]
fn a_served_backup_of_a_redis_that_holds_another_history_by_now_is_not_whole() {
    let (redis, journal) = with_nine_events();
    let (identity, other) = (journal.identity(), "0123456789abcdef0123456789abcdef");
    redis.run(&["HSET", HASH, "u", other]);
    is_lost(&live(&redis, identity.clone()), &[&identity, other]);
}

#[test]
fn a_stream_that_ends_before_its_hash_says_is_never_read_to_its_end() {
    let (redis, journal) = with_nine_events();
    lose_the_last_three(&redis);
    let mut last = Seq(0);
    let read = RedisJournal::read(&config(&redis, "any"), &mut |bytes| {
        last = Batch::span(bytes).unwrap().1;
        Ok(())
    });
    let Err(JournalError::HistoryLost { reason }) = read else { panic!("{read:?}") };
    assert!(reason.contains("ends with event 6") && reason.contains("events up to 9"), "{reason}");
    assert_eq!(last, Seq(6));
    drop(journal);
}

#[test]
fn a_partition_that_is_replaced_while_it_is_read_is_not_read_to_its_end() {
    let (redis, journal) = with_nine_events();
    let other = "0123456789abcdef0123456789abcdef";
    let read = RedisJournal::read(&config(&redis, "any"), &mut |_| {
        redis.run(&["HSET", HASH, "u", other]);
        Ok(())
    });
    let Err(JournalError::HistoryLost { reason }) = read else { panic!("{read:?}") };
    assert!(reason.contains(&journal.identity()) && reason.contains(other), "{reason}");
}
