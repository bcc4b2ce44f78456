//! Where replies wait until what they say is as durable as asked.

use std::fmt;
use std::time::Duration;

use crate::Durability;
use crate::ids::Seq;
use crate::sync::{AtomicU64, Condvar, Mutex, Ordering};

/// How far the history is durable, by level. Only moves forward; a halt stops it for good.
pub struct Gate {
    journaled: AtomicU64,
    replicated: AtomicU64,
    state: Mutex<State>,
    moved: Condvar,
    listeners: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    waiting: usize,
}

impl Gate {
    pub(super) fn new(journaled: Seq) -> Gate {
        Gate {
            journaled: AtomicU64::new(journaled.0),
            replicated: AtomicU64::new(0),
            state: Mutex::new(State::default()),
            moved: Condvar::new(),
            listeners: Mutex::new(Vec::new()),
        }
    }

    /// The last sequence that is this durable. Everything applied is in memory: that watermark is the highest number.
    pub fn watermark(&self, level: Durability) -> Seq {
        match level {
            Durability::Memory => Seq(u64::MAX),
            Durability::Journaled => Seq(self.journaled.load(Ordering::Acquire)),
            Durability::Replicated => Seq(self.replicated.load(Ordering::Acquire)),
        }
    }

    /// Waits until `seq` is as durable as asked; `false` when the time is over or the log is halted.
    pub fn wait(&self, seq: Seq, level: Durability, timeout: Duration) -> bool {
        if self.watermark(level) >= seq {
            return true;
        }
        let mut state = self.state.lock();
        state.waiting += 1;
        let mut state = self.moved.wait_while(state, timeout, |state| self.watermark(level) < seq && !state.closed);
        state.waiting -= 1;
        self.watermark(level) >= seq
    }

    /// Calls `f` after each advance and at a halt, on the thread that caused it: it should only wake somebody, and must
    /// not register another listener.
    pub fn on_advance(&self, f: Box<dyn Fn() + Send + Sync>) {
        self.listeners.lock().push(f);
    }

    pub(super) fn journaled(&self, last: Seq) {
        self.advance(&self.journaled, last);
    }

    pub(super) fn replicated(&self, last: Seq) {
        self.advance(&self.replicated, last);
    }

    /// No watermark moves after this.
    pub(super) fn close(&self) {
        self.change(|state| state.closed = true);
    }

    fn advance(&self, mark: &AtomicU64, last: Seq) {
        // Under the mutex, so that neither a waiter between its look and its sleep nor a halt can be overtaken.
        self.change(|state| {
            if !state.closed && mark.load(Ordering::Relaxed) < last.0 {
                mark.store(last.0, Ordering::Release);
            }
        });
    }

    fn change(&self, f: impl FnOnce(&mut State)) {
        let waiting = {
            let mut state = self.state.lock();
            f(&mut state);
            state.waiting
        };
        if waiting > 0 {
            self.moved.notify_all();
        }
        for listener in self.listeners.lock().iter() {
            listener();
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("journaled", &self.watermark(Durability::Journaled))
            .field("replicated", &self.watermark(Durability::Replicated))
            .finish_non_exhaustive()
    }
}
