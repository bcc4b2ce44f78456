//! The history in a file of this machine: one redb transaction per batch, on disk before it is acknowledged.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
use redb::{
    Database, DatabaseError, Durability as Commit, ReadableDatabase, ReadableTable, StorageError, TableDefinition,
};
use stockade_core::Durability;
use stockade_core::ids::Seq;
use stockade_core::log::{self, Batch, BatchError, History, Journal, JournalError, SealedBatch};

use super::untouched::Untouched;

/// First sequence to batch.
const BATCHES: TableDefinition<u64, &[u8]> = TableDefinition::new("batches");
/// Names to numbers: `format`.
const ABOUT: TableDefinition<&str, u64> = TableDefinition::new("about");
/// Layout of the tables above; the batches in them have a format of their own.
const FORMAT: u64 = 1;
/// Memory redb may use for pages: what is written is not read again.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// A journal in one file, owned by one process.
pub struct LocalJournal {
    path: PathBuf,
    file: Arc<File>,
    last: Seq,
}

/// The open file, shared by the writer and the readers. Empty after a failed commit, whose outcome shows only when the
/// file is opened again.
type File = RwLock<Option<Database>>;

impl LocalJournal {
    /// Opens the file, or creates it when it does not exist.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when another process has it open or the path is not usable;
    /// [`JournalError::OtherFormat`] when another build wrote it, [`JournalError::Corrupt`] when it is damaged: the file
    /// is not changed then.
    pub fn open(path: impl Into<PathBuf>) -> Result<LocalJournal, JournalError> {
        let path = path.into();
        let file = open_file(&path)?;
        let last = last_sequence(&file, &path)?;
        Ok(LocalJournal { path, file: Arc::new(RwLock::new(Some(file))), last })
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file; after a failure, opened again.
    fn file(&mut self) -> Result<MappedRwLockReadGuard<'_, Database>, JournalError> {
        if self.file.read().is_none() {
            let file = open_file(&self.path)?;
            self.last = last_sequence(&file, &self.path)?;
            *self.file.write() = Some(file);
        }
        opened(&self.file, &self.path)
    }
}

fn opened<'f>(file: &'f File, path: &Path) -> Result<MappedRwLockReadGuard<'f, Database>, JournalError> {
    RwLockReadGuard::try_map(file.read(), Option::as_ref).map_err(|_| unavailable(path, "the file is closed"))
}

/// Reads batches of the file by their first sequence.
struct LocalHistory {
    path: PathBuf,
    file: Arc<File>,
}

impl History for LocalHistory {
    fn batch(&self, seq: Seq) -> Result<Arc<[u8]>, JournalError> {
        let path = &self.path;
        let file = opened(&self.file, path)?;
        let read = file.begin_read().map_err(|e| unavailable(path, e))?;
        let batches = read.open_table(BATCHES).map_err(|e| unavailable(path, e))?;
        let before = batches.range(..=seq.0).map_err(|e| unavailable(path, e))?.next_back();
        let bytes = before.transpose().map_err(|e| unavailable(path, e))?.map(|(_, bytes)| Arc::from(bytes.value()));
        let holds = |bytes: &Arc<[u8]>| Batch::span(bytes).is_ok_and(|(_, last)| seq <= last);
        bytes.filter(holds).ok_or_else(|| unavailable(path, format!("event {seq} is not in it yet")))
    }
}

impl Journal for LocalJournal {
    fn replay(&mut self, visit: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>) -> Result<(), JournalError> {
        let path = self.path.clone();
        let read = self.file()?.begin_read().map_err(|e| damaged(&path, e))?;
        let batches = read.open_table(BATCHES).map_err(|e| damaged(&path, e))?;
        for entry in batches.iter().map_err(|e| damaged(&path, e))? {
            let (first, bytes) = entry.map_err(|e| damaged(&path, e))?;
            let (says, _) = Batch::span(bytes.value()).map_err(|e| unreadable(&path, e))?;
            if says.0 != first.value() {
                return Err(damaged(&path, format!("the batch at {} says it begins at {says}", first.value())));
            }
            visit(bytes.value())?;
        }
        Ok(())
    }

    fn append(&mut self, batch: &SealedBatch) -> Result<(), JournalError> {
        let path = self.path.clone();
        drop(self.file()?);
        if self.last == batch.last {
            // The commit that reported a failure had succeeded.
            return Ok(());
        }
        if batch.first != self.last.next() {
            let what = format!("it ends at {} and events {} to {} do not follow", self.last, batch.first, batch.last);
            return Err(JournalError::HistoryLost { reason: format!("{}: {what}", path.display()) });
        }
        let written = write(&*self.file()?, batch);
        match written {
            Ok(()) => {
                self.last = batch.last;
                Ok(())
            }
            Err(error) => {
                *self.file.write() = None;
                Err(unavailable(&path, error))
            }
        }
    }

    fn history(&self) -> Option<Arc<dyn History>> {
        Some(Arc::new(LocalHistory { path: self.path.clone(), file: Arc::clone(&self.file) }))
    }

    fn kind(&self) -> &'static str {
        "local"
    }

    fn best(&self) -> Durability {
        Durability::Journaled
    }

    fn what_could_be_lost(&self) -> String {
        format!(
            "nothing acknowledged, as long as the disk under {} survives; a lost disk is lost history",
            self.path.display()
        )
    }
}

fn write(file: &Database, batch: &SealedBatch) -> Result<(), redb::Error> {
    let mut write = file.begin_write()?;
    write.set_durability(Commit::Immediate)?;
    write.open_table(BATCHES)?.insert(batch.first.0, &*batch.bytes)?;
    write.commit()?;
    Ok(())
}

fn open_file(path: &Path) -> Result<Database, JournalError> {
    if std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == 0) {
        // Otherwise a file truncated to nothing would silently become a new history.
        let reason = format!(
            "{} is empty, which no journal is: restore it from a backup, or delete it if nothing was ever placed here",
            path.display()
        );
        return Err(JournalError::Corrupt { reason });
    }
    if path.exists() {
        look_at(path)?;
    }
    let file = Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(|e| refusal(path, e))?;
    check_layout(&file, path)?;
    Ok(file)
}

/// Finds out whether this build reads the file, without changing a byte of it.
fn look_at(path: &Path) -> Result<(), JournalError> {
    let untouched = Untouched::open(path).map_err(|e| refusal(path, e))?;
    let opened = Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(untouched);
    let file = opened.map_err(|e| refusal(path, e))?;
    check_layout(&file, path)?;
    last_sequence(&file, path).map(drop)
}

fn check_layout(file: &Database, path: &Path) -> Result<(), JournalError> {
    let found = format_of(file).map_err(|e| damaged(path, e))?;
    if found == FORMAT {
        return Ok(());
    }
    Err(other_format(path, format!("file layout {found}"), format!("file layout {FORMAT}")))
}

/// The format of the file; an empty file gets the current one.
fn format_of(file: &Database) -> Result<u64, redb::Error> {
    let write = file.begin_write()?;
    let format = {
        let mut about = write.open_table(ABOUT)?;
        let found = about.get("format")?.map(|format| format.value());
        match found {
            Some(format) => return Ok(format),
            None => about.insert("format", FORMAT)?,
        };
        write.open_table(BATCHES)?;
        FORMAT
    };
    write.commit()?;
    Ok(format)
}

fn last_sequence(file: &Database, path: &Path) -> Result<Seq, JournalError> {
    let read = file.begin_read().map_err(|e| damaged(path, e))?;
    let batches = read.open_table(BATCHES).map_err(|e| damaged(path, e))?;
    let Some((_, bytes)) = batches.last().map_err(|e| damaged(path, e))? else { return Ok(Seq(0)) };
    let (_, last) = Batch::span(bytes.value()).map_err(|e| unreadable(path, e))?;
    Ok(last)
}

fn refusal(path: &Path, error: DatabaseError) -> JournalError {
    let path_text = path.display();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => JournalError::Refused {
            reason: format!(
                "another process has {path_text} open: stop the other stockade, or give this one another data directory"
            ),
        },
        DatabaseError::UpgradeRequired(version) => {
            other_format(path, format!("database format {version}"), "a newer one".to_owned())
        }
        DatabaseError::Storage(StorageError::Io(e)) if e.kind() == std::io::ErrorKind::InvalidData => damaged(path, e),
        DatabaseError::Storage(StorageError::Io(e)) => JournalError::Refused {
            reason: format!("{path_text}: {e}: check that the directory exists and may be written"),
        },
        other => damaged(path, other),
    }
}

/// Why a batch of the file cannot be used.
fn unreadable(path: &Path, error: BatchError) -> JournalError {
    match error {
        BatchError::UnknownFormat(found) => {
            other_format(path, format!("journal format {found}"), format!("journal format {}", log::FORMAT))
        }
        other => damaged(path, other),
    }
}

fn other_format(path: &Path, found: String, reads: String) -> JournalError {
    let anew = "set another `journal.path`".to_owned();
    JournalError::OtherFormat { place: format!("the journal {}", path.display()), found, reads, anew }
}

fn damaged(path: &Path, what: impl Display) -> JournalError {
    JournalError::Corrupt { reason: format!("{}: {what}: restore it from a backup", path.display()) }
}

fn unavailable(path: &Path, what: impl Display) -> JournalError {
    JournalError::Unavailable { reason: format!("{}: {what}", path.display()) }
}
