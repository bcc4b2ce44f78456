//! How good routing has been.

use bincode::{Decode, Encode};

use crate::money::Money;

/// What was counted since the server started. Shares of scores are in millionths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct RoutingReport {
    /// Orders placed.
    pub orders: u64,
    /// Their parcels.
    pub parcels: u64,
    /// Orders of more than one parcel.
    pub split: u64,
    /// Orders whose plan was proven best when it was decided.
    pub proven: u64,
    /// Money of all parcels.
    pub cost: Money,
    /// How many in a million decisions are solved again.
    pub sampled_ppm: u64,
    /// Decisions that were solved again.
    pub measured: u64,
    /// Of those, how many were best to the last millionth.
    pub optimal: u64,
    /// Of those, how many of the gaps are exact: the best plan was found and proven.
    pub exact: u64,
    /// The mean distance of their scores from what no plan can be below.
    pub gap_mean_ppm: u64,
    /// The largest.
    pub gap_worst_ppm: u64,
    /// Sampled decisions that wait to be measured.
    pub waiting: u64,
    /// Sampled decisions that were not measured: too many waited, or the history did not hold them.
    pub dropped: u64,
}
