//! What the router is asked and what it answers.

use crate::ids::{CarrierId, WarehouseId};
use crate::money::Money;
use crate::reply::CostParts;

use super::rates::{Rate, Weights};

/// What an order wants of one SKU.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DemandLine {
    /// How many units. A line of no units asks nothing.
    pub units: u64,
    /// What one unit weighs, in grams.
    pub weight_g: u32,
}

/// A way a parcel can go: one warehouse and one carrier. A plan has at most one parcel per lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lane {
    /// The index of the warehouse in [`Problem::sites`].
    pub site: u16,
    /// The carrier.
    pub carrier: CarrierId,
    /// What it costs and how long it takes.
    pub rate: Rate,
    /// A parcel that costs more is not allowed.
    pub ceiling: Option<Money>,
    /// Score micros added for a parcel on this lane. Negative counts as nothing.
    pub penalty: i64,
}

/// One order to route. The buffers are meant to be reused from order to order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Problem {
    /// What is wanted.
    pub lines: Vec<DemandLine>,
    /// The candidate warehouses.
    pub sites: Vec<WarehouseId>,
    /// Units that may be drawn, site by site: `stock[site × lines + line]`. [`u64::MAX`] for what never runs short.
    pub stock: Vec<u64>,
    /// Score micros for each unit drawn, scarcity and the price of stock together, of the same shape as `stock`; empty when
    /// nothing but rates counts.
    pub draws: Vec<i64>,
    /// The ways a parcel can go. Lanes of one site share its stock. Ties go to earlier lanes.
    pub lanes: Vec<Lane>,
    /// Units that a parcel may hold, by lane; empty when nothing limits them.
    pub capacity: Vec<u64>,
    /// Whether every line goes whole in one parcel.
    pub whole_lines: bool,
    /// What money and time weigh. The weight of balance is already in `draws`.
    pub weights: Weights,
    /// The step in which weight past the first kilogram counts, in grams; 0 for exact grams.
    pub kg_step_g: u32,
    /// The most parcels a plan may have.
    pub max_parcels: Option<u16>,
}

impl Problem {
    /// Empties every list and keeps the buffers; weights, step and parcel limit go back to their defaults.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.sites.clear();
        self.stock.clear();
        self.draws.clear();
        self.lanes.clear();
        self.capacity.clear();
        self.whole_lines = false;
        self.weights = Weights::default();
        self.kg_step_g = 0;
        self.max_parcels = None;
    }

    /// Units of a line that may be drawn at a site.
    #[inline]
    pub fn stock_at(&self, site: usize, line: usize) -> u64 {
        self.stock[site * self.lines.len() + line]
    }

    /// The same problem over some of its lanes, and which of them each lane of it is.
    pub fn narrowed(&self, keep: impl Fn(u16, &Lane) -> bool) -> (Problem, Vec<u16>) {
        let mut narrow = self.clone();
        let lanes = (0u16..).zip(&self.lanes);
        let kept: Vec<u16> = lanes.filter(|(at, lane)| keep(*at, lane)).map(|(at, _)| at).collect();
        narrow.lanes = kept.iter().map(|at| self.lanes[usize::from(*at)]).collect();
        if !self.capacity.is_empty() {
            narrow.capacity = kept.iter().map(|at| self.capacity[usize::from(*at)]).collect();
        }
        (narrow, kept)
    }

    /// Whether the lists fit together; what does not is named. [`super::Router::solve`] relies on it.
    pub fn check(&self) -> Result<(), String> {
        let cells = self.sites.len() * self.lines.len();
        if self.stock.len() != cells {
            return Err(format!("stock has {} cells, {cells} are needed", self.stock.len()));
        }
        if !self.draws.is_empty() && self.draws.len() != cells {
            return Err(format!("draws has {} cells, {cells} or none are needed", self.draws.len()));
        }
        if !self.capacity.is_empty() && self.capacity.len() != self.lanes.len() {
            return Err(format!("capacity has {} lanes, {} or none are needed", self.capacity.len(), self.lanes.len()));
        }
        if let Some(lane) = self.lanes.iter().find(|lane| usize::from(lane.site) >= self.sites.len()) {
            return Err(format!("a lane names site {}, there are {}", lane.site, self.sites.len()));
        }
        let indexed = usize::from(u16::MAX);
        if self.lines.len() > indexed || self.lanes.len() > indexed {
            return Err(format!("{} lines and {} lanes: at most 65,535", self.lines.len(), self.lanes.len()));
        }
        Ok(())
    }
}

/// What came of a problem.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// There is a plan: [`super::Router::solution`].
    Plan,
    /// Some line wants more than all sites together have.
    Short,
    /// The stock would do, but no allowed set of parcels carries it: lanes, ceilings, capacities or the parcel
    /// limit forbid it. Under any of these an order that is too hard for the budget may end here too.
    NoWay,
}

/// One parcel of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ParcelPlan {
    /// The index of its lane in [`Problem::lanes`].
    pub lane: u16,
    /// Line and units, by line, each line once.
    pub takes: Vec<(u16, u64)>,
    /// Its money by part.
    pub parts: CostParts,
    /// What it weighs, in grams.
    pub weight_g: u64,
}

/// A plan, and what is known about better ones.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Solution {
    /// The parcels, by lane.
    pub parcels: Vec<ParcelPlan>,
    /// The score of the plan in millionths.
    pub score: i64,
    /// No plan scores less, in millionths. Equal to the score when the plan is proven.
    pub bound: i64,
    /// Whether the plan is proven optimal.
    pub proven: bool,
}
