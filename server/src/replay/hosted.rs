//! The engine of a replay, with its journal.

use std::sync::Arc;
use std::time::Duration;

use stockade_core::Durability;
use stockade_core::engine::Engine;
use stockade_core::ids::Code;
use stockade_core::time::Time;

use super::home::Home;
use super::target::Final;
use crate::failure::Failure;
use crate::journal::{Driver, DriverConfig};

/// How long the journal may take for what waits, before the replay fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it leaves the log alone that has no room for a reaction.
const FULL: Duration = Duration::from_millis(1);

/// An engine and the thread that writes its history.
pub(super) struct Hosted {
    engine: Arc<Engine>,
    driver: Driver<Engine>,
    home: Home,
}

impl Hosted {
    /// An empty engine with an empty journal. An `exact` one searches for every plan to the end.
    pub(super) fn start(home: Home, exact: bool) -> Result<Hosted, Failure> {
        let engine = Arc::new(if exact { Engine::exact() } else { Engine::new() });
        let journal = home.open()?;
        let driver = Driver::start(Arc::clone(&engine), journal, DriverConfig::default()).map_err(Failure::failed)?;
        Ok(Hosted { engine, driver, home })
    }

    /// The engine.
    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Commits every reaction that is due, so that each replay of the same orders decides the same.
    pub(super) fn react(&self, now: Time) {
        while self.engine.has_reactions() && self.engine.log().halted().is_none() {
            if self.engine.react(now, usize::MAX).more {
                std::thread::sleep(FULL);
            }
        }
    }

    /// Waits until everything so far is as durable as the journal makes it.
    pub(super) fn settle(&self) -> Result<(), Failure> {
        if self.engine.log().gate().wait(self.engine.seq(), Durability::Journaled, PATIENCE) {
            return Ok(());
        }
        let status = self.driver.status();
        let why = self.engine.log().halted().or(status.last_error).unwrap_or_else(|| "it is too slow".to_owned());
        Err(Failure::failed(format!("the {} journal did not take the history: {why}", status.kind)))
    }

    /// Checks every structure, closes the journal, and removes it if it belongs to the replay.
    pub(super) fn finish(self) -> Result<Final, Failure> {
        self.settle()?;
        let Hosted { engine, driver, home } = self;
        let faults = engine.check().err().unwrap_or_default();
        let end = Final { faults, digest: engine.digest(), seq: engine.seq() };
        let stopped = driver.stop(PATIENCE);
        if let Some(reason) = stopped.reason {
            return Err(Failure::failed(format!("the journal ended early: {reason}")));
        }
        home.remove()?;
        Ok(end)
    }
}

/// The name under which a replay acts, on every engine.
pub(super) fn actor_name() -> Result<Code, Failure> {
    Code::new("replay").map_err(Failure::failed)
}
