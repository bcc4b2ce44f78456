//! The generated order day: a world, its stock and everything that happens, fixed by a seed.

mod cities;
mod day;
mod generator;

pub use cities::{CITIES, City};
pub use day::{Day, DayShape, StockOnHand};
pub use generator::{Action, Actions, Timed};
