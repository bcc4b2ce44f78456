//! From a solution to a decision: written once, whatever the units are drawn from.

use std::collections::BTreeMap;

use crate::catalog::Config;
use crate::decision::{Decision, PlannedLine, PlannedSub, SeenLine, SubKind};
use crate::engine::plan::demand::{Demand, Wanted};
use crate::engine::plan::scratch::{SPARE_LINES, Scratch, Spare};
use crate::engine::plan::shelves::Shelves;
use crate::engine::plan::view::{LineView, MASKED};
use crate::ids::{PoolId, RulesVersion, SkuId, WarehouseId};
use crate::money::Money;
use crate::routing::Solution;
use crate::units::Units;

/// What a plan's units are drawn from.
pub(in crate::engine) trait Source {
    /// A plan of this many parcels follows.
    fn begin(&mut self, parcels: usize);

    /// Draws units of a SKU at a warehouse for the sub-order under way, as lines of it.
    fn draw(&mut self, sku: SkuId, warehouse: WarehouseId, units: Units, lines: &mut Vec<PlannedLine>);

    /// The sub-order under way is complete: what kind it is.
    fn close(&mut self) -> SubKind;

    /// Whether a warehouse's units come from its supplier.
    fn is_supplied(&self, warehouse: WarehouseId) -> bool;
}

/// Stock on hand.
pub(in crate::engine) struct OnHand<'a, S> {
    pub pools: &'a [PoolId],
    pub config: &'a Config,
    pub stock: S,
    /// Whether there are several parcels: two carriers of one warehouse must not be given the same units of a pool.
    several: bool,
    drawn: BTreeMap<(SkuId, WarehouseId, PoolId), Units>,
}

impl<'a, S: Shelves> OnHand<'a, S> {
    pub fn new(demand: &Demand<'a>, config: &'a Config, stock: S) -> OnHand<'a, S> {
        OnHand { pools: demand.pools, config, stock, several: false, drawn: BTreeMap::new() }
    }
}

impl<S: Shelves> Source for OnHand<'_, S> {
    fn begin(&mut self, parcels: usize) {
        self.several = parcels > 1;
    }

    fn draw(&mut self, sku: SkuId, warehouse: WarehouseId, units: Units, lines: &mut Vec<PlannedLine>) {
        if self.is_supplied(warehouse) {
            lines.push(PlannedLine { sku, pool: self.pools[0], units });
            return;
        }
        let drawn = &self.drawn;
        let used = |pool| drawn.get(&(sku, warehouse, pool)).copied().unwrap_or_default();
        let taken = self.stock.draw((sku, warehouse), self.pools, units, used);
        for &(pool, units) in &taken {
            lines.push(PlannedLine { sku, pool, units });
            if self.several {
                let used = self.drawn.entry((sku, warehouse, pool)).or_default();
                *used = used.saturating_add(units);
            }
        }
    }

    fn close(&mut self) -> SubKind {
        SubKind::Regular
    }

    fn is_supplied(&self, warehouse: WarehouseId) -> bool {
        self.config.is_unlimited(warehouse)
    }
}

impl Scratch {
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

    /// The decision that the solution and the view make, its units drawn from a source.
    pub fn decide(&mut self, demand: &Demand<'_>, rules_version: RulesVersion, source: &mut impl Source) -> Decision {
        let Spare { mut subs, lines: mut spare, mut seen } = std::mem::take(&mut self.spare);
        self.see(demand, &mut seen);
        let Solution { parcels, score, bound, .. } = self.router.solution();
        source.begin(parcels.len());
        for parcel in parcels {
            let lane = &self.problem.lanes[usize::from(parcel.lane)];
            let warehouse = self.warehouse_of(parcel.lane);
            let mut lines = spare.pop().unwrap_or_default();
            lines.reserve(parcel.takes.len());
            for &(line, units) in &parcel.takes {
                source.draw(demand.lines[usize::from(line)].sku, warehouse, Units(units), &mut lines);
            }
            subs.push(PlannedSub {
                warehouse,
                carrier: lane.carrier,
                kind: source.close(),
                hours: lane.rate.hours,
                weight_g: parcel.weight_g,
                parts: parcel.parts,
                from_supplier: source.is_supplied(warehouse),
                lines,
            });
        }
        let (score, bound) = (Money(*score), Money(*bound));
        self.spare.lines = spare;
        Decision { rules_version, score, bound, subs, seen, prices: self.prices.clone() }
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
