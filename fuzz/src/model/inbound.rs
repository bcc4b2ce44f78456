//! The verdict on what changes expected receipts and promises.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stockade_core::event::{InboundChanged, InboundReason, Promised};
use stockade_core::ids::{OrderId, PoolId, ReceiptNo, Seq, SkuId, SubNo, Ticket, WarehouseId};
use stockade_core::orders::Stage;
use stockade_core::reply::{Awaited, InboundView, Reply};
use stockade_core::stock::{Bucket, HANDED_MAX, Move, Outside};
use stockade_core::time::Day;
use stockade_core::units::Units;

use super::Model;
use super::expected::{Inbound, Promise, Receipt};
use super::ledger::Owed;
use super::orders::Sub;
use super::plain::{Came, Plain, Told};
use super::replies::moved;
use super::verdict::{Entry, Verdict};

const SUPPLIER: Bucket = Bucket::Outside(Outside::Supplier);

impl Model {
    /// What is expected of a cell.
    pub fn inbound_of(&self, sku: SkuId, warehouse: WarehouseId) -> Inbound {
        self.inbound.get(&(sku, warehouse)).map(|inbound| Inbound::clone(inbound)).unwrap_or_default()
    }

    /// The same in units.
    pub fn plain_of(&self, sku: SkuId, warehouse: WarehouseId) -> Plain {
        let none = Inbound::default();
        let inbound = self.inbound.get(&(sku, warehouse)).map_or(&none, |inbound| &**inbound);
        Plain::of(inbound, self.ledger.cell(sku, warehouse))
    }

    /// What a cell can promise out of pools; nothing where units never run short.
    pub fn promisable(
        &self,
        sku: SkuId,
        warehouse: WarehouseId,
        pools: &[PoolId],
    ) -> Vec<(Day, ReceiptNo, PoolId, u64)> {
        match self.world.as_ref().and_then(|world| world.warehouse(warehouse)) {
            Some(place) if !place.unlimited => self.plain_of(sku, warehouse).promisable(pools),
            _ => Vec::new(),
        }
    }

    /// The tickets of a line that waits, the latest first, with their units.
    pub fn tickets(
        &self,
        order: OrderId,
        sub: u16,
        warehouse: WarehouseId,
        sku: SkuId,
        pool: PoolId,
    ) -> Vec<(Ticket, ReceiptNo, u64)> {
        let Some(inbound) = self.inbound.get(&(sku, warehouse)) else { return Vec::new() };
        let ours = inbound.promises.iter().rev().filter(|(_, p)| (p.order, p.sub.0, p.pool) == (order, sub, pool));
        let units = |ticket: &Ticket| self.ledger.units(sku, warehouse, Bucket::Promised(*ticket));
        ours.map(|(ticket, promise)| (*ticket, promise.receipt, units(ticket))).collect()
    }

    /// Takes a new promise in; its units come from its receipt, or from nowhere.
    pub(super) fn promise(&mut self, seq: Seq, made: &Promised) -> Result<(), String> {
        let inbound = Arc::make_mut(self.inbound.entry((made.sku, made.warehouse)).or_default());
        let Promised { ticket, rank, receipt, pool, order, sub, .. } = *made;
        if ticket.0 != inbound.last_ticket + 1 || rank > ticket {
            return Err(format!("ticket {ticket} of rank {rank} follows {}", inbound.last_ticket));
        }
        if receipt != ReceiptNo::NONE && inbound.receipts.get(&receipt).is_none_or(|r| r.pool != pool) {
            return Err(format!("receipt {receipt} is not expected, or for another pool than {pool}"));
        }
        inbound.last_ticket = ticket.0;
        inbound.promises.insert(ticket, Promise { rank, receipt, pool, order, sub });
        self.ledger.book(seq, made.movement(), false)
    }

    /// Forgets promises without units and receipts that bring nothing.
    pub(super) fn tidy(&mut self) {
        for ((sku, warehouse), inbound) in &mut self.inbound {
            let units = |bucket| self.ledger.units(*sku, *warehouse, bucket);
            let is_over = |ticket: &Ticket| units(Bucket::Promised(*ticket)) == 0;
            let known: BTreeSet<ReceiptNo> =
                inbound.promises.iter().filter(|(ticket, _)| !is_over(ticket)).map(|(_, p)| p.receipt).collect();
            let brings_none = |no: &ReceiptNo| units(Bucket::Inbound(*no)) == 0 && !known.contains(no);
            if inbound.promises.keys().any(is_over) || inbound.receipts.keys().any(brings_none) {
                let inbound = Arc::make_mut(inbound);
                inbound.promises.retain(|ticket, _| !is_over(ticket));
                inbound.receipts.retain(|no, _| !brings_none(no));
            }
        }
    }

    /// Checks a change of what is expected, and takes it in.
    fn inbound_changed(&mut self, seq: Seq, e: &InboundChanged) -> Result<(), String> {
        let before = self.clone();
        self.open_and_date(seq, e)?;
        let known = |model: &Model, sku| model.inbound_of(sku, e.warehouse);
        for m in &e.moves {
            if m.warehouse != e.warehouse {
                return Err(format!("moves units at warehouse {}", m.warehouse));
            }
            self.check_move(m, e.reason)?;
            self.ledger.book(seq, *m, true)?;
        }
        for made in &e.made {
            let old = known(&before, made.sku).promises.into_values();
            let mut old =
                old.filter(|p| (p.rank, p.order, p.sub, p.pool) == (made.rank, made.order, made.sub, made.pool));
            if made.warehouse != e.warehouse || old.next().is_none() {
                return Err(format!("{made:?} is promised anew and was never promised"));
            }
            self.promise(seq, made)?;
        }
        for arrived in &e.arrived {
            let order = self.order_mut(arrived.order)?;
            let sub = order.sub_mut(arrived.sub.0)?;
            if !sub.stage.is_ahead() {
                return Err(format!("hands over to a sub-order that is {:?}", sub.stage));
            }
            sub.waiting = sub.waiting.checked_sub(arrived.units.0).ok_or("more came than it waits for")?;
            sub.settle();
        }
        self.tidy();
        self.same_outcome(&before, e)
    }

    fn open_and_date(&mut self, seq: Seq, e: &InboundChanged) -> Result<(), String> {
        if let Some(opened) = &e.opened {
            let reference = e.reference.clone().ok_or("a receipt without a reference")?;
            let inbound = Arc::make_mut(self.inbound.entry((opened.sku, e.warehouse)).or_default());
            let taken = inbound.receipts.values().any(|receipt| receipt.reference == reference);
            if taken || opened.receipt.0 != inbound.last_receipt + 1 || e.reason != InboundReason::Announced {
                return Err(format!("{opened:?} after {inbound:?}"));
            }
            inbound.last_receipt += 1;
            inbound.receipts.insert(opened.receipt, Receipt { reference, day: opened.day, pool: opened.pool });
        }
        if let Some(dated) = &e.dated {
            let inbound = Arc::make_mut(self.inbound.entry((dated.sku, e.warehouse)).or_default());
            inbound.receipts.get_mut(&dated.receipt).ok_or("a day for no receipt")?.day = dated.day;
            self.ledger.cell_mut(dated.sku, e.warehouse).watermark = seq;
        }
        Ok(())
    }

    fn check_move(&self, m: &Move, reason: InboundReason) -> Result<(), String> {
        let handed = reason == InboundReason::Handed;
        let fits = match (m.from, m.to) {
            (SUPPLIER, Bucket::Inbound(_) | Bucket::Available(_) | Bucket::Arrived(_)) => true,
            (Bucket::Arrived(no), Bucket::Available(pool)) => {
                self.inbound_of(m.sku, m.warehouse).receipts.get(&no).is_some_and(|receipt| receipt.pool == pool)
            }
            // To whom, the outcome shows.
            (Bucket::Arrived(_) | Bucket::Available(_), Bucket::Held(_) | Bucket::Allocated) => true,
            (Bucket::Inbound(_), SUPPLIER | Bucket::Available(_)) | (Bucket::Promised(_), SUPPLIER) => true,
            // A command notes what its receipt will not bring; steps settle it.
            (Bucket::Missing(_), SUPPLIER) => !handed,
            (SUPPLIER | Bucket::Inbound(_), Bucket::Missing(_)) => handed,
            _ => false,
        };
        if fits { Ok(()) } else { Err(format!("moves units from {} to {}", m.from, m.to)) }
    }

    /// What the event made of its cells must be what the plain rules make of them.
    fn same_outcome(&self, before: &Model, e: &InboundChanged) -> Result<(), String> {
        let mut skus: Vec<SkuId> = e.moves.iter().map(|m| m.sku).chain(e.dated.iter().map(|d| d.sku)).collect();
        skus.sort_unstable();
        skus.dedup();
        let mut came_in = 0;
        for sku in skus {
            let mut plain = before.plain_of(sku, e.warehouse);
            if plain.is_due() && e.reason != InboundReason::Handed {
                return Err(format!("{plain:?} was to be handed over first"));
            }
            let now = self.plain_of(sku, e.warehouse).told();
            let here = before.inbound_of(sku, e.warehouse);
            let known =
                here.receipts.iter().find(|(_, r)| Some(&r.reference) == e.reference.as_ref()).map(|(no, _)| *no);
            match (e.reason, known) {
                (InboundReason::Announced, _) => {
                    let opened = e.opened.as_ref().ok_or("announces no receipt")?;
                    plain.announce(opened.receipt, opened.day, opened.pool, e.units.0);
                }
                (InboundReason::Changed, Some(no)) => {
                    if let Some(dated) = &e.dated {
                        plain.date(dated.receipt, dated.day);
                    }
                    plain.resize(no, e.units.0);
                }
                (InboundReason::Withdrawn, Some(no)) => plain.resize(no, 0),
                (InboundReason::Received, known) => {
                    let units = received(e, sku);
                    came_in += units;
                    // Into which pool the rest goes, and whether more is to come, only the command says.
                    let pools = self.world.iter().flat_map(|world| world.pools.keys());
                    let ways: Vec<Told> = pools
                        .flat_map(|pool| [(*pool, false), (*pool, true)])
                        .map(|(pool, more)| match known {
                            Some(no) => told_after(&plain, |p| p.fulfil(no, (pool, units), more, room_for(e, sku))),
                            None => told_after(&plain, |p| p.come(pool, units)),
                        })
                        .collect();
                    if !ways.contains(&now) {
                        return Err(format!("leaves {now:?}, one of {ways:?} is right"));
                    }
                    continue;
                }
                (InboundReason::Handed, _) => before.same_handed(&mut plain, e)?,
                _ => return Err("of a receipt that is not expected".to_owned()),
            }
            if plain.told() != now {
                return Err(format!("leaves {now:?}, {:?} is right", plain.told()));
            }
        }
        if e.reason == InboundReason::Received && came_in != e.units.0 {
            return Err(format!("{came_in} units came in, it says {}", e.units));
        }
        Ok(())
    }

    /// What is handed over is due, goes to who is first in line, and is no more than one step may take.
    fn same_handed(&self, plain: &mut Plain, e: &InboundChanged) -> Result<(), String> {
        let tickets = e.moves.iter().filter(|m| matches!(m.from, Bucket::Promised(_))).count();
        if !plain.is_due() || tickets > HANDED_MAX {
            return Err(format!("hands over {tickets} promises, of {plain:?}"));
        }
        let moved_on: u64 = e.made.iter().map(|made| made.units.0).sum();
        if plain.loses() {
            let only = e.arrived.is_empty() && e.made.iter().all(|made| made.receipt == ReceiptNo::NONE);
            return if only {
                plain.lose(moved_on)
            } else {
                Err("serves promises while others lose theirs".to_owned())
            };
        }
        let said: BTreeMap<_, u64> = e.arrived.iter().map(|a| ((a.order, a.sub), a.units.0)).collect();
        let arrived = plain.hand_over(e.units.0)?;
        if said != arrived {
            return Err(format!("serves {said:?}, {arrived:?} were first in line"));
        }
        let into = |to: fn(&Bucket) -> bool| e.moves.iter().filter(|m| to(&m.to)).map(|m| m.units.0).sum::<u64>();
        let (mut held, mut allocated) = (0, 0);
        for a in &e.arrived {
            let stage = self.order(a.order)?.sub(a.sub.0)?.stage;
            *(if stage == Stage::Promised { &mut held } else { &mut allocated }) += a.units.0;
        }
        let moved = (into(|to| matches!(to, Bucket::Held(_))), into(|to| *to == Bucket::Allocated));
        if moved != (held, allocated) {
            return Err(format!("holds and allocates {moved:?}, it should be {:?}", (held, allocated)));
        }
        if moved_on > 0 { plain.attach_some(moved_on) } else { Ok(()) }
    }

    /// Cells with units that promises come first to.
    pub fn due_cells(&self) -> Vec<(SkuId, WarehouseId)> {
        let due = |(sku, warehouse): &&(SkuId, WarehouseId)| self.plain_of(*sku, *warehouse).is_due();
        self.inbound.keys().filter(due).copied().collect()
    }

    /// Units on hand in a cell, by pool, that overdue promises come first to.
    pub(super) fn owed(&self, sku: SkuId, warehouse: WarehouseId) -> Owed {
        let is_overdue = |inbound: &Arc<Inbound>| inbound.promises.values().any(|p| p.receipt == ReceiptNo::NONE);
        let fails = |(no, _): (&ReceiptNo, &Receipt)| self.ledger.cell(sku, warehouse).missing(*no) > 0;
        let known = self.inbound.get(&(sku, warehouse));
        let overdue = known.is_some_and(|known| is_overdue(known) || known.receipts.iter().any(fails));
        if overdue { self.plain_of(sku, warehouse).owed() } else { Owed::new() }
    }

    /// The receipts of a cell as a query shows them.
    pub(super) fn inbound_views(&self, sku: SkuId, warehouse: WarehouseId) -> Option<Vec<InboundView>> {
        let world = self.world.as_ref()?;
        let (inbound, plain) = (self.inbound_of(sku, warehouse), self.plain_of(sku, warehouse));
        let mut receipts: Vec<_> = inbound.receipts.iter().collect();
        receipts.sort_by_key(|(no, receipt)| (receipt.day, **no));
        let view = |(no, receipt): (&ReceiptNo, &Receipt)| {
            Some(InboundView {
                reference: receipt.reference.clone(),
                day: receipt.day,
                pool: world.pools.get(&receipt.pool)?.clone(),
                free: Units(plain.free(*no)),
                promised: Units(plain.promised(*no)),
            })
        };
        receipts.into_iter().map(view).collect()
    }

    /// Promised units of a cell that no receipt is to bring, or that theirs will not.
    pub(super) fn overdue(&self, sku: SkuId, warehouse: WarehouseId) -> Units {
        Units(self.plain_of(sku, warehouse).overdue())
    }

    /// What a sub-order waits for, as a query shows it.
    pub(super) fn awaits(&self, order: OrderId, no: u16, sub: &Sub) -> Vec<Awaited> {
        let mut awaits = Vec::new();
        let mut skus: Vec<SkuId> = sub.lines.keys().map(|(sku, _)| *sku).collect();
        skus.dedup();
        for sku in skus.into_iter().filter(|_| matches!(sub.stage, Stage::Promised | Stage::Waiting)) {
            let inbound = self.inbound_of(sku, sub.warehouse);
            let mut ours: Vec<_> = inbound.promises.iter().filter(|(_, p)| (p.order, p.sub.0) == (order, no)).collect();
            ours.sort_by_key(|(ticket, promise)| (promise.rank, **ticket));
            awaits.extend(ours.into_iter().map(|(ticket, promise)| Awaited {
                sku: self.skus[sku.index()].code.clone(),
                units: Units(self.ledger.units(sku, sub.warehouse, Bucket::Promised(*ticket))),
                receipt: inbound.receipts.get(&promise.receipt).map(|r| (r.reference.clone(), r.day)),
            }));
        }
        awaits
    }
}

fn told_after(plain: &Plain, change: impl FnOnce(&mut Plain) -> Came) -> Told {
    let mut plain = plain.clone();
    change(&mut plain);
    plain.told()
}

/// Promises that may lose their receipt in an event on behalf of a SKU: those of the SKUs before it are counted.
fn room_for(e: &InboundChanged, sku: SkuId) -> usize {
    let place = |sku| e.moves.iter().position(|m| m.sku == sku);
    let before = e.made.iter().filter(|made| place(made.sku) < place(sku)).count();
    HANDED_MAX.saturating_sub(before)
}

/// Units of a SKU that came in.
fn received(e: &InboundChanged, sku: SkuId) -> u64 {
    e.moves.iter().filter(|m| m.sku == sku && m.to.is_on_hand()).map(|m| m.units.0).sum()
}

impl Verdict for InboundChanged {
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)> {
        None
    }

    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String> {
        model.inbound_changed(entry.seq, self)?;
        for arrived in &self.arrived {
            let what = ("goods_arrived", Some(arrived.sub));
            model.note_moment(entry.seq, arrived.order, what, entry.envelope)?;
        }
        Ok(())
    }

    fn reply(&self, _after: &Model, seq: Seq) -> Result<Reply, String> {
        let lost = self.made.iter().filter(|made| made.receipt == ReceiptNo::NONE).map(|made| made.units);
        let missing = self.moves.iter().filter(|m| matches!(m.from, Bucket::Missing(_))).map(|m| m.units);
        Ok(moved(seq, self.units, lost.chain(missing).sum()))
    }
}
