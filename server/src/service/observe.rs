//! Who is told of decisions.

use std::time::Duration;

use stockade_core::command::Command;
use stockade_core::engine::Outcome;
use stockade_core::query::Query;

/// Something that is told of every decision, on the thread that decided and before the reply waits for the journal. It
/// must not block.
pub trait Observe: Send + Sync + 'static {
    /// A command was decided; `took` is the time of the decision alone.
    fn command(&self, command: &Command, outcome: &Outcome, took: Duration);

    /// A query was answered; `took` is the time of the answer alone.
    fn query(&self, query: &Query, outcome: &Outcome, took: Duration);

    /// So many unpaid orders expired.
    fn expired(&self, orders: u64);
}
