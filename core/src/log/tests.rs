use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::*;
use crate::Durability;
use crate::limits::BATCH_BYTES_SOFT;

const NOW: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(20);

fn log() -> Log {
    Log::new(Seq(0), ChainHash::GENESIS)
}

fn add(log: &Log, event: &[u8]) -> Seq {
    log.append(log.reserve(event.len(), Admission::Ordinary).unwrap(), event).unwrap().applied()
}

fn events(batch: &SealedBatch) -> Vec<(u64, Vec<u8>)> {
    let read = Batch::decode(&batch.bytes).unwrap();
    assert_eq!((read.first, read.last, read.chain), (batch.first, batch.last, batch.chain));
    read.events().map(|(seq, event)| (seq.0, event.to_vec())).collect()
}

#[test]
fn what_arrives_while_the_journal_is_busy_is_the_next_batch() {
    let log = log();
    assert!(log.next_batch(NOW).is_none());
    assert_eq!(add(&log, b"a"), Seq(1));
    let one = log.next_batch(NOW).unwrap();
    assert_eq!((add(&log, b"b"), add(&log, b"c"), log.last()), (Seq(2), Seq(3), Seq(3)));
    let two = log.next_batch(NOW).unwrap();
    assert_eq!(events(&one), [(1, b"a".to_vec())]);
    assert_eq!(events(&two), [(2, b"b".to_vec()), (3, b"c".to_vec())]);
    assert_eq!(Batch::decode(&one.bytes).unwrap().previous, ChainHash::GENESIS);
    assert_eq!(Batch::decode(&two.bytes).unwrap().previous, one.chain);
    assert!(!log.is_drained());
    log.journaled(Seq(3));
    assert!(log.is_drained());
}

/// Gives an event its sequence and leaves it to be applied.
fn begin<'l>(log: &'l Log, event: &[u8]) -> Appended<'l> {
    log.append(log.reserve(event.len(), Admission::Ordinary).unwrap(), event).unwrap()
}

#[test]
fn the_journal_gets_nothing_from_the_first_event_on_that_is_still_being_applied() {
    let log = log();
    add(&log, b"a");
    let slow = begin(&log, b"b");
    add(&log, b"c");
    let slower = begin(&log, b"d");
    add(&log, b"e");
    assert_eq!(events(&log.next_batch(NOW).unwrap()), [(1, b"a".to_vec())]);
    assert!(log.next_batch(NOW).is_none());
    assert_eq!(slow.applied(), Seq(2));
    assert_eq!(events(&log.next_batch(NOW).unwrap()), [(2, b"b".to_vec()), (3, b"c".to_vec())]);
    add(&log, b"f");
    assert!(log.next_batch(NOW).is_none());
    assert_eq!(slower.applied(), Seq(4));
    let rest = log.next_batch(NOW).unwrap();
    assert_eq!(events(&rest), [(4, b"d".to_vec()), (5, b"e".to_vec()), (6, b"f".to_vec())]);
    log.journaled(Seq(6));
    assert!(log.is_drained() && log.backlog_bytes() == 0);
}

/// A large event that was laid out before is one batch, whatever is before it, after it, or not yet applied.
#[test]
fn an_event_laid_out_ahead_is_a_batch_of_its_own() {
    let log = log();
    let large = vec![9; 3 * BATCH_BYTES_SOFT];
    let lay_out = || (log.reserve(large.len(), Admission::Ordinary).unwrap(), Log::lay_out(&large));
    let (room, laid_out) = lay_out();
    assert_eq!(log.append_laid_out(room, laid_out).unwrap().applied(), Seq(1));
    add(&log, b"b");
    let slow = begin(&log, b"c");
    let (room, laid_out) = lay_out();
    let slower = log.append_laid_out(room, laid_out).unwrap();
    add(&log, b"e");
    let next = || log.next_batch(NOW).map(|batch| (events(&batch), batch));
    let (first, one) = next().unwrap();
    assert_eq!(first, [(1, large.clone())]);
    let (second, two) = next().unwrap();
    assert_eq!(second, [(2, b"b".to_vec())]);
    assert_eq!(Batch::decode(&two.bytes).unwrap().previous, one.chain);
    assert!(next().is_none());
    assert_eq!(slow.applied(), Seq(3));
    assert_eq!(next().unwrap().0, [(3, b"c".to_vec())]);
    assert!(next().is_none());
    assert_eq!(slower.applied(), Seq(4));
    assert_eq!(next().unwrap().0, [(4, large.clone())]);
    assert_eq!(next().unwrap().0, [(5, b"e".to_vec())]);
    log.journaled(Seq(5));
    assert!(log.is_drained());
    let (room, laid_out) = lay_out();
    log.halt("stopped".to_owned());
    assert!(log.append_laid_out(room, laid_out).is_err());
}

#[test]
fn an_event_that_is_not_applied_halts_the_log_and_is_in_no_batch() {
    let log = log();
    add(&log, b"before");
    let broken = begin(&log, b"broken");
    add(&log, b"after");
    drop(broken);
    assert!(log.halted().is_some_and(|reason| reason.contains("event 2 was not applied")));
    assert_eq!(events(&log.next_batch(NOW).unwrap()), [(1, b"before".to_vec())]);
    assert!(log.next_batch(LONG).is_none(), "and nobody waits for it");
}

#[test]
fn batches_are_cut_where_applying_has_come_to_whatever_the_order() {
    for seed in 0..200u64 {
        let (log, mut state) = (log(), seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut draw = |n: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % n
        };
        let (mut open, mut begun, mut taken) = (Vec::new(), 0u64, Vec::new());
        for _ in 0..60 {
            match draw(3) {
                0 => {
                    begun += 1;
                    let size = if draw(9) == 0 { BATCH_BYTES_SOFT / 2 } else { 3 };
                    open.push(begin(&log, &vec![begun as u8; size]));
                }
                1 if !open.is_empty() => {
                    let at = draw(open.len() as u64) as usize;
                    open.swap_remove(at).applied();
                }
                _ => taken.extend(log.next_batch(NOW).iter().flat_map(events)),
            }
            let first = open.iter().map(Appended::seq).min().unwrap_or(Seq(begun + 1));
            assert!(taken.last().is_none_or(|(seq, _)| *seq < first.0), "seed {seed}");
        }
        open.drain(..).for_each(|event| {
            event.applied();
        });
        while let Some(batch) = log.next_batch(NOW) {
            taken.extend(events(&batch));
        }
        let numbers: Vec<u64> = taken.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(numbers, (1..=begun).collect::<Vec<_>>(), "seed {seed}");
        assert!(taken.iter().all(|(seq, event)| event.iter().all(|byte| *byte == *seq as u8)), "seed {seed}");
    }
}

#[test]
fn a_full_batch_is_cut_and_the_sequence_goes_on() {
    let log = log();
    let event = vec![7; BATCH_BYTES_SOFT / 4];
    for n in 1..=10 {
        assert_eq!(add(&log, &event), Seq(n));
    }
    let mut next = 1;
    while let Some(batch) = log.next_batch(NOW) {
        assert!(batch.bytes.len() <= BATCH_BYTES_SOFT);
        assert_eq!(batch.first, Seq(next));
        next = batch.last.0 + 1;
    }
    assert_eq!(next, 11);
    let huge = vec![1; 3 * BATCH_BYTES_SOFT];
    add(&log, &huge);
    add(&log, b"small");
    assert_eq!(events(&log.next_batch(NOW).unwrap()), [(11, huge)]);
    assert_eq!(events(&log.next_batch(NOW).unwrap()), [(12, b"small".to_vec())]);
}

#[test]
fn admission_closes_when_the_journal_is_behind_and_opens_when_it_catches_up() {
    let log = log();
    let event = vec![0; 1 << 20];
    let mut taken = 0;
    let refusal = loop {
        match log.reserve(event.len(), Admission::Ordinary) {
            Ok(room) => taken = log.append(room, &event).unwrap().applied().0,
            Err(refusal) => break refusal,
        }
    };
    assert!(refusal.is_transient() && matches!(refusal, Reject::Overloaded { .. }));
    assert!((60..64).contains(&taken), "{taken}");
    let reserved = log.reserve(event.len(), Admission::Reserved).unwrap();
    log.append(reserved, &event).unwrap().applied();
    while let Some(batch) = log.next_batch(NOW) {
        assert!(log.reserve(event.len(), Admission::Ordinary).is_err() || batch.first > Seq(1));
        log.journaled(batch.last);
    }
    assert_eq!(log.backlog_bytes(), 0);
    add(&log, &event);
}

#[test]
fn room_that_is_not_used_comes_back() {
    let log = log();
    drop(log.reserve(1_000, Admission::Ordinary).unwrap());
    assert_eq!(log.backlog_bytes(), 0);
    log.append(log.reserve(1_000, Admission::Ordinary).unwrap(), b"short").unwrap().applied();
    assert_eq!(log.backlog_bytes(), 9);
    log.append(log.reserve(2, Admission::Ordinary).unwrap(), b"longer than said").unwrap().applied();
    assert_eq!(log.backlog_bytes(), 29);
    let batch = log.next_batch(NOW).unwrap();
    assert_eq!(log.backlog_bytes(), 29);
    log.journaled(batch.last);
    assert_eq!(log.backlog_bytes(), 0);
}

#[test]
fn an_event_no_batch_can_hold_is_refused_in_time_or_halts() {
    let log = log();
    assert!(matches!(log.reserve(EVENT_BYTES_MAX + 1, Admission::Reserved), Err(Reject::Invalid { .. })));
    let room = log.reserve(1, Admission::Ordinary).unwrap();
    assert!(log.append(room, &vec![0; EVENT_BYTES_MAX + 1]).is_err());
    assert!(log.halted().is_some());
    let log = self::log();
    add(&log, &vec![0; EVENT_BYTES_MAX]);
    assert_eq!(events(&log.next_batch(NOW).unwrap()).len(), 1);
}

#[test]
fn a_halt_stops_appends_and_the_gate_and_keeps_the_first_reason() {
    let log = log();
    add(&log, b"before");
    let room = log.reserve(1, Admission::Ordinary).unwrap();
    log.halt("first".into());
    log.halt("second".into());
    assert!(log.append(room, b"x").is_err());
    assert_eq!(log.halted().as_deref(), Some("first"));
    assert!(matches!(log.reserve(1, Admission::Reserved), Err(Reject::Halted { .. })));
    let batch = log.next_batch(LONG).unwrap();
    assert_eq!(events(&batch), [(1, b"before".to_vec())]);
    log.journaled(batch.last);
    assert_eq!(log.gate().watermark(Durability::Journaled), Seq(0));
    assert!(!log.gate().wait(Seq(1), Durability::Journaled, LONG));
    assert!(log.next_batch(LONG).is_none());
}

#[test]
fn the_gate_opens_by_level_and_never_runs_back() {
    let log = log();
    for _ in 0..5 {
        add(&log, b"e");
    }
    let gate = log.gate();
    assert_eq!(gate.watermark(Durability::Memory), Seq(u64::MAX));
    assert!(!gate.wait(Seq(1), Durability::Journaled, Duration::from_millis(1)));
    log.journaled(Seq(5));
    log.journaled(Seq(3));
    assert_eq!(gate.watermark(Durability::Journaled), Seq(5));
    assert!(gate.wait(Seq(5), Durability::Journaled, NOW));
    assert!(!gate.wait(Seq(1), Durability::Replicated, NOW));
    log.replicated(Seq(2));
    assert_eq!(gate.watermark(Durability::Replicated), Seq(2));
}

#[test]
fn resuming_continues_numbers_and_chain_and_refuses_to_overlap() {
    let log = log();
    log.resume(Seq(41), ChainHash([9; 32]));
    assert_eq!(log.gate().watermark(Durability::Journaled), Seq(41));
    assert_eq!(add(&log, b"e"), Seq(42));
    let batch = log.next_batch(NOW).unwrap();
    assert_eq!(Batch::decode(&batch.bytes).unwrap().previous, ChainHash([9; 32]));
    log.resume(Seq(7), ChainHash::GENESIS);
    assert!(log.halted().is_some());
}

#[test]
fn a_wake_makes_the_journal_thread_come_back_empty_handed() {
    let log = log();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| log.next_batch(LONG));
        log.wake();
        assert!(waiting.join().unwrap().is_none());
    });
}

#[test]
fn many_threads_make_one_history_without_gaps() {
    const THREADS: u64 = 4;
    const EACH: u64 = 5_000;
    let log = log();
    let advances = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&advances);
    log.gate().on_advance(Box::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    }));
    let mut journal = MemoryJournal::keeping();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let log = &log;
            scope.spawn(move || {
                for n in 0..EACH {
                    let seq = add(log, &(thread * EACH + n).to_le_bytes());
                    if n % 64 == 0 {
                        assert!(log.gate().wait(seq, Durability::Journaled, LONG), "{seq} was never journaled");
                    }
                }
            });
        }
        while journal.batches().iter().map(|b| Batch::decode(b).unwrap().count()).sum::<u64>() < THREADS * EACH {
            let batch = log.next_batch(LONG).expect("events are still to come");
            journal.append(&batch).unwrap();
            log.journaled(batch.last);
        }
    });
    let (mut next, mut chain) = (Seq(1), ChainHash::GENESIS);
    let mut last_of_thread = [None; THREADS as usize];
    journal
        .replay(&mut |bytes| {
            let batch = Batch::decode(bytes).unwrap();
            assert_eq!((batch.first, batch.previous), (next, chain));
            for (_, event) in batch.events() {
                let n = u64::from_le_bytes(event.try_into().unwrap());
                let last = &mut last_of_thread[(n / EACH) as usize];
                assert!(*last < Some(n));
                *last = Some(n);
            }
            (next, chain) = (batch.last.next(), batch.chain);
            Ok(())
        })
        .unwrap();
    assert_eq!(next, Seq(THREADS * EACH + 1));
    assert_eq!(advances.load(Ordering::Relaxed), journal.batches().len());
}
