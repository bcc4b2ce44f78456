//! Taking back units that are in transit.

use crate::command::Recall;
use crate::engine::change::Execute;
use crate::engine::change::stock::moved::moved;
use crate::engine::change::stock::terms::{ELSEWHERE, Shelf, once, push, skus};
use crate::engine::codes::{pool, warehouse};
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::event::MoveReason;
use crate::stock::Bucket;

impl Execute for Recall {
    /// Units in transit to one warehouse are free at another, which they left.
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
                let shelf = Shelf { code: &line.sku, cell: (sku, to), pool };
                shelf.enough_in(locked, config, (Bucket::InTransit, units))?;
                push(&mut moves, (sku, to), Bucket::InTransit, ELSEWHERE, units);
                push(&mut moves, (sku, from), ELSEWHERE, Bucket::Available(pool), units);
            }
            Ok(moved(MoveReason::Recall, None, moves))
        })
    }
}
