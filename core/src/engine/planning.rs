//! From demand and stock to a plan: what can be drawn where, the routing problem, and the decision made of its solution.

use std::cell::RefCell;

use crate::catalog::Config;
use crate::engine::demand::{Demand, Wanted};
use crate::event::{Decision, PlannedLine, PlannedSub, PriceSeen, SeenLine};
use crate::ids::{PoolId, SkuId, WarehouseId};
use crate::money::Money;
use crate::prices::{Table, solve_own_first};
use crate::reject::{Reject, Short};
use crate::reply::SubKind;
use crate::routing::{Answer, DemandLine, Lane, Problem, Router, Solution, Whole, hold_to, scarcity};
use crate::rules::{LaneRules, ZoneLanes};
use crate::stock::{SkuStock, draw};
use crate::units::Units;

/// Buffers of one thread, reused from order to order, and how hard to look for a plan.
#[derive(Default)]
pub(super) struct Scratch {
    pub view: View,
    pub problem: Problem,
    pub router: Router,
    /// Bytes of the event under way.
    pub bytes: Vec<u8>,
    /// The budget of work of a plan.
    pub work: u64,
    /// Room for the lines of the next demand.
    pub wanted: Vec<Wanted>,
    spare: Spare,
    site_of: Vec<u16>,
    /// The prices of stock that the last plan saw.
    prices: Vec<PriceSeen>,
    unpriced: Vec<i64>,
}

/// What the next decision is written into: the lists of an earlier one, emptied.
#[derive(Default)]
struct Spare {
    subs: Vec<PlannedSub>,
    lines: Vec<Vec<PlannedLine>>,
    seen: Vec<SeenLine>,
}

/// Lists of lines kept for use again.
const SPARE_LINES: usize = 16;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Lends this thread's buffers, for plans with this budget of work.
pub(super) fn with_scratch<T>(work: u64, f: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.work = work;
        f(scratch)
    })
}

/// What could be drawn for each demanded line, by warehouse, when it was looked at.
#[derive(Default)]
pub(super) struct View {
    cells: Vec<(WarehouseId, u64)>,
    lines: Vec<LineView>,
}

#[derive(Clone, Copy)]
struct LineView {
    start: usize,
    end: usize,
    total: Units,
    /// The warehouses below [`MASKED`] that have some of it, one bit each.
    some: u64,
    /// Those that have all that is wanted.
    full: u64,
    /// Whether these are all that have any.
    masked: bool,
}

/// Warehouses with a bit in a mask.
const MASKED: u16 = 64;

impl LineView {
    /// A look at a line of which so many units are `wanted`, and at the cells from `start` on, which are its.
    #[inline]
    fn of(cells: &[(WarehouseId, u64)], start: usize, wanted: Units) -> LineView {
        let mut line = LineView { start, end: cells.len(), total: Units::ZERO, some: 0, full: 0, masked: true };
        for &(warehouse, units) in &cells[start..] {
            line.total = line.total.saturating_add(Units(units));
            if warehouse.0 < MASKED {
                line.some |= 1 << warehouse.0;
                line.full |= u64::from(units >= wanted.0) << warehouse.0;
            } else {
                line.masked = false;
            }
        }
        line
    }
}

/// What planning came to.
pub(super) enum Planned {
    /// There is a plan: the router's solution.
    Plan,
    /// These refuse the order.
    No(Reject),
}

/// What a look at the lanes, before the problem is written out, came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Glance {
    /// It was not taken.
    None,
    /// The whole demand in one parcel is proven best, and is the router's solution.
    Proven,
    /// It proved nothing, and need not be taken again.
    Open,
}

const NO_SITE: u16 = u16::MAX;

impl View {
    /// Forgets what was seen.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.lines.clear();
    }

    /// Notes what could be drawn of the next line's SKU, except at a warehouse that is left out.
    pub fn add(
        &mut self,
        wanted: Units,
        stock: &SkuStock,
        pools: &[PoolId],
        config: &Config,
        without: Option<WarehouseId>,
    ) {
        let start = self.cells.len();
        let all_count = without.is_none() && config.unlimited.is_empty();
        let counts = |warehouse| all_count || (Some(warehouse) != without && !config.is_unlimited(warehouse));
        let there = stock.drawable(pools).filter(|(warehouse, units)| !units.is_zero() && counts(*warehouse));
        self.cells.extend(there.map(|(warehouse, units)| (warehouse, units.0)));
        let unlimited = config.unlimited.iter().filter(|warehouse| Some(**warehouse) != without);
        self.cells.extend(unlimited.map(|warehouse| (*warehouse, u64::MAX)));
        self.lines.push(LineView::of(&self.cells, start, wanted));
    }

    /// Notes what may be had of the next line, by warehouse.
    pub fn offer(&mut self, wanted: Units, cells: impl Iterator<Item = (WarehouseId, Units)>) {
        let start = self.cells.len();
        let there = cells.filter(|(_, units)| !units.is_zero());
        self.cells.extend(there.map(|(warehouse, units)| (warehouse, units.0)));
        self.lines.push(LineView::of(&self.cells, start, wanted));
    }

    /// Sees again what a decision saw.
    pub fn recall(&mut self, seen: &[SeenLine], config: &Config) {
        self.clear();
        for line in seen {
            let start = self.cells.len();
            let exact =
                |warehouse| line.partial.iter().find(|(known, _)| *known == warehouse).map(|(_, units)| units.0);
            let low = (0..MASKED).filter(|bit| line.full & (1 << bit) != 0).map(WarehouseId);
            for warehouse in low.chain(line.full_beyond.iter().copied()) {
                let units = if config.is_unlimited(warehouse) { u64::MAX } else { line.wanted.0 };
                self.cells.push((warehouse, exact(warehouse).unwrap_or(units)));
            }
            let less = line.partial.iter().filter(|(_, units)| *units < line.wanted);
            self.cells.extend(less.map(|(warehouse, units)| (*warehouse, units.0)));
            self.lines.push(LineView::of(&self.cells, start, line.wanted));
        }
    }

    /// What could be drawn of a line: warehouse and units, each warehouse once.
    pub fn cells(&self, line: usize) -> &[(WarehouseId, u64)] {
        &self.cells[self.lines[line].start..self.lines[line].end]
    }
}

impl Scratch {
    /// Plans a demand over the view, with these prices of stock. The plan is in the router afterwards.
    pub fn plan(&mut self, demand: &Demand<'_>, config: &Config, prices: Option<&Table>) -> Planned {
        self.prices.clear();
        let short = shorts(demand, &self.view);
        if !short.is_empty() {
            return Planned::No(Reject::InsufficientStock { short });
        }
        let zone = demand.zone.map(|zone| zone.as_str());
        let lanes = config.rules.lanes(zone);
        let prices = prices.filter(|table| demand.lines.iter().any(|line| !table.of(line.sku).is_empty()));
        self.begin(demand, config, zone);
        let glance = if prices.is_none() { self.glance(demand, lanes) } else { Glance::None };
        if glance == Glance::Proven {
            return Planned::Plan;
        }
        self.pose(demand, config, lanes);
        if let Some(prices) = prices {
            self.price(demand, prices);
        }
        match self.solve(config, glance) {
            Answer::Plan => self.hold_to_split_rules(demand),
            Answer::Short | Answer::NoWay => Planned::No(self.why_not(demand, config)),
        }
    }

    /// Keeps to one warehouse, or to parts that are large enough, where the rules ask for it.
    fn hold_to_split_rules(&mut self, demand: &Demand<'_>) -> Planned {
        if demand.split.is_free() || hold_to(&demand.split, &self.problem, &mut self.router, self.work) {
            return Planned::Plan;
        }
        let total = demand.lines.iter().map(|line| line.units.0).sum();
        let (sent, left) = (demand.split.sent.of(total), demand.split.left.of(total));
        let reason = format!(
            "no single warehouse can send all of it, and no split was found in which every warehouse sends at least {sent} \
             units and leaves at least {left} to the others"
        );
        Planned::No(Reject::Unroutable { reason })
    }

    /// Writes the whole problem of a demand over the view, also where planning saw at a glance what is best.
    pub fn write_out(&mut self, demand: &Demand<'_>, config: &Config) {
        let zone = demand.zone.map(|zone| zone.as_str());
        self.begin(demand, config, zone);
        self.pose(demand, config, config.rules.lanes(zone));
    }

    /// Starts the problem: what is wanted and what counts.
    fn begin(&mut self, demand: &Demand<'_>, config: &Config, zone: Option<&str>) {
        let problem = &mut self.problem;
        problem.clear();
        problem.lines.extend(demand.lines.iter().map(|l| DemandLine { units: l.units.0, weight_g: l.weight_g }));
        problem.weights = config.rules.weights(demand.channel, zone, demand.category.as_ref().map(|c| c.as_str()));
        problem.kg_step_g = config.rules.kg_step_g;
        problem.max_parcels = if demand.ship_complete { Some(1) } else { demand.max_parcels };
    }

    /// Plans the whole demand as one parcel, when a look at the lanes proves that best. The router would come to the same,
    /// but the problem would have to be written out for it.
    fn glance(&mut self, demand: &Demand<'_>, lanes: &ZoneLanes) -> Glance {
        let Scratch { view, problem, router, .. } = self;
        if problem.weights.balance != 0 || view.lines.iter().any(|line| !line.masked) {
            return Glance::None;
        }
        let lines = problem.lines.iter().map(|line| (line.units, line.weight_g));
        let Some(mut whole) = Whole::new(lines, problem.weights, problem.kg_step_g, problem.max_parcels) else {
            return Glance::Open;
        };
        let some = view.lines.iter().fold(0, |masks, line| masks | line.some);
        let full = view.lines.iter().fold(u64::MAX, |masks, line| masks & line.full);
        if full == 0 {
            return Glance::Open;
        }
        let offer = |whole: &mut Whole, at: usize| {
            let lane = &lanes.all()[at];
            let has = |mask: u64| lane.warehouse.0 < MASKED && mask >> lane.warehouse.0 & 1 == 1;
            if has(some) && demand.carrier.is_none_or(|c| c == lane.carrier) {
                whole.offer(at, &lane.rate, lane.penalty.0, lane.ceiling, has(full));
            }
        };
        let early = match lanes.ladder(problem.weights.money).filter(|ladder| whole.climbs(ladder)) {
            Some(ladder) => ladder.rungs().iter().find_map(|rung| {
                let proven = whole.proven_above(&ladder.floor(rung));
                if proven.is_none() {
                    offer(&mut whole, rung.lane);
                }
                proven
            }),
            None => {
                (0..lanes.all().len()).for_each(|at| offer(&mut whole, at));
                None
            }
        };
        let Some(at) = early.or_else(|| whole.proven()) else { return Glance::Open };
        let lane = &lanes.all()[at];
        problem.sites.push(lane.warehouse);
        problem.lanes.push(lane_of(lane, 0));
        router.settle(problem, 0);
        Glance::Proven
    }

    /// Writes the routing problem of a demand over the view.
    fn pose(&mut self, demand: &Demand<'_>, config: &Config, lanes: &ZoneLanes) {
        let Scratch { view, problem, site_of, .. } = self;
        site_of.resize(config.codes.given.warehouses.len(), NO_SITE);
        for &(warehouse, _) in &view.cells {
            if site_of[warehouse.index()] == NO_SITE {
                site_of[warehouse.index()] = 0;
                problem.sites.push(warehouse);
            }
        }
        problem.sites.sort_unstable();
        let mut kept = 0;
        for at in 0..problem.sites.len() {
            let warehouse = problem.sites[at];
            let before = problem.lanes.len();
            let allowed = lanes.from(warehouse).iter().filter(|l| demand.carrier.is_none_or(|c| c == l.carrier));
            problem.lanes.extend(allowed.map(|l| lane_of(l, kept)));
            if problem.lanes.len() > before {
                problem.sites[usize::from(kept)] = warehouse;
                site_of[warehouse.index()] = kept;
                kept += 1;
            } else {
                site_of[warehouse.index()] = NO_SITE;
            }
        }
        problem.sites.truncate(usize::from(kept));

        let lines = demand.lines.len();
        problem.stock.resize(usize::from(kept) * lines, 0);
        for (line, wanted) in demand.lines.iter().enumerate() {
            for &(warehouse, units) in view.cells(line) {
                let site = site_of[warehouse.index()];
                if site != NO_SITE {
                    problem.stock[usize::from(site) * lines + line] = units.min(wanted.units.0);
                }
            }
        }
        if problem.weights.balance != 0 {
            weigh_balance(problem, view, site_of);
        }
        for warehouse in &problem.sites {
            site_of[warehouse.index()] = NO_SITE;
        }
    }

    /// Adds the prices of stock to what each unit drawn costs.
    fn price(&mut self, demand: &Demand<'_>, table: &Table) {
        let Scratch { problem, prices, unpriced, .. } = self;
        let lines = demand.lines.len();
        for (line, wanted) in demand.lines.iter().enumerate() {
            for price in table.of(wanted.sku) {
                let Ok(site) = problem.sites.binary_search(&price.warehouse) else { continue };
                if problem.stock[site * lines + line] == 0 {
                    continue;
                }
                if prices.is_empty() {
                    unpriced.clone_from(&problem.draws);
                    problem.draws.resize(problem.stock.len(), 0);
                }
                problem.draws[site * lines + line] += price.micros;
                prices.push(*price);
            }
        }
    }

    fn solve(&mut self, config: &Config, glance: Glance) -> Answer {
        let Scratch { problem, router, prices, unpriced, work, .. } = self;
        if glance == Glance::Open {
            return router.solve_past_glance(problem, *work);
        }
        let free = config.rules.prices.is_none_or(|rules| rules.pass_over_own) || config.unlimited.is_empty();
        if prices.is_empty() || free {
            return router.solve(problem, *work);
        }
        solve_own_first(router, problem, unpriced, |warehouse| config.is_unlimited(warehouse), *work)
    }

    /// Why a demand that the stock covers cannot be shipped.
    fn why_not(&self, demand: &Demand<'_>, config: &Config) -> Reject {
        let zone = demand.zone.map(|zone| zone.as_str());
        let lanes = config.rules.lanes(zone).all();
        if let Some(carrier) = demand.carrier
            && !lanes.iter().any(|lane| lane.carrier == carrier)
        {
            return Reject::CarrierNotEligible {
                carrier: config.codes.of_carrier(carrier),
                zone: demand.zone.cloned(),
            };
        }
        let to = zone.unwrap_or("a destination without a zone");
        let unreached = demand.lines.iter().enumerate().find(|(line, wanted)| {
            let reach = |site: usize| self.problem.stock_at(site, *line);
            let total = (0..self.problem.sites.len()).fold(0u64, |sum, site| sum.saturating_add(reach(site)));
            total < wanted.units.0
        });
        let reason = match (unreached, demand.ship_complete, self.problem.max_parcels) {
            (Some((_, wanted)), _, _) => {
                let who = if demand.carrier.is_some() { "the named carrier" } else { "any carrier" };
                format!(
                    "not enough of {} lies where {who} may ship from to {to}; add a rate or lift a ban",
                    wanted.code
                )
            }
            (None, true, _) => format!("it must ship complete, and no single warehouse can send all of it to {to}"),
            (None, false, Some(most)) => {
                format!("it does not fit into {most} parcels to {to} under the carriers' ceilings")
            }
            (None, false, None) => format!("every way to {to} costs more than its carrier's ceiling allows"),
        };
        Reject::Unroutable { reason }
    }

    /// Whether what the solution takes can still be drawn: `now` answers what can be drawn of a SKU at a warehouse.
    pub fn still_holds(&self, demand: &Demand<'_>, now: impl Fn(SkuId, WarehouseId) -> Units) -> bool {
        // Carriers of one warehouse draw from the same stock, so their takes count together.
        let mut takes: Vec<(usize, WarehouseId, u64)> = Vec::new();
        for parcel in &self.router.solution().parcels {
            let warehouse = self.warehouse_of(parcel.lane);
            takes.extend(parcel.takes.iter().map(|(line, units)| (usize::from(*line), warehouse, *units)));
        }
        takes.sort_unstable();
        takes.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).all(|same| {
            let (line, warehouse, _) = same[0];
            let wanted: u64 = same.iter().map(|(_, _, units)| units).sum();
            now(demand.lines[line].sku, warehouse).0 >= wanted
        })
    }

    /// The decision that the solution and the view make, drawn from the stock as it is under its locks.
    pub fn decide<'s>(
        &mut self,
        demand: &Demand<'_>,
        config: &Config,
        stock: impl Fn(SkuId) -> &'s SkuStock,
    ) -> Decision {
        let Spare { mut subs, lines: mut spare, mut seen } = std::mem::take(&mut self.spare);
        self.see(demand, &mut seen);
        let Solution { parcels, score, bound, .. } = self.router.solution();
        // Two carriers of one warehouse must not be given the same units of a pool.
        let mut drawn: Vec<(SkuId, WarehouseId, PoolId, Units)> = Vec::new();
        for parcel in parcels {
            let lane = &self.problem.lanes[usize::from(parcel.lane)];
            let warehouse = self.warehouse_of(parcel.lane);
            let from_supplier = config.is_unlimited(warehouse);
            let mut lines = spare.pop().unwrap_or_default();
            lines.reserve(parcel.takes.len());
            for &(line, units) in &parcel.takes {
                let (sku, units) = (demand.lines[usize::from(line)].sku, Units(units));
                if from_supplier {
                    lines.push(PlannedLine { sku, pool: demand.pools[0], units });
                    continue;
                }
                let used = |pool| {
                    drawn.iter().filter(|d| (d.0, d.1, d.2) == (sku, warehouse, pool)).map(|d| d.3).sum::<Units>()
                };
                let taken = draw(stock(sku).cell(warehouse), demand.pools, units, used);
                for &(pool, units) in &taken {
                    lines.push(PlannedLine { sku, pool, units });
                    if parcels.len() > 1 {
                        drawn.push((sku, warehouse, pool, units));
                    }
                }
            }
            subs.push(PlannedSub {
                warehouse,
                carrier: lane.carrier,
                kind: SubKind::Regular,
                hours: lane.rate.hours,
                weight_g: parcel.weight_g,
                parts: parcel.parts,
                from_supplier,
                lines,
            });
        }
        let (score, bound) = (Money(*score), Money(*bound));
        self.spare.lines = spare;
        Decision { rules_version: config.version(), score, bound, subs, seen, prices: self.prices.clone() }
    }

    /// Takes a decision that was written down, to write the next one into its lists.
    pub fn give_back(&mut self, decision: Decision) {
        let Decision { mut subs, mut seen, .. } = decision;
        for mut sub in subs.drain(..).take(SPARE_LINES - self.spare.lines.len()) {
            sub.lines.clear();
            self.spare.lines.push(sub.lines);
        }
        seen.clear();
        (self.spare.subs, self.spare.seen) = (subs, seen);
    }

    /// Where a lane of the problem ships from.
    pub fn warehouse_of(&self, lane: u16) -> WarehouseId {
        self.problem.sites[usize::from(self.problem.lanes[usize::from(lane)].site)]
    }

    /// What the decision saw, clipped to the demand; unclipped when balance counts.
    pub fn seen(&self, demand: &Demand<'_>) -> Vec<SeenLine> {
        let mut seen = Vec::new();
        self.see(demand, &mut seen);
        seen
    }

    fn see(&self, demand: &Demand<'_>, into: &mut Vec<SeenLine>) {
        let exact = self.problem.weights.balance != 0;
        let line_seen = |(line, wanted): (usize, &Wanted)| {
            let mut seen = SeenLine {
                sku: wanted.sku,
                wanted: wanted.units,
                full: 0,
                full_beyond: Vec::new(),
                partial: Vec::new(),
            };
            let LineView { some, full, masked, .. } = self.view.lines[line];
            seen.full = full;
            if some == full && !exact && masked {
                return seen;
            }
            for &(warehouse, units) in self.view.cells(line) {
                if units >= wanted.units.0 && warehouse.0 >= MASKED {
                    seen.full_beyond.push(warehouse);
                }
                if units < wanted.units.0 || (exact && units != u64::MAX) {
                    seen.partial.push((warehouse, Units(units)));
                }
            }
            seen
        };
        into.extend(demand.lines.iter().enumerate().map(line_seen));
    }
}

fn lane_of(rules: &LaneRules, site: u16) -> Lane {
    let LaneRules { carrier, rate, ceiling, penalty, .. } = *rules;
    Lane { site, carrier, rate, ceiling, penalty: penalty.0 }
}

/// The lines of which there is too little anywhere, with what could be drawn.
fn shorts(demand: &Demand<'_>, view: &View) -> Vec<Short> {
    let pairs = demand.lines.iter().zip(&view.lines);
    pairs
        .filter(|(wanted, seen)| seen.total < wanted.units)
        .map(|(wanted, seen)| Short { sku: wanted.code.clone(), wanted: wanted.units, available: seen.total })
        .collect()
}

/// Fills in the score of scarcity per unit: see the model page of the documentation.
fn weigh_balance(problem: &mut Problem, view: &View, site_of: &[u16]) {
    let lines = problem.lines.len();
    problem.draws.resize(problem.stock.len(), 0);
    for line in 0..lines {
        let here = || {
            let cells =
                view.cells(line).iter().filter(|(w, units)| site_of[w.index()] != NO_SITE && *units != u64::MAX);
            cells.copied()
        };
        let most = here().map(|(_, units)| units).max().unwrap_or(0);
        for (warehouse, units) in here() {
            let site = usize::from(site_of[warehouse.index()]);
            problem.draws[site * lines + line] = problem.weights.weigh_scarcity(scarcity(units, most));
        }
    }
}
