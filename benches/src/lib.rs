//! Benchmarks and the load generator.

pub mod load;
