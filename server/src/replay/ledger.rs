//! The replay's own count of every cell, kept from the lines it writes and compared with the engine's at the end.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use stockade_core::ids::Code;
use stockade_core::query::{Query, StockQuery};
use stockade_core::reply::{CellView, PlanView, Reply};
use stockade_core::time::Time;

use super::lines::CellChange;
use super::survey::Survey;
use super::target::Target;
use crate::failure::Failure;

/// SKUs per query.
const PAGE_SKUS: u32 = 1_000;
/// Differences listed in full.
const TOLD_MAX: usize = 10;

/// Free units by SKU and warehouse, with those that are announced and promised to nobody. Unlimited warehouses are not
/// counted.
#[derive(Debug)]
pub(super) struct Ledger {
    free: HashMap<Code, BTreeMap<Code, i64>>,
    unlimited: BTreeSet<Code>,
    oversold: u64,
    /// Cells whose announced units did not come: what is overdue there was promised, not oversold.
    owing: HashSet<(Code, Code)>,
    ahead: Ahead,
}

/// What is promised at the end and has not come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Ahead {
    /// Units promised out of receipts.
    pub(super) promised: u64,
    /// Units promised that no receipt is expected to bring.
    pub(super) overdue: u64,
}

impl Ledger {
    pub(super) fn new(survey: &Survey) -> Ledger {
        let mut ledger = Ledger {
            free: HashMap::new(),
            unlimited: survey.unlimited.clone(),
            oversold: 0,
            owing: HashSet::new(),
            ahead: Ahead::default(),
        };
        for row in &survey.stock {
            ledger.change(&row.sku, &row.warehouse, i64::try_from(row.on_hand.0).unwrap_or(i64::MAX));
        }
        ledger
    }

    /// Takes the units of a plan, on hand or to come.
    pub(super) fn place(&mut self, plan: &PlanView) {
        for sub in &plan.sub_orders {
            for line in &sub.lines {
                self.change(&line.sku, &sub.warehouse, -i64::try_from(line.units.0).unwrap_or(i64::MAX));
            }
        }
    }

    /// Gives units back, or takes them again.
    pub(super) fn apply(&mut self, cells: &[CellChange]) {
        for (sku, warehouse, units) in cells {
            self.change(sku, warehouse, *units);
        }
    }

    /// Changes the units of a cell on hand or to come.
    pub(super) fn expect(&mut self, sku: &Code, warehouse: &Code, units: i64) {
        if units < 0 {
            self.owing.insert((sku.clone(), warehouse.clone()));
        }
        self.change(sku, warehouse, units);
    }

    /// What was promised and has not come, once [`Ledger::compare`] has looked.
    pub(super) fn ahead(&self) -> Ahead {
        self.ahead
    }

    /// Units that were promised and not there.
    pub(super) fn oversold(&self) -> u64 {
        self.oversold
    }

    /// Where the engine's free units differ from these.
    pub(super) fn compare(&mut self, target: &dyn Target, now: Time) -> Result<Vec<String>, Failure> {
        let mut faults = Vec::new();
        let mut shown = HashSet::new();
        let mut after = None;
        loop {
            let query = StockQuery { skus: Vec::new(), warehouse: None, after: after.take(), limit: PAGE_SKUS };
            let reply = target.query(&Query::Stock(query), now)?.result?;
            let Reply::Stock(cells) = reply else {
                return Err(Failure::failed(format!("the engine answered a stock query with {reply:?}")));
            };
            let Some(last) = cells.last() else { break };
            after = Some(last.sku.clone());
            for cell in cells.iter().filter(|cell| !self.unlimited.contains(&cell.warehouse)) {
                shown.insert((cell.sku.clone(), cell.warehouse.clone()));
                self.ahead.promised += cell.inbound.iter().map(|receipt| receipt.promised.0).sum::<u64>();
                self.ahead.overdue += cell.overdue.0;
                self.compare_cell(cell, &mut faults);
            }
        }
        self.absent(&shown, &mut faults);
        Ok(faults)
    }

    /// A cell that the engine does not show has no units, as one that was never stocked.
    fn absent(&self, shown: &HashSet<(Code, Code)>, faults: &mut Vec<String>) {
        let cells = self.free.iter().flat_map(|(sku, cells)| cells.iter().map(move |(at, units)| (sku, at, *units)));
        let absent =
            |(sku, at, units): &(&Code, &Code, i64)| *units != 0 && !shown.contains(&((*sku).clone(), (*at).clone()));
        let mut absent: Vec<_> = cells.filter(absent).collect();
        absent.sort_unstable();
        let room = TOLD_MAX.saturating_sub(faults.len());
        let fault = |(sku, warehouse, units): &(&Code, &Code, i64)| {
            format!("{sku} at {warehouse}: not in the engine, {units} free by the lines")
        };
        faults.extend(absent.iter().take(room).map(fault));
    }

    fn compare_cell(&self, cell: &CellView, faults: &mut Vec<String>) {
        let here = self.free.get(&cell.sku).and_then(|cells| cells.get(&cell.warehouse)).copied().unwrap_or(0);
        let signed = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
        let shelf: i64 = cell.pools.iter().map(|pool| signed(pool.available.0)).sum();
        let ahead: i64 = cell.inbound.iter().map(|receipt| signed(receipt.free.0)).sum();
        let there = shelf + ahead - signed(cell.overdue.0);
        if there != here && faults.len() < TOLD_MAX {
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
        let below = (before.min(0) - (*free).min(0)).max(0).unsigned_abs();
        if below > 0 && !self.owing.contains(&(sku.clone(), warehouse.clone())) {
            self.oversold += below;
        }
    }
}
