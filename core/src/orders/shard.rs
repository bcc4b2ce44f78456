//! One lock's worth of keys: the orders whose channel and number fall into the shard, and the movements whose key does.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use crate::ids::{ChannelId, Code, OrderId};
use crate::limits::KEY_SHARDS;
use crate::orders::index::Index;
use crate::orders::{Deadlines, Memo, Order};
use crate::reply::{OrderState, Reply};

/// What identifies an order outside.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OrderKey {
    /// The channel.
    pub channel: ChannelId,
    /// The channel's number.
    pub number: Code,
}

/// Orders and movement memos of one shard.
#[derive(Debug, Default)]
pub struct KeyShard {
    /// Boxed, so that growing does not move them.
    #[expect(clippy::vec_box, reason = "a growing vector must not move the orders themselves")]
    orders: Vec<Box<Order>>,
    by_key: Index,
    movements: HashMap<Code, Memo<Reply>, foldhash::fast::RandomState>,
    /// When holds of the shard's orders run out.
    pub deadlines: Deadlines,
}

/// Seed of the hash that spreads keys over shards. Order ids hold the shard: part of the journal format.
const SPREAD_SEED: u64 = 0x5354_4f43_4b41_4445;

impl KeyShard {
    /// The shard of an order.
    pub fn of_order(key: &OrderKey) -> usize {
        let seed = SPREAD_SEED ^ (u64::from(key.channel.0) << 48);
        spread(xxhash_rust::xxh3::xxh3_64_with_seed(key.number.as_str().as_bytes(), seed))
    }

    /// The shard of an order by its id.
    pub const fn of_id(order: OrderId) -> usize {
        order.0 as usize % KEY_SHARDS
    }

    /// The shard of a movement key.
    pub fn of_movement(key: &Code) -> usize {
        spread(xxhash_rust::xxh3::xxh3_64_with_seed(key.as_str().as_bytes(), SPREAD_SEED))
    }

    /// The id the next order of this shard gets.
    pub fn next_id(&self, shard: usize) -> OrderId {
        OrderId((self.orders.len() * KEY_SHARDS + shard) as u64)
    }

    /// Finds an order by its key.
    pub fn find(&self, key: &OrderKey) -> Option<&Order> {
        self.slot_of(key.channel, &key.number).map(|slot| &*self.orders[slot])
    }

    /// An order of this shard by id.
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(slot(id)).map(Box::as_ref)
    }

    /// An order of this shard by id.
    pub fn order_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        self.orders.get_mut(slot(id)).map(Box::as_mut)
    }

    /// Adds an order under the id that [`KeyShard::next_id`] gave; `None` when the id or the key is not free.
    pub fn insert(&mut self, order: Order) -> Option<()> {
        let at = slot(order.id);
        if at != self.orders.len() || self.slot_of(order.channel, &order.number).is_some() {
            return None;
        }
        self.by_key.push(self.hash_of(order.channel, &order.number), at)?;
        self.orders.push(Box::new(order));
        Some(())
    }

    /// Every order of the shard, in the order of their ids.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().map(Box::as_ref)
    }

    /// What was answered to a movement key.
    pub fn movement(&self, key: &Code) -> Option<&Memo<Reply>> {
        self.movements.get(key)
    }

    /// Remembers the answer to a movement key.
    pub fn remember_movement(&mut self, memo: Memo<Reply>) {
        self.movements.insert(memo.key.clone(), memo);
    }

    /// Every memo of a movement, in no order.
    pub fn movements(&self) -> impl Iterator<Item = &Memo<Reply>> {
        self.movements.values()
    }

    /// What is wrong with any order of the shard.
    pub fn check(&self, shard: usize) -> Result<(), String> {
        if self.by_key.count() != self.orders.len() {
            return Err(format!("key shard {shard}: {} keys for {} orders", self.by_key.count(), self.orders.len()));
        }
        let due: HashSet<_> = self.deadlines.entries().collect();
        for order in &self.orders {
            order.check()?;
            let key = OrderKey { channel: order.channel, number: order.number.clone() };
            let found = self.find(&key).map(|o| o.id);
            if Self::of_id(order.id) != shard || found != Some(order.id) || Self::of_order(&key) != shard {
                return Err(format!("order {} is not where its id or its key says", order.id));
            }
            if order.state == OrderState::Held && !due.contains(&(order.deadline, order.id)) {
                return Err(format!("order {} is held and has no deadline", order.id));
            }
            if order.placed.0 == 0 || order.version < order.placed {
                return Err(format!("order {} has no place in the history", order.id));
            }
        }
        Ok(())
    }

    fn slot_of(&self, channel: ChannelId, number: &Code) -> Option<usize> {
        let is_it = |slot: u32| {
            let order = &self.orders[slot as usize];
            order.channel == channel && order.number == *number
        };
        self.by_key.find(self.hash_of(channel, number), is_it).map(|slot| slot as usize)
    }

    /// By a seed of this process: nobody outside can choose numbers that meet in the index.
    fn hash_of(&self, channel: ChannelId, number: &Code) -> u64 {
        self.movements.hasher().hash_one((channel, number.as_str()))
    }
}

const _: () = assert!(size_of::<KeyShard>() <= 120, "with its lock it fits into two cache lines");

fn spread(hash: u64) -> usize {
    hash as usize % KEY_SHARDS
}

fn slot(id: OrderId) -> usize {
    id.0 as usize / KEY_SHARDS
}
