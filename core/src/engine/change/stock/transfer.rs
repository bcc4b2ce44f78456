//! Sending units to another warehouse.

use crate::command::Transfer;
use crate::engine::change::Execute;
use crate::engine::change::stock::moved::moved;
use crate::engine::change::stock::terms::{ELSEWHERE, Shelf, once, push, skus};
use crate::engine::codes::{pool, warehouse};
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::event::MoveReason;
use crate::stock::Bucket;

impl Execute for Transfer {
    /// Sends units on their way to another warehouse, where they are in transit until they arrive.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let (from, to) = (warehouse(&config, &self.from)?, warehouse(&config, &self.to)?);
        if from == to {
            return Err(invalid("to", format!("is {} as well: name another warehouse", self.to)).into());
        }
        let pool = pool(&config, self.pool.as_ref())?;
        let lines = engine.resolve_skus(&self.lines)?;
        once(&self.lines)?;
        engine.change_stock(self, &skus(&lines), asked, |locked, config| {
            let mut moves = Vec::with_capacity(2 * lines.len());
            for (line, &(sku, units)) in self.lines.iter().zip(&lines) {
                Shelf { code: &line.sku, cell: (sku, from), pool }.enough(locked, config, units)?;
                push(&mut moves, (sku, from), Bucket::Available(pool), ELSEWHERE, units);
                push(&mut moves, (sku, to), ELSEWHERE, Bucket::InTransit, units);
            }
            Ok(moved(MoveReason::Transfer, None, moves))
        })
    }
}
