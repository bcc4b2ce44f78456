//! What proves the engine: a reference model that is plain enough to be believed, a seeded simulator that drives the
//! engine and the model with the same commands, and the entry points of the fuzz targets.
//!
//! Nothing here shares code with what it checks but the vocabulary (ids, units, money, time, commands, events).

pub mod entry;
pub mod floor;
pub mod model;
pub mod sim;
