//! Moving free units between pools.

use crate::command::MovePool;
use crate::engine::change::Execute;
use crate::engine::change::stock::moved::moved;
use crate::engine::change::stock::terms::{Shelf, push};
use crate::engine::codes::{pool, warehouse};
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::event::MoveReason;
use crate::stock::Bucket;

impl Execute for MovePool {
    /// Moves free units between two pools of one cell.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let warehouse = warehouse(&config, &self.warehouse)?;
        let (from, to) = (pool(&config, Some(&self.from))?, pool(&config, Some(&self.to))?);
        if from == to {
            return Err(invalid("to", format!("is {} as well: name another pool", self.to)).into());
        }
        let sku = engine.known_sku(&self.sku)?;
        engine.change_stock(self, &[sku], asked, |locked, config| {
            let cell = (sku, warehouse);
            Shelf { code: &self.sku, cell, pool: from }.enough(locked, config, self.units)?;
            let mut moves = Vec::new();
            push(&mut moves, cell, Bucket::Available(from), Bucket::Available(to), self.units);
            Ok(moved(MoveReason::PoolMove, None, moves))
        })
    }
}
