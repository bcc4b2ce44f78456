//! Bounds: what is at one is taken, what is past it is refused in words before anything happens, and nothing halts.

mod elsewhere;
mod extremes;
mod huge;
mod page;
mod requests;
#[path = "../wire/samples.rs"]
mod samples;
mod shop;
mod sums;
#[path = "../support/mod.rs"]
mod support;
