//! State shared by all parts of the search: the problem, the remaining work, and the best plan so far.

use super::model::{COST_MAX, Model, Take, most_below};
use super::pricing::allowed;
use super::problem::Problem;

/// The best plan so far, in fine units.
#[derive(Debug, Default)]
pub(super) struct Best {
    /// Its cost; [`COST_MAX`] when there is no plan.
    pub cost: i64,
    /// Its takes.
    pub takes: Vec<Take>,
}

impl Best {
    /// Forgets the plan.
    pub fn clear(&mut self) {
        self.cost = COST_MAX;
        self.takes.clear();
    }

    /// Replaces the plan by another one, which gets the old takes.
    pub fn take(&mut self, other: &mut Best) {
        self.cost = other.cost;
        std::mem::swap(&mut self.takes, &mut other.takes);
    }

    /// Whether there is a plan.
    pub fn found(&self) -> bool {
        self.cost < COST_MAX
    }
}

/// Contents of the parcels of a set.
#[derive(Debug, Default)]
pub(super) struct Loads {
    /// Grams and units, by place in the set.
    pub weight: Vec<i64>,
    pub units: Vec<i64>,
}

impl Loads {
    /// Counts the contents of the parcels after these takes.
    pub fn count(&mut self, model: &Model, set: &[usize], takes: &[Take]) {
        for counts in [&mut self.weight, &mut self.units] {
            counts.clear();
            counts.resize(set.len(), 0);
        }
        for take in takes {
            let at = set.iter().position(|&lane| lane == take.lane as usize).unwrap_or(0);
            self.add(model, at, take.line as usize, take.units);
        }
    }

    /// Adds units of a line to a parcel.
    #[inline]
    pub fn add(&mut self, model: &Model, at: usize, line: usize, units: i64) {
        self.units[at] += units;
        self.weight[at] += units * model.grams[line];
    }

    /// Prices the counted takes and records them in `best` if they are allowed and cheaper. Returns their cost, or
    /// [`COST_MAX`] when a parcel is not allowed.
    pub fn offer(&self, search: &Search<'_>, set: &[usize], takes: &[Take], best: &mut Best) -> i64 {
        let model = search.model;
        let mut hours = 0;
        let mut cost: i64 =
            takes.iter().map(|take| take.units * model.unit_cost(take.lane as usize, take.line as usize)).sum();
        for (&lane, (&units, &weight)) in set.iter().zip(self.units.iter().zip(&self.weight)) {
            if units == 0 {
                continue;
            }
            if !search.allows(lane, units, weight) {
                return COST_MAX;
            }
            cost += model.lanes[lane].fixed + model.weight_cost(lane, weight);
            hours = hours.max(model.lanes[lane].hours);
        }
        if cost + hours < best.cost {
            best.cost = cost + hours;
            best.takes.clear();
            best.takes.extend_from_slice(takes);
        }
        cost + hours
    }
}

/// The problem being searched and the work that may still be spent.
pub(super) struct Search<'a> {
    pub problem: &'a Problem,
    pub model: &'a Model,
    pub work: i64,
}

impl Search<'_> {
    /// Whether a lane's ceiling and capacity allow a parcel of these units and grams.
    pub fn allows(&self, lane: usize, units: i64, weight: i64) -> bool {
        let lane = &self.model.lanes[lane];
        if !lane.limited {
            return true;
        }
        let asked = &self.problem.lanes[usize::from(lane.lane)];
        units <= lane.holds && allowed(self.problem, asked, units.unsigned_abs(), weight.unsigned_abs())
    }

    /// The most units of a line, up to `want`, that can join a parcel within the lane's ceiling and capacity.
    pub fn room(&self, lane: usize, units: i64, weight: i64, grams: i64, want: i64) -> i64 {
        let fits = |more: i64| self.allows(lane, units + more, weight + more * grams);
        if want <= 0 || fits(want) {
            return want.max(0);
        }
        if self.model.whole_lines {
            return 0;
        }
        most_below(want, fits)
    }
}
