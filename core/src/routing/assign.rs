//! The best way to fill a given set of parcels.

use super::chain::Chain;
use super::ground::{Best, Ground};
use super::model::{COST_MAX, Model, Take};
use super::shares::{Shared, Shares};

/// Rounds of looking for the price of a gram in a set.
const GRAM_ROUNDS: usize = 10;
/// A set whose best plan is within one part in this many of the best of all is worth sharing anew.
const WORTH_SHARING: i64 = 1_000;
/// Rounds of sharing pairs of parcels anew.
const PAIR_ROUNDS: usize = 12;

/// Fills sets of parcels. All buffers are kept.
#[derive(Debug, Default)]
pub(super) struct Assign {
    /// Lanes of the set.
    set: Vec<usize>,
    /// Grams and units so far, by place in the set.
    weight: Vec<i64>,
    units: Vec<i64>,
    /// What the weights so far cost, in a greedy plan.
    weighed: Vec<i64>,
    /// Lines in the order they are placed, and what orders them.
    order: Vec<usize>,
    keys: Vec<(bool, i64, usize)>,
    /// The least cost of the lines from a place in the order on, without weight; and their grams.
    rest_cost: Vec<i64>,
    rest_weight: Vec<i64>,
    /// A price of a gram for each place in the set, and the least cost of the rest at these prices.
    gram: Vec<i64>,
    rest_gram: Vec<i64>,
    kept: Vec<i64>,
    takes: Vec<Take>,
    /// Places of the set in the order in which they take units of the last line.
    turns: Vec<usize>,
    /// Unit costs and caps of a line, for sorting.
    offers: Vec<(i64, usize, i64)>,
    slope_min: i64,
    /// The least cost of a plan of the set so far.
    now: i64,
    base: i64,
    chain: Chain,
    shares: Shares,
}

impl Assign {
    /// Looks for the best plan that opens all of `set`, placing its lines with at most one part in `share` of the work that
    /// is left. Answers a bound of what it left out; [`COST_MAX`] when nothing better was.
    pub fn solve(&mut self, ground: &mut Ground<'_>, set: &[usize], share: i64, best: &mut Best) -> i64 {
        self.begin(ground.model, set);
        let hours = set.iter().map(|&lane| ground.model.lanes[lane].hours).max().unwrap_or(0);
        self.base = hours + set.iter().map(|&lane| ground.model.lanes[lane].entry).sum::<i64>();
        if self.base + self.least_drawn(ground.model) >= best.cost {
            return COST_MAX;
        }
        if !self.bound_lines(ground) || self.base + self.rest_cost[0] >= best.cost {
            return COST_MAX;
        }
        if self.flat(ground.model) {
            self.cheapest(ground, best);
            return COST_MAX;
        }
        ground.work -= (3 * ground.model.n() * self.set.len()) as i64;
        self.chain.load(ground.model, &self.set, &self.order);
        let least = self.base + self.rest_cost[0] + self.chain.least(ground.model, &self.weight, 0);
        if least >= best.cost {
            return COST_MAX;
        }
        self.now = COST_MAX;
        let bound = self.price_grams(ground, best).max(least);
        if bound >= best.cost {
            return COST_MAX;
        }
        // Of a set whose best plan so far is far behind, better shares would hardly make the best of all.
        let near = self.now <= best.cost.saturating_add(best.cost / WORTH_SHARING);
        let exact = (near || set.len() == 2) && self.share_pairs(ground, best);
        if exact || bound >= best.cost {
            return COST_MAX;
        }
        self.takes.clear();
        self.weigh(ground.model);
        self.take_turns(ground.model);
        let kept = ground.work - ground.work / share;
        ground.work -= kept;
        self.place(ground, best, 0, 0);
        let whole = ground.work > 0;
        ground.work = ground.work.max(0) + kept;
        if whole { COST_MAX } else { bound.min(best.cost) }
    }

    /// What drawing and weight cost at least in this set.
    fn least_drawn(&self, model: &Model) -> i64 {
        let mut drawn = 0;
        for line in 0..model.n() {
            let offers = self.set.iter().filter(|&&lane| model.cap(lane, line) > 0);
            let least = offers.map(|&lane| model.unit_cost(lane, line)).min().unwrap_or(0);
            drawn += least * model.demand[line];
        }
        let over = model.weight - 1_000 * self.set.len() as i64;
        if over <= 0 || self.slope_min == 0 { drawn } else { drawn + self.slope_min * model.steps(over) }
    }

    /// Looks for prices of a gram that tell best what weight must cost: a bound of the set, and plans on the way.
    fn price_grams(&mut self, ground: &mut Ground<'_>, best: &mut Best) -> i64 {
        let model = ground.model;
        let n = model.n();
        self.gram.clear();
        self.gram.extend(self.set.iter().map(|&lane| model.lanes[lane].slope));
        self.rest_gram.clear();
        self.rest_gram.resize(n + 1, 0);
        let (mut bound, mut part) = (i64::MIN, 2);
        for _ in 0..GRAM_ROUNDS {
            ground.work -= (8 * n + 8 * n * self.set.len()) as i64;
            let mut takes = std::mem::take(&mut self.takes);
            takes.clear();
            let mut now = self.base;
            for line in 0..n {
                now += self.fill(model, line, Some(&mut takes)).unwrap_or(0);
            }
            self.takes = takes;
            now += self.rounding(model, model.weight, 1_000 * self.set.len() as i64);
            now -= self.gram.iter().map(|gram| gram * 1_000).sum::<i64>();
            self.offer(ground, best);
            if now > bound {
                bound = now;
                self.kept.clone_from(&self.gram);
            }
            if bound >= best.cost || !self.move_grams(model, part) {
                break;
            }
            part += 1;
        }
        self.gram.clone_from(&self.kept);
        for at in (0..n).rev() {
            let cost = self.fill(model, self.order[at], None).unwrap_or(0);
            self.rest_gram[at] = self.rest_gram[at + 1] + cost;
        }
        bound
    }

    /// What started steps add at least to the prices of a gram: all parcels together are charged in whole steps.
    fn rounding(&self, model: &Model, weight: i64, free: i64) -> i64 {
        let least = self.gram.iter().copied().min().unwrap_or(0);
        least * (model.steps((weight - free).max(0)) - (weight - free))
    }

    /// Shares the lines of each two parcels anew as long as that pays. Answers whether the plan is then the set's best.
    fn share_pairs(&mut self, ground: &mut Ground<'_>, best: &mut Best) -> bool {
        let model = ground.model;
        let limited = self.set.iter().any(|&lane| model.lanes[lane].limited);
        if self.set.len() < 2 || !model.all_weigh || limited || model.whole_lines {
            return false;
        }
        let p = self.set.len();
        for round in 0..PAIR_ROUNDS {
            let before = best.cost;
            // Room gathers in the heaviest parcel, and in later rounds in each other one.
            self.weigh(model);
            let heaviest = (0..p).max_by_key(|&at| self.weight[at]).unwrap_or(0);
            let hub = (heaviest + round) % p;
            for one in (0..p).filter(|&one| one != hub) {
                if !self.share_pair(ground, one, hub) {
                    return false;
                }
                self.offer(ground, best);
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

    /// Shares what two places of the set have in the present takes. False when that is too much work.
    fn share_pair(&mut self, ground: &mut Ground<'_>, one: usize, other: usize) -> bool {
        let model = ground.model;
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
        ground.work -= 4 * (model.n() + self.takes.len()) as i64;
        if !self.shares.share(ground, a, b) {
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

    /// Raises the price of a gram where a parcel is heavier than its first kilogram, lowers it where it is lighter.
    fn move_grams(&mut self, model: &Model, part: i64) -> bool {
        let mut moved = false;
        for (at, &lane) in self.set.iter().enumerate() {
            let slope = model.lanes[lane].slope;
            let by = (slope / part).max(1);
            let to = match self.weight[at].cmp(&1_000) {
                std::cmp::Ordering::Greater => (self.gram[at] + by).min(slope),
                std::cmp::Ordering::Less => (self.gram[at] - by).max(0),
                std::cmp::Ordering::Equal => self.gram[at],
            };
            moved |= to != self.gram[at];
            self.gram[at] = to;
        }
        moved
    }

    fn begin(&mut self, model: &Model, set: &[usize]) {
        self.set.clear();
        self.set.extend_from_slice(set);
        self.weight.clear();
        self.weight.resize(set.len(), 0);
        self.units.clear();
        self.units.resize(set.len(), 0);
        self.takes.clear();
        self.gram.clear();
        self.gram.resize(set.len(), 0);
        self.slope_min = set.iter().map(|&lane| model.lanes[lane].slope).min().unwrap_or(0);
    }

    /// Whether weight costs the same however the lines are shared, and nothing else ties them together.
    fn flat(&self, model: &Model) -> bool {
        let weightless = model.weight == 0;
        let light =
            model.all_weigh && (model.weight <= 1_000 || self.set.iter().all(|&lane| model.lanes[lane].slope == 0));
        (weightless || light) && !self.set.iter().any(|&lane| model.lanes[lane].limited)
    }

    /// Orders the lines, fewest choices and most weight first, and bounds what the rest costs. False if a line cannot be covered.
    fn bound_lines(&mut self, ground: &mut Ground<'_>) -> bool {
        let model = ground.model;
        let n = model.n();
        ground.work -= (12 * n * self.set.len()) as i64;
        self.keys.clear();
        for line in 0..n {
            let choices = self.set.iter().filter(|&&lane| model.cap(lane, line) > 0).take(2).count();
            let size = if model.crowded { 1 } else { model.grams[line] };
            self.keys.push((choices > 1, -size.saturating_mul(model.demand[line]), line));
        }
        self.keys.sort_unstable();
        self.order.clear();
        self.order.extend(self.keys.iter().map(|key| key.2));
        self.rest_cost.clear();
        self.rest_cost.resize(n + 1, 0);
        self.rest_weight.clear();
        self.rest_weight.resize(n + 1, 0);
        for at in (0..n).rev() {
            let line = self.order[at];
            let Some(cost) = self.fill(model, line, None) else { return false };
            self.rest_cost[at] = self.rest_cost[at + 1] + cost;
            self.rest_weight[at] = self.rest_weight[at + 1] + model.grams[line] * model.demand[line];
        }
        true
    }

    /// The least cost of a line over the set's sites at the present prices of a gram. `into` receives the takes.
    fn fill(&mut self, model: &Model, line: usize, mut into: Option<&mut Vec<Take>>) -> Option<i64> {
        let (demand, grams) = (model.demand[line], model.grams[line]);
        self.offers.clear();
        let mut least = (i64::MAX, 0, 0);
        for (at, &lane) in self.set.iter().enumerate() {
            let cap = model.cap(lane, line);
            if cap > 0 {
                let offer = (model.unit_cost(lane, line) + self.gram[at] * grams, lane, cap);
                least = least.min(offer);
                self.offers.push(offer);
            }
        }
        if least.2 >= demand {
            if let Some(takes) = into {
                takes.push(Take { lane: least.1 as u32, line: line as u32, units: demand });
            }
            return Some(least.0 * demand);
        }
        self.offers.sort_unstable();
        let (mut left, mut cost) = (demand, 0);
        for at in 0..self.offers.len() {
            let (unit, lane, cap) = self.offers[at];
            let site = model.lanes[lane].site;
            if self.offers[..at].iter().any(|&(_, other, _)| model.lanes[other].site == site) {
                continue;
            }
            let units = cap.min(left);
            if units == 0 {
                break;
            }
            left -= units;
            cost += unit * units;
            if let Some(takes) = into.as_deref_mut() {
                takes.push(Take { lane: lane as u32, line: line as u32, units });
            }
        }
        (left == 0).then_some(cost)
    }

    /// Every line from the cheapest sites: exact when weight does not matter.
    fn cheapest(&mut self, ground: &Ground<'_>, best: &mut Best) {
        let mut takes = std::mem::take(&mut self.takes);
        for line in 0..ground.model.n() {
            self.fill(ground.model, line, Some(&mut takes));
        }
        self.takes = takes;
        self.offer(ground, best);
    }

    /// Prices the takes and keeps them if they are allowed and better.
    fn offer(&mut self, ground: &Ground<'_>, best: &mut Best) {
        let model = ground.model;
        self.weigh(model);
        let mut lanes = self.set.iter().zip(self.units.iter().zip(&self.weight));
        if lanes.all(|(&lane, (&units, &weight))| ground.allows(lane, units, weight)) {
            self.offer_placed(model, best);
        }
    }

    /// A lower bound of any way to go on from a place in the order, given the cost of lines placed: weight is charged where
    /// it must be, or is paid for at the prices of a gram.
    fn bound(&self, model: &Model, place: usize, cost: i64) -> i64 {
        let (mut firsts, mut weighed, mut free, mut unpaid) = (0, 0, 0, 0);
        for at in 0..self.set.len() {
            let lane = &model.lanes[self.set[at]];
            let charged = model.charged(self.weight[at]);
            firsts += if model.all_weigh || self.weight[at] == 0 { 0 } else { lane.first };
            weighed += lane.slope * charged;
            let room = 1_000 + charged - self.weight[at];
            free += room;
            unpaid += self.gram[at] * room;
        }
        let filled = self.rest_cost[place] + self.chain.least(model, &self.weight, place);
        let rounding = self.rounding(model, self.rest_weight[place], free);
        self.base + cost + firsts + filled.max(weighed + self.rest_gram[place] - unpaid + rounding)
    }

    /// Adds up weight and units of the takes.
    fn weigh(&mut self, model: &Model) {
        self.weight.iter_mut().for_each(|weight| *weight = 0);
        self.units.iter_mut().for_each(|units| *units = 0);
        for take in &self.takes {
            let at = self.set.iter().position(|&lane| lane == take.lane as usize).unwrap_or(0);
            self.weight[at] += take.units * model.grams[take.line as usize];
            self.units[at] += take.units;
        }
    }

    /// Places the lines from a place in the order on, in every way worth trying.
    fn place(&mut self, ground: &mut Ground<'_>, best: &mut Best, place: usize, cost: i64) {
        ground.work -= 16 + 12 * self.set.len() as i64;
        if ground.work <= 0 || self.bound(ground.model, place, cost) >= best.cost {
            return;
        }
        if place == self.order.len() {
            return self.offer_placed(ground.model, best);
        }
        let demand = ground.model.demand[self.order[place]];
        self.share(ground, best, place, 0, demand, cost);
    }

    /// Prices what is placed, and keeps it when it is better.
    fn offer_placed(&mut self, model: &Model, best: &mut Best) {
        let mut cost = 0;
        let mut hours = 0;
        for take in &self.takes {
            cost += take.units * model.unit_cost(take.lane as usize, take.line as usize);
        }
        for (at, &lane) in self.set.iter().enumerate() {
            if self.units[at] > 0 {
                cost += model.lanes[lane].fixed + model.weight_cost(lane, self.weight[at]);
                hours = hours.max(model.lanes[lane].hours);
            }
        }
        self.now = self.now.min(cost + hours);
        if cost + hours < best.cost {
            best.cost = cost + hours;
            best.takes.clear();
            best.takes.extend_from_slice(&self.takes);
        }
    }

    /// Orders the places of the set by what a unit of the last line costs there.
    fn take_turns(&mut self, model: &Model) {
        self.turns.clear();
        self.turns.extend(0..self.set.len());
        if let Some(&line) = self.order.last() {
            let set = &self.set;
            self.turns.sort_unstable_by_key(|&at| (model.unit_cost(set[at], line), at));
        }
    }

    /// Shares what is left of a line among the lanes of the set from a turn on.
    fn share(&mut self, ground: &mut Ground<'_>, best: &mut Best, place: usize, turn: usize, left: i64, cost: i64) {
        let model = ground.model;
        let line = self.order[place];
        if left == 0 {
            return self.place(ground, best, place + 1, cost);
        }
        if turn == self.set.len() || ground.work <= 0 {
            return;
        }
        let last = place + 1 == self.order.len();
        let at = if last { self.turns[turn] } else { turn };
        let lane = self.set[at];
        let here = self.cap_left(model, place, at);
        let most = ground.room(lane, self.units[at], self.weight[at], model.grams[line], here.min(left));
        let least = (left - self.cap_after(model, line, turn, last)).max(0);
        let mut units = most;
        while units >= least {
            self.step(model, at, line, units);
            self.share(ground, best, place, turn + 1, left - units, cost + units * model.unit_cost(lane, line));
            self.step(model, at, line, -units);
            if units == least {
                break;
            }
            ground.work -= 4;
            units = self.next_share(model, at, line, last, units, least);
        }
    }

    /// The next smaller amount worth trying: each one, but of the last line only what fills a step. Its lanes take turns by
    /// the cost of a unit, so that whatever else a step has room for would cost more further on.
    fn next_share(&self, model: &Model, at: usize, line: usize, last: bool, units: i64, least: i64) -> i64 {
        if model.whole_lines {
            return least;
        }
        if !last || model.step == 0 {
            return units - 1;
        }
        let grams = model.grams[line].max(1);
        let weight = self.weight[at] + units * grams;
        let step = i64::from(model.step);
        let below = 1_000 + (weight - 1_001).div_euclid(step) * step;
        let fill = (below - self.weight[at]).div_euclid(grams);
        fill.clamp(least, units - 1)
    }

    fn step(&mut self, model: &Model, at: usize, line: usize, units: i64) {
        self.units[at] += units;
        self.weight[at] += units * model.grams[line];
        if units > 0 {
            self.takes.push(Take { lane: self.set[at] as u32, line: line as u32, units });
        } else if units < 0 {
            self.takes.pop();
        }
    }

    /// Stock of the line being placed that lanes of the same site before this one left.
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

    /// At most this much of a line can go to lanes of the set whose turn comes after this one.
    fn cap_after(&self, model: &Model, line: usize, turn: usize, last: bool) -> i64 {
        let at = |turn: usize| if last { self.turns[turn] } else { turn };
        (turn + 1..self.set.len()).map(|turn| model.cap(self.set[at(turn)], line)).sum()
    }

    /// A plan over lanes of the set, line by line where it costs least at that moment; a set that is `paid` for is there
    /// to be used. Answers whether it found one.
    pub fn greedy(&mut self, ground: &mut Ground<'_>, set: &[usize], paid: bool, best: &mut Best) -> bool {
        let model = ground.model;
        self.begin(model, set);
        if !self.bound_lines(ground) {
            return false;
        }
        let mut opened = 0;
        self.weighed.clear();
        self.weighed.resize(set.len(), 0);
        for place in 0..self.order.len() {
            let line = self.order[place];
            let mut left = model.demand[line];
            while left > 0 {
                ground.work -= 16 * set.len() as i64;
                let Some((at, units)) = self.least_now(ground, place, left, opened, paid) else { return false };
                opened += usize::from(self.units[at] == 0);
                self.step(model, at, line, units);
                self.weighed[at] = model.weight_cost(self.set[at], self.weight[at]);
                left -= units;
            }
        }
        self.offer_placed(model, best);
        true
    }

    /// The lane where the next units of a line add least to the score for each of them.
    fn least_now(
        &self,
        ground: &Ground<'_>,
        place: usize,
        left: i64,
        opened: usize,
        paid: bool,
    ) -> Option<(usize, i64)> {
        let model = ground.model;
        let line = self.order[place];
        let grams = model.grams[line];
        let mut least: Option<(f64, usize, i64)> = None;
        for (at, &lane) in self.set.iter().enumerate() {
            if model.cap(lane, line) == 0 || (self.units[at] == 0 && opened >= model.parcels_max) {
                continue;
            }
            let here = self.cap_left(model, place, at).min(left);
            let units = ground.room(lane, self.units[at], self.weight[at], grams, here);
            if units == 0 {
                continue;
            }
            let weight = self.weight[at];
            let mut more = model.weight_cost(lane, weight + units * grams) - self.weighed[at];
            if self.units[at] == 0 {
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
