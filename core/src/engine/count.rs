//! Absolute counts with a watermark: what moved since the count was taken is laid over it, so nothing is deducted twice.

use crate::command::Count;
use crate::engine::commit::EngineLocked;
use crate::engine::demand::invalid;
use crate::engine::movement::{WRITE_OFF, count_lines, once, push, warehouse};
use crate::engine::{Asked, Decided, Engine};
use crate::event::{Event, Move, StockCounted};
use crate::ids::{Code, PoolId, SkuId, WarehouseId};
use crate::limits::MOVEMENT_UNITS_MAX;
use crate::reject::Reject;
use crate::stock::{Bucket, Cell, StockShard};
use crate::units::Units;

impl Engine {
    /// Lays a count under the history of its cells. Found units make up for short ones, then join the regular pool;
    /// lost ones leave the free pools, regular first, and what is not free stands in `short`.
    pub(super) fn count(&self, count: &Count, asked: Asked<'_>) -> Decided {
        let config = self.config()?;
        let warehouse = warehouse(&config, &count.warehouse)?;
        count_lines(count.lines.len())?;
        once(&count.lines)?;
        for (at, line) in count.lines.iter().enumerate() {
            if line.units.0 > MOVEMENT_UNITS_MAX {
                let reason = format!("must be at most {MOVEMENT_UNITS_MAX}, not {}", line.units);
                return Err(invalid(&format!("lines[{at}].units"), reason).into());
            }
        }
        let last = self.log.last();
        if let Some(as_of) = count.as_of.filter(|as_of| *as_of > last) {
            let reason = format!("is {as_of}, but the history ends at {last}; take the watermark `stock` prints");
            return Err(invalid("as_of", reason).into());
        }
        let counted = self.resolve_skus(&count.lines)?;
        let skus: Vec<SkuId> = counted.iter().map(|(sku, _)| *sku).collect();
        self.change_stock(b'c', count, &skus, asked, |locked, _| {
            let mut moves = Vec::new();
            for (line, &(sku, units)) in count.lines.iter().zip(&counted) {
                correct(locked, count, &line.sku, sku, warehouse, units, &mut moves)?;
            }
            Ok(Event::StockCounted(StockCounted {
                as_of: count.as_of,
                except: count.except.clone(),
                moves,
                warehouse,
                counted,
            }))
        })
    }
}

fn correct(
    locked: &EngineLocked<'_>,
    count: &Count,
    code: &Code,
    sku: SkuId,
    warehouse: WarehouseId,
    counted: Units,
    moves: &mut Vec<Move>,
) -> Result<(), Reject> {
    let empty = Cell::new(warehouse);
    let cell = locked.stock(StockShard::of(sku)).sku(sku).cell(warehouse).unwrap_or(&empty);
    let since = match count.as_of {
        None => 0,
        Some(as_of) => cell
            .changed_since(as_of, &count.except)
            .map_err(|oldest| Reject::CountTooOld { sku: code.clone(), oldest })?,
    };
    let truth = Units(counted.0.saturating_add_signed(since));
    let differs = i128::from(truth.0) - cell.balance();
    let found = Units(u64::try_from(differs).unwrap_or(0));
    let lost = Units(u64::try_from(-differs).unwrap_or(0));

    let made_up = found.min(cell.units(Bucket::Short));
    push(moves, sku, warehouse, WRITE_OFF, Bucket::Short, made_up);
    let rest = found.saturating_sub(made_up);
    push(moves, sku, warehouse, WRITE_OFF, Bucket::Available(PoolId::REGULAR), rest);

    let mut left = lost;
    for stock in cell.pools() {
        let units = stock.available.min(left);
        push(moves, sku, warehouse, Bucket::Available(stock.pool), WRITE_OFF, units);
        left = left.saturating_sub(units);
    }
    push(moves, sku, warehouse, Bucket::Short, WRITE_OFF, left);
    Ok(())
}
