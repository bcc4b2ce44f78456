//! The verdict on events of the world and of stock.

use std::collections::BTreeMap;
use std::sync::Arc;

use stockade_core::event::{
    MoveReason, RulesApplied, SafetySet, ShelfCounted, SkusDefined, StockCounted, StockMoved, WorldApplied,
};
use stockade_core::ids::{OrderId, RulesVersion, Seq, SkuId, SubNo, WarehouseId};
use stockade_core::reply::Reply;
use stockade_core::stock::{Bucket, Move, Outside};
use stockade_core::units::Units;

use super::ledger::Cell;
use super::replies::{configured, moved, moved_by};
use super::verdict::{Entry, Verdict};
use super::world::World;
use super::{Model, Sku};

const WRITE_OFF: Bucket = Bucket::Outside(Outside::WriteOff);
const SUPPLIER: Bucket = Bucket::Outside(Outside::Supplier);

impl Model {
    fn rules_follow(&mut self, version: RulesVersion) -> Result<(), String> {
        if version.0 != self.rules_version.0 + 1 {
            return Err(format!("rules version {version} follows {}", self.rules_version));
        }
        self.rules_version = version;
        Ok(())
    }

    fn world_applied(&mut self, e: &WorldApplied) -> Result<(), String> {
        self.rules_follow(e.version)?;
        let world = World::read(e)?;
        if let Some(old) = &self.world {
            for (id, warehouse) in &old.warehouses {
                if world.warehouse(*id).is_none_or(|w| w.code != warehouse.code) {
                    return Err(format!("warehouse {} lost its id {id}", warehouse.code));
                }
            }
            for (id, channel) in &old.channels {
                if world.channel(*id).is_none_or(|c| c.code != channel.code) {
                    return Err(format!("channel {} lost its id {id}", channel.code));
                }
            }
            if old.pools.iter().any(|(id, code)| world.pools.get(id) != Some(code)) {
                return Err("a pool lost its id".to_owned());
            }
            if old.carriers.iter().any(|(id, code)| world.carriers.get(id) != Some(code)) {
                return Err("a carrier lost its id".to_owned());
            }
        }
        self.world = Some(Arc::new(world));
        self.world_text = e.text.as_str().into();
        self.rules_text = Arc::clone(&self.world_text);
        Ok(())
    }

    fn rules_applied(&mut self, e: &RulesApplied) -> Result<(), String> {
        self.rules_follow(e.version)?;
        self.rules_text = e.text.as_str().into();
        Arc::make_mut(self.world.as_mut().ok_or("there is no world yet")?).overlay(&e.text)
    }

    fn skus_defined(&mut self, e: &SkusDefined) -> Result<(), String> {
        for sku in &e.skus {
            let defined = Sku { code: sku.code.clone(), weight_g: sku.weight_g, category: sku.category.clone() };
            match self.sku(&sku.code) {
                Some(known) if known == sku.id => Arc::make_mut(&mut self.skus)[known.index()] = defined,
                Some(known) => return Err(format!("SKU {} is {known}, not {}", sku.code, sku.id)),
                None if sku.id.index() == self.skus.len() => Arc::make_mut(&mut self.skus).push(defined),
                None => return Err(format!("new SKU {} got id {}, {} is next", sku.code, sku.id, self.skus.len())),
            }
        }
        Ok(())
    }

    fn stock_moved(&mut self, seq: Seq, e: &StockMoved) -> Result<(), String> {
        for m in &e.moves {
            let fits = match e.reason {
                MoveReason::MakingUp => matches!((m.from, m.to), (Bucket::Available(_), Bucket::Short)),
                MoveReason::Receipt => m.from == SUPPLIER && matches!(m.to, Bucket::Available(_)),
                MoveReason::Adjustment => {
                    matches!(
                        (m.from, m.to),
                        (Bucket::Available(_), WRITE_OFF) | (WRITE_OFF, Bucket::Available(_) | Bucket::Short)
                    )
                }
                MoveReason::Transfer => matches!(
                    (m.from, m.to),
                    (Bucket::Available(_), Bucket::Outside(Outside::Transfer))
                        | (Bucket::Outside(Outside::Transfer), Bucket::InTransit)
                ),
                MoveReason::Arrival => matches!((m.from, m.to), (Bucket::InTransit, Bucket::Available(_))),
                MoveReason::Damage => matches!((m.from, m.to), (Bucket::Available(_), Bucket::Damaged)),
                MoveReason::Scrap => (m.from, m.to) == (Bucket::Damaged, WRITE_OFF),
                MoveReason::TransitLoss => (m.from, m.to) == (Bucket::InTransit, WRITE_OFF),
                MoveReason::TransitDamage => (m.from, m.to) == (Bucket::InTransit, Bucket::Damaged),
                MoveReason::Recall => matches!(
                    (m.from, m.to),
                    (Bucket::InTransit, Bucket::Outside(Outside::Transfer))
                        | (Bucket::Outside(Outside::Transfer), Bucket::Available(_))
                ),
                MoveReason::PoolMove => matches!((m.from, m.to), (Bucket::Available(_), Bucket::Available(_))),
            };
            if !fits {
                return Err(format!("{:?} moves units from {} to {}", e.reason, m.from, m.to));
            }
        }
        if matches!(e.reason, MoveReason::Transfer | MoveReason::Recall) {
            balanced(&e.moves)?;
        }
        if e.reason == MoveReason::MakingUp {
            self.makes_up(&e.moves)?;
        }
        self.book_all(seq, &e.moves, true)
    }

    /// Free units make up for all that is short of a cell, as far as they go, those of the first pools first.
    fn makes_up(&self, moves: &[Move]) -> Result<(), String> {
        let first = moves.first().ok_or("nothing makes up for what is short")?;
        let cell = self.ledger.cell(first.sku, first.warehouse);
        let mut line: Vec<Bucket> = Vec::new();
        for (bucket, units) in cell.balance.iter().filter(|(bucket, _)| matches!(bucket, Bucket::Available(_))) {
            line.extend(std::iter::repeat_n(*bucket, *units as usize));
        }
        line.truncate(cell.short() as usize);
        let mut taken: Vec<Bucket> = Vec::new();
        for m in moves {
            if (m.sku, m.warehouse) != (first.sku, first.warehouse) {
                return Err("makes up for what is short elsewhere".to_owned());
            }
            taken.extend(std::iter::repeat_n(m.from, m.units.0 as usize));
        }
        taken.sort();
        if taken == line { Ok(()) } else { Err(format!("{taken:?} make up for what is short, {line:?} should")) }
    }

    /// Cells whose free units have yet to make up for what is short.
    pub fn short_and_free(&self) -> Vec<(SkuId, WarehouseId)> {
        let is_due = |cell: &Cell| cell.short() > 0 && cell.free() > 0;
        self.ledger.cells.iter().filter(|(_, cell)| is_due(cell)).map(|(key, _)| *key).collect()
    }

    /// A count corrects towards its number. Which number that is, the command says: see `Model::judge`.
    fn counted(&mut self, seq: Seq, e: Counted<'_>) -> Result<(), String> {
        for m in e.moves {
            let fits = matches!(
                (m.from, m.to),
                (WRITE_OFF, Bucket::Short | Bucket::Available(_))
                    | (Bucket::Short | Bucket::Available(_) | Bucket::Damaged, WRITE_OFF)
            );
            if !fits || m.warehouse != e.warehouse || !e.counted.iter().any(|(sku, _)| *sku == m.sku) {
                return Err(format!("moves SKU {} from {} to {}", m.sku, m.from, m.to));
            }
        }
        self.book_all(seq, e.moves, false)?;
        for (sku, _) in e.counted {
            self.ledger.cell_mut(*sku, e.warehouse).watermark = seq;
        }
        Ok(())
    }
}

/// What any count has counted, and corrects.
struct Counted<'a> {
    moves: &'a [Move],
    warehouse: WarehouseId,
    counted: &'a [(SkuId, Units)],
}

/// What leaves one warehouse for another, or on its way back, is there.
fn balanced(moves: &[Move]) -> Result<(), String> {
    let mut left: BTreeMap<SkuId, i128> = BTreeMap::new();
    for m in moves {
        let sign = if m.from == Bucket::Outside(Outside::Transfer) { -1 } else { 1 };
        *left.entry(m.sku).or_default() += sign * i128::from(m.units.0);
    }
    match left.iter().find(|(_, n)| **n != 0) {
        Some((sku, n)) => Err(format!("SKU {sku}: {n} more units left than came")),
        None => Ok(()),
    }
}

impl Verdict for WorldApplied {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        None
    }

    fn take_in(&self, model: &mut Model, _: &Entry<'_>) -> Result<(), String> {
        model.world_applied(self)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        Ok(configured(after, seq))
    }
}

impl Verdict for RulesApplied {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        None
    }

    fn take_in(&self, model: &mut Model, _: &Entry<'_>) -> Result<(), String> {
        model.rules_applied(self)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        Ok(configured(after, seq))
    }
}

impl Verdict for SkusDefined {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        None
    }

    fn take_in(&self, model: &mut Model, _: &Entry<'_>) -> Result<(), String> {
        model.skus_defined(self)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        Ok(configured(after, seq))
    }
}

impl Verdict for StockMoved {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        None
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.stock_moved(entry.seq, self)
    }

    fn reply(&self, _after: &Model, seq: Seq) -> Result<Reply, String> {
        Ok(moved_by(seq, &self.moves))
    }
}

impl Verdict for StockCounted {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        None
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let StockCounted { moves, warehouse, counted, .. } = self;
        model.counted(entry.seq, Counted { moves, warehouse: *warehouse, counted })
    }

    fn reply(&self, _after: &Model, seq: Seq) -> Result<Reply, String> {
        Ok(moved_by(seq, &self.moves))
    }
}

impl Verdict for ShelfCounted {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        None
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let ShelfCounted { moves, warehouse, counted } = self;
        model.counted(entry.seq, Counted { moves, warehouse: *warehouse, counted })
    }

    fn reply(&self, _after: &Model, seq: Seq) -> Result<Reply, String> {
        Ok(moved_by(seq, &self.moves))
    }
}

impl Verdict for SafetySet {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        None
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        let cell = model.ledger.cell_mut(self.sku, self.warehouse);
        cell.safety = self.units.0;
        cell.watermark = entry.seq;
        Ok(())
    }

    fn reply(&self, _after: &Model, seq: Seq) -> Result<Reply, String> {
        Ok(moved(seq, self.units, Units::ZERO))
    }
}
