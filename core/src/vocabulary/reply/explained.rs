//! Why an order ships the way it does, as callers see it.

use bincode::{Decode, Encode};

use crate::decision::CostParts;
use crate::ids::{Code, OrderId, RulesVersion, Seq};
use crate::money::Money;
use crate::time::{Day, Time};
use crate::units::Units;

/// A decision, recomputed from the history: what was chosen, what else there was, and what was out and why.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Explanation {
    /// The engine's id of the order.
    pub order: OrderId,
    /// The channel.
    pub channel: Code,
    /// The channel's number.
    pub number: Code,
    /// What the decision was asked to serve.
    pub asked: Wishes,
    /// Every decision there was on the order, by number from 1.
    pub decisions: Vec<DecisionRef>,
    /// Which of them this is about.
    pub no: u16,
    /// The rules that decided.
    pub rules_version: RulesVersion,
    /// What money, time and balance weighed.
    pub weights: WeightsSeen,
    /// The score of the plan, as journaled.
    pub score: Money,
    /// No plan could score less, as journaled.
    pub bound: Money,
    /// Whether the plan was proven best: its score meets the bound.
    pub proven: bool,
    /// What came out differently when the decision was computed again; `None` when plan, score and bound are the same to
    /// the last millionth. A difference means that this version decides differently than the one that decided.
    pub differs: Option<String>,
    /// The prices of stock that the decision saw.
    pub prices: Vec<PriceView>,
    /// The plans, the chosen one first, then by score.
    pub candidates: Vec<Candidate>,
    /// Every warehouse that had any of the goods or was chosen, and every one the rules or the order kept out of it.
    pub warehouses: Vec<WarehouseSeen>,
    /// The warehouses where nothing of the order could be drawn.
    pub empty: Vec<Code>,
}

/// What a decision was asked to serve.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Wishes {
    /// The destination zone.
    pub zone: Option<Code>,
    /// The only carrier allowed.
    pub carrier: Option<Code>,
    /// All in one parcel.
    pub ship_complete: bool,
    /// No more parcels than this.
    pub max_parcels: Option<u16>,
    /// What the rules asked of a split over warehouses, if anything.
    pub split: Option<SplitSeen>,
    /// SKUs and units.
    pub lines: Vec<(Code, Units)>,
}

/// What the rules asked of a split over warehouses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SplitSeen {
    /// Score that it had to save against the best plan from one warehouse.
    pub saving: Money,
    /// The least units that each warehouse had to send.
    pub sent: Units,
    /// The least units that the others had to send in addition to each.
    pub left: Units,
}

/// A decision on an order.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct DecisionRef {
    /// The event that holds it.
    pub seq: Seq,
    /// The event's name.
    pub what: String,
    /// When it was decided.
    pub at: Time,
    /// What it ships.
    pub ships: Vec<ShipsSeen>,
}

/// A parcel of a decision, as it was promised.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ShipsSeen {
    /// Ships from here.
    pub warehouse: Code,
    /// With this carrier.
    pub carrier: Code,
    /// The day its last goods were due when it was decided; `None` when they were there.
    pub due: Option<Day>,
    /// SKUs and units.
    pub lines: Vec<(Code, Units)>,
}

/// What the parts of the score weighed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct WeightsSeen {
    /// Score for one unit of money.
    pub money: Money,
    /// Score for one hour of the slowest parcel.
    pub time: Money,
    /// Score for one unit of stock of scarcity one.
    pub balance: Money,
}

/// What a unit of a SKU at a warehouse was expected to be worth later: drawing it there added this to the score.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct PriceView {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// For each unit.
    pub price: Money,
}

/// A plan that was possible.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Candidate {
    /// What it stands for; a plan may be several things at once.
    pub roles: Vec<CandidateRole>,
    /// Its score.
    pub score: Money,
    /// How much more it scores than the chosen plan.
    pub distance: Money,
    /// Whether no plan of its role scores less.
    pub proven: bool,
    /// The score by part.
    pub parts: ScoreParts,
    /// Money of its parcels.
    pub cost: Money,
    /// The money by part.
    pub costs: CostParts,
    /// Hours of the slowest parcel.
    pub hours: u32,
    /// The parcels.
    pub parcels: Vec<CandidateParcel>,
}

/// What a candidate stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum CandidateRole {
    /// What was decided.
    Chosen,
    /// The best plan that does without at least one of the chosen lanes.
    RunnerUp,
    /// The best plan that ships everything from this one warehouse.
    OneWarehouse,
    /// The best plan of one parcel.
    OneParcel,
    /// The plan that costs the least money, whatever it scores.
    LeastMoney,
    /// A split that scores less and that the split rules kept out.
    RuledOut,
    /// A plan that scores less by prices, and would buy from outside what own stock serves: kept out because own stock comes
    /// first.
    OwnFirst,
}

impl CandidateRole {
    /// The role's name at the border: lower case, words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            CandidateRole::Chosen => "chosen",
            CandidateRole::RunnerUp => "runner_up",
            CandidateRole::OneWarehouse => "one_warehouse",
            CandidateRole::OneParcel => "one_parcel",
            CandidateRole::LeastMoney => "least_money",
            CandidateRole::RuledOut => "ruled_out",
            CandidateRole::OwnFirst => "own_first",
        }
    }
}

/// A score by part. The parts add up to the score.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct ScoreParts {
    /// Weighed money.
    pub money: Money,
    /// Weighed hours of the slowest parcel.
    pub time: Money,
    /// Weighed scarcity of the units drawn.
    pub balance: Money,
    /// What the units drawn were expected to be worth later, by the prices seen.
    pub prices: Money,
    /// For parcels from warehouses that the zone prefers less.
    pub preference: Money,
}

/// A parcel of a candidate.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct CandidateParcel {
    /// Ships from here.
    pub warehouse: Code,
    /// Ships with this carrier.
    pub carrier: Code,
    /// Hours until delivery.
    pub hours: u32,
    /// Weight in grams.
    pub weight_g: u64,
    /// Its money.
    pub cost: Money,
    /// What is in it.
    pub lines: Vec<(Code, Units)>,
}

/// A warehouse as the decision saw it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct WarehouseSeen {
    /// The warehouse.
    pub warehouse: Code,
    /// Whether the chosen plan ships from it.
    pub chosen: bool,
    /// What could be drawn there of each line, in the order of [`Wishes::lines`], as far as it was wanted.
    pub stock: Vec<Units>,
    /// How much more than the chosen plan the best plan from this warehouse alone scores, if there is one.
    pub alone: Option<Money>,
    /// Why nothing, or not all, ships from it; empty when everything does.
    pub out: Vec<OutReason>,
}

/// Why a warehouse was out.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum OutReason {
    /// There was not enough of these SKUs, so it could not send everything.
    Lacks {
        /// SKU, units wanted, units that could be drawn.
        short: Vec<(Code, Units, Units)>,
    },
    /// A ban of the rules forbids this carrier from here to the zone.
    Banned {
        /// The carrier.
        carrier: Code,
    },
    /// No rate says what any carrier asks from here to the zone.
    NoRate,
    /// The order names a carrier, and this is not among those that ship from here to the zone.
    OtherCarrier {
        /// The carrier that the order names.
        wanted: Code,
    },
    /// One parcel with all it could send would cost more than the carrier's ceiling allows.
    Ceiling {
        /// The carrier.
        carrier: Code,
        /// What the parcel would cost.
        cost: Money,
        /// What it may cost.
        ceiling: Money,
    },
    /// With only what it has, the plan would need more parcels than allowed.
    ParcelLimit {
        /// The most parcels.
        most: u16,
    },
    /// The units to be served anew were missing here.
    PickedShort,
    /// It could send everything, and the best plan from it alone scores no less than the chosen plan.
    NoBetter {
        /// How much more.
        by: Money,
    },
    /// It is unlimited and could send everything for a lower score by prices, but own stock comes first.
    OwnFirst {
        /// How much less.
        by: Money,
    },
}
