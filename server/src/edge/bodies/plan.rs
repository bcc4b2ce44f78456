//! How an order ships: what a quote answers, and what every order holds.

use serde::Serialize;
use stockade_core::decision::CostParts;
use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::reply::{PlanView, SubLineView, SubOrderView};

/// A plan for all lines of an order.
#[derive(Clone, Debug, Serialize)]
pub struct PlanBody<'a> {
    /// The version of the rules that decided.
    pub rules_version: u32,
    /// Cost of all parcels.
    pub cost: Money,
    /// Weighed score of the plan; less is better.
    pub score: Money,
    /// No plan can score below this.
    pub bound: Money,
    /// Whether the plan is proven best.
    pub proven: bool,
    /// The parcels, by number.
    pub sub_orders: Vec<SubOrderBody<'a>>,
}

/// A parcel of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct SubOrderBody<'a> {
    /// Its number in the order, from 1.
    pub no: u16,
    /// The warehouse that sends it.
    pub warehouse: &'a Code,
    /// The carrier that takes it.
    pub carrier: &'a Code,
    /// `regular` or `presale`.
    pub kind: &'static str,
    /// The day the goods of a presale are due; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Hours until delivery.
    pub hours: u32,
    /// Weight in grams.
    pub weight_g: u64,
    /// What it costs.
    pub cost: Money,
    /// What the cost is made of.
    pub parts: PartsBody,
    /// What is in it.
    pub lines: Vec<PlanLineBody<'a>>,
}

/// What the cost of a parcel is made of.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PartsBody {
    /// For the parcel itself.
    pub parcel: Money,
    /// For each unit, together.
    pub unit: Money,
    /// For the first kilogram.
    pub first_kg: Money,
    /// For what weighs more than that.
    pub further_kg: Money,
}

/// Units of a SKU in a parcel.
#[derive(Clone, Debug, Serialize)]
pub struct PlanLineBody<'a> {
    /// The SKU.
    pub sku: &'a Code,
    /// How many units.
    pub qty: u64,
    /// The pool they are drawn from.
    pub pool: &'a Code,
}

impl<'a> From<&'a PlanView> for PlanBody<'a> {
    fn from(plan: &'a PlanView) -> PlanBody<'a> {
        PlanBody {
            rules_version: plan.rules_version.0,
            cost: plan.cost,
            score: plan.score,
            bound: plan.bound,
            proven: plan.proven,
            sub_orders: plan.sub_orders.iter().map(SubOrderBody::from).collect(),
        }
    }
}

impl<'a> From<&'a SubOrderView> for SubOrderBody<'a> {
    fn from(sub: &'a SubOrderView) -> SubOrderBody<'a> {
        SubOrderBody {
            no: sub.no.0,
            warehouse: &sub.warehouse,
            carrier: &sub.carrier,
            kind: sub.kind.name(),
            due: sub.kind.due().map(|day| day.to_string()),
            hours: sub.hours,
            weight_g: sub.weight_g,
            cost: sub.cost,
            parts: sub.parts.into(),
            lines: sub.lines.iter().map(PlanLineBody::from).collect(),
        }
    }
}

impl From<CostParts> for PartsBody {
    fn from(parts: CostParts) -> PartsBody {
        let CostParts { parcel, unit, first_kg, further_kg } = parts;
        PartsBody { parcel, unit, first_kg, further_kg }
    }
}

impl<'a> From<&'a SubLineView> for PlanLineBody<'a> {
    fn from(line: &'a SubLineView) -> PlanLineBody<'a> {
        PlanLineBody { sku: &line.sku, qty: line.units.0, pool: &line.pool }
    }
}
