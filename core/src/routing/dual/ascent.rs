//! The search for good prices: first prices, subgradient steps along the difference between demand and units taken,
//! and one pass that sets each price to its best value.

use super::{Dual, State, refill};
use crate::routing::model::Model;

impl Dual {
    /// Sets the first prices: each lane's entry cost is spread over the units it could carry, and the cheapest sites
    /// that cover a line set its price.
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

    /// Prices grams from the start on lanes whose entry cost exceeds a kilogram of weight. Leaves the units each lane
    /// could carry in `value`.
    fn choose_first_grams(&mut self, model: &Model) {
        for lane in 0..model.lanes.len() {
            let slope = model.lanes[lane].slope;
            if model.weight > 2_000 && model.lanes[lane].entry >= 1_000 * slope {
                self.set_gram(model, lane, slope);
            }
            self.value[lane] = (0..model.n()).map(|line| model.cap(lane, line)).sum();
        }
    }

    /// Chooses for each lane the price of a gram that gives the highest bound at the current prices of units.
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

    /// The most that the current prices of units pay for a gram in a lane.
    fn dearest_gram(&self, model: &Model, lane: usize) -> i64 {
        let gain = |line: usize| (self.price[line] - model.unit_cost(lane, line)) / model.grams[line].max(1);
        (0..model.n()).filter(|&line| model.cap(lane, line) > 0).map(gain).max().unwrap_or(0).max(0)
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

    /// Improves the prices for at most `rounds` rounds, or until the bound reaches `target`. Returns the bound of the
    /// best prices found; they are in place and evaluated.
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

    fn keep(&mut self) {
        self.kept.clone_from(&self.price);
    }

    /// Moves the prices along the difference between demand and units taken. Returns false when these agree.
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

    /// Sets each line's price in turn to its best value, with the others held.
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
}
