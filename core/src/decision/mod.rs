//! A plan as it was decided: what it promises and what it was decided from.
//!
//! Events hold decisions, orders are made of them, explanations compute them again. A decision is plain data: who decides it
//! is the engine, over the router's solution.

mod parts;
mod writing;

use bincode::Decode;

use crate::ids::{CarrierId, PoolId, RulesVersion, SkuId, WarehouseId};
use crate::money::Money;
use crate::stock::{Bucket, Move};
use crate::units::Units;

pub use parts::{CostParts, Figures, SubKind};
pub(crate) use writing::{put_kind, put_parts};

/// A plan as it was decided: what it promises and what it was decided from.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct Decision {
    /// The rules.
    pub rules_version: RulesVersion,
    /// The score of the plan.
    pub score: Money,
    /// No plan could score less.
    pub bound: Money,
    /// One per parcel.
    pub subs: Vec<PlannedSub>,
    /// The stock the decision saw, so that it can be recomputed.
    pub seen: Vec<SeenLine>,
    /// The prices of stock it saw, by SKU and warehouse; none where a unit costs nothing besides its rate.
    pub prices: Vec<PriceSeen>,
}

/// Whether a plan is proven best: its score meets the bound, which no plan scores less than.
pub fn is_proven(score: Money, bound: Money) -> bool {
    bound >= score
}

/// What a unit of stock was worth to later orders when a decision was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Decode)]
pub struct PriceSeen {
    /// The SKU.
    pub sku: SkuId,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// Score micros for each unit drawn. Never 0.
    pub micros: i64,
}

/// A planned sub-order.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct PlannedSub {
    /// Ships from here.
    pub warehouse: WarehouseId,
    /// Ships with this carrier.
    pub carrier: CarrierId,
    /// Its kind.
    pub kind: SubKind,
    /// Hours until delivery.
    pub hours: u32,
    /// Parcel weight in grams.
    pub weight_g: u64,
    /// The money by part.
    pub parts: CostParts,
    /// Whether the warehouse is unlimited: its units come from the supplier when they are held and go back there.
    pub from_supplier: bool,
    /// What is in it.
    pub lines: Vec<PlannedLine>,
}

/// Units of one SKU from one pool in a sub-order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Decode)]
pub struct PlannedLine {
    /// The SKU.
    pub sku: SkuId,
    /// The pool they are drawn from.
    pub pool: PoolId,
    /// Units from this pool.
    pub units: Units,
}

/// The stock of one demanded SKU as the decision saw it.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct SeenLine {
    /// The SKU.
    pub sku: SkuId,
    /// Units demanded.
    pub wanted: Units,
    /// One bit per warehouse id below 64, lowest first, set where all demanded units could be drawn.
    pub full: u64,
    /// The ids from 64 on where all demanded units could be drawn.
    pub full_beyond: Vec<WarehouseId>,
    /// Units that could be drawn elsewhere, where that was not none; and everywhere when the rules weigh balance.
    pub partial: Vec<(WarehouseId, Units)>,
}

impl Decision {
    /// The plan of nothing under some rules.
    pub fn none(rules_version: RulesVersion) -> Decision {
        let (subs, seen, prices) = (Vec::new(), Vec::new(), Vec::new());
        Decision { rules_version, score: Money::ZERO, bound: Money::ZERO, subs, seen, prices }
    }

    /// This plan and those for what is yet to come, as one.
    pub fn joined(&self, ahead: &[Decision]) -> Decision {
        let mut whole = self.clone();
        for decision in ahead {
            whole.score = whole.score.saturating_add(decision.score);
            whole.bound = whole.bound.saturating_add(decision.bound);
            whole.subs.extend(decision.subs.iter().cloned());
        }
        whole
    }

    /// The money of all parcels.
    pub fn cost(&self) -> Money {
        self.subs.iter().fold(Money::ZERO, |sum, sub| sum.saturating_add(sub.parts.total()))
    }

    /// Units of all parcels.
    pub fn units(&self) -> Units {
        self.subs.iter().flat_map(|sub| sub.lines.iter().map(|line| line.units)).sum()
    }

    /// The movements that draw its units into a bucket.
    pub fn each_move(&self, to: impl Fn(PoolId) -> Bucket, f: &mut impl FnMut(Move)) {
        for sub in &self.subs {
            for line in &sub.lines {
                f(Move {
                    sku: line.sku,
                    warehouse: sub.warehouse,
                    from: Bucket::free(sub.from_supplier, line.pool),
                    to: to(line.pool),
                    units: line.units,
                });
            }
        }
    }
}
