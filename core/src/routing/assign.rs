//! Fills a given set of parcels with the order's lines at the least cost.

use super::model::{COST_MAX, Model, Take};
use super::search::{Best, Loads, Search};
use super::shares::{Shared, Shares};
use super::steps::Steps;

/// Pairs of parcels are shared again only in sets whose plan is within one part in this many of the best plan.
const WORTH_SHARING: i64 = 1_000;
/// Most rounds of sharing pairs of parcels again.
const PAIR_ROUNDS: usize = 12;

/// Fills sets of parcels. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Assign {
    /// Lanes of the set.
    set: Vec<usize>,
    /// Grams and units so far, by place in the set.
    loads: Loads,
    /// Weight cost so far of each parcel of a greedy plan, by place in the set.
    weighed: Vec<i64>,
    /// Lines in the order in which they are placed, and their sort keys.
    order: Vec<usize>,
    keys: Vec<(bool, i64, usize)>,
    takes: Vec<Take>,
    base: i64,
    shares: Shares,
    steps: Steps,
}

impl Assign {
    /// Searches for the best plan that opens every lane of `set`; placing the lines takes at most one part in `share`
    /// of the remaining work. Returns a lower bound on the plans it did not examine, or [`COST_MAX`] when none of
    /// them can improve on `best`.
    pub fn solve(&mut self, search: &mut Search<'_>, set: &[usize], share: i64, best: &mut Best) -> i64 {
        self.begin(search.model, set);
        let hours = set.iter().map(|&lane| search.model.lanes[lane].hours).max().unwrap_or(0);
        self.base = hours + set.iter().map(|&lane| search.model.lanes[lane].entry).sum::<i64>();
        if self.base + self.least_drawn(search.model) >= best.cost {
            return COST_MAX;
        }
        let bound = self.steps.bound(search, set, self.base, best.cost);
        if bound >= best.cost {
            return COST_MAX;
        }
        self.takes.clone_from(&self.steps.takes);
        let now = self.offer(search, best);
        // When the set's plan is far behind the best one, better shares are unlikely to close the gap.
        let near = now <= best.cost.saturating_add(best.cost / WORTH_SHARING);
        let exact = (near || set.len() == 2) && self.share_pairs(search, best);
        if exact || bound >= best.cost {
            return COST_MAX;
        }
        let kept = search.work - search.work / share;
        search.work -= kept;
        let left = self.steps.search(search, best, bound);
        search.work = search.work.max(0) + kept;
        if left < COST_MAX { left.min(best.cost) } else { COST_MAX }
    }

    /// Lower bound on the cost of units and weight in this set.
    fn least_drawn(&self, model: &Model) -> i64 {
        let mut drawn = 0;
        for line in 0..model.n() {
            let offers = self.set.iter().filter(|&&lane| model.cap(lane, line) > 0);
            let least = offers.map(|&lane| model.unit_cost(lane, line)).min().unwrap_or(0);
            drawn += least * model.demand[line];
        }
        let over = model.weight - 1_000 * self.set.len() as i64;
        let slope = self.set.iter().map(|&lane| model.lanes[lane].slope).min().unwrap_or(0);
        if over <= 0 || slope == 0 { drawn } else { drawn + slope * model.steps(over) }
    }

    /// Shares the lines of pairs of parcels again while that lowers the cost. Returns whether the plan is then proven
    /// best for the set.
    fn share_pairs(&mut self, search: &mut Search<'_>, best: &mut Best) -> bool {
        let model = search.model;
        let limited = self.set.iter().any(|&lane| model.lanes[lane].limited);
        if self.set.len() < 2 || !model.all_weigh || limited || model.whole_lines {
            return false;
        }
        let p = self.set.len();
        for round in 0..PAIR_ROUNDS {
            let before = best.cost;
            // Unused room gathers in the heaviest parcel first, and in each of the others in later rounds.
            self.loads.count(model, &self.set, &self.takes);
            let heaviest = (0..p).max_by_key(|&at| self.loads.weight[at]).unwrap_or(0);
            let hub = (heaviest + round) % p;
            for one in (0..p).filter(|&one| one != hub) {
                if !self.share_pair(search, one, hub) {
                    return false;
                }
                self.offer(search, best);
                if p == 2 {
                    return true;
                }
            }
            if round >= p && best.cost >= before {
                break;
            }
        }
        false
    }

    /// Shares the current contents of two parcels of the set again. Returns false when that would exceed the
    /// remaining work.
    fn share_pair(&mut self, search: &mut Search<'_>, one: usize, other: usize) -> bool {
        let model = search.model;
        let (a, b) = (self.set[one], self.set[other]);
        let (at, bt) = (model.lanes[a].site, model.lanes[b].site);
        self.shares.lines.clear();
        self.shares.lines.extend((0..model.n()).map(|line| Shared {
            line,
            units: 0,
            least: model.cap(b, line),
            most: model.cap(a, line),
            here: 0,
        }));
        for take in &self.takes {
            let (lane, shared) = (take.lane as usize, &mut self.shares.lines[take.line as usize]);
            if lane == a || lane == b {
                shared.units += take.units;
            } else {
                shared.most -= if model.lanes[lane].site == at { take.units } else { 0 };
                shared.least -= if model.lanes[lane].site == bt { take.units } else { 0 };
            }
        }
        self.shares.lines.retain(|shared| shared.units > 0);
        for shared in &mut self.shares.lines {
            shared.most = shared.most.min(shared.units);
            shared.least = if at == bt { 0 } else { (shared.units - shared.least).max(0) };
        }
        search.work -= 4 * (model.n() + self.takes.len()) as i64;
        if !self.shares.share(search, a, b) {
            return false;
        }
        self.takes.retain(|take| take.lane as usize != a && take.lane as usize != b);
        for shared in &self.shares.lines {
            for (lane, units) in [(a, shared.here), (b, shared.units - shared.here)] {
                if units > 0 {
                    self.takes.push(Take { lane: lane as u32, line: shared.line as u32, units });
                }
            }
        }
        true
    }

    fn begin(&mut self, model: &Model, set: &[usize]) {
        self.set.clear();
        self.set.extend_from_slice(set);
        self.takes.clear();
        self.loads.count(model, set, &[]);
    }

    /// Orders the lines: those with a single choice first, then the heaviest.
    fn sort_lines(&mut self, model: &Model) {
        self.keys.clear();
        for line in 0..model.n() {
            let choices = self.set.iter().filter(|&&lane| model.cap(lane, line) > 0).take(2).count();
            let size = if model.crowded { 1 } else { model.grams[line] };
            self.keys.push((choices > 1, -size.saturating_mul(model.demand[line]), line));
        }
        self.keys.sort_unstable();
        self.order.clear();
        self.order.extend(self.keys.iter().map(|key| key.2));
    }

    /// Prices the takes and records them in `best` if they are allowed and cheaper. Returns their cost.
    fn offer(&mut self, search: &Search<'_>, best: &mut Best) -> i64 {
        self.loads.count(search.model, &self.set, &self.takes);
        self.loads.offer(search, &self.set, &self.takes, best)
    }

    /// Stock of the line being placed that earlier lanes of the same site have not taken.
    fn cap_left(&self, model: &Model, place: usize, at: usize) -> i64 {
        let line = self.order[place];
        let lane = self.set[at];
        let site = model.lanes[lane].site;
        let taken: i64 = self
            .takes
            .iter()
            .rev()
            .take_while(|take| take.line as usize == line)
            .filter(|take| model.lanes[take.lane as usize].site == site)
            .map(|take| take.units)
            .sum();
        model.cap(lane, line) - taken
    }

    /// Builds a greedy plan over the set: each line goes where it adds least at that moment. With `paid`, the entry
    /// costs of the set count as already paid. Returns whether it found a plan.
    pub fn greedy(&mut self, search: &mut Search<'_>, set: &[usize], paid: bool, best: &mut Best) -> bool {
        let model = search.model;
        self.begin(model, set);
        search.work -= (6 * model.n() * set.len()) as i64;
        self.sort_lines(model);
        let mut opened = 0;
        self.weighed.clear();
        self.weighed.resize(set.len(), 0);
        for place in 0..self.order.len() {
            let line = self.order[place];
            let mut left = model.demand[line];
            while left > 0 {
                search.work -= 16 * set.len() as i64;
                let Some((at, units)) = self.least_now(search, place, left, opened, paid) else { return false };
                opened += usize::from(self.loads.units[at] == 0);
                self.loads.add(model, at, line, units);
                self.takes.push(Take { lane: self.set[at] as u32, line: line as u32, units });
                self.weighed[at] = model.weight_cost(self.set[at], self.loads.weight[at]);
                left -= units;
            }
        }
        self.loads.offer(search, &self.set, &self.takes, best);
        true
    }

    /// The place in the set where the next units of a line cost least per unit, and how many of them.
    fn least_now(
        &self,
        search: &Search<'_>,
        place: usize,
        left: i64,
        opened: usize,
        paid: bool,
    ) -> Option<(usize, i64)> {
        let model = search.model;
        let line = self.order[place];
        let grams = model.grams[line];
        let mut least: Option<(f64, usize, i64)> = None;
        for (at, &lane) in self.set.iter().enumerate() {
            if model.cap(lane, line) == 0 || (self.loads.units[at] == 0 && opened >= model.parcels_max) {
                continue;
            }
            let here = self.cap_left(model, place, at).min(left);
            let units = search.room(lane, self.loads.units[at], self.loads.weight[at], grams, here);
            if units == 0 {
                continue;
            }
            let weight = self.loads.weight[at];
            let mut more = model.weight_cost(lane, weight + units * grams) - self.weighed[at];
            if self.loads.units[at] == 0 {
                more += if paid { model.lanes[lane].fixed - model.lanes[lane].entry } else { model.lanes[lane].fixed };
            }
            let each = more as f64 / units as f64 + model.unit_cost(lane, line) as f64;
            if least.is_none_or(|(cost, ..)| each < cost) {
                least = Some((each, at, units));
            }
        }
        least.map(|(_, at, units)| (at, units))
    }
}
