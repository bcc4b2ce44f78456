//! Inventions fixed by a seed: draws, places, tariffs, and the world file made of them.
//!
//! The same seed gives the same bytes, on every machine and in every later version: nothing here depends on a random
//! number library.

mod draw;
mod geo;
mod share;
mod tariff;
mod world;

pub use draw::{Draw, Zipf};
pub use geo::Place;
pub use share::spread;
pub use tariff::{ECONOMY, EXPRESS, PREMIUM, Tariff};
pub use world::{InventedChannel, InventedWarehouse, InventedWorld};
