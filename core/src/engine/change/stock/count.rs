//! Absolute counts with a watermark: what moved since the count was taken is laid over it, so nothing is deducted twice.

use crate::command::Count;
use crate::engine::change::Execute;
use crate::engine::change::stock::moved::answer;
use crate::engine::change::stock::terms::{WRITE_OFF, once, push};
use crate::engine::codes::warehouse;
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, StockCounted};
use crate::ids::{Code, PoolId, Seq, SkuId, WarehouseId};
use crate::limits::COUNT_MOVES_MAX;
use crate::reject::Reject;
use crate::stock::{Bucket, Cell, Move};
use crate::units::Units;

impl Execute for Count {
    /// Lays a count under the history of its cells. Found units make up for short ones, then join the regular pool;
    /// lost ones leave the free pools, regular first, then stand in `short`; those that nobody claims were damaged ones.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let warehouse = warehouse(&config, &self.warehouse)?;
        once(&self.lines)?;
        let last = engine.log.last();
        if let Some(as_of) = self.as_of.filter(|as_of| *as_of > last) {
            let reason = format!("is {as_of}, but the history ends at {last}; take the watermark `stock` prints");
            return Err(invalid("as_of", reason).into());
        }
        let counted = engine.resolve_skus(&self.lines)?;
        let skus: Vec<SkuId> = counted.iter().map(|(sku, _)| *sku).collect();
        let mut unseen = self.except.clone();
        unseen.sort_unstable();
        engine.change_stock(self, &skus, asked, |locked, _| {
            let mut moves = Vec::new();
            for (line, &(sku, units)) in self.lines.iter().zip(&counted) {
                let counted = Counted { code: &line.sku, sku, warehouse, units };
                counted.correct(locked, (self.as_of, &unseen), &mut moves)?;
                if moves.len() > COUNT_MOVES_MAX {
                    let reason = format!("needs more than {COUNT_MOVES_MAX} movements: count fewer SKUs at once");
                    return Err(invalid("lines", reason));
                }
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
    /// The movements that set the books right. The count has seen everything up to an event but
    /// for some, given by sequence.
    fn correct(
        &self,
        locked: &EngineLocked<'_>,
        (as_of, unseen): (Option<Seq>, &[Seq]),
        moves: &mut Vec<Move>,
    ) -> Result<(), Reject> {
        let empty = Cell::new(self.warehouse);
        let cell = locked.sku(self.sku).cell(self.warehouse).unwrap_or(&empty);
        let since = match as_of {
            None => 0,
            Some(as_of) => cell
                .changed_since(as_of, unseen)
                .map_err(|oldest| Reject::CountTooOld { sku: self.code.clone(), oldest })?,
        };
        set_right(cell, self.sku, Units(self.units.0.saturating_add_signed(since)), moves);
        Ok(())
    }
}

/// The movements after which the books of a cell say that so many units are there. Found units make up for short ones, then
/// join the regular pool; lost ones leave the free pools, regular first, and then those that are claimed are short. What is
/// missing beyond the claims is damaged and gone: no claim is left that a receipt could make up for.
pub(super) fn set_right(cell: &Cell, sku: SkuId, truth: Units, moves: &mut Vec<Move>) {
    let differs = i128::from(truth.0) - cell.balance();
    let found = Units(u64::try_from(differs).unwrap_or(0));
    let lost = Units(u64::try_from(-differs).unwrap_or(0));

    let key = (sku, cell.warehouse());
    let made_up = found.min(cell.units(Bucket::Short));
    push(moves, key, WRITE_OFF, Bucket::Short, made_up);
    push(moves, key, WRITE_OFF, Bucket::Available(PoolId::REGULAR), found.saturating_sub(made_up));

    let mut left = lost;
    for stock in cell.pools() {
        let units = stock.available.min(left);
        push(moves, key, Bucket::Available(stock.pool), WRITE_OFF, units);
        left = left.saturating_sub(units);
    }
    let gone = left.saturating_sub(claimed_and_there(cell)).min(cell.units(Bucket::Damaged));
    push(moves, key, Bucket::Damaged, WRITE_OFF, gone);
    push(moves, key, Bucket::Short, WRITE_OFF, left.saturating_sub(gone));
}

/// Units that are promised, or returned and not inspected, and by the books not short.
fn claimed_and_there(cell: &Cell) -> Units {
    let unclaimed = cell.free().saturating_add(cell.units(Bucket::Damaged));
    Units(u64::try_from(cell.balance() - i128::from(unclaimed.0)).unwrap_or(0))
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
