//! `stockade replay`: an order file decided order by order, every decision written down.
//!
//! ```text
//!  survey (first reading: SKUs, faults) ──► load (world, SKUs, stock) ──► drive ──► summary, ledger check
//!                                                                          │
//!      each order: time moves on (payments due, holds that run out) ──► decide ──► record ──► one JSON line
//! ```
//!
//! The engine is behind [`Target`]. The lines are written in decision order and only once their decisions are as
//! durable as the journal makes them; they hold nothing that differs between engines, journals or runs.

mod args;
pub(crate) mod decide;
mod drive;
mod embedded;
mod home;
mod hosted;
mod inbound;
mod ledger;
mod lines;
mod load;
mod parallel;
mod quic;
mod reports;
mod summary;
mod survey;
mod target;

pub use args::{EngineChoice, JournalChoice, PayMode, ReplayArgs};
pub use summary::{GapAtMostBody, LatencyBody, Outcome, PresaleSummaryBody, ShortSkuBody, SummaryBody};
pub use target::{Answer, Final, Target};

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use stockade_core::time::Time;

use crate::disk;
use crate::failure::Failure;
use crate::terminal::progress_bar;
use drive::{Drive, ReplayClock};
use summary::Ending;
use survey::Survey;

/// Decides the whole file, and writes the lines and, where asked, the summary.
///
/// # Errors
/// When a file is wrong, or the engine or the disk refuses.
pub fn run(args: &ReplayArgs) -> Result<Outcome, Failure> {
    let survey = Survey::take(args)?;
    let begun = Instant::now();
    let mut clock =
        if args.realtime { ReplayClock::Wall } else { ReplayClock::Rows(survey.first_ts.unwrap_or_default()) };
    let now = clock.at(None);
    let target = start(args, now)?;
    let rules_version = load::load(target.as_ref(), &survey, now)?;
    target.settle()?;
    let load = begun.elapsed();

    let mut replay = Drive::new(args, target.as_ref(), &survey, rules_version, clock)?;
    let begun = Instant::now();
    drive_file(args, &survey, &mut replay)?;
    let now = replay.clock.at(None);
    let Drive { lines, mut ledger, tally, reports, inbound_reports, .. } = replay;
    lines.finish(target.as_ref())?;
    let elapsed = begun.elapsed();
    let differences = ledger.compare(target.as_ref(), now)?;
    let ending = Ending {
        reports: reports.count() + inbound_reports.count(),
        ahead: args.inbound.is_some().then(|| ledger.ahead()),
        load,
        elapsed,
        oversold: ledger.oversold(),
        differences,
        end: target.finish()?,
        currency: &survey.currency,
    };
    let summary = SummaryBody::new(&tally, ending);
    if let Some(path) = &args.summary {
        write_summary(path, &summary)?;
    }
    let notes = survey.notes.iter().cloned().chain(reports.lines()).chain(inbound_reports.lines()).collect();
    Ok(Outcome { summary, notes })
}

fn write_summary(path: &Path, summary: &SummaryBody) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(summary).map_err(Failure::failed)?;
    text.push('\n');
    disk::output(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", path.display())))
}

/// Starts the chosen engine, empty.
fn start(args: &ReplayArgs, now: Time) -> Result<Box<dyn Target>, Failure> {
    let home = home::Home::new(&args.journal)?;
    match args.engine {
        EngineChoice::Embedded => Ok(Box::new(embedded::Embedded::start(home, args.exact)?)),
        EngineChoice::Quic => Ok(Box::new(quic::Quic::start(home, now, args.exact)?)),
    }
}

fn drive_file(args: &ReplayArgs, survey: &Survey, replay: &mut Drive<'_>) -> Result<(), Failure> {
    let mut orders = survey.open_orders(args)?;
    let bar = progress_bar(survey.orders, "orders");
    if args.parallel > 1 {
        parallel::drive(replay, &mut orders, usize::from(args.parallel), |orders| bar.inc(orders))?;
    } else {
        while let Some(order) = orders.next_order()? {
            replay.step(&order)?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    replay.deliver_rest()
}
