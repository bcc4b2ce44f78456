//! The engine: decides commands, applies events, answers queries.
//!
//! ```text
//! execute(request, now)
//!    │ reserve room in the log                        (refuse Overloaded or Halted before anything is touched)
//!    │ resolve codes, check bounds                    (catalog, rules: read without locks)
//!    │ plan a route                                   (planning.rs: on a view, without locks, for larger orders)
//!    │ lock key shards, recall the key, lock stock    (locked.rs: one door, one order)
//!    │ decide: one event, or a Reject                 (place, promise, payment, cancel, step, pick, returns,
//!    │                                                movement, inbound, count, configure)
//!    │ commit: encode · apply · append · stamp        (commit.rs, apply.rs)
//!    ▼ unlock
//!    │ hand over what became due by it to promises    (handover.rs: commits of their own)
//!    ▼
//! Outcome { reply or reject, the sequence it has seen }  → may leave once that is as durable as asked
//! ```
//!
//! Entry points, in calling order: [`Engine::new`]; [`Engine::recover`] for each journaled event; then from any thread
//! [`Engine::execute`], [`Engine::query`], [`Engine::expire_due`] and [`Engine::learn_prices`]. [`Engine::check`] and
//! [`Engine::digest`] lock shard by shard, so they speak of a whole only while nothing else runs.

mod apply;
mod cancel;
mod check;
mod commit;
mod configure;
mod count;
mod demand;
mod digest;
mod expiry;
mod explain;
mod gap;
mod handover;
mod inbound;
mod lesson;
mod locked;
mod lookup;
#[cfg(all(test, stockade_loom))]
mod loom_tests;
mod movement;
mod payment;
mod pick;
mod place;
mod planning;
mod prices;
mod promise;
mod query;
mod recover;
mod returns;
mod standing;
mod step;
mod view;

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

use crate::catalog::{Config, Skus};
use crate::command::{Command, Query, Request};
use crate::event::Actor;
use crate::ids::{Code, Seq};
use crate::limits::{KEY_SHARDS, STOCK_SHARDS};
use crate::log::{ChainHash, Log};
use crate::orders::KeyShard;
use crate::reject::Reject;
use crate::reply::Reply;
use crate::routing::WORK_DEFAULT;
use crate::stock::StockShard;
use crate::sync::AtomicU64;
use crate::time::Time;

pub use expiry::Released;
pub use gap::Gap;
pub use lesson::Learned;
pub use locked::{Door, KeysLocked, Locked};
pub use recover::RecoveryError;

/// The stock and routing engine. Share it by reference or `Arc`; every method may be called from any thread.
#[derive(Debug)]
pub struct Engine {
    door: Door<KeyShard, StockShard>,
    /// The earliest deadline of each key shard: a hint, never later than the truth.
    due: Box<[AtomicU64]>,
    skus: Skus,
    config: ArcSwapOption<Config>,
    past: explain::Past,
    dues: handover::Dues,
    prices: prices::Prices,
    log: Log,
    /// The budget of work of each plan.
    work: u64,
}

/// What came of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The answer.
    pub result: Result<Reply, Reject>,
    /// The latest event it depends on: it may leave once that is as durable as asked.
    pub seen: Seq,
}

/// A refusal and the latest event it depends on. Refusals that looked at no state depend on none.
#[derive(Debug)]
pub(crate) struct Refusal {
    reject: Reject,
    seen: Seq,
}

pub(crate) type Decided<T = Reply> = Result<(T, Seq), Refusal>;

/// Who asks, when and under which key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    actor: &'a Actor,
    now: Time,
    occurred: Option<Time>,
    key: Option<&'a Code>,
}

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Refusal {
        Refusal { reject, seen: Seq(0) }
    }
}

impl Refusal {
    fn seen(reject: Reject, seen: Seq) -> Refusal {
        Refusal { reject, seen }
    }
}

impl From<Decided> for Outcome {
    fn from(decided: Decided) -> Outcome {
        match decided {
            Ok((reply, seen)) => Outcome { result: Ok(reply), seen },
            Err(Refusal { reject, seen }) => Outcome { result: Err(reject), seen },
        }
    }
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new()
    }
}

impl Engine {
    /// An engine without a world. Its first event gets sequence 1.
    pub fn new() -> Engine {
        Engine {
            door: Door::new(KEY_SHARDS, STOCK_SHARDS, KeyShard::default, StockShard::default),
            due: (0..KEY_SHARDS).map(|_| AtomicU64::new(Time::NEVER.0)).collect(),
            skus: Skus::default(),
            config: ArcSwapOption::empty(),
            past: explain::Past::default(),
            dues: handover::Dues::default(),
            prices: prices::Prices::new(),
            log: Log::new(Seq(0), ChainHash::default()),
            work: WORK_DEFAULT,
        }
    }

    /// An engine that searches for every plan to the end, however long that takes: each order is planned as well as it can
    /// be, and proven. Locks are held meanwhile, so it is not for serving.
    pub fn exact() -> Engine {
        Engine { work: u64::MAX, ..Engine::new() }
    }

    /// Decides a command and, when it is allowed, applies it. Takes microseconds and never waits for I/O.
    ///
    /// `now` is engine time; an event's time is never earlier than the last event of the same order.
    pub fn execute(&self, request: &Request, actor: &Actor, now: Time) -> Outcome {
        let asked = Asked { actor, now, occurred: request.occurred, key: request.key.as_ref() };
        let decided = match &request.command {
            Command::ApplyWorld(c) => self.apply_world(c, asked),
            Command::ApplyRules(c) => self.apply_rules(c, asked),
            Command::DefineSkus(c) => self.define_skus(c, asked),
            Command::Receive(c) => self.receive(c, asked),
            Command::Adjust(c) => self.adjust(c, asked),
            Command::Count(c) => self.count(c, asked),
            Command::Transfer(c) => self.transfer(c, asked),
            Command::Arrive(c) => self.arrive(c, asked),
            Command::MovePool(c) => self.move_pool(c, asked),
            Command::SetSafety(c) => self.set_safety(c, asked),
            Command::Expect(c) => self.expect_receipt(c, asked),
            Command::Place(c) => self.place(c, asked),
            Command::Pay(c) => self.pay(c, asked),
            Command::Cancel(c) => self.cancel(c, asked),
            Command::ExtendHold(c) => self.extend_hold(c, asked),
            Command::Step(c) => self.step(c, asked),
            Command::Reroute(c) => self.reroute(c, asked),
        };
        if self.dues.any() {
            self.hand_over_all(now);
        }
        decided.into()
    }

    /// Answers a question. Changes nothing.
    pub fn query(&self, query: &Query, now: Time) -> Outcome {
        let decided = match query {
            Query::Quote(place) => self.quote(place, now),
            Query::Availability(q) => self.availability(q),
            Query::Stock(q) => self.stock_view(q),
            Query::Order(order) => self.order_view(order),
            Query::Orders(q) => self.orders_view(q),
            Query::Rules => self.rules_view(),
            Query::World => self.world_view(),
            Query::Explain(_) => Err(unread().into()),
            Query::Routing => Err(unmeasured().into()),
            Query::QuoteExact(place) => self.quote_exact(place),
            Query::Inbound(q) => self.inbound_view(q),
        };
        decided.into()
    }

    /// The log that the engine's events go to.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The sequence of the last event.
    pub fn seq(&self) -> Seq {
        self.log.last()
    }

    /// The world and rules in force, without a lock.
    fn config(&self) -> Result<InForce, Refusal> {
        let config = self.config.load();
        if config.is_some() {
            return Ok(InForce(config));
        }
        let reason = "no world is in force yet; apply one with `stockade world apply`".to_owned();
        Err(Reject::Unavailable { reason }.into())
    }
}

/// The refusal of an explanation where there is no history to read: see [`Engine::explain`].
fn unread() -> Reject {
    Reject::Unavailable { reason: "explanations are read from the journal, and this one keeps no history".to_owned() }
}

/// The refusal of a report where nobody counts.
fn unmeasured() -> Reject {
    Reject::Unavailable { reason: "the quality of routing is measured by a server, not by an engine alone".to_owned() }
}

/// The world and rules as they were in force when they were looked at.
struct InForce(Guard<Option<Arc<Config>>>);

impl Deref for InForce {
    type Target = Config;

    fn deref(&self) -> &Config {
        self.0.as_deref().expect("made only when there is one")
    }
}
