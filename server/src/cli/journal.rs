//! `journal`: the history looked over, verified and exported; made anew from an emergency file, compared with one; and reports
//! of what is missing in it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::config::SettingFlags;
use crate::failure::Failure;
use crate::print;
use crate::serve::{self, Depth, Source, Survey};
use crate::terminal::Output;

/// See [`run`].
#[derive(Debug, Args)]
pub struct JournalArgs {
    #[command(subcommand)]
    verb: JournalVerb,
}

#[derive(Debug, Subcommand)]
enum JournalVerb {
    /// Show what the history is: identity, formats, events, times, the hash it ends with. Changes nothing.
    Inspect(ReadArgs),
    /// Check every batch and every event of the history. Changes nothing.
    Verify(VerifyArgs),
    /// Write every event of the history as a line of JSON on standard output. Changes nothing.
    Export(ReadArgs),
    /// Make a history that Redis or the disk lost for good anew from the emergency file. The server must not be running.
    Rebuild(RebuildArgs),
    /// List what an emergency file holds and the history does not, event by event. Changes nothing.
    Compare(CompareArgs),
    /// Take back what deposed servers report as missing in a history in Redis, once it has been dealt with.
    Settle(SettleArgs),
}

#[derive(Debug, Args)]
struct ReadArgs {
    /// A backup to read instead of the history that the settings name.
    #[arg(long, value_name = "BACKUP")]
    from: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// Carry out every event on an engine as well, and check that.
    #[arg(long)]
    replay: bool,
    #[command(flatten)]
    read: ReadArgs,
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
        JournalVerb::Inspect(args) => {
            print::inspected(&args.survey(Depth::Batches)?, out);
            Ok(())
        }
        JournalVerb::Verify(args) => {
            let depth = if args.replay { Depth::Replay } else { Depth::Events };
            print::verified(&args.read.survey(depth)?, out);
            Ok(())
        }
        JournalVerb::Export(args) => serve::export(&args.source()?, &mut |line| out.object(line)),
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

impl ReadArgs {
    fn survey(&self, depth: Depth) -> Result<Survey, Failure> {
        match &self.from {
            Some(backup) => serve::survey(&Source::Backup(backup.clone()), depth, None),
            None => {
                let config = self.settings.load_here()?;
                serve::survey(&Source::of(&config)?, depth, Some(&serve::mark_file(&config)))
            }
        }
    }

    fn source(&self) -> Result<Source, Failure> {
        match &self.from {
            Some(backup) => Ok(Source::Backup(backup.clone())),
            None => Source::of(&self.settings.load_here()?),
        }
    }
}
