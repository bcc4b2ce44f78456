//! What the handlers work with.

use std::sync::Arc;

use stockade_core::engine::Engine;
use tokio::sync::Semaphore;

use crate::journal::{JournalStatus, Live};
use crate::metrics::Metrics;
use crate::service::{Follow, Service};

/// What the handlers work with.
pub struct Http {
    /// What decides and answers.
    pub service: Arc<Service>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The engine, to read its progress.
    pub engine: Arc<Engine>,
    /// How the journal stands.
    pub journal: Box<dyn Fn() -> JournalStatus + Send + Sync>,
    /// How many QUIC connections there are.
    pub connections: Box<dyn Fn() -> u32 + Send + Sync>,
    /// One sentence for each part of the server that ended by itself and that orders depend on.
    pub failures: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    /// One sentence for each acknowledged part of the history that is known to be missing, or that contradicts it.
    pub findings: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    /// Lets engine time follow the wall clock.
    pub follow: Arc<Follow>,
    /// Backups that are sent.
    pub backups: Backups,
}

/// Backups of the history, sent one at a time.
pub struct Backups {
    /// Where they read it.
    pub(super) live: Live,
    /// Held by whoever takes one.
    pub(super) turn: Arc<Semaphore>,
}

impl Backups {
    /// Backups of this history.
    pub fn of(live: Live) -> Backups {
        Backups { live, turn: Arc::new(Semaphore::new(1)) }
    }
}
