//! A history that its home lost for good, made anew from the emergency file.

use std::path::{Path, PathBuf};

use stockade_core::engine::Engine;
use stockade_core::ids::Seq;
use stockade_core::log::{Batch, Journal, SealedBatch, decode_envelope};

use super::folder::Folder;
use super::history::{self, emergency_file};
use crate::config::{Config, JournalHome};
use crate::failure::Failure;
use crate::journal::{EmergencyFile, LocalJournal, Mark, RedisConfig, RedisJournal};

/// A history that was made anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rebuilt {
    /// The file it was made from.
    pub from: PathBuf,
    /// The name that file has now.
    pub renamed: PathBuf,
    /// The last event.
    pub last: Seq,
    /// The last event that had been acknowledged as journaled.
    pub journaled: Seq,
    /// The digest of the state it leads to.
    pub digest: u128,
}

/// Makes the history anew where the settings have it, from a file that holds all of it. Every event is carried out on an
/// engine first, and nothing is written unless the state stands every check. When this is interrupted, `serve` goes on
/// with the same file.
///
/// # Errors
/// When the file does not begin with the first event, when there is a history already, and when the home of the history
/// cannot be reached.
pub fn rebuild(config: &Config, from: Option<&Path>) -> Result<Rebuilt, Failure> {
    let folder = Folder::take(&config.data_dir)?;
    let from = from.map_or_else(|| emergency_file(config), Path::to_owned);
    let file = EmergencyFile::read(&from).map_err(Failure::failed)?;
    whole(&from, &file.batches)?;
    let last = file.batches.last().map_or(Seq(0), |batch| batch.last);
    let mark = history::mark_file(config);
    if let Some(marked) = Mark::read(&mark).map_err(|error| history::refused(&error))?.filter(|mark| mark.event > last)
    {
        return Err(Failure::failed(format!(
            "{} ends with event {last}, and events up to {} were acknowledged (mark {}): look for a newer file or backup; only \
             if there is none, move the mark away and start again",
            from.display(),
            marked.event,
            mark.display()
        )));
    }
    let digest = carried_out(&from, &file.batches)?;
    let mut journal = create(config, &folder)?;
    for batch in &file.batches {
        journal.append(batch).map_err(|error| history::refused(&error))?;
    }
    journal.close().map_err(|error| history::refused(&error))?;
    let renamed = from.with_extension("restored");
    std::fs::rename(&from, &renamed).map_err(|error| {
        Failure::failed(format!("the history is there, but {} cannot be renamed: {error}", from.display()))
    })?;
    Ok(Rebuilt { from, renamed, last, journaled: file.journaled, digest })
}

/// Refuses a file in which the beginning of the history is missing.
fn whole(from: &Path, batches: &[SealedBatch]) -> Result<(), Failure> {
    match batches.first() {
        Some(first) if first.first == Seq(1) => Ok(()),
        Some(first) => Err(Failure::failed(format!(
            "{} begins with event {}, so the history cannot be made from it alone: restore the newest backup that reaches \
             at least to event {}, and start the server, which takes in the file",
            from.display(),
            first.first,
            first.first.0 - 1
        ))),
        None => Err(Failure::failed(format!("{} holds no event", from.display()))),
    }
}

/// Carries out all events on an engine of its own, and answers the digest of its state.
fn carried_out(from: &Path, batches: &[SealedBatch]) -> Result<u128, Failure> {
    let refused = |why: &dyn std::fmt::Display| Failure::failed(format!("{}: {why}", from.display()));
    let engine = Engine::new();
    for sealed in batches {
        let batch = Batch::decode(&sealed.bytes).map_err(|error| refused(&error))?;
        for (seq, event) in batch.events() {
            let envelope = decode_envelope(event).map_err(|error| refused(&error))?;
            engine.recover(seq, &envelope).map_err(|error| refused(&error))?;
        }
    }
    engine.check().map_err(|broken| refused(&broken.join("; ")))?;
    Ok(engine.digest())
}

/// An empty history where the settings have it.
fn create(config: &Config, folder: &Folder) -> Result<Box<dyn Journal>, Failure> {
    let exists = |place: &dyn std::fmt::Display| {
        Failure::failed(format!(
            "{place} holds a history, and nothing was changed: start the server, which takes in the emergency file if that \
             continues it; a damaged history has to be moved away first"
        ))
    };
    match &config.journal {
        JournalHome::Memory => Err(Failure::usage("the journal is in memory, where nothing can be made anew")),
        JournalHome::Local(path) => {
            if path.exists() {
                return Err(exists(&path.display()));
            }
            // The new file has another identity than the one that the mark knows.
            let mark = history::mark_file(config);
            if mark.exists() {
                std::fs::remove_file(&mark).map_err(|error| Failure::failed(format!("{}: {error}", mark.display())))?;
            }
            Ok(Box::new(LocalJournal::open(path).map_err(|error| history::refused(&error))?))
        }
        JournalHome::Redis { url, partition } => {
            let redis = RedisConfig::new(url, partition.as_str(), folder.owner()?);
            if RedisJournal::exists(&redis).map_err(|error| history::refused(&error))? {
                return Err(exists(&format!("partition `{partition}` in Redis")));
            }
            let id = history::create_partition(config)?;
            let mut journal =
                RedisJournal::open(RedisConfig { id, ..redis }).map_err(|error| history::refused(&error))?;
            // An opening is followed by a replay, of nothing here.
            journal.replay(&mut |_| Ok(())).map_err(|error| history::refused(&error))?;
            Ok(Box::new(journal))
        }
    }
}
