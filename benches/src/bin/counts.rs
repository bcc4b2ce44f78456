//! Counts the instructions of operations on the hot path and compares them with the committed table.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use stockade_benches::counts::{Case, count};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Count the instructions of operations on the hot path and compare them with a table.
#[derive(Parser)]
struct Args {
    /// The table.
    #[arg(long, default_value = "benches/counts.toml")]
    table: PathBuf,
    /// The compiler that built this program, as the table is to name it.
    #[arg(long, default_value = "unknown")]
    toolchain: String,
    /// Write the table anew.
    #[arg(long)]
    update: bool,
    /// Only run one case, without counting.
    #[arg(long, value_name = "CASE")]
    run: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let told = match &args.run {
        Some(name) => run(name),
        None => count(&args.table, &args.toolchain, args.update),
    };
    match told {
        Ok(told) => {
            print!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str) -> Result<String, String> {
    let names: Vec<&str> = Case::ALL.iter().map(|case| case.name()).collect();
    let case = Case::ALL.into_iter().find(|case| case.name() == name);
    case.ok_or_else(|| format!("there is no case {name}; there are {}", names.join(", ")))?.run();
    Ok(String::new())
}
