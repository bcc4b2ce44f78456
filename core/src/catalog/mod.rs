//! Codes and ids: which SKUs there are, and the world and rules in force.
//!
//! What stands here may be read without locks at any time; it changes only in commits that hold every key shard, and
//! becomes visible only once its event has a sequence.

mod config;
#[cfg(all(test, stockade_loom))]
mod loom_tests;
mod skus;

pub use config::{Codes, Config};
pub use skus::{Sku, Skus};
