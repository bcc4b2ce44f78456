//! Branch and bound over lanes, each open or closed; the bound comes from prices ([`Dual`]).

mod plans;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::assign::Assign;
use super::dual::{Dual, State};
use super::interchange::Interchange;
use super::local::Local;
use super::model::{COST_MAX, Model};
use super::search::{Best, Search};

/// Rounds of price search at the root, and at each node below it.
const ROOT_ROUNDS: usize = 60;
const NODE_ROUNDS: usize = 4;
/// Rounds of price search for a further level of hours, starting from the prices of the slower level, and at the root
/// of that level.
const LEVEL_ROUNDS: usize = 8;
const WARM_ROUNDS: usize = 20;
/// The root's rounds are divided into this many parts; a plan is tried after each.
const ROOT_PARTS: usize = 6;
/// Most prices stored for postponed nodes; past this, both choices of a lane are searched immediately.
const KEPT_MAX: usize = 1 << 20;
/// First part of a root that starts from stored prices.
const WARM_FROM: usize = 4;
const CROWDED_PARTS: usize = 30;
/// After this many parts each, plans that leave out a parcel are tried.
const EXPLORING_PARTS: usize = 10;
/// Improving a plan may take one part in this many of the remaining work; the second figure is for the first plan.
const IMPROVING_SHARE: i64 = 8;
const FIRST_SHARE: i64 = 40;
/// Placing the lines of one set exhaustively may at first take one part in this many of the remaining work.
const PLACING_SHARE: i64 = 16;
/// Orders of more lines have every plan improved.
const MANY_LINES: usize = 40;

/// A postponed node of the search tree: its decisions and the prices it starts from.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// Hours of the slowest parcel, in fine units.
    hours: i64,
    /// Whether only the hours are decided.
    root: bool,
    /// Range of its decided lanes in `kept_lanes`, and one decision more.
    decided: (usize, usize),
    last: Option<(usize, State)>,
    /// Range of its prices in `kept_prices`, if it has any.
    prices: Option<(usize, usize)>,
}

/// The search tree: the path to the current node, and the postponed nodes. Keeps its buffers between calls.
#[derive(Debug, Default)]
pub(super) struct Branch {
    dual: Dual,
    local: Local,
    trial: Best,
    interchange: Interchange,
    /// Lanes decided on the path to the current node, in order.
    trail: Vec<usize>,
    /// Prices of each node on the path.
    prices: Vec<i64>,
    set: Vec<usize>,
    /// Marks of the sets already tried.
    tried: Vec<u64>,
    /// Units of each line that the set being tried lacks.
    short: Vec<i64>,
    /// Units and index of each line that the plan being completed lacks.
    lacking: Vec<(i64, usize)>,
    /// Least bound of all that was not searched.
    left_out: i64,
    /// Sets that were not searched to the end: a bound, and the range of their lanes in `later_lanes`.
    later: Vec<(i64, usize, usize)>,
    later_lanes: Vec<usize>,
    /// Hours of the slowest parcel in the current pass, in fine units.
    hours: i64,
    /// Whether lanes differ in hours.
    by_hours: bool,
    /// Lower bound on the cost of any plan with a parcel on a lane, by lane.
    least_with: Vec<i64>,
    /// Postponed nodes, and a queue of the open ones by bound; among equals the one with more decisions comes first.
    nodes: Vec<Node>,
    open: BinaryHeap<Reverse<(i64, Reverse<usize>, usize)>>,
    kept_prices: Vec<i64>,
    kept_lanes: Vec<(usize, State)>,
}

impl Branch {
    /// Searches for the best plan. Returns a lower bound on every plan, equal to the best plan's cost when that is
    /// proven.
    pub fn search(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best) -> i64 {
        self.left_out = COST_MAX;
        self.later.clear();
        self.tried.clear();
        self.later_lanes.clear();
        if search.model.n() > MANY_LINES || !search.model.crowded {
            self.dual.free(search.model);
            self.try_interchange(search, assign, best);
        }
        self.local.improve_within(search, best, FIRST_SHARE);
        if best.found() {
            self.refine(search, assign, best);
        }
        let quickest = next_hours(search.model, -1).unwrap_or(0);
        let slowest = search.model.lanes.iter().map(|lane| lane.hours).max().unwrap_or(0);
        self.by_hours = quickest < slowest;
        self.nodes.clear();
        self.open.clear();
        self.kept_prices.clear();
        self.kept_lanes.clear();
        self.least_with.clear();
        self.least_with.resize(search.model.lanes.len(), 0);
        if self.by_hours {
            self.bound_hours(search, assign, best, quickest, slowest);
        } else {
            self.keep(0, Node { hours: quickest, root: true, ..Node::default() });
        }
        self.explore(search, assign, best);
        self.finish(search, assign, best);
        self.left_out.min(best.cost)
    }

    /// Searches the open nodes, least bound first.
    fn explore(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best) {
        while let Some(Reverse((bound, _, at))) = self.open.pop() {
            if bound >= best.cost {
                break;
            }
            // Even with no work left, the first prices give a bound.
            if search.work <= 0 && bound > 0 {
                self.left_out = self.left_out.min(bound);
                break;
            }
            let node = self.nodes[at];
            self.grow(search, assign, best, node, bound);
        }
    }

    /// Postpones a node.
    fn keep(&mut self, bound: i64, node: Node) {
        self.open.push(Reverse((bound, Reverse(node.decided.1 - node.decided.0), self.nodes.len())));
        self.nodes.push(node);
    }

    /// Bounds the plans of each distinct level of hours of the slowest parcel, from the slowest level to the
    /// quickest; each level starts from the prices of the one before.
    fn bound_hours(
        &mut self,
        search: &mut Search<'_>,
        assign: &mut Assign,
        best: &mut Best,
        quickest: i64,
        slowest: i64,
    ) {
        let model = search.model;
        self.begin(search, slowest, best.cost);
        self.dual.first_prices(model);
        self.dual.choose_grams(model);
        let mut bound = 0;
        let mut hours = Some(slowest);
        while let Some(level) = hours {
            (0..model.lanes.len())
                .filter(|&lane| model.lanes[lane].hours > level || self.least_with[lane] >= best.cost)
                .for_each(|lane| self.dual.state[lane] = State::Closed);
            if !self.coverable(model) {
                break;
            }
            self.hours = level;
            if search.work > 0 || bound == 0 {
                let (rounds, pace, least) =
                    if level == slowest { (ROOT_ROUNDS, 1.2, quickest) } else { (LEVEL_ROUNDS, 0.6, level) };
                let target = best.cost.saturating_sub(least);
                bound = bound.max(self.dual.ascend(model, target, rounds, pace, &mut search.work));
                if level == slowest {
                    for (lane, least) in self.least_with.iter_mut().enumerate() {
                        let slow = model.lanes[lane].hours.max(quickest);
                        *least = self.dual.if_decided(model, lane, bound).0.saturating_add(slow);
                    }
                }
                if bound < target {
                    self.try_wanted(search, assign, best);
                }
            }
            if bound + quickest >= best.cost {
                break;
            }
            let least = self.with_slowest(model, bound).saturating_add(level);
            if least < best.cost {
                let from = self.kept_prices.len();
                self.dual.save(&mut self.kept_prices);
                let prices = Some((from, self.kept_prices.len()));
                self.keep(least, Node { hours: level, root: true, prices, ..Node::default() });
            }
            hours = model.lanes.iter().map(|lane| lane.hours).filter(|&hours| hours < level).max();
        }
    }

    /// Searches the postponed sets, least bound first.
    fn finish(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best) {
        self.later.sort_unstable();
        for &(bound, from, to) in &self.later {
            let mut left = bound;
            if search.work > 0 && bound < best.cost {
                left = bound.max(assign.solve(search, &self.later_lanes[from..to], 1, best));
            }
            self.left_out = self.left_out.min(left);
        }
    }

    /// Restarts with the lanes of at most `hours` that a plan costing less than `below` may use.
    fn begin(&mut self, search: &mut Search<'_>, hours: i64, below: i64) {
        let model = search.model;
        // Charges for the first prices, the prices of grams and the check of coverage.
        search.work -= (8 * model.n() * model.lanes.len()) as i64;
        self.dual.begin(model);
        self.close_others(model, hours, below);
    }

    /// Frees the lanes of at most `hours` that a plan costing less than `below` may use, and closes the others.
    fn close_others(&mut self, model: &Model, hours: i64, below: i64) {
        self.hours = hours;
        self.trail.clear();
        self.prices.clear();
        for (lane, state) in self.dual.state.iter_mut().enumerate() {
            let out = model.lanes[lane].hours > hours || self.least_with[lane] >= below;
            *state = if out { State::Closed } else { State::Free };
        }
    }

    /// Returns to a postponed node and searches it. No plan below it costs less than `bound`, hours included.
    fn grow(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best, node: Node, bound: i64) {
        let model = search.model;
        if node.root {
            self.begin(search, node.hours, best.cost);
        } else {
            search.work -= (model.n() * model.lanes.len() / 2) as i64;
            self.close_others(model, node.hours, best.cost);
        }
        for at in node.decided.0..node.decided.1 {
            let (lane, state) = self.kept_lanes[at];
            self.decide(lane, state);
        }
        if let Some((lane, state)) = node.last {
            self.decide(lane, state);
        }
        if !self.coverable(model) {
            return;
        }
        match node.prices {
            Some((from, to)) => self.dual.restore(model, &self.kept_prices[from..to]),
            None => {
                self.dual.first_prices(model);
                self.dual.choose_grams(model);
            }
        }
        let mut rounds = (NODE_ROUNDS, 0.6);
        if node.root {
            let warm = node.prices.is_some();
            if model.n() <= MANY_LINES {
                self.try_interchange(search, assign, best);
            }
            self.root(search, assign, best, warm);
            rounds = (if warm { WARM_ROUNDS } else { ROOT_ROUNDS }, 0.3);
        }
        self.node(search, assign, best, rounds, bound - node.hours);
    }

    /// Raises the prices of a root part by part, and tries a plan after each part.
    fn root(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best, warm: bool) {
        let model = search.model;
        // Capacities tie the prices of many lines together, so prices rise slowly; each part yields another plan.
        let parts = if model.crowded { CROWDED_PARTS } else { ROOT_PARTS };
        let from = if warm && !model.crowded { WARM_FROM } else { 1 };
        for part in from..parts {
            let target = best.cost.saturating_sub(self.hours);
            let pace = 1.2 / (1.0 + ((part - 1) * ROOT_PARTS) as f64 / parts as f64);
            let bound = self.dual.ascend(model, target, ROOT_ROUNDS / ROOT_PARTS, pace, &mut search.work);
            if bound >= target || search.work <= 0 {
                break;
            }
            self.try_packed(search, best);
            if model.crowded && part % EXPLORING_PARTS == 0 {
                self.local.explore(search, best, &mut self.trial);
            }
            self.try_wanted(search, assign, best);
            if model.n() > MANY_LINES && part % 2 == 0 {
                self.try_near(search, assign, best, bound);
            }
        }
        if model.crowded {
            self.local.explore(search, best, &mut self.trial);
        }
    }

    /// Bounds the current node, and branches if the bound does not settle it. No plan below it costs less than
    /// `above`, hours excluded.
    fn node(
        &mut self,
        search: &mut Search<'_>,
        assign: &mut Assign,
        best: &mut Best,
        (rounds, pace): (usize, f64),
        above: i64,
    ) {
        let model = search.model;
        let target = best.cost.saturating_sub(self.hours);
        let bound = self.dual.ascend(model, target, rounds, pace, &mut search.work);
        let proved = self.with_slowest(model, bound).max(above);
        if proved >= target {
            return;
        }
        if search.work <= 0 {
            self.left_out = self.left_out.min(proved + self.hours);
            return;
        }
        self.try_packed(search, best);
        self.try_wanted(search, assign, best);
        let begun = self.trail.len();
        if bound < best.cost.saturating_sub(self.hours) && self.fix(model, best, bound) && self.coverable(model) {
            match self.choose(model, bound) {
                None => self.leaf(search, assign, best, proved),
                Some(lane) if self.kept_prices.len() < KEPT_MAX => self.fork(model, lane, bound, proved),
                Some(lane) => self.split(search, assign, best, lane, proved),
            }
        }
        self.undo(begun);
    }

    /// The bound, raised by the requirement that some lane as slow as the current level is open.
    fn with_slowest(&self, model: &Model, bound: i64) -> i64 {
        let slowest = |&lane: &usize| model.lanes[lane].hours == self.hours;
        let state = |lane: usize| self.dual.state[lane];
        if !self.by_hours || (0..model.lanes.len()).filter(slowest).any(|lane| state(lane) == State::Open) {
            return bound;
        }
        let free = (0..model.lanes.len()).filter(slowest).filter(|&lane| state(lane) == State::Free);
        free.map(|lane| self.dual.if_decided(model, lane, bound).0).min().map_or(COST_MAX, |least| least.max(bound))
    }

    /// Postpones both choices of a lane, each with its own bound at the current prices.
    fn fork(&mut self, model: &Model, lane: usize, bound: i64, proved: i64) {
        let (from, lanes) = (self.kept_prices.len(), self.kept_lanes.len());
        self.dual.save(&mut self.kept_prices);
        let dual = &self.dual;
        self.kept_lanes.extend(self.trail.iter().map(|&lane| (lane, dual.state[lane])));
        let (opened, closed) = self.dual.if_decided(model, lane, bound);
        let node = Node {
            hours: self.hours,
            root: false,
            decided: (lanes, self.kept_lanes.len()),
            last: None,
            prices: Some((from, self.kept_prices.len())),
        };
        for (state, least) in [(State::Open, opened), (State::Closed, closed)] {
            self.keep(least.max(proved) + self.hours, Node { last: Some((lane, state)), ..node });
        }
    }

    /// Searches both choices of a lane immediately, when too many nodes are stored.
    fn split(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best, lane: usize, bound: i64) {
        let kept = self.prices.len();
        self.dual.save(&mut self.prices);
        for state in [State::Open, State::Closed] {
            self.decide(lane, state);
            if self.coverable(search.model) {
                self.node(search, assign, best, (NODE_ROUNDS, 0.6), bound);
            }
            self.undo(self.trail.len() - 1);
            self.dual.restore(search.model, &self.prices[kept..]);
        }
        self.prices.truncate(kept);
    }

    /// Every lane is decided: searches for the best plan with exactly these parcels.
    fn leaf(&mut self, search: &mut Search<'_>, assign: &mut Assign, best: &mut Best, bound: i64) {
        self.set.clear();
        self.set.extend((0..search.model.lanes.len()).filter(|&lane| self.dual.state[lane] == State::Open));
        let open = assign.solve(search, &self.set, PLACING_SHARE, best);
        if open < COST_MAX {
            let from = self.later_lanes.len();
            self.later_lanes.extend_from_slice(&self.set);
            self.later.push((open.max(bound + self.hours), from, self.later_lanes.len()));
        }
    }

    /// Decides every lane whose other choice the bound excludes. Returns false when both choices of a lane are
    /// excluded.
    fn fix(&mut self, model: &Model, best: &Best, bound: i64) -> bool {
        let target = best.cost.saturating_sub(self.hours);
        for lane in 0..model.lanes.len() {
            if self.dual.state[lane] != State::Free {
                continue;
            }
            let (opened, closed) = self.dual.if_decided(model, lane, bound);
            match (opened >= target, closed >= target) {
                (true, true) => return false,
                (true, false) => self.decide(lane, State::Closed),
                (false, true) => self.decide(lane, State::Open),
                (false, false) => {}
            }
        }
        true
    }

    /// The free lane whose decision raises the bound most in both directions; among equals the one the prices are
    /// least settled on.
    fn choose(&self, model: &Model, bound: i64) -> Option<usize> {
        let free = (0..model.lanes.len()).filter(|&lane| self.dual.state[lane] == State::Free);
        let doubt = |lane: usize| {
            let (opened, closed) = self.dual.if_decided(model, lane, bound);
            let worse = (opened - bound).max(0).min(closed - bound);
            (std::cmp::Reverse(worse), std::cmp::Reverse(self.dual.doubt(lane)), self.dual.value(lane), lane)
        };
        free.min_by_key(|&lane| doubt(lane))
    }

    /// Whether the lanes that are not closed can cover the order within the parcel limit.
    fn coverable(&self, model: &Model) -> bool {
        let open = self.dual.state.iter().filter(|&&state| state == State::Open).count();
        if open > model.parcels_max {
            return false;
        }
        (0..model.n()).all(|line| self.reach(model, line, model.parcels_max - open) >= model.demand[line])
    }

    /// Units of a line that open lanes and at most `more` others can take.
    fn reach(&self, model: &Model, line: usize, more: usize) -> i64 {
        let mut sum = 0;
        let mut tops = [0i64; 4];
        for site in 0..model.sites {
            let (open, usable) = self.dual.site_states(site);
            if open {
                sum += model.stock[site * model.n() + line];
            } else if usable {
                let stock = model.stock[site * model.n() + line];
                if more > tops.len() {
                    sum += stock;
                } else if stock > tops[0] {
                    tops[0] = stock;
                    tops.sort_unstable();
                }
            }
        }
        if more > tops.len() { sum } else { sum + tops[tops.len() - more..].iter().sum::<i64>() }
    }

    fn decide(&mut self, lane: usize, state: State) {
        self.dual.state[lane] = state;
        self.trail.push(lane);
    }

    fn undo(&mut self, to: usize) {
        for lane in self.trail.drain(to..) {
            self.dual.state[lane] = State::Free;
        }
    }
}

/// The next larger hours, in fine units, among the lanes.
fn next_hours(model: &Model, last: i64) -> Option<i64> {
    model.lanes.iter().map(|lane| lane.hours).filter(|&hours| hours > last).min()
}
