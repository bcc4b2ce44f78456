//! One caller: it leads some lives side by side, one command at a time. It knows neither threads nor connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use stockade_core::command::{Command, Request};
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::reply::{OrderView, Reply};
use stockade_core::time::{Span, Time};

use super::course::{Ending, Life, Next};
use super::report::Lived;
use super::shelf::Shelf;
use crate::load::Load;
use crate::load::world::{Draw, Orders, code};

/// How long a hold that has not run out is left alone, and for how long after its deadline that may go on.
const AGAIN: Span = Span::from_millis(100);
const LATE_MOST: Span = Span::from_secs(10);

/// What all callers share.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Lives that may still begin.
    pub(super) left: AtomicU64,
    /// No further life begins.
    pub(super) over: AtomicBool,
    /// Lives that ended.
    pub(super) ended: AtomicU64,
}

impl Pace {
    /// So many lives, or as many as can be until it is over.
    pub(super) fn new(lives: Option<u64>) -> Pace {
        Pace { left: AtomicU64::new(lives.unwrap_or(u64::MAX)), ..Pace::default() }
    }

    fn may_begin(&self) -> bool {
        let one_less = |left: u64| left.checked_sub(1);
        !self.over.load(Ordering::Relaxed)
            && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

/// What a caller does next.
#[derive(Debug)]
pub(super) enum Todo {
    /// Sends a command.
    Tell(Request),
    /// Asks for an order.
    Ask(Query),
    /// Nothing can go on yet.
    Rest,
    /// All its lives have ended.
    Over,
}

/// What is being waited for.
#[derive(Clone, Copy, Debug)]
enum Awaited {
    Life(usize),
    Receipt,
}

/// A caller with its lives.
#[derive(Debug)]
pub(super) struct Caller {
    pace: Arc<Pace>,
    orders: Orders,
    draw: Draw,
    name: String,
    lives: Vec<Option<Life>>,
    at: usize,
    awaited: Awaited,
    shelf: Shelf,
    pub(super) lived: Lived,
}

impl Caller {
    /// The caller with this number.
    pub(super) fn new(load: &Load, orders: &Orders, (number, run): (usize, u64), pace: &Arc<Pace>) -> Caller {
        let share = load.open / load.callers() + usize::from(number < load.open % load.callers());
        Caller {
            pace: Arc::clone(pace),
            orders: orders.of_caller(load, number, run),
            draw: Draw::new(load.seed.wrapping_add(number as u64 * 104_729)),
            name: format!("{run:x}-{number}"),
            lives: (0..share).map(|_| None).collect(),
            at: 0,
            awaited: Awaited::Receipt,
            shelf: Shelf::default(),
            lived: Lived::default(),
        }
    }

    /// What comes next. What it answers has to be done and told to [`Caller::heard`] before it is asked again.
    pub(super) fn next(&mut self, now: Time) -> Todo {
        if let Some(receipt) = self.shelf.receipt(false) {
            return self.receive(receipt);
        }
        for _ in 0..self.lives.len() {
            self.at = (self.at + 1) % self.lives.len();
            let place = &mut self.lives[self.at];
            if place.is_none() && self.pace.may_begin() {
                let ending = Ending::drawn(self.draw.below(100));
                *place = Some(Life::new(self.orders.next(), ending));
            }
            let Some(life) = place.as_ref().filter(|life| life.from <= now) else { continue };
            self.awaited = Awaited::Life(self.at);
            return match life.next() {
                Next::Tell(command) => {
                    // An order's number is its key.
                    let key = (!matches!(command, Command::Place(_))).then(|| life.key());
                    Todo::Tell(Request { key, occurred: None, command })
                }
                Next::Read(order) => Todo::Ask(Query::Order(order)),
            };
        }
        match (self.lives.iter().all(Option::is_none), self.shelf.receipt(true)) {
            (false, None) => Todo::Rest,
            (_, Some(receipt)) => self.receive(receipt),
            (true, None) => Todo::Over,
        }
    }

    /// What was answered.
    ///
    /// # Errors
    /// A sentence that names the order that did not go as it was meant to.
    pub(super) fn heard(&mut self, answer: Result<Reply, Reject>, now: Time) -> Result<(), String> {
        let reply = answer.map_err(|reject| match self.awaited {
            Awaited::Receipt => format!("a receipt was refused: {reject}"),
            Awaited::Life(at) => format!("{:?} was refused: {reject}", self.lives[at]),
        })?;
        let Awaited::Life(at) = self.awaited else {
            self.lived.receipts += 1;
            return Ok(());
        };
        if let Reply::Order(order) = reply {
            return self.read(at, &order, now);
        }
        self.lived.commands += 1;
        let Some(life) = &mut self.lives[at] else { return Ok(()) };
        if let Reply::Placed(placed) = reply {
            life.placed(*placed);
            return Ok(());
        }
        if !matches!(reply, Reply::Changed(_) | Reply::Refunded(_)) {
            return Err(format!("{life:?} was answered with {reply:?}"));
        }
        if let Some(parcel) = life.went_on() {
            self.lived.shipped += parcel.lines.iter().map(|line| line.units.0).sum::<u64>();
            self.shelf.left(parcel);
        }
        Ok(())
    }

    /// An order was read that should have ended.
    fn read(&mut self, at: usize, order: &OrderView, now: Time) -> Result<(), String> {
        let Some(life) = &mut self.lives[at] else { return Ok(()) };
        match life.has_ended(order) {
            Some(true) => {
                self.lived.ended[life.ending as usize] += 1;
                self.pace.ended.fetch_add(1, Ordering::Relaxed);
                self.lives[at] = None;
                Ok(())
            }
            None if now.since(order.expires_at) < LATE_MOST => {
                life.from = now + AGAIN;
                Ok(())
            }
            None | Some(false) => Err(format!("an order that was to end {} did not: {order:?}", life.ending.name())),
        }
    }

    fn receive(&mut self, command: Command) -> Todo {
        self.awaited = Awaited::Receipt;
        let key = code(&format!("{}-r{}", self.name, self.lived.receipts));
        Todo::Tell(Request { key: Some(key), occurred: None, command })
    }
}
