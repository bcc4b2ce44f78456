//! Absolute counts with a watermark: what moved since the count was taken is laid over it, so nothing is deducted twice.

use crate::command::Count;
use crate::engine::change::Execute;
use crate::engine::change::stock::moved::answer;
use crate::engine::change::stock::terms::{WRITE_OFF, count_lines, once, push};
use crate::engine::codes::warehouse;
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, StockCounted};
use crate::ids::{Code, PoolId, SkuId, WarehouseId};
use crate::limits::MOVEMENT_UNITS_MAX;
use crate::reject::Reject;
use crate::stock::{Bucket, Cell, Move};
use crate::units::Units;

impl Execute for Count {
    /// Lays a count under the history of its cells. Found units make up for short ones, then join the regular pool;
    /// lost ones leave the free pools, regular first, and what is not free stands in `short`.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let warehouse = warehouse(&config, &self.warehouse)?;
        count_lines(self.lines.len())?;
        once(&self.lines)?;
        for (at, line) in self.lines.iter().enumerate() {
            if line.units.0 > MOVEMENT_UNITS_MAX {
                let reason = format!("must be at most {MOVEMENT_UNITS_MAX}, not {}", line.units);
                return Err(invalid(&format!("lines[{at}].units"), reason).into());
            }
        }
        let last = engine.log.last();
        if let Some(as_of) = self.as_of.filter(|as_of| *as_of > last) {
            let reason = format!("is {as_of}, but the history ends at {last}; take the watermark `stock` prints");
            return Err(invalid("as_of", reason).into());
        }
        let counted = engine.resolve_skus(&self.lines)?;
        let skus: Vec<SkuId> = counted.iter().map(|(sku, _)| *sku).collect();
        engine.change_stock(self, &skus, asked, |locked, _| {
            let mut moves = Vec::new();
            for (line, &(sku, units)) in self.lines.iter().zip(&counted) {
                let counted = Counted { code: &line.sku, sku, warehouse, units };
                counted.correct(locked, self, &mut moves)?;
            }
            let (as_of, except) = (self.as_of, self.except.clone());
            Ok(Event::StockCounted(StockCounted { as_of, except, moves, warehouse, counted }))
        })
    }
}

/// What was counted of one SKU.
struct Counted<'a> {
    code: &'a Code,
    sku: SkuId,
    warehouse: WarehouseId,
    units: Units,
}

impl Counted<'_> {
    /// The movements that set the books right.
    fn correct(&self, locked: &EngineLocked<'_>, count: &Count, moves: &mut Vec<Move>) -> Result<(), Reject> {
        let empty = Cell::new(self.warehouse);
        let cell = locked.sku(self.sku).cell(self.warehouse).unwrap_or(&empty);
        let since = match count.as_of {
            None => 0,
            Some(as_of) => cell
                .changed_since(as_of, &count.except)
                .map_err(|oldest| Reject::CountTooOld { sku: self.code.clone(), oldest })?,
        };
        let truth = Units(self.units.0.saturating_add_signed(since));
        let differs = i128::from(truth.0) - cell.balance();
        let found = Units(u64::try_from(differs).unwrap_or(0));
        let lost = Units(u64::try_from(-differs).unwrap_or(0));

        let key = (self.sku, self.warehouse);
        let made_up = found.min(cell.units(Bucket::Short));
        push(moves, key, WRITE_OFF, Bucket::Short, made_up);
        push(moves, key, WRITE_OFF, Bucket::Available(PoolId::REGULAR), found.saturating_sub(made_up));

        let mut left = lost;
        for stock in cell.pools() {
            let units = stock.available.min(left);
            push(moves, key, Bucket::Available(stock.pool), WRITE_OFF, units);
            left = left.saturating_sub(units);
        }
        push(moves, key, Bucket::Short, WRITE_OFF, left);
        Ok(())
    }
}

impl Body for StockCounted {
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
