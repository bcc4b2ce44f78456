//! Prices of the units of every line, and the lower bound they give (Lagrangian dual).
//!
//! Let the order pay `price` for each unit. Each site's best contribution can then be computed alone, without regard
//! to the demand; the payment for the whole demand plus these contributions is a lower bound on every plan, whatever
//! the prices. All arithmetic is in integers, so the bound holds to the last digit.

mod ascent;
mod sites;

use super::knapsack::Knapsack;
use super::model::Model;
use super::rates::FIRST_KG_G;

/// Decision about a lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum State {
    /// Not decided.
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

/// Prices, and the value of every lane at these prices, in fine units. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Dual {
    /// Decisions, by lane.
    pub state: Vec<State>,
    /// Prices of a unit, by line.
    pub price: Vec<i64>,
    kept: Vec<i64>,
    /// Price of a gram, by lane: weight past the first kilogram costs at least this much.
    gram: Vec<i64>,
    /// Least cost of a parcel at that price of a gram, units excluded, by lane.
    base: Vec<i64>,
    /// Cost of a unit including its weight at that price, lane by lane.
    cost: Vec<i64>,
    /// Grams that rounding up to whole steps adds to the weight of all parcels together, at least.
    residue: i64,
    /// Change of the bound when the lane alone is opened, by lane.
    value: Vec<i64>,
    /// Lanes grouped by site, and the first index of each site's group.
    by_site: Vec<usize>,
    site_at: Vec<usize>,
    site_value: Vec<i64>,
    picks: Vec<Pick>,
    taken: Vec<i64>,
    top: Vec<i64>,
    offers: Vec<(i64, usize, i64)>,
    least: Vec<i64>,
    /// Moving average of how often the bound used a lane, 0 to 1,024.
    used: Vec<i64>,
    /// Lanes that are not closed.
    usable: usize,
    knapsack: Knapsack,
    /// Units of each line that a lane with a capacity takes, lane by lane; empty when no lane has one.
    packed: Vec<i64>,
}

impl Dual {
    /// Reads a model; all lanes are free and there are no prices.
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

    /// Frees all lanes; until there are prices, a lane's value is its entry cost.
    pub fn free(&mut self, model: &Model) {
        refill(&mut self.state, model.lanes.len(), State::Free);
        self.value.clear();
        self.value.extend(model.lanes.iter().map(|lane| lane.entry));
    }

    /// Sets the price of a gram in a lane.
    fn set_gram(&mut self, model: &Model, lane: usize, gram: i64) {
        self.gram[lane] = gram;
        self.base[lane] = model.lanes[lane].least_at(gram);
        let n = model.n();
        let cells = model.cost[lane * n..][..n].iter().zip(&model.grams);
        self.cost[lane * n..][..n].iter_mut().zip(cells).for_each(|(with, (cost, grams))| *with = cost + gram * grams);
    }

    /// Appends the prices of units and grams to a stack.
    pub fn save(&self, stack: &mut Vec<i64>) {
        stack.extend_from_slice(&self.price);
        stack.extend_from_slice(&self.gram);
    }

    /// Restores prices that [`Dual::save`] wrote.
    pub fn restore(&mut self, model: &Model, saved: &[i64]) {
        self.price.clear();
        self.price.extend_from_slice(&saved[..model.n()]);
        for (lane, &gram) in saved[model.n()..].iter().enumerate() {
            if self.gram[lane] != gram {
                self.set_gram(model, lane, gram);
            }
        }
    }

    /// Computes the bound of the current prices, and brings every lane's value and every site's pick up to date.
    pub fn evaluate(&mut self, model: &Model) -> i64 {
        self.taken.iter_mut().for_each(|taken| *taken = 0);
        let mut bound: i64 = self.price.iter().zip(&model.demand).map(|(price, demand)| price * demand).sum();
        for site in 0..model.sites {
            bound += self.evaluate_site(model, site);
        }
        bound + self.rounding(model)
    }

    /// Lower bound on the cost of rounding up to whole steps: the parcels together pay for at least `residue` grams
    /// they do not weigh, each at the least price of a gram or more.
    fn rounding(&self, model: &Model) -> i64 {
        if self.residue == 0 {
            return 0;
        }
        let usable = (0..model.lanes.len()).filter(|&lane| self.state[lane] != State::Closed);
        let least = usable.map(|lane| self.gram[lane].min(model.lanes[lane].slope)).min();
        least.unwrap_or(0) * self.residue
    }

    /// The bound if a free lane were opened, and if it were closed.
    pub fn if_decided(&self, model: &Model, lane: usize, bound: i64) -> (i64, i64) {
        let site = model.lanes[lane].site;
        let without = bound - self.site_value[site];
        let lanes = self.of_site(site);
        let shared = lanes.iter().any(|&other| self.state[other] == State::Open);
        // Together with other lanes of its site it adds no less than the sum of each alone.
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

    /// Whether the bound at these prices uses a parcel on this lane.
    pub fn wants(&self, model: &Model, lane: usize) -> bool {
        match self.picks[model.lanes[lane].site] {
            Pick::None => false,
            Pick::One(picked) => picked == lane,
            Pick::Several => self.state[lane] != State::Closed && self.value[lane] < 0,
        }
    }

    /// Whether a site has an open lane, and whether it has a lane that is not closed.
    pub fn site_states(&self, site: usize) -> (bool, bool) {
        let lanes = self.of_site(site);
        let open = lanes.iter().any(|&lane| self.state[lane] == State::Open);
        (open, open || lanes.iter().any(|&lane| self.state[lane] == State::Free))
    }

    /// How unsettled the use of a lane is, from 0 (always or never used) to 512.
    pub fn doubt(&self, lane: usize) -> i64 {
        self.used[lane].min(1_024 - self.used[lane])
    }

    /// Units of each line that a lane with a capacity takes at these prices.
    pub fn packed(&self, n: usize, lane: usize) -> &[i64] {
        &self.packed[lane * n..][..n]
    }

    /// Change of the bound when the lane alone is opened at these prices.
    pub fn value(&self, lane: usize) -> i64 {
        self.value[lane]
    }

    fn of_site(&self, site: usize) -> &[usize] {
        &self.by_site[self.site_at[site]..self.site_at[site + 1]]
    }

    #[inline]
    fn unit_price(&self, model: &Model, lane: usize, line: usize) -> i64 {
        self.cost[lane * model.n() + line]
    }

    /// Change of the bound when a lane without a binding capacity is opened, at its price of a gram.
    #[inline]
    fn own_value(&self, model: &Model, lane: usize) -> i64 {
        let n = model.n();
        let costs = &self.cost[lane * n..][..n];
        let stock = &model.stock[model.lanes[lane].site * n..][..n];
        let cells = self.price.iter().zip(costs).zip(stock);
        self.base[lane] - cells.map(|((price, cost), stock)| stock * (price - cost).max(0)).sum::<i64>()
    }
}

/// The least number of grams by which the charged weight of an order exceeds its weight past the first kilograms,
/// over any possible number of parcels.
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
