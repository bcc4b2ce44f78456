//! From demand and stock to a plan: what can be drawn where, the routing problem, and the decision made of its solution.

use std::cell::RefCell;

use crate::catalog::Config;
use crate::engine::demand::Demand;
use crate::event::{Decision, PlannedLine, PlannedSub, SeenLine};
use crate::ids::{PoolId, SkuId, WarehouseId};
use crate::money::Money;
use crate::reject::{Reject, Short};
use crate::reply::SubKind;
use crate::routing::{Answer, DemandLine, Lane, Problem, Router, Solution, WORK_DEFAULT, scarcity};
use crate::stock::{SkuStock, draw, drawable};
use crate::units::Units;

/// Buffers of one thread, reused from order to order.
#[derive(Default)]
pub(super) struct Scratch {
    pub view: View,
    pub problem: Problem,
    pub router: Router,
    /// Bytes of the event under way.
    pub bytes: Vec<u8>,
    site_of: Vec<u16>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Lends this thread's buffers.
pub(super) fn with_scratch<T>(f: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(f)
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
}

/// What planning came to.
pub(super) enum Planned {
    /// There is a plan: the router's solution.
    Plan,
    /// These refuse the order.
    No(Reject),
}

const NO_SITE: u16 = u16::MAX;

impl View {
    /// Forgets what was seen.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.lines.clear();
    }

    /// Notes what could be drawn of the next line's SKU, except at a warehouse that is left out.
    pub fn add(&mut self, stock: &SkuStock, pools: &[PoolId], config: &Config, without: Option<WarehouseId>) {
        let start = self.cells.len();
        let mut total = Units::ZERO;
        for cell in stock.cells() {
            let warehouse = cell.warehouse();
            let units = drawable(cell, pools);
            if units.is_zero() || Some(warehouse) == without || config.is_unlimited(warehouse) {
                continue;
            }
            total = total.saturating_add(units);
            self.cells.push((warehouse, units.0));
        }
        for &warehouse in config.unlimited.iter().filter(|w| Some(**w) != without) {
            total = Units::UNLIMITED;
            self.cells.push((warehouse, u64::MAX));
        }
        self.lines.push(LineView { start, end: self.cells.len(), total });
    }

    fn cells(&self, line: usize) -> &[(WarehouseId, u64)] {
        &self.cells[self.lines[line].start..self.lines[line].end]
    }
}

impl Scratch {
    /// Plans a demand over the view. The plan is in the router afterwards.
    pub fn plan(&mut self, demand: &Demand<'_>, config: &Config) -> Planned {
        let short = shorts(demand, &self.view);
        if !short.is_empty() {
            return Planned::No(Reject::InsufficientStock { short });
        }
        self.pose(demand, config);
        match self.router.solve(&self.problem, WORK_DEFAULT) {
            Answer::Plan => Planned::Plan,
            Answer::Short | Answer::NoWay => Planned::No(self.why_not(demand, config)),
        }
    }

    /// Writes the routing problem of a demand over the view.
    fn pose(&mut self, demand: &Demand<'_>, config: &Config) {
        let Scratch { view, problem, site_of, .. } = self;
        problem.clear();
        let zone = demand.zone.map(|zone| zone.as_str());
        let lanes = config.rules.lanes(zone);
        problem.lines.extend(demand.lines.iter().map(|l| DemandLine { units: l.units.0, weight_g: l.weight_g }));
        problem.weights = config.rules.weights(demand.channel, zone, demand.category.as_ref().map(|c| c.as_str()));
        problem.kg_step_g = config.rules.kg_step_g;
        problem.max_parcels = if demand.ship_complete { Some(1) } else { demand.max_parcels };

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
            problem.lanes.extend(allowed.map(|l| Lane {
                site: kept,
                carrier: l.carrier,
                rate: l.rate,
                ceiling: l.ceiling,
                penalty: l.penalty.0,
            }));
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
    pub fn decide<'s>(&self, demand: &Demand<'_>, config: &Config, stock: impl Fn(SkuId) -> &'s SkuStock) -> Decision {
        let Solution { parcels, score, bound, .. } = self.router.solution();
        // Two carriers of one warehouse must not be given the same units of a pool.
        let mut drawn: Vec<(SkuId, WarehouseId, PoolId, Units)> = Vec::new();
        let mut subs = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            let lane = &self.problem.lanes[usize::from(parcel.lane)];
            let warehouse = self.warehouse_of(parcel.lane);
            let from_supplier = config.is_unlimited(warehouse);
            let mut lines = Vec::with_capacity(parcel.takes.len());
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
        Decision {
            rules_version: config.version(),
            score: Money(*score),
            bound: Money(*bound),
            subs,
            seen: self.seen(demand),
        }
    }

    fn warehouse_of(&self, lane: u16) -> WarehouseId {
        self.problem.sites[usize::from(self.problem.lanes[usize::from(lane)].site)]
    }

    /// What the decision saw, clipped to the demand; unclipped when balance counts.
    fn seen(&self, demand: &Demand<'_>) -> Vec<SeenLine> {
        let exact = self.problem.weights.balance != 0;
        let line_seen = |(line, wanted): (usize, &crate::engine::demand::Wanted)| {
            let mut seen = SeenLine {
                sku: wanted.sku,
                wanted: wanted.units,
                full: 0,
                full_beyond: Vec::new(),
                partial: Vec::new(),
            };
            for &(warehouse, units) in self.view.cells(line) {
                if units >= wanted.units.0 {
                    match warehouse.0 {
                        bit @ 0..64 => seen.full |= 1 << bit,
                        _ => seen.full_beyond.push(warehouse),
                    }
                }
                if units < wanted.units.0 || (exact && units != u64::MAX) {
                    seen.partial.push((warehouse, Units(units)));
                }
            }
            seen
        };
        demand.lines.iter().enumerate().map(line_seen).collect()
    }
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
    problem.scarcity.resize(problem.stock.len(), 0);
    for line in 0..lines {
        let here = || {
            let cells =
                view.cells(line).iter().filter(|(w, units)| site_of[w.index()] != NO_SITE && *units != u64::MAX);
            cells.copied()
        };
        let most = here().map(|(_, units)| units).max().unwrap_or(0);
        for (warehouse, units) in here() {
            let site = usize::from(site_of[warehouse.index()]);
            problem.scarcity[site * lines + line] = problem.weights.weigh_scarcity(scarcity(units, most));
        }
    }
}
