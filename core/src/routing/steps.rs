//! Fills a set of parcels by branch and bound over the number of weight steps each of them is charged.
//!
//! Ranges of steps are bounded by a price of a gram in each parcel, set one parcel at a time to the value that gives
//! the highest bound. Once the steps of all parcels are decided, weight costs nothing further and only takes room:
//! what remains is an assignment with capacities ([`Place`]).

use std::cmp::Ordering;

use super::model::{COST_MAX, Model, Take};
use super::place::{Place, Room};
use super::rates::FIRST_KG_G;
use super::search::{Best, Loads, Search};
use super::sums::{add_units, gcd, highest};
use super::ways::{Doubt, Way, Ways};

/// Weight covered by the first kilogram, in grams.
const FIRST: i64 = FIRST_KG_G.cast_signed();
/// Rounds of raising the prices at the root, and at each node below it.
const FIRST_PASSES: usize = 4;
const PASSES: usize = 1;
/// Most work for placing the lines while all steps are open; at most half of the remaining work.
const LINES_WORK: i64 = 4_000_000;
/// Ranges of at most this many steps may be divided anywhere.
const SHORT: i64 = 8;
/// Steps of a parcel without weight: it does not pay for a first kilogram.
const NOTHING: i64 = -1;
/// Most weights that are distinguished.
const CELLS_MAX: i64 = 1 << 12;

/// The search over the steps that the parcels of a set are charged. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Steps {
    set: Vec<usize>,
    /// Least and most steps that a parcel is charged, by place in the set.
    least: Vec<i64>,
    most: Vec<i64>,
    /// Price of a gram, and grams of the parcel at these prices, by place in the set.
    gram: Vec<i64>,
    weight: Vec<i64>,
    /// The bound of these prices.
    priced: i64,
    /// The plan that these prices give; it need not be allowed.
    pub takes: Vec<Take>,
    ways: Ways,
    loads: Loads,
    /// Ranges and prices of the nodes above, as a stack.
    kept: Vec<i64>,
    /// Prices at which the slope of the bound changes, and the change in grams.
    bends: Vec<(i64, i64)>,
    /// Grams that each prefix of the set must carry; and least steps of each parcel.
    forced: Vec<i64>,
    started: Vec<i64>,
    /// Most grams of a parcel, by place in the set.
    rooms: Vec<i64>,
    reached: Vec<u64>,
    offers: Vec<(i64, Way)>,
    /// Cost of any plan of the set, lines and weight excluded.
    base: i64,
    step: i64,
    /// Weights of parcels are multiples of this many grams.
    measure: i64,
    place: Place,
}

impl Steps {
    /// Lower bound on any plan of a set that costs `base`, lines and weight excluded; [`COST_MAX`] when nothing can
    /// fill it. Leaves the plan of its prices in `takes`.
    pub fn bound(&mut self, search: &mut Search<'_>, set: &[usize], base: i64, target: i64) -> i64 {
        search.work -= (4 * search.model.n() * set.len()) as i64;
        if self.load(search.model, set, base) { self.ascend(search, FIRST_PASSES, target) } else { COST_MAX }
    }

    /// Searches the set that was bounded. Returns a lower bound on what it left out; [`COST_MAX`] when that is
    /// nothing.
    pub fn search(&mut self, search: &mut Search<'_>, best: &mut Best, bound: i64) -> i64 {
        // Where parcels cost nearly the same, there are fewer ways to place the lines than to divide the steps.
        if search.model.step > 0 && search.model.all_weigh && !search.model.crowded {
            let kept = search.work - (search.work / 2).min(LINES_WORK);
            search.work -= kept;
            let mark = self.ways.narrow(search.model, &self.set, &self.gram, best.cost - self.priced);
            let left = self.fill(search, best, bound);
            self.ways.restore(search.model, &self.set, mark);
            search.work = search.work.max(0) + kept;
            if left == COST_MAX || bound >= best.cost {
                return COST_MAX;
            }
        }
        self.narrow(search, best, bound)
    }

    /// Drops what the current prices exclude, and searches the rest. No plan there costs less than `bound`.
    fn narrow(&mut self, search: &mut Search<'_>, best: &mut Best, bound: i64) -> i64 {
        let gain = best.cost - self.priced;
        let mark = self.ways.narrow(search.model, &self.set, &self.gram, gain);
        self.tighten(search.model, gain);
        let left = self.part(search, best, bound);
        self.ways.restore(search.model, &self.set, mark);
        left
    }

    fn part(&mut self, search: &mut Search<'_>, best: &mut Best, bound: i64) -> i64 {
        let model = search.model;
        let Some((at, steps)) = self.choose(model) else {
            return self.fill(search, best, bound);
        };
        let kept = self.kept.len();
        for list in [&self.least, &self.most, &self.gram] {
            self.kept.extend_from_slice(list);
        }
        let nearer = 2 * (self.weight[at] - FIRST - steps * self.step) > self.step;
        let mut left = COST_MAX;
        for upper in [nearer, !nearer] {
            if upper {
                self.least[at] = steps + 1;
            } else {
                self.most[at] = steps;
            }
            left = left.min(self.node(search, best, bound));
            self.restore(kept);
        }
        self.kept.truncate(kept);
        left
    }

    fn node(&mut self, search: &mut Search<'_>, best: &mut Best, above: i64) -> i64 {
        if search.work <= 0 {
            return above;
        }
        let bound = self.ascend(search, PASSES, best.cost).max(above);
        if bound >= best.cost {
            return COST_MAX;
        }
        self.loads.count(search.model, &self.set, &self.takes);
        self.loads.offer(search, &self.set, &self.takes, best);
        if bound >= best.cost { COST_MAX } else { self.narrow(search, best, bound) }
    }

    /// Places the lines, with steps decided or still open.
    fn fill(&mut self, search: &mut Search<'_>, best: &mut Best, bound: i64) -> i64 {
        let model = search.model;
        if !self.fit_rooms(search) {
            return COST_MAX;
        }
        let mut fixed = self.base;
        self.place.rooms.clear();
        for (at, &lane) in self.set.iter().enumerate() {
            let lane = &model.lanes[lane];
            let steps = if self.gram[at] > lane.slope { self.most[at] } else { self.least[at] };
            let free = if self.least[at] == self.most[at] { self.rooms[at] } else { FIRST + self.step * steps };
            let most = if steps == self.most[at] { free } else { lane.most_g };
            fixed += self.charge(model, at, steps) - self.gram[at] * free;
            let (gram, slope) = (self.gram[at], lane.slope);
            self.place.rooms.push(Room { lane: self.set[at], free, paid: self.step * steps.max(0), most, gram, slope });
        }
        let whole = self.place.search(search, &self.ways, self.measure, (self.base, fixed), best);
        if whole { COST_MAX } else { bound }
    }

    fn load(&mut self, model: &Model, set: &[usize], base: i64) -> bool {
        self.set.clear();
        self.set.extend_from_slice(set);
        // Steepest slope first.
        self.set.sort_by_key(|&lane| -model.lanes[lane].slope);
        self.base = base;
        self.step = i64::from(model.step).max(1);
        self.measure = model.grams.iter().fold(0, |measure, &grams| gcd(measure, grams)).max(1);
        for list in [&mut self.kept, &mut self.least, &mut self.most, &mut self.gram] {
            list.clear();
        }
        for at in 0..set.len() {
            let lane = &model.lanes[self.set[at]];
            self.least.push(if model.all_weigh { 0 } else { NOTHING });
            self.most.push(self.steps_of(lane.most_g));
            self.gram.push(if model.weight > FIRST { lane.slope } else { 0 });
        }
        self.ways.load(model, &self.set)
    }

    fn restore(&mut self, kept: usize) {
        let p = self.set.len();
        for (list, part) in [&mut self.least, &mut self.most, &mut self.gram].into_iter().zip(0..) {
            list.copy_from_slice(&self.kept[kept + part * p..][..p]);
        }
    }

    /// Steps that this many grams start.
    fn steps_of(&self, grams: i64) -> i64 {
        (grams - FIRST + self.step - 1).div_euclid(self.step).max(0)
    }

    /// Cost of weight for a parcel that is charged this many steps.
    fn charge(&self, model: &Model, at: usize, steps: i64) -> i64 {
        let lane = &model.lanes[self.set[at]];
        let first = if model.all_weigh { 0 } else { lane.first };
        if steps == NOTHING { 0 } else { first + lane.slope * self.step * steps }
    }

    /// Raises the start of each range to fit the settled lines, and finds the most grams of each parcel. Returns
    /// false when a parcel cannot hold its settled lines.
    fn fit_rooms(&mut self, search: &mut Search<'_>) -> bool {
        self.rooms.clear();
        for at in 0..self.set.len() {
            let held = self.ways.held.weight[at];
            if held > 0 {
                self.least[at] = self.least[at].max(self.steps_of(held));
            }
            let room = match self.least[at].cmp(&self.most[at]) {
                Ordering::Less => FIRST + self.step * self.most[at],
                Ordering::Equal if self.most[at] == NOTHING => 0,
                Ordering::Equal => self.fit(search, at),
                Ordering::Greater => return false,
            };
            self.rooms.push(room);
        }
        true
    }

    /// Most grams of a parcel whose steps are decided: its settled lines plus the largest reachable sum of units in
    /// doubt.
    fn fit(&mut self, search: &mut Search<'_>, at: usize) -> i64 {
        let room = (FIRST + self.step * self.most[at]).min(search.model.lanes[self.set[at]].most_g);
        let held = self.ways.held.weight[at];
        let cells = (room - held).div_euclid(self.measure);
        if !(0..CELLS_MAX).contains(&cells) {
            return room / self.measure * self.measure;
        }
        let last = cells as usize;
        self.reached.clear();
        self.reached.resize(last / 64 + 1, 0);
        self.reached[0] = 1;
        for doubt in self.ways.lines() {
            let Some(way) = self.ways.of(doubt).iter().find(|way| way.at == at) else { continue };
            search.work -= self.reached.len() as i64;
            add_units(&mut self.reached, way.cap.min(doubt.demand), (doubt.grams / self.measure) as usize);
        }
        held + highest(&self.reached, 0, last).unwrap_or(0) as i64 * self.measure
    }

    /// Raises the price of a gram in one parcel after the other until the bound reaches `target` or the rounds end.
    /// Returns the bound.
    fn ascend(&mut self, search: &mut Search<'_>, passes: usize, target: i64) -> i64 {
        let model = search.model;
        let p = self.set.len();
        let cells = ((4 + self.ways.lines().len()) * p) as i64;
        search.work -= 16 + cells;
        if !self.fit_rooms(search) || self.rooms.iter().sum::<i64>() < model.weight {
            return COST_MAX;
        }
        let chained = self.chain(model);
        if chained >= target {
            return chained;
        }
        let spare = self.spare(model);
        for pass in 0..passes {
            search.work -= cells * (1 + p as i64);
            let mut moved = false;
            for at in 0..p {
                let Some(gram) = self.best_price(model, at, spare) else { return COST_MAX };
                moved |= gram != self.gram[at];
                self.gram[at] = gram;
            }
            if pass == 0 || moved {
                self.priced = self.evaluate(spare, model);
            }
            if !moved || self.priced >= target {
                break;
            }
        }
        self.priced.max(chained)
    }

    /// A second bound, strong where units cost the same everywhere: every line at its cheapest, and for each prefix
    /// of the set (steepest slope first) enough steps for the grams that only this prefix can carry.
    fn chain(&mut self, model: &Model) -> i64 {
        let p = self.set.len();
        self.forced.clear();
        self.forced.resize(p, 0);
        let mut held = 0;
        for (forced, more) in self.forced.iter_mut().zip(&self.ways.held.weight) {
            held += more;
            *forced = held;
        }
        let mut bound = self.base + self.ways.cost;
        for doubt in self.ways.lines() {
            bound += doubt.cheapest;
            doubt.force(&self.ways, &mut self.forced);
        }
        self.started.clear();
        self.started.extend(self.least.iter().map(|&least| least.max(0)));
        let mut have = 0;
        for at in 0..p {
            have += self.started[at];
            let mut lacking = self.steps_of(self.forced[at] - FIRST * at as i64) - have;
            for cheapest in (0..=at).rev() {
                let more = lacking.min(self.most[cheapest].max(0) - self.started[cheapest]);
                if more > 0 {
                    self.started[cheapest] += more;
                    have += more;
                    lacking -= more;
                }
            }
            if lacking > 0 {
                return COST_MAX;
            }
        }
        let charged = |(at, &steps): (usize, &i64)| model.lanes[self.set[at]].slope * self.step * steps;
        bound + self.started.iter().enumerate().map(charged).sum::<i64>()
    }

    /// Grams of charged weight that the parcels together must leave unused.
    fn spare(&self, model: &Model) -> i64 {
        let p = self.set.len();
        if self.least.contains(&NOTHING) {
            return 0;
        }
        let all = FIRST * p as i64;
        let steps = self.steps_of(model.weight - all + FIRST).max(self.least.iter().sum());
        let lost = |at: usize| FIRST + self.step * self.most[at] - self.rooms[at];
        (all + self.step * steps - model.weight - (0..p).map(lost).sum::<i64>()).max(0)
    }

    /// The price of a gram in a parcel that gives the highest bound, with the other prices held; `None` when the
    /// parcel cannot hold the units that only it can take.
    fn best_price(&mut self, model: &Model, at: usize, spare: i64) -> Option<i64> {
        self.bends.clear();
        let mut forced = self.ways.held.weight[at];
        for next in 0..self.ways.lines().len() {
            let doubt = self.ways.lines()[next];
            let Some(way) = self.ways.of(&doubt).iter().find(|way| way.at == at).copied() else { continue };
            if doubt.grams > 0 {
                forced += if doubt.plenty { self.leave(&doubt, &way) } else { self.leave_by_parts(&doubt, &way) };
            }
        }
        let (least, most) = (self.least[at], self.most[at]);
        let slope = model.lanes[self.set[at]].slope;
        // Past all bends the parcel holds only the grams forced into it, with room for its most steps.
        let room = self.rooms[at];
        if forced > room {
            return None;
        }
        if least == NOTHING && most > NOTHING {
            let first = self.charge(model, at, 0);
            if most == 0 || first <= slope * FIRST {
                self.bends.push((slope, room - FIRST));
                self.bends.push((first / FIRST, FIRST));
            } else {
                self.bends.push((self.charge(model, at, most) / room, room));
            }
        } else if least < most {
            self.bends.push((slope, self.step * (most - least)));
        }
        if spare > 0 {
            let others = (0..self.set.len()).filter(|&other| other != at).map(|other| self.gram[other]).min();
            self.bends.push((others.unwrap_or(i64::MAX), spare));
        }
        self.bends.sort_unstable_by(|one, other| other.cmp(one));
        let mut rise = forced - room;
        for &(gram, bend) in &self.bends {
            rise += bend;
            if rise > 0 {
                return Some(gram.max(0));
            }
        }
        Some(0)
    }

    /// Adds the price at which a line leaves the parcel, when it leaves whole. Returns the grams that never leave.
    fn leave(&mut self, doubt: &Doubt, way: &Way) -> i64 {
        let others = self.ways.of(doubt).iter().filter(|other| other.at != way.at);
        let least = others.map(|other| other.cost + self.gram[other.at] * doubt.grams).min();
        let grams = doubt.demand * doubt.grams;
        let Some(offer) = least else { return grams };
        self.bends.push(((offer - way.cost).div_euclid(doubt.grams), grams));
        0
    }

    /// The same for a line of which other parcels can take only a part.
    fn leave_by_parts(&mut self, doubt: &Doubt, way: &Way) -> i64 {
        self.ways.sort(doubt, &self.gram, Some(way.at), &mut self.offers);
        let mut here = way.cap.min(doubt.demand);
        let mut elsewhere = 0;
        for (offer, other) in &self.offers {
            let mate = other.site == way.site;
            elsewhere += if mate { 0 } else { other.cap };
            let left = if mate { 0 } else { here.min(doubt.demand - elsewhere).max(0) };
            if left < here {
                self.bends.push(((offer - way.cost).div_euclid(doubt.grams), (here - left) * doubt.grams));
                here = left;
            }
        }
        here * doubt.grams
    }

    /// Computes the bound of the prices, with the weight of each parcel and the takes.
    fn evaluate(&mut self, spare: i64, model: &Model) -> i64 {
        self.weight.clone_from(&self.ways.held.weight);
        self.takes.clone_from(&self.ways.settled);
        let mut bound = self.base + self.ways.cost + spare * self.gram.iter().copied().min().unwrap_or(0);
        bound += self.weight.iter().zip(&self.gram).map(|(weight, gram)| weight * gram).sum::<i64>();
        for next in 0..self.ways.lines().len() {
            let doubt = self.ways.lines()[next];
            self.ways.sort(&doubt, &self.gram, None, &mut self.offers);
            let mut left = doubt.demand;
            for (offer, way) in &self.offers {
                let units = way.cap.min(left);
                if units > 0 {
                    bound += offer * units;
                    self.weight[way.at] += units * doubt.grams;
                    self.takes.push(Take { lane: self.set[way.at] as u32, line: doubt.line as u32, units });
                    left -= units;
                }
            }
        }
        (0..self.set.len()).fold(bound, |bound, at| bound + self.cheapest_charge(model, at))
    }

    /// Least charge of a parcel over its range of steps, less what the price of a gram pays for its room.
    fn cheapest_charge(&self, model: &Model, at: usize) -> i64 {
        let (least, most, gram) = (self.least[at], self.most[at], self.gram[at]);
        if least == most {
            return self.charge(model, at, least) - gram * self.rooms[at];
        }
        let open = |steps: i64| self.charge(model, at, steps) - gram * (FIRST + self.step * steps);
        let some = open(least.max(0)).min(open(most));
        if least == NOTHING { some.min(0) } else { some }
    }

    /// Narrows the ranges: drops the steps that would raise the bound at these prices by `gain` or more.
    fn tighten(&mut self, model: &Model, gain: i64) {
        for (at, &lane) in self.set.iter().enumerate() {
            if self.least[at] == NOTHING {
                continue;
            }
            let each = (model.lanes[lane].slope - self.gram[at]) * self.step;
            let steps = if each == 0 { i64::MAX } else { (gain - 1) / each.abs() };
            if each > 0 {
                self.most[at] = self.most[at].min(self.least[at].saturating_add(steps));
            } else if each < 0 {
                self.least[at] = self.least[at].max(self.most[at].saturating_sub(steps));
            }
        }
    }

    /// The parcel whose steps are most in doubt, and where to divide its range.
    fn choose(&self, model: &Model) -> Option<(usize, i64)> {
        let open = (0..self.set.len()).filter(|&at| {
            // Capacities are not part of these prices: branching over steps would only repeat the search.
            let by_steps = model.step > 0 && !model.crowded;
            self.least[at] < self.most[at] && (by_steps || self.least[at] == NOTHING)
        });
        let doubt = |at: usize| {
            let (least, most) = (self.least[at], self.most[at]);
            let over = self.weight[at] - FIRST;
            let mut steps = over.div_euclid(self.step).clamp(least, most - 1);
            let into = (over - steps * self.step).clamp(0, self.step);
            // Divides a long range in the middle rather than taking single steps off its end.
            if most - least > SHORT && (steps == least || steps + 1 == most) {
                steps = least + (most - least) / 2;
            }
            (into.min(self.step - into) * model.lanes[self.set[at]].slope, at, steps)
        };
        open.map(doubt).max_by_key(|&(doubt, at, _)| (doubt, std::cmp::Reverse(at))).map(|(_, at, steps)| (at, steps))
    }
}
