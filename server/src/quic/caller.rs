//! Who is at the other end of a connection, and what is held for it.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use crate::auth::Identity;
use crate::service::{Memory, Share};

/// The caller at the other end of a connection, shared by its lanes.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) identity: Arc<Identity>,
    /// What all connections of the token have together.
    pub(super) share: Arc<Share>,
    pub(super) in_flight: AtomicUsize,
    pub(super) in_flight_max: usize,
    /// How long a frame may take from its first byte to its last.
    pub(super) frame_timeout: Duration,
    /// What frames and answers of the connection take.
    pub(super) memory: Memory,
}
