//! Runs the simulator: `cargo run --release -p stockade-fuzz --bin sim -- --seed 1 --steps 10000`.

use std::process::ExitCode;

use stockade_fuzz::sim::{Options, run};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(e) => {
            eprintln!("{e}");
            return ExitCode::from(2);
        }
    };
    println!("sim {options}");
    match run(options) {
        Ok(tally) => {
            print!("{tally}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}
