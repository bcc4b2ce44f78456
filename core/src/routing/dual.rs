//! Prices for the units of every line, and the lower bound they give.
//!
//! Let an order pay `price` for each unit. What is then best for each site alone, without regard to the demand, can be
//! found at once; the demand paid for plus these best values is a lower bound of every plan, whatever the prices. All
//! of it is integer arithmetic, so that the bound holds to the last digit.

use super::knapsack::Knapsack;
use super::model::Model;
use super::rates::FIRST_KG_G;

/// What is decided about a lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum State {
    /// Nothing yet.
    #[default]
    Free,
    /// It has a parcel.
    Open,
    /// It has none.
    Closed,
}

/// Which lanes of a site the bound uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pick {
    None,
    One(usize),
    Several,
}

/// Prices, and what they make of every lane. All buffers are kept.
#[derive(Debug, Default)]
pub(super) struct Dual {
    /// What is decided, by lane.
    pub state: Vec<State>,
    /// Prices of a unit, by line.
    pub price: Vec<i64>,
    kept: Vec<i64>,
    /// Price of a gram in each lane: weight costs at least this much beyond the first kilogram.
    gram: Vec<i64>,
    /// What a lane costs at least, given that price of a gram.
    base: Vec<i64>,
    /// What a unit costs with its weight at that price, lane by lane.
    cost: Vec<i64>,
    /// Grams that started steps add to the weight of all parcels together, however many there are.
    residue: i64,
    /// What a lane alone adds to the bound when it is opened.
    value: Vec<i64>,
    /// Lanes by site, and where each site's begin.
    by_site: Vec<usize>,
    site_at: Vec<usize>,
    site_value: Vec<i64>,
    picks: Vec<Pick>,
    taken: Vec<i64>,
    top: Vec<i64>,
    offers: Vec<(i64, usize, i64)>,
    least: Vec<i64>,
    /// How often of late the bound used a lane, of 1,024.
    used: Vec<i64>,
    /// Lanes that are not closed.
    usable: usize,
    knapsack: Knapsack,
    /// Units of each line that a lane which cannot hold all would take, lane by lane; empty when there is none.
    packed: Vec<i64>,
}

impl Dual {
    /// Starts anew with all lanes free and no prices.
    pub fn begin(&mut self, model: &Model) {
        self.free(model);
        let (m, n) = (model.lanes.len(), model.n());
        refill(&mut self.gram, m, 0);
        refill(&mut self.used, m, 0);
        self.usable = m;
        refill(&mut self.packed, if model.crowded { m * n } else { 0 }, 0);
        refill(&mut self.taken, n, 0);
        refill(&mut self.top, n, 0);
        refill(&mut self.site_value, model.sites, 0);
        refill(&mut self.picks, model.sites, Pick::None);
        self.by_site.clear();
        self.by_site.extend(0..m);
        self.by_site.sort_unstable_by_key(|&lane| (model.lanes[lane].site, lane));
        self.site_at.clear();
        for site in 0..=model.sites {
            self.site_at.push(self.by_site.partition_point(|&lane| model.lanes[lane].site < site));
        }
        self.base.clear();
        self.base.extend(model.lanes.iter().map(|lane| lane.entry));
        self.cost.clone_from(&model.cost);
        self.residue = residue(model);
    }

    /// Frees all lanes; their values are what they cost alone until there are prices.
    pub fn free(&mut self, model: &Model) {
        refill(&mut self.state, model.lanes.len(), State::Free);
        self.value.clear();
        self.value.extend(model.lanes.iter().map(|lane| lane.entry));
    }

    /// Chooses for each lane the price of a gram that serves the bound best at these prices.
    pub fn choose_grams(&mut self, model: &Model) {
        for lane in 0..model.lanes.len() {
            let slope = model.lanes[lane].slope;
            let binds = model.lanes[lane].most_g < model.weight;
            if (slope == 0 && !binds) || model.weight <= 1_000 || self.state[lane] == State::Closed {
                continue;
            }
            let mut best = (i64::MIN, 0);
            let dearest = if binds { self.dearest_gram(model, lane) } else { 0 };
            let parts = if binds { 12 } else { 4 };
            for part in 0..=parts {
                let gram = if part <= 4 { slope * part / 4 } else { slope + (dearest - slope).max(0) * (part - 4) / 8 };
                let value = self.lane_value(model, lane, model.lanes[lane].least_at(gram), gram);
                if value > best.0 {
                    best = (value, gram);
                }
            }
            self.set_gram(model, lane, best.1);
        }
    }

    /// Prices a gram in a lane.
    fn set_gram(&mut self, model: &Model, lane: usize, gram: i64) {
        self.gram[lane] = gram;
        self.base[lane] = model.lanes[lane].least_at(gram);
        let n = model.n();
        let cells = model.cost[lane * n..][..n].iter().zip(&model.grams);
        self.cost[lane * n..][..n].iter_mut().zip(cells).for_each(|(with, (cost, grams))| *with = cost + gram * grams);
    }

    /// The most that the prices pay for a gram in a lane.
    fn dearest_gram(&self, model: &Model, lane: usize) -> i64 {
        let gain = |line: usize| (self.price[line] - model.unit_cost(lane, line)) / model.grams[line].max(1);
        (0..model.n()).filter(|&line| model.cap(lane, line) > 0).map(gain).max().unwrap_or(0).max(0)
    }

    /// Appends all prices to a stack.
    pub fn save(&self, stack: &mut Vec<i64>) {
        stack.extend_from_slice(&self.price);
        stack.extend_from_slice(&self.gram);
    }

    /// Takes back prices that [`Dual::save`] wrote.
    pub fn restore(&mut self, model: &Model, saved: &[i64]) {
        self.price.clear();
        self.price.extend_from_slice(&saved[..model.n()]);
        for (lane, &gram) in saved[model.n()..].iter().enumerate() {
            if self.gram[lane] != gram {
                self.set_gram(model, lane, gram);
            }
        }
    }

    /// The bound of these prices. Every lane's value and every site's pick are up to date after it.
    pub fn evaluate(&mut self, model: &Model) -> i64 {
        self.taken.iter_mut().for_each(|taken| *taken = 0);
        let mut bound: i64 = self.price.iter().zip(&model.demand).map(|(price, demand)| price * demand).sum();
        for site in 0..model.sites {
            bound += self.evaluate_site(model, site);
        }
        bound + self.rounding(model)
    }

    /// What started steps add at least: the weight of all parcels together, past their first kilograms, is charged in whole
    /// steps, and each gram of it is paid for at this price or a higher one.
    fn rounding(&self, model: &Model) -> i64 {
        if self.residue == 0 {
            return 0;
        }
        let usable = (0..model.lanes.len()).filter(|&lane| self.state[lane] != State::Closed);
        let least = usable.map(|lane| self.gram[lane].min(model.lanes[lane].slope)).min();
        least.unwrap_or(0) * self.residue
    }

    /// Better prices in a bounded number of rounds. Answers their bound; they stay in place and are evaluated.
    pub fn ascend(&mut self, model: &Model, target: i64, rounds: usize, mut pace: f64, work: &mut i64) -> i64 {
        self.usable = self.state.iter().filter(|&&state| state != State::Closed).count();
        let cost = (self.usable * model.n() / 2 + model.sites + model.lanes.len()) as i64;
        *work -= cost;
        let mut bound = self.evaluate(model);
        let mut best = bound;
        self.keep();
        let mut idle = 0;
        for round in 0..rounds {
            *work -= cost;
            if best >= target || *work <= 0 || !self.pull(model, target, bound, pace) {
                break;
            }
            if round % 8 == 7 {
                *work -= 5 * cost;
                self.choose_grams(model);
            }
            bound = self.evaluate(model);
            *work -= std::mem::take(&mut self.knapsack.steps);
            if bound > best {
                best = bound;
                idle = 0;
                self.keep();
            } else {
                idle += 1;
                if idle == 4 {
                    idle = 0;
                    pace *= 0.5;
                    self.price.clone_from(&self.kept);
                    bound = self.evaluate(model);
                }
            }
        }
        if best < target && *work > 0 {
            self.price.clone_from(&self.kept);
            self.polish(model);
            *work -= 4 * cost;
            let polished = self.evaluate(model);
            if polished < best {
                self.price.clone_from(&self.kept);
                return self.evaluate(model);
            }
            return polished;
        }
        if best < target && best > bound {
            *work -= cost;
            self.price.clone_from(&self.kept);
            return self.evaluate(model);
        }
        best
    }

    /// What the bound would be if a free lane were opened, and if it were closed.
    pub fn if_decided(&self, model: &Model, lane: usize, bound: i64) -> (i64, i64) {
        let site = model.lanes[lane].site;
        let without = bound - self.site_value[site];
        let lanes = self.of_site(site);
        let shared = lanes.iter().any(|&other| self.state[other] == State::Open);
        // With others of its site it adds no less than each of them by itself.
        let alone = |&other: &usize| match self.state[other] {
            State::Closed => 0,
            _ if other == lane => self.value[lane],
            State::Open => self.value[other],
            State::Free => self.value[other].min(0),
        };
        let apart = lanes.iter().map(alone).sum::<i64>();
        let several = if self.least[site] == i64::MAX { apart } else { apart.max(self.least[site]) };
        let opened = if shared { several } else { self.value[lane].min(several) };
        if self.picks[site] != Pick::One(lane) {
            return (without + opened, bound);
        }
        let others = lanes.iter().filter(|&&other| other != lane && self.state[other] == State::Free);
        let closed = others.map(|&other| self.value[other]).fold(0, i64::min).min(self.least[site]);
        (without + opened, without + closed)
    }

    /// Whether the bound at these prices wants a parcel on this lane.
    pub fn wants(&self, model: &Model, lane: usize) -> bool {
        match self.picks[model.lanes[lane].site] {
            Pick::None => false,
            Pick::One(picked) => picked == lane,
            Pick::Several => self.state[lane] != State::Closed && self.value[lane] < 0,
        }
    }

    /// Whether a site has an open lane, and whether it has one that is not closed.
    pub fn site_states(&self, site: usize) -> (bool, bool) {
        let lanes = self.of_site(site);
        let open = lanes.iter().any(|&lane| self.state[lane] == State::Open);
        (open, open || lanes.iter().any(|&lane| self.state[lane] == State::Free))
    }

    /// How far from settled the use of a lane is.
    pub fn doubt(&self, lane: usize) -> i64 {
        self.used[lane].min(1_024 - self.used[lane])
    }

    /// Units of each line that a lane which cannot hold all takes at these prices.
    pub fn packed(&self, n: usize, lane: usize) -> &[i64] {
        &self.packed[lane * n..][..n]
    }

    /// What opening a lane alone adds at these prices.
    pub fn value(&self, lane: usize) -> i64 {
        self.value[lane]
    }

    fn of_site(&self, site: usize) -> &[usize] {
        &self.by_site[self.site_at[site]..self.site_at[site + 1]]
    }

    fn keep(&mut self) {
        self.kept.clone_from(&self.price);
    }

    /// Spreads every lane's entry over all it could carry; the cheapest sites that cover a line set its price.
    pub fn first_prices(&mut self, model: &Model) {
        let n = model.n();
        self.price.clear();
        refill(&mut self.least, model.sites, 0);
        self.choose_first_grams(model);
        for line in 0..n {
            self.offers.clear();
            for lane in 0..model.lanes.len() {
                let cap = model.cap(lane, line);
                if cap > 0 {
                    let spread = self.base[lane].max(0) / self.value[lane].max(1);
                    self.offers.push((self.unit_price(model, lane, line) + spread, lane, cap));
                }
            }
            let price = self.covering(model, model.demand[line]);
            self.price.push(price);
        }
    }

    /// Weight counts from the start where all of it could not ride free; `value` holds the units a lane could carry.
    fn choose_first_grams(&mut self, model: &Model) {
        for lane in 0..model.lanes.len() {
            let slope = model.lanes[lane].slope;
            if model.weight > 2_000 && model.lanes[lane].entry >= 1_000 * slope {
                self.set_gram(model, lane, slope);
            }
            self.value[lane] = (0..model.n()).map(|line| model.cap(lane, line)).sum();
        }
    }

    /// The offer at which the cheapest sites in `offers` together reach the demand.
    fn covering(&mut self, model: &Model, demand: i64) -> i64 {
        let least = self.offers.iter().copied().min().unwrap_or_default();
        if least.2 >= demand {
            return least.0;
        }
        self.offers.sort_unstable();
        let (mut covered, mut price) = (0, 0);
        for at in 0..self.offers.len() {
            let (offer, lane, cap) = self.offers[at];
            let site = model.lanes[lane].site;
            if self.offers[..at].iter().any(|&(_, other, _)| model.lanes[other].site == site) {
                continue;
            }
            price = offer;
            covered += cap;
            if covered >= demand {
                break;
            }
        }
        price
    }

    #[inline]
    fn unit_price(&self, model: &Model, lane: usize, line: usize) -> i64 {
        self.cost[lane * model.n() + line]
    }

    /// What opening a lane alone adds at its price of a gram.
    #[inline]
    fn own_value(&self, model: &Model, lane: usize) -> i64 {
        let n = model.n();
        let costs = &self.cost[lane * n..][..n];
        let stock = &model.stock[model.lanes[lane].site * n..][..n];
        let cells = self.price.iter().zip(costs).zip(stock);
        self.base[lane] - cells.map(|((price, cost), stock)| stock * (price - cost).max(0)).sum::<i64>()
    }

    fn lane_value(&self, model: &Model, lane: usize, base: i64, gram: i64) -> i64 {
        let n = model.n();
        let costs = &model.cost[lane * n..][..n];
        let stock = &model.stock[model.lanes[lane].site * n..][..n];
        let cells = self.price.iter().zip(costs).zip(stock.iter().zip(&model.grams));
        let profit: i64 =
            cells.map(|((price, cost), (stock, grams))| stock * (price - cost - gram * grams).max(0)).sum();
        base - profit
    }

    /// The value of a lane that cannot hold all units.
    fn packed_value(&mut self, model: &Model, lane: usize) -> i64 {
        let n = model.n();
        self.knapsack.clear();
        for line in 0..n {
            let gain = self.price[line] - self.unit_price(model, lane, line);
            self.knapsack.offer(line, model.cap(lane, line), gain);
        }
        let taken = &mut self.packed[lane * n..][..n];
        self.base[lane] - self.knapsack.pack(model.lanes[lane].holds, model.whole_lines, taken)
    }

    fn evaluate_site(&mut self, model: &Model, site: usize) -> i64 {
        let range = self.site_at[site]..self.site_at[site + 1];
        let (mut open, mut best, mut usable) = (0, (0, Pick::None), 0);
        let mut opened = None;
        for at in range.clone() {
            let lane = self.by_site[at];
            if self.state[lane] == State::Closed {
                continue;
            }
            self.value[lane] = if model.lanes[lane].holds < model.units {
                self.packed_value(model, lane)
            } else {
                self.own_value(model, lane)
            };
            usable += 1;
            if self.state[lane] == State::Open {
                open += 1;
                opened = Some(lane);
            } else if self.value[lane] < best.0 {
                best = (self.value[lane], Pick::One(lane));
            }
        }
        if let Some(lane) = opened {
            best = (if open == 1 { self.value[lane] } else { i64::MAX }, Pick::One(lane));
        }
        self.least[site] = i64::MAX;
        // Two or more parcels cost no less than each by itself, so only where two of them would pay can they be best.
        let paying =
            self.of_site(site).iter().filter(|&&lane| self.state[lane] != State::Closed && self.value[lane] < 0);
        if usable > 1 && (open > 0 || paying.take(2).count() == 2) {
            let several = self.several(model, site);
            self.least[site] = several;
            if several < best.0 {
                best = (several, Pick::Several);
            }
        }
        self.site_value[site] = best.0;
        self.picks[site] = best.1;
        for at in range {
            let lane = self.by_site[at];
            let used = if best.1 == Pick::One(lane) { 1_024 } else { 0 };
            self.used[lane] += (used - self.used[lane]) / 8;
        }
        self.take(model, site, best.1);
        best.0
    }

    /// At least this is added by two or more parcels from one site.
    fn several(&mut self, model: &Model, site: usize) -> i64 {
        let n = model.n();
        self.top.iter_mut().for_each(|top| *top = 0);
        let (mut bases, mut open, mut cheapest) = (0i64, 0, [i64::MAX; 2]);
        for at in self.site_at[site]..self.site_at[site + 1] {
            let lane = self.by_site[at];
            match self.state[lane] {
                State::Closed => continue,
                State::Open => {
                    open += 1;
                    bases += self.base[lane];
                }
                State::Free if self.base[lane] < 0 => bases += self.base[lane],
                State::Free => {}
            }
            if self.state[lane] == State::Free {
                let base = self.base[lane].max(0);
                if base < cheapest[0] {
                    cheapest = [base, cheapest[0]];
                } else if base < cheapest[1] {
                    cheapest[1] = base;
                }
            }
            let costs = &self.cost[lane * n..][..n];
            for (top, (price, cost)) in self.top.iter_mut().zip(self.price.iter().zip(costs)) {
                *top = (*top).max(price - cost);
            }
        }
        for needed in cheapest.iter().take(2usize.saturating_sub(open)) {
            bases = bases.saturating_add(*needed);
        }
        let stock = &model.stock[site * n..][..n];
        bases - stock.iter().zip(&self.top).map(|(stock, top)| stock * top).sum::<i64>()
    }

    /// Counts what a site's pick takes of each line.
    fn take(&mut self, model: &Model, site: usize, pick: Pick) {
        let n = model.n();
        if let Pick::One(lane) = pick
            && model.lanes[lane].holds < model.units
        {
            self.taken.iter_mut().zip(&self.packed[lane * n..][..n]).for_each(|(taken, units)| *taken += units);
            return;
        }
        for line in 0..n {
            let gain = match pick {
                Pick::None => return,
                Pick::One(lane) => self.price[line] - self.unit_price(model, lane, line),
                Pick::Several => self.top[line],
            };
            if gain > 0 {
                self.taken[line] += model.stock[site * n + line];
            }
        }
    }

    /// Moves the prices along the difference of demand and what is taken. False when they agree.
    fn pull(&mut self, model: &Model, target: i64, bound: i64, pace: f64) -> bool {
        let miss = |line: usize| (model.demand[line] - self.taken[line]) as f64 / model.demand[line] as f64;
        let norm: f64 = (0..model.n()).map(|line| miss(line) * miss(line)).sum();
        if norm < 1e-12 {
            return false;
        }
        let limit = model.most as f64;
        let far = (target as f64 - bound as f64).min(0.1 * (bound as f64).abs().max(1.0));
        let step = pace * far.max(1.0) / norm;
        for line in 0..model.n() {
            let demand = model.demand[line] as f64;
            let price = self.price[line] as f64 + step * miss(line) / demand;
            self.price[line] = price.clamp(-limit / demand, limit / demand) as i64;
        }
        true
    }

    /// Sets every line's price in turn to its best, the others held.
    fn polish(&mut self, model: &Model) {
        for lane in 0..model.lanes.len() {
            if self.state[lane] != State::Closed {
                self.value[lane] = self.own_value(model, lane);
            }
        }
        for line in 0..model.n() {
            self.offers.clear();
            for lane in 0..model.lanes.len() {
                let cap = model.cap(lane, line);
                if cap == 0 || self.state[lane] == State::Closed {
                    continue;
                }
                let unit = self.unit_price(model, lane, line);
                let gain = (self.price[line] - unit).max(0);
                self.value[lane] += cap * gain;
                let slack = if self.state[lane] == State::Open { 0 } else { self.value[lane].max(0) };
                self.offers.push((unit + slack / cap, lane, cap));
            }
            let price = self.covering(model, model.demand[line]);
            if !self.offers.is_empty() {
                self.price[line] = price;
            }
            for at in 0..self.offers.len() {
                let (_, lane, cap) = self.offers[at];
                self.value[lane] -= cap * (self.price[line] - self.unit_price(model, lane, line)).max(0);
            }
        }
    }
}

/// Grams between the weight of an order, less any number of first kilograms, and the next whole step: the least of them.
fn residue(model: &Model) -> i64 {
    let first = FIRST_KG_G.cast_signed();
    let over = |parcels: i64| model.weight - first * parcels;
    let many = (model.weight / first + 1).min(model.lanes.len() as i64).max(1);
    (1..=many).map(|parcels| model.steps(over(parcels).max(0)) - over(parcels)).min().unwrap_or(0)
}

fn refill<T: Clone>(buffer: &mut Vec<T>, len: usize, with: T) {
    buffer.clear();
    buffer.resize(len, with);
}
