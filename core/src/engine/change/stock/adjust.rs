//! Correcting a cell by hand.

use crate::command::Adjust;
use crate::engine::change::Execute;
use crate::engine::change::stock::moved::moved;
use crate::engine::change::stock::terms::{Shelf, WRITE_OFF, push, there};
use crate::engine::codes::{pool, warehouse};
use crate::engine::outcome::Decided;
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::event::MoveReason;
use crate::stock::Bucket;
use crate::units::Units;

impl Execute for Adjust {
    /// Corrects a cell by hand. Units found make up for short ones first.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let warehouse = warehouse(&config, &self.warehouse)?;
        let pool = pool(&config, self.pool.as_ref())?;
        let sku = engine.known_sku(&self.sku)?;
        let units = Units(self.delta.unsigned_abs());
        engine.change_stock(self, &[sku], asked, |locked, config| {
            let mut moves = Vec::new();
            let (cell, free) = ((sku, warehouse), Bucket::Available(pool));
            if self.delta > 0 {
                let short = there(locked, cell, Bucket::Short).min(units);
                push(&mut moves, cell, WRITE_OFF, Bucket::Short, short);
                push(&mut moves, cell, WRITE_OFF, free, units.saturating_sub(short));
            } else {
                Shelf { code: &self.sku, cell, pool }.enough(locked, config, units)?;
                push(&mut moves, cell, free, WRITE_OFF, units);
            }
            Ok(moved(MoveReason::Adjustment, Some(self.reason.clone()), moves))
        })
    }
}
