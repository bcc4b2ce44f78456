//! Every interleaving of the log's few steps. Run with `make loom`.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::Durability;

const LONG: Duration = Duration::from_secs(1);

fn log() -> Arc<Log> {
    Arc::new(Log::new(Seq(0), ChainHash::GENESIS))
}

fn add(log: &Log, event: &[u8]) -> Result<Seq, Halted> {
    let room = log.reserve(event.len(), Admission::Ordinary).map_err(|_| Halted)?;
    Ok(log.append(room, event)?.applied())
}

fn count(batch: &SealedBatch) -> u64 {
    Batch::decode(&batch.bytes).unwrap().count()
}

#[test]
fn loom_an_append_always_reaches_a_sleeping_journal() {
    loom::model(|| {
        let log = log();
        let appender = {
            let log = Arc::clone(&log);
            thread::spawn(move || add(&log, b"e").unwrap())
        };
        // A wake-up that is lost would leave this waiting for ever, which loom reports.
        let batch = log.next_batch(LONG).unwrap();
        assert_eq!((batch.first, batch.last), (Seq(1), Seq(1)));
        appender.join().unwrap();
    });
}

#[test]
fn loom_an_event_that_is_being_applied_holds_the_journal_back_and_wakes_it() {
    loom::model(|| {
        let log = log();
        let first = log.append(log.reserve(1, Admission::Ordinary).unwrap(), b"a").unwrap();
        let other = {
            let log = Arc::clone(&log);
            thread::spawn(move || add(&log, b"b").unwrap())
        };
        let applied = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let journal = {
            let (log, applied) = (Arc::clone(&log), Arc::clone(&applied));
            thread::spawn(move || {
                let batch = log.next_batch(LONG).unwrap();
                assert_eq!(batch.first, Seq(1));
                assert!(applied.load(loom::sync::atomic::Ordering::SeqCst), "given out before it was applied");
            })
        };
        applied.store(true, loom::sync::atomic::Ordering::SeqCst);
        first.applied();
        other.join().unwrap();
        journal.join().unwrap();
    });
}

#[test]
fn loom_two_appends_and_a_journal_make_one_history() {
    loom::model(|| {
        let log = log();
        let other = {
            let log = Arc::clone(&log);
            thread::spawn(move || add(&log, b"a").unwrap())
        };
        let journal = {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                let mut next = Seq(1);
                while next < Seq(3) {
                    let batch = log.next_batch(LONG).unwrap();
                    assert_eq!(batch.first, next);
                    next = batch.last.next();
                }
            })
        };
        let mine = add(&log, b"b").unwrap();
        let theirs = other.join().unwrap();
        journal.join().unwrap();
        assert_eq!(mine.0 + theirs.0, 3);
        log.wake();
        assert!(log.next_batch(LONG).is_none());
    });
}

#[test]
fn loom_the_gate_opens_for_a_reply_that_waits_and_never_before_its_batch() {
    loom::model(|| {
        let log = log();
        let waiter = {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                let seq = add(&log, b"e").unwrap();
                assert!(log.gate().wait(seq, Durability::Journaled, LONG));
                assert!(log.gate().watermark(Durability::Journaled) >= seq);
            })
        };
        let batch = log.next_batch(LONG).unwrap();
        assert_eq!(log.gate().watermark(Durability::Journaled), Seq(0));
        log.journaled(batch.last);
        waiter.join().unwrap();
        assert_eq!(log.backlog_bytes(), 0);
    });
}

#[test]
fn loom_nothing_is_appended_after_a_halt_and_what_came_before_is_whole() {
    loom::model(|| {
        let log = log();
        let appender = {
            let log = Arc::clone(&log);
            thread::spawn(move || u64::from(add(&log, b"a").is_ok()) + u64::from(add(&log, b"b").is_ok()))
        };
        log.halt("stop".into());
        let at_halt = log.last();
        assert_eq!(add(&log, b"c"), Err(Halted));
        let taken = appender.join().unwrap();
        assert_eq!(log.last(), at_halt);
        assert_eq!(taken, at_halt.0);
        let batched: u64 = std::iter::from_fn(|| log.next_batch(LONG)).map(|batch| count(&batch)).sum();
        assert_eq!(batched, taken);
    });
}

#[test]
fn loom_a_halt_stops_the_gate_and_frees_whoever_waits_there() {
    loom::model(|| {
        let log = log();
        let seq = add(&log, b"e").unwrap();
        let batch = log.next_batch(LONG).unwrap();
        let waiter = {
            let log = Arc::clone(&log);
            thread::spawn(move || log.gate().wait(seq, Durability::Journaled, LONG))
        };
        let journal = {
            let log = Arc::clone(&log);
            thread::spawn(move || log.journaled(batch.last))
        };
        log.halt("stop".into());
        let stopped_at = log.gate().watermark(Durability::Journaled);
        journal.join().unwrap();
        let opened = waiter.join().unwrap();
        assert_eq!(log.gate().watermark(Durability::Journaled), stopped_at);
        assert_eq!(opened, stopped_at >= seq);
    });
}

#[test]
fn loom_room_is_never_promised_twice_and_always_comes_back() {
    loom::model(|| {
        // Two such rooms fit, a third does not.
        const HUGE: usize = 30 * 1024 * 1024;
        let log = log();
        let first = log.reserve(HUGE, Admission::Ordinary).unwrap();
        let reserve = |log: &Arc<Log>| {
            let log = Arc::clone(log);
            thread::spawn(move || log.reserve(HUGE, Admission::Ordinary).map(std::mem::forget).is_ok())
        };
        let (one, two) = (reserve(&log), reserve(&log));
        let granted = u64::from(one.join().unwrap()) + u64::from(two.join().unwrap());
        assert_eq!(granted, 1);
        drop(first);
        assert!(log.reserve(HUGE, Admission::Ordinary).is_ok());
        assert_eq!(log.backlog_bytes(), HUGE + open::EVENT_OVERHEAD);
    });
}

#[test]
fn loom_an_interrupted_journal_comes_back() {
    loom::model(|| {
        let log = log();
        let other = {
            let log = Arc::clone(&log);
            thread::spawn(move || log.wake())
        };
        assert!(log.next_batch(LONG).is_none());
        other.join().unwrap();
    });
}
