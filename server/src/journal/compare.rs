//! What an emergency file holds that a journal does not, event by event.
//!
//! ```text
//!   journal   1 ─────────────── 40 ── 41' ── 42'            the other history went on
//!   file            30 ──────── 40 ── 41 ─── 42 ─── 43      41 to 43 are in the file only
//! ```

use std::fmt;

use stockade_core::event::Event;
use stockade_core::ids::Seq;
use stockade_core::log::{Batch, ChainHash, JournalError, decode_envelope};
use stockade_core::time::Time;

use super::emergency::EmergencyFile;

/// Takes the bytes of a batch.
pub type VisitBatch<'a> = dyn FnMut(&[u8]) -> Result<(), JournalError> + 'a;

/// An event, as far as a person needs it to know what it was about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventFacts {
    /// The name of its kind; `unreadable` when its bytes are no event.
    pub kind: &'static str,
    /// The id of the order it belongs to, if it belongs to one.
    pub order: Option<u64>,
    /// The number of that order in its channel, told by the event that placed it.
    pub number: Option<String>,
    /// When it was decided, engine time.
    pub decided: Option<Time>,
}

/// An event of the file that the journal does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// Its sequence in the file.
    pub seq: Seq,
    /// Whether it was acknowledged as journaled once.
    pub was_acknowledged: bool,
    /// The event.
    pub event: EventFacts,
    /// What the journal has under the same sequence.
    pub instead: Option<EventFacts>,
}

/// How a file stands to a journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The journal holds all of it.
    Covered,
    /// It goes on where the journal ends.
    Continues,
    /// The journal ends before the file begins.
    Beyond,
    /// The two differ: events were decided apart.
    Conflicts,
}

/// An emergency file compared with a journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// How the file stands to the journal.
    pub verdict: Verdict,
    /// The last event of the journal.
    pub journal_last: Seq,
    /// The first event of the file; 0 when it holds none.
    pub file_first: Seq,
    /// The last event of the file; 0 when it holds none.
    pub file_last: Seq,
    /// The last event that was acknowledged as journaled by whoever wrote the file.
    pub acknowledged: Seq,
    /// How many events the file holds and the journal does not.
    pub missing: u64,
    /// How many of them were acknowledged.
    pub missing_acknowledged: u64,
    /// The first of them, as many as were asked for.
    pub events: Vec<Missing>,
}

/// Compares a file with a journal, whose batches `read` shows in order. Lists at most `limit` events.
///
/// # Errors
/// [`JournalError::Corrupt`] when a batch cannot be read, and what `read` returns.
pub fn compare(
    file: &EmergencyFile,
    limit: usize,
    read: impl FnOnce(&mut VisitBatch<'_>) -> Result<(), JournalError>,
) -> Result<Comparison, JournalError> {
    let mut comparing = Comparing::new(file, limit);
    read(&mut |bytes| {
        let batch = Batch::decode(bytes).map_err(|e| JournalError::Corrupt { reason: e.to_string() })?;
        comparing.add(&batch);
        Ok(())
    })?;
    Ok(comparing.end())
}

/// A comparison under way: the batches of the journal are added in order.
#[derive(Clone, Debug)]
pub(super) struct Comparing<'f> {
    file: &'f EmergencyFile,
    /// The events of the file, by their sequence from the first on.
    events: Vec<&'f [u8]>,
    last: Seq,
    chain: ChainHash,
    /// Whether the latest batch that is both in the journal and in the file agrees; `None` before the first such batch.
    agreed: Option<bool>,
    /// How many events are listed at most.
    limit: usize,
    missing: u64,
    missing_acknowledged: u64,
    listed: Vec<Missing>,
}

impl<'f> Comparing<'f> {
    /// Begins to compare with a journal; lists at most `limit` events.
    pub(super) fn new(file: &'f EmergencyFile, limit: usize) -> Comparing<'f> {
        // The file was checked when it was read.
        let batches = file.batches.iter().filter_map(|batch| Batch::decode(&batch.bytes).ok());
        let events = batches.flat_map(|batch| batch.events().map(|(_, event)| event)).collect();
        let (last, chain) = (Seq(0), ChainHash::GENESIS);
        let (missing, missing_acknowledged, listed) = (0, 0, Vec::new());
        Comparing { file, events, last, chain, agreed: None, limit, missing, missing_acknowledged, listed }
    }

    /// The next batch of the journal.
    pub(super) fn add(&mut self, batch: &Batch<'_>) {
        if let Ok(known) = self.file.batches.binary_search_by_key(&batch.last, |kept| kept.last) {
            self.agreed = Some(self.file.batches[known].chain == batch.chain);
        }
        let first = self.first();
        for (seq, event) in batch.events().filter(|(seq, _)| *seq >= first && first > Seq(0)) {
            let at = usize::try_from(seq.0 - first.0).unwrap_or(usize::MAX);
            if let Some(mine) = self.events.get(at).filter(|mine| **mine != event) {
                self.lacks(seq, mine, Some(event));
            }
        }
        (self.last, self.chain) = (batch.last, batch.chain);
    }

    /// How the file stands to the journal as far as it was added.
    pub(super) fn verdict(&self) -> Verdict {
        match self.file.batches.iter().find(|batch| batch.last > self.last) {
            Some(next) if next.first > self.last.next() => Verdict::Beyond,
            Some(next) if next.first == self.last.next() && continues(&next.bytes, self.chain) => Verdict::Continues,
            None if self.events.is_empty() || self.agreed == Some(true) => Verdict::Covered,
            Some(_) | None => Verdict::Conflicts,
        }
    }

    /// The result, after the last batch of the journal.
    pub(super) fn end(mut self) -> Comparison {
        let (verdict, first) = (self.verdict(), self.first());
        let from = (self.last.0 + 1).saturating_sub(first.0);
        for at in usize::try_from(from).unwrap_or(usize::MAX)..self.events.len() {
            self.lacks(Seq(first.0 + at as u64), self.events[at], None);
        }
        Comparison {
            verdict,
            journal_last: self.last,
            file_first: first,
            file_last: self.file.batches.last().map_or(Seq(0), |batch| batch.last),
            acknowledged: self.file.journaled,
            missing: self.missing,
            missing_acknowledged: self.missing_acknowledged,
            events: self.listed,
        }
    }

    fn first(&self) -> Seq {
        self.file.batches.first().map_or(Seq(0), |batch| batch.first)
    }

    fn lacks(&mut self, seq: Seq, event: &[u8], instead: Option<&[u8]>) {
        let was_acknowledged = seq <= self.file.journaled;
        self.missing += 1;
        self.missing_acknowledged += u64::from(was_acknowledged);
        if self.listed.len() < self.limit {
            let (event, instead) = (EventFacts::of(event), instead.map(EventFacts::of));
            self.listed.push(Missing { seq, was_acknowledged, event, instead });
        }
    }
}

impl EventFacts {
    fn of(event: &[u8]) -> EventFacts {
        let Ok(envelope) = decode_envelope(event) else {
            return EventFacts { kind: "unreadable", order: None, number: None, decided: None };
        };
        let (order, number) = order_of(&envelope.event);
        EventFacts { kind: envelope.event.name(), order, number, decided: Some(envelope.arrived) }
    }
}

impl fmt::Display for EventFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        if let Some(order) = self.order {
            write!(f, " of order {order}")?;
        }
        if let Some(number) = &self.number {
            write!(f, " (number {number})")?;
        }
        match self.decided {
            Some(decided) => write!(f, " at {decided}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.was_acknowledged { "acknowledged" } else { "never acknowledged" };
        write!(f, "event {} ({state}): {}", self.seq, self.event)?;
        match &self.instead {
            Some(instead) => write!(f, "; the journal has {instead} there"),
            None => write!(f, "; the journal ends before it"),
        }
    }
}

fn continues(batch: &[u8], chain: ChainHash) -> bool {
    Batch::decode(batch).is_ok_and(|batch| batch.previous == chain)
}

/// The order an event belongs to, and the number by which its channel knows it.
fn order_of(event: &Event) -> (Option<u64>, Option<String>) {
    let order = match event {
        Event::WorldApplied(_)
        | Event::RulesApplied(_)
        | Event::SkusDefined(_)
        | Event::StockMoved(_)
        | Event::StockCounted(_)
        | Event::ShelfCounted(_)
        | Event::SafetySet(_)
        | Event::InboundChanged(_) => return (None, None),
        Event::OrderPlaced(placed) => return (Some(placed.order.0), Some(placed.number.to_string())),
        Event::OrderPromised(promised) => {
            let placed = &promised.placed;
            return (Some(placed.order.0), Some(placed.number.to_string()));
        }
        Event::OrderPaid(paid) => paid.order,
        Event::OrderPaidLate(paid) => paid.order,
        Event::OrderPromisedLate(promised) => promised.late.order,
        Event::RefundDue(due) => due.order,
        Event::UnplacedPaid(paid) => return (None, Some(paid.number.to_string())),
        Event::RefundClosed(closed) => {
            return (closed.order.map(|order| order.0), Some(closed.number.to_string()));
        }
        Event::OrderExpired(expired) => expired.order,
        Event::HoldExtended(extended) => extended.order,
        Event::OrderCancelled(cancelled) => cancelled.order,
        Event::SubOrderCancelled(of_sub) => of_sub.cancelled.order,
        Event::UnitsCancelled(of_units) => of_units.cancelled.order,
        Event::SubStepped(stepped) => stepped.order,
        Event::PickShorted(shorted) => shorted.order,
        Event::ReturnReceived(received) => received.order,
        Event::ReturnInspected(inspected) => inspected.order,
        Event::ReturnReceivedElsewhere(elsewhere) => elsewhere.received.order,
        Event::ReturnInspectedElsewhere(elsewhere) => elsewhere.inspected.order,
        Event::OrderRaised(raised) => raised.order,
        Event::SubOrderSplit(split) => split.order,
        Event::ReviewRouted(routed) => routed.order,
        Event::ParcelShorted(parcel) => parcel.shorted.order,
        Event::ReviewRoutedWithin(within) => within.routed.order,
    };
    (Some(order.0), None)
}
