//! The allowed outcomes of losses, of transfers that are taken back and of counts of the shelves.

use std::collections::BTreeMap;

use stockade_core::command::{BookLoss, CountShelf, Loss, Recall};
use stockade_core::event::ShelfCounted;
use stockade_core::ids::SkuId;
use stockade_core::stock::Bucket;

use super::Model;
use super::allowed::Allowed;
use super::judge_stock::{Names, corrections};

impl Model {
    pub(super) fn judge_loss(&self, c: &BookLoss, names: &mut Names<'_>) -> Allowed {
        let warehouse = names.warehouse(&c.warehouse);
        let pool = names.pool(c.pool.as_ref());
        let wanted = names.lines(&c.lines);
        names.once(&c.lines);
        if c.pool.is_some() && c.loss != Loss::Damaged {
            names.wrong.insert("invalid");
        }
        self.all_enough(&wanted, |sku| match c.loss {
            Loss::Damaged => self.movable(sku, warehouse, pool),
            Loss::Scrapped => self.units_at(sku, warehouse, Some(Bucket::Damaged)),
            Loss::LostInTransit | Loss::DamagedInTransit => self.units_at(sku, warehouse, Some(Bucket::InTransit)),
        })
    }

    pub(super) fn judge_recall(&self, c: &Recall, names: &mut Names<'_>) -> Allowed {
        let (from, to) = (names.warehouse(&c.from), names.warehouse(&c.to));
        names.pool(c.pool.as_ref());
        let wanted = names.lines(&c.lines);
        names.once(&c.lines);
        if from == to {
            names.wrong.insert("invalid");
        }
        self.all_enough(&wanted, |sku| self.units_at(sku, to, Some(Bucket::InTransit)))
    }

    /// Whatever is on no shelf is as the books say.
    pub(super) fn check_shelf(&self, count: &CountShelf, e: &ShelfCounted) -> Result<(), String> {
        let mut must: BTreeMap<(SkuId, Bucket, Bucket), u64> = BTreeMap::new();
        for (sku, units) in self.merged(&count.lines) {
            let cell = self.ledger.cell(sku, e.warehouse);
            let elsewhere = [Bucket::Picked, Bucket::Inspection, Bucket::Damaged].map(|bucket| cell.units(bucket));
            let target = i128::from(units) + elsewhere.into_iter().map(i128::from).sum::<i128>();
            must.extend(corrections(cell, target).into_iter().map(|(from, to, units)| ((sku, from, to), units)));
        }
        let mut found = BTreeMap::new();
        for m in &e.moves {
            *found.entry((m.sku, m.from, m.to)).or_default() += m.units.0;
        }
        if found == must { Ok(()) } else { Err(format!("the count corrects {found:?}, it should correct {must:?}")) }
    }
}

pub(super) fn judge_count_shelf(c: &CountShelf, names: &mut Names<'_>) -> Allowed {
    names.warehouse(&c.warehouse);
    names.lines_of(&c.lines, 0);
    names.once(&c.lines);
    Allowed::must()
}
