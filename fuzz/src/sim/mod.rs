//! The seeded simulator: the engine and the reference model are given the same commands, and must agree on everything.
//!
//! A seed decides the world, every command and every instant. The workload chooses the outcome first (placed, refused for
//! one unit too many, late by a microsecond, cancelled after the scan) and builds a command that causes it from the
//! model's state, so that refusals are covered on purpose.

mod choice;
mod configure;
mod crowd;
mod history;
mod options;
mod orders;
mod rng;
mod run;
mod stock;
mod tally;
mod threads;
mod workload;
mod world;

pub use options::Options;
pub use rng::Rng;
pub use run::{Simulation, run_tape};
pub use tally::Tally;
pub use workload::Workload;
pub use world::Shape;

/// Runs a simulation to its end.
///
/// # Errors
/// Says at which step what went wrong, and how to see it again.
pub fn run(options: Options) -> Result<Tally, String> {
    if options.threads > 1 {
        return threads::run_threads(options);
    }
    let mut simulation = Simulation::new(options, Rng::new(options.seed));
    simulation.play().map_err(|(step, e)| format!("step {step} of `sim {options}`: {e}"))?;
    Ok(simulation.tally)
}
