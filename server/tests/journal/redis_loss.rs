use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stockade_core::Durability;
use stockade_core::ids::Seq;
use stockade_core::log::{Admission, Journal, JournalError, Log, SealedBatch};
use stockade_server::journal::{
    Driver, DriverConfig, EmergencyFile, Health, RedisConfig, RedisJournal, Verdict, compare,
};

use crate::cutting::Cutting;
use crate::load::{Load, PATIENCE, assert_holds, batch, events, eventually, new_log, replayed};
use crate::redis_fencing::config;
use crate::redis_server::RedisServer;

const STREAM: &str = "stockade:{t}:wal";
const HASH: &str = "stockade:{t}:own";

fn exists(redis: &RedisServer, key: &str) -> bool {
    redis::cmd("EXISTS").arg(key).query(&mut redis.connection()).unwrap()
}

struct Running {
    log: Arc<Log>,
    driver: Driver<Log>,
    emergency: PathBuf,
    _folder: tempfile::TempDir,
}

fn start(config: RedisConfig) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let emergency = folder.path().join("emergency.stk");
    let mut journal = RedisJournal::open(config).unwrap();
    let (recovered, _) = replayed(&mut journal, Some(&emergency)).unwrap();
    let log = Arc::new(Log::new(recovered.last, recovered.chain));
    let settings = DriverConfig {
        emergency: Some(emergency.clone()),
        beat: Duration::from_millis(100),
        ..DriverConfig::default()
    };
    let driver = Driver::start(Arc::clone(&log), Box::new(journal), settings).unwrap();
    Running { log, driver, emergency, _folder: folder }
}

fn append(log: &Log, n: u64) -> Seq {
    let event = n.to_le_bytes();
    log.append(log.reserve(8, Admission::Ordinary).unwrap(), &event).unwrap().applied()
}

fn journaled(log: &Log, seq: Seq) {
    assert!(log.gate().wait(seq, Durability::Journaled, Duration::from_secs(20)), "{seq} was not journaled");
}

#[test]
fn after_flushall_under_load_nothing_is_acknowledged_and_nothing_begins_anew() {
    let redis = RedisServer::start();
    let running = start(config(&redis, "a"));
    let load = Load::start(&running.log);
    load.wait_for(300);
    redis.run(&["FLUSHALL"]);
    eventually("the loss to be seen", || running.driver.status().health == Health::HistoryLost);
    let watermark = running.log.gate().watermark(Durability::Journaled);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(running.log.gate().watermark(Durability::Journaled), watermark);
    assert!(!exists(&redis, STREAM) && !exists(&redis, HASH));
    let error = running.driver.status().last_error.unwrap();
    assert!(error.contains("do not stop it") && error.contains("restore Redis"), "{error}");

    let last = running.log.last();
    let acknowledged = load.stop();
    let stopped = running.driver.stop(Duration::ZERO);
    assert!(!stopped.drained && !exists(&redis, STREAM));
    let saved = EmergencyFile::read(&stopped.emergency.unwrap()).unwrap();
    assert_eq!(saved.journaled, watermark);
    assert!(acknowledged.keys().all(|seq| *seq <= watermark.0) && saved.batches.last().unwrap().last >= last);

    // An empty Redis and the file make the history whole again, once a person has created the partition.
    RedisJournal::init(&config(&redis, "a")).unwrap();
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    let (recovered, read) = replayed(&mut journal, Some(&running.emergency)).unwrap();
    assert!(recovered.restored > 0 && read.len() as u64 == recovered.last.0);
    assert_holds(&read, &acknowledged);
    assert_eq!(events(&mut RedisJournal::open(config(&redis, "a")).unwrap()), read);
}

#[test]
fn a_deleted_stream_a_deleted_hash_and_a_deleted_entry_are_seen_and_not_replaced() {
    for delete in [&["DEL", STREAM][..], &["DEL", HASH], &["XTRIM", STREAM, "MAXLEN", "1"], &["XDEL", STREAM, "1-1"]] {
        let redis = RedisServer::start();
        let log = new_log();
        let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
        journal.append(&batch(&log, b"one")).unwrap();
        redis.run(delete);
        let two = batch(&log, b"two");
        for _ in 0..2 {
            assert!(matches!(journal.append(&two), Err(JournalError::HistoryLost { .. })), "{delete:?}");
            assert!(matches!(journal.idle(), Err(JournalError::HistoryLost { .. })), "{delete:?}");
        }
        assert!(!(exists(&redis, STREAM) && exists(&redis, HASH)) || delete[0].starts_with('X'));
        let error = RedisJournal::open(config(&redis, "a")).map(drop);
        assert!(error.is_err(), "{delete:?}: opened again without its history");
    }
}

#[test]
fn a_forgotten_tail_is_written_again_from_memory() {
    let mut redis = RedisServer::start();
    let running = start(config(&redis, "a"));
    for n in 0..20 {
        journaled(&running.log, append(&running.log, n));
    }
    let backup = redis.backup();
    for n in 20..60 {
        journaled(&running.log, append(&running.log, n));
    }
    redis.kill();
    redis.restore(&backup);
    redis.restart();
    // Nothing is appended: the heartbeat alone finds out and repairs.
    let entries = || redis::cmd("XLEN").arg(STREAM).query::<u64>(&mut redis.connection()).unwrap();
    eventually("the repair", || entries() >= 62);
    for n in 60..70 {
        journaled(&running.log, append(&running.log, n));
    }
    assert!(running.driver.stop(Duration::from_secs(20)).drained);
    let read = events(&mut RedisJournal::open(config(&redis, "reader")).unwrap());
    assert_eq!(read.values().cloned().collect::<Vec<_>>(), (0..70u64).map(|n| n.to_le_bytes()).collect::<Vec<_>>());
}

#[test]
fn a_redis_that_forgot_the_opening_too_is_opened_again_and_repaired() {
    let mut redis = RedisServer::start();
    let first = start(config(&redis, "a"));
    journaled(&first.log, append(&first.log, 0));
    assert!(first.driver.stop(Duration::from_secs(20)).drained);
    let backup = redis.backup();
    let running = start(config(&redis, "b"));
    for n in 1..30 {
        journaled(&running.log, append(&running.log, n));
    }
    redis.kill();
    redis.restore(&backup);
    redis.restart();
    for n in 30..40 {
        journaled(&running.log, append(&running.log, n));
    }
    assert!(running.driver.stop(Duration::from_secs(20)).drained);
    let read = events(&mut RedisJournal::open(config(&redis, "reader")).unwrap());
    assert_eq!(read.values().cloned().collect::<Vec<_>>(), (0..40u64).map(|n| n.to_le_bytes()).collect::<Vec<_>>());
}

#[test]
fn a_tail_that_memory_does_not_cover_stops_everything_until_the_backup_is_better() {
    let mut redis = RedisServer::start();
    let (log, mut journal) =
        (new_log(), RedisJournal::open(RedisConfig { ring_bytes: 1_000, ..config(&redis, "a") }).unwrap());
    let write = |journal: &mut RedisJournal, n: u64| journal.append(&batch(&log, &n.to_le_bytes())).unwrap();
    (0..5).for_each(|n| write(&mut journal, n));
    let old = redis.backup();
    (5..30).for_each(|n| write(&mut journal, n));
    let better = redis.backup();
    (30..33).for_each(|n| write(&mut journal, n));
    let swap = |redis: &mut RedisServer, backup| {
        redis.kill();
        redis.restore(backup);
        redis.restart();
    };
    swap(&mut redis, &old);
    let next = batch(&log, b"next");
    let lost = |journal: &mut RedisJournal, batch: &SealedBatch| loop {
        match journal.append(batch) {
            Err(JournalError::Unavailable { .. }) => {}
            Err(JournalError::HistoryLost { reason }) => return reason,
            other => panic!("{other:?}"),
        }
    };
    let reason = lost(&mut journal, &next);
    assert!(
        reason.contains("forgot everything after event 5") && reason.contains("memory keeps events from"),
        "{reason}"
    );
    lost(&mut journal, &next);
    let entries: u64 = redis::cmd("XLEN").arg(STREAM).query(&mut redis.connection()).unwrap();
    assert_eq!(entries, 2 + 5);

    swap(&mut redis, &better);
    eventually("the repair", || journal.append(&next).is_ok());
    assert_eq!(events(&mut RedisJournal::open(config(&redis, "a")).unwrap()).len(), 34);
}

#[test]
fn an_owner_that_came_and_went_unseen_is_not_written_over() {
    let mut redis = RedisServer::start();
    let (log, mut old) = (new_log(), RedisJournal::open(config(&redis, "old")).unwrap());
    old.append(&batch(&log, b"one")).unwrap();
    let before = redis.backup();
    let mut new = RedisJournal::open(RedisConfig { take_over: true, ..config(&redis, "new") }).unwrap();
    assert_eq!(events(&mut new).len(), 1);
    new.append(&batch(&log, b"two of new")).unwrap();
    redis.kill();
    redis.restore(&before);
    redis.restart();
    // The failover forgot the new owner; the old one is accepted again and writes.
    let old_log = Log::new(Seq(1), old.kept()[0].chain);
    eventually("the old one", || match old.idle() {
        Ok(()) => true,
        Err(error) => {
            assert!(error.is_transient(), "{error}");
            false
        }
    });
    old.append(&batch(&old_log, b"two of old")).unwrap();
    let three = batch(&log, b"three of new");
    let error = loop {
        match new.append(&three) {
            Err(JournalError::Unavailable { .. }) => {}
            other => break other.unwrap_err(),
        }
    };
    assert!(matches!(error, JournalError::HistoryLost { .. }), "{error}");
    assert_eq!(new.kept().len(), 2, "the living owner keeps what may be the last copy");
}

/// Both tries of the opening that follows a failover are carried out, and no answer to them comes.
#[test]
fn an_engine_whose_second_opening_was_not_answered_does_not_depose_itself() {
    let mut redis = RedisServer::start();
    let first = start(config(&redis, "a"));
    journaled(&first.log, append(&first.log, 0));
    assert!(first.driver.stop(Duration::from_secs(20)).drained);
    let backup = redis.backup();
    let way = Cutting::to(redis.port(), b"stockade_1_open");
    let running = start(RedisConfig { url: way.url(), ..config(&redis, "b") });
    for n in 1..30 {
        journaled(&running.log, append(&running.log, n));
    }
    way.cut(2);
    redis.kill();
    redis.restore(&backup);
    redis.restart();
    for n in 30..40 {
        journaled(&running.log, append(&running.log, n));
    }
    assert_eq!(way.left(), 0, "no answer was lost");
    assert!(running.driver.stop(Duration::from_secs(20)).drained);
    let read = events(&mut RedisJournal::open(config(&redis, "reader")).unwrap());
    assert_eq!(read.values().cloned().collect::<Vec<_>>(), (0..40u64).map(|n| n.to_le_bytes()).collect::<Vec<_>>());
}

/// An owner that was deposed after Redis had forgotten its tail: of 60 events, 20 are left.
struct Deposed {
    new: RedisJournal,
    reason: String,
    emergency: PathBuf,
    _folder: tempfile::TempDir,
}

/// Redis fails over and forgets a tail, and another engine opens what is left before the first one notices.
fn deposed_without_its_tail(redis: &mut RedisServer) -> Deposed {
    let (log, mut old) = (new_log(), RedisJournal::open(config(redis, "old")).unwrap());
    let write = |old: &mut RedisJournal, n: u64| old.append(&batch(&log, &n.to_le_bytes())).unwrap();
    (0..20).for_each(|n| write(&mut old, n));
    let backup = redis.backup();
    (20..60).for_each(|n| write(&mut old, n));
    redis.kill();
    redis.restore(&backup);
    redis.restart();
    let new = RedisJournal::open(RedisConfig { take_over: true, ..config(redis, "new") }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let emergency = folder.path().join("emergency.stk");
    let settings = DriverConfig {
        emergency: Some(emergency.clone()),
        beat: Duration::from_millis(100),
        ..DriverConfig::default()
    };
    let driver = Driver::start(Arc::clone(&log), Box::new(old), settings).unwrap();
    eventually("the end", || driver.status().health == Health::Ended);
    let stopped = driver.stop(Duration::from_secs(5));
    assert_eq!(stopped.emergency.as_ref(), Some(&emergency));
    Deposed { new, reason: stopped.reason.unwrap(), emergency, _folder: folder }
}

/// Redis forgets the opening of the old owner with all that it wrote. The new one then has the same epoch, and its entries
/// have the same ids.
#[test]
fn entries_of_the_same_ids_do_not_pass_for_those_that_were_acknowledged() {
    let mut redis = RedisServer::start();
    let log = new_log();
    let mut first = RedisJournal::open(config(&redis, "old")).unwrap();
    (0..20u64).for_each(|n| first.append(&batch(&log, &n.to_le_bytes())).unwrap());
    drop(first);
    let backup = redis.backup();
    let mut old = RedisJournal::open(config(&redis, "old")).unwrap();
    let (there, _) = replayed(&mut old, None).unwrap();
    let other = Log::new(there.last, there.chain);
    (20..25u64).for_each(|n| old.append(&batch(&log, &n.to_le_bytes())).unwrap());
    redis.kill();
    redis.restore(&backup);
    redis.restart();
    let mut new = RedisJournal::open(RedisConfig { take_over: true, ..config(&redis, "new") }).unwrap();
    (0..7u64).for_each(|n| new.append(&batch(&other, &n.to_le_bytes())).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let emergency = folder.path().join("emergency.stk");
    let settings = DriverConfig {
        emergency: Some(emergency.clone()),
        beat: Duration::from_millis(100),
        ..DriverConfig::default()
    };
    let driver = Driver::start(Arc::clone(&log), Box::new(old), settings).unwrap();
    eventually("the end", || driver.status().health == Health::Ended);
    let stopped = driver.stop(Duration::from_secs(5));
    let reason = stopped.reason.unwrap();
    assert!(reason.contains("without events 21 to 25, which were acknowledged here"), "{reason}");
    let file = EmergencyFile::read(&emergency).unwrap();
    assert!(file.batches[0].first <= Seq(21), "all that the other history lacks");
    assert_eq!(file.batches.last().unwrap().last, Seq(25));
    eventually("the report", || !new.safety().missing().is_empty());
}

#[test]
fn what_a_new_owner_lacks_is_brought_back_as_long_as_it_has_decided_nothing() {
    let mut redis = RedisServer::start();
    let Deposed { mut new, emergency, _folder, .. } = deposed_without_its_tail(&mut redis);
    let (recovered, read) = replayed(&mut new, Some(&emergency)).unwrap();
    assert_eq!((recovered.last, recovered.restored), (Seq(60), 40));
    assert!(read.values().cloned().eq((0..60u64).map(|n| n.to_le_bytes().to_vec())));
    assert_eq!(events(&mut new), read, "it is in Redis again");
}

/// A call of each kind that an opening and a replay make.
const CALLS: [&[u8]; 6] = [b"HMGET", b"XRANGE", b"CONFIG", b"FUNCTION", b"FCALL", b"INFO"];

#[test]
fn a_start_sends_a_call_again_whose_answer_is_lost() {
    let redis = RedisServer::start();
    let log = new_log();
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    (0..40u64).for_each(|n| journal.append(&batch(&log, &n.to_le_bytes())).unwrap());
    drop(journal);
    for call in CALLS {
        let way = Cutting::to(redis.port(), call);
        let patient = RedisConfig { url: way.url(), patience: PATIENCE, ..config(&redis, "a") };
        way.cut(1);
        let mut journal = RedisJournal::open(patient.clone()).unwrap();
        assert_eq!(way.left(), 0, "{} is no call of an opening", String::from_utf8_lossy(call));
        way.cut(usize::from(call == b"XRANGE"));
        assert_eq!(events(&mut journal).len(), 40, "{}", String::from_utf8_lossy(call));
        drop(journal);
        way.cut(1);
        let impatient = RedisJournal::open(RedisConfig { patience: Duration::ZERO, ..patient });
        let retried = call == b"FCALL";
        assert_eq!(impatient.is_err(), way.left() == 0 && !retried, "{}", String::from_utf8_lossy(call));
    }
}

#[test]
fn a_start_without_redis_ends_after_its_patience_and_names_the_address() {
    let mut redis = RedisServer::start();
    let patience = Duration::from_secs(1);
    redis.kill();
    let begun = Instant::now();
    let refused = RedisJournal::open(RedisConfig { patience, ..config(&redis, "a") }).map(drop).unwrap_err();
    let JournalError::Unavailable { reason } = &refused else { panic!("{refused}") };
    assert!(reason.contains(&format!("127.0.0.1:{}", redis.port())) && reason.contains("did not answer"), "{reason}");
    assert!(begun.elapsed() >= patience);
    // One that comes while it is waited for is served.
    let patient = RedisConfig { patience: PATIENCE, ..config(&redis, "a") };
    let opening = std::thread::spawn(|| RedisJournal::open(patient).map(drop));
    std::thread::sleep(Duration::from_millis(300));
    redis.restart();
    opening.join().unwrap().unwrap();
}

#[test]
fn a_report_that_comes_while_others_are_taken_back_stays() {
    let redis = RedisServer::start();
    let key = "stockade:{t}:missing";
    let any = config(&redis, "any");
    redis.run(&["HSET", key, "1-a", "events 1 to 2", "2-b", "events 7 to 8"]);
    let seen = RedisJournal::reported_missing(&any).unwrap();
    redis.run(&["HSET", key, "2-b", "events 7 to 9", "3-c", "events 20 to 21"]);
    RedisJournal::settle_missing(&any, &seen).unwrap();
    let left = RedisJournal::reported_missing(&any).unwrap();
    assert_eq!(left.clone().into_list(), ["events 7 to 9", "events 20 to 21"]);
    RedisJournal::settle_missing(&any, &left).unwrap();
    assert!(RedisJournal::reported_missing(&any).unwrap().into_list().is_empty());
    assert!(!exists(&redis, key));
}

#[test]
fn a_deposed_owner_leaves_what_was_acknowledged_and_the_new_one_lacks() {
    let mut redis = RedisServer::start();
    let Deposed { mut new, reason, emergency, _folder } = deposed_without_its_tail(&mut redis);
    assert!(reason.contains("`new` opened it") && reason.contains("without events 21 to 60"), "{reason}");
    let file = EmergencyFile::read(&emergency).unwrap();
    assert_eq!((file.batches[0].first, file.batches.last().unwrap().last), (Seq(1), Seq(60)));

    // The new owner is told, until somebody has dealt with it.
    eventually("the report", || !new.safety().missing().is_empty());
    let [report] = &new.safety().missing()[..] else { panic!("one report") };
    assert!(report.contains("events 21 to 60") && report.contains("`old`"), "{report}");
    let any = config(&redis, "any");
    RedisJournal::settle_missing(&any, &RedisJournal::reported_missing(&any).unwrap()).unwrap();
    eventually("nothing to report", || new.safety().missing().is_empty());

    // As long as nothing else was written, the file continues what is left; afterwards it contradicts it.
    let compared =
        |limit| compare(&file, limit, |visit| RedisJournal::read(&config(&redis, "any"), visit).map(drop)).unwrap();
    let before = compared(5);
    assert_eq!((before.verdict, before.missing, before.missing_acknowledged), (Verdict::Continues, 40, 40));
    assert_eq!((before.events.len(), before.events[0].seq), (5, Seq(21)));
    let (recovered, _) = replayed(&mut new, None).unwrap();
    let new_log = Log::new(recovered.last, recovered.chain);
    new.append(&batch(&new_log, b"another history")).unwrap();
    let after = compared(100);
    assert_eq!((after.verdict, after.missing, after.journal_last), (Verdict::Conflicts, 40, Seq(21)));
    let instead: Vec<bool> = after.events.iter().map(|missing| missing.instead.is_some()).collect();
    assert_eq!((instead[0], instead[1]), (true, false), "21 is another event, and the others are none");
    let JournalError::Refused { reason } = replayed(&mut new, Some(&emergency)).unwrap_err() else { panic!() };
    assert!(reason.contains("40 of them were acknowledged") && reason.contains("event 21 (acknowledged)"), "{reason}");
    assert!(reason.contains("And 30 more"), "{reason}");
    assert!(emergency.exists());
}

#[test]
fn what_a_deposed_owner_had_never_acknowledged_is_saved_and_then_set_aside() {
    let redis = RedisServer::start();
    let old = start(config(&redis, "old"));
    for n in 0..20 {
        journaled(&old.log, append(&old.log, n));
    }
    let mut new = RedisJournal::open(RedisConfig { take_over: true, ..config(&redis, "new") }).unwrap();
    append(&old.log, 20);
    eventually("the end", || old.driver.status().health == Health::Ended);
    let stopped = old.driver.stop(Duration::from_secs(5));
    let emergency = stopped.emergency.expect("event 21 is nowhere else");
    let file = EmergencyFile::read(&emergency).unwrap();
    assert_eq!((file.batches[0].first, file.batches.last().unwrap().last), (Seq(21), Seq(21)));

    let (recovered, _) = replayed(&mut new, None).unwrap();
    let log = Log::new(recovered.last, recovered.chain);
    new.append(&batch(&log, b"another history")).unwrap();
    let mut again = RedisJournal::open(RedisConfig { take_over: true, ..config(&redis, "old") }).unwrap();
    let (recovered, read) = replayed(&mut again, Some(&emergency)).unwrap();
    assert_eq!((recovered.last, recovered.set_aside, recovered.restored), (Seq(21), 1, 0));
    assert_eq!(read[&21], b"another history");
    assert!(!emergency.exists() && emergency.with_extension("conflict").exists());
}

#[test]
fn a_deposed_owner_of_whom_nothing_is_missing_leaves_no_file() {
    let redis = RedisServer::start();
    let old = start(config(&redis, "old"));
    for n in 0..20 {
        journaled(&old.log, append(&old.log, n));
    }
    let new = RedisJournal::open(RedisConfig { take_over: true, ..config(&redis, "new") }).unwrap();
    eventually("the end", || old.driver.status().health == Health::Ended);
    let stopped = old.driver.stop(Duration::from_secs(5));
    assert!(stopped.reason.unwrap().contains("with everything that was acknowledged"));
    assert_eq!(stopped.emergency, None);
    assert!(!old.emergency.exists());
    drop(new);
}

#[test]
fn a_damaged_stream_is_refused_with_the_entry() {
    let redis = RedisServer::start();
    let log = new_log();
    let mut journal = RedisJournal::open(config(&redis, "a")).unwrap();
    journal.append(&batch(&log, b"one")).unwrap();
    let mut two = batch(&log, b"two").bytes.to_vec();
    *two.last_mut().unwrap() ^= 1;
    // Somebody writes beside the functions.
    redis::cmd("XADD").arg(STREAM).arg("1-2").arg("d").arg(&two).exec(&mut redis.connection()).unwrap();
    redis.run(&["HSET", HASH, "l", "1-2", "s", "2", "n", "4"]);
    let mut next = RedisJournal::open(config(&redis, "a")).unwrap();
    let JournalError::Corrupt { reason } = replayed(&mut next, None).unwrap_err() else { panic!() };
    assert!(reason.contains("after event 1: checksum"), "{reason}");
}
