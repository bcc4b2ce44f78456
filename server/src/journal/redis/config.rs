//! The place of a partition, and how its ownership is held.

use std::time::Duration;

use stockade_core::limits::RING_BYTES;

/// The place of a partition, and the identity of this server.
#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port[/db]`.
    pub url: String,
    /// The partition's name, part of its keys: `stockade:{name}:wal` and `stockade:{name}:own`.
    pub partition: String,
    /// The partition's id, given when it was created; without one, whatever id the partition has is taken.
    pub id: Option<String>,
    /// Identity of this server: the same after a restart, different on every other server.
    pub owner: String,
    /// Take the partition from an owner whose heartbeat has not run out.
    pub take_over: bool,
    /// Wait until the heartbeat of another owner has run out, instead of refusing at once. One that is renewed meanwhile
    /// is a living owner, and refused.
    pub wait: bool,
    /// Create the partition when it is missing: for development only.
    pub create: bool,
    /// How long to wait for a connection or an answer.
    pub timeout: Duration,
    /// How long the opening and the replay send a call again while no answer comes to it; zero to give up at once.
    pub patience: Duration,
    /// How long ownership lasts without a heartbeat.
    pub hold: Duration,
    /// Bytes of journaled batches to keep in memory.
    pub ring_bytes: usize,
}

impl RedisConfig {
    /// The usual settings: 2 s for an answer, no second try, 10 s of ownership, 256 MiB of ring, no creation, no take-over, no waiting.
    pub fn new(url: impl Into<String>, partition: impl Into<String>, owner: impl Into<String>) -> RedisConfig {
        RedisConfig {
            url: url.into(),
            partition: partition.into(),
            id: None,
            owner: owner.into(),
            take_over: false,
            wait: false,
            create: false,
            timeout: Duration::from_secs(2),
            patience: Duration::ZERO,
            hold: Duration::from_secs(10),
            ring_bytes: RING_BYTES,
        }
    }
}
