//! A history read where it is, without owning or changing it: in its home, or in a backup.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use stockade_core::log::{Batch, JournalError};

use super::history::{partition, refused};
use crate::config::{Config, JournalHome};
use crate::failure::Failure;
use crate::journal::{BackupError, BackupReader, LocalJournal, RedisConfig, RedisJournal, Trail, VisitBatch};

/// Takes a batch that is whole and follows the one before, and its bytes.
pub(super) type VisitWhole<'a> = dyn FnMut(&[u8], &Batch<'_>) -> Result<(), JournalError> + 'a;

/// Where a history is read.
#[derive(Clone, Debug)]
pub enum Source {
    /// In a file of this machine that no server has open.
    Local(PathBuf),
    /// In Redis; its owner may go on writing.
    Redis(RedisConfig),
    /// In a backup.
    Backup(PathBuf),
}

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    /// The identity of the history; of a backup, that of the history it was taken of. A file of an earlier build may have
    /// none yet.
    pub(super) identity: Option<String>,
    /// Where it ends.
    pub(super) trail: Trail,
}

impl Source {
    /// The history that the settings name.
    ///
    /// # Errors
    /// When it is in memory.
    pub fn of(config: &Config) -> Result<Source, Failure> {
        match &config.journal {
            JournalHome::Memory => {
                Err(Failure::usage("the journal is in memory, where only the server that has it can read it"))
            }
            JournalHome::Local(path) => Ok(Source::Local(path.clone())),
            JournalHome::Redis { .. } => Ok(Source::Redis(partition(config)?)),
        }
    }

    /// The place, for messages. Without credentials.
    pub fn place(&self) -> String {
        match self {
            Source::Local(path) | Source::Backup(path) => path.display().to_string(),
            Source::Redis(redis) => format!("partition `{}` in Redis", redis.partition),
        }
    }

    /// The identity of the history.
    pub(super) fn identity(&self) -> Result<String, Failure> {
        let found = match self {
            Source::Local(path) => read_identity(path)?,
            Source::Redis(redis) => RedisJournal::read_identity(redis).map_err(|error| refused(&error))?,
            Source::Backup(path) => Some(open_backup(path)?.identity().to_owned()),
        };
        found.ok_or_else(|| {
            let place = self.place();
            Failure::failed(format!(
                "{place} is not there, or has no identity yet: a server that opens it gives it one"
            ))
        })
    }

    /// Shows every batch in order, checked as a whole and against the one before.
    pub(super) fn read(&self, visit: &mut VisitWhole<'_>) -> Result<Seen, Failure> {
        let mut trail = Trail::default();
        let mut follow = |bytes: &[u8]| {
            let batch = trail.follow(bytes)?;
            visit(bytes, &batch)
        };
        let identity = match self {
            Source::Local(path) => read_local(path, &mut follow)?,
            Source::Redis(redis) => Some(RedisJournal::read(redis, &mut follow).map_err(|error| refused(&error))?),
            Source::Backup(path) => return read_backup(path, visit),
        };
        Ok(Seen { identity, trail })
    }
}

fn read_identity(path: &Path) -> Result<Option<String>, Failure> {
    if !path.exists() {
        return Err(Failure::usage(format!("there is no journal {}", path.display())));
    }
    LocalJournal::read_identity(path).map_err(|error| refused(&error))
}

fn read_local(path: &Path, visit: &mut VisitBatch<'_>) -> Result<Option<String>, Failure> {
    let identity = read_identity(path)?;
    LocalJournal::read(path, visit).map_err(|error| refused(&error))?;
    Ok(identity)
}

fn read_backup(path: &Path, visit: &mut VisitWhole<'_>) -> Result<Seen, Failure> {
    let mut backup = open_backup(path)?;
    while let Some((bytes, batch)) = backup.next_batch().map_err(|error| unreadable(path, &error))? {
        visit(bytes, &batch).map_err(|error| refused(&error))?;
    }
    Ok(Seen { identity: Some(backup.identity().to_owned()), trail: backup.trail() })
}

/// Opens a backup and reads its beginning.
pub(super) fn open_backup(path: &Path) -> Result<BackupReader<BufReader<File>>, Failure> {
    let file = File::open(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    BackupReader::open(BufReader::with_capacity(READ_AT_ONCE, file)).map_err(|error| unreadable(path, &error))
}

/// The failure of whoever reads a backup.
pub(super) fn unreadable(path: &Path, error: &BackupError) -> Failure {
    let path = path.display();
    Failure::failed(match error {
        BackupError::Io { .. } => format!("{path}: {error}"),
        BackupError::OtherFormat { .. } => format!("the backup {path} cannot be used: {error}"),
        BackupError::Damaged { trail, .. } if trail.last.0 > 0 => format!(
            "the backup {path} is damaged {error}. Use another one; only if there is none, `--to-seq {}` restores what \
             comes before the damage",
            trail.last
        ),
        BackupError::Damaged { .. } => format!("the backup {path} is damaged {error}"),
    })
}

/// Bytes of a backup read at once.
const READ_AT_ONCE: usize = 256 * 1024;
