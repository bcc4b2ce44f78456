//! Refunds: how many are open, and how many became due and were closed, by reason.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use stockade_core::engine::Engine;
use stockade_core::orders::RefundReason;

use super::gauges::{gauge, show, signed};

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// Read off the engine, whose history they count from its beginning.
pub(super) struct RefundMetrics {
    open: Gauge,
    due: Vec<Counter>,
    closed: Vec<Counter>,
}

impl RefundMetrics {
    pub(super) fn new(registry: &mut Registry) -> RefundMetrics {
        let open = gauge(registry, "refunds_open", "Refunds that are due and not closed");
        let mut by_reason = |name: &str, help: &str| {
            let family = Family::<ReasonLabel, Counter>::default();
            registry.register(name, help, family.clone());
            RefundReason::ALL.map(|reason| family.get_or_create_owned(&ReasonLabel { reason: reason.name() })).to_vec()
        };
        let due = by_reason("refunds_due", "Refunds that became due, since the history began, by reason");
        let closed = by_reason("refunds_closed", "Refunds that were closed, since the history began, by reason");
        RefundMetrics { open, due, closed }
    }

    pub(super) fn set(&self, engine: &Engine) {
        let counts = engine.refund_counts();
        let sum = |counts: &[u64]| counts.iter().sum::<u64>();
        self.open.set(signed(sum(&counts.due).saturating_sub(sum(&counts.closed))));
        self.due.iter().zip(counts.due).for_each(|(counter, count)| show(counter, count));
        self.closed.iter().zip(counts.closed).for_each(|(counter, count)| show(counter, count));
    }
}
