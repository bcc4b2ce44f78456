//! The stock ledger: double-entry buckets per SKU and warehouse, sharded by SKU. Knows nothing of orders.

mod bucket;

pub use bucket::{Bucket, Outside};
