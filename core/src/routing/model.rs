//! A problem prepared for search: useful lanes only, cheapest first, every cost an integer in fine units.
//!
//! A fine unit is a thousandth of a score micro, so that the price of a gram is exact. When an order is so large that
//! its cost might overflow, all costs are halved and rounded down until it cannot: bounds stay valid.

use super::problem::{Lane, Problem};
use super::rates::{FIRST_KG_G, charged_g};

/// Fine units in a score micro.
pub(super) const FINE: i64 = 1_000;
/// Above every cost in a model, in fine units.
pub(super) const COST_MAX: i64 = 1 << 60;
/// The costs of all lines together stay below this, even if each cost as much as the whole order.
const SUM_MAX: f64 = (1i64 << 60) as f64;
/// Largest component of a rate, in score micros; larger ones are clipped.
const MICROS_MAX: i64 = 1 << 50;

/// A lane in fine units.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LaneModel {
    /// Index in the problem.
    pub lane: u16,
    /// The site whose stock it draws.
    pub site: usize,
    /// Cost of opening it.
    pub fixed: i64,
    /// Cost of the first kilogram, when the parcel weighs anything.
    pub first: i64,
    /// Entry cost: `fixed`, plus `first` when every line weighs something. No parcel costs less.
    pub entry: i64,
    /// Cost of a charged gram past the first kilogram.
    pub slope: i64,
    /// Cost of a unit, draw prices excluded.
    pub unit: i64,
    /// Cost of its hours.
    pub hours: i64,
    /// Whether a ceiling or a capacity may bind.
    pub limited: bool,
    /// Most units of a parcel.
    pub holds: i64,
    /// Most grams of a parcel.
    pub most_g: i64,
}

/// The largest number below `limit` that fits, found by bisection: whatever is less than a number that fits must fit
/// as well. 0 when none does.
pub(super) fn most_below(limit: i64, fits: impl Fn(i64) -> bool) -> i64 {
    let (mut some, mut many) = (0, limit);
    while many - some > 1 {
        let half = some + (many - some) / 2;
        if fits(half) {
            some = half;
        } else {
            many = half;
        }
    }
    some
}

impl LaneModel {
    /// Least fixed part of a parcel's cost when each of its grams counts at this price.
    #[inline]
    pub fn least_at(&self, gram: i64) -> i64 {
        let first = FIRST_KG_G.cast_signed();
        if gram <= self.slope {
            return self.entry - first.min(self.most_g) * gram;
        }
        self.entry + self.slope * (self.most_g - first).max(0) - gram * self.most_g
    }
}

/// Units of a line on a lane, both as indices of the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Take {
    pub lane: u32,
    pub line: u32,
    pub units: i64,
}

/// The problem in fine units.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Lines with demand, as indices of the problem.
    pub lines: Vec<u16>,
    /// Units wanted, by line.
    pub demand: Vec<i64>,
    /// Grams of a unit, by line.
    pub grams: Vec<i64>,
    /// Lanes by entry cost, then by their place in the problem.
    pub lanes: Vec<LaneModel>,
    /// Cost of a unit without weight, lane by lane.
    pub cost: Vec<i64>,
    /// Units that may be drawn, clipped to demand, site by site.
    pub stock: Vec<i64>,
    /// Sites of the problem.
    pub sites: usize,
    /// Whether each line must go whole in one parcel.
    pub whole_lines: bool,
    /// Whether some lane has a binding capacity.
    pub crowded: bool,
    /// The weight step in grams; 0 charges exact grams.
    pub step: u32,
    /// Grams of the whole order.
    pub weight: i64,
    /// Whether every line weighs something.
    pub all_weigh: bool,
    /// Grams of the whole order charged past the first kilogram, when it is one parcel.
    charged: i64,
    /// Most charged grams that one more parcel can save: its first kilogram, rounded up to whole steps.
    pub first_kg_charged: i64,
    /// Units of the whole order.
    pub units: i64,
    /// Most parcels of a plan.
    pub parcels_max: usize,
    /// Upper bound on the cost of a plan.
    pub most: i64,
    /// How many times every cost was halved.
    pub shift: u32,
    /// Whether costs are exact, neither halved nor clipped.
    pub exact: bool,
}

impl Model {
    /// Reads a problem and replaces the previous one.
    pub fn load(&mut self, problem: &Problem) {
        self.load_lines(problem);
        self.load_stock(problem);
        self.load_lanes(problem);
        self.scale(problem);
        self.lanes.sort_unstable_by_key(|lane| (lane.entry, lane.lane));
        self.load_costs(problem);
    }

    /// Number of lines with demand.
    #[inline]
    pub fn n(&self) -> usize {
        self.lines.len()
    }

    /// Most units of a line on a lane.
    #[inline]
    pub fn cap(&self, lane: usize, line: usize) -> i64 {
        self.stock[self.lanes[lane].site * self.n() + line]
    }

    /// Cost of a unit of a line on a lane, without weight.
    #[inline]
    pub fn unit_cost(&self, lane: usize, line: usize) -> i64 {
        self.cost[lane * self.n() + line]
    }

    /// Grams charged past the first kilogram.
    #[inline]
    pub fn charged(&self, weight: i64) -> i64 {
        charged_g(weight.unsigned_abs(), self.step).cast_signed()
    }

    /// Grams rounded up to whole steps.
    #[inline]
    pub fn steps(&self, grams: i64) -> i64 {
        match i64::from(self.step) {
            0 => grams,
            step => (grams + step - 1) / step * step,
        }
    }

    /// Cost of a parcel's weight on a lane.
    #[inline]
    pub fn weight_cost(&self, lane: usize, weight: i64) -> i64 {
        if weight == 0 {
            return 0;
        }
        self.lanes[lane].first + self.lanes[lane].slope * self.charged(weight)
    }

    /// Cost of the whole order's weight on a lane.
    #[inline]
    pub fn whole_weight_cost(&self, lane: usize) -> i64 {
        if self.weight == 0 { 0 } else { self.lanes[lane].first + self.lanes[lane].slope * self.charged }
    }

    /// A cost in score micros, rounded half up.
    pub fn micros(&self, cost: i64) -> i64 {
        let fine = i128::from(cost) << self.shift;
        i64::try_from((fine + i128::from(FINE / 2)).div_euclid(i128::from(FINE))).unwrap_or(i64::MAX)
    }

    fn load_lines(&mut self, problem: &Problem) {
        self.lines.clear();
        self.demand.clear();
        self.grams.clear();
        self.all_weigh = true;
        self.weight = 0;
        self.units = 0;
        for (at, line) in problem.lines.iter().enumerate() {
            if line.units == 0 {
                continue;
            }
            let units = line.units.min(1 << 40).cast_signed();
            self.lines.push(u16::try_from(at).unwrap_or(u16::MAX));
            self.demand.push(units);
            self.units = self.units.saturating_add(units);
            self.grams.push(i64::from(line.weight_g));
            self.all_weigh &= line.weight_g > 0;
            self.weight = self.weight.saturating_add(units.saturating_mul(i64::from(line.weight_g)));
        }
    }

    fn load_stock(&mut self, problem: &Problem) {
        self.sites = problem.sites.len();
        self.stock.clear();
        self.whole_lines = problem.whole_lines;
        let width = problem.lines.len();
        for site in 0..self.sites {
            let row = &problem.stock[site * width..][..width];
            let cells = self.lines.iter().zip(&self.demand);
            self.stock
                .extend(cells.map(|(&line, &demand)| row[usize::from(line)].min(demand.unsigned_abs()).cast_signed()));
            if self.whole_lines {
                let cells = self.stock[site * self.lines.len()..].iter_mut().zip(&self.demand);
                cells.filter(|(stock, demand)| **stock < **demand).for_each(|(stock, _)| *stock = 0);
            }
        }
    }

    fn load_lanes(&mut self, problem: &Problem) {
        self.lanes.clear();
        self.crowded = false;
        self.exact = true;
        self.step = problem.kg_step_g;
        self.charged = self.charged(self.weight);
        self.first_kg_charged = self.steps(FIRST_KG_G.cast_signed());
        self.parcels_max = problem.max_parcels.map_or(usize::MAX, usize::from);
        for (at, lane) in problem.lanes.iter().enumerate() {
            let mut model = self.lane(problem, at, lane);
            if model.limited {
                model.most_g = self.heaviest(problem, lane);
            }
            if let Some(&holds) = problem.capacity.get(at)
                && holds < self.units.unsigned_abs()
            {
                model.holds = holds.cast_signed();
                (model.limited, self.crowded) = (true, true);
            }
            if self.useful(problem, &model) {
                self.join(model);
            }
        }
    }

    /// Adds a lane unless another one of its site replaces it; drops the lanes that it replaces.
    fn join(&mut self, lane: LaneModel) {
        let mate = |other: &LaneModel| other.site == lane.site;
        if self.lanes.iter().any(|other| mate(other) && self.replaces(other, &lane)) {
            return;
        }
        let mut at = 0;
        while at < self.lanes.len() {
            if mate(&self.lanes[at]) && self.replaces(&lane, &self.lanes[at]) {
                self.lanes.swap_remove(at);
            } else {
                at += 1;
            }
        }
        self.lanes.push(lane);
    }

    /// Whether `one` carries anything that `other` can for no more cost, alone or in addition to its own parcel.
    fn replaces(&self, one: &LaneModel, other: &LaneModel) -> bool {
        let joins =
            self.weight <= 1_000 || i128::from(one.entry) >= i128::from(one.slope) * i128::from(self.first_kg_charged);
        if one.limited || one.hours > other.hours || !joins || (!self.all_weigh && one.first > other.first) {
            return false;
        }
        let gain = |charged: i64, units: i64| {
            i128::from(other.entry - one.entry)
                + i128::from(other.slope - one.slope) * i128::from(charged)
                + i128::from(other.unit - one.unit) * i128::from(units)
        };
        let (charged, units) = (self.charged, self.units);
        gain(0, 1) >= 0 && gain(0, units) >= 0 && gain(charged, 1) >= 0 && gain(charged, units) >= 0
    }

    fn lane(&mut self, problem: &Problem, at: usize, lane: &Lane) -> LaneModel {
        let mut fine = |micros: i64| {
            let micros = micros.max(0);
            self.exact &= micros <= MICROS_MAX;
            micros.min(MICROS_MAX) * FINE
        };
        let weights = &problem.weights;
        let hours = i128::from(weights.time.max(0)) * i128::from(lane.rate.hours);
        let fixed = fine(weights.weigh(lane.rate.parcel).saturating_add(lane.penalty.max(0)));
        let first = fine(weights.weigh(lane.rate.first_kg));
        LaneModel {
            lane: u16::try_from(at).unwrap_or(u16::MAX),
            site: usize::from(lane.site),
            fixed,
            first,
            entry: fixed + if self.all_weigh { first } else { 0 },
            // A micro per kilogram is a fine unit per gram.
            slope: fine(weights.weigh(lane.rate.further_kg)) / FINE,
            unit: fine(weights.weigh(lane.rate.unit)),
            hours: fine(i64::try_from(hours).unwrap_or(i64::MAX)),
            limited: lane.ceiling.is_some_and(|ceiling| self.may_exceed(problem, lane, ceiling.0)),
            holds: self.units,
            most_g: self.weight,
        }
    }

    /// Grams of the heaviest parcel of one unit that the ceiling allows.
    fn heaviest(&self, problem: &Problem, lane: &Lane) -> i64 {
        let ceiling = lane.ceiling.map_or(i64::MAX, |ceiling| ceiling.0);
        let fits = |grams: i64| lane.rate.parts(1, grams.unsigned_abs(), problem.kg_step_g).total().0 <= ceiling;
        most_below(self.weight + 1, fits)
    }

    /// Whether the whole order in one parcel would cost more than the ceiling.
    fn may_exceed(&self, problem: &Problem, lane: &Lane, ceiling: i64) -> bool {
        lane.rate.parts(self.units.unsigned_abs(), self.weight.unsigned_abs(), problem.kg_step_g).total().0 > ceiling
    }

    /// Whether the lane's site has units of some line, and a parcel with one of them (or the whole line) is allowed.
    fn useful(&self, problem: &Problem, lane: &LaneModel) -> bool {
        let n = self.n();
        let row = &self.stock[lane.site * n..][..n];
        if !lane.limited {
            return row.iter().any(|&units| units > 0);
        }
        let asked = &problem.lanes[usize::from(lane.lane)];
        let ceiling = asked.ceiling.map_or(i64::MAX, |ceiling| ceiling.0);
        row.iter().zip(&self.grams).any(|(&units, &grams)| {
            units > 0
                && lane.holds >= if self.whole_lines { units } else { 1 }
                && asked.rate.parts(1, grams.unsigned_abs(), problem.kg_step_g).total().0 <= ceiling
        })
    }

    /// Halves the costs of lanes until sums of them cannot overflow.
    fn scale(&mut self, problem: &Problem) {
        let largest = |of: fn(&LaneModel) -> i64| self.lanes.iter().map(of).max().unwrap_or(0) as f64;
        let units: f64 = self.demand.iter().map(|&units| units as f64).sum();
        let scarce = problem.draws.iter().map(|micros| micros.unsigned_abs()).max().unwrap_or(0);
        let opened: f64 = self.lanes.iter().map(|lane| (lane.fixed + lane.first) as f64).sum();
        let grams = self.weight as f64 + self.lanes.len() as f64 * f64::from(self.step);
        let worst = opened
            + largest(|lane| lane.hours)
            + largest(|lane| lane.slope) * grams
            + (largest(|lane| lane.unit) + scarce as f64 * FINE as f64) * units;
        self.shift = 0;
        let mut limit = SUM_MAX / (self.demand.len() + 4) as f64;
        // A further shift would change nothing: no cost is left.
        while worst > limit && self.shift < i64::BITS - 1 {
            self.shift += 1;
            limit *= 2.0;
        }
        self.most = (worst / f64::from(self.shift).exp2()) as i64 + 1;
        if self.shift == 0 {
            return;
        }
        self.exact = false;
        for lane in &mut self.lanes {
            for cost in
                [&mut lane.fixed, &mut lane.first, &mut lane.entry, &mut lane.slope, &mut lane.unit, &mut lane.hours]
            {
                *cost >>= self.shift;
            }
        }
    }

    fn load_costs(&mut self, problem: &Problem) {
        self.cost.clear();
        let width = problem.lines.len();
        for lane in &self.lanes {
            if problem.draws.is_empty() {
                self.cost.resize(self.cost.len() + self.lines.len(), lane.unit);
                continue;
            }
            let row = &problem.draws[lane.site * width..][..width];
            for &line in &self.lines {
                let micros = row[usize::from(line)];
                let held = micros.clamp(-MICROS_MAX, MICROS_MAX);
                self.exact &= held == micros;
                self.cost.push(lane.unit + ((held * FINE) >> self.shift));
            }
        }
    }
}
