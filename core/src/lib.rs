//! The stock and routing engine of Stockade.

pub mod command;
pub mod event;
pub mod ids;
pub mod limits;
pub mod log;
pub mod money;
pub mod reject;
pub mod reply;
pub mod routing;
pub mod rules;
pub mod stock;
pub(crate) mod sync;
pub mod time;
pub mod units;
pub mod wire;
