//! A change to one order: found, recalled, decided and committed under its locks.

use bincode::Encode;

use crate::command::OrderRef;
use crate::engine::codes::channel_id;
use crate::engine::outcome::{Decided, Refusal, invalid, overtaken, unknown_order};
use crate::engine::plan::context::OrderContext;
use crate::engine::plan::scratch::{Scratch, with_scratch};
use crate::engine::plan::wish::{Prepared, Undecided, Wish};
use crate::engine::store::Engine;
use crate::engine::transact::admit::{Asked, EVENT_BYTES};
use crate::engine::transact::recall::{changed, conflict};
use crate::event::Event;
use crate::ids::{Code, OrderId, Seq};
use crate::limits::{ORDER_CHANGES_MAX, REPLANS_MAX};
use crate::log::Admission;
use crate::orders::{Action, KeyShard, Order, OrderKey, Stage, order_verdict};
use crate::reject::Reject;
use crate::reply::Reply;
use crate::stock::StockShard;

/// What names an order within its shard.
pub(in crate::engine) enum Place {
    Id(OrderId),
    Key(OrderKey),
}

impl Place {
    /// The channel and number, when that is what names it.
    pub fn key(&self) -> Option<&OrderKey> {
        match self {
            Place::Id(_) => None,
            Place::Key(key) => Some(key),
        }
    }

    pub fn find<'s>(&self, shard: &'s KeyShard) -> Option<&'s Order> {
        match self {
            Place::Id(id) => shard.order(*id),
            Place::Key(key) => shard.find(key),
        }
    }
}

impl Engine {
    /// The order's shard, and its id or key.
    pub(in crate::engine) fn locate(&self, order: &OrderRef) -> Result<(usize, Place), Refusal> {
        match order {
            OrderRef::Id(id) => Ok((KeyShard::of_id(*id), Place::Id(*id))),
            OrderRef::Number { channel, number } => {
                let config = self.config()?;
                let channel = channel_id(&config, channel)?;
                let key = OrderKey { channel, number: number.clone() };
                Ok((KeyShard::of_order(&key), Place::Key(key)))
            }
        }
    }

    /// Decides a command on an order under its locks and commits the event it yields.
    ///
    /// `content` is what the command says besides naming the order: a retry may name it the other way.
    ///
    /// An unpaid order whose deadline has come is expired first, in a commit of its own, so that nothing depends on when
    /// the timer fires.
    pub(in crate::engine) fn change_order<C: Encode>(
        &self,
        reference: &OrderRef,
        content: &C,
        asked: Asked<'_>,
        decide: impl Fn(OrderContext<'_, '_>) -> Result<Event, Reject>,
    ) -> Decided {
        self.plan_change(reference, content, asked, |context| decide(context).map_err(Undecided::from))
    }

    /// The same for a command that may have to plan: what takes more work than is done under locks is planned while nothing
    /// is locked, and then decided again.
    pub(in crate::engine) fn plan_change<C: Encode>(
        &self,
        reference: &OrderRef,
        content: &C,
        asked: Asked<'_>,
        decide: impl Fn(OrderContext<'_, '_>) -> Result<Event, Undecided>,
    ) -> Decided {
        let key = asked.key()?;
        let (number, place) = self.locate(reference)?;
        with_scratch(self.work, |scratch| {
            let digest = asked.digest(content, &mut scratch.bytes);
            let change = Changing { reference, place, number, key, digest, asked };
            let mut prepared = None;
            for _ in 0..=REPLANS_MAX {
                match self.try_change(&change, scratch, &mut prepared, &decide)? {
                    Tried::Done(reply, seq) => return Ok((reply, seq)),
                    Tried::Unplanned(wish) => prepared = self.prepare(*wish, scratch),
                }
            }
            Err(overtaken().into())
        })
    }

    fn try_change(
        &self,
        change: &Changing<'_>,
        scratch: &mut Scratch,
        prepared: &mut Option<Prepared>,
        decide: &impl Fn(OrderContext<'_, '_>) -> Result<Event, Undecided>,
    ) -> Result<Tried, Refusal> {
        let Changing { reference, ref place, number, key, digest, asked } = *change;
        let room = self.log.reserve(EVENT_BYTES, Admission::Reserved)?;
        let spare = self.log.reserve(EVENT_BYTES, Admission::Reserved)?;
        let keys = self.door.lock_orders(&self.log, [number]);
        let config = self.config()?;
        let order = place.find(keys.orders(number)).ok_or_else(|| unknown_order(reference))?;
        match order.memo(key) {
            None => {}
            Some(memo) if memo.digest == digest => return Ok(Tried::Done(changed(order, &memo, true), order.version)),
            Some(memo) => return Err(Refusal::seen(conflict(key, memo.seq), order.version)),
        }
        if order.changes() >= ORDER_CHANGES_MAX {
            let reason = format!("was changed {ORDER_CHANGES_MAX} times: no more changes are taken");
            return Err(Refusal::seen(invalid("order", reason), order.version));
        }
        let since_placed = asked.occurred.map_or(Ok(()), |occurred| self.since_placed(occurred, order));
        since_placed.map_err(|reject| Refusal::seen(reject, order.version))?;
        let id = order.id;
        let skus = order.skus();
        let mut locked = keys.lock_stock(skus.iter().map(|sku| StockShard::of(*sku)));
        self.lapse(&mut locked, id, asked.now, spare, &mut scratch.bytes)?;

        let order = locked.known(id);
        let (version, now) = (order.version, asked.now.max(order.last_time));
        let context = OrderContext { order, locked: &locked, config: &config, scratch: &mut *scratch, prepared, now };
        let event = match decide(context) {
            Ok(event) => event,
            Err(Undecided::Unplanned(wish)) => return Ok(Tried::Unplanned(wish)),
            Err(Undecided::Told(reply)) => return Ok(Tried::Done(reply, version)),
            Err(Undecided::Refused(reject)) => {
                return Err(Refusal::seen(reject, version.max(locked.seen(skus.iter().copied()))));
            }
        };
        let envelope = asked.envelope(key, digest, now, event);
        let seq = self.commit(&mut locked, room, &envelope, &mut scratch.bytes)?;
        let order = locked.known(id);
        let memo = order.memo(key).expect("every command on an order is remembered by its event");
        Ok(Tried::Done(changed(order, &memo, false), seq))
    }
}

/// A command on an order that is under way.
struct Changing<'a> {
    reference: &'a OrderRef,
    place: Place,
    number: usize,
    key: &'a Code,
    digest: u128,
    asked: Asked<'a>,
}

/// What one attempt to carry it out came to.
enum Tried {
    Done(Reply, Seq),
    /// This is to be planned first, while nothing is locked.
    Unplanned(Box<Wish>),
}

/// The refusal of an action on an order or one of its sub-orders.
pub(in crate::engine) fn illegal(
    action: Action,
    order: &Order,
    stage: Option<Stage>,
    reason: impl Into<String>,
) -> Reject {
    Reject::IllegalStep { step: action.verb().to_owned(), state: order.state, stage, reason: reason.into() }
}

/// Refuses an action that the state of the whole order forbids.
pub(in crate::engine) fn allowed(order: &Order, action: Action) -> Result<(), Reject> {
    order_verdict(order.state, action).map_err(|reason| illegal(action, order, None, reason))
}
