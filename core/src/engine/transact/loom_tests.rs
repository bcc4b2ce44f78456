//! Every interleaving of the engine's races, on the real lock door and the real log with shards of one number each.
//! Run with `make loom`. What is decided under the locks is spelled out here in its smallest form: loom explores who gets
//! which lock when, which is the same whatever stands behind the locks.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use crate::Durability;
use crate::engine::store::{Door, Shard, Shards, Tiers};
use crate::ids::Seq;
use crate::log::{Admission, ChainHash, Halted, Log, Room};
use crate::sync::{AtomicU64, Ordering};

const LONG: Duration = Duration::from_secs(1);

/// Where the one order of a order shard stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Held,
    Paid,
    Expired,
    Outbound,
    Cancelled,
}

/// The one cell of a stock shard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Cell {
    free: u64,
    claimed: u64,
    version: Seq,
}

/// Shards of one number each.
struct Two;

impl Shard for State {
    fn put_away(&mut self) {}
}

impl Tiers for Two {
    type Orders = State;
    type Customers = u64;
    type Stock = Cell;
    type Counters = ();
}

/// An engine of two order shards with an order each and two stock shards with a unit each.
struct Tiny {
    door: Door<Two>,
    log: Log,
}

fn tiny(state: State, free: u64) -> Arc<Tiny> {
    let cell = Cell { free, claimed: 1 - free, version: Seq(0) };
    let log = Log::new(Seq(0), ChainHash::GENESIS);
    Arc::new(Tiny {
        door: Door::new(Shards { orders: 2, customers: 2, stock: 2 }, move || state, || 0, move || cell, ()),
        log,
    })
}

impl Tiny {
    fn room(&self) -> Result<Room<'_>, Halted> {
        self.log.reserve(1, Admission::Ordinary).map_err(|_| Halted)
    }

    /// Takes the last unit of some stock shards for the order of a order shard, all or none.
    fn take(&self, key: usize, stock: [usize; 2]) -> Result<bool, Halted> {
        let room = self.room()?;
        let mut locked = self.door.lock_orders(&self.log, [key]).lock_stock(stock);
        if stock.iter().any(|shard| locked.stock(*shard).free == 0) {
            return Ok(false);
        }
        let appended = self.log.append(room, b"t")?;
        for shard in stock {
            *locked.stock_mut(shard) = Cell { free: 0, claimed: 1, version: appended.seq() };
        }
        appended.applied();
        Ok(true)
    }

    /// Moves the order of order shard 0 on, when it still stands where it must, and its unit with it.
    fn turn(&self, from: State, to: State, frees: bool) -> Result<bool, Halted> {
        let room = self.room()?;
        let keys = self.door.lock_orders(&self.log, [0]);
        if *keys.orders(0) != from {
            return Ok(false);
        }
        let mut locked = keys.lock_stock([0]);
        let appended = self.log.append(room, b"m")?;
        *locked.orders_mut(0) = to;
        let cell = locked.stock_mut(0);
        cell.version = appended.seq();
        if frees {
            (cell.free, cell.claimed) = (cell.free + 1, cell.claimed - 1);
        }
        appended.applied();
        Ok(true)
    }

    fn cell(&self, shard: usize) -> Cell {
        self.door.with_stock(shard, |cell| *cell)
    }
}

/// Runs two sides of a race and answers who won.
fn race<T: 'static>(
    tiny: &Arc<Tiny>,
    theirs: impl FnOnce(&Tiny) -> T + 'static,
    mine: impl FnOnce(&Tiny) -> T,
) -> (T, T) {
    let other = {
        let tiny = Arc::clone(tiny);
        thread::spawn(move || theirs(&tiny))
    };
    let mine = mine(tiny);
    (other.join().unwrap(), mine)
}

#[test]
fn loom_locks_asked_for_in_any_order_are_taken_in_one() {
    loom::model(|| {
        let tiny = tiny(State::Held, 1);
        let both = |tiny: &Tiny, keys: [usize; 2], stock: [usize; 2]| {
            let mut locked = tiny.door.lock_orders(&tiny.log, keys).lock_stock(stock);
            locked.stock_mut(0).claimed += 1;
            locked.stock_mut(1).claimed += 1;
        };
        // A deadlock would be reported by loom.
        race(&tiny, move |t| both(t, [1, 0], [0, 1]), move |t| both(t, [0, 1], [1, 0]));
        assert_eq!((tiny.cell(0).claimed, tiny.cell(1).claimed), (2, 2));
    });
}

#[test]
fn loom_customers_stand_between_orders_and_stock() {
    loom::model(|| {
        let tiny = tiny(State::Held, 1);
        let all = |tiny: &Tiny, orders: [usize; 2], customers: [usize; 2], stock: [usize; 2]| {
            let customers = tiny.door.lock_orders(&tiny.log, orders).lock_customers(customers);
            let before = *customers.customers(0);
            let mut locked = customers.lock_stock(stock);
            *locked.customers_mut(0) += 1;
            locked.stock_mut(1).claimed += 1;
            before
        };
        let (a, b) = race(&tiny, move |t| all(t, [1, 0], [1, 0], [0, 1]), move |t| all(t, [0, 1], [0, 1], [1, 0]));
        assert_eq!((tiny.cell(1).claimed, a + b), (2, 1), "one came first, the other saw it");
    });
}

#[test]
fn loom_the_last_unit_is_taken_once_and_orders_take_all_or_nothing() {
    loom::model(|| {
        let tiny = tiny(State::Held, 1);
        let (a, b) = race(&tiny, |t| t.take(0, [0, 1]).unwrap(), |t| t.take(1, [1, 0]).unwrap());
        assert!(a != b, "one and only one gets the last units: {a} {b}");
        assert_eq!(tiny.cell(0), tiny.cell(1), "both units went to the same order, by the same event");
        assert_eq!((tiny.cell(0).free, tiny.log.last()), (0, Seq(1)));
    });
}

#[test]
fn loom_payment_and_expiry_have_one_winner() {
    loom::model(|| {
        let tiny = tiny(State::Held, 0);
        let pay = |t: &Tiny| t.turn(State::Held, State::Paid, false).unwrap();
        let expire = |t: &Tiny| t.turn(State::Held, State::Expired, true).unwrap();
        let (paid, expired) = race(&tiny, pay, expire);
        assert!(paid != expired, "one winner, and the loser knows: paid {paid}, expired {expired}");
        assert_eq!(tiny.cell(0).free, u64::from(expired), "the unit is free if and only if the hold expired");
        assert_eq!(tiny.log.last(), Seq(1));
    });
}

#[test]
fn loom_cancel_and_outbound_scan_have_one_winner() {
    loom::model(|| {
        let tiny = tiny(State::Paid, 0);
        let cancel = |t: &Tiny| t.turn(State::Paid, State::Cancelled, true).unwrap();
        let scan = |t: &Tiny| t.turn(State::Paid, State::Outbound, false).unwrap();
        let (cancelled, left) = race(&tiny, cancel, scan);
        assert!(cancelled != left, "one winner, and both are told: cancelled {cancelled}, left {left}");
        let state = tiny.door.with_orders(0, |state| *state);
        assert_eq!(state == State::Cancelled, cancelled);
        assert_eq!((tiny.cell(0).free, tiny.log.last()), (u64::from(cancelled), Seq(1)));
    });
}

/// Rules are a number here: the sequence of the event that put them in force.
#[test]
fn loom_no_event_is_decided_under_rules_that_are_replaced_before_it() {
    loom::model(|| {
        let (tiny, rules) = (tiny(State::Held, 1), Arc::new(AtomicU64::new(0)));
        let configured = {
            let (tiny, rules) = (Arc::clone(&tiny), Arc::clone(&rules));
            thread::spawn(move || {
                let room = tiny.room().unwrap();
                let _locked = tiny.door.lock_alone(&tiny.log, [1]).lock_stock([]);
                let appended = tiny.log.append(room, b"c").unwrap();
                rules.store(appended.seq().0, Ordering::Release);
                appended.applied()
            })
        };
        let room = tiny.room().unwrap();
        let locked = tiny.door.lock_orders(&tiny.log, [0]).lock_stock([0]);
        let under = Seq(rules.load(Ordering::Acquire));
        let decided = tiny.log.append(room, b"t").unwrap().applied();
        drop(locked);
        let configured = configured.join().unwrap();
        assert_eq!(
            under == configured,
            configured < decided,
            "decided as {decided:?} under {under:?} of {configured:?}"
        );
    });
}

#[test]
fn loom_what_a_reader_saw_is_in_the_journal_once_its_reply_may_leave() {
    loom::model(|| {
        let tiny = tiny(State::Held, 1);
        let journal = {
            let tiny = Arc::clone(&tiny);
            thread::spawn(move || {
                let batch = tiny.log.next_batch(LONG).unwrap();
                tiny.log.journaled(batch.last);
            })
        };
        let seen = {
            let tiny = Arc::clone(&tiny);
            thread::spawn(move || {
                let seen = tiny.cell(0);
                assert!(tiny.log.gate().wait(seen.version, Durability::Journaled, LONG));
                assert!(tiny.log.gate().watermark(Durability::Journaled) >= seen.version);
                assert_eq!(seen.free == 0, seen.version == Seq(1), "a taken unit carries the event that took it");
            })
        };
        assert!(tiny.take(0, [0, 1]).unwrap());
        seen.join().unwrap();
        journal.join().unwrap();
    });
}

#[test]
fn loom_nobody_journals_what_a_halted_commit_left_behind() {
    loom::model(|| {
        let tiny = tiny(State::Held, 1);
        let broken = {
            let tiny = Arc::clone(&tiny);
            thread::spawn(move || {
                let mut locked = tiny.door.lock_orders(&tiny.log, [0]).lock_stock([0]);
                locked.stock_mut(0).claimed = 7;
                // What the door's latch does in a panic, before its locks open. loom cannot unwind through a lock; the
                // order of latch and locks is tested with real threads in `door.rs`.
                tiny.log.halt("an invariant broke".to_owned());
            })
        };
        if let Ok(room) = tiny.room() {
            let mut locked = tiny.door.lock_orders(&tiny.log, [1]).lock_stock([0]);
            let saw = locked.stock(0).claimed;
            let appended = tiny.log.append(room, b"t").map(|event| event.applied());
            locked.stock_mut(0).free = 0;
            assert!(saw != 7 || appended.is_err(), "an event was built on a broken cell");
        }
        broken.join().unwrap();
        assert!(tiny.room().is_err(), "the halt is for good");
    });
}
