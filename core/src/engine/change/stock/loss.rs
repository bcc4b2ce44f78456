//! Units that are damaged, scrapped, or lost on the way.

use crate::command::{BookLoss, Line, Loss};
use crate::engine::change::Execute;
use crate::engine::change::stock::moved::moved;
use crate::engine::change::stock::terms::{Shelf, WRITE_OFF, once, push, skus};
use crate::engine::codes::{pool, warehouse};
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::event::MoveReason;
use crate::stock::Bucket;

impl Execute for BookLoss {
    /// Moves units to where they are lost to sale. What is promised is out of reach: a count finds out that it is not there.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let warehouse = warehouse(&config, &self.warehouse)?;
        let pool = pool(&config, self.pool.as_ref())?;
        let (from, to, reason) = match self.loss {
            Loss::Damaged => (Bucket::Available(pool), Bucket::Damaged, MoveReason::Damage),
            Loss::Scrapped => (Bucket::Damaged, WRITE_OFF, MoveReason::Scrap),
            Loss::LostInTransit => (Bucket::InTransit, WRITE_OFF, MoveReason::TransitLoss),
            Loss::DamagedInTransit => (Bucket::InTransit, Bucket::Damaged, MoveReason::TransitDamage),
        };
        if self.pool.is_some() && self.loss != Loss::Damaged {
            return Err(invalid("pool", format!("units {from} are of no pool: leave it out")).into());
        }
        let lines = engine.resolve_skus(&self.lines)?;
        once(&self.lines)?;
        engine.change_stock(self, &skus(&lines), asked, |locked, config| {
            let mut moves = Vec::with_capacity(lines.len());
            for (Line { sku: code, .. }, &(sku, units)) in self.lines.iter().zip(&lines) {
                let cell = (sku, warehouse);
                Shelf { code, cell, pool }.enough_in(locked, config, (from, units))?;
                push(&mut moves, cell, from, to, units);
            }
            Ok(moved(reason, Some(self.reason.clone()), moves))
        })
    }
}
