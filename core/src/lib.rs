//! The stock and routing engine of Stockade.

pub mod catalog;
pub mod command;
pub mod engine;
pub mod event;
pub mod explain;
pub mod ids;
pub mod limits;
pub mod log;
pub mod money;
mod numbers;
pub mod orders;
pub mod prices;
pub mod reject;
pub mod reply;
pub mod routing;
pub mod rules;
pub mod stock;
pub(crate) mod sync;
pub mod time;
pub mod units;
pub mod wire;
