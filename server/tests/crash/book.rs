//! What was asked of the server and what it answered: the promises it is held to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use stockade_client::ClientError;
use stockade_core::command::{Command, Place, Receive};
use stockade_core::ids::{Code, Seq};
use stockade_core::orders::{Change, Stage};
use stockade_core::reject::Reject;
use stockade_core::reply::{Changed, Moved, Placed};

/// What became of something asked.
#[derive(Clone, Debug)]
pub enum Fate<T> {
    /// No answer, or that nobody knows: it was done whole or not at all.
    Asked,
    /// It was acknowledged and must last.
    Done(T),
    /// It was refused and must have left no trace.
    Refused,
}

/// A later command on an order.
#[derive(Clone, Debug)]
pub struct Act {
    /// Its key.
    pub key: Code,
    /// What it says.
    pub command: Command,
    /// What became of it.
    pub fate: Fate<Changed>,
}

/// An order.
#[derive(Clone, Debug)]
pub struct Ordered {
    /// What was ordered.
    pub place: Place,
    /// What became of it.
    pub fate: Fate<Placed>,
    /// What was asked of it later.
    pub acts: Vec<Act>,
    /// Whether anything was asked since it was last settled.
    pub open: bool,
}

/// A receipt.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its key.
    pub key: Code,
    /// What it says.
    pub receive: Receive,
    /// What became of it.
    pub fate: Fate<Moved>,
    /// Whether it was asked since receipts were last settled.
    pub open: bool,
}

/// Everything asked so far.
#[derive(Debug, Default)]
pub struct Book {
    orders: Mutex<Vec<Ordered>>,
    receipts: Mutex<Vec<Received>>,
    acknowledged: AtomicU64,
    last: AtomicU64,
}

impl<T> Fate<T> {
    /// What a call's result says. A client that says "nothing was changed" is taken at its word.
    pub fn of(result: Result<T, ClientError>) -> Fate<T> {
        match result {
            Ok(value) => Fate::Done(value),
            Err(ClientError::OutcomeUnknown { .. } | ClientError::Rejected(Reject::OutcomeUnknown { .. })) => {
                Fate::Asked
            }
            Err(ClientError::Rejected(_) | ClientError::TimedOut(_) | ClientError::Unreachable { .. }) => Fate::Refused,
            Err(error @ ClientError::Refused(_)) if error.is_transient() => Fate::Refused,
            Err(error) => panic!("a call ended with {error:?}"),
        }
    }
}

impl Book {
    /// Writes an order down, before it is sent. Answers its number in the book.
    pub fn ordered(&self, place: Place) -> usize {
        let mut orders = self.orders();
        orders.push(Ordered { place, fate: Fate::Asked, acts: Vec::new(), open: true });
        orders.len() - 1
    }

    /// Writes a later command down, before it is sent.
    pub fn acted(&self, order: usize, key: Code, command: Command) -> usize {
        let mut orders = self.orders();
        let order = &mut orders[order];
        order.open = true;
        order.acts.push(Act { key, command, fate: Fate::Asked });
        order.acts.len() - 1
    }

    /// Writes a receipt down, before it is sent.
    pub fn received(&self, key: Code, receive: Receive) -> usize {
        let mut receipts = self.receipts();
        receipts.push(Received { key, receive, fate: Fate::Asked, open: true });
        receipts.len() - 1
    }

    /// Writes down what became of an order.
    pub fn placed(&self, order: usize, fate: Fate<Placed>) {
        self.count(&fate, |placed| placed.seq);
        self.orders()[order].fate = fate;
    }

    /// Writes down what became of a later command.
    pub fn changed(&self, order: usize, act: usize, fate: Fate<Changed>) {
        self.count(&fate, |changed| changed.seq);
        self.orders()[order].acts[act].fate = fate;
    }

    /// Writes down what became of a receipt.
    pub fn moved(&self, receipt: usize, fate: Fate<Moved>) {
        self.count(&fate, |moved| moved.seq);
        self.receipts()[receipt].fate = fate;
    }

    /// All orders.
    pub fn orders(&self) -> MutexGuard<'_, Vec<Ordered>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All receipts.
    pub fn receipts(&self) -> MutexGuard<'_, Vec<Received>> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers so far that promise something.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// The last event an answer promised.
    pub fn last(&self) -> Seq {
        Seq(self.last.load(Ordering::Relaxed))
    }

    /// Orders and later commands of which nobody knows what became.
    pub fn unknown(&self) -> usize {
        let orders = self.orders();
        let acts = orders.iter().flat_map(|order| &order.acts).filter(|act| matches!(act.fate, Fate::Asked)).count();
        acts + orders.iter().filter(|order| matches!(order.fate, Fate::Asked)).count()
    }

    /// From now on, whatever was not acknowledged must have left no trace.
    pub fn hold_to_answers(&self) {
        for order in self.orders().iter_mut() {
            if matches!(order.fate, Fate::Asked) {
                order.fate = Fate::Refused;
            }
            order
                .acts
                .iter_mut()
                .filter(|act| matches!(act.fate, Fate::Asked))
                .for_each(|act| act.fate = Fate::Refused);
        }
        let mut receipts = self.receipts();
        let asked = receipts.iter_mut().filter(|receipt| matches!(receipt.fate, Fate::Asked));
        asked.for_each(|receipt| receipt.fate = Fate::Refused);
    }

    /// Units that came in by receipts that are done.
    pub fn units_received(&self) -> u64 {
        let receipts = self.receipts();
        let done = receipts.iter().filter(|receipt| matches!(receipt.fate, Fate::Done(_)));
        done.flat_map(|receipt| &receipt.receive.lines).map(|line| line.units.0).sum()
    }

    fn count<T>(&self, fate: &Fate<T>, seq: impl Fn(&T) -> Seq) {
        if let Fate::Done(done) = fate {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
            self.last.fetch_max(seq(done).0, Ordering::Relaxed);
        }
    }
}

impl Ordered {
    /// What its timeline must hold: the event of everything acknowledged, and what it is called.
    pub fn promised(&self) -> BTreeMap<Seq, &'static str> {
        let placed = match &self.fate {
            Fate::Done(placed) => Some((placed.seq, "order_placed")),
            Fate::Asked | Fate::Refused => None,
        };
        let acts = self.acts.iter().filter_map(|act| match &act.fate {
            Fate::Done(changed) => Some((changed.seq, name(&changed.change))),
            Fate::Asked | Fate::Refused => None,
        });
        placed.into_iter().chain(acts).collect()
    }

    /// What its timeline may hold besides, each name as often as it may be there.
    pub fn possible(&self) -> Vec<&'static [&'static str]> {
        let mut possible: Vec<&[&str]> = vec![&["order_expired"]];
        if matches!(self.fate, Fate::Asked) {
            possible.push(&["order_placed"]);
        }
        let open = self.acts.iter().filter(|act| matches!(act.fate, Fate::Asked));
        possible.extend(open.map(|act| names(&act.command)));
        possible
    }
}

fn name(change: &Change) -> &'static str {
    match change {
        Change::Paid => "order_paid",
        Change::PaidLate { .. } => "order_paid_late",
        Change::RefundDue { .. } => "refund_due",
        Change::Cancelled { .. } => "order_cancelled",
        Change::Extended { .. } => "hold_extended",
        Change::Stepped { stage: Stage::Picking, .. } => "pick",
        Change::Stepped { stage: Stage::Packed, .. } => "pack",
        Change::Stepped { stage: Stage::Outbound, .. } => "scan",
        Change::Stepped { stage: Stage::PickedUp, .. } => "pickup",
        Change::Stepped { stage: Stage::Delivered, .. } => "deliver",
        other => panic!("nobody asked for {other:?}"),
    }
}

fn names(command: &Command) -> &'static [&'static str] {
    match command {
        Command::Pay(_) => &["order_paid", "order_paid_late", "refund_due"],
        Command::Cancel(_) => &["order_cancelled", "sub_order_cancelled", "units_cancelled"],
        Command::ExtendHold(_) => &["hold_extended"],
        Command::Step(_) => &["pick", "pack", "scan", "pickup", "deliver"],
        other => panic!("nobody asked for {other:?}"),
    }
}
