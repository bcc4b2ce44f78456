//! Requests by kind and outcome, refusals by code, orders by what happened to them.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};
use stockade_core::command::Command;
use stockade_core::engine::Outcome;
use stockade_core::orders::{Change, OrderState};
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;

use super::timing::{Shown, Timing};

/// How a request ends.
const OUTCOMES: [&str; 2] = ["done", "refused"];
/// What happens to orders, in the order of [`event_of`].
const EVENTS: [&str; 6] = ["placed", "paid", "paid_late", "refund_due", "cancelled", "expired"];
const EXPIRED: usize = 5;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RequestLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct EventLabel {
    event: &'static str,
}

type ByOutcome = [Counter; OUTCOMES.len()];

/// The counters of decided requests. Those of the hot path are plain atomics, found by index.
pub(super) struct Requests {
    commands: Vec<ByOutcome>,
    queries: Vec<ByOutcome>,
    refusals: Family<CodeLabel, Counter>,
    orders: Vec<Counter>,
    decide: Arc<Timing>,
}

impl Requests {
    pub(super) fn new(registry: &mut Registry) -> Requests {
        let family = Family::<RequestLabels, Counter>::default();
        let by_outcome =
            |kind: &'static str| OUTCOMES.map(|outcome| family.get_or_create_owned(&RequestLabels { kind, outcome }));
        let commands = Command::KINDS.iter().map(|kind| by_outcome(kind.name)).collect();
        let queries = Query::KINDS.iter().map(|kind| by_outcome(kind.name)).collect();
        registry.register("requests", "Requests by kind and outcome", family.clone());
        let refusals = Family::default();
        registry.register("refusals", "Refusals by code", refusals.clone());
        let events = Family::<EventLabel, Counter>::default();
        let orders = EVENTS.map(|event| events.get_or_create_owned(&EventLabel { event })).to_vec();
        registry.register("orders", "Orders by what happened to them", events.clone());
        let decide = Arc::new(Timing::default());
        let help = "Time to decide a request, without waiting for the journal";
        registry.register_with_unit("decide", help, Unit::Seconds, Shown(Arc::clone(&decide)));
        Requests { commands, queries, refusals, orders, decide }
    }

    pub(super) fn command(&self, command: &Command, outcome: &Outcome, took: Duration) {
        self.decided(&self.commands[command.index()], outcome, took);
        if let Some(event) = event_of(&outcome.result) {
            self.orders[event].inc();
        }
    }

    pub(super) fn query(&self, query: &Query, outcome: &Outcome, took: Duration) {
        self.decided(&self.queries[query.index()], outcome, took);
    }

    pub(super) fn expired(&self, orders: u64) {
        self.orders[EXPIRED].inc_by(orders);
    }

    fn decided(&self, counters: &ByOutcome, outcome: &Outcome, took: Duration) {
        counters[usize::from(outcome.result.is_err())].inc();
        self.decide.observe(took);
        if let Err(reject) = &outcome.result {
            self.refusals.get_or_create(&CodeLabel { code: reject.code() }).inc();
        }
    }
}

/// What an answer says happened to an order: its place in [`EVENTS`]. An answer that is given again counts once.
fn event_of(result: &Result<Reply, Reject>) -> Option<usize> {
    if let Ok(Reply::Placed(placed)) = result {
        return (!placed.replayed).then_some(0);
    }
    let Ok(Reply::Changed(changed)) = result else { return None };
    if changed.replayed {
        return None;
    }
    match changed.change {
        Change::Paid => Some(1),
        Change::PaidLate { .. } => Some(2),
        Change::RefundDue { .. } => Some(3),
        Change::Cancelled { .. } => (changed.present == OrderState::Cancelled).then_some(4),
        Change::Extended { .. }
        | Change::Stepped { .. }
        | Change::Shorted { .. }
        | Change::Returned { .. }
        | Change::Inspected { .. }
        | Change::Rerouted { .. }
        | Change::Raised { .. }
        | Change::Split { .. } => None,
    }
}
