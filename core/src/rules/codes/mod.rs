//! Codes as files write them and the ids they stand for.

mod assignments;
mod dense;
mod distinct;
mod names;
mod scope;
mod zones;

pub use assignments::{Assignments, WorldCodes};
pub(crate) use dense::Dense;
pub(crate) use distinct::Distinct;
pub(crate) use names::Names;
pub(crate) use scope::Scope;
pub(crate) use zones::{ANY, EVERYWHERE, Zones, take_one_zone, take_zone};
