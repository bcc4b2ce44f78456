//! Whether what an event brings fits into the cells it goes to. Asked of every event before anything of it is applied, so
//! that no sum can go wrong under locks.
//!
//! Units that move between buckets of a cell change no sum. Only what comes in from outside does, and hardly an order has
//! any: the stock it takes is there.

use crate::engine::outcome::{Refusal, invalid};
use crate::engine::store::{Engine, EngineLocked};
use crate::event::Event;
use crate::ids::{SkuId, WarehouseId};
use crate::limits::CELL_UNITS_MAX;
use crate::stock::Cell;
use crate::units::{Units, counted};

/// Units that an event brings to a cell from outside.
type Brought = (SkuId, WarehouseId, Units);

impl Engine {
    /// Refuses an event that would leave more units in a cell than it may hold. What takes at least as much out as it brings
    /// always fits.
    #[inline]
    pub(in crate::engine) fn fits(&self, locked: &EngineLocked<'_>, event: &Event) -> Result<(), Refusal> {
        let mut brings = false;
        event.each_move(|m| brings |= m.from.is_contra());
        if brings { self.brought_fits(locked, event) } else { Ok(()) }
    }

    fn brought_fits(&self, locked: &EngineLocked<'_>, event: &Event) -> Result<(), Refusal> {
        let mut brought: Vec<Brought> = Vec::new();
        event.each_move(|m| {
            if m.from.is_contra() && !m.to.is_contra() {
                brought.push((m.sku, m.warehouse, m.units));
            }
        });
        brought.sort_unstable_by_key(|(sku, warehouse, _)| (*sku, *warehouse));
        for same in brought.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            self.cell_fits(locked, event, same)?;
        }
        Ok(())
    }

    fn cell_fits(&self, locked: &EngineLocked<'_>, event: &Event, brought: &[Brought]) -> Result<(), Refusal> {
        let (sku, warehouse, _) = brought[0];
        let cell = locked.sku(sku).cell(warehouse);
        let there = cell.map_or(0, Cell::total);
        let more: u128 = brought.iter().map(|(_, _, units)| u128::from(units.0)).sum();
        if there + more <= u128::from(CELL_UNITS_MAX) {
            return Ok(());
        }
        let mut fewer = 0;
        event.each_move(|m| {
            if (m.sku, m.warehouse) == (sku, warehouse) && m.to.is_contra() && !m.from.is_contra() {
                fewer += u128::from(m.units.0);
            }
        });
        if more <= fewer || there + more - fewer <= u128::from(CELL_UNITS_MAX) {
            return Ok(());
        }
        let (code, place) = (self.skus.code(sku), self.config()?.codes.of_warehouse(warehouse));
        let code = code.map(|code| code.to_string()).unwrap_or_default();
        let reason = format!(
            "{code} at {place} has {} in all its buckets; with {} more they would be over the {CELL_UNITS_MAX} \
             that a SKU can have at a warehouse",
            counted(there, "unit"),
            more - fewer
        );
        let seen = cell.map_or(locked.seen([sku]), Cell::version);
        Err(Refusal::seen(invalid("units", reason), seen))
    }
}
