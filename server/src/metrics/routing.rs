//! How good routing is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use stockade_core::money::Money;

use super::gauges::{counter, gauge, show, signed};
use crate::quality::{GAP_BOUNDS_PPM, Tally};

/// The counts of routing, and where they are read from.
pub(super) struct RoutingMetrics {
    quality: Arc<Tally>,
    orders: Counter,
    parcels: Counter,
    split: Counter,
    proven: Counter,
    cost: Counter<f64, AtomicU64>,
    exact: Counter,
    waiting: Gauge,
    dropped: Counter,
}

impl RoutingMetrics {
    pub(super) fn new(registry: &mut Registry, quality: Arc<Tally>) -> RoutingMetrics {
        let help = "Distance of sampled plans from what no plan can be below, as a share of the score";
        registry.register("routing_gap", help, Gaps(Arc::clone(&quality)));
        let cost = Counter::default();
        registry.register("routing_cost", "Money of all parcels since the start", cost.clone());
        let waiting = gauge(registry, "routing_gap_waiting", "Sampled plans that wait to be measured");
        let mut counter = |name, help| counter(registry, name, help);
        RoutingMetrics {
            quality,
            orders: counter("routing_orders", "Orders placed since the start"),
            parcels: counter("routing_parcels", "Their parcels"),
            split: counter("routing_split_orders", "Orders of more than one parcel"),
            proven: counter("routing_proven_orders", "Orders whose plan was proven best when it was decided"),
            cost,
            exact: counter("routing_gap_exact", "Sampled plans whose best plan was found and proven"),
            waiting,
            dropped: counter("routing_gap_dropped", "Sampled plans that were not measured"),
        }
    }

    pub(super) fn set(&self) {
        let report = self.quality.report();
        show(&self.orders, report.orders);
        show(&self.parcels, report.parcels);
        show(&self.split, report.split);
        show(&self.proven, report.proven);
        let cost = report.cost.0 as f64 / Money::MICROS_PER_UNIT as f64;
        self.cost.inner().store(cost.to_bits(), Ordering::Relaxed);
        show(&self.exact, report.exact);
        self.waiting.set(signed(report.waiting));
        show(&self.dropped, report.dropped);
    }
}

/// The gaps of a [`Tally`] as the registry shows them.
#[derive(Debug)]
struct Gaps(Arc<Tally>);

impl EncodeMetric for Gaps {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let bounds = GAP_BOUNDS_PPM.iter().map(|ppm| *ppm as f64 / 1e6).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(self.0.gap_buckets()).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.0.gap_sum_ppm() as f64 / 1e6, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
