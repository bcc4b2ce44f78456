//! What every listener shares: rights, deadlines, and when an answer may leave.
//!
//! ```text
//!   QUIC lane ─┐  light: Share::slice, on this thread         ┌─► lane queue ──► frames, in order
//!              ├─► Service::command / query ──► Decided ──────┤      (Waits rings when the gate advances)
//!   HTTP call ─┘  heavy: Service::decide_aside, elsewhere     └─► Service::answer ──► response
//! ```
//!
//! [`Service::command`] authorises, checks the time, decides, and never waits. What it returns must not leave before
//! [`Waits::is_due`] says so. Each caller has one [`Share`] of time and memory, however many connections it has.

mod admission;
mod budget;
mod callers;
mod decide;
mod dispatch;
mod expiry;
mod follow;
mod memory;
mod observe;
mod pace;
mod reactions;
mod reading;
mod share;
mod strangers;
mod training;
mod turns;
mod waits;
mod work;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stockade_core::Durability;
use stockade_core::command::Request;
use stockade_core::ids::{Code, OrderId, Seq};
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::{Span, Time};
use tokio::sync::watch;

use crate::auth::{Identity, TokenStore};
use crate::clock::Clock;
use crate::journal::Lease;

pub use admission::Admission;
pub use callers::{Callers, NoPlace, Place};
pub use decide::Decide;
pub use dispatch::Dispatch;
pub use expiry::start_expiry;
pub use follow::{Follow, Followed};
pub use memory::{Account, FREE_BYTES, Holding, Memory};
pub use observe::Observe;
pub use pace::{Pace, Rate, address_key};
pub use reactions::start_reactions;
pub use reading::{READ_PER_SECOND, Reading};
pub use share::{Share, Shares, Slice};
pub use strangers::{Stranger, Strangers};
pub use training::start_training;
pub use turns::{Turn, Turns};
pub use waits::{Marks, Wait, Waits};
pub use work::{Ask, Look, Work};
pub use worker::{Pulse, Worker};

/// The engine behind rights, deadlines and durability. Shared by every listener.
pub struct Service {
    decide: Arc<dyn Decide>,
    clock: Arc<Clock>,
    tokens: Arc<TokenStore>,
    waits: Arc<Waits>,
    best: Durability,
    lease: Arc<Lease>,
    patience: Span,
    draining: watch::Sender<bool>,
    memory: Memory,
    shares: Shares,
    aside: Aside,
    admission: Admission,
    counts: Counts,
}

/// What the journal allows.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The highest durability it gives.
    pub best: Durability,
    /// How long this process may speak for its history.
    pub lease: Arc<Lease>,
}

impl From<Durability> for Standing {
    /// Of a journal that no other process can have open.
    fn from(best: Durability) -> Standing {
        Standing { best, lease: Arc::new(Lease::unlimited()) }
    }
}

/// Bytes that requests and answers of all callers may take together, unless another bound is set.
pub const MEMORY_BYTES: usize = 256 * 1024 * 1024;

/// The terms of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// How durable the answer must be.
    pub level: Durability,
    /// Engine time after which it must not be started, and its answer no longer waited for.
    pub not_after: Option<Time>,
}

/// A decision that may not leave yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// The answer.
    pub result: Result<Reply, Reject>,
    /// It may leave once this event is durable to `level`.
    pub seen: Seq,
    /// The level asked for; [`Durability::Memory`] for an answer that waits for nothing.
    pub level: Durability,
    /// When waiting ends, engine time.
    pub until: Time,
    /// What is answered if it is not durable by then.
    pub late: Late,
}

/// What is answered when a decision did not become durable in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Late {
    /// The request changed nothing.
    Unchanged,
    /// The request was applied, perhaps to an order, and may or may not last.
    Applied(Option<OrderId>),
}

/// Requests since the start.
#[derive(Debug, Default)]
pub struct Counts {
    commands: AtomicU64,
    queries: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
}

/// A copy of [`Counts`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counted {
    /// Commands that reached the engine.
    pub commands: u64,
    /// Queries that reached the engine.
    pub queries: u64,
    /// Requests answered with a refusal, by the engine or before it.
    pub refused: u64,
    /// Commands whose durability did not come in time.
    pub unknown: u64,
}

impl Service {
    /// A service over a journal that allows this; a request without a not-after time waits up to `patience`.
    pub fn new(
        decide: Arc<dyn Decide>,
        clock: Arc<Clock>,
        tokens: Arc<TokenStore>,
        journal: impl Into<Standing>,
        patience: Duration,
    ) -> Service {
        let Standing { best, lease } = journal.into();
        let waits = Waits::new(Arc::clone(&decide), Arc::clone(&lease));
        let patience = Span(u64::try_from(patience.as_micros()).unwrap_or(u64::MAX));
        let (draining, _) = watch::channel(false);
        let (memory, shares) = budget(MEMORY_BYTES);
        let (aside, admission, counts) = (Aside::default(), Admission::default(), Counts::default());
        Service {
            decide,
            clock,
            tokens,
            waits,
            best,
            lease,
            patience,
            draining,
            memory,
            shares,
            aside,
            admission,
            counts,
        }
    }

    /// The same service with another bound, in bytes, on what requests and answers of all callers may take together.
    #[must_use]
    pub fn with_memory(self, bytes: usize) -> Service {
        let (memory, shares) = budget(bytes);
        Service { memory, shares, ..self }
    }

    /// What requests and answers of all callers take.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The identity of the bearer of this token.
    ///
    /// # Errors
    /// [`Reject::Unauthenticated`].
    pub fn authenticate(&self, token: &str) -> Result<Arc<Identity>, Reject> {
        self.tokens.authenticate(token).ok_or(Reject::Unauthenticated)
    }

    /// The tokens that callers may show.
    pub fn tokens(&self) -> &TokenStore {
        &self.tokens
    }

    /// Decides a command. Never waits.
    pub fn command(&self, who: &Identity, request: &Request, terms: Terms) -> Decided {
        let now = self.clock.now();
        let admitted = self.admission.check().and_then(|()| self.may_add()).and_then(|()| self.admit(now, terms));
        let until = match admitted.and_then(|until| who.may(&request.command).map(|()| until)) {
            Ok(until) => until,
            Err(reject) => return self.refuse(now, reject),
        };
        Counts::add(&self.counts.commands);
        let outcome = self.decide.execute(request, &who.actor(), now);
        let late = match &outcome.result {
            Ok(reply) => Late::Applied(order_of(reply)),
            Err(_) => {
                Counts::add(&self.counts.refused);
                Late::Unchanged
            }
        };
        Decided { result: outcome.result, seen: outcome.seen, level: terms.level, until, late }
    }

    /// Answers a query. Never waits; a `provisional` answer does not wait for durability either.
    pub fn query(&self, who: &Identity, query: &Query, provisional: bool, terms: Terms) -> Decided {
        let now = self.clock.now();
        let level = if provisional { Durability::Memory } else { terms.level };
        let terms = Terms { level, ..terms };
        let until = match self.admit(now, terms).and_then(|until| who.may_ask(query).map(|()| until)) {
            Ok(until) => until,
            Err(reject) => return self.refuse(now, reject),
        };
        Counts::add(&self.counts.queries);
        let outcome = self.decide.query(query, now);
        if outcome.result.is_err() {
            Counts::add(&self.counts.refused);
        }
        Decided { result: outcome.result, seen: outcome.seen, level, until, late: Late::Unchanged }
    }

    /// The share of a caller.
    pub fn share(&self, who: &Identity) -> Arc<Share> {
        self.shares.of(&who.name)
    }

    /// A look at what requests name, which tells how much work they may be.
    pub fn look(&self) -> Look<'_> {
        Look::new(self.decide.engine(), &self.clock)
    }

    /// Decides what was asked. Never waits.
    pub fn decide_here(&self, who: &Identity, ask: &Ask, terms: Terms) -> Decided {
        match ask {
            Ask::Command(request) => self.command(who, request, terms),
            Ask::Query { query, provisional } => self.query(who, query, *provisional, terms),
        }
    }

    /// Decides what takes more than a moment, when it is its caller's turn, on a thread that holds nobody else up.
    pub async fn decide_aside(self: &Arc<Service>, who: &Arc<Identity>, ask: Ask, terms: Terms) -> Decided {
        let is_command = matches!(ask, Ask::Command(_));
        let (service, caller) = (Arc::clone(self), Arc::clone(who));
        let deciding =
            self.aside(&who.name, self.look().of(&ask), move || service.decide_here(&caller, &ask, terms)).await;
        deciding.unwrap_or_else(|Stopped| {
            let reason = "the server is shutting down: try another or come back later".to_owned();
            let reject =
                if is_command { Reject::OutcomeUnknown { order: None } } else { Reject::Unavailable { reason } };
            self.refuse(self.clock.now(), reject)
        })
    }

    /// Does work aside, when it is its caller's turn.
    ///
    /// # Errors
    /// [`Stopped`]: the runtime ends, and it is not known whether the work was done.
    pub async fn aside<T: Send + 'static>(
        &self,
        caller: &Code,
        work: Work,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let turns = if work == Work::Exact { &self.aside.exact } else { &self.aside.heavy };
        let turn = turns.enter(caller).await;
        let acting = tokio::task::spawn_blocking(move || {
            // It lasts until the work is done, also when nobody waits for that any more.
            let _turn = turn;
            act()
        });
        acting.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Stopped,
        })
    }

    /// A refusal before anything was decided.
    pub fn refuse(&self, now: Time, reject: Reject) -> Decided {
        Counts::add(&self.counts.refused);
        let (result, late) = (Err(reject), Late::Unchanged);
        Decided { result, seen: Seq(0), level: Durability::Memory, until: now, late }
    }

    /// Waits until a decision may leave; returns the answer with the level it reached. For callers that wait one by
    /// one.
    pub async fn answer(&self, decided: Decided) -> (Result<Reply, Reject>, Durability) {
        let Decided { result, seen, level, until, late } = decided;
        if self.waits.is_due(seen, level) {
            return (result, level);
        }
        let wait = self.waits.enter();
        loop {
            wait.want(seen, level);
            if self.waits.is_due(seen, level) {
                return (result, level);
            }
            let left = until.since(self.clock.now());
            if left == Span::ZERO {
                return (Err(self.late(late)), Durability::Memory);
            }
            let _ = tokio::time::timeout(Duration::from_micros(left.0), wait.rung()).await;
        }
    }

    /// The refusal that is answered when a decision did not become durable in time.
    pub fn late(&self, late: Late) -> Reject {
        match late {
            Late::Applied(order) => {
                Counts::add(&self.counts.unknown);
                Reject::OutcomeUnknown { order }
            }
            Late::Unchanged => {
                let reason = "the journal did not confirm in time what the answer depends on".to_owned();
                Reject::Unavailable { reason }
            }
        }
    }

    /// Whether commands are taken besides draining.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// From now on every new request is refused.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Watches whether the service is draining.
    pub fn draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// Where answers wait.
    pub fn waits(&self) -> &Arc<Waits> {
        &self.waits
    }

    /// Engine time.
    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// What decides.
    pub fn decide(&self) -> &Arc<dyn Decide> {
        &self.decide
    }

    /// The highest durability available.
    pub fn best(&self) -> Durability {
        self.best
    }

    /// The counts so far.
    pub fn counted(&self) -> Counted {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { commands, queries, refused, unknown } = &self.counts;
        Counted { commands: of(commands), queries: of(queries), refused: of(refused), unknown: of(unknown) }
    }

    /// Whether anything may be added to the history.
    fn may_add(&self) -> Result<(), Reject> {
        if self.lease.is_lost() {
            let reason =
                "the journal lost history that was acknowledged, so nothing is added to it: see /readyz".to_owned();
            return Err(Reject::Unavailable { reason });
        }
        Ok(())
    }

    /// Whether a request may be started, and until when its answer may be waited for.
    fn admit(&self, now: Time, terms: Terms) -> Result<Time, Reject> {
        if *self.draining.borrow() {
            let reason = "the server is shutting down: try another or come back later".to_owned();
            return Err(Reject::Unavailable { reason });
        }
        if terms.level > self.best {
            return Err(Reject::DurabilityUnavailable { asked: terms.level, best: self.best });
        }
        let longest = now + self.patience;
        match terms.not_after {
            Some(not_after) if not_after < now => Err(Reject::TooLate),
            Some(not_after) => Ok(not_after.min(longest)),
            None => Ok(longest),
        }
    }
}

/// Where work is done that would hold others up.
#[derive(Debug)]
struct Aside {
    heavy: Arc<Turns>,
    /// Two places, so that a second search is refused rather than kept waiting.
    exact: Arc<Turns>,
}

/// The runtime ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stopped;

impl Default for Aside {
    /// Fewer places than processors, so that an ordinary request always finds one.
    fn default() -> Aside {
        Aside { heavy: Turns::new(processors().saturating_sub(1)), exact: Turns::new(2) }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The memory of a process, of which one token may take half.
fn budget(bytes: usize) -> (Memory, Shares) {
    let memory = Memory::new(bytes);
    let shares = Shares::new(memory.clone(), bytes / 2, processors());
    (memory, shares)
}

/// The order that a reply to a command is about.
fn order_of(reply: &Reply) -> Option<OrderId> {
    match reply {
        Reply::Placed(placed) => Some(placed.order),
        Reply::Changed(changed) => Some(changed.order),
        Reply::Refunded(told) => told.refund.order,
        Reply::Moved(_) | Reply::Configured(_) => None,
        // Replies to queries.
        Reply::Quoted(_)
        | Reply::Availability(_)
        | Reply::Stock(_)
        | Reply::Order(_)
        | Reply::Orders(_)
        | Reply::Text(_)
        | Reply::Explained(_)
        | Reply::Routing(_)
        | Reply::Inbound(_)
        | Reply::Refunds(_)
        | Reply::Times(_) => None,
    }
}

impl Counts {
    fn add(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("best", &self.best).field("counted", &self.counted()).finish_non_exhaustive()
    }
}
