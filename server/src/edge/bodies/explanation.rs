//! Why an order ships the way it does.

use serde::Serialize;
use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::reply::{
    Candidate, CandidateParcel, DecisionRef, Explanation, OutReason, PriceView, ScoreParts, ShipsSeen, SplitSeen,
    WarehouseSeen, Wishes,
};
use stockade_core::units::Units;

use super::plan::PartsBody;
use super::quantity::{ShortBody, UnitsBody};

/// An explanation of one decision on an order.
#[derive(Clone, Debug, Serialize)]
pub struct ExplanationBody<'a> {
    /// The engine's id of the order.
    pub order_id: String,
    /// Its channel.
    pub channel: &'a Code,
    /// Its number in the channel.
    pub number: &'a Code,
    /// What was asked for.
    pub asked: AskedBody<'a>,
    /// Every decision on the order, first to last.
    pub decisions: Vec<DecisionBody<'a>>,
    /// Which of them this explains, from 1.
    pub decision: u16,
    /// The version of the rules that decided.
    pub rules_version: u32,
    /// What parts of the score are multiplied by.
    pub weights: WeightsBody,
    /// Score of the plan; less is better.
    pub score: Money,
    /// No plan can score below this.
    pub bound: Money,
    /// Whether the plan is proven best.
    pub proven: bool,
    /// How the decision comes out differently when this version computes it again; `null` when it does not.
    pub differs: Option<&'a str>,
    /// What units of stock were worth later.
    pub prices: Vec<PriceBody<'a>>,
    /// The plans there were, the chosen one first.
    pub candidates: Vec<CandidateBody<'a>>,
    /// The warehouses that could send something.
    pub warehouses: Vec<WarehouseBody<'a>>,
    /// The warehouses that could send nothing.
    pub empty: &'a [Code],
}

/// What an order asked for.
#[derive(Clone, Debug, Serialize)]
pub struct AskedBody<'a> {
    /// The destination zone.
    pub zone: Option<&'a Code>,
    /// Only this carrier.
    pub carrier: Option<&'a Code>,
    /// All in one parcel or not at all.
    pub ship_complete: bool,
    /// No more parcels than this.
    pub max_parcels: Option<u16>,
    /// What the rules ask of a split; `null` when they ask nothing.
    pub split: Option<SplitBody>,
    /// What was ordered.
    pub lines: Vec<UnitsBody<'a>>,
}

/// What the rules ask of a split.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SplitBody {
    /// It must save this much against one warehouse.
    pub saving: Money,
    /// Every warehouse must send this many units.
    pub sent: u64,
    /// The other warehouses must keep this many units.
    pub left: u64,
}

/// A decision on an order.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionBody<'a> {
    /// Its event.
    pub seq: u64,
    /// The event's name.
    pub what: &'a str,
    /// When it was decided.
    pub at: String,
    /// What it made ship.
    pub ships: Vec<ShipsBody<'a>>,
}

/// Units that ship together.
#[derive(Clone, Debug, Serialize)]
pub struct ShipsBody<'a> {
    /// From this warehouse.
    pub warehouse: &'a Code,
    /// With this carrier.
    pub carrier: &'a Code,
    /// The day the goods of a presale are due; `null` otherwise.
    pub due: Option<String>,
    /// What ships.
    pub lines: Vec<UnitsBody<'a>>,
}

/// What parts of a score are multiplied by.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WeightsBody {
    /// The money.
    pub money: Money,
    /// An hour.
    pub time: Money,
    /// Scarcity.
    pub balance: Money,
}

/// What a unit of stock was worth later.
#[derive(Clone, Debug, Serialize)]
pub struct PriceBody<'a> {
    /// The SKU.
    pub sku: &'a Code,
    /// The warehouse.
    pub warehouse: &'a Code,
    /// The price of a unit.
    pub price: Money,
}

/// A plan that was weighed.
#[derive(Clone, Debug, Serialize)]
pub struct CandidateBody<'a> {
    /// What it is: `chosen`, `runner_up`, …
    pub roles: Vec<&'static str>,
    /// Its score.
    pub score: Money,
    /// By how much it scores more than the chosen plan.
    pub distance: Money,
    /// Whether it is proven best of its role.
    pub proven: bool,
    /// What the score is made of.
    pub parts: ScoreBody,
    /// Cost of its parcels.
    pub cost: Money,
    /// What the cost is made of.
    pub costs: PartsBody,
    /// Hours until the last parcel is delivered.
    pub hours: u32,
    /// Its parcels.
    pub parcels: Vec<ParcelBody<'a>>,
}

/// What a score is made of.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ScoreBody {
    /// Weighed money.
    pub money: Money,
    /// Weighed hours of the slowest parcel.
    pub time: Money,
    /// Weighed scarcity.
    pub balance: Money,
    /// What prices of stock add.
    pub prices: Money,
    /// What the zone's preference adds.
    pub preference: Money,
}

/// A parcel of a plan that was weighed.
#[derive(Clone, Debug, Serialize)]
pub struct ParcelBody<'a> {
    /// The warehouse that sends it.
    pub warehouse: &'a Code,
    /// The carrier that takes it.
    pub carrier: &'a Code,
    /// Hours until delivery.
    pub hours: u32,
    /// Weight in grams.
    pub weight_g: u64,
    /// What it costs.
    pub cost: Money,
    /// What is in it.
    pub lines: Vec<UnitsBody<'a>>,
}

/// What a warehouse could have sent.
#[derive(Clone, Debug, Serialize)]
pub struct WarehouseBody<'a> {
    /// The warehouse.
    pub warehouse: &'a Code,
    /// Whether it sends something.
    pub chosen: bool,
    /// Units it could send of each line asked for.
    pub stock: Vec<u64>,
    /// Cost of the order from here alone; `null` when it cannot send all of it.
    pub alone: Option<Money>,
    /// Why it does not send more.
    pub out: Vec<OutBody<'a>>,
}

/// Why a warehouse does not send more.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum OutBody<'a> {
    /// It has too little of some SKUs.
    Lacks {
        /// Which.
        short: Vec<ShortBody<'a>>,
    },
    /// A rule forbids the carrier from here.
    Banned {
        /// The carrier.
        carrier: &'a Code,
    },
    /// No carrier has a rate from here.
    NoRate,
    /// The order wants another carrier than those that ship from here.
    OtherCarrier {
        /// The carrier it wants.
        wanted: &'a Code,
    },
    /// A parcel would cost more than its ceiling.
    Ceiling {
        /// The carrier.
        carrier: &'a Code,
        /// What the parcel would cost.
        cost: Money,
        /// What it may cost at most.
        ceiling: Money,
    },
    /// There would be too many parcels.
    ParcelLimit {
        /// The most parcels.
        most: u16,
    },
    /// Units were missing at a pick here.
    PickedShort,
    /// A plan with it scores no less.
    NoBetter {
        /// By how much it scores more.
        by: Money,
    },
    /// The channel's own stock comes first.
    OwnFirst {
        /// By how much it scores less by prices.
        by: Money,
    },
}

impl<'a> From<&'a Explanation> for ExplanationBody<'a> {
    fn from(told: &'a Explanation) -> ExplanationBody<'a> {
        ExplanationBody {
            order_id: told.order.to_string(),
            channel: &told.channel,
            number: &told.number,
            asked: (&told.asked).into(),
            decisions: told.decisions.iter().map(DecisionBody::from).collect(),
            decision: told.no,
            rules_version: told.rules_version.0,
            weights: WeightsBody { money: told.weights.money, time: told.weights.time, balance: told.weights.balance },
            score: told.score,
            bound: told.bound,
            proven: told.proven,
            differs: told.differs.as_deref(),
            prices: told.prices.iter().map(PriceBody::from).collect(),
            candidates: told.candidates.iter().map(CandidateBody::from).collect(),
            warehouses: told.warehouses.iter().map(WarehouseBody::from).collect(),
            empty: &told.empty,
        }
    }
}

impl<'a> From<&'a Wishes> for AskedBody<'a> {
    fn from(asked: &'a Wishes) -> AskedBody<'a> {
        let split = |rules: SplitSeen| SplitBody { saving: rules.saving, sent: rules.sent.0, left: rules.left.0 };
        AskedBody {
            zone: asked.zone.as_ref(),
            carrier: asked.carrier.as_ref(),
            ship_complete: asked.ship_complete,
            max_parcels: asked.max_parcels,
            split: asked.split.map(split),
            lines: UnitsBody::all(&asked.lines),
        }
    }
}

impl<'a> From<&'a DecisionRef> for DecisionBody<'a> {
    fn from(decision: &'a DecisionRef) -> DecisionBody<'a> {
        let ships = decision.ships.iter().map(ShipsBody::from).collect();
        DecisionBody { seq: decision.seq.0, what: &decision.what, at: decision.at.to_string(), ships }
    }
}

impl<'a> From<&'a ShipsSeen> for ShipsBody<'a> {
    fn from(ships: &'a ShipsSeen) -> ShipsBody<'a> {
        let due = ships.due.map(|day| day.to_string());
        ShipsBody { warehouse: &ships.warehouse, carrier: &ships.carrier, due, lines: UnitsBody::all(&ships.lines) }
    }
}

impl<'a> From<&'a PriceView> for PriceBody<'a> {
    fn from(seen: &'a PriceView) -> PriceBody<'a> {
        PriceBody { sku: &seen.sku, warehouse: &seen.warehouse, price: seen.price }
    }
}

impl<'a> From<&'a Candidate> for CandidateBody<'a> {
    fn from(plan: &'a Candidate) -> CandidateBody<'a> {
        CandidateBody {
            roles: plan.roles.iter().map(|role| role.name()).collect(),
            score: plan.score,
            distance: plan.distance,
            proven: plan.proven,
            parts: plan.parts.into(),
            cost: plan.cost,
            costs: plan.costs.into(),
            hours: plan.hours,
            parcels: plan.parcels.iter().map(ParcelBody::from).collect(),
        }
    }
}

impl From<ScoreParts> for ScoreBody {
    fn from(parts: ScoreParts) -> ScoreBody {
        let ScoreParts { money, time, balance, prices, preference } = parts;
        ScoreBody { money, time, balance, prices, preference }
    }
}

impl<'a> From<&'a CandidateParcel> for ParcelBody<'a> {
    fn from(parcel: &'a CandidateParcel) -> ParcelBody<'a> {
        ParcelBody {
            warehouse: &parcel.warehouse,
            carrier: &parcel.carrier,
            hours: parcel.hours,
            weight_g: parcel.weight_g,
            cost: parcel.cost,
            lines: UnitsBody::all(&parcel.lines),
        }
    }
}

impl<'a> From<&'a WarehouseSeen> for WarehouseBody<'a> {
    fn from(seen: &'a WarehouseSeen) -> WarehouseBody<'a> {
        WarehouseBody {
            warehouse: &seen.warehouse,
            chosen: seen.chosen,
            stock: seen.stock.iter().map(|units| units.0).collect(),
            alone: seen.alone,
            out: seen.out.iter().map(OutBody::from).collect(),
        }
    }
}

impl<'a> From<&'a OutReason> for OutBody<'a> {
    fn from(reason: &'a OutReason) -> OutBody<'a> {
        let short =
            |(sku, wanted, here): &'a (Code, Units, Units)| ShortBody { sku, wanted: wanted.0, available: here.0 };
        match reason {
            OutReason::Lacks { short: all } => OutBody::Lacks { short: all.iter().map(short).collect() },
            OutReason::Banned { carrier } => OutBody::Banned { carrier },
            OutReason::NoRate => OutBody::NoRate,
            OutReason::OtherCarrier { wanted } => OutBody::OtherCarrier { wanted },
            OutReason::Ceiling { carrier, cost, ceiling } => {
                OutBody::Ceiling { carrier, cost: *cost, ceiling: *ceiling }
            }
            OutReason::ParcelLimit { most } => OutBody::ParcelLimit { most: *most },
            OutReason::PickedShort => OutBody::PickedShort,
            OutReason::NoBetter { by } => OutBody::NoBetter { by: *by },
            OutReason::OwnFirst { by } => OutBody::OwnFirst { by: *by },
        }
    }
}
