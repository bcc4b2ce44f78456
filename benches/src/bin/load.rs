//! Places orders as fast as they go and reports how fast that was.

use std::process::ExitCode;

use clap::Parser;
use stockade_benches::load::{Load, run};

fn main() -> ExitCode {
    let load = Load::parse();
    match run(&load) {
        Ok(report) if load.json => println!("{}", report.to_json()),
        Ok(report) => println!("{report}"),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
