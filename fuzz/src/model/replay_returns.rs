//! The verdict on returns and inspections, at the warehouse that shipped the goods and at others.

use std::collections::BTreeMap;

use stockade_core::event::{ReturnInspected, ReturnInspectedElsewhere, ReturnReceived, ReturnReceivedElsewhere};
use stockade_core::ids::{OrderId, PoolId, Seq, SkuId, SubNo, WarehouseId};
use stockade_core::orders::{Change, Elsewhere, RefundReason};
use stockade_core::reply::Reply;
use stockade_core::stock::{Bucket, Move, Outside};

use super::Model;
use super::lifecycle;
use super::replies::changed;
use super::verdict::{Entry, Verdict};

const ON_THE_WAY: Bucket = Bucket::Outside(Outside::Transfer);

impl Model {
    /// `to` is the warehouse they came back to, when it is not the one that shipped them.
    fn return_received(&mut self, seq: Seq, e: &ReturnReceived, to: Option<WarehouseId>) -> Result<(), String> {
        let order = self.order(e.order)?;
        let mut moves = Vec::new();
        for take in &e.takes {
            let sub = order.sub(take.sub.0)?;
            if !lifecycle::takes_returns(sub.stage) {
                return Err(format!("from a sub-order that is {:?}", sub.stage));
            }
            let from = sub.bucket(take.pool).ok_or("its units are nowhere")?;
            let Some(to) = to else {
                moves.push(sub.take_move(take, from, Bucket::Inspection));
                continue;
            };
            let is_limited = self.world.as_ref().and_then(|w| w.warehouse(to)).is_some_and(|w| !w.unlimited);
            if to == sub.warehouse || !is_limited {
                return Err(format!("cannot come back to warehouse {to}"));
            }
            // What the customer has for good is in no warehouse; all else leaves the one that shipped it.
            let is_with_customer = from == Bucket::Outside(Outside::Customer);
            let came_from = if is_with_customer { from } else { ON_THE_WAY };
            if !is_with_customer {
                moves.push(sub.take_move(take, from, ON_THE_WAY));
            }
            moves.push(Move { warehouse: to, ..sub.take_move(take, came_from, Bucket::Inspection) });
        }
        self.book_same(seq, moves, &e.moves)?;
        let order = self.order_mut(e.order)?;
        for take in &e.takes {
            let sub = order.sub_mut(take.sub.0)?;
            let line = sub.lines.get_mut(&(take.sku, take.pool)).ok_or("no such line")?;
            if take.units.0 > line.out() {
                return Err(format!("{} units came back, {} are out", take.units, line.out()));
            }
            line.inspection += take.units.0;
            line.returned += take.units.0;
            if let Some(to) = to {
                *sub.elsewhere.entry((take.sku, take.pool, to)).or_default() += take.units.0;
            }
        }
        Ok(())
    }

    fn return_inspected(&mut self, seq: Seq, e: &ReturnInspected, elsewhere: &[Elsewhere]) -> Result<(), String> {
        let taken: u64 = e.takes.iter().map(|t| t.units.0).sum();
        if e.intact.0 + e.damaged.0 != taken {
            return Err(format!("{} intact and {} damaged of {taken}", e.intact, e.damaged));
        }
        let mut here: BTreeMap<(SubNo, SkuId, PoolId), u64> = BTreeMap::new();
        for take in &e.takes {
            *here.entry((take.sub, take.sku, take.pool)).or_default() += take.units.0;
        }
        let order = self.order(e.order)?;
        let mut allowed: BTreeMap<_, u64> = BTreeMap::new();
        for Elsewhere { warehouse, take } in elsewhere {
            let of_line = here.get_mut(&(take.sub, take.sku, take.pool)).ok_or("elsewhere and not inspected")?;
            *of_line = of_line.checked_sub(take.units.0).ok_or("more elsewhere than in all")?;
            if *warehouse == order.sub(take.sub.0)?.warehouse {
                return Err("elsewhere is where it was shipped".to_owned());
            }
            *allowed.entry((take.sku, *warehouse, Bucket::Available(take.pool))).or_default() += take.units.0;
        }
        for ((sub, sku, pool), units) in here {
            let sub = order.sub(sub.0)?;
            *allowed.entry((sku, sub.warehouse, sub.free_bucket(pool))).or_default() += units;
        }
        self.back_on_sale(e, allowed)?;
        self.book_all(seq, &e.moves, false)?;
        self.leave_inspection(e, elsewhere)
    }

    /// What is intact goes back to where it is on sale, as far as it came from there; all else is damaged.
    fn back_on_sale(
        &self,
        e: &ReturnInspected,
        mut allowed: BTreeMap<(SkuId, WarehouseId, Bucket), u64>,
    ) -> Result<(), String> {
        let mut left: BTreeMap<(SkuId, WarehouseId), u64> = BTreeMap::new();
        for ((sku, warehouse, _), units) in &allowed {
            *left.entry((*sku, *warehouse)).or_default() += units;
        }
        let (mut intact, mut damaged) = (0, 0);
        for m in &e.moves {
            let left = left.get_mut(&(m.sku, m.warehouse)).ok_or("nothing of it was inspected there")?;
            *left = left.checked_sub(m.units.0).ok_or("more leaves inspection than was inspected")?;
            match (m.from, m.to) {
                (Bucket::Inspection, Bucket::Damaged) => damaged += m.units.0,
                (Bucket::Inspection, to) => {
                    let left = allowed.get_mut(&(m.sku, m.warehouse, to)).ok_or("goes back to where it never was")?;
                    *left = left.checked_sub(m.units.0).ok_or("more goes back to a pool than came from it")?;
                    intact += m.units.0;
                }
                (from, to) => return Err(format!("moves units from {from} to {to}")),
            }
        }
        if (intact, damaged) != (e.intact.0, e.damaged.0) {
            return Err(format!("moves {intact} intact and {damaged} damaged units"));
        }
        Ok(())
    }

    fn owe_returned(&mut self, e: &ReturnInspected, entry: &Entry<'_>) -> Result<(), String> {
        let back = e.takes.iter().map(|take| (take.sku, take.units));
        self.owe_units(e.order, RefundReason::Returned, back, (entry.seq, entry.envelope.arrived))
    }

    fn leave_inspection(&mut self, e: &ReturnInspected, elsewhere: &[Elsewhere]) -> Result<(), String> {
        let order = self.order_mut(e.order)?;
        for take in &e.takes {
            let line = order.sub_mut(take.sub.0)?.lines.get_mut(&(take.sku, take.pool)).ok_or("no such line")?;
            line.inspection = line.inspection.checked_sub(take.units.0).ok_or("more than is in inspection")?;
        }
        for Elsewhere { warehouse, take } in elsewhere {
            let sub = order.sub_mut(take.sub.0)?;
            let there = sub.elsewhere.get_mut(&(take.sku, take.pool, *warehouse)).ok_or("nothing is there")?;
            *there = there.checked_sub(take.units.0).ok_or("more than is in inspection elsewhere")?;
            sub.elsewhere.retain(|_, units| *units > 0);
        }
        for sub in &order.subs {
            for ((sku, pool), line) in &sub.lines {
                let of_line = sub.elsewhere.iter().filter(|((s, p, _), _)| (s, p) == (sku, pool));
                if of_line.map(|(_, units)| units).sum::<u64>() > line.inspection {
                    return Err("it takes units where they are not".to_owned());
                }
            }
        }
        Ok(())
    }

    fn code_of(&self, warehouse: WarehouseId) -> Result<String, String> {
        let found = self.world.as_ref().and_then(|world| world.warehouse(warehouse));
        Ok(found.ok_or("a warehouse without a name")?.code.to_string())
    }
}

impl Verdict for ReturnReceived {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, self.takes.first().map(|take| take.sub)))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.return_received(entry.seq, self, None)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        let units = self.takes.iter().map(|t| t.units).sum();
        changed(after, seq, self.order, Change::Returned { units })
    }
}

impl Verdict for ReturnInspected {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        Some((self.order, self.takes.first().map(|take| take.sub)))
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.return_inspected(entry.seq, self, &[])?;
        model.owe_returned(self, entry)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        changed(after, seq, self.order, Change::Inspected { intact: self.intact, damaged: self.damaged })
    }
}

impl Verdict for ReturnReceivedElsewhere {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        self.received.subject()
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        if self.place != format!("it came back to {}", model.code_of(self.warehouse)?) {
            return Err(format!("of warehouse {} it says that {}", self.warehouse, self.place));
        }
        model.return_received(entry.seq, &self.received, Some(self.warehouse))
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        self.received.reply(after, seq)
    }

    fn moment(&self) -> Option<&'static str> {
        Some("return_received")
    }

    fn reason(&self) -> Option<&str> {
        Some(&self.place)
    }
}

impl Verdict for ReturnInspectedElsewhere {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        self.inspected.subject()
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        if self.elsewhere.is_empty() {
            return Err("nothing of it was elsewhere".to_owned());
        }
        for m in &self.inspected.moves {
            let code = model.code_of(m.warehouse)?;
            if !self.place.contains(&code) {
                return Err(format!("it leaves out {code}: {}", self.place));
            }
        }
        model.return_inspected(entry.seq, &self.inspected, &self.elsewhere)?;
        model.owe_returned(&self.inspected, entry)
    }

    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String> {
        self.inspected.reply(after, seq)
    }

    fn moment(&self) -> Option<&'static str> {
        Some("return_inspected")
    }

    fn reason(&self) -> Option<&str> {
        Some(&self.place)
    }
}
