//! Threads that append events, wait for them to be journaled, and remember which were.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use stockade_core::Durability;
use stockade_core::ids::Seq;
use stockade_core::log::{Admission, ChainHash, Journal, JournalError, Log, SealedBatch};
use stockade_server::journal::{Apart, Recovered, replay_events};

/// How long anything may take that should take a moment, on the most loaded of machines.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub type Acknowledged = BTreeMap<u64, Vec<u8>>;

/// A log at the beginning of a history.
pub fn new_log() -> Arc<Log> {
    Arc::new(Log::new(Seq(0), ChainHash::GENESIS))
}

/// One sealed batch of one event.
pub fn batch(log: &Log, event: &[u8]) -> SealedBatch {
    log.append(log.reserve(event.len(), Admission::Ordinary).unwrap(), event).unwrap().applied();
    log.next_batch(Duration::ZERO).unwrap()
}

/// A batch as an earlier build wrote it: its checksum does not cover the format.
pub fn of_format_2(batch: SealedBatch) -> SealedBatch {
    let mut bytes = batch.bytes.to_vec();
    bytes[4..6].copy_from_slice(&2u16.to_le_bytes());
    SealedBatch { bytes: bytes.into(), ..batch }
}

/// Every event of a journal.
pub fn events(journal: &mut dyn Journal) -> Acknowledged {
    replayed(journal, None).unwrap().1
}

/// Every event of a journal and an emergency file.
pub fn replayed(
    journal: &mut dyn Journal,
    emergency: Option<&Path>,
) -> Result<(Recovered, Acknowledged), JournalError> {
    let mut events = BTreeMap::new();
    let recovered = replay_events(journal, Apart { emergency, marked: None }, &mut |seq, event| {
        events.insert(seq.0, event.to_vec());
        Ok(())
    })?;
    assert_eq!(recovered.events, events.len() as u64);
    Ok((recovered, events))
}

/// Every acknowledged event is there, unchanged.
pub fn assert_holds(events: &Acknowledged, acknowledged: &Acknowledged) {
    for (seq, event) in acknowledged {
        assert_eq!(events.get(seq), Some(event), "event {seq} was acknowledged");
    }
}

/// Threads under way.
pub struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Acknowledged>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts three threads.
    pub fn start(log: &Arc<Log>) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
        let threads = (0..3u64)
            .map(|thread| {
                let (log, stop) = (Arc::clone(log), Arc::clone(&stop));
                let acknowledged = Arc::clone(&acknowledged);
                std::thread::spawn(move || {
                    for n in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let event = format!("thread {thread} event {n} {}", "x".repeat(n as usize * 7 % 300));
                        let Ok(room) = log.reserve(event.len(), Admission::Ordinary) else {
                            std::thread::sleep(Duration::from_millis(1));
                            continue;
                        };
                        let Ok(seq) = log.append(room, event.as_bytes()).map(|event| event.applied()) else { return };
                        if n % 8 == 0 {
                            while !log.gate().wait(seq, Durability::Journaled, Duration::from_millis(20)) {
                                if stop.load(Ordering::Relaxed) || log.halted().is_some() {
                                    return;
                                }
                            }
                            acknowledged.lock().unwrap().insert(seq.0, event.into_bytes());
                        }
                    }
                })
            })
            .collect();
        Load { stop, acknowledged, threads }
    }

    /// How many events were acknowledged so far.
    pub fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Waits for so many more acknowledgements.
    pub fn wait_for(&self, more: usize) {
        let goal = self.count() + more;
        eventually("acknowledgements", || self.count() >= goal);
    }

    /// Ends the threads and tells what was acknowledged.
    pub fn stop(self) -> Acknowledged {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        Arc::try_unwrap(self.acknowledged).unwrap().into_inner().unwrap()
    }
}

/// Waits until something holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
