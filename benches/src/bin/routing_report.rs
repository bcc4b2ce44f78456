//! Prints the distance of routing from the optimum: see [`stockade_benches::routing`].

use clap::Parser;
use stockade_benches::routing::Report;

fn main() -> std::process::ExitCode {
    match Report::parse().run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            std::process::ExitCode::FAILURE
        }
    }
}
