//! The generated order day: a world, its stock and everything that happens, fixed by a seed; and the demonstration that
//! plays it against a server which is killed in the middle.

mod books;
mod check;
mod cities;
mod day;
mod generator;
mod house;
mod play;
mod show;

pub use books::Tally;
pub use check::Found;
pub use cities::{CITIES, City};
pub use day::{Day, DayShape, StockOnHand};
pub use generator::{Action, Actions, Timed};
pub use show::{Crash, Played, Show};
