//! A good first set of lanes, found by adding, dropping or exchanging one lane at a time. Every line's best and
//! second-best lane are kept, so one pass over the costs evaluates all moves (Whitaker's interchange).
//!
//! Costs are floating point here: they only choose a set, and its plan is then priced exactly.

use super::model::Model;
use super::search::Search;

/// Costs of the moves, and the current set. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Interchange {
    /// The current set of lanes.
    pub set: Vec<usize>,
    /// Cost of a whole line, lane by lane; at least `far` where the lane has too little stock.
    cost: Vec<f64>,
    entry: Vec<f64>,
    far: f64,
    /// Cost of each line on its best and its second-best lane of the set, and the place of the best one in the set.
    first: Vec<f64>,
    second: Vec<f64>,
    place: Vec<usize>,
    /// Loss of the lines when each place of the set gives way to the lane being evaluated.
    loss: Vec<f64>,
}

/// A change of the set.
#[derive(Clone, Copy)]
enum Move {
    Add(usize),
    Drop(usize),
    Exchange(usize, usize),
}

impl Interchange {
    /// Searches for a set among the lanes that `usable` allows, assuming that each line ships whole on one lane and
    /// that each gram costs the lane's slope.
    pub fn search(&mut self, search: &mut Search<'_>, usable: impl Fn(usize) -> bool) {
        let model = search.model;
        let cells = (model.n() * model.lanes.len()) as i64;
        search.work -= 2 * cells;
        self.prepare(model);
        while search.work > cells && self.set.len() < model.parcels_max {
            search.work -= cells;
            let Some(lane) = self.best_addition(model, &usable) else { break };
            self.set.push(lane);
            self.join(model.n(), self.set.len() - 1);
        }
        while search.work > 3 * cells {
            search.work -= 3 * cells;
            match self.best_move(model, &usable) {
                None => break,
                Some(Move::Add(lane)) => self.set.push(lane),
                Some(Move::Drop(place)) => drop(self.set.swap_remove(place)),
                Some(Move::Exchange(lane, place)) => self.set[place] = lane,
            }
            self.rank(model.n());
        }
        self.set.sort_unstable();
    }

    fn prepare(&mut self, model: &Model) {
        let n = model.n();
        self.far = (model.most / (n as i64 + 1) + 1) as f64;
        self.cost.clear();
        self.entry.clear();
        for (at, lane) in model.lanes.iter().enumerate() {
            let slope = if model.weight > 1_000 { lane.slope } else { 0 };
            self.entry.push(lane.least_at(slope) as f64);
            for line in 0..n {
                let each = model.unit_cost(at, line) + slope * model.grams[line];
                let cost = (each * model.demand[line]) as f64;
                let enough = model.cap(at, line) >= model.demand[line];
                self.cost.push(if enough { cost } else { self.far.max(cost) });
            }
        }
        self.far = self.cost.iter().copied().fold(self.far, f64::max);
        self.set.clear();
        self.rank(n);
    }

    /// Finds every line's best and second-best lane of the set.
    fn rank(&mut self, n: usize) {
        for costs in [&mut self.first, &mut self.second] {
            costs.clear();
            costs.resize(n, self.far);
        }
        self.place.clear();
        self.place.resize(n, usize::MAX);
        for place in 0..self.set.len() {
            self.join(n, place);
        }
    }

    fn join(&mut self, n: usize, place: usize) {
        let costs = &self.cost[self.set[place] * n..][..n];
        for (line, &cost) in costs.iter().enumerate() {
            if cost < self.first[line] {
                self.second[line] = self.first[line];
                self.first[line] = cost;
                self.place[line] = place;
            } else if cost < self.second[line] {
                self.second[line] = cost;
            }
        }
    }

    /// The lane whose addition saves most, if any does.
    fn best_addition(&self, model: &Model, usable: &impl Fn(usize) -> bool) -> Option<usize> {
        let n = model.n();
        let mut most = (0.0, None);
        for lane in (0..model.lanes.len()).filter(|&lane| usable(lane)) {
            let pairs = self.first.iter().zip(&self.cost[lane * n..][..n]);
            let gain = pairs.map(|(first, cost)| (first - cost).max(0.0)).sum::<f64>() - self.entry[lane];
            if gain > most.0 && !self.set.contains(&lane) {
                most = (gain, Some(lane));
            }
        }
        most.1
    }

    fn best_move(&mut self, model: &Model, usable: &impl Fn(usize) -> bool) -> Option<Move> {
        // A gain within rounding error does not count.
        let mut most = (1e-12 * model.most as f64, None);
        let mut consider = |gain: f64, change: Move| {
            if gain > most.0 {
                most = (gain, Some(change));
            }
        };
        let full = self.set.len() >= model.parcels_max;
        for lane in (0..model.lanes.len()).filter(|&lane| usable(lane)) {
            if self.set.contains(&lane) {
                continue;
            }
            let gain = self.look(lane, model.n()) - self.entry[lane];
            if !full {
                consider(gain, Move::Add(lane));
            }
            for (place, &out) in self.set.iter().enumerate() {
                consider(gain - self.loss[place] + self.entry[out], Move::Exchange(lane, place));
            }
        }
        self.loss.clear();
        self.loss.resize(self.set.len(), 0.0);
        for (&place, (first, second)) in self.place.iter().zip(self.first.iter().zip(&self.second)) {
            if place != usize::MAX {
                self.loss[place] += second - first;
            }
        }
        for (place, &out) in self.set.iter().enumerate() {
            consider(self.entry[out] - self.loss[place], Move::Drop(place));
        }
        most.1
    }

    /// Gain of the lines from adding a lane to the set; `loss` receives what they lose when it replaces each lane of
    /// the set.
    fn look(&mut self, lane: usize, n: usize) -> f64 {
        self.loss.clear();
        self.loss.resize(self.set.len(), 0.0);
        let mut gain = 0.0;
        let ranks = self.place.iter().zip(self.first.iter().zip(&self.second));
        for ((&place, (&first, &second)), &cost) in ranks.zip(&self.cost[lane * n..][..n]) {
            gain += (first - cost).max(0.0);
            if let Some(loss) = self.loss.get_mut(place) {
                *loss += (cost.min(second) - first).max(0.0);
            }
        }
        gain
    }
}
