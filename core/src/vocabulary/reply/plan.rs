//! How an order is, or would be, served.

use bincode::{Decode, Encode};

use crate::decision::{CostParts, SubKind};
use crate::ids::{Code, RulesVersion, SubNo};
use crate::money::Money;
use crate::units::Units;

/// How an order is, or would be, served.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct PlanView {
    /// The rules that decided.
    pub rules_version: RulesVersion,
    /// Money of all parcels.
    pub cost: Money,
    /// The score that was least: weighted money, time and balance.
    pub score: Money,
    /// No plan can score less.
    pub bound: Money,
    /// Whether the plan is proven optimal: its score meets the bound.
    pub proven: bool,
    /// One per parcel.
    pub sub_orders: Vec<SubOrderView>,
}

/// A sub-order as promised: one warehouse, one carrier, one kind.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct SubOrderView {
    /// Its number in the order, from 1.
    pub no: SubNo,
    /// Ships from here.
    pub warehouse: Code,
    /// Ships with this carrier.
    pub carrier: Code,
    /// Its kind.
    pub kind: SubKind,
    /// Hours until delivery.
    pub hours: u32,
    /// Parcel weight in grams.
    pub weight_g: u64,
    /// Money of the parcel.
    pub cost: Money,
    /// The money by part; the parts add up to the cost.
    pub parts: CostParts,
    /// What is in it.
    pub lines: Vec<SubLineView>,
}

/// Units of a SKU in a sub-order.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SubLineView {
    /// The SKU.
    pub sku: Code,
    /// Units from this pool.
    pub units: Units,
    /// The pool they are drawn from.
    pub pool: Code,
}
