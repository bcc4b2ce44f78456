//! How good routing is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use stockade_core::money::Money;

use super::gauges::{gauge, signed};
use crate::quality::{GAP_BOUNDS_PPM, Tally};

/// The gauges of routing, and where they are read from.
pub(super) struct RoutingGauges {
    quality: Arc<Tally>,
    orders: Gauge,
    parcels: Gauge,
    split: Gauge,
    proven: Gauge,
    cost: Gauge<f64, AtomicU64>,
    exact: Gauge,
    waiting: Gauge,
    dropped: Gauge,
}

impl RoutingGauges {
    pub(super) fn new(registry: &mut Registry, quality: Arc<Tally>) -> RoutingGauges {
        let help = "Distance of sampled plans from what no plan can be below, as a share of the score";
        registry.register("routing_gap", help, Gaps(Arc::clone(&quality)));
        let cost = Gauge::default();
        registry.register("routing_cost", "Money of all parcels since the start", cost.clone());
        let mut gauge = |name, help| gauge(registry, name, help);
        RoutingGauges {
            quality,
            orders: gauge("routing_orders", "Orders placed since the start"),
            parcels: gauge("routing_parcels", "Their parcels"),
            split: gauge("routing_split_orders", "Orders of more than one parcel"),
            proven: gauge("routing_proven_orders", "Orders whose plan was proven best when it was decided"),
            cost,
            exact: gauge("routing_gap_exact", "Sampled plans whose best plan was found and proven"),
            waiting: gauge("routing_gap_waiting", "Sampled plans that wait to be measured"),
            dropped: gauge("routing_gap_dropped", "Sampled plans that were not measured"),
        }
    }

    pub(super) fn set(&self) {
        let report = self.quality.report();
        self.orders.set(signed(report.orders));
        self.parcels.set(signed(report.parcels));
        self.split.set(signed(report.split));
        self.proven.set(signed(report.proven));
        self.cost.set(report.cost.0 as f64 / Money::MICROS_PER_UNIT as f64);
        self.exact.set(signed(report.exact));
        self.waiting.set(signed(report.waiting));
        self.dropped.set(signed(report.dropped));
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
