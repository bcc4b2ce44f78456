//! Benchmarks and the load generator.

pub mod load;
pub mod routing;
