//! What suppliers announce and deliver while orders come in.

use std::collections::{HashMap, VecDeque};

use stockade_core::command::{Command, Expect, Expectation, Fulfils, Line, Receive};
use stockade_core::ids::{Code, Seq};
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::Time;

use super::decide::{is_decision, keyed, unexpected};
use super::survey::Survey;
use super::target::Target;
use crate::failure::Failure;
use crate::files::{InboundKind, InboundRow};

/// The rows that are still to come, by time.
pub(super) struct Deliveries {
    rows: VecDeque<(Time, InboundRow)>,
    /// Units that each receipt is still to bring, according to the rows.
    expected: HashMap<(Code, Code, Code), i64>,
    done: u64,
}

/// The outcome of a row.
pub(super) enum DeliveryDone {
    /// Done: stock on hand and to come grew by this many units, or shrank.
    Done(Seq, i64),
    /// Nothing was done, for this reason.
    Not(Reject),
}

impl Deliveries {
    /// Rows without a time come first, before any order.
    pub(super) fn new(survey: &Survey) -> Deliveries {
        let first = survey.first_ts.unwrap_or_default();
        let mut rows: Vec<(Time, InboundRow)> =
            survey.inbound.iter().map(|row| (row.ts.unwrap_or(first).max(first), row.clone())).collect();
        rows.sort_by_key(|(at, _)| *at);
        Deliveries { rows: rows.into(), expected: HashMap::new(), done: 0 }
    }

    /// The time of the next row; never when there is none.
    pub(super) fn next(&self) -> Time {
        self.rows.front().map_or(Time::NEVER, |(at, _)| *at)
    }

    /// Does the next row.
    pub(super) fn step(&mut self, target: &dyn Target) -> Result<Option<(InboundRow, DeliveryDone)>, Failure> {
        let Some((at, row)) = self.rows.pop_front() else { return Ok(None) };
        self.done += 1;
        let request = keyed("inbound", self.done, command(&row))?;
        let done = match target.execute(&request, at)?.result {
            Ok(reply) => {
                let Reply::Moved(moved) = reply else { return Err(unexpected(&reply)) };
                DeliveryDone::Done(moved.seq, self.change(&row))
            }
            Err(reject) if is_decision(&reject) => DeliveryDone::Not(reject),
            Err(reject) => return Err(reject.into()),
        };
        Ok(Some((row, done)))
    }

    /// By how many units a row changes stock on hand and to come.
    fn change(&mut self, row: &InboundRow) -> i64 {
        let signed = |units: stockade_core::units::Units| i64::try_from(units.0).unwrap_or(i64::MAX);
        let key = |reference: &Code| (reference.clone(), row.warehouse.clone(), row.sku.clone());
        let before = row.reference.as_ref().and_then(|reference| self.expected.remove(&key(reference))).unwrap_or(0);
        let (after, here) = match row.kind {
            InboundKind::Announce { units, .. } => (signed(units), 0),
            InboundKind::Change { units, .. } => (units.map_or(before, signed), 0),
            InboundKind::Cancel => (0, 0),
            InboundKind::Receive { units, more } => {
                (if more { (before - signed(units)).max(0) } else { 0 }, signed(units))
            }
        };
        if let Some(reference) = row.reference.as_ref().filter(|_| after > 0) {
            self.expected.insert(key(reference), after);
        }
        after - before + here
    }
}

impl InboundRow {
    /// Its name in the lines.
    pub(super) fn event(&self) -> &'static str {
        match self.kind {
            InboundKind::Announce { .. } => "announced",
            InboundKind::Change { .. } => "changed",
            InboundKind::Cancel => "withdrawn",
            InboundKind::Receive { .. } => "received",
        }
    }
}

fn command(row: &InboundRow) -> Command {
    let (warehouse, sku) = (row.warehouse.clone(), row.sku.clone());
    let change = match row.kind {
        InboundKind::Announce { day, units } => Expectation::Announce { day, units, pool: row.pool.clone() },
        InboundKind::Change { day, units } => Expectation::Change { day, units },
        InboundKind::Cancel => Expectation::Withdraw,
        InboundKind::Receive { units, more } => {
            let expected = row.reference.clone().map(|reference| Fulfils { reference, more });
            let lines = vec![Line { sku, units }];
            return Command::Receive(Receive { warehouse, pool: row.pool.clone(), expected, lines });
        }
    };
    let reference = row.reference.clone().expect("only goods received may come without one");
    Command::Expect(Expect { reference, sku, warehouse, change })
}
