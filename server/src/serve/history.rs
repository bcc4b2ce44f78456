//! The journal the settings name, and the engine its history makes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stockade_core::engine::Engine;
use stockade_core::log::{Journal, JournalError, MemoryJournal};
use stockade_core::time::Time;
use tracing::{info, warn};

use crate::config::{Config, JournalHome};
use crate::disk::{self, Access};
use crate::edge::Progress;
use crate::failure::{Exit, Failure};
use crate::faults;
use crate::journal::{LocalJournal, RedisConfig, RedisJournal, Safety, new_partition_id, recover as replay};

/// The result of the recovery at the start.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Events applied.
    pub events: u64,
    /// Events among them that came from an emergency file.
    pub restored: u64,
    /// When the last one was decided.
    pub last_time: Time,
    /// How long it took.
    pub took: Duration,
    /// Digest of the state it led to.
    pub digest: u128,
}

/// Bytes of the latest history that a journal in memory keeps, for explanations.
const MEMORY_BYTES: usize = 64 * 1024 * 1024;

const PARTITION_FILE: &str = "partition.id";
const OWNER_FILE: &str = "owner.id";

/// The file for batches that exist only in memory when the journal does not take them.
pub(super) fn emergency_file(config: &Config) -> PathBuf {
    config.data_dir.join("emergency.stockade")
}

/// An engine with its whole history in it, and the journal that holds it.
pub(super) struct History {
    pub(super) engine: Arc<Engine>,
    pub(super) journal: Box<dyn Journal>,
    /// How safely a Redis keeps it.
    pub(super) safety: Option<Arc<Safety>>,
    pub(super) replayed: Replayed,
}

/// Opens the journal, replays it into an engine, and checks every structure.
pub(super) fn recover(config: &Config, take_over: bool, progress: &Progress) -> Result<History, Failure> {
    let (mut journal, safety) = open(config, take_over)?;
    let engine = Arc::new(Engine::new());
    let begun = Instant::now();
    let mut last_time = Time::default();
    let recovered = replay(&mut *journal, engine.log(), Some(&emergency_file(config)), |seq, envelope| {
        last_time = last_time.max(envelope.arrived);
        faults::delay();
        progress.replayed(envelope.arrived);
        engine.recover(seq, &envelope)
    })
    .map_err(|error| refused(&error))?;
    progress.checking();
    engine.check().map_err(|broken| {
        let broken = broken.join("; ");
        Failure::failed(format!("the history leads to a state that contradicts itself, so it is not served: {broken}"))
    })?;
    let (events, restored) = (recovered.events, recovered.restored);
    let replayed = Replayed { events, restored, last_time, took: begun.elapsed(), digest: engine.digest() };
    let digest = format!("{:032x}", replayed.digest);
    let took_ms = replayed.took.as_millis() as u64;
    info!(events, restored, last = recovered.last.0, digest, took_ms, "the history is replayed and every check holds");
    Ok(History { engine, journal, safety, replayed })
}

/// Creates the partition of a Redis journal and leaves its id in the data folder, where `serve` expects it. Doing it
/// again changes nothing. Answers the id, or `None` when the journal is not in Redis.
///
/// # Errors
/// When Redis cannot be reached or is unfit, or the partition exists with another id.
pub fn create_partition(config: &Config) -> Result<Option<String>, Failure> {
    let JournalHome::Redis { url, partition } = &config.journal else { return Ok(None) };
    let path = config.data_dir.join(PARTITION_FILE);
    let known = read(&path)?;
    let id = match &known {
        Some(id) => id.clone(),
        None => new_partition_id().map_err(|error| refused(&error))?,
    };
    // Before Redis is told: if its answer is lost, the next try comes with the same id.
    write(&path, &id)?;
    let owner = owner(&config.data_dir)?;
    let redis = RedisConfig { id: Some(id), ..RedisConfig::new(url, partition.as_str(), owner) };
    match RedisJournal::init(&redis) {
        Ok(id) => Ok(Some(id)),
        Err(error) => {
            if known.is_none() && matches!(error, JournalError::Refused { .. }) {
                // Nothing has this id.
                let _ = std::fs::remove_file(&path);
            }
            Err(refused(&error))
        }
    }
}

/// A journal, and how safely a Redis keeps it.
type Opened = (Box<dyn Journal>, Option<Arc<Safety>>);

fn open(config: &Config, take_over: bool) -> Result<Opened, Failure> {
    match &config.journal {
        JournalHome::Memory => Ok((Box::new(MemoryJournal::recent(MEMORY_BYTES)), None)),
        JournalHome::Local(path) => Ok((Box::new(LocalJournal::open(path).map_err(|error| refused(&error))?), None)),
        JournalHome::Redis { url, partition } => {
            let id = read(&config.data_dir.join(PARTITION_FILE))?;
            if id.is_none() && !config.dev {
                let place = config.data_dir.join(PARTITION_FILE);
                return Err(Failure::usage(format!(
                    "there is no {}: `stockade init` creates the history in Redis and leaves its id there; to serve one \
                     that exists, copy that file from the server that created it",
                    place.display()
                )));
            }
            let owner = owner(&config.data_dir)?;
            let redis =
                RedisConfig { id, take_over, create: config.dev, ..RedisConfig::new(url, partition.as_str(), owner) };
            let journal = RedisJournal::open(redis).map_err(|error| refused(&error))?;
            for warning in journal.warnings() {
                warn!("Redis: {warning}");
            }
            let safety = journal.safety();
            Ok((Box::new(journal), Some(safety)))
        }
    }
}

fn refused(error: &JournalError) -> Failure {
    let away = matches!(error, JournalError::Unavailable { .. });
    let exit = if away { Exit::Unavailable } else { Exit::Failed };
    Failure { exit, ..Failure::failed(error) }
}

/// Identity of this server at Redis: the same after a restart, so that it need not wait for its own ownership to run
/// out.
fn owner(data_dir: &Path) -> Result<String, Failure> {
    let path = data_dir.join(OWNER_FILE);
    if let Some(id) = read(&path)? {
        return Ok(id);
    }
    let id = new_partition_id().map_err(|error| refused(&error))?;
    write(&path, &id)?;
    Ok(id)
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::failed(format!("{}: {error}", path.display()))),
    }
}

fn write(path: &Path, id: &str) -> Result<(), Failure> {
    disk::replace(path, format!("{id}\n").as_bytes(), Access::Private)
        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}
