//! What a replay needs from an engine, wherever that runs.

use stockade_core::command::Request;
use stockade_core::engine::Released;
use stockade_core::ids::Seq;
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::Time;

use crate::failure::Failure;

/// An engine that is called with the times of the replay.
pub trait Target: Sync {
    /// Decides a command at this time. Waits while the engine is overloaded.
    fn execute(&self, request: &Request, now: Time) -> Result<Answer, Failure>;

    /// Answers a query at this time.
    fn query(&self, query: &Query, now: Time) -> Result<Answer, Failure>;

    /// The earliest deadline of a hold; may be early, never late.
    fn next_deadline(&self) -> Option<Time>;

    /// Expires up to `max` orders that are due, by deadline.
    fn expire_due(&self, now: Time, max: usize) -> Vec<Released>;

    /// Trains the prices of stock again, when the rules ask for it by now.
    fn learn(&self, now: Time);

    /// Waits until everything decided so far is as durable as the journal makes it.
    fn settle(&self) -> Result<(), Failure>;

    /// Checks every structure and ends the engine.
    fn finish(self: Box<Self>) -> Result<Final, Failure>;
}

/// The answer of an engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The reply or the refusal.
    pub result: Result<Reply, Reject>,
    /// The latest event it depends on.
    pub seen: Seq,
}

/// The state of an engine at its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Final {
    /// Broken invariants; none when all is well.
    pub faults: Vec<String>,
    /// The digest of its whole state.
    pub digest: u128,
    /// The last event.
    pub seq: Seq,
}
