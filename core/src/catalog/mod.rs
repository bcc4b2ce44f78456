//! Codes and ids: which SKUs exist, and the world and rules in force.
//!
//! Everything here can be read at any time without locks. It changes only while no other commit is under way, and a
//! change becomes visible only once its event has a sequence.

mod config;
#[cfg(all(test, stockade_loom))]
mod loom_tests;
mod prepare;
mod skus;

pub use config::{Codes, Config};
pub use prepare::Prepared;
pub use skus::Skus;
