//! Engine time that goes far forward: after an outage, and when somebody confirms a leap of the wall clock.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use stockade_core::engine::Engine;
use stockade_core::time::{Span, Time};

use crate::clock::Clock;

/// How long it leaves the log alone that has no room for an extension.
const FULL: Duration = Duration::from_millis(1);

/// Lets engine time follow a wall clock that waits for it, and gives time to the holds that would end by that.
#[derive(Debug)]
pub struct Follow {
    engine: Arc<Engine>,
    clock: Arc<Clock>,
    grace: Option<Span>,
    /// One at a time.
    following: Mutex<()>,
}

/// What following the wall clock did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Followed {
    /// How far engine time went forward; zero when no wall clock waited for it.
    pub forward: Span,
    /// Unpaid holds that were given time.
    pub extended: usize,
}

impl Follow {
    /// Holds that would have ended in between get `grace` from the time that is followed; without one they end at once.
    pub fn new(engine: Arc<Engine>, clock: Arc<Clock>, grace: Option<Span>) -> Follow {
        Follow { engine, clock, grace, following: Mutex::new(()) }
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Follows the wall clock, if it waits for that. Waits for room in the log.
    ///
    /// The holds get their time before engine time goes forward, in commits of the time that ends: if the process ends in
    /// between, the next start does the rest.
    pub fn follow(&self) -> Followed {
        let _one = self.following.lock();
        if self.clock.standing().waiting.is_none() {
            return Followed::default();
        }
        let mut extended = 0;
        if let Some(grace) = self.grace {
            let until = self.clock.standing().wall + grace;
            // The second time for orders placed during the first.
            for _ in 0..2 {
                extended += self.extend(self.clock.now(), until);
            }
        }
        Followed { forward: self.clock.confirm(), extended }
    }

    fn extend(&self, now: Time, until: Time) -> usize {
        let mut extended = 0;
        loop {
            let pass = self.engine.extend_due(now, until);
            extended += pass.holds;
            if !pass.more || self.engine.log().halted().is_some() {
                return extended;
            }
            std::thread::sleep(FULL);
        }
    }
}
