//! One lock's worth of keys: the orders whose channel and number fall into the shard, and the movements whose key does.
//!
//! | part | leads |
//! |---|---|
//! | [`Slots`] | from the number in an id to the order |
//! | [`Index`] | from the hash of a key to the number |
//! | [`Timers`] | from an instant to the orders for which something falls due |
//! | movements | from a movement's key and who used it to what was answered |
//! | accounts | from a channel and number to its payments and refunds, whether an order has them or not |
//!
//! Invariants, which [`KeyShard::check`] proves: each order stands under its id and, once, under its key, and both fall
//! into this shard; a held order has a timer at its deadline. Ids rise and are never used twice, removed orders included.

use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map};
use std::hash::BuildHasher;

use bincode::Encode;
use foldhash::fast::RandomState;

use crate::Actor;
use crate::heap::{COMPARED, Heap, Room, Rooms, behind, hash_table, tree};
use crate::ids::{ChannelId, Code, OrderId};
use crate::limits::KEY_SHARDS;
use crate::orders::index::Index;
use crate::orders::slots::Slots;
use crate::orders::{Account, Answer, Memo, Order, OrderKey, OrderState, TimerKind, Timers};
use crate::time::Time;

/// What identifies a command on stock or configuration: callers choose their keys independently of each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Encode)]
pub struct MovementKey {
    /// Who sent the command.
    pub actor: Actor,
    /// The caller's key.
    pub key: Code,
}

/// Orders and movement memos of one shard.
#[derive(Debug, Default)]
pub struct KeyShard {
    orders: Slots,
    /// Places are the numbers of [`Slots`].
    by_key: Index,
    /// Seed of the hash of keys.
    hasher: RandomState,
    /// What placing an order does not look at, once there is any.
    aside: Option<Box<Aside>>,
    /// What falls due for the shard's orders.
    pub timers: Timers,
}

/// Besides orders.
#[derive(Debug, Default)]
struct Aside {
    movements: HashMap<MovementKey, Memo<Answer>, RandomState>,
    accounts: BTreeMap<OrderKey, Account>,
    /// Bytes of memory behind movements and behind accounts.
    behind: Behind,
}

#[derive(Debug, Default)]
struct Behind {
    movements: usize,
    accounts: usize,
}

behind! {
    MovementKey { actor, key }
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

    /// The shard of a movement key, whoever uses it.
    pub fn of_movement(key: &Code) -> usize {
        spread(xxhash_rust::xxh3::xxh3_64_with_seed(key.as_str().as_bytes(), SPREAD_SEED))
    }

    /// The id the next order of this shard gets.
    pub fn next_id(&self, shard: usize) -> OrderId {
        OrderId(u64::from(self.orders.next()) * KEY_SHARDS as u64 + shard as u64)
    }

    /// Finds an order by its key.
    pub fn find(&self, key: &OrderKey) -> Option<&Order> {
        self.number_of(key.channel, &key.number).and_then(|number| self.orders.at(number))
    }

    /// An order of this shard by id.
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(id)
    }

    /// Where an order stands, and its deadline: for looks at many orders under one lock.
    pub fn hold(&self, id: OrderId) -> Option<(OrderState, Time)> {
        self.orders.hold(id)
    }

    /// An order of this shard by id.
    pub fn order_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        self.orders.get_mut(id)
    }

    /// Adds an order under the id that [`KeyShard::next_id`] gave; `None` when the id or the key is not free.
    pub fn insert(&mut self, order: Order) -> Option<()> {
        let (channel, place, held) = (order.channel, self.orders.next(), self.orders.len());
        let hash = self.hash_of(channel, &order.number);
        if self.number_at(hash, channel, &order.number).is_some() {
            return None;
        }
        self.orders.push(order)?;
        self.by_key.insert(hash, place, held);
        Some(())
    }

    /// Removes an order; `None` if there is none with this id. Its key is free again, its id is not. Its timers stay set:
    /// the expiry that takes one of them finds no order.
    pub fn remove(&mut self, id: OrderId) -> Option<Order> {
        let order = self.orders.get(id)?;
        let (hash, number) =
            (self.hash_of(order.channel, &order.number), self.number_of(order.channel, &order.number)?);
        self.by_key.remove(hash, number)?;
        self.orders.remove(id)
    }

    /// How many orders it has.
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Packs the orders that were looked at or changed since the shard was locked.
    pub fn put_away(&mut self) {
        self.orders.put_away();
    }

    /// Every order of the shard, in the order of their ids.
    pub fn orders(&self) -> impl Iterator<Item = Order> {
        self.orders.iter()
    }

    /// What was answered to a movement key.
    pub fn movement(&self, key: &MovementKey) -> Option<&Memo<Answer>> {
        self.aside.as_ref()?.movements.get(key)
    }

    /// Remembers the answer to a movement key of this caller.
    pub fn remember_movement(&mut self, actor: &Actor, memo: Memo<Answer>) {
        let aside = self.aside.get_or_insert_default();
        let key = MovementKey { actor: actor.clone(), key: memo.key.clone() };
        let bytes = (key.heap(), memo.heap());
        aside.behind.movements += bytes.0 + bytes.1;
        if let Some(before) = aside.movements.insert(key, memo) {
            // The key that was there stays.
            aside.behind.movements -= bytes.0 + before.heap();
        }
    }

    /// Every movement key and its memo, in no order.
    pub fn movements(&self) -> impl Iterator<Item = (&MovementKey, &Memo<Answer>)> {
        self.aside.iter().flat_map(|aside| aside.movements.iter())
    }

    /// The account of an order number, if it has one.
    pub fn account(&self, key: &OrderKey) -> Option<&Account> {
        self.aside.as_ref()?.accounts.get(key)
    }

    /// The account of an order, if it has one.
    #[inline]
    pub fn account_of(&self, order: &Order) -> Option<&Account> {
        let accounts = &self.aside.as_ref()?.accounts;
        if accounts.is_empty() {
            return None;
        }
        accounts.get(&OrderKey { channel: order.channel, number: order.number.clone() })
    }

    /// Changes the account of an order number, made when it has none.
    pub fn change_account<R>(&mut self, key: &OrderKey, change: impl FnOnce(&mut Account) -> R) -> R {
        let Aside { accounts, behind, .. } = &mut **self.aside.get_or_insert_default();
        let account = match accounts.entry(key.clone()) {
            btree_map::Entry::Occupied(place) => place.into_mut(),
            btree_map::Entry::Vacant(place) => {
                behind.accounts += place.key().heap();
                place.insert(Account::default())
            }
        };
        let before = account.heap();
        let changed = change(account);
        behind.accounts = behind.accounts + account.heap() - before;
        changed
    }

    /// Every account of the shard by order number.
    pub fn accounts(&self) -> impl Iterator<Item = (&OrderKey, &Account)> {
        self.aside.iter().flat_map(|aside| aside.accounts.iter())
    }

    /// Adds the memory behind it. Looks at no order, movement or account.
    pub fn add_to(&self, rooms: &mut Rooms) {
        rooms.add(Room::Orders, self.orders.memory());
        rooms.add(Room::OrderIndex, self.by_key.memory());
        rooms.add(Room::Timers, self.timers.memory());
        let Some(aside) = &self.aside else { return };
        let Aside { movements, accounts, behind } = &**aside;
        let table = hash_table::<(MovementKey, Memo<Answer>)>(movements.capacity());
        rooms.add(Room::Movements, size_of::<Aside>() + table + behind.movements);
        rooms.add(Room::Accounts, tree::<OrderKey, Account>(accounts.len()) + behind.accounts);
    }

    /// What is wrong with any order of the shard.
    pub fn check(&self, shard: usize) -> Result<(), String> {
        if self.by_key.count() != self.orders.len() {
            return Err(format!("order shard {shard}: {} keys for {} orders", self.by_key.count(), self.orders.len()));
        }
        self.orders.check().map_err(|wrong| format!("order shard {shard}: {wrong}"))?;
        let holds = self.timers.entries().filter(|due| due.kind == TimerKind::Hold);
        let holds: BTreeSet<_> = holds.map(|due| (due.at, due.order)).collect();
        for order in self.orders.iter() {
            order.check()?;
            let key = OrderKey { channel: order.channel, number: order.number.clone() };
            // Opens no order: there are many.
            let found = self.number_of(key.channel, &key.number).map(|number| self.orders.id(number));
            if Self::of_id(order.id) != shard || found != Some(order.id) || Self::of_order(&key) != shard {
                return Err(format!("order {} is not where its id or its key says", order.id));
            }
            if order.state == OrderState::Held && !holds.contains(&(order.deadline, order.id)) {
                return Err(format!("order {} is held and has no deadline", order.id));
            }
            if order.placed.0 == 0 || order.version < order.placed {
                return Err(format!("order {} has no place in the history", order.id));
            }
        }
        for order in self.orders.iter() {
            if order.refund_due != self.account_of(&order).is_some_and(Account::is_owed) {
                return Err(format!("order {} does not say rightly whether a refund is due", order.id));
            }
        }
        let (movements, accounts) = self.aside.as_ref().map_or((0, 0), |aside| {
            let Behind { movements, accounts } = aside.behind;
            (movements, accounts)
        });
        let behind = (self.movements().map(|(key, memo)| key.heap() + memo.heap()).sum::<usize>(), {
            self.accounts().map(|(key, account)| key.heap() + account.heap()).sum::<usize>()
        });
        if COMPARED && behind != (movements, accounts) {
            return Err(format!("order shard {shard}: {behind:?} bytes are counted as {movements} and {accounts}"));
        }
        for (key, account) in self.accounts() {
            account.check(key)?;
            if Self::of_order(key) != shard {
                return Err(format!("the account of number {} is in order shard {shard}", key.number));
            }
        }
        Ok(())
    }

    /// The number of the order with this key in [`Slots`].
    fn number_of(&self, channel: ChannelId, number: &Code) -> Option<u32> {
        self.number_at(self.hash_of(channel, number), channel, number)
    }

    fn number_at(&self, hash: u64, channel: ChannelId, number: &Code) -> Option<u32> {
        self.by_key.find(hash, |place| self.orders.is_of(place, channel, number.as_str()))
    }

    /// By a seed of this process: nobody outside can choose numbers that meet in the index.
    fn hash_of(&self, channel: ChannelId, number: &Code) -> u64 {
        self.hasher.hash_one((channel, number.as_str()))
    }
}

const _: () = assert!(size_of::<KeyShard>() <= 120, "with its lock it fits into two cache lines");

fn spread(hash: u64) -> usize {
    hash as usize % KEY_SHARDS
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::Actor;
    use crate::ids::{Seq, SkuId};
    use crate::orders::{Moment, NewOrder, What};
    use crate::time::Span;
    use crate::units::Units;

    /// What a test does next.
    #[derive(Clone, Debug)]
    enum Step {
        /// Places an order under a key of a few.
        Place(u16),
        /// Removes the order at this place among the ids given, in per mille.
        Remove(usize),
    }

    /// Mostly placings, mostly under new keys, so that several chunks fill; removals go through all ages.
    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![3 => (0u16..2_000).prop_map(Step::Place), 2 => (0usize..1_000).prop_map(Step::Remove)];
        prop::collection::vec(step, 0..1_500)
    }

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    fn order(id: OrderId, key: &OrderKey) -> Order {
        Order::new(NewOrder {
            id,
            channel: key.channel,
            number: &key.number,
            digest: 0.into(),
            zone: None,
            customer: None,
            carrier: None,
            ship_complete: false,
            max_parcels: None,
            placed: Seq(1),
            arrived: Time(0),
            occurred: Time(0),
            actor: &Actor::Timer,
            deadline: Time(0) + Span::from_mins(30),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// A shard finds, by key and by id, what a model knows, in the order of ids; ids rise for ever.
        #[test]
        fn a_shard_knows_what_a_model_knows(steps in steps()) {
            let keys: Vec<OrderKey> = (0..2_000u32)
                .map(|number| OrderKey { channel: ChannelId((number % 3) as u16), number: code(&number.to_string()) })
                .collect();
            let (mut shard, mut model) = (KeyShard::default(), BTreeMap::<OrderId, u16>::new());
            let mut given = 0u64;
            for step in steps {
                match step {
                    Step::Place(at) => {
                        let (key, id) = (&keys[usize::from(at)], shard.next_id(5));
                        prop_assert_eq!(id, OrderId(given * KEY_SHARDS as u64 + 5));
                        let known = model.iter().find(|(_, key)| **key == at).map(|(id, _)| *id);
                        prop_assert_eq!(shard.find(key).map(|order| order.id), known);
                        prop_assert_eq!(shard.insert(order(id, key)).is_some(), known.is_none());
                        if known.is_none() {
                            model.insert(id, at);
                            given += 1;
                        }
                    }
                    Step::Remove(share) => {
                        let id = OrderId(share as u64 * given / 1_000 * KEY_SHARDS as u64 + 5);
                        let (removed, known) = (shard.remove(id), model.remove(&id));
                        prop_assert_eq!(removed.map(|order| order.number), known.map(|at| keys[usize::from(at)].number.clone()));
                        prop_assert!(shard.order(id).is_none() && shard.order_mut(id).is_none());
                    }
                }
            }
            let chunks = model.keys().map(|id| id.0 / KEY_SHARDS as u64 / 64).collect::<BTreeSet<_>>();
            prop_assert!(shard.orders.chunks() <= chunks.len() + 1, "an empty chunk takes memory");
            prop_assert!(shard.orders().map(|order| order.id).eq(model.keys().copied()));
            prop_assert_eq!(shard.orders.check(), Ok(()));
            prop_assert_eq!(shard.by_key.count(), model.len());
            for (id, at) in model {
                prop_assert_eq!(shard.order(id).map(|order| &order.number), Some(&keys[usize::from(at)].number));
                prop_assert_eq!(shard.order_mut(id).map(|order| order.id), Some(id));
                prop_assert_eq!(shard.find(&keys[usize::from(at)]).map(|order| order.id), Some(id));
            }
        }
    }

    #[test]
    fn many_orders_are_looked_at_under_one_lock_without_opening_them() {
        let keys = (0u32..).map(|at| OrderKey { channel: ChannelId(1), number: code(&at.to_string()) });
        let (mut shard, mut ids) = (KeyShard::default(), Vec::new());
        for key in keys.filter(|key| KeyShard::of_order(key) == 5).take(100) {
            let new = order(shard.next_id(5), &key);
            shard.timers.set(TimerKind::Hold, new.deadline, Seq(1), new.id);
            ids.push((new.id, new.deadline));
            assert_eq!(shard.insert(new), Some(()));
        }
        shard.put_away();
        assert_eq!(shard.check(5), Ok(()));
        for (id, deadline) in &ids {
            assert_eq!(shard.hold(*id), Some((OrderState::Held, *deadline)));
        }
        assert_eq!(shard.orders.opened(), 0);
        for (id, deadline) in &ids {
            shard.order_mut(*id).expect("it was placed").state = OrderState::Expired;
            assert_eq!(shard.hold(*id), Some((OrderState::Expired, *deadline)));
            assert!(shard.orders.opened() <= 20, "each look goes through those that are open");
        }
        shard.put_away();
        assert!(ids.iter().all(|(id, deadline)| shard.hold(*id) == Some((OrderState::Expired, *deadline))));
    }

    /// What is changed under one lock is there under the next, however long the order gets.
    #[test]
    fn what_is_changed_is_there_under_the_next_lock() {
        let mut shard = KeyShard::default();
        let keys: Vec<_> = (0..3).map(|at| OrderKey { channel: ChannelId(1), number: code(&at.to_string()) }).collect();
        let ids: Vec<_> = keys
            .iter()
            .map(|key| {
                let id = shard.next_id(5);
                assert_eq!(shard.insert(order(id, key)), Some(()));
                assert_eq!(shard.find(key).map(|order| order.id), Some(id), "before it is packed");
                id
            })
            .collect();
        for round in 1..=400 {
            shard.put_away();
            for (id, key) in ids.iter().zip(&keys).skip(round % 2) {
                let version = |shard: &KeyShard| shard.order(*id).map(|order| order.version);
                let before = version(&shard);
                let order = shard.order_mut(*id).expect("it was placed");
                assert_eq!(Some(order.version), before);
                (order.version, order.later.review) = (Seq(round as u64), vec![(SkuId(1), Units(round as u64))]);
                let what = What::Arrival;
                let (seq, time, actor) = (order.version, Time(round as u64), Actor::Engine);
                let moment = Moment { seq, what, sub: None, occurred: time, arrived: time, actor, reason: None };
                order.note(&moment);
                assert_eq!(version(&shard), Some(Seq(round as u64)));
                assert_eq!(shard.find(key).map(|order| order.id), Some(*id));
            }
            assert_eq!(shard.orders().count(), 3);
            assert_eq!(shard.orders.check(), Ok(()));
        }
        shard.put_away();
        for (id, moments) in ids.iter().zip([200, 400, 400]) {
            assert_eq!(shard.order(*id).map(|order| order.moments()), Some(moments));
            assert_eq!(shard.remove(*id).map(|order| order.moments()), Some(moments));
            assert!(shard.order(*id).is_none());
        }
    }

    /// One order that stays for ever, and a hundred that are replaced again and again.
    #[test]
    fn removed_orders_leave_no_chunks_behind() {
        let mut shard = KeyShard::default();
        let number = |at: u64| OrderKey { channel: ChannelId(1), number: code(&at.to_string()) };
        for at in 0..10_000u64 {
            let id = shard.next_id(5);
            assert_eq!(shard.insert(order(id, &number(at))), Some(()));
            if let Some(old) = at.checked_sub(100).filter(|old| *old > 0) {
                assert!(shard.remove(OrderId(old * KEY_SHARDS as u64 + 5)).is_some());
            }
            assert!(shard.orders.chunks() <= 4);
        }
        assert_eq!(shard.orders.check(), Ok(()));
        assert_eq!(shard.orders().count(), 101);
        assert!(shard.find(&number(0)).is_some() && shard.find(&number(1)).is_none());
    }
}
