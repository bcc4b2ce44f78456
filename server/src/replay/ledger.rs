//! The replay's own count of every cell, kept from the lines it writes and compared with the engine's at the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use stockade_core::command::{Query, StockQuery};
use stockade_core::ids::Code;
use stockade_core::reply::{CellView, PlanView, Reply, SubKind};
use stockade_core::time::Time;

use super::lines::CellChange;
use super::survey::Survey;
use super::target::Target;
use crate::failure::Failure;

/// SKUs asked for at a time.
const PAGE_SKUS: u32 = 1_000;
/// Differences told in full.
const TOLD_MAX: usize = 10;

/// Free units by SKU and warehouse. Unlimited warehouses are not counted.
#[derive(Debug)]
pub(super) struct Ledger {
    free: HashMap<Code, BTreeMap<Code, i64>>,
    unlimited: BTreeSet<Code>,
    oversold: u64,
}

impl Ledger {
    pub(super) fn new(survey: &Survey) -> Ledger {
        let mut ledger = Ledger { free: HashMap::new(), unlimited: survey.unlimited.clone(), oversold: 0 };
        for row in &survey.stock {
            ledger.change(&row.sku, &row.warehouse, i64::try_from(row.on_hand.0).unwrap_or(i64::MAX));
        }
        ledger
    }

    /// Takes what a plan takes off the shelves.
    pub(super) fn place(&mut self, plan: &PlanView) {
        for sub in plan.sub_orders.iter().filter(|sub| sub.kind == SubKind::Regular) {
            for line in &sub.lines {
                self.change(&line.sku, &sub.warehouse, -i64::try_from(line.units.0).unwrap_or(i64::MAX));
            }
        }
    }

    /// Gives back, or takes again.
    pub(super) fn apply(&mut self, cells: &[CellChange]) {
        for (sku, warehouse, units) in cells {
            self.change(sku, warehouse, *units);
        }
    }

    /// Units that were promised and not there.
    pub(super) fn oversold(&self) -> u64 {
        self.oversold
    }

    /// Where the engine's free units differ from these.
    pub(super) fn compare(&self, target: &dyn Target, now: Time) -> Result<Vec<String>, Failure> {
        let mut faults = Vec::new();
        let mut compared = 0;
        let mut after = None;
        loop {
            let query = StockQuery { skus: Vec::new(), warehouse: None, after: after.take(), limit: PAGE_SKUS };
            let cells = match target.query(&Query::Stock(query), now)?.result? {
                Reply::Stock(cells) => cells,
                other => return Err(Failure::failed(format!("the engine answered a stock query with {other:?}"))),
            };
            let Some(last) = cells.last() else { break };
            after = Some(last.sku.clone());
            for cell in cells.iter().filter(|cell| !self.unlimited.contains(&cell.warehouse)) {
                compared += usize::from(self.counts(cell));
                self.compare_cell(cell, &mut faults);
            }
        }
        let counted = self.free.values().map(BTreeMap::len).sum::<usize>();
        if compared != counted {
            faults.push(format!("the engine shows {compared} of {counted} cells"));
        }
        Ok(faults)
    }

    fn counts(&self, cell: &CellView) -> bool {
        self.free.get(&cell.sku).is_some_and(|cells| cells.contains_key(&cell.warehouse))
    }

    fn compare_cell(&self, cell: &CellView, faults: &mut Vec<String>) {
        let here = self.free.get(&cell.sku).and_then(|cells| cells.get(&cell.warehouse)).copied().unwrap_or(0);
        let there: u64 = cell.pools.iter().map(|pool| pool.available.0).sum();
        if i64::try_from(there) != Ok(here) && faults.len() < TOLD_MAX {
            let (sku, warehouse) = (&cell.sku, &cell.warehouse);
            faults.push(format!("{sku} at {warehouse}: {there} free in the engine, {here} by the lines"));
        }
    }

    fn change(&mut self, sku: &Code, warehouse: &Code, units: i64) {
        if self.unlimited.contains(warehouse) {
            return;
        }
        let cells = self.free.entry(sku.clone()).or_default();
        let free = cells.entry(warehouse.clone()).or_default();
        let before = *free;
        *free = free.saturating_add(units);
        self.oversold += (before.min(0) - (*free).min(0)).max(0).unsigned_abs();
    }
}
