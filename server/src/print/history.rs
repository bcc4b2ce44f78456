//! A history compared with an emergency file.

use std::path::Path;

use serde::Serialize;

use super::page::{Page, Table};
use crate::journal::{Comparison, EventFacts, Missing, Verdict};
use crate::serve::Compared;
use crate::terminal::Output;

#[derive(Serialize)]
struct ComparedBody<'a> {
    from: &'a Path,
    verdict: &'static str,
    journal_last: u64,
    file_first: u64,
    file_last: u64,
    /// The last event that was acknowledged as journaled by whoever wrote the file.
    acknowledged: u64,
    missing: u64,
    missing_acknowledged: u64,
    events: Vec<MissingBody<'a>>,
}

#[derive(Serialize)]
struct MissingBody<'a> {
    seq: u64,
    acknowledged: bool,
    #[serde(flatten)]
    event: FactsBody<'a>,
    /// What the journal has under the same sequence.
    journal: Option<FactsBody<'a>>,
}

#[derive(Serialize)]
struct FactsBody<'a> {
    kind: &'static str,
    order: Option<u64>,
    number: Option<&'a str>,
    decided: Option<String>,
}

#[derive(Serialize)]
struct SettledBody<'a> {
    reports: &'a [String],
}

/// Prints what a file holds that the history does not.
pub fn compared(compared: &Compared, out: Output) {
    let Compared { from, comparison } = compared;
    if !out.json {
        return page(from, comparison).print(out);
    }
    out.object(&ComparedBody {
        from,
        verdict: verdict(comparison.verdict),
        journal_last: comparison.journal_last.0,
        file_first: comparison.file_first.0,
        file_last: comparison.file_last.0,
        acknowledged: comparison.acknowledged.0,
        missing: comparison.missing,
        missing_acknowledged: comparison.missing_acknowledged,
        events: comparison.events.iter().map(MissingBody::from).collect(),
    });
}

/// Prints the reports that were taken back.
pub fn settled(reports: &[String], out: Output) {
    if out.json {
        return out.object(&SettledBody { reports });
    }
    let mut page = Page::default();
    if reports.is_empty() {
        page.line("no server reports anything missing");
    }
    reports.iter().for_each(|report| page.line(format!("taken back: {report}")));
    page.print(out);
}

fn page(from: &Path, found: &Comparison) -> Page {
    let mut page = Page::default();
    let (first, last, end) = (found.file_first, found.file_last, found.journal_last);
    page.line(format!(
        "{} holds events {first} to {last}, acknowledged up to {}; the journal ends with event {end}",
        from.display(),
        found.acknowledged
    ));
    page.line(match found.verdict {
        Verdict::Covered => "  the journal holds all of it: nothing is missing",
        Verdict::Continues => "  it continues the journal: the next start takes it in",
        Verdict::Beyond => {
            "  the journal ends before it begins: restore a newer backup of the journal, or another history's file"
        }
        Verdict::Conflicts => {
            "  it contradicts the journal: these events have to be done again by hand, where they matter"
        }
    });
    let mut table = Table::new(["event", "was", "in the file", "in the journal"]);
    for missing in &found.events {
        let was = if missing.was_acknowledged { "acknowledged" } else { "not acknowledged" };
        let instead = missing.instead.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        table.row([missing.seq.to_string(), was.to_owned(), missing.event.to_string(), instead]);
    }
    page.table(&table);
    let listed = found.events.len() as u64;
    if found.missing > listed {
        page.line(format!("and {} more; list them with --limit {}", found.missing - listed, found.missing));
    }
    page
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Covered => "covered",
        Verdict::Continues => "continues",
        Verdict::Beyond => "beyond",
        Verdict::Conflicts => "conflicts",
    }
}

impl<'a> From<&'a Missing> for MissingBody<'a> {
    fn from(missing: &'a Missing) -> MissingBody<'a> {
        let Missing { seq, was_acknowledged, event, instead } = missing;
        let journal = instead.as_ref().map(FactsBody::from);
        MissingBody { seq: seq.0, acknowledged: *was_acknowledged, event: FactsBody::from(event), journal }
    }
}

impl<'a> From<&'a EventFacts> for FactsBody<'a> {
    fn from(facts: &'a EventFacts) -> FactsBody<'a> {
        let EventFacts { kind, order, number, decided } = facts;
        FactsBody { kind, order: *order, number: number.as_deref(), decided: decided.map(|time| time.to_string()) }
    }
}
