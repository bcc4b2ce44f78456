//! A good set of lanes to begin with: add, drop or exchange one lane at a time, seeing every line's best and
//! second-best lane, so that all moves together take one pass over the costs (Whitaker's interchange).
//!
//! Costs are floating point here: they only choose a set, whose plan is then priced exactly.

use super::ground::Ground;
use super::model::Model;

/// The costs of moves and the set they lead to. All buffers are kept.
#[derive(Debug, Default)]
pub(super) struct Interchange {
    /// The set.
    pub set: Vec<usize>,
    /// Cost of a whole line by lane; `far` where the lane has too little.
    cost: Vec<f64>,
    entry: Vec<f64>,
    far: f64,
    /// For each line what its best lane of the set costs and the second-best, and the best one's place in the set.
    first: Vec<f64>,
    second: Vec<f64>,
    place: Vec<usize>,
    /// What each place in the set would lose, for the lane being looked at.
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
    /// Looks for a set among the lanes that `usable` allows, as if each line came whole from one lane and each gram cost
    /// the lane's slope.
    pub fn search(&mut self, ground: &mut Ground<'_>, usable: impl Fn(usize) -> bool) {
        let model = ground.model;
        let cells = (model.n() * model.lanes.len()) as i64;
        ground.work -= 2 * cells;
        self.prepare(model);
        while ground.work > cells && self.set.len() < model.parcels_max {
            ground.work -= cells;
            let Some(lane) = self.best_addition(model, &usable) else { break };
            self.set.push(lane);
            self.join(model.n(), self.set.len() - 1);
        }
        while ground.work > 3 * cells {
            ground.work -= 3 * cells;
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

    /// Every line's best and second-best lane of the set.
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

    /// The lane whose addition gains most, if any gains.
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
        // A gain that rounding could feign is none.
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

    /// What the lines gain from a lane besides the set; `loss` is what they lose when another one leaves for it.
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
