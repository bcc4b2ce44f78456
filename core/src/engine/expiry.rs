//! Unpaid holds that run out.

use crate::engine::Engine;
use crate::engine::planning::with_scratch;
use crate::event::{Actor, Cause, Envelope, Event, Move, OrderExpired};
use crate::ids::{Code, OrderId, Seq};
use crate::log::Admission;
use crate::orders::{KeyShard, Order};
use crate::reply::{OrderState, Stage};
use crate::stock::{Bucket, StockShard};
use crate::sync::Ordering;
use crate::time::Time;
use crate::units::Units;

/// Bytes an expiry's event is expected to take.
const EVENT_BYTES: usize = 512;

/// An order whose hold ran out, and the units that came free.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Released {
    /// The event.
    pub seq: Seq,
    /// The order.
    pub order: OrderId,
    /// Its channel.
    pub channel: Code,
    /// The channel's number.
    pub number: Code,
    /// SKU, warehouse and units.
    pub lines: Vec<(Code, Code, Units)>,
}

impl Engine {
    /// The earliest deadline of a hold. A hint: it may be early, when the order was paid or extended since; never late.
    pub fn next_deadline(&self) -> Option<Time> {
        let earliest = self.due.iter().map(|due| due.load(Ordering::Acquire)).min()?;
        (earliest != Time::NEVER.0).then_some(Time(earliest))
    }

    /// Expires up to `max` orders whose deadline has come, by deadline and then by history. Call it again while it
    /// answers `max`.
    pub fn expire_due(&self, now: Time, max: usize) -> Vec<Released> {
        let mut due = Vec::new();
        for (number, hint) in self.due.iter().enumerate() {
            if hint.load(Ordering::Acquire) <= now.0 {
                self.collect_due(number, now, max, &mut due);
            }
        }
        due.sort_unstable();
        let mut released = Vec::with_capacity(due.len().min(max));
        for (deadline, placed, id) in due {
            let expired = if released.len() < max { self.expire(id, now) } else { Err(()) };
            match expired {
                Ok(Some(order)) => released.push(order),
                Ok(None) => {}
                // Not now: the log has no room, or this call has done its share.
                Err(()) => self.postpone(deadline, placed, id),
            }
        }
        released
    }

    fn collect_due(&self, number: usize, now: Time, max: usize, due: &mut Vec<(Time, Seq, OrderId)>) {
        let mut keys = self.door.lock_keys(&self.log, [number]);
        let shard = keys.key_mut(number);
        let mut taken = 0;
        while taken < max
            && let Some(entry) = shard.deadlines.take_due(now)
        {
            // An entry of a hold that was extended since is out of date: the extension left one of its own.
            let is_due = |order: &Order| order.state == OrderState::Held && order.deadline == entry.0;
            if shard.order(entry.2).is_some_and(is_due) {
                due.push(entry);
                taken += 1;
            }
        }
        let next = shard.deadlines.next().unwrap_or(Time::NEVER);
        self.due[number].store(next.0, Ordering::Release);
    }

    fn postpone(&self, deadline: Time, placed: Seq, id: OrderId) {
        let number = KeyShard::of_id(id);
        let mut keys = self.door.lock_keys(&self.log, [number]);
        keys.key_mut(number).deadlines.add(deadline, placed, id);
        self.due[number].fetch_min(deadline.0, Ordering::AcqRel);
    }

    /// Expires one order, unless it was paid, extended or cancelled in between.
    fn expire(&self, id: OrderId, now: Time) -> Result<Option<Released>, ()> {
        let room = self.log.reserve(EVENT_BYTES, Admission::Reserved).map_err(|_| ())?;
        let number = KeyShard::of_id(id);
        with_scratch(|scratch| {
            let keys = self.door.lock_keys(&self.log, [number]);
            let Some(order) = keys.key(number).order(id) else { return Ok(None) };
            if order.state != OrderState::Held || order.deadline > now {
                return Ok(None);
            }
            let envelope = Envelope {
                actor: Actor::Timer,
                arrived: now.max(order.last_time),
                occurred: None,
                cause: Cause::Deadline,
                event: expired(order),
            };
            let (channel, number_text) = (order.channel, order.number.clone());
            let mut skus = Vec::new();
            envelope.event.each_move(|m| skus.push(StockShard::of(m.sku)));
            let mut locked = keys.lock_stock(skus);
            let seq = self.commit(&mut locked, room, &envelope, &mut scratch.bytes).map_err(|_| ())?;
            drop(locked);
            Ok(Some(self.released(seq, id, channel, number_text, &envelope.event)))
        })
    }

    fn released(
        &self,
        seq: Seq,
        order: OrderId,
        channel: crate::ids::ChannelId,
        number: Code,
        event: &Event,
    ) -> Released {
        let config = self.config.load();
        let config = config.as_deref().expect("an order was placed in a world");
        let mut lines = Vec::new();
        event.each_move(|m| {
            let sku = self.skus.code(m.sku).expect("an order names defined SKUs");
            lines.push((sku, config.codes.of_warehouse(m.warehouse), m.units));
        });
        Released { seq, order, channel: config.codes.of_channel(channel), number, lines }
    }
}

/// The event by which an unpaid order gives its stock back.
pub(super) fn expired(order: &Order) -> Event {
    let held = order.subs.iter().filter(|sub| sub.stage == Stage::Held);
    let moves = held.flat_map(|sub| {
        sub.lines.iter().filter(|line| !line.units.is_zero()).map(|line| Move {
            sku: line.sku,
            warehouse: sub.warehouse,
            from: Bucket::Held(line.pool),
            to: Bucket::free(sub.from_supplier, line.pool),
            units: line.units,
        })
    });
    Event::OrderExpired(OrderExpired { order: order.id, moves: moves.collect() })
}
