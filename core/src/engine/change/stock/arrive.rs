//! Taking in units that were in transit.

use crate::command::Arrive;
use crate::engine::change::Execute;
use crate::engine::change::stock::moved::moved;
use crate::engine::change::stock::terms::{once, push, skus, there};
use crate::engine::codes::{pool, warehouse};
use crate::engine::outcome::Decided;
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::event::MoveReason;
use crate::reject::Reject;
use crate::stock::Bucket;

impl Execute for Arrive {
    /// Units in transit arrive.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let warehouse = warehouse(&config, &self.warehouse)?;
        let pool = pool(&config, self.pool.as_ref())?;
        let lines = engine.resolve_skus(&self.lines)?;
        once(&self.lines)?;
        engine.change_stock(self, &skus(&lines), asked, |locked, _| {
            let mut moves = Vec::with_capacity(lines.len());
            for (line, &(sku, units)) in self.lines.iter().zip(&lines) {
                let available = there(locked, (sku, warehouse), Bucket::InTransit);
                if available < units {
                    let (sku, warehouse) = (line.sku.clone(), self.warehouse.clone());
                    let bucket = Bucket::InTransit.to_string();
                    return Err(Reject::NotEnoughUnits { sku, warehouse, bucket, wanted: units, available });
                }
                push(&mut moves, (sku, warehouse), Bucket::InTransit, Bucket::Available(pool), units);
            }
            Ok(moved(MoveReason::Arrival, None, moves))
        })
    }
}
