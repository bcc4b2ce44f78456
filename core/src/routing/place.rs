//! Places lines into parcels of given room, by depth-first search over every placement worth trying.
//!
//! Each parcel has free grams, possibly more at the rate's slope, and a price of a gram. At these prices each unit of
//! a line has a cost in each parcel; the least costs of the lines not yet placed give a bound.

use super::model::{Model, Take};
use super::search::{Best, Loads, Search};
use super::sums::{add_units, highest};
use super::ways::{Doubt, Way, Ways};

/// Most weights that are distinguished, in words of 64.
const WORDS_MAX: usize = 64;

/// Room of a parcel and its prices.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Room {
    pub lane: usize,
    /// Grams that cost nothing further.
    pub free: i64,
    /// Grams past the first kilogram that are already charged.
    pub paid: i64,
    /// Most grams.
    pub most: i64,
    /// Price of a gram in the bound, and cost of a gram past the free ones.
    pub gram: i64,
    pub slope: i64,
}

/// Where the search stands within a line.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// The line, by its place in the order.
    place: usize,
    /// The first of its offers that is still to be tried, as an index of `offers`.
    offer: usize,
}

/// Places lines into parcels. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Room of each parcel, by place in the set.
    pub rooms: Vec<Room>,
    set: Vec<usize>,
    gram: Vec<i64>,
    takes: Vec<Take>,
    loads: Loads,
    /// Lines in the order in which they are placed: greatest difference between the two cheapest offers first, then
    /// the heaviest.
    order: Vec<(i64, i64, Doubt)>,
    /// Least cost, at the prices, of the lines from each place in the order on.
    rest: Vec<i64>,
    /// Cost of a unit of each line in each parcel, by place in the order, cheapest first; and the first index of each
    /// line.
    offers: Vec<(i64, Way)>,
    offers_at: Vec<usize>,
    sorted: Vec<(i64, Way)>,
    /// Weights that the lines from each place in the order on can add to each parcel, as bits; empty when unknown.
    reach: Vec<u64>,
    words: usize,
    /// Grams of the lines from each place in the order on that each prefix of the set must carry, because no other
    /// parcel can.
    forced: Vec<i64>,
    /// Least cost without weight of the lines from each place in the order on, and cost without weight of everything
    /// placed.
    plain: Vec<i64>,
    drawn: i64,
    /// Whether the last line may be placed greedily, unit by unit.
    greedy: bool,
    measure: i64,
    /// Grams of room that all parcels together leave unused, and the least price of a gram.
    spare: i64,
    lowest: i64,
}

impl Place {
    /// Searches for the best plan within these rooms. `base` is the cost of any plan of the set, lines and weight
    /// excluded; `fixed` is its least cost at the prices, lines in doubt excluded. Returns whether the search was
    /// complete.
    pub fn search(
        &mut self,
        search: &mut Search<'_>,
        ways: &Ways,
        measure: i64,
        (base, mut fixed): (i64, i64),
        best: &mut Best,
    ) -> bool {
        self.drawn = base + ways.cost;
        self.set.clear();
        self.set.extend(self.rooms.iter().map(|room| room.lane));
        self.gram.clear();
        self.gram.extend(self.rooms.iter().map(|room| room.gram));
        self.takes.clone_from(&ways.settled);
        self.loads.weight.clone_from(&ways.held.weight);
        self.loads.units.clone_from(&ways.held.units);
        for (at, room) in self.rooms.iter().enumerate() {
            let held = self.loads.weight[at];
            if held > room.most {
                return true;
            }
            fixed += held * room.gram + self.past(search.model, at, held);
        }
        self.sort(search, ways);
        self.look_ahead(search, ways, measure);
        if self.words == 0 {
            self.chain(search, ways);
        }
        self.line(search, best, 0, fixed + ways.cost);
        search.work > 0
    }

    fn sort(&mut self, search: &mut Search<'_>, ways: &Ways) {
        search.work -= (8 * ways.lines().len() * self.set.len()) as i64;
        self.order.clear();
        for doubt in ways.lines() {
            let mut least = [i64::MAX; 2];
            for way in ways.of(doubt) {
                let offer = way.cost + self.gram[way.at] * doubt.grams;
                if offer < least[0] {
                    least = [offer, least[0]];
                } else {
                    least[1] = least[1].min(offer);
                }
            }
            let size = if search.model.crowded { 1 } else { doubt.grams };
            self.order.push((least[0].saturating_sub(least[1]), -size.saturating_mul(doubt.demand), *doubt));
        }
        self.order.sort_unstable_by_key(|&(lost, size, doubt)| (lost, size, doubt.line));
        self.offers.clear();
        self.offers_at.clear();
        self.rest.clear();
        for (_, _, doubt) in &self.order {
            self.offers_at.push(self.offers.len());
            ways.sort(doubt, &self.gram, None, &mut self.sorted);
            let (mut left, mut cost) = (doubt.demand, 0);
            for (offer, way) in &self.sorted {
                let units = way.cap.min(left);
                cost += units * offer;
                left -= units;
            }
            self.rest.push(cost);
            let begun = self.offers.len();
            self.offers.extend(ways.of(doubt).iter().map(|way| (way.cost + self.gram[way.at] * doubt.grams, *way)));
            self.offers[begun..].sort_unstable_by_key(|&(offer, way)| (offer, way.at));
        }
        self.offers_at.push(self.offers.len());
        self.rest.push(0);
        for place in (0..self.order.len()).rev() {
            self.rest[place] += self.rest[place + 1];
        }
    }

    /// Fills `reach`, when no parcel can hold more than its free grams.
    fn look_ahead(&mut self, search: &mut Search<'_>, ways: &Ways, measure: i64) {
        let (p, n) = (self.set.len(), self.order.len());
        let hard = self.rooms.iter().all(|room| room.free == room.most);
        self.greedy = hard || search.model.step == 0;
        let left = (0..p).map(|at| self.rooms[at].most - self.loads.weight[at]).max().unwrap_or(0);
        self.words = (left / measure) as usize / 64 + 1;
        if !hard || self.words > WORDS_MAX {
            self.words = 0;
            return;
        }
        self.measure = measure;
        self.spare = self.rooms.iter().map(|room| room.most).sum::<i64>() - search.model.weight;
        self.lowest = self.gram.iter().copied().min().unwrap_or(0);
        let row = p * self.words;
        search.work -= 2 * (n * row) as i64;
        self.reach.clear();
        self.reach.resize((n + 1) * row, 0);
        (0..p).for_each(|at| self.reach[n * row + at * self.words] = 1);
        for place in (0..n).rev() {
            self.reach.copy_within((place + 1) * row..(place + 2) * row, place * row);
            let doubt = self.order[place].2;
            for way in ways.of(&doubt) {
                let bits = &mut self.reach[place * row + way.at * self.words..][..self.words];
                add_units(bits, way.cap.min(doubt.demand), (doubt.grams / measure) as usize);
            }
        }
    }

    /// Fills `forced` and `plain`.
    fn chain(&mut self, search: &mut Search<'_>, ways: &Ways) {
        let (p, n) = (self.set.len(), self.order.len());
        search.work -= 2 * (n * p) as i64;
        self.forced.clear();
        self.forced.resize((n + 1) * p, 0);
        self.plain.clear();
        self.plain.resize(n + 1, 0);
        for place in (0..n).rev() {
            let doubt = self.order[place].2;
            self.plain[place] = self.plain[place + 1] + doubt.cheapest;
            self.forced.copy_within((place + 1) * p..(place + 2) * p, place * p);
            doubt.force(ways, &mut self.forced[place * p..][..p]);
        }
    }

    /// Least cost of weight, given what is placed. For each prefix of the set: the grams forced into it that exceed
    /// its room start whole steps in it. Parcels are ordered by slope, steepest first.
    fn chained(&self, model: &Model, place: usize) -> i64 {
        let p = self.set.len();
        let slope = |at: usize| self.rooms.get(at).map_or(0, |room| room.slope);
        let (mut charged, mut room, mut least) = (0, 0, 0);
        for at in 0..p {
            let grams = self.loads.weight[at];
            let now = model.charged(grams);
            charged += now;
            room += 1_000 + now - grams;
            let excess = slope(at) - slope(at + 1);
            if excess > 0 {
                least += excess * (charged + model.steps((self.forced[place * p + at] - room).max(0)));
            }
        }
        least
    }

    /// Least cost of the room that the lines from a place in the order on must leave unused.
    fn unused(&self, place: usize) -> i64 {
        let p = self.set.len();
        let (mut grams, mut cost) = (0, 0);
        for at in 0..p {
            let room = self.rooms[at].most - self.loads.weight[at];
            let bits = &self.reach[(place * p + at) * self.words..][..self.words];
            let lost = room - highest(bits, 0, (room / self.measure) as usize).unwrap_or(0) as i64 * self.measure;
            grams += lost;
            cost += lost * self.gram[at];
        }
        if grams > self.spare { i64::MAX } else { cost + (self.spare - grams) * self.lowest }
    }

    /// Places the lines from a place in the order on. `cost` is the least cost of everything else.
    fn line(&mut self, search: &mut Search<'_>, best: &mut Best, place: usize, cost: i64) {
        search.work -= 8;
        if search.work <= 0 || cost + self.rest[place] >= best.cost {
            return;
        }
        search.work -= 2 * self.set.len() as i64;
        let out = match self.words {
            0 => self.drawn + self.plain[place] + self.chained(search.model, place) >= best.cost,
            _ => cost + self.rest[place] >= best.cost.saturating_sub(self.unused(place)),
        };
        if out {
            return;
        }
        let Some(&(_, _, doubt)) = self.order.get(place) else {
            self.loads.offer(search, &self.set, &self.takes, best);
            return;
        };
        if place + 1 == self.order.len() && self.greedy && !search.model.whole_lines {
            return self.last(search, best, doubt);
        }
        self.share(search, best, Turn { place, offer: self.offers_at[place] }, doubt.demand, cost);
    }

    /// Divides `left` units of a line among its remaining offers. `cost` is the least cost of everything placed so
    /// far.
    fn share(&mut self, search: &mut Search<'_>, best: &mut Best, turn: Turn, left: i64, cost: i64) {
        let Turn { place, offer: next } = turn;
        if left == 0 {
            return self.line(search, best, place + 1, cost);
        }
        if next == self.offers_at[place + 1] || search.work <= 0 {
            return;
        }
        let doubt = self.order[place].2;
        let (offer, way) = self.offers[next];
        let beyond = (next + 1 < self.offers_at[place + 1]).then(|| self.offers[next + 1].0);
        let mut units = self.most(search, &doubt, &way, left);
        loop {
            search.work -= 6;
            let rest = beyond.map_or(0, |after| after * (left - units)) + self.rest[place + 1];
            let with = cost + offer * units;
            if (beyond.is_none() && units < left) || with + rest >= best.cost {
                return;
            }
            let before = self.loads.weight[way.at];
            let over =
                self.past(search.model, way.at, before + units * doubt.grams) - self.past(search.model, way.at, before);
            if with + over + rest < best.cost {
                self.put(search.model, way.at, doubt.line, units);
                self.drawn += way.cost * units;
                self.share(search, best, Turn { place, offer: next + 1 }, left - units, with + over);
                self.drawn -= way.cost * units;
                self.put(search.model, way.at, doubt.line, -units);
            }
            if units == 0 {
                return;
            }
            units = if search.model.whole_lines { 0 } else { units - 1 };
        }
    }

    /// Least cost of a parcel's weight beyond the grams already charged and beyond the price of its grams.
    fn past(&self, model: &Model, at: usize, grams: i64) -> i64 {
        let room = &self.rooms[at];
        (model.charged(grams) - room.paid).max(0) * (room.slope - self.gram[at]).max(0)
    }

    /// The most units of a line, up to `want`, that can join a parcel.
    fn most(&self, search: &Search<'_>, doubt: &Doubt, way: &Way, want: i64) -> i64 {
        let model = search.model;
        let mut units = way.cap;
        if !doubt.plenty {
            let mates = self.takes.iter().rev().take_while(|take| take.line as usize == doubt.line);
            let mates = mates.filter(|take| model.lanes[take.lane as usize].site == way.site);
            units -= mates.map(|take| take.units).sum::<i64>();
        }
        units = units.min(want);
        if doubt.grams > 0 {
            units = units.min((self.rooms[way.at].most - self.loads.weight[way.at]) / doubt.grams);
        }
        if model.whole_lines && units < want {
            return 0;
        }
        search.room(self.set[way.at], self.loads.units[way.at], self.loads.weight[way.at], doubt.grams, units)
    }

    /// Places the last line, each unit where it costs least: no later line depends on the weights.
    fn last(&mut self, search: &mut Search<'_>, best: &mut Best, mut doubt: Doubt) {
        // A parcel may be visited more than once.
        doubt.plenty = false;
        let (begun, mut left) = (self.takes.len(), doubt.demand);
        let from = self.offers_at[self.order.len() - 1];
        while left > 0 {
            search.work -= 6 * (self.offers.len() - from) as i64;
            let mut least: Option<(i64, usize, i64)> = None;
            for (_, way) in &self.offers[from..] {
                let units = self.most(search, &doubt, way, left);
                if units > 0 {
                    let (each, units) = self.next_units(&doubt, way, units);
                    least = Some(least.map_or((each, way.at, units), |least| least.min((each, way.at, units))));
                }
            }
            let Some((_, at, units)) = least else { break };
            self.put(search.model, at, doubt.line, units);
            left -= units;
        }
        if left == 0 {
            self.loads.offer(search, &self.set, &self.takes, best);
        }
        while self.takes.len() > begun {
            let take = self.takes[self.takes.len() - 1];
            let at = self.set.iter().position(|&lane| lane == take.lane as usize).unwrap_or(0);
            self.put(search.model, at, doubt.line, -take.units);
        }
    }

    /// Cost of the next unit of a line in a parcel, and the number of units that cost the same.
    fn next_units(&self, doubt: &Doubt, way: &Way, units: i64) -> (i64, i64) {
        let room = &self.rooms[way.at];
        let free = room.free - self.loads.weight[way.at];
        if doubt.grams == 0 || free >= doubt.grams {
            return (way.cost, if doubt.grams == 0 { units } else { units.min(free / doubt.grams) });
        }
        let past = doubt.grams - free.max(0);
        (way.cost + past * room.slope, if free > 0 { 1 } else { units })
    }

    fn put(&mut self, model: &Model, at: usize, line: usize, units: i64) {
        self.loads.add(model, at, line, units);
        if units > 0 {
            self.takes.push(Take { lane: self.set[at] as u32, line: line as u32, units });
        } else if units < 0 {
            self.takes.pop();
        }
    }
}
