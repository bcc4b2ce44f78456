//! What a parcel costs, and what counts in a score.

use crate::money::Money;

/// The price list of one lane: a carrier from a warehouse to a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rate {
    /// Per parcel.
    pub parcel: Money,
    /// Per unit.
    pub unit: Money,
    /// For the first 1,000 g, if the parcel has weight.
    pub first_kg: Money,
    /// Per further kilogram, in started steps of the world's `kg_step_g`.
    pub further_kg: Money,
    /// Hours until delivery.
    pub hours: u32,
}

/// How much money, time and balance count in a score, in millionths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weights {
    /// Score per unit of money.
    pub money: i64,
    /// Score per hour of the slowest parcel.
    pub time: i64,
    /// Score per unit of scarcity.
    pub balance: i64,
}
