//! What every part of the search shares: the problem with the work that is left, and the best plan so far.

use super::model::{COST_MAX, Model, Take, most_below};
use super::pricing::allowed;
use super::problem::Problem;

/// The best plan so far, in fine units.
#[derive(Debug, Default)]
pub(super) struct Best {
    /// What it costs; [`COST_MAX`] when there is none.
    pub cost: i64,
    /// What it is.
    pub takes: Vec<Take>,
}

impl Best {
    /// Forgets the plan.
    pub fn clear(&mut self) {
        self.cost = COST_MAX;
        self.takes.clear();
    }

    /// Takes over a better plan.
    pub fn take(&mut self, other: &mut Best) {
        self.cost = other.cost;
        std::mem::swap(&mut self.takes, &mut other.takes);
    }

    /// Whether there is a plan.
    pub fn found(&self) -> bool {
        self.cost < COST_MAX
    }
}

/// What a search may still spend, and what it looks at.
pub(super) struct Ground<'a> {
    pub problem: &'a Problem,
    pub model: &'a Model,
    pub work: i64,
}

impl Ground<'_> {
    /// Whether a lane's ceiling allows a parcel.
    pub fn allows(&self, lane: usize, units: i64, weight: i64) -> bool {
        let lane = &self.model.lanes[lane];
        if !lane.limited {
            return true;
        }
        let asked = &self.problem.lanes[usize::from(lane.lane)];
        units <= lane.holds && allowed(self.problem, asked, units.unsigned_abs(), weight.unsigned_abs())
    }

    /// The most units of a line, up to `want`, that a lane's ceiling lets join a parcel.
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
