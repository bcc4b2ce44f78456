//! What the service needs from the engine.

use stockade_core::Actor;
use stockade_core::command::Request;
use stockade_core::engine::{Engine, Outcome};
use stockade_core::log::Gate;
use stockade_core::query::Query;
use stockade_core::time::Time;

/// Something that decides: the engine, or a stand-in of a test. No method waits.
pub trait Decide: Send + Sync + 'static {
    /// Decides a command.
    fn execute(&self, request: &Request, actor: &Actor, now: Time) -> Outcome;

    /// Answers a query.
    fn query(&self, query: &Query, now: Time) -> Outcome;

    /// The earliest deadline of a hold; may be early, never late.
    fn next_deadline(&self) -> Option<Time>;

    /// Expires up to `max` orders whose deadline has come; returns how many.
    fn expire_due(&self, now: Time, max: usize) -> usize;

    /// The durability gate.
    fn gate(&self) -> &Gate;

    /// The engine that decides in the end, to look at what a request names.
    fn engine(&self) -> &Engine;
}

impl Decide for Engine {
    fn execute(&self, request: &Request, actor: &Actor, now: Time) -> Outcome {
        Engine::execute(self, request, actor, now)
    }

    fn query(&self, query: &Query, now: Time) -> Outcome {
        Engine::query(self, query, now)
    }

    fn next_deadline(&self) -> Option<Time> {
        Engine::next_deadline(self)
    }

    fn expire_due(&self, now: Time, max: usize) -> usize {
        Engine::expire_due(self, now, max).len()
    }

    fn gate(&self) -> &Gate {
        self.log().gate()
    }

    fn engine(&self) -> &Engine {
        self
    }
}
