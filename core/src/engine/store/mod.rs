//! What the engine holds: shards behind the lock door, catalog, world in force, prices of stock and log. Nothing here
//! decides anything.
//!
//! ```text
//!   Engine ─┬─ door: orders ──► customers ──► stock, each behind locks    (tiers: what stands behind them)
//!           ├─ counters: reactions that are due, SKUs that expect goods, lists of orders
//!           ├─ world in force, and where earlier rules came from          (past)
//!           ├─ prices of stock: table, sample, receipts                   (prices, trainer, receipts)
//!           └─ log
//! ```

mod door;
mod engine;
mod expecting;
mod held;
mod past;
mod prices;
mod reactions;
mod receipts;
mod tiers;
mod trainer;

pub(in crate::engine) use held::assert_no_locks_held;
pub(in crate::engine) use reactions::Reaction;
pub(in crate::engine) use receipts::{LastReceipt, Receipts};
pub(in crate::engine) use tiers::EngineLocked;
pub(in crate::engine) use trainer::Trainer;

pub(in crate::engine) use door::{Door, Locked, Shard, Shards, Tiers};
pub use engine::Engine;
