//! The engine in this process, called directly.

use std::time::Duration;

use stockade_core::Actor;
use stockade_core::command::Request;
use stockade_core::engine::Released;
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::time::Time;

use super::home::Home;
use super::hosted::{Hosted, actor_name};
use super::target::{Answer, Final, Target};
use crate::failure::Failure;

/// An engine that is called directly.
pub(super) struct Embedded {
    hosted: Hosted,
    actor: Actor,
}

impl Embedded {
    /// An empty engine; an `exact` one searches for every plan to the end.
    pub(super) fn start(home: Home, exact: bool) -> Result<Embedded, Failure> {
        Ok(Embedded { hosted: Hosted::start(home, exact)?, actor: Actor::Named(actor_name()?) })
    }
}

impl Target for Embedded {
    fn execute(&self, request: &Request, now: Time) -> Result<Answer, Failure> {
        loop {
            let outcome = self.hosted.engine().execute(request, &self.actor, now);
            if let Err(Reject::Overloaded { retry_after }) = outcome.result {
                // Refused before anything was touched.
                std::thread::sleep(Duration::from_micros(retry_after.0.0));
                continue;
            }
            self.hosted.react(now);
            return Ok(Answer { result: outcome.result, seen: outcome.seen });
        }
    }

    fn query(&self, query: &Query, now: Time) -> Result<Answer, Failure> {
        let outcome = self.hosted.engine().query(query, now);
        Ok(Answer { result: outcome.result, seen: outcome.seen })
    }

    fn next_deadline(&self) -> Option<Time> {
        self.hosted.engine().next_deadline()
    }

    fn expire_due(&self, now: Time, max: usize) -> Vec<Released> {
        let released = self.hosted.engine().expire_due(now, max);
        self.hosted.react(now);
        released
    }

    fn learn(&self, now: Time) {
        self.hosted.engine().learn_prices(now);
    }

    fn settle(&self) -> Result<(), Failure> {
        self.hosted.settle()
    }

    fn finish(self: Box<Self>) -> Result<Final, Failure> {
        self.hosted.finish()
    }
}
