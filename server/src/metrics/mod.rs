//! What is counted, for Prometheus.
//!
//! Metrics only observe: the service tells them what was decided ([`Observe`]); everything that can be read off the
//! service, the journal and the durability gate is read when somebody asks ([`Snapshot`]).

mod gauges;
mod journal;
mod memory;
mod refunds;
mod requests;
mod routing;
mod snapshot;
mod timing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use stockade_core::command::Command;
use stockade_core::engine::Outcome;
use stockade_core::query::Query;
use stockade_core::time::Span;

use crate::quality::Tally;
use crate::service::Observe;
use gauges::{counter, gauge, show, signed};
use journal::JournalMetrics;
use memory::MemoryMetrics;
use refunds::RefundMetrics;
use requests::Requests;
use routing::RoutingMetrics;
pub use snapshot::Snapshot;
use timing::{Shown, Timing};

/// Everything counted since the start.
pub struct Metrics {
    registry: Registry,
    requests: Requests,
    http: Arc<Timing>,
    connections: Gauge,
    locked_work: Gauge,
    clock: Gauge,
    refused: Counter,
    unknown: Counter,
    log_lines_dropped: Counter,
    journal: JournalMetrics,
    routing: RoutingMetrics,
    refunds: RefundMetrics,
    memory: MemoryMetrics,
}

impl Metrics {
    /// Nothing counted yet; the quality of routing is read from its tally.
    pub fn new(quality: Arc<Tally>) -> Metrics {
        let mut registry = Registry::with_prefix("stockade");
        let requests = Requests::new(&mut registry);
        let http = Arc::new(Timing::default());
        let help = "Time of JSON calls from their body to their answer, waiting for the journal included";
        registry.register_with_unit("http_call", help, Unit::Seconds, Shown(Arc::clone(&http)));
        let connections = gauge(&mut registry, "quic_connections", "QUIC connections");
        let help = "Most work done at once under locks since the start: planning, and applying one event, in units of about 2 ns";
        let locked_work = gauge(&mut registry, "locked_work_max", help);
        let help =
            "Wall clock less engine time, in whole seconds; more than 0 while the wall clock waits for confirmation";
        let clock = gauge(&mut registry, "clock_offset_seconds", help);
        let help =
            "Requests answered with a refusal since the start, those refused before they reached the engine included";
        let refused = counter(&mut registry, "refused_requests", help);
        let help = "Commands since the start whose durability did not come in time: their outcome is unknown";
        let unknown = counter(&mut registry, "unknown_outcomes", help);
        let help =
            "Lines of the log since the start that were not written: it was not read in time, or cannot be written";
        let log_lines_dropped = counter(&mut registry, "log_lines_dropped", help);
        let journal = JournalMetrics::new(&mut registry);
        let routing = RoutingMetrics::new(&mut registry, quality);
        let refunds = RefundMetrics::new(&mut registry);
        let memory = MemoryMetrics::new(&mut registry);
        Metrics {
            registry,
            requests,
            http,
            connections,
            locked_work,
            clock,
            refused,
            unknown,
            log_lines_dropped,
            journal,
            routing,
            refunds,
            memory,
        }
    }

    /// Counts a JSON call.
    pub fn http(&self, took: Duration) {
        self.http.observe(took);
    }

    /// Everything counted, in the OpenMetrics text form.
    pub fn encode(&self, now: &Snapshot<'_>) -> String {
        self.connections.set(now.connections.into());
        self.locked_work.set(signed(now.engine.locked_work().saturating_add(now.engine.applied_work())));
        let seconds = |span: Option<Span>| signed(span.unwrap_or_default().0 / 1_000_000);
        self.clock.set(seconds(now.clock.ahead()) - seconds(now.clock.behind()));
        show(&self.refused, now.service.refused);
        show(&self.unknown, now.service.unknown);
        show(&self.log_lines_dropped, now.log_lines_dropped);
        self.journal.set(now);
        self.routing.set();
        self.refunds.set(now.engine);
        self.memory.set(now);
        let mut text = String::new();
        // Writing to a string does not fail; a metric that cannot be written would be a mistake in this module.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

impl Observe for Metrics {
    fn command(&self, command: &Command, outcome: &Outcome, took: Duration) {
        self.requests.command(command, outcome, took);
    }

    fn query(&self, query: &Query, outcome: &Outcome, took: Duration) {
        self.requests.query(query, outcome, took);
    }

    fn expired(&self, orders: u64) {
        self.requests.expired(orders);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
