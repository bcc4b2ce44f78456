//! Counts of the shelves alone: what is picked or packed, in inspection or damaged stays as the books have it.

use crate::command::CountShelf;
use crate::engine::change::Execute;
use crate::engine::change::stock::count::set_right;
use crate::engine::change::stock::moved::answer;
use crate::engine::change::stock::terms::once;
use crate::engine::codes::warehouse;
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, ShelfCounted};
use crate::ids::SkuId;
use crate::limits::COUNT_MOVES_MAX;
use crate::stock::{Bucket, Cell, Move};
use crate::units::Units;

impl Execute for CountShelf {
    /// Sets the books right as a count of everything does that has seen as much off the shelves as they say. It is as of
    /// now: the books do not keep what was off the shelves before.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let warehouse = warehouse(&config, &self.warehouse)?;
        once(&self.lines)?;
        let counted = engine.resolve_skus(&self.lines)?;
        let skus: Vec<SkuId> = counted.iter().map(|(sku, _)| *sku).collect();
        engine.change_stock(self, &skus, asked, |locked, _| {
            let mut moves = Vec::new();
            for &(sku, units) in &counted {
                let empty = Cell::new(warehouse);
                let cell = locked.sku(sku).cell(warehouse).unwrap_or(&empty);
                set_right(cell, sku, units.saturating_add(off_the_shelves(cell)), &mut moves);
                if moves.len() > COUNT_MOVES_MAX {
                    let reason = format!("needs more than {COUNT_MOVES_MAX} movements: count fewer SKUs at once");
                    return Err(invalid("lines", reason));
                }
            }
            Ok(Event::ShelfCounted(ShelfCounted { moves, warehouse, counted }))
        })
    }
}

/// Units that are in the warehouse and on no shelf.
fn off_the_shelves(cell: &Cell) -> Units {
    [Bucket::Picked, Bucket::Inspection, Bucket::Damaged].into_iter().map(|bucket| cell.units(bucket)).sum()
}

impl Body for ShelfCounted {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.skus.extend(self.counted.iter().map(|(sku, _)| *sku));
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        self.moves.iter().try_for_each(|m| state.correct(m, at.seq))?;
        for (sku, _) in &self.counted {
            state.touch_cell(*sku, self.warehouse, at.seq)?;
        }
        state.remember(at, answer(self));
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}
