//! Unpaid holds that run out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use smallvec::SmallVec;

use crate::Actor;
use crate::engine::change::order::advance;
use crate::engine::change::order::standing::standing;
use crate::engine::outcome::Refusal;
use crate::engine::plan::scratch::with_scratch;
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::admit::uncalled;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Cause, Event, OrderExpired};
use crate::ids::{Code, OrderId, Seq};
use crate::log::{Admission, Room};
use crate::orders::{KeyShard, Order, OrderState, Stage, TimerKind};
use crate::reject::Reject;
use crate::stock::{Bucket, Move, StockShard};
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
    /// SKU, warehouse and units that were on hand.
    pub lines: Vec<(Code, Code, Units)>,
    /// The same of units that were yet to come.
    pub ahead: Vec<(Code, Code, Units)>,
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
        let hints = self.due.iter().enumerate().map(|(number, hint)| (Time(hint.load(Ordering::Acquire)), number));
        let mut shards: BinaryHeap<_> =
            hints.filter(|(hint, _)| *hint <= now).map(|(hint, number)| Reverse((hint, None, number))).collect();
        let mut released = Vec::new();
        // A shard stands in the heap by its hint until its first entry is known, and then by that: the entry that comes
        // out is the first of all shards.
        while released.len() < max
            && let Some(Reverse((deadline, first, number))) = shards.pop()
        {
            if let Some((placed, id)) = first {
                match self.expire(id, deadline, now) {
                    Ok(order) => released.extend(order),
                    // The log has no room for now.
                    Err(()) => {
                        self.postpone(number, deadline, placed, id);
                        break;
                    }
                }
            }
            if let Some((deadline, placed, id)) = self.take_due(number, now) {
                shards.push(Reverse((deadline, Some((placed, id)), number)));
            }
        }
        for Reverse((deadline, first, number)) in shards {
            if let Some((placed, id)) = first {
                self.postpone(number, deadline, placed, id);
            }
        }
        released
    }

    /// Notes the deadline of an order in its shard, whose lock the caller holds. Later ones, which is the rule, cost a look
    /// only.
    pub(in crate::engine) fn hint_deadline(&self, order: OrderId, deadline: Time) {
        self.hint(KeyShard::of_id(order), deadline);
    }

    fn hint(&self, number: usize, deadline: Time) {
        if self.due[number].load(Ordering::Relaxed) > deadline.0 {
            self.due[number].store(deadline.0, Ordering::Release);
        }
    }

    /// Takes the first due entry of a shard that still holds, and hints at the next.
    fn take_due(&self, number: usize, now: Time) -> Option<(Time, Seq, OrderId)> {
        let mut keys = self.door.lock_orders(&self.log, [number]);
        let shard = keys.orders_mut(number);
        let entry = loop {
            let Some(due) = shard.timers.take_due(now) else { break None };
            // An entry of a hold that was extended since is out of date: the extension left one of its own.
            let is_due = match due.kind {
                TimerKind::Hold => shard.hold(due.order) == Some((OrderState::Held, due.at)),
            };
            if is_due {
                break Some((due.at, due.placed, due.order));
            }
        };
        let next = shard.timers.next().unwrap_or(Time::NEVER);
        self.due[number].store(next.0, Ordering::Release);
        entry
    }

    fn postpone(&self, number: usize, deadline: Time, placed: Seq, id: OrderId) {
        let mut keys = self.door.lock_orders(&self.log, [number]);
        keys.orders_mut(number).timers.set(TimerKind::Hold, deadline, placed, id);
        self.hint(number, deadline);
    }

    /// Expires one order, unless it was paid, extended or cancelled in between.
    fn expire(&self, id: OrderId, deadline: Time, now: Time) -> Result<Option<Released>, ()> {
        let room = self.log.reserve(EVENT_BYTES, Admission::Reserved).map_err(|_| ())?;
        let number = KeyShard::of_id(id);
        with_scratch(self.work, |scratch| {
            let keys = self.door.lock_orders(&self.log, [number]);
            let Some(order) = keys.orders(number).order(id) else { return Ok(None) };
            if order.state != OrderState::Held || order.deadline != deadline {
                return Ok(None);
            }
            let live = order.subs.iter().filter(|sub| !sub.is_gone());
            let skus: SmallVec<[usize; 8]> =
                live.flat_map(|sub| sub.lines.iter().map(|line| StockShard::of(line.sku))).collect();
            let mut locked = keys.lock_stock(skus);
            let seq = self.expire_locked(&mut locked, id, now, (room, &mut scratch.bytes)).map_err(|_| ())?;
            Ok(Some(seq))
        })
    }

    /// Expires an unpaid order whose deadline has come.
    pub(in crate::engine) fn lapse(
        &self,
        locked: &mut EngineLocked<'_>,
        id: OrderId,
        now: Time,
        room: Room<'_>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let order = locked.known(id);
        if order.state == OrderState::Held && now >= order.deadline {
            self.expire_locked(locked, id, now, (room, bytes))?;
        }
        Ok(())
    }

    fn expire_locked(
        &self,
        locked: &mut EngineLocked<'_>,
        id: OrderId,
        now: Time,
        (room, bytes): (Room<'_>, &mut Vec<u8>),
    ) -> Result<Released, Reject> {
        let order = locked.known(id);
        let (channel, number, arrived) = (order.channel, order.number.clone(), now.max(order.last_time));
        let envelope = uncalled(Actor::Timer, Cause::Deadline, arrived, expired(locked, order));
        let seq = self.commit(locked, room, &envelope, bytes).map_err(|refusal| refusal.reject)?;
        let config = self.config.load();
        let config = config.as_deref().expect("an order was placed in a world");
        let (mut lines, mut ahead) = (Vec::new(), Vec::new());
        envelope.event.each_move(|m| {
            let sku = self.skus.code(m.sku).expect("an order names defined SKUs");
            let to = if matches!(m.from, Bucket::Promised(_)) { &mut ahead } else { &mut lines };
            to.push((sku, config.codes.of_warehouse(m.warehouse), m.units));
        });
        Ok(Released { seq, order: id, channel: config.codes.of_channel(channel), number, lines, ahead })
    }
}

/// The event by which an unpaid order gives its stock back.
fn expired(locked: &EngineLocked<'_>, order: &Order) -> Event {
    let mut moves = Vec::with_capacity(order.subs.iter().map(|sub| sub.lines.len()).sum());
    for (no, sub) in order.numbered().filter(|(_, sub)| matches!(sub.stage, Stage::Held | Stage::Promised)) {
        for line in &sub.lines {
            moves.extend(standing(locked, order.id, no, sub, line).into_iter().map(|part| Move {
                sku: line.sku,
                warehouse: sub.warehouse,
                from: part.at,
                to: part.free,
                units: part.units,
            }));
        }
    }
    Event::OrderExpired(OrderExpired { order: order.id, moves })
}

impl Body for OrderExpired {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        self.post(state, at)?;
        let order = state.order_mut(self.order)?;
        order.state = OrderState::Expired;
        advance(order, Stage::Held, Stage::Expired);
        order.subs.iter_mut().filter(|sub| sub.stage == Stage::Promised).for_each(|sub| sub.waiting = 0);
        advance(order, Stage::Promised, Stage::Expired);
        at.note(order, at.envelope.event.what(), None);
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}
