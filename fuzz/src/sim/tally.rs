//! Counts of what commands led to, and which kinds of commands, events and queries took part.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use stockade_core::command::Command;
use stockade_core::event::Event;
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::stock::Bucket;

use crate::model::{Outcome, verdict};

/// What a run brought about.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How often each outcome occurred, by its name.
    pub outcomes: BTreeMap<String, u64>,
    /// Kinds of commands that were carried out at least once.
    pub carried_out: BTreeSet<&'static str>,
    /// Kinds of events that occurred.
    pub occurred: BTreeSet<&'static str>,
    /// Kinds of queries whose answers were compared with the model.
    pub asked: BTreeSet<&'static str>,
}

impl Tally {
    /// Counts an outcome.
    pub fn add(&mut self, what: &str) {
        *self.outcomes.entry(what.to_owned()).or_default() += 1;
    }

    /// Adds what another run brought about.
    pub fn merge(&mut self, other: &Tally) {
        for (what, n) in &other.outcomes {
            *self.outcomes.entry(what.clone()).or_default() += n;
        }
        self.carried_out.extend(&other.carried_out);
        self.occurred.extend(&other.occurred);
        self.asked.extend(&other.asked);
    }

    /// Every declared kind that has not taken part: commands that were never carried out, events that never occurred,
    /// queries that were never asked. One run may leave some out: its world decides whether there is presale, or a second
    /// warehouse.
    pub fn missing(&self) -> Vec<String> {
        let missing = |what: &str, kinds: &mut dyn Iterator<Item = &'static str>, met: &BTreeSet<&'static str>| {
            kinds.filter(|name| !met.contains(name)).map(|name| format!("{what} {name}")).collect::<Vec<_>>()
        };
        [
            missing("command", &mut Command::KINDS.iter().map(|kind| kind.name), &self.carried_out),
            missing("event", &mut Event::KINDS.iter().map(|kind| kind.name), &self.occurred),
            missing("query", &mut Query::KINDS.iter().map(|kind| kind.name), &self.asked),
        ]
        .concat()
    }

    /// Counts the outcome of a command. `event` is the one that an answer speaks of, unless it repeats an earlier answer.
    pub(super) fn command(&mut self, command: &Command, answer: &Result<Reply, Reject>, event: Option<&Event>) {
        let outcome = match (answer, event) {
            (Err(reject), _) => reject.code().to_owned(),
            (Ok(_), None) => "replayed".to_owned(),
            (Ok(reply), Some(event)) => {
                self.carried_out.insert(command.name());
                came_to(reply, event)
            }
        };
        self.add(&format!("{:<12} {outcome}", command.name()));
    }

    /// Notes the event of a commit.
    pub(super) fn event(&mut self, event: &Event) {
        self.occurred.insert(event.name());
        let Event::InboundChanged(changed) = event else { return };
        if changed.moves.iter().any(|m| matches!(m.from, Bucket::Missing(_))) {
            self.add("engine       units noted as missing");
        }
        if changed.moves.iter().any(|m| matches!(m.to, Bucket::Missing(_))) {
            self.add("engine       missing units settled");
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.outcomes.iter().try_for_each(|(what, n)| writeln!(f, "{n:>9}  {what}"))?;
        let missing = self.missing();
        if missing.is_empty() { Ok(()) } else { writeln!(f, "took no part: {}", missing.join(", ")) }
    }
}

/// What a command came to: its event, or the step of a parcel, and how it differs from others of its kind.
fn came_to(reply: &Reply, event: &Event) -> String {
    let what = if let Event::SubStepped(stepped) = event { stepped.step.name() } else { event.name() };
    let more = match verdict(event).outcome() {
        Some(Outcome::Rerouted) => ", rerouted",
        Some(Outcome::Review) => ", to review",
        Some(Outcome::Lapsed) => ", lapsed",
        Some(Outcome::Paid | Outcome::PaidLate | Outcome::RefundDue) | None => "",
    };
    let short = if matches!(reply, Reply::Moved(moved) if moved.short.0 > 0) { ", short" } else { "" };
    format!("{what}{more}{short}")
}
