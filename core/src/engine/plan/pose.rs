//! The routing problem of an order: written once, for placing, quoting, explaining and price training alike.

use crate::catalog::Config;
use crate::engine::plan::demand::Demand;
use crate::engine::plan::scratch::Scratch;
use crate::engine::plan::view::{MASKED, View};
use crate::prices::Table;
use crate::routing::{DemandLine, Lane, Problem, Whole, scarcity};
use crate::rules::{LaneRules, ZoneLanes};

/// The result of the single-parcel proof, which needs no problem written out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SingleParcel {
    /// Not tried.
    Untried,
    /// The whole demand in one parcel is proven best, and is the router's solution.
    Proven,
    /// Not proven, and need not be tried again.
    Open,
}

const NO_SITE: u16 = u16::MAX;

impl Scratch {
    /// Writes the whole problem of a demand over the view, also where the single-parcel proof made that unnecessary.
    pub fn write_out(&mut self, demand: &Demand<'_>, config: &Config) {
        let zone = demand.zone.map(|zone| zone.as_str());
        self.begin(demand, config, zone);
        self.pose(demand, config, config.rules.lanes(zone));
    }

    /// Starts the problem: what is wanted and what counts.
    pub(super) fn begin(&mut self, demand: &Demand<'_>, config: &Config, zone: Option<&str>) {
        let problem = &mut self.problem;
        problem.clear();
        problem.lines.extend(demand.lines.iter().map(|l| DemandLine { units: l.units.0, weight_g: l.weight_g }));
        problem.weights = config.rules.weights(demand.channel, zone, demand.category.as_ref().map(|c| c.as_str()));
        problem.kg_step_g = config.rules.kg_step_g;
        problem.max_parcels = if demand.ship_complete { Some(1) } else { demand.max_parcels };
    }

    /// Plans the whole demand as one parcel, when a look at the lanes proves that best. The router would come to the same,
    /// but the problem would have to be written out for it.
    pub(super) fn prove_single_parcel(&mut self, demand: &Demand<'_>, lanes: &ZoneLanes) -> SingleParcel {
        let Scratch { view, problem, router, .. } = self;
        if problem.weights.balance != 0 || view.lines.iter().any(|line| !line.masked) {
            return SingleParcel::Untried;
        }
        let lines = problem.lines.iter().map(|line| (line.units, line.weight_g));
        let Some(mut whole) = Whole::new(lines, problem.weights, problem.kg_step_g, problem.max_parcels) else {
            return SingleParcel::Open;
        };
        let some = view.lines.iter().fold(0, |masks, line| masks | line.some);
        let full = view.lines.iter().fold(u64::MAX, |masks, line| masks & line.full);
        if full == 0 {
            return SingleParcel::Open;
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
        let Some(at) = early.or_else(|| whole.proven()) else { return SingleParcel::Open };
        let lane = &lanes.all()[at];
        problem.sites.push(lane.warehouse);
        problem.lanes.push(lane_of(lane, 0));
        router.settle(problem, 0);
        SingleParcel::Proven
    }

    /// Writes the routing problem of a demand over the view.
    pub(super) fn pose(&mut self, demand: &Demand<'_>, config: &Config, lanes: &ZoneLanes) {
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
    pub(super) fn price(&mut self, demand: &Demand<'_>, table: &Table) {
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
}

fn lane_of(rules: &LaneRules, site: u16) -> Lane {
    let LaneRules { carrier, rate, ceiling, penalty, .. } = *rules;
    Lane { site, carrier, rate, ceiling, penalty: penalty.0 }
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
