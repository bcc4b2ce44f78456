//! Counters of routing quality.

use std::sync::atomic::{AtomicU64, Ordering};

use stockade_core::engine::Gap;
use stockade_core::money::Money;
use stockade_core::reply::{PlanView, RoutingReport};

/// Upper bounds of the gap's buckets, in millionths of the score.
pub const GAP_BOUNDS_PPM: [u64; 8] = [0, 10, 100, 1_000, 3_000, 10_000, 30_000, 100_000];

/// What was counted since the start.
#[derive(Debug, Default)]
pub struct Tally {
    orders: AtomicU64,
    parcels: AtomicU64,
    split: AtomicU64,
    proven: AtomicU64,
    cost_micros: AtomicU64,
    sampled_ppm: AtomicU64,
    waiting: AtomicU64,
    dropped: AtomicU64,
    exact: AtomicU64,
    gap_sum_ppm: AtomicU64,
    gap_worst_ppm: AtomicU64,
    gaps: [AtomicU64; GAP_BOUNDS_PPM.len() + 1],
}

fn add(count: &AtomicU64, n: u64) {
    count.fetch_add(n, Ordering::Relaxed);
}

fn of(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

impl Tally {
    /// Counts a placed order.
    pub fn placed(&self, plan: &PlanView) {
        let parcels = plan.sub_orders.len() as u64;
        add(&self.orders, 1);
        add(&self.parcels, parcels);
        add(&self.split, u64::from(parcels > 1));
        add(&self.proven, u64::from(plan.proven));
        add(&self.cost_micros, plan.cost.0.max(0).unsigned_abs());
    }

    /// Counts a decision that was solved again.
    pub fn measured(&self, gap: &Gap) {
        let ppm = gap.ppm();
        let bucket = GAP_BOUNDS_PPM.partition_point(|bound| *bound < ppm);
        add(&self.gaps[bucket], 1);
        add(&self.gap_sum_ppm, ppm);
        add(&self.exact, u64::from(gap.is_exact()));
        self.gap_worst_ppm.fetch_max(ppm, Ordering::Relaxed);
    }

    pub(super) fn samples(&self, ppm: u64) {
        self.sampled_ppm.store(ppm, Ordering::Relaxed);
    }

    pub(super) fn queued(&self) {
        add(&self.waiting, 1);
    }

    pub(super) fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) {
        add(&self.dropped, 1);
    }

    /// Gaps per bucket; the last bucket holds those beyond all bounds.
    pub fn gap_buckets(&self) -> Vec<u64> {
        self.gaps.iter().map(of).collect()
    }

    /// The sum of the gaps, in millionths.
    pub fn gap_sum_ppm(&self) -> u64 {
        of(&self.gap_sum_ppm)
    }

    /// The report of all counters.
    pub fn report(&self) -> RoutingReport {
        let measured: u64 = self.gaps.iter().map(of).sum();
        RoutingReport {
            orders: of(&self.orders),
            parcels: of(&self.parcels),
            split: of(&self.split),
            proven: of(&self.proven),
            cost: Money(i64::try_from(of(&self.cost_micros)).unwrap_or(i64::MAX)),
            sampled_ppm: of(&self.sampled_ppm),
            measured,
            optimal: of(&self.gaps[0]),
            exact: of(&self.exact),
            gap_mean_ppm: of(&self.gap_sum_ppm).checked_div(measured).unwrap_or(0),
            gap_worst_ppm: of(&self.gap_worst_ppm),
            waiting: of(&self.waiting),
            dropped: of(&self.dropped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_fall_into_the_bucket_that_bounds_them() {
        let tally = Tally::default();
        let gap = |score, best, bound| Gap { score: Money(score), best: Money(best), bound: Money(bound) };
        tally.measured(&gap(1_000_000, 1_000_000, 1_000_000));
        tally.measured(&gap(1_000_000, 999_990, 999_990));
        tally.measured(&gap(1_000_000, 1_000_000, 500_000));
        assert_eq!(tally.gap_buckets(), [1, 1, 0, 0, 0, 0, 0, 0, 1]);
        let report = tally.report();
        assert_eq!((report.measured, report.optimal, report.exact), (3, 1, 2));
        assert_eq!((report.gap_mean_ppm, report.gap_worst_ppm), (166_670, 500_000));
    }
}
