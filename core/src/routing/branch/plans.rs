//! Plans that the prices suggest during the search.

use super::{Branch, FIRST_SHARE, IMPROVING_SHARE, MANY_LINES, PLACING_SHARE};
use crate::routing::assign::Assign;
use crate::routing::dual::State;
use crate::routing::model::Take;
use crate::routing::search::{Best, Search};

/// Plans within one part in this many of the best one are improved by small changes; the second figure holds below
/// the root.
const WORTH_IMPROVING: i64 = 200;
const WORTH_IMPROVING_DEEP: i64 = 2_000;
/// A lane that raises the bound by less than this part of the gap is tried as part of a plan.
const NEAR: i64 = 4;

impl Branch {
    /// Tries the set of lanes that the prices use, unless it was tried before.
    pub(super) fn try_wanted(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best) {
        let model = search.model;
        self.set.clear();
        self.set.extend(
            (0..model.lanes.len()).filter(|&lane| self.dual.state[lane] == State::Open || self.dual.wants(model, lane)),
        );
        if self.set.len() <= model.parcels_max {
            let mark = mark(&self.set);
            if !self.tried.contains(&mark) {
                self.tried.push(mark);
                self.try_set(search, assign, best);
            }
        }
    }

    /// Tries a plan from what lanes with capacities take at these prices: a line that several lanes take goes to the
    /// cheapest of them, a line that none takes goes where there is room.
    pub(super) fn try_packed(&mut self, search: &mut Search<'_>, best: &mut Best) {
        let model = search.model;
        let n = model.n();
        if !model.crowded || search.work <= 0 {
            return;
        }
        self.trial.clear();
        self.lacking.clear();
        for line in 0..n {
            let wants = |lane: usize| self.dual.wants(model, lane) || self.dual.state[lane] == State::Open;
            let takers = (0..model.lanes.len()).filter(|&lane| {
                model.lanes[lane].holds < model.units
                    && wants(lane)
                    && self.dual.packed(n, lane)[line] == model.demand[line]
            });
            match takers.min_by_key(|&lane| (model.unit_cost(lane, line), lane)) {
                Some(lane) => {
                    self.trial.takes.push(Take { lane: lane as u32, line: line as u32, units: model.demand[line] });
                }
                None => self.lacking.push((model.demand[line], line)),
            }
        }
        search.work -= 4 * (n * model.lanes.len()) as i64;
        if self.local.complete(search, &mut self.lacking, &mut self.trial) && self.trial.cost < best.cost {
            best.take(&mut self.trial);
        }
    }

    /// Tries the set of lanes that exchanges end at.
    pub(super) fn try_interchange(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best) {
        let dual = &self.dual;
        self.interchange.search(search, |lane| dual.state[lane] != State::Closed);
        self.set.clone_from(&self.interchange.set);
        if !self.set.is_empty() {
            self.try_set(search, assign, best);
        }
    }

    /// Tries the set of all lanes that raise the bound only a little; small changes then close what is not needed.
    pub(super) fn try_near(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best, bound: i64) {
        let near = best.cost.saturating_sub(self.hours + bound) / NEAR;
        let lanes = 0..search.model.lanes.len();
        self.set.clear();
        self.set.extend(lanes.filter(|&lane| match self.dual.state[lane] {
            State::Open => true,
            State::Free => self.dual.value(lane) <= near,
            State::Closed => false,
        }));
        if self.set.len() <= search.model.parcels_max {
            self.try_set(search, assign, best);
        }
    }

    pub(super) fn try_set(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best) {
        let model = search.model;
        if !self.cover(search) {
            return;
        }
        if model.n() > MANY_LINES {
            // With many lines, filling by prices of a gram beats a greedy plan.
            let before = best.cost;
            assign.solve(search, &self.set, i64::MAX, best);
            if best.cost < before {
                self.local.improve_within(search, best, IMPROVING_SHARE);
                return;
            }
        }
        if !model.crowded && model.n() <= MANY_LINES {
            let before = best.cost;
            assign.solve(search, &self.set, PLACING_SHARE, best);
            if best.cost < before {
                self.local.improve_within(search, best, FIRST_SHARE);
                self.refine(search, assign, best);
            }
            return;
        }
        self.trial.clear();
        assign.greedy(search, &self.set, true, &mut self.trial);
        let share = if self.trail.is_empty() { WORTH_IMPROVING } else { WORTH_IMPROVING_DEEP };
        let worth = best.cost.saturating_add(best.cost / share);
        if self.trial.found() && (self.trial.cost < worth || model.n() > MANY_LINES) {
            self.local.improve_within(search, &mut self.trial, IMPROVING_SHARE);
            if self.trial.cost < best.cost {
                best.take(&mut self.trial);
            }
        }
    }

    /// Searches for the best filling of the best plan's parcels.
    pub(super) fn refine(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best) {
        if search.model.n() > MANY_LINES || search.model.crowded || search.work <= 0 {
            return;
        }
        self.set.clear();
        for take in &best.takes {
            if !self.set.contains(&(take.lane as usize)) {
                self.set.push(take.lane as usize);
            }
        }
        self.set.sort_unstable();
        let mark = mark(&self.set);
        if !self.tried.contains(&mark) {
            self.tried.push(mark);
            assign.solve(search, &self.set, PLACING_SHARE, best);
        }
    }

    /// Adds lanes to the set being tried until their sites cover the order: each time, of the lanes with stock of a
    /// missing line, the one that raises the bound least. Returns false when no lanes can cover it.
    fn cover(&mut self, search: &mut Search<'_>) -> bool {
        let model = search.model;
        let n = model.n();
        self.short.clear();
        self.short.extend_from_slice(&model.demand);
        for at in 0..self.set.len() {
            let site = model.lanes[self.set[at]].site;
            if self.set[..at].iter().all(|&other| model.lanes[other].site != site) {
                draw(&mut self.short, &model.stock[site * n..][..n]);
            }
        }
        search.work -= (n * self.set.len()) as i64;
        while self.short.iter().any(|&units| units > 0) {
            search.work -= n as i64;
            if self.set.len() >= model.parcels_max || search.work <= 0 {
                return false;
            }
            let others = (0..model.lanes.len()).filter(|&lane| {
                let site = model.lanes[lane].site;
                self.dual.state[lane] != State::Closed && self.set.iter().all(|&other| model.lanes[other].site != site)
            });
            let useful = others.filter(|&lane| {
                let stock = &model.stock[model.lanes[lane].site * n..][..n];
                self.short.iter().zip(stock).any(|(&short, &stock)| short > 0 && stock > 0)
            });
            let Some(lane) = useful.min_by_key(|&lane| (self.dual.value(lane), lane)) else { return false };
            draw(&mut self.short, &model.stock[model.lanes[lane].site * n..][..n]);
            self.set.push(lane);
        }
        self.set.sort_unstable();
        true
    }
}

/// Hash of a set of lanes.
fn mark(set: &[usize]) -> u64 {
    set.iter().fold(0, |mark: u64, &lane| (mark.rotate_left(7) ^ lane as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Subtracts a site's stock from the missing units.
fn draw(short: &mut [i64], stock: &[i64]) {
    short.iter_mut().zip(stock).for_each(|(short, stock)| *short = (*short - stock).max(0));
}
