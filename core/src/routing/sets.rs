//! Enumerates the sets of parcels that could improve on the best plan, cheapest first.

use super::assign::Assign;
use super::model::{COST_MAX, Model, Take};
use super::search::{Best, Search};

/// Least cost of the lanes of a set, whatever they carry.
#[derive(Clone, Copy, Debug)]
struct Opened {
    /// Sum of their entry costs, in fine units.
    entry: i64,
    /// Hours of the slowest of them, in fine units.
    hours: i64,
}

/// Enumerates sets of lanes by entry cost. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Sets {
    set: Vec<usize>,
    /// Most units of each line that the set can carry, one row for each depth.
    covered: Vec<i64>,
    /// Sum of every line's least cost over all lanes.
    base: i64,
    slope_min: i64,
    whole: bool,
}

impl Sets {
    /// Finds the best plan of a single parcel, if one can carry the whole order.
    pub fn singles(&mut self, search: &mut Search<'_>, best: &mut Best) {
        let model = search.model;
        let n = model.n();
        search.work -= (n * model.lanes.len()) as i64;
        for at in 0..model.lanes.len() {
            let lane = &model.lanes[at];
            let stock = &model.stock[lane.site * n..][..n];
            if !stock.iter().zip(&model.demand).all(|(stock, demand)| stock >= demand) {
                continue;
            }
            let costs = &model.cost[at * n..][..n];
            let drawn: i64 = costs.iter().zip(&model.demand).map(|(cost, demand)| cost * demand).sum();
            let cost = lane.hours + lane.fixed + drawn + model.whole_weight_cost(at);
            if cost < best.cost && search.allows(at, model.units, model.weight) {
                best.cost = cost;
                best.takes.clear();
                let whole = model.demand.iter().enumerate();
                best.takes.extend(whole.map(|(line, &units)| Take { lane: at as u32, line: line as u32, units }));
            }
        }
    }

    /// Tries every set of two or more parcels that the bounds do not exclude. Returns whether the search was
    /// complete.
    pub fn search(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best) -> bool {
        self.whole = true;
        if search.model.parcels_max > 1 && search.model.lanes.len() > 1 {
            search.work -= (2 * search.model.n() * search.model.lanes.len()) as i64;
            self.prepare(search.model);
            self.extend(search, assign, best, 0, Opened { entry: 0, hours: 0 });
        }
        self.whole && search.work > 0
    }

    fn prepare(&mut self, model: &Model) {
        self.set.clear();
        self.covered.clear();
        self.covered.resize(model.n(), 0);
        self.slope_min = model.lanes.iter().map(|lane| lane.slope).min().unwrap_or(0);
        self.base = 0;
        for line in 0..model.n() {
            let offers = 0..model.lanes.len();
            let least = offers.filter(|&lane| model.cap(lane, line) > 0).map(|lane| model.unit_cost(lane, line)).min();
            self.base += least.unwrap_or(0) * model.demand[line];
        }
    }

    /// Least cost of weight and of parcels beyond the first `open` ones, when each further parcel costs `entry`.
    fn beyond(&self, model: &Model, open: usize, entry: i64) -> i64 {
        let mut least = i64::MAX;
        let mut more = usize::from(open == 0);
        loop {
            let over = (model.weight - 1_000 * (open + more) as i64).max(0);
            let weighed = if over == 0 || self.slope_min == 0 { 0 } else { self.slope_min * model.steps(over) };
            let cost = entry.saturating_mul(more as i64).saturating_add(weighed);
            least = least.min(cost);
            if over == 0 || entry >= self.slope_min * model.first_kg_charged {
                return least;
            }
            more += 1;
        }
    }

    /// Extends the set, opened at this cost, by each lane from `from` on that can still lead to a better plan.
    fn extend(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best, from: usize, opened: Opened) {
        let Opened { entry, hours } = opened;
        let model = search.model;
        let (n, depth) = (model.n(), self.set.len());
        for at in from..model.lanes.len() {
            let lane = &model.lanes[at];
            let (with, slowest) = (entry + lane.entry, hours.max(lane.hours));
            let bound = with + self.base + hours + self.beyond(model, depth + 1, lane.entry);
            if bound >= best.cost {
                break;
            }
            search.work -= 6 * n as i64;
            if search.work <= 0 {
                self.whole = false;
                return;
            }
            if bound - hours + slowest >= best.cost {
                continue;
            }
            let deeper = depth + 1 < model.parcels_max
                && model.lanes.get(at + 1).is_some_and(|next| {
                    with + next.entry + self.base + hours + self.beyond(model, depth + 2, next.entry) < best.cost
                });
            if depth == 0 && !deeper {
                continue;
            }
            self.set.push(at);
            self.cover(model, at, depth);
            if depth > 0 && (0..n).all(|line| self.covered[(depth + 1) * n + line] >= model.demand[line]) {
                self.whole &= assign.solve(search, &self.set, 1, best) >= COST_MAX;
            }
            if deeper {
                self.extend(search, assign, best, at + 1, Opened { entry: with, hours: slowest });
            }
            self.set.pop();
        }
    }

    /// Writes the row of units that the set covers with its last lane.
    fn cover(&mut self, model: &Model, at: usize, depth: usize) {
        let n = model.n();
        let site = model.lanes[at].site;
        let again = self.set[..depth].iter().any(|&other| model.lanes[other].site == site);
        self.covered.truncate((depth + 1) * n);
        for line in 0..n {
            let before = self.covered[depth * n + line];
            self.covered.push(before + if again { 0 } else { model.cap(at, line) });
        }
    }
}
