//! The load generator: places orders as fast as possible and reports throughput and latency.

use std::process::ExitCode;

use clap::Parser;
use stockade_benches::load::{Load, expire, live, run};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let load = Load::parse();
    let told = match load.expire {
        Some(rate) => {
            expire(&load, rate).map(|late| if load.json { late.to_json().to_string() } else { late.to_string() })
        }
        None if load.life => {
            live(&load).map(|lives| if load.json { lives.to_json().to_string() } else { lives.to_string() })
        }
        None => run(&load).map(|report| if load.json { report.to_json().to_string() } else { report.to_string() }),
    };
    match told {
        Ok(told) => println!("{told}"),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
