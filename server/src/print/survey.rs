//! What a history is, whether it is whole, and what was backed up or restored.

use std::path::Path;

use serde::Serialize;
use stockade_core::log::FORMAT;
use stockade_core::units::counted;

use super::page::Page;
use crate::serve::{BackedUp, Restored, Survey};
use crate::terminal::Output;

#[derive(Serialize)]
struct SurveyBody<'a> {
    place: &'a str,
    identity: Option<&'a str>,
    journal_format: u16,
    first: u64,
    last: u64,
    events: u64,
    batches: u64,
    bytes: u64,
    chain: String,
    first_decided: Option<String>,
    last_decided: Option<String>,
    /// The digest of the state, when the history was carried out.
    digest: Option<String>,
}

#[derive(Serialize)]
struct BackedUpBody<'a> {
    to: &'a Path,
    of: &'a str,
    last: u64,
    chain: String,
}

#[derive(Serialize)]
struct RestoredBody<'a> {
    from: &'a Path,
    /// The identity of the history that the backup was taken of.
    taken_of: &'a str,
    place: &'a str,
    identity: &'a str,
    last: u64,
    digest: Option<String>,
    /// The emergency file in the folder, which the next start takes in if it continues the history.
    emergency: Option<&'a Path>,
}

/// Prints what a history is.
pub fn inspected(survey: &Survey, out: Output) {
    if out.json {
        return out.object(&SurveyBody::from(survey));
    }
    let mut page = Page::default();
    let body = SurveyBody::from(survey);
    page.line(format!("{}, journal format {FORMAT}", body.place));
    page.line(format!("  identity {}", body.identity.unwrap_or("none")));
    if let (Some(first), Some(last)) = (&body.first_decided, &body.last_decided) {
        page.line(format!(
            "  events {} to {} in {} batches, {} bytes",
            body.first, body.last, body.batches, body.bytes
        ));
        page.line(format!("  decided from {first} to {last}"));
    } else {
        page.line("  no event yet");
    }
    page.line(format!("  it ends with the hash {}", body.chain));
    page.print(out);
}

/// Prints that a history is whole.
pub fn verified(survey: &Survey, out: Output) {
    if out.json {
        return out.object(&SurveyBody::from(survey));
    }
    let Survey { place, events, batches, last, .. } = survey;
    let mut page = Page::default();
    page.line(format!("{place} is whole up to event {last}"));
    page.line(format!("  {}, batches: {batches}; each follows the one before", counted(*events, "event")));
    if let Some(digest) = survey.digest {
        page.line(format!("  carried out, every check holds; digest {digest:032x}"));
    }
    page.print(out);
}

/// Prints that a backup was taken.
pub fn backed_up(backup: &BackedUp, out: Output) {
    let BackedUp { to, of, trail } = backup;
    if out.json {
        return out.object(&BackedUpBody { to, of, last: trail.last.0, chain: trail.chain.to_string() });
    }
    let mut page = Page::default();
    page.line(format!("{} holds the history up to event {}", to.display(), trail.last));
    page.print(out);
}

/// Prints that a history was restored.
pub fn restored(restored: &Restored, out: Output) {
    let Restored { from, taken_of, place, identity, last, digest, emergency } = restored;
    let emergency = emergency.as_deref();
    let digest = digest.map(|digest| format!("{digest:032x}"));
    if out.json {
        return out.object(&RestoredBody { from, taken_of, place, identity, last: last.0, digest, emergency });
    }
    let mut page = Page::default();
    page.line(format!("restored up to event {last}"));
    page.line(format!("  it is in {place}"));
    page.line(format!("  its identity is {identity}; the backup was taken of {taken_of}"));
    if let Some(digest) = digest {
        page.line(format!("  carried out, every check holds; digest {digest}"));
    }
    if let Some(emergency) = emergency {
        let path = emergency.display();
        page.line(format!("  the next start takes in what {path} has beyond it: move that away to begin without"));
    }
    page.print(out);
}

impl<'a> From<&'a Survey> for SurveyBody<'a> {
    fn from(survey: &'a Survey) -> SurveyBody<'a> {
        SurveyBody {
            place: &survey.place,
            identity: survey.identity.as_deref(),
            journal_format: FORMAT,
            first: survey.last.0.min(1),
            last: survey.last.0,
            events: survey.events,
            batches: survey.batches,
            bytes: survey.bytes,
            chain: survey.chain.to_string(),
            first_decided: survey.decided.map(|(first, _)| first.to_string()),
            last_decided: survey.decided.map(|(_, last)| last.to_string()),
            digest: survey.digest.map(|digest| format!("{digest:032x}")),
        }
    }
}
