//! What a replay needs of an engine, wherever it runs.

use stockade_core::command::{Query, Request};
use stockade_core::engine::Released;
use stockade_core::ids::Seq;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::Time;

use crate::failure::Failure;

/// An engine that is asked at times of the replay's choosing.
pub trait Target: Sync {
    /// Decides a command at a time. Waits while the engine takes no more for the moment.
    fn execute(&self, request: &Request, now: Time) -> Result<Answer, Failure>;

    /// Answers a question at a time.
    fn query(&self, query: &Query, now: Time) -> Result<Answer, Failure>;

    /// The earliest deadline of a hold; may be early, never late.
    fn next_deadline(&self) -> Option<Time>;

    /// Expires up to `max` orders that are due, by deadline.
    fn expire_due(&self, now: Time, max: usize) -> Vec<Released>;

    /// Learns the prices of stock anew, when the rules ask for it by now.
    fn learn(&self, now: Time);

    /// Waits until everything decided so far is as durable as the journal makes it.
    fn settle(&self) -> Result<(), Failure>;

    /// Checks every structure and ends the engine.
    fn finish(self: Box<Self>) -> Result<Final, Failure>;
}

/// What the engine said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The answer.
    pub result: Result<Reply, Reject>,
    /// The latest event it depends on.
    pub seen: Seq,
}

/// What an engine leaves behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Final {
    /// Broken invariants; none when all is well.
    pub faults: Vec<String>,
    /// The digest of its whole state.
    pub digest: u128,
    /// The last event.
    pub seq: Seq,
}
