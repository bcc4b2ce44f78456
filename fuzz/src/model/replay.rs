//! The verdict on history: what each event must contain, worked out from the state before it.

use std::collections::BTreeMap;

use stockade_core::Actor;
use stockade_core::event::{Cause, Envelope};
use stockade_core::ids::{Code, OrderId, Seq, SkuId, SubNo, WarehouseId};
use stockade_core::stock::{Bucket, Move};

use super::Model;
use super::orders::{Moment, Order};
use super::verdict::{Entry, verdict};

impl Model {
    /// Checks the next event of the history against the state, and takes it in.
    pub fn replay(&mut self, seq: Seq, envelope: &Envelope) -> Result<(), String> {
        let wrong = |e: String| format!("event {seq} {}: {e}", envelope.event.name());
        if seq != self.seq.next() {
            return Err(wrong(format!("follows {}", self.seq)));
        }
        self.seq = seq;
        let verdict = verdict(&envelope.event);
        let subject = verdict.subject();
        self.note_key(seq, envelope, subject.map(|(order, _)| order)).map_err(wrong)?;
        verdict.take_in(self, &Entry { seq, envelope }).map_err(wrong)?;
        if let Some((order, sub)) = subject {
            let what = verdict.moment().unwrap_or(envelope.event.name());
            self.note_moment(seq, order, (what, sub), envelope).map_err(wrong)?;
            let reason = verdict.reason_in(self);
            let order = self.order_mut(order).map_err(wrong)?;
            let broken = if what == "review_routed" { order.broken_limit() } else { None };
            let moment = order.timeline.last_mut().expect("it was just written");
            moment.reason = reason.or(broken);
        }
        self.orders.settle();
        self.ledger.check().map_err(wrong)
    }

    /// A key names one commit for ever. Keys of commands on an order are the order's own, all others their sender's.
    fn note_key(&mut self, seq: Seq, envelope: &Envelope, order: Option<OrderId>) -> Result<(), String> {
        let Cause::Key { key, digest } = &envelope.cause else { return Ok(()) };
        let first = match order {
            Some(order) => self.order_mut(order)?.keys.insert(key.clone(), (*digest, seq)),
            None => self.keys.insert((named(&envelope.actor)?, key.clone()), (*digest, seq)),
        };
        match first {
            None => Ok(()),
            Some((_, first)) => Err(format!("its key {key} was used by event {first}")),
        }
    }

    /// Adds an entry to the timeline of an order.
    pub(super) fn note_moment(
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
            actor: named(&envelope.actor)?,
            reason: None,
        });
        Ok(())
    }

    pub(super) fn order(&self, id: OrderId) -> Result<&Order, String> {
        self.orders.get(id).ok_or_else(|| format!("there is no order {id}"))
    }

    pub(super) fn order_mut(&mut self, id: OrderId) -> Result<&mut Order, String> {
        self.orders.get_mut(id).ok_or_else(|| format!("there is no order {id}"))
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

pub(super) fn named(actor: &Actor) -> Result<Code, String> {
    match actor {
        Actor::Named(name) => Ok(name.clone()),
        Actor::Timer => Code::new("timer").map_err(|e| e.to_string()),
        Actor::Engine => Code::new("engine").map_err(|e| e.to_string()),
    }
}
