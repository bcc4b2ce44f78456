//! Short picks: what was not found is served from elsewhere or put before a person, in the same commit.

use crate::command::Line;
use crate::engine::Engine;
use crate::engine::demand::invalid;
use crate::engine::lookup::OrderContext;
use crate::engine::payment::channel_pools;
use crate::event::{Event, Move, PickShorted, SubTake};
use crate::ids::{SkuId, SubNo};
use crate::orders::{SubOrder, bucket_of};
use crate::reject::Reject;
use crate::stock::{Bucket, Outside};
use crate::units::Units;

impl Engine {
    /// Decides a short pick. The missing units go back to their pools, and as many stand in `short`, so that nobody else
    /// is promised them; this warehouse is left out when they are routed anew.
    pub(super) fn short(&self, mut context: OrderContext<'_, '_>, no: SubNo, found: &[Line]) -> Result<Event, Reject> {
        let order = context.order;
        let sub = order.sub(no).expect("permitted has found it");
        let missing = self.missing(no, sub, found)?;
        let mut moves = Vec::new();
        for take in &missing {
            let from = bucket_of(sub.stage, take.pool).expect("a sub-order that is picked stands in a bucket");
            let (sku, warehouse, units) = (take.sku, sub.warehouse, take.units);
            moves.push(Move { sku, warehouse, from, to: Bucket::free(sub.from_supplier, take.pool), units });
            if !sub.from_supplier {
                let to = Bucket::Outside(Outside::WriteOff);
                moves.push(Move { sku, warehouse, from: Bucket::Short, to, units });
            }
        }
        let units: Vec<(SkuId, Units)> = missing.iter().map(|take| (take.sku, take.units)).collect();
        let pools = channel_pools(context.config, order);
        let (decision, review) = match self.plan_anew(&mut context, &units, &pools, Some(sub.warehouse)) {
            Ok(decision) => (Some(decision), Vec::new()),
            Err(_) => (None, units),
        };
        Ok(Event::PickShorted(Box::new(PickShorted { order: order.id, sub: no, missing, moves, decision, review })))
    }

    /// Units not found, by line, the last line first.
    fn missing(&self, no: SubNo, sub: &SubOrder, found: &[Line]) -> Result<Vec<SubTake>, Reject> {
        let mut missing = Vec::new();
        for (at, line) in found.iter().enumerate() {
            let field = format!("found[{at}]");
            let sku = self.skus.find(&line.sku).map(|sku| sku.id);
            let asked: Units = sub.lines.iter().filter(|l| Some(l.sku) == sku).map(|l| l.units).sum();
            if missing.iter().any(|take: &SubTake| Some(take.sku) == sku) {
                return Err(invalid(&field, format!("{} is named twice", line.sku)));
            }
            let Some(mut left) = asked.checked_sub(line.units).filter(|left| !left.is_zero()) else {
                let reason = format!("{} of {} found, {asked} asked: name only what is short", line.units, line.sku);
                return Err(invalid(&field, reason));
            };
            for sub_line in sub.lines.iter().rev().filter(|l| Some(l.sku) == sku) {
                let units = sub_line.units.min(left);
                if !units.is_zero() {
                    left = left.saturating_sub(units);
                    missing.push(SubTake { sub: no, sku: sub_line.sku, pool: sub_line.pool, units });
                }
            }
        }
        if missing.is_empty() {
            return Err(invalid("found", "name each short SKU with the units that were found".to_owned()));
        }
        Ok(missing)
    }
}
