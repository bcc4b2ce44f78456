//! A good set of lanes for orders of many lines: add, drop or exchange one lane at a time, seeing every line's best and
//! second-best lane, so that all moves together take one pass over the costs (Whitaker's interchange).

use super::assign::Ground;
use super::model::{COST_MAX, Model};

/// The costs of moves and the set they lead to. All buffers are kept.
#[derive(Debug, Default)]
pub(super) struct Interchange {
    /// The set.
    pub set: Vec<usize>,
    /// Cost of a whole line by lane; `far` where the lane has too little.
    cost: Vec<i64>,
    entry: Vec<i64>,
    far: i64,
    /// For each line its best lane as a place in the set, that cost and the second-best.
    best: Vec<(usize, i64, i64)>,
    /// What each place in the set would lose, for the lane being looked at.
    loss: Vec<i64>,
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
        self.prepare(model);
        self.set.clear();
        let pass = 2 * (model.n() * model.lanes.len()) as i64;
        while ground.work > pass {
            ground.work -= pass;
            self.rank(model.n());
            match self.best_move(model, &usable) {
                None => break,
                Some(Move::Add(lane)) => self.set.push(lane),
                Some(Move::Drop(place)) => drop(self.set.swap_remove(place)),
                Some(Move::Exchange(lane, place)) => self.set[place] = lane,
            }
        }
        self.set.sort_unstable();
    }

    fn prepare(&mut self, model: &Model) {
        let n = model.n();
        self.far = model.most / (n as i64 + 1) + 1;
        self.cost.clear();
        self.entry.clear();
        for (at, lane) in model.lanes.iter().enumerate() {
            let slope = if model.weight > 1_000 { lane.slope } else { 0 };
            self.entry.push(lane.least_at(slope));
            for line in 0..n {
                let each = model.unit_cost(at, line) + slope * model.grams[line];
                let enough = model.cap(at, line) >= model.demand[line];
                self.cost.push(if enough {
                    each * model.demand[line]
                } else {
                    self.far.max(each * model.demand[line])
                });
            }
        }
        self.far = self.cost.iter().copied().max().unwrap_or(0).max(self.far);
    }

    fn rank(&mut self, n: usize) {
        self.best.clear();
        self.best.resize(n, (usize::MAX, self.far, self.far));
        for (place, &lane) in self.set.iter().enumerate() {
            for (best, &cost) in self.best.iter_mut().zip(&self.cost[lane * n..][..n]) {
                if cost < best.1 {
                    *best = (place, cost, best.1);
                } else if cost < best.2 {
                    best.2 = cost;
                }
            }
        }
    }

    fn best_move(&mut self, model: &Model, usable: &impl Fn(usize) -> bool) -> Option<Move> {
        let mut most = (0, None);
        let mut consider = |gain: i64, change: Move| {
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
        self.loss.iter_mut().for_each(|loss| *loss = 0);
        self.loss.resize(self.set.len(), 0);
        for &(place, first, second) in self.best.iter().filter(|best| best.0 != usize::MAX) {
            self.loss[place] += second - first;
        }
        for (place, &out) in self.set.iter().enumerate() {
            consider(self.entry[out] - self.loss[place], Move::Drop(place));
        }
        debug_assert!(most.0 < COST_MAX);
        most.1
    }

    /// What the lines gain from a lane besides the set; `loss` is what they lose when another one leaves for it.
    fn look(&mut self, lane: usize, n: usize) -> i64 {
        self.loss.clear();
        self.loss.resize(self.set.len(), 0);
        let mut gain = 0;
        for (&(place, first, second), &cost) in self.best.iter().zip(&self.cost[lane * n..][..n]) {
            if cost < first {
                gain += first - cost;
            } else if place != usize::MAX {
                self.loss[place] += cost.min(second) - first;
            }
        }
        gain
    }
}
