//! `journal rebuild`: the history made anew from an emergency file.

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
}

#[derive(Debug, Args)]
struct RebuildArgs {
    /// The emergency file [default: the one in the data folder].
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingFlags,
}

/// Works on the history while no server has it.
pub fn run(args: JournalArgs, out: Output) -> Result<(), Failure> {
    match args.verb {
        JournalVerb::Rebuild(args) => {
            let config = args.settings.load_here()?;
            print::rebuilt(&serve::rebuild(&config, args.from.as_deref())?, out);
            Ok(())
        }
    }
}
