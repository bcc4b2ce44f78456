//! The command line: one file per family of verbs.
//!
//! Exit codes are in [`Exit`](crate::failure::Exit). With `--json` results are JSON objects on standard output, one a
//! line, and a failure is one JSON object on standard error.

mod config;
mod init;
pub mod output;
mod token;
mod world;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::failure::{Exit, Failure};
use output::Output;

/// Stockade: stock promised once, orders routed well, nothing lost.
#[derive(Debug, Parser)]
#[command(name = "stockade", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 refused, nothing changed; 2 wrong flag, configuration or file; \
3 server unreachable or not available now; 4 outcome unknown, ask again with the same key; 5 failed here.";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a folder to run a server in: configuration, a small world, the first admin token.
    Init(init::InitArgs),
    /// The world: warehouses, carriers, channels, pools and rules.
    World(world::WorldArgs),
    /// The rules alone.
    Rules(world::RulesArgs),
    /// Access tokens.
    Token(token::TokenArgs),
    /// Check the configuration, or print every value with its origin.
    Config(config::ConfigArgs),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Reads a command line without running it: what the documentation shows is checked by this.
///
/// # Errors
/// What the command would print before it ends with exit code 2.
pub fn parse(words: &[String]) -> Result<(), String> {
    match Cli::try_parse_from(words) {
        Err(error) if error.use_stderr() => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let shown = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Nothing to do when even the help cannot be written.
            let _ = error.print();
            return ExitCode::from(if shown { 0 } else { Exit::Usage as u8 });
        }
    };
    let out = Output { json: cli.json };
    match dispatch(cli.verb, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure, out);
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn dispatch(verb: Verb, out: Output) -> Result<(), Failure> {
    match verb {
        Verb::Init(args) => init::run(args, out),
        Verb::World(args) => world::world(args, out),
        Verb::Rules(args) => world::rules(args, out),
        Verb::Token(args) => token::run(args, out),
        Verb::Config(args) => config::run(args, out),
    }
}

fn report(failure: &Failure, out: Output) {
    if out.json {
        eprintln!("{}", failure.to_json());
    } else {
        eprintln!("stockade: {failure}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
