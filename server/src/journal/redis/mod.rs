//! The history in Redis: one stream entry per batch, fenced by epoch and token. The only place that speaks to Redis.
//!
//! Every write goes through a function that compares epoch, token and last id before it writes, so that of two engines
//! that both believe they own a partition only one goes on, and a write whose answer was lost is recognised when it is
//! repeated. Batches that Redis acknowledged and forgot are written again from the ring.

mod check;
mod config;
mod journal;
mod link;
mod made;
mod partition;
mod reading;
mod safety;
mod stream;
mod successor;
mod unowned;
mod walk;

pub use config::RedisConfig;
pub use journal::RedisJournal;
pub use made::RedisMade;
pub use partition::{Inspect, new_partition_id};
pub use safety::Safety;
pub use successor::Notes;
