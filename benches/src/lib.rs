//! Benchmarks, the load generator and instruction counts.

pub mod counts;
pub mod load;
pub mod routing;
