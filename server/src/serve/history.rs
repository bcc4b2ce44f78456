//! The journal the settings name, and the engine its history makes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stockade_core::engine::Engine;
use stockade_core::log::{Journal, JournalError, MemoryJournal};
use stockade_core::time::Time;
use stockade_core::units::counted;
use tracing::{info, warn};

use crate::config::{Config, JournalHome};
use crate::edge::Progress;
use crate::failure::{Exit, Failure};
use crate::faults;
use crate::journal::{
    Apart, Lease, Live, LocalJournal, LostEvents, Mark, MarkKeeper, Recovered, RedisConfig, RedisJournal, Safety,
    new_partition_id, read_emergency, recover as replay,
};

use super::beforehand::Beforehand;
use super::ids;
use super::terms::Terms;

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

/// What a person allows at one start and no other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Allowed {
    /// Take the history from a server whose heartbeat has not run out.
    pub take_over: bool,
    /// Serve a history in which exactly these acknowledged events are missing.
    pub lost_events: Option<LostEvents>,
}

/// Bytes of the latest history that a journal in memory keeps, for explanations.
const MEMORY_BYTES: usize = 64 * 1024 * 1024;

/// How long a start tries a call to Redis again while no answer comes.
const REDIS_PATIENCE: Duration = Duration::from_secs(10);

/// The id of the partition that is served from the folder.
pub(super) const PARTITION_FILE: &str = "partition.id";
const MARK_FILE: &str = "journal.mark";

/// The file for batches that exist only in memory when the journal does not take them.
pub(super) fn emergency_file(config: &Config) -> PathBuf {
    config.data_dir.join("emergency.stockade")
}

/// The mark that tells how far the journal was acknowledged.
pub fn mark_file(config: &Config) -> PathBuf {
    config.data_dir.join(MARK_FILE)
}

/// The partition that the settings name, for commands that do not own it.
///
/// # Errors
/// When history is not kept in Redis.
pub(super) fn partition(config: &Config) -> Result<RedisConfig, Failure> {
    match &config.journal {
        JournalHome::Redis { url, partition } => Ok(RedisConfig::new(url, partition.as_str(), "")),
        JournalHome::Memory | JournalHome::Local(_) => {
            Err(Failure::usage("the history is not in Redis: only servers that share one report what is missing in it"))
        }
    }
}

/// An engine with its whole history in it, and the journal that holds it.
pub(super) struct History {
    pub(super) engine: Arc<Engine>,
    pub(super) journal: Box<dyn Journal>,
    pub(super) lease: Arc<Lease>,
    /// How safely a Redis keeps it.
    pub(super) safety: Option<Arc<Safety>>,
    /// None for a journal that ends with the process.
    pub(super) mark: Option<MarkKeeper>,
    pub(super) replayed: Replayed,
    /// Where backups read it.
    pub(super) live: Live,
    /// What the start found missing or contradicting, one sentence each.
    pub(super) findings: Vec<String>,
}

/// An open journal, and its identity if it has one.
struct Open {
    journal: Box<dyn Journal>,
    lease: Arc<Lease>,
    safety: Option<Arc<Safety>>,
    identity: Option<String>,
    live: Live,
    terms: Terms,
}

/// Opens the journal, as the owner of this name if it has owners, replays it into an engine, checks every structure, and
/// compares the history with its mark.
pub(super) fn recover(config: &Config, owner: &str, allowed: Allowed, progress: &Progress) -> Result<History, Failure> {
    let mark_path = mark_file(config);
    let mark = Mark::read(&mark_path).map_err(|error| refused(&error))?;
    let Open { mut journal, lease, safety, identity, live, terms } = open(config, owner, allowed, mark)?;
    let engine = Arc::new(Engine::new());
    let begun = Instant::now();
    let mut last_time = Time::default();
    let emergency = emergency_file(config);
    let apart = Apart { emergency: Some(&emergency), marked: terms.marked() };
    let recovered = replay(&mut *journal, engine.log(), apart, |seq, envelope| {
        last_time = last_time.max(envelope.arrived);
        faults::delay();
        progress.replayed(envelope.arrived);
        engine.recover(seq, &envelope)
    })
    .map_err(|error| refused(&error))?;
    let mut findings = Vec::new();
    if recovered.set_aside > 0 {
        findings.push(format!(
            "what was never acknowledged as journaled contradicts this history and is set aside next to {}: {}",
            emergency.display(),
            counted(recovered.set_aside, "event")
        ));
    }
    let check = || {
        progress.checking();
        engine.check()
    };
    if let Some(lost) = terms.may_be_served(&recovered, check).map_err(|error| refused(&error))? {
        report_loss(lost, last_time);
        findings.push(format!(
            "events {lost} were acknowledged and are missing, as allowed at the start; their numbers are given out again"
        ));
    }
    let (events, restored) = (recovered.events, recovered.restored);
    let replayed = Replayed { events, restored, last_time, took: begun.elapsed(), digest: engine.digest() };
    let digest = format!("{:032x}", replayed.digest);
    let took_ms = replayed.took.as_millis() as u64;
    info!(events, restored, last = recovered.last.0, digest, took_ms, "the history is replayed and every check holds");
    let mark = identity.map(|identity| keep_mark(mark_path, identity, &recovered)).transpose()?;
    Ok(History { engine, journal, lease, safety, mark, replayed, live, findings })
}

/// Marks the history as it was recovered, and starts to mark what is acknowledged.
fn keep_mark(path: PathBuf, journal: String, recovered: &Recovered) -> Result<MarkKeeper, Failure> {
    let mark = Mark { journal, event: recovered.last, chain: recovered.chain };
    let place = path.display().to_string();
    MarkKeeper::start(path, mark)
        .map_err(|error| Failure::failed(format!("{place}: the mark cannot be written: {error}")))
}

/// Says what a history that was accepted without its end means to clients.
fn report_loss(lost: LostEvents, last_time: Time) {
    let LostEvents { first, last } = lost;
    warn!(
        first = first.0,
        last = last.0,
        "acknowledged events are lost, as allowed by --accept-lost-events. Their numbers and the ids of orders placed in them \
         are given out again. Every client must check what it was answered since {last_time}: send its orders, payments, \
         cancellations, steps and stock movements again with their keys, drop order ids that are not known any more, and \
         count the stock that moved"
    );
}

/// Creates the local journal if there is none. Answers its path and whether it was created, or `None` when the journal is
/// not on local disk.
///
/// # Errors
/// When the disk refuses, or the mark tells of a journal that is gone.
pub fn create_local(config: &Config) -> Result<Option<(PathBuf, bool)>, Failure> {
    let JournalHome::Local(path) = &config.journal else { return Ok(None) };
    if path.exists() {
        return Ok(Some((path.clone(), false)));
    }
    let mark = Mark::read(&mark_file(config)).map_err(|error| refused(&error))?;
    not_gone(path, mark.as_ref(), config)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Failure::failed(format!("{}: {error}", folder.display())))?;
    }
    LocalJournal::open(path).map_err(|error| refused(&error))?;
    Ok(Some((path.clone(), true)))
}

/// Refuses to begin a new journal where one was acknowledged.
fn not_gone(path: &Path, mark: Option<&Mark>, config: &Config) -> Result<(), Failure> {
    let Some(mark) = mark.filter(|mark| mark.event.0 > 0) else { return Ok(()) };
    Err(Failure::failed(format!(
        "there is no {}, and events up to {} were acknowledged in it: restore it from a backup; or, to begin a new history, \
         remove the mark {}",
        path.display(),
        mark.event,
        mark_file(config).display()
    )))
}

/// Creates the partition of a Redis journal and leaves its id in the data folder, where `serve` expects it. Doing it
/// again changes nothing. Answers the id, or `None` when the journal is not in Redis.
///
/// # Errors
/// When Redis cannot be reached or is unfit, or the partition exists with another id.
pub fn create_partition(config: &Config) -> Result<Option<String>, Failure> {
    let JournalHome::Redis { url, partition } = &config.journal else { return Ok(None) };
    let path = config.data_dir.join(PARTITION_FILE);
    let known = ids::read(&path)?;
    let id = match &known {
        Some(id) => id.clone(),
        None => new_partition_id().map_err(|error| refused(&error))?,
    };
    // Before Redis is told: if its answer is lost, the next try comes with the same id.
    ids::write(&path, &id)?;
    // Creating it takes no ownership.
    let redis = RedisConfig { id: Some(id), ..RedisConfig::new(url, partition.as_str(), "") };
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

/// Opens the journal, once everything that would be refused afterwards is known to hold.
fn open(config: &Config, owner: &str, allowed: Allowed, mark: Option<Mark>) -> Result<Open, Failure> {
    let lost = allowed.lost_events;
    let terms = |mark, identity| Terms::new(mark_file(config), mark, identity, lost).map_err(|error| refused(&error));
    match &config.journal {
        JournalHome::Memory => Ok(Open {
            journal: Box::new(MemoryJournal::recent(MEMORY_BYTES)),
            lease: Arc::new(Lease::unlimited()),
            safety: None,
            identity: None,
            live: Live::Memory,
            terms: terms(mark, None)?,
        }),
        JournalHome::Local(path) => {
            if !path.exists() {
                not_gone(path, mark.as_ref(), config)?;
            }
            if !path.exists() && !config.dev {
                return Err(Failure::usage(format!(
                    "there is no journal {}: `stockade init` creates it; if there was one, restore it from a backup",
                    path.display()
                )));
            }
            let journal = LocalJournal::open(path).map_err(|error| refused(&error))?;
            let (lease, identity) = (Arc::new(Lease::unlimited()), journal.identity());
            let terms = terms(mark, Some(&identity))?;
            let history = journal.history();
            let live = history.map_or(Live::Memory, |history| Live::Local { identity: identity.clone(), history });
            Ok(Open { journal: Box::new(journal), lease, safety: None, identity: Some(identity), live, terms })
        }
        JournalHome::Redis { url, partition } => {
            let id = ids::read(&config.data_dir.join(PARTITION_FILE))?;
            if id.is_none() && !config.dev {
                let place = config.data_dir.join(PARTITION_FILE);
                return Err(Failure::usage(format!(
                    "there is no {}: `stockade init` creates the history in Redis and leaves its id there; to serve one \
                     that exists, copy that file from the server that created it",
                    place.display()
                )));
            }
            let terms = terms(mark, id.as_deref())?;
            let take_over = allowed.take_over;
            let redis = RedisConfig {
                id,
                take_over,
                wait: true,
                patience: REDIS_PATIENCE,
                create: config.dev,
                ..RedisConfig::new(url, partition.as_str(), owner)
            };
            open_redis(config, redis, terms)
        }
    }
}

/// Opens the partition. From another server it is taken only if its history may be served here.
fn open_redis(config: &Config, redis: RedisConfig, terms: Terms) -> Result<Open, Failure> {
    let path = emergency_file(config);
    let file = path.exists().then(|| read_emergency(&path)).transpose().map_err(|error| refused(&error))?;
    let mut beforehand = Beforehand::new(&terms, file.as_ref().map(|file| (path.as_path(), file)));
    let journal = RedisJournal::open_inspected(redis.clone(), Some(&mut beforehand))
        .map_err(|error| lost(config, &redis).unwrap_or_else(|| refused(&error)))?;
    // The replay needs the memory.
    drop(beforehand);
    for warning in journal.warnings() {
        warn!("Redis: {warning}");
    }
    let (lease, safety) = (journal.lease(), Some(journal.safety()));
    // Of a trial, the folder may know no id.
    let live = Live::Redis { identity: journal.identity(), redis: partition(config)? };
    Ok(Open { journal: Box::new(journal), lease, safety, identity: redis.id, live, terms })
}

/// The refusal of a start whose partition is gone while there is an emergency file.
fn lost(config: &Config, redis: &RedisConfig) -> Option<Failure> {
    let file = emergency_file(config);
    if !file.exists() || RedisJournal::exists(redis).ok()? {
        return None;
    }
    Some(Failure::failed(format!(
        "Redis has no partition `{}` any more, and {} holds what the server had in memory when it ended: restore Redis from its \
         newest backup and start again, or, without a backup, make the history anew with `stockade journal rebuild`",
        redis.partition,
        file.display()
    )))
}

pub(super) fn refused(error: &JournalError) -> Failure {
    let away = matches!(error, JournalError::Unavailable { .. });
    let exit = if away { Exit::Unavailable } else { Exit::Failed };
    Failure { exit, ..Failure::failed(error) }
}
