//! The state of the journal and the progress of durability.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use stockade_core::Durability;

use super::gauges::{counter, gauge, show, signed};
use super::snapshot::Snapshot;
use crate::journal::Health;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct LevelLabel {
    level: &'static str,
}

/// The state of the journal and of the durability gate.
pub(super) struct JournalMetrics {
    gate: [Gauge; 2],
    lag: Gauge,
    backlog: Gauge,
    working: Gauge,
    written: Counter,
}

impl JournalMetrics {
    pub(super) fn new(registry: &mut Registry) -> JournalMetrics {
        let gate = Family::<LevelLabel, Gauge>::default();
        let levels = ["journaled", "replicated"].map(|level| gate.get_or_create_owned(&LevelLabel { level }));
        registry.register("gate_watermark", "Last event that is durable to a level", gate.clone());
        let written = counter(registry, "journal_written_bytes", "Bytes written to the journal since the start");
        let mut gauge = |name, help| gauge(registry, name, help);
        JournalMetrics {
            gate: levels,
            lag: gauge("journal_lag_events", "Events applied and not yet in the journal"),
            backlog: gauge("journal_backlog_bytes", "Bytes that wait for the journal"),
            working: gauge("journal_working", "1 while the journal takes batches"),
            written,
        }
    }

    pub(super) fn set(&self, now: &Snapshot<'_>) {
        let gate = now.engine.log().gate();
        let journaled = gate.watermark(Durability::Journaled);
        let applied = now.engine.seq();
        self.gate[0].set(signed(journaled.0));
        self.gate[1].set(signed(gate.watermark(Durability::Replicated).0));
        self.lag.set(signed(applied.0.saturating_sub(journaled.0)));
        self.backlog.set(signed(now.journal.backlog_bytes as u64));
        self.working.set(i64::from(now.journal.health == Health::Working));
        show(&self.written, now.journal.bytes);
    }
}
