//! Attacks on a server of its own: what one caller, or a stranger, costs all the others.

use std::process::ExitCode;

use clap::Parser;
use stockade_benches::attack::{Options, run};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(report) => {
            println!("{report}");
            if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("attack: {error}");
            ExitCode::FAILURE
        }
    }
}
