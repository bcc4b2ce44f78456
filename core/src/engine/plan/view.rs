//! What could be drawn for an order, as it was looked at.

use crate::catalog::Config;
use crate::decision::SeenLine;
use crate::engine::plan::copies::Shelf;
use crate::ids::{PoolId, WarehouseId};
use crate::limits::PLAN_CELLS_MAX;
use crate::stock::SkuStock;
use crate::units::Units;

/// What could be drawn for each demanded line, by warehouse, when it was looked at.
#[derive(Default)]
pub(in crate::engine) struct View {
    pub(super) cells: Vec<(WarehouseId, u64)>,
    pub(super) lines: Vec<LineView>,
}

/// What was seen of one line.
#[derive(Clone, Copy)]
pub(super) struct LineView {
    start: usize,
    end: usize,
    /// What could be drawn in all.
    pub total: Units,
    /// The warehouses below [`MASKED`] that have some of it, one bit each.
    pub some: u64,
    /// Those that have all that is wanted.
    pub full: u64,
    /// Whether these are all that have any.
    pub masked: bool,
}

/// Warehouses with a bit in a mask.
pub(super) const MASKED: u16 = 64;

impl LineView {
    /// A look at a line of which `wanted` units are ordered, and at the cells from `start` on, which are its.
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

impl View {
    /// Forgets what was seen.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.lines.clear();
    }

    /// Whether more was looked at than a plan may look at: nothing is planned then.
    #[inline]
    pub fn is_too_wide(&self) -> bool {
        self.cells.len() > PLAN_CELLS_MAX
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

    /// Notes what could be drawn of the next line's SKU as it was copied, except at a warehouse that is left out.
    pub fn add_copied(&mut self, wanted: Units, shelf: &Shelf, config: &Config, without: Option<WarehouseId>) {
        let start = self.cells.len();
        let there = shelf.drawable().filter(|(warehouse, _)| Some(*warehouse) != without);
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
