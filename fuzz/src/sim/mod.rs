//! The seeded simulator: the engine and the reference model are given the same commands, and must agree on everything.
//!
//! A seed decides the world, every command and every instant. Commands are made outcome first: the workload decides what
//! should come of a command — placed, refused for one unit too many, late by a microsecond, cancelled after the scan —
//! and builds the command that brings it about from the model's state, so that refusals are met on purpose.

mod options;
mod orders;
mod rng;
mod run;
mod stock;
mod threads;
mod workload;
mod world;

pub use options::Options;
pub use rng::Rng;
pub use run::{Simulation, Tally, run, run_tape};
pub use workload::Workload;
pub use world::Shape;
