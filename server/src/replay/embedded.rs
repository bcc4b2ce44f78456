//! The engine in this process, called directly.

use std::sync::Arc;
use std::time::Duration;

use stockade_core::command::{Query, Request};
use stockade_core::engine::{Engine, Released};
use stockade_core::event::Actor;
use stockade_core::ids::Code;
use stockade_core::log::Log;
use stockade_core::reject::Reject;
use stockade_core::reply::Durability;
use stockade_core::time::Time;

use super::home::Home;
use super::target::{Answer, Final, Target};
use crate::failure::Failure;
use crate::journal::{Driver, DriverConfig, HasLog};

/// How long a journal may take for what waits before the replay gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// An engine with its journal.
pub(super) struct Embedded {
    engine: Arc<Held>,
    driver: Driver<Held>,
    home: Home,
    actor: Actor,
}

/// The engine, as the journal's thread sees it.
struct Held(Engine);

impl HasLog for Held {
    fn log(&self) -> &Log {
        self.0.log()
    }
}

impl Embedded {
    /// An empty engine with an empty journal.
    pub(super) fn start(home: Home) -> Result<Embedded, Failure> {
        let engine = Arc::new(Held(Engine::new()));
        let journal = home.open()?;
        let driver = Driver::start(Arc::clone(&engine), journal, DriverConfig::default()).map_err(Failure::failed)?;
        let actor = Actor::Named(Code::new("replay").map_err(Failure::failed)?);
        Ok(Embedded { engine, driver, home, actor })
    }
}

impl Target for Embedded {
    fn execute(&self, request: &Request, now: Time) -> Result<Answer, Failure> {
        loop {
            let outcome = self.engine.0.execute(request, &self.actor, now);
            match outcome.result {
                // Refused before anything was touched.
                Err(Reject::Overloaded { retry_after }) => std::thread::sleep(Duration::from_micros(retry_after.0.0)),
                result => return Ok(Answer { result, seen: outcome.seen }),
            }
        }
    }

    fn query(&self, query: &Query, now: Time) -> Result<Answer, Failure> {
        let outcome = self.engine.0.query(query, now);
        Ok(Answer { result: outcome.result, seen: outcome.seen })
    }

    fn next_deadline(&self) -> Option<Time> {
        self.engine.0.next_deadline()
    }

    fn expire_due(&self, now: Time, max: usize) -> Vec<Released> {
        self.engine.0.expire_due(now, max)
    }

    fn settle(&self) -> Result<(), Failure> {
        let engine = &self.engine.0;
        if engine.log().gate().wait(engine.seq(), Durability::Journaled, PATIENCE) {
            return Ok(());
        }
        let status = self.driver.status();
        let why = engine.log().halted().or(status.last_error).unwrap_or_else(|| "it is too slow".to_owned());
        Err(Failure::failed(format!("the {} journal did not take the history: {why}", status.kind)))
    }

    fn finish(self: Box<Self>) -> Result<Final, Failure> {
        self.settle()?;
        let Embedded { engine, driver, home, .. } = *self;
        let faults = engine.0.check().err().unwrap_or_default();
        let end = Final { faults, digest: engine.0.digest(), seq: engine.0.seq() };
        let stopped = driver.stop(PATIENCE);
        if let Some(reason) = stopped.reason {
            return Err(Failure::failed(format!("the journal ended early: {reason}")));
        }
        home.remove()?;
        Ok(end)
    }
}
