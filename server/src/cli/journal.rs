//! `journal`: the history made anew from an emergency file, compared with one, and reports of what is missing in it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::config::SettingFlags;
use crate::failure::Failure;
use crate::print;
use crate::serve;
use crate::terminal::Output;

/// See [`run`].
#[derive(Debug, Args)]
pub struct JournalArgs {
    #[command(subcommand)]
    verb: JournalVerb,
}

#[derive(Debug, Subcommand)]
enum JournalVerb {
    /// Make a history that Redis or the disk lost for good anew from the emergency file. The server must not be running.
    Rebuild(RebuildArgs),
    /// List what an emergency file holds and the history does not, event by event. Changes nothing.
    Compare(CompareArgs),
    /// Take back what deposed servers report as missing in a history in Redis, once it has been dealt with.
    Settle(SettleArgs),
}

#[derive(Debug, Args)]
struct RebuildArgs {
    /// The emergency file [default: the one in the data folder].
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Debug, Args)]
struct CompareArgs {
    /// The emergency file [default: the one in the data folder].
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// How many events are listed at most.
    #[arg(long, default_value_t = 10_000)]
    limit: usize,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Debug, Args)]
struct SettleArgs {
    #[command(flatten)]
    settings: SettingFlags,
}

/// Works on the history next to or without a server.
pub fn run(args: JournalArgs, out: Output) -> Result<(), Failure> {
    match args.verb {
        JournalVerb::Rebuild(args) => {
            let config = args.settings.load_here()?;
            print::rebuilt(&serve::rebuild(&config, args.from.as_deref())?, out);
            Ok(())
        }
        JournalVerb::Compare(args) => {
            let config = args.settings.load_here()?;
            print::compared(&serve::compare(&config, args.from.as_deref(), args.limit)?, out);
            Ok(())
        }
        JournalVerb::Settle(args) => {
            let config = args.settings.load_here()?;
            print::settled(&serve::settle(&config)?, out);
            Ok(())
        }
    }
}
