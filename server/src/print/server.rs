//! The announcement of a server.

use std::path::Path;

use serde::Serialize;
use stockade_core::units::counted;

use super::page::Page;
use crate::config::{Config, JournalHome, shown};
use crate::serve::{Announcement, Rebuilt};
use crate::terminal::Output;

#[derive(Serialize)]
struct ServingBody<'a> {
    quic: String,
    http: Option<String>,
    fingerprint: &'a str,
    journal: String,
    what_could_be_lost: &'a str,
    events: u64,
    digest: String,
    data_dir: &'a Path,
}

#[derive(Serialize)]
struct RebuiltBody<'a> {
    from: &'a Path,
    renamed: &'a Path,
    events: u64,
    journaled: u64,
    digest: String,
}

/// Prints what a history was made anew from.
pub fn rebuilt(rebuilt: &Rebuilt, out: Output) {
    let Rebuilt { from, renamed, last, journaled, digest } = rebuilt;
    let digest = format!("{digest:032x}");
    if out.json {
        return out.object(&RebuiltBody { from, renamed, events: last.0, journaled: journaled.0, digest });
    }
    let mut page = Page::default();
    page.line(format!(
        "the history is made anew from {}: {}, digest {digest}",
        from.display(),
        counted(last.0, "event")
    ));
    if last > journaled {
        page.line(format!("  events after {journaled} were decided, but not acknowledged as journaled"));
    }
    page.line(format!("  the file is now {}", renamed.display()));
    page.print(out);
}

/// Prints the addresses of a server and what it found at its start.
pub fn serving(here: &Announcement, config: &Config, out: Output) {
    let home = match &config.journal {
        JournalHome::Memory => "memory".to_owned(),
        JournalHome::Local(path) => format!("local, {}", path.display()),
        JournalHome::Redis { url, partition } => format!("{} ({partition})", shown(url)),
    };
    if !out.json {
        return page(here, config.dev, &home).print(out);
    }
    out.object(&ServingBody {
        quic: here.quic.to_string(),
        http: here.http.map(|addr| addr.to_string()),
        fingerprint: &here.fingerprint,
        journal: home,
        what_could_be_lost: &here.journal.what_could_be_lost,
        events: here.replayed.events,
        digest: format!("{:032x}", here.replayed.digest),
        data_dir: &config.data_dir,
    });
}

fn page(here: &Announcement, dev: bool, home: &str) -> Page {
    let mut page = Page::default();
    page.line(format!("Stockade {} is serving{}", env!("CARGO_PKG_VERSION"), if dev { " (--dev)" } else { "" }));
    page.line(format!("  QUIC         {}", here.quic));
    match here.http {
        Some(addr) => page.line(format!("  HTTP         http://{addr}  (/readyz, /metrics, /v1/…)")),
        None => page.line("  HTTP         off"),
    }
    let made = if here.certificate_made { "  (made just now)" } else { "" };
    page.line(format!("  fingerprint  {}{made}", here.fingerprint));
    page.line(format!("  journal      {home}"));
    page.line(format!("  at risk      {}", here.journal.what_could_be_lost));
    let replayed = &here.replayed;
    page.line(match replayed.events {
        0 => "  history      empty".to_owned(),
        events => format!(
            "  history      {} replayed in {:.2} s, digest {:032x}",
            counted(events, "event"),
            replayed.took.as_secs_f64(),
            replayed.digest
        ),
    });
    if here.sample {
        page.line("  sample       a small world with TEE, MUG and LAMP in stock; try in another terminal:");
        page.line("                 stockade place web/1001 TEE:2 MUG --zone CN-33");
    }
    page
}
