//! Benchmarks, the load generator, attacks and instruction counts.

pub mod attack;
pub mod counts;
pub mod load;
pub mod routing;
