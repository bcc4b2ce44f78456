//! The verdict on history: what each event must contain, worked out from the state before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use stockade_core::Actor;
use stockade_core::event::{Cause, Envelope, Event};
use stockade_core::ids::{Code, OrderId, Seq, SkuId, SubNo, WarehouseId};
use stockade_core::stock::{Bucket, Move};

use super::Model;
use super::about::{moment, order_of, subject};
use super::orders::{Moment, Order};

impl Model {
    /// Checks the next event of the history against the state, and takes it in.
    pub fn replay(&mut self, seq: Seq, envelope: &Envelope) -> Result<(), String> {
        let wrong = |e: String| format!("event {seq} {}: {e}", envelope.event.name());
        if seq != self.seq.next() {
            return Err(wrong(format!("follows {}", self.seq)));
        }
        self.seq = seq;
        self.note_key(seq, envelope).map_err(wrong)?;
        self.take_in(seq, envelope).map_err(wrong)?;
        if let Some((order, sub)) = subject(&envelope.event) {
            self.note_moment(seq, order, (moment(&envelope.event), sub), envelope).map_err(wrong)?;
        }
        if let Event::InboundChanged(e) = &envelope.event {
            for arrived in &e.arrived {
                let what = ("goods_arrived", Some(arrived.sub));
                self.note_moment(seq, arrived.order, what, envelope).map_err(wrong)?;
            }
        }
        self.ledger.check().map_err(wrong)
    }

    fn take_in(&mut self, seq: Seq, envelope: &Envelope) -> Result<(), String> {
        match &envelope.event {
            Event::WorldApplied(e) => self.world_applied(e),
            Event::RulesApplied(e) => {
                self.rules_follow(e.version)?;
                self.world.as_mut().ok_or("there is no world yet")?.overlay(&e.text)
            }
            Event::SkusDefined(e) => self.skus_defined(e),
            Event::StockMoved(e) => self.stock_moved(seq, e),
            Event::StockCounted(e) => self.stock_counted(seq, e),
            Event::SafetySet(e) => {
                let cell = self.ledger.cells.entry((e.sku, e.warehouse)).or_default();
                cell.safety = e.units.0;
                cell.watermark = seq;
                Ok(())
            }
            Event::OrderPlaced(e) => self.order_placed(seq, e, envelope),
            Event::OrderPromised(e) => self.order_promised(seq, e, envelope),
            Event::OrderPromisedLate(e) => self.order_promised_late(seq, e),
            Event::InboundChanged(e) => self.inbound_changed(seq, e),
            Event::OrderPaid(e) => self.order_paid(seq, e, envelope),
            Event::OrderPaidLate(e) => self.order_paid_late(seq, e),
            Event::RefundDue(e) => self.refund_due(e),
            Event::OrderExpired(e) => self.order_expired(seq, e, envelope),
            Event::HoldExtended(e) => self.hold_extended(e, envelope),
            Event::OrderCancelled(e) => self.order_cancelled(seq, e, envelope),
            Event::SubStepped(e) => self.sub_stepped(seq, e),
            Event::PickShorted(e) => self.pick_shorted(seq, e),
            Event::ReturnReceived(e) => self.return_received(seq, e),
            Event::ReturnInspected(e) => self.return_inspected(seq, e),
            Event::ReviewRouted(e) => self.review_routed(seq, e),
        }
    }

    /// A key names one commit for ever. Keys of commands on an order are the order's own.
    fn note_key(&mut self, seq: Seq, envelope: &Envelope) -> Result<(), String> {
        let Cause::Key { key, digest } = &envelope.cause else { return Ok(()) };
        let keys = match order_of(&envelope.event) {
            Some(order) => &mut self.order_mut(order)?.keys,
            None => &mut self.keys,
        };
        match keys.insert(key.clone(), (*digest, seq)) {
            None => Ok(()),
            Some((_, first)) => Err(format!("its key {key} was used by event {first}")),
        }
    }

    fn note_moment(
        &mut self,
        seq: Seq,
        order: OrderId,
        (what, sub): (&'static str, Option<SubNo>),
        envelope: &Envelope,
    ) -> Result<(), String> {
        let order = self.order_mut(order)?;
        if envelope.arrived < order.last_time() {
            return Err(format!("arrived at {}, before the order's last event", envelope.arrived));
        }
        order.version = seq;
        order.timeline.push(Moment {
            seq,
            what,
            sub: sub.map(|sub| sub.0),
            occurred: envelope.occurred_at(),
            arrived: envelope.arrived,
            actor: match &envelope.actor {
                Actor::Named(name) => name.clone(),
                Actor::Timer => Code::new("timer").map_err(|e| e.to_string())?,
                Actor::Engine => Code::new("engine").map_err(|e| e.to_string())?,
            },
        });
        Ok(())
    }

    pub(super) fn order(&self, id: OrderId) -> Result<&Order, String> {
        self.orders.get(&id).map(|order| &**order).ok_or_else(|| format!("there is no order {id}"))
    }

    pub(super) fn order_mut(&mut self, id: OrderId) -> Result<&mut Order, String> {
        self.orders.get_mut(&id).map(Arc::make_mut).ok_or_else(|| format!("there is no order {id}"))
    }

    /// Books the movements that must be, after comparing them with those the event lists.
    pub(super) fn book_same(&mut self, seq: Seq, mut must: Vec<Move>, listed: &[Move]) -> Result<(), String> {
        must.retain(|m| m.units.0 > 0);
        let (wanted, found) = (summed(&must), summed(listed));
        if wanted != found {
            return Err(format!("it moves {found:?}, it should move {wanted:?}"));
        }
        self.book_all(seq, listed, false)
    }

    pub(super) fn book_all(&mut self, seq: Seq, moves: &[Move], adjusted: bool) -> Result<(), String> {
        moves.iter().try_for_each(|m| self.ledger.book(seq, *m, adjusted))
    }
}

type Summed = BTreeMap<(SkuId, WarehouseId, Bucket, Bucket), u64>;

fn summed(moves: &[Move]) -> Summed {
    let mut sums = Summed::new();
    for m in moves {
        *sums.entry((m.sku, m.warehouse, m.from, m.to)).or_default() += m.units.0;
    }
    sums
}
