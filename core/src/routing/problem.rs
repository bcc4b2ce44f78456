//! Input and output of the router.

use crate::decision::CostParts;
use crate::ids::{CarrierId, WarehouseId};
use crate::money::Money;

use super::rates::{Rate, Weights};

/// Demand of an order for one SKU.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DemandLine {
    /// Units wanted. A line of 0 units is ignored.
    pub units: u64,
    /// Weight of one unit, in grams.
    pub weight_g: u32,
}

/// A warehouse and a carrier by which a parcel can ship. A plan has at most one parcel per lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lane {
    /// Index of the warehouse in [`Problem::sites`].
    pub site: u16,
    /// The carrier.
    pub carrier: CarrierId,
    /// Price and delivery time.
    pub rate: Rate,
    /// Most money that a parcel on this lane may cost; `None` for no limit.
    pub ceiling: Option<Money>,
    /// Score micros added for a parcel on this lane; a negative value counts as 0.
    pub penalty: i64,
}

/// One order to route. Reuse it with [`Problem::clear`] to keep its buffers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Problem {
    /// Demand, by line.
    pub lines: Vec<DemandLine>,
    /// The candidate warehouses.
    pub sites: Vec<WarehouseId>,
    /// Units that may be drawn, site by site: `stock[site × lines + line]`. [`u64::MAX`] for unlimited stock.
    pub stock: Vec<u64>,
    /// Score micros per unit drawn (scarcity plus price of stock), in the layout of `stock`; empty when only rates
    /// count.
    pub draws: Vec<i64>,
    /// Lanes by which parcels can ship. Lanes of one site share its stock; ties go to the earlier lane.
    pub lanes: Vec<Lane>,
    /// Most units that a parcel may hold, by lane; empty for no limits.
    pub capacity: Vec<u64>,
    /// Whether each line must go whole in one parcel.
    pub whole_lines: bool,
    /// Weights of money and time. The weight of balance is already in `draws`.
    pub weights: Weights,
    /// Step in which weight past the first kilogram is charged, in grams; 0 charges exact grams.
    pub kg_step_g: u32,
    /// Most parcels that a plan may have; `None` for no limit.
    pub max_parcels: Option<u16>,
}

impl Problem {
    /// Empties all lists, keeps their buffers, and resets everything else to its default.
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

    /// The same problem restricted to the lanes that `keep` accepts, with the original index of each of them.
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

    /// Checks that the lists fit together; [`super::Router::solve`] relies on it.
    ///
    /// # Errors
    /// A sentence that names the list that does not fit.
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

/// Result of a search.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// A plan was found: [`super::Router::solution`].
    Plan,
    /// Some line wants more than all sites together have.
    Short,
    /// The stock suffices, but no allowed set of parcels was found: missing lanes, ceilings, capacities or the parcel
    /// limit forbid it. Under any of these limits, a search cut short by its budget may also end here.
    NoWay,
}

/// One parcel of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ParcelPlan {
    /// Index of its lane in [`Problem::lanes`].
    pub lane: u16,
    /// Pairs of line and units, ordered by line, each line once.
    pub takes: Vec<(u16, u64)>,
    /// Its cost by part.
    pub parts: CostParts,
    /// Its weight, in grams.
    pub weight_g: u64,
}

/// A plan, and a bound on every other plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Solution {
    /// The parcels, ordered by lane.
    pub parcels: Vec<ParcelPlan>,
    /// Score of the plan, in score micros.
    pub score: i64,
    /// Lower bound on the score of every plan, in score micros. Equals the score when the plan is proven.
    pub bound: i64,
    /// Whether the plan is proven optimal.
    pub proven: bool,
}
