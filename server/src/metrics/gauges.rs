//! Gauges and counters of whole numbers that are read off others.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// A registered gauge.
pub(super) fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let gauge = Gauge::<i64, AtomicI64>::default();
    registry.register(name, help, gauge.clone());
    gauge
}

/// A registered counter of what happened since the start; its name is shown with `_total` at the end.
pub(super) fn counter(registry: &mut Registry, name: &str, help: &str) -> Counter {
    let counter = Counter::<u64, AtomicU64>::default();
    registry.register(name, help, counter.clone());
    counter
}

/// Sets a counter to a count that is kept elsewhere and never falls.
pub(super) fn show(counter: &Counter, count: u64) {
    counter.inner().store(count, Ordering::Relaxed);
}

/// A count as gauges hold it.
pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
