//! A share of the decisions, solved again next to the traffic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam::queue::ArrayQueue;
use stockade_core::Durability;
use stockade_core::engine::Engine;
use stockade_core::ids::Seq;
use stockade_core::log::History;
use stockade_core::reply::{Placed, RoutingReport};
use stockade_core::routing::WORK_DEFAULT;

use super::tally::Tally;
use crate::panics::words;

/// Decisions that may wait; more are dropped.
const QUEUE: usize = 1_024;
/// How often the thread looks at an empty queue, and how long it waits for the journal.
const TICK: Duration = Duration::from_millis(50);
const JOURNAL_WAIT: Duration = Duration::from_secs(10);
/// Budget of a measurement in multiples of the usual one: about a second.
const PATIENCE: u64 = 500;
/// Rest after a measurement, in multiples of its duration.
const REST: u32 = 9;
/// A whole, in millionths.
const WHOLE_PPM: u64 = 1_000_000;

/// The side that offers decisions. Costs a counter and, for a share of them, a place in a queue.
#[derive(Debug)]
pub struct Sampling {
    ppm: u64,
    due: AtomicU64,
    queue: ArrayQueue<Seq>,
    tally: Arc<Tally>,
}

/// The thread that measures. Ends when it is dropped.
#[derive(Debug)]
pub struct Sampler {
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sampling {
    /// Takes `ppm` in a million decisions.
    pub fn new(ppm: u64, tally: Arc<Tally>) -> Sampling {
        let ppm = ppm.min(WHOLE_PPM);
        tally.samples(ppm);
        Sampling { ppm, due: AtomicU64::new(0), queue: ArrayQueue::new(QUEUE), tally }
    }

    /// Counts a placed order and offers its decision. An answer given again is neither.
    pub fn placed(&self, placed: &Placed) {
        if !placed.replayed {
            self.tally.placed(&placed.plan);
            self.offer(placed.seq);
        }
    }

    /// The report on routing since the start.
    pub fn report(&self) -> RoutingReport {
        self.tally.report()
    }

    /// Offers a decision; a fixed share is taken.
    pub fn offer(&self, placed: Seq) {
        if self.ppm == 0 {
            return;
        }
        let before = self.due.fetch_add(self.ppm, Ordering::Relaxed);
        if before / WHOLE_PPM == (before + self.ppm) / WHOLE_PPM {
            return;
        }
        match self.queue.push(placed) {
            Ok(()) => self.tally.queued(),
            Err(_) => self.tally.dropped(),
        }
    }
}

impl Sampler {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(engine: Arc<Engine>, history: Arc<dyn History>, sampling: Arc<Sampling>) -> std::io::Result<Sampler> {
        let ending = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ending);
        let thread = thread::Builder::new().name("quality".to_owned()).spawn(move || {
            while !end.load(Ordering::Acquire) {
                let Some(placed) = sampling.queue.pop() else {
                    thread::park_timeout(TICK);
                    continue;
                };
                let begun = Instant::now();
                let measured = catch_unwind(AssertUnwindSafe(|| measure(&engine, &*history, placed, &sampling.tally)));
                if let Err(panic) = measured {
                    // The decision is in force; only its measurement is missing.
                    tracing::error!(event = placed.0, reason = words(&*panic), "measuring a decision ended by a panic");
                    sampling.tally.dropped();
                    sampling.tally.taken();
                }
                thread::park_timeout(begun.elapsed().min(JOURNAL_WAIT) * REST);
            }
        })?;
        Ok(Sampler { ending, thread: Some(thread) })
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Nothing depends on what it measured.
            let _ = thread.join();
        }
    }
}

fn measure(engine: &Engine, history: &dyn History, placed: Seq, tally: &Tally) {
    let journaled = engine.log().gate().wait(placed, Durability::Journaled, JOURNAL_WAIT);
    match journaled.then(|| engine.gap(placed, history, PATIENCE * WORK_DEFAULT)) {
        Some(Ok(gap)) => tally.measured(&gap),
        Some(Err(reject)) => {
            tracing::debug!(event = placed.0, %reject, "a decision could not be measured");
            tally.dropped();
        }
        None => tally.dropped(),
    }
    tally.taken();
}
