//! `restore`: a new history made of a backup.

use std::path::PathBuf;

use clap::Args;
use stockade_core::ids::Seq;
use stockade_core::time::Time;

use super::config::SettingFlags;
use crate::failure::Failure;
use crate::print;
use crate::serve::{self, Restore, Until};
use crate::terminal::Output;
use crate::times::parse_time;

/// See [`run`].
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "SOURCE")]
    from: PathBuf,
    /// The folder of a server, or redis://host:port/db [default: where the settings keep history].
    #[arg(value_name = "DIR|URL")]
    to: Option<String>,
    /// The last event.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "to_time")]
    to_seq: Option<u64>,
    /// End before the first event that was decided later, engine time, like 2026-11-11T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    to_time: Option<Time>,
    /// Carry out every event on an engine, and check that, before the history is in its place.
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    settings: SettingFlags,
}

/// Makes a history with an identity of its own; touches none that is there.
pub fn run(args: &RestoreArgs, out: Output) -> Result<(), Failure> {
    let config = match &args.to {
        Some(place) => args.settings.at(place)?.load()?,
        None => args.settings.load_here()?,
    };
    let until = match (args.to_seq, args.to_time) {
        (Some(seq), _) => Until::Event(Seq(seq)),
        (None, Some(time)) => Until::Time(time),
        (None, None) => Until::End,
    };
    let restored = serve::restore(&config, Restore { from: &args.from, until, verify: args.verify })?;
    print::restored(&restored, out);
    Ok(())
}
