//! The one way a change becomes true: encode, apply, append to the open batch, stamp what it touched.

use crate::catalog::Config;
use crate::engine::apply::apply;
use crate::engine::{Engine, Locked};
use crate::event::{Arrived, Cause, Envelope, Event};
use crate::ids::{Seq, SkuId, WarehouseId};
use crate::log::Room;
use crate::orders::{KeyShard, Memo, Moment, TimerKind};
use crate::reject::Reject;
use crate::reply::{Change, Configured, Moved, Reply};
use crate::stock::StockShard;
use crate::units::Units;
use crate::wire::codec::encode_envelope;

/// What timelines call it when goods come that a sub-order was promised before they came.
const GOODS_ARRIVED: &str = "goods_arrived";

pub(super) type EngineLocked<'a> = Locked<'a, KeyShard, StockShard>;

impl Engine {
    /// Commits an event under the locks of everything it touches and answers its sequence.
    ///
    /// Deciding has made sure that it applies; when it does not, that is a bug and the panic halts the engine.
    pub(super) fn commit(
        &self,
        locked: &mut EngineLocked<'_>,
        room: Room<'_>,
        envelope: &Envelope,
        bytes: &mut Vec<u8>,
    ) -> Result<Seq, Reject> {
        bytes.clear();
        encode_envelope(envelope, bytes)
            .map_err(|e| Reject::Invalid { field: "command".to_owned(), reason: e.to_string() })?;
        if let Err(broken) = apply(locked, &envelope.event, envelope) {
            panic!("a decided event does not apply: {broken}: {envelope:?}");
        }
        let seq = self
            .log
            .append(room, bytes)
            .map_err(|_| Reject::Halted { reason: self.log.halted().unwrap_or_default() })?;
        if let Err(error) = self.stamp(locked, envelope, seq) {
            panic!("a decided event cannot be stamped: {error}: {envelope:?}");
        }
        Ok(seq)
    }

    /// Writes the sequence into everything the event touched, remembers the answer under the command's key, and makes
    /// new codes and rules visible.
    pub(super) fn stamp(
        &self,
        locked: &mut EngineLocked<'_>,
        envelope: &Envelope,
        seq: Seq,
    ) -> Result<(), crate::rules::FileError> {
        let event = &envelope.event;
        event.each_move(|m| self.stamp_cell(locked, m.sku, m.warehouse, seq));
        match event {
            Event::WorldApplied(e) => {
                self.past.note(e.version, seq, true);
                let config = Config::from_world(e, seq)?;
                self.prices.follow(&config);
                self.config.store(Some(config.into()));
            }
            Event::RulesApplied(e) => {
                self.past.note(e.version, seq, false);
                let present = self.config.load_full();
                let config = present.as_deref().map(|config| config.with_rules(e, seq)).transpose()?;
                if let Some(config) = &config {
                    self.prices.follow(config);
                }
                self.config.store(config.map(Into::into));
            }
            Event::SkusDefined(e) => {
                for sku in &e.skus {
                    locked.stock_mut(StockShard::of(sku.id)).sku_mut(sku.id).touch(seq);
                    self.skus.define(sku, seq);
                }
            }
            Event::StockCounted(e) => {
                for (sku, _) in &e.counted {
                    self.stamp_cell(locked, *sku, e.warehouse, seq);
                }
            }
            Event::SafetySet(e) => self.stamp_cell(locked, e.sku, e.warehouse, seq),
            Event::InboundChanged(e) => {
                if let Some(dated) = &e.dated {
                    self.stamp_cell(locked, dated.sku, e.warehouse, seq);
                }
                e.arrived.iter().for_each(|arrived| note_arrival(locked, arrived, envelope, seq));
            }
            _ => {}
        }
        self.prices.note(envelope, seq);
        match event.order() {
            Some(order) => self.stamp_order(locked, order, envelope, seq),
            None => self.remember_movement(locked, envelope, seq),
        }
        Ok(())
    }

    #[inline]
    fn stamp_cell(&self, locked: &mut EngineLocked<'_>, sku: SkuId, warehouse: WarehouseId, seq: Seq) {
        if locked.stock_mut(StockShard::of(sku)).sku_mut(sku).stamp(warehouse, seq) {
            self.dues.note(sku, warehouse);
        }
    }

    fn stamp_order(&self, locked: &mut EngineLocked<'_>, id: crate::ids::OrderId, envelope: &Envelope, seq: Seq) {
        let number = KeyShard::of_id(id);
        let shard = locked.key_mut(number);
        let Some(order) = shard.order_mut(id) else { return };
        order.version = seq;
        order.last_time = envelope.arrived;
        match &envelope.event {
            Event::OrderPlaced(_) | Event::OrderPromised(_) => order.placed = seq,
            event => {
                order.later.moments.push(Moment {
                    seq,
                    what: event.moment(),
                    sub: event.sub(),
                    occurred: envelope.occurred_at(),
                    arrived: envelope.arrived,
                    actor: envelope.actor.clone(),
                });
                if let (Cause::Key { key, digest }, Some(answer)) = (&envelope.cause, change_of(event, order)) {
                    order.later.memory.remember(Memo { key: key.clone(), digest: *digest, seq, answer });
                }
            }
        }
        if matches!(envelope.event, Event::OrderPlaced(_) | Event::OrderPromised(_) | Event::HoldExtended(_)) {
            let (deadline, placed) = (order.deadline, order.placed);
            shard.timers.set(TimerKind::Hold, deadline, placed, id);
            self.hint_deadline(number, deadline);
        }
    }

    fn remember_movement(&self, locked: &mut EngineLocked<'_>, envelope: &Envelope, seq: Seq) {
        let Cause::Key { key, digest } = &envelope.cause else { return };
        let answer = match &envelope.event {
            Event::WorldApplied(e) => Reply::Configured(Configured { seq, rules_version: e.version, replayed: false }),
            Event::RulesApplied(e) => Reply::Configured(Configured { seq, rules_version: e.version, replayed: false }),
            Event::SkusDefined(_) => {
                let rules_version = self.config.load().as_ref().map(|c| c.version()).unwrap_or_default();
                Reply::Configured(Configured { seq, rules_version, replayed: false })
            }
            event => Reply::Moved(moved(event, seq)),
        };
        let memo = Memo { key: key.clone(), digest: *digest, seq, answer };
        locked.key_mut(KeyShard::of_movement(key)).remember_movement(memo);
    }
}

/// Notes on an order that goods it waited for came.
fn note_arrival(locked: &mut EngineLocked<'_>, arrived: &Arrived, envelope: &Envelope, seq: Seq) {
    let id = arrived.order;
    let Some(order) = locked.key_mut(KeyShard::of_id(id)).order_mut(id) else { return };
    order.version = seq;
    order.last_time = order.last_time.max(envelope.arrived);
    order.later.moments.push(Moment {
        seq,
        what: GOODS_ARRIVED,
        sub: Some(arrived.sub),
        occurred: envelope.occurred_at(),
        arrived: envelope.arrived,
        actor: envelope.actor.clone(),
    });
}

/// What an event says it did to an order, for the reply and for repeats of the command.
pub(super) fn change_of(event: &Event, order: &crate::orders::Order) -> Option<Change> {
    let sum = |takes: &[crate::event::SubTake]| takes.iter().map(|t| t.units).sum::<Units>();
    let planned = |decision: &crate::event::Decision| {
        decision.subs.iter().flat_map(|s| s.lines.iter().map(|l| l.units)).sum::<Units>()
    };
    Some(match event {
        Event::OrderPaid(_) => Change::Paid,
        Event::OrderPaidLate(e) => {
            let first = order.subs.len() + 1 - e.decision.subs.len();
            Change::PaidLate { first_sub: crate::ids::SubNo(u16::try_from(first).unwrap_or(u16::MAX)) }
        }
        Event::OrderPromisedLate(e) => {
            let subs = e.late.decision.subs.len() + e.ahead.iter().map(|decision| decision.subs.len()).sum::<usize>();
            let first = order.subs.len() + 1 - subs;
            Change::PaidLate { first_sub: crate::ids::SubNo(u16::try_from(first).unwrap_or(u16::MAX)) }
        }
        Event::RefundDue(_) => Change::RefundDue,
        Event::HoldExtended(e) => Change::Extended { until: e.until },
        Event::OrderCancelled(e) => {
            let review: Units = e.review.iter().map(|(_, units)| *units).sum();
            Change::Cancelled { units: sum(&e.takes).saturating_add(review) }
        }
        Event::SubStepped(e) => Change::Stepped { sub: e.sub, stage: e.stage },
        Event::PickShorted(e) => Change::Shorted {
            missing: sum(&e.missing),
            rerouted: e.decision.as_ref().map(planned).unwrap_or_default(),
            review: e.review.iter().map(|(_, units)| *units).sum(),
        },
        Event::ReturnReceived(e) => Change::Returned { units: sum(&e.takes) },
        Event::ReturnInspected(e) => Change::Inspected { intact: e.intact, damaged: e.damaged },
        Event::ReviewRouted(e) => Change::Rerouted { units: planned(&e.decision) },
        _ => return None,
    })
}

/// The first answer to a stock command.
fn moved(event: &Event, seq: Seq) -> Moved {
    use crate::stock::Bucket;
    let (mut units, mut short) = (Units::ZERO, Units::ZERO);
    event.each_move(|m| {
        units = units.saturating_add(m.units);
        if m.from == Bucket::Short {
            short = short.saturating_add(m.units);
        }
    });
    match event {
        Event::SafetySet(e) => units = e.units,
        Event::InboundChanged(e) => (units, short) = (e.units, e.overdue()),
        _ => {}
    }
    Moved { seq, units, short, replayed: false }
}
