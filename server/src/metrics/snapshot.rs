//! What metrics read off others at the moment somebody asks.

use stockade_core::engine::Engine;

use crate::clock::Standing;
use crate::journal::JournalStatus;
use crate::service::Counted;

/// A moment's state of what is not counted by metrics themselves.
#[derive(Debug)]
pub struct Snapshot<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// What went through the service.
    pub service: Counted,
    /// How engine time stands to the wall clock.
    pub clock: Standing,
    /// How the journal stands.
    pub journal: &'a JournalStatus,
    /// QUIC connections.
    pub connections: u32,
    /// Lines of the log that were not written.
    pub log_lines_dropped: u64,
}
