//! The stock ledger: double-entry buckets per SKU and warehouse, sharded by SKU. Knows nothing of orders.

mod availability;
mod bucket;
mod cell;
mod handover;
mod history;
mod inbound;
mod movement;
mod shard;

pub use crate::limits::HANDED_MAX;
pub use availability::{draw, drawable, granted, made_up, movable};
pub use bucket::{Bucket, Outside};
pub use cell::{Cell, Crossed, PoolStock};
pub use handover::{Due, Handover};
pub use inbound::{ExpectedReceipt, Inbound, Promisable, Promise};
pub(crate) use movement::{InOnePiece, put_moves};
pub use movement::{Move, Overdrawn};
pub use shard::{SkuStock, StockShard};
