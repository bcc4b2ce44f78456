//! Finding the order or the movement a command is about, recalling its key, and committing what is decided.

use bincode::Encode;
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_128;

use crate::catalog::Config;
use crate::command::OrderRef;
use crate::engine::commit::{EngineLocked, change_of};
use crate::engine::demand::invalid;
use crate::engine::expiry::expired;
use crate::engine::planning::{Scratch, with_scratch};
use crate::engine::{Asked, Decided, Engine, KeysLocked, Refusal};
use crate::event::{Actor, Cause, Envelope, Event};
use crate::ids::{Code, OrderId, Seq, SkuId, WarehouseId};
use crate::log::Admission;
use crate::orders::{Action, KeyShard, Memo, Order, OrderKey, Recalled, order_verdict};
use crate::reject::{CodeKind, Reject};
use crate::reply::{Changed, OrderState, Reply, Stage};
use crate::stock::{Cell, StockShard};
use crate::time::Time;

/// Bytes a later event of an order or a stock command is expected to take. A larger one is charged in full.
pub(super) const EVENT_BYTES: usize = 1_024;
/// Bytes of one line of a stock command.
pub(super) const MOVE_BYTES: usize = 48;

/// What a decision on an order may look at.
pub(super) struct OrderContext<'a, 'l> {
    pub order: &'a Order,
    pub locked: &'a EngineLocked<'l>,
    pub config: &'a Config,
    pub scratch: &'a mut Scratch,
    pub now: Time,
}

impl Engine {
    /// The order's shard, and its id or key.
    pub(super) fn locate(&self, order: &OrderRef) -> Result<(usize, Place), Refusal> {
        match order {
            OrderRef::Id(id) => Ok((KeyShard::of_id(*id), Place::Id(*id))),
            OrderRef::Number { channel, number } => {
                let config = self.config()?;
                let unknown = || Reject::Unknown { kind: CodeKind::Channel, codes: vec![channel.clone()] };
                let channel = config.codes.channel(channel).ok_or_else(unknown)?;
                let key = OrderKey { channel, number: number.clone() };
                Ok((KeyShard::of_order(&key), Place::Key(key)))
            }
        }
    }

    /// Decides a command on an order under its locks and commits the event it yields.
    ///
    /// `content` is what the command says beside naming the order: a retry may name it the other way.
    ///
    /// An unpaid order whose deadline has come is expired first, in a commit of its own, so that nothing depends on when
    /// the timer fires.
    pub(super) fn change_order<C: Encode>(
        &self,
        reference: &OrderRef,
        tag: u8,
        content: &C,
        asked: Asked<'_>,
        decide: impl FnOnce(OrderContext<'_, '_>) -> Result<Event, Reject>,
    ) -> Decided {
        let key = required_key(asked.key)?;
        let (number, place) = self.locate(reference)?;
        let room = self.log.reserve(EVENT_BYTES, Admission::Reserved)?;
        let spare = self.log.reserve(EVENT_BYTES, Admission::Reserved)?;
        with_scratch(self.work, |scratch| {
            let digest = content_digest(tag, content, &mut scratch.bytes);
            let keys = self.door.lock_keys(&self.log, [number]);
            let config = self.config()?;
            let order =
                place.find(keys.key(number)).ok_or_else(|| Reject::UnknownOrder { order: reference.clone() })?;
            match order.later.memory.recall(key, digest) {
                Recalled::New => {}
                Recalled::Repeat(memo) => return Ok((replayed(order, memo), order.version)),
                Recalled::Conflict(seq) => return Err(Refusal::seen(conflict(key, seq), order.version)),
            }
            let id = order.id;
            let skus = order.skus();
            let mut locked = keys.lock_stock(skus.iter().map(|sku| StockShard::of(*sku)));
            self.lapse(&mut locked, id, asked.now, spare, &mut scratch.bytes)?;

            let order = known(&locked, id);
            let (version, now) = (order.version, asked.now.max(order.last_time));
            let context = OrderContext { order, locked: &locked, config: &config, scratch: &mut *scratch, now };
            let event =
                decide(context).map_err(|reject| Refusal::seen(reject, version.max(stock_seen(&locked, &skus))))?;
            let envelope = Envelope {
                actor: asked.actor.clone(),
                arrived: now,
                occurred: asked.occurred,
                cause: Cause::Key { key: key.clone(), digest },
                event,
            };
            let seq = self.commit(&mut locked, room, &envelope, &mut scratch.bytes)?;
            let order = known(&locked, id);
            let change = change_of(&envelope.event, order).expect("every command on an order yields a change");
            Ok((changed(order, seq, change, false), seq))
        })
    }

    /// Expires an unpaid order whose deadline has come.
    fn lapse(
        &self,
        locked: &mut EngineLocked<'_>,
        id: OrderId,
        now: Time,
        room: crate::log::Room<'_>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let order = known(locked, id);
        if order.state != OrderState::Held || now < order.deadline {
            return Ok(());
        }
        let envelope = Envelope {
            actor: Actor::Timer,
            arrived: now.max(order.last_time),
            occurred: None,
            cause: Cause::Deadline,
            event: expired(locked, order),
        };
        self.commit(locked, room, &envelope, bytes)?;
        Ok(())
    }

    /// Decides a stock command under the locks of its key and SKUs and commits the event it yields.
    pub(super) fn change_stock<C: Encode>(
        &self,
        tag: u8,
        command: &C,
        skus: &[SkuId],
        asked: Asked<'_>,
        decide: impl FnOnce(&EngineLocked<'_>, &Config) -> Result<Event, Reject>,
    ) -> Decided {
        let decided = self.try_change_stock(tag, command, skus, asked, |l, c| decide(l, c).map(Some))?;
        Ok(decided.expect("an event was decided"))
    }

    /// The same, where the decision may be that something else comes first: then nothing is done.
    fn try_change_stock<C: Encode>(
        &self,
        tag: u8,
        command: &C,
        skus: &[SkuId],
        asked: Asked<'_>,
        decide: impl FnOnce(&EngineLocked<'_>, &Config) -> Result<Option<Event>, Reject>,
    ) -> Result<Option<(Reply, Seq)>, Refusal> {
        let key = required_key(asked.key)?;
        let room = self.log.reserve(EVENT_BYTES + MOVE_BYTES * skus.len(), Admission::Ordinary)?;
        with_scratch(self.work, |scratch| {
            let digest = content_digest(tag, command, &mut scratch.bytes);
            let number = KeyShard::of_movement(key);
            let keys = self.door.lock_keys(&self.log, [number]);
            if let Some(answer) = recall_movement(&keys, number, key, digest) {
                return answer.map(Some);
            }
            let config = self.config()?;
            let mut locked = keys.lock_stock(skus.iter().map(|sku| StockShard::of(*sku)));
            let event = decide(&locked, &config)
                .map_err(|reject| Refusal::seen(reject, stock_seen(&locked, skus).max(config.seq)))?;
            let Some(event) = event else { return Ok(None) };
            let envelope = Envelope {
                actor: asked.actor.clone(),
                arrived: asked.now,
                occurred: asked.occurred,
                cause: Cause::Key { key: key.clone(), digest },
                event,
            };
            let seq = self.commit(&mut locked, room, &envelope, &mut scratch.bytes)?;
            let memo = locked.key(number).movement(key).expect("a committed movement is remembered");
            Ok(Some((memo.answer.clone(), seq)))
        })
    }
}

impl Engine {
    /// Decides a command about what one warehouse expects. What is due there is handed over first, so that every receipt is
    /// as whole as it was announced.
    pub(super) fn change_expected<C: Encode>(
        &self,
        tag: u8,
        command: &C,
        skus: &[SkuId],
        warehouse: WarehouseId,
        asked: Asked<'_>,
        decide: impl Fn(&EngineLocked<'_>, &Config) -> Result<Event, Reject>,
    ) -> Decided {
        loop {
            let mut due = Vec::new();
            let decided = self.try_change_stock(tag, command, skus, asked, |locked, config| {
                let is_due = |sku: &SkuId| {
                    let cell = locked.stock(StockShard::of(*sku)).sku(*sku).cell(warehouse);
                    cell.is_some_and(Cell::is_due)
                };
                due.extend(skus.iter().copied().filter(is_due));
                if due.is_empty() { decide(locked, config).map(Some) } else { Ok(None) }
            })?;
            if let Some(done) = decided {
                return Ok(done);
            }
            for sku in due {
                self.hand_over(sku, warehouse, asked.now)?;
            }
        }
    }
}

/// What names an order within its shard.
pub(super) enum Place {
    Id(OrderId),
    Key(OrderKey),
}

impl Place {
    pub fn find<'s>(&self, shard: &'s KeyShard) -> Option<&'s Order> {
        match self {
            Place::Id(id) => shard.order(*id),
            Place::Key(key) => shard.find(key),
        }
    }
}

/// The refusal of an action on an order or one of its sub-orders.
pub(super) fn illegal(action: Action, order: &Order, stage: Option<Stage>, reason: impl Into<String>) -> Reject {
    Reject::IllegalStep { step: action.verb().to_owned(), state: order.state, stage, reason: reason.into() }
}

/// Refuses an action that the state of the whole order forbids.
pub(super) fn allowed(order: &Order, action: Action) -> Result<(), Reject> {
    order_verdict(order.state, action).map_err(|reason| illegal(action, order, None, reason))
}

/// The answer to a movement key that was used before.
pub(super) fn recall_movement(
    keys: &KeysLocked<'_, KeyShard, StockShard>,
    number: usize,
    key: &Code,
    digest: u128,
) -> Option<Decided> {
    let memo = keys.key(number).movement(key)?;
    Some(match memo.compare(digest) {
        Recalled::Conflict(seq) => Err(Refusal::seen(conflict(key, seq), memo.seq)),
        Recalled::New | Recalled::Repeat(_) => {
            let mut answer = memo.answer.clone();
            match &mut answer {
                Reply::Moved(moved) => moved.replayed = true,
                Reply::Configured(configured) => configured.replayed = true,
                _ => {}
            }
            Ok((answer, memo.seq))
        }
    })
}

pub(super) fn required_key(key: Option<&Code>) -> Result<&Code, Reject> {
    key.ok_or_else(|| invalid("key", "choose a key for this command, so that a retry is recognised".to_owned()))
}

/// Digest of a command's content: the tag tells kinds of commands apart.
pub(super) fn content_digest<C: Encode>(tag: u8, content: &C, bytes: &mut Vec<u8>) -> u128 {
    bytes.clear();
    bytes.push(tag);
    bincode::encode_into_std_write(content, bytes, bincode::config::standard()).expect("a vector takes every byte");
    xxh3_128(bytes)
}

pub(super) fn changed(order: &Order, seq: Seq, change: crate::reply::Change, replayed: bool) -> Reply {
    let stages = order.subs.iter().map(|sub| sub.stage).collect();
    Reply::Changed(Box::new(Changed { order: order.id, seq, change, present: order.state, stages, replayed }))
}

fn replayed(order: &Order, memo: &Memo<crate::reply::Change>) -> Reply {
    changed(order, memo.seq, memo.answer.clone(), true)
}

fn conflict(key: &Code, seq: Seq) -> Reject {
    Reject::Conflict { reason: format!("key {key} was used by event {seq}") }
}

/// An order that was found under this lock.
pub(super) fn known<'a>(locked: &'a EngineLocked<'_>, id: OrderId) -> &'a Order {
    locked.key(KeyShard::of_id(id)).order(id).expect("an order that was found under this lock stays")
}

fn stock_seen(locked: &EngineLocked<'_>, skus: &[SkuId]) -> Seq {
    let versions: SmallVec<[Seq; 8]> =
        skus.iter().map(|s| locked.stock(StockShard::of(*s)).sku(*s).version()).collect();
    versions.into_iter().max().unwrap_or_default()
}
