//! The stock and routing engine of Stockade.

mod actor;
pub(crate) mod catalog;
mod codec;
pub mod decision;
mod durability;
pub mod engine;
pub(crate) mod explain;
pub mod ids;
pub mod limits;
pub mod log;
pub mod money;
mod numbers;
pub mod orders;
pub mod prices;
pub mod routing;
pub mod rules;
pub mod stock;
pub(crate) mod sync;
pub mod time;
pub mod units;
pub mod vocabulary;
pub mod wire;

pub use actor::Actor;
pub use durability::Durability;
pub use vocabulary::{command, event, query, reject, reply};
