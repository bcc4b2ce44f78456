//! How good routing is.

use serde::Serialize;
use stockade_core::money::Money;
use stockade_core::reply::RoutingReport;

/// The report on routing since the start of the server.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RoutingBody {
    /// Orders placed.
    pub orders: u64,
    /// Their parcels.
    pub parcels: u64,
    /// Orders of more than one parcel.
    pub split_orders: u64,
    /// Orders whose plan was proven best when it was decided.
    pub proven_orders: u64,
    /// Cost of all parcels.
    pub cost: Money,
    /// Distance of sampled plans from the best.
    pub gap: GapBody,
}

/// Distance of sampled plans from what no plan can be below, in millionths of the score.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct GapBody {
    /// Share of decisions that are sampled, in millionths.
    pub sampled_ppm: u64,
    /// Decisions that were solved again.
    pub measured: u64,
    /// Those among them that are best to the last millionth.
    pub optimal: u64,
    /// Those whose best plan was found and proven.
    pub exact: u64,
    /// The gap on average.
    pub mean_ppm: u64,
    /// The largest gap.
    pub worst_ppm: u64,
    /// Sampled decisions that wait to be measured.
    pub waiting: u64,
    /// Sampled decisions that were not measured.
    pub dropped: u64,
}

impl From<&RoutingReport> for RoutingBody {
    fn from(report: &RoutingReport) -> RoutingBody {
        RoutingBody {
            orders: report.orders,
            parcels: report.parcels,
            split_orders: report.split,
            proven_orders: report.proven,
            cost: report.cost,
            gap: GapBody {
                sampled_ppm: report.sampled_ppm,
                measured: report.measured,
                optimal: report.optimal,
                exact: report.exact,
                mean_ppm: report.gap_mean_ppm,
                worst_ppm: report.gap_worst_ppm,
                waiting: report.waiting,
                dropped: report.dropped,
            },
        }
    }
}
