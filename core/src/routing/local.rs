//! Improves plans by small changes: move units to another parcel, close a parcel, replace one by another, swap two
//! lines.

use super::model::{Model, Take};
use super::search::{Best, Search};

/// The plan being changed. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Local {
    /// Lanes that get no new parcel at present.
    barred: Option<[usize; 2]>,
    takes: Vec<Take>,
    /// Grams and units, by lane.
    weight: Vec<i64>,
    units: Vec<i64>,
    /// Units drawn, site by site.
    drawn: Vec<i64>,
    /// Lanes with a parcel.
    open: Vec<usize>,
    /// Cost of the plan, hours excluded.
    total: i64,
    /// The plan before the change being tried.
    before: Vec<Take>,
    moving: Vec<Take>,
}

impl Local {
    /// Like [`Local::improve`], with one part in `share` of the remaining work.
    pub fn improve_within(&mut self, search: &mut Search<'_>, best: &mut Best, share: i64) {
        let kept = search.work - search.work / share;
        search.work -= kept;
        self.improve(search, best);
        search.work += kept;
    }

    /// Changes the best plan until no small change improves it or the work is spent.
    fn improve(&mut self, search: &mut Search<'_>, best: &mut Best) {
        if !best.found() {
            return;
        }
        self.load(search.model, &best.takes);
        loop {
            let shifted = self.shift_all(search);
            let moved = self.close_any(search) || self.swap_any(search);
            if search.work <= 0 || !(shifted || moved) {
                break;
            }
        }
        let cost = self.cost(search.model);
        if cost < best.cost {
            best.cost = cost;
            best.takes.clone_from(&self.takes);
        }
    }

    /// Removes each parcel of the best plan in turn, and each pair: their lines go elsewhere, and the plan is
    /// improved. Restarts from each better plan.
    pub fn explore(&mut self, search: &mut Search<'_>, best: &mut Best, trial: &mut Best) {
        let (mut one, mut two) = (0, 0);
        while one < search.model.lanes.len() && search.work > 0 {
            let used = |lane: usize| best.takes.iter().any(|take| take.lane as usize == lane);
            let better = used(one) && used(two) && {
                self.barred = Some([one, two]);
                let without = |take: &Take| [one, two].contains(&(take.lane as usize));
                trial.takes.clear();
                trial.takes.extend(best.takes.iter().filter(|take| !without(take)));
                let gone = best.takes.iter().filter(|take| without(take));
                let mut short: Vec<(i64, usize)> = gone.map(|take| (take.units, take.line as usize)).collect();
                let complete = self.complete(search, &mut short, trial);
                self.barred = None;
                complete && {
                    self.improve(search, trial);
                    trial.cost < best.cost
                }
            };
            if better {
                best.take(trial);
                (one, two) = (0, 0);
                continue;
            }
            two += 1;
            if two == search.model.lanes.len() {
                one += 1;
                two = one;
            }
        }
    }

    /// Adds the missing lines to a plan, the largest first, each where it adds least; then improves the plan. Returns
    /// false when a line fits nowhere, or when a parcel already exceeds its ceiling.
    pub fn complete(&mut self, search: &mut Search<'_>, short: &mut [(i64, usize)], best: &mut Best) -> bool {
        let model = search.model;
        self.load(model, &best.takes);
        if self.open.iter().any(|&lane| !search.allows(lane, self.units[lane], self.weight[lane])) {
            return false;
        }
        short.sort_unstable_by_key(|&(units, line)| (-units, line));
        for &(units, line) in short.iter() {
            search.work -= 5 * model.lanes.len() as i64;
            let fits = (0..model.lanes.len()).filter(|&lane| self.room(search, lane, line, units) == units);
            let least = fits.min_by_key(|&lane| (self.joining(model, lane, line, units), lane));
            let Some(lane) = least else { return false };
            self.put(model, Take { lane: lane as u32, line: line as u32, units });
        }
        best.cost = self.cost(model);
        best.takes.clone_from(&self.takes);
        self.improve(search, best);
        true
    }

    fn load(&mut self, model: &Model, takes: &[Take]) {
        let m = model.lanes.len();
        self.takes.clear();
        self.open.clear();
        self.total = 0;
        for (buffer, len) in [(&mut self.weight, m), (&mut self.units, m), (&mut self.drawn, model.sites * model.n())] {
            buffer.clear();
            buffer.resize(len, 0);
        }
        for take in takes {
            self.count(model, take.lane as usize, take.line as usize, take.units);
            self.takes.push(*take);
        }
    }

    fn put(&mut self, model: &Model, take: Take) {
        self.count(model, take.lane as usize, take.line as usize, take.units);
        match self.takes.iter_mut().find(|other| other.lane == take.lane && other.line == take.line) {
            Some(other) => other.units += take.units,
            None => self.takes.push(take),
        }
    }

    fn count(&mut self, model: &Model, lane: usize, line: usize, units: i64) {
        let grams = units * model.grams[line];
        self.total += units * model.unit_cost(lane, line) + self.change(model, lane, units, grams);
        let was = self.units[lane] > 0;
        self.units[lane] += units;
        self.weight[lane] += grams;
        self.drawn[model.lanes[lane].site * model.n() + line] += units;
        match (was, self.units[lane] > 0) {
            (false, true) => self.open.push(lane),
            (true, false) => self.open.retain(|&open| open != lane),
            _ => {}
        }
    }

    fn cost(&self, model: &Model) -> i64 {
        self.total + self.hours(model)
    }

    fn hours(&self, model: &Model) -> i64 {
        self.open.iter().map(|&lane| model.lanes[lane].hours).max().unwrap_or(0)
    }

    /// Cost of changing a lane's units and weight, cost of the units excluded.
    fn change(&self, model: &Model, lane: usize, units: i64, grams: i64) -> i64 {
        let open = |units: i64| if units > 0 { model.lanes[lane].fixed } else { 0 };
        open(self.units[lane] + units) - open(self.units[lane]) + model.weight_cost(lane, self.weight[lane] + grams)
            - model.weight_cost(lane, self.weight[lane])
    }

    /// Units of a line, up to `want`, that can join a lane.
    fn room(&self, search: &Search<'_>, lane: usize, line: usize, want: i64) -> i64 {
        let model = search.model;
        if self.units[lane] == 0
            && (self.open.len() >= model.parcels_max || self.barred.is_some_and(|barred| barred.contains(&lane)))
        {
            return 0;
        }
        let left = model.cap(lane, line) - self.drawn[model.lanes[lane].site * model.n() + line];
        search.room(lane, self.units[lane], self.weight[lane], model.grams[line], left.min(want))
    }

    /// Moves single lines to other parcels while that lowers the cost. Returns whether any moved.
    fn shift_all(&mut self, search: &mut Search<'_>) -> bool {
        let model = search.model;
        let mut any = false;
        let mut at = 0;
        while at < self.takes.len() && search.work > 0 {
            search.work -= 10 * model.lanes.len() as i64;
            let take = self.takes[at];
            self.count(model, take.lane as usize, take.line as usize, -take.units);
            let stay = self.joining(model, take.lane as usize, take.line as usize, take.units);
            let mut least = (stay, take.lane as usize);
            for lane in 0..model.lanes.len() {
                if lane != least.1 && self.room(search, lane, take.line as usize, take.units) == take.units {
                    least = least.min((self.joining(model, lane, take.line as usize, take.units), lane));
                }
            }
            if least.0 < stay {
                any = true;
                self.takes.swap_remove(at);
                self.put(model, Take { lane: least.1 as u32, ..take });
            } else {
                self.count(model, take.lane as usize, take.line as usize, take.units);
                at += 1;
            }
        }
        any
    }

    /// Cost of units of a line that join a lane, including hours that the order gains by it.
    fn joining(&self, model: &Model, lane: usize, line: usize, units: i64) -> i64 {
        let hours = model.lanes[lane].hours;
        let later = if hours == 0 || self.units[lane] > 0 { 0 } else { (hours - self.hours(model)).max(0) };
        later + units * model.unit_cost(lane, line) + self.change(model, lane, units, units * model.grams[line])
    }

    /// Closes a parcel, or replaces it by one on another lane, if that lowers the cost. Returns whether it did.
    fn close_any(&mut self, search: &mut Search<'_>) -> bool {
        let model = search.model;
        let m = model.lanes.len();
        let before = self.cost(model);
        for lane in 0..m {
            if self.units[lane] == 0 {
                continue;
            }
            for other in 0..=m {
                let inside = self.takes.iter().filter(|take| take.lane as usize == lane).count();
                search.work -= (inside * (12 * self.open.len() + self.takes.len() / 2) + 2 * self.takes.len()) as i64;
                if search.work <= 0 {
                    return false;
                }
                if other < m && (other == lane || self.units[other] > 0) {
                    continue;
                }
                self.before.clone_from(&self.takes);
                if self.empty(search, lane, other) && self.cost(model) < before {
                    return true;
                }
                self.go_back(model);
            }
        }
        false
    }

    /// Undoes the change being tried.
    fn go_back(&mut self, model: &Model) {
        let (tried, before) = (std::mem::take(&mut self.takes), std::mem::take(&mut self.before));
        for take in &tried {
            self.count(model, take.lane as usize, take.line as usize, -take.units);
        }
        for take in &before {
            self.count(model, take.lane as usize, take.line as usize, take.units);
        }
        (self.takes, self.before) = (before, tried);
    }

    /// Moves everything out of a lane, to existing parcels or to a new one on `other`. Returns false when it does not
    /// fit.
    fn empty(&mut self, search: &Search<'_>, lane: usize, other: usize) -> bool {
        let model = search.model;
        self.moving.clear();
        self.moving.extend(self.takes.iter().filter(|take| take.lane as usize == lane));
        self.moving.sort_unstable_by_key(|take| (-take.units, take.line));
        self.takes.retain(|take| take.lane as usize != lane);
        for at in 0..self.moving.len() {
            let take = self.moving[at];
            self.count(model, lane, take.line as usize, -take.units);
        }
        for at in 0..self.moving.len() {
            let (line, mut left) = (self.moving[at].line as usize, self.moving[at].units);
            while left > 0 {
                let mut least: Option<(i64, usize, i64)> = None;
                let opening = (other < model.lanes.len() && self.units[other] == 0).then_some(other);
                for to in self.open.iter().copied().chain(opening).filter(|&to| to != lane) {
                    let units = self.room(search, to, line, left);
                    if units > 0 {
                        // The new parcel is opened in any case, so its entry cost is not charged to single lines.
                        let opening = if self.units[to] == 0 { model.lanes[to].entry } else { 0 };
                        let each = (self.joining(model, to, line, units) - opening) / units;
                        least = Some(least.map_or((each, to, units), |least| least.min((each, to, units))));
                    }
                }
                let Some((_, to, units)) = least else { return false };
                self.put(model, Take { lane: to as u32, line: line as u32, units });
                left -= units;
            }
        }
        true
    }

    /// Swaps two lines between their parcels where that lowers the cost, as weight steps and ceilings can require.
    /// Returns whether any were swapped.
    fn swap_any(&mut self, search: &mut Search<'_>) -> bool {
        let model = search.model;
        let mut any = false;
        for one in 0..self.takes.len() {
            for two in one + 1..self.takes.len() {
                search.work -= if self.takes[one].lane == self.takes[two].lane { 1 } else { 12 };
                if search.work <= 0 {
                    return any;
                }
                any |= self.swap(search, model, one, two);
            }
        }
        any
    }

    fn swap(&mut self, search: &Search<'_>, model: &Model, one: usize, two: usize) -> bool {
        let (a, b) = (self.takes[one], self.takes[two]);
        let (from, to) = (a.lane as usize, b.lane as usize);
        if from == to || a.line == b.line {
            return false;
        }
        let (first, second) = (a.line as usize, b.line as usize);
        let (units, grams) = (b.units - a.units, b.units * model.grams[second] - a.units * model.grams[first]);
        let lines = a.units * (model.unit_cost(to, first) - model.unit_cost(from, first))
            + b.units * (model.unit_cost(from, second) - model.unit_cost(to, second));
        if lines + self.change(model, from, units, grams) + self.change(model, to, -units, -grams) >= 0 {
            return false;
        }
        let free = |lane: usize, line: usize, want: i64| {
            let site = model.lanes[lane].site;
            model.lanes[from].site == model.lanes[to].site
                || model.cap(lane, line) - self.drawn[site * model.n() + line] >= want
        };
        let fits = search.allows(from, self.units[from] + units, self.weight[from] + grams)
            && search.allows(to, self.units[to] - units, self.weight[to] - grams);
        let twice = |lane: u32, line: u32| self.takes.iter().any(|take| take.lane == lane && take.line == line);
        if !fits
            || !free(to, first, a.units)
            || !free(from, second, b.units)
            || twice(b.lane, a.line)
            || twice(a.lane, b.line)
        {
            return false;
        }
        for (lane, line, units) in
            [(from, first, -a.units), (to, second, -b.units), (to, first, a.units), (from, second, b.units)]
        {
            self.count(model, lane, line, units);
        }
        self.takes[one].lane = b.lane;
        self.takes[two].lane = a.lane;
        true
    }
}
