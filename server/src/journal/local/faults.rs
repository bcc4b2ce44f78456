//! What is wrong with a journal file, in words that name it.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;

use redb::{DatabaseError, StorageError};
use stockade_core::log::{self, JournalError};

/// Why a file cannot be opened.
pub(super) fn refusal(path: &Path, error: DatabaseError) -> JournalError {
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
        DatabaseError::Storage(StorageError::Io(e)) if e.kind() == ErrorKind::InvalidData => damaged(path, e),
        // Something points beyond its end.
        DatabaseError::Storage(StorageError::Io(e)) if e.kind() == ErrorKind::UnexpectedEof => {
            damaged(path, "it is cut short")
        }
        DatabaseError::Storage(StorageError::Io(e)) => JournalError::Refused {
            reason: format!("{path_text}: {e}: check that the directory exists and may be written"),
        },
        other => damaged(path, other),
    }
}

/// The batches of the file are of another format.
pub(super) fn other_journal(path: &Path, found: u16) -> JournalError {
    other_format(path, format!("journal format {found}"), format!("journal format {}", log::FORMAT))
}

pub(super) fn other_format(path: &Path, found: String, reads: String) -> JournalError {
    let anew =
        "move `journal.mark` out of the data folder, set another `journal.path`, and run `stockade init`".to_owned();
    JournalError::OtherFormat { place: format!("the journal {}", path.display()), found, reads, anew }
}

pub(super) fn damaged(path: &Path, what: impl Display) -> JournalError {
    JournalError::Corrupt { reason: format!("{}: {what}: restore it from a backup", path.display()) }
}

pub(super) fn unavailable(path: &Path, what: impl Display) -> JournalError {
    JournalError::Unavailable { reason: format!("{}: {what}", path.display()) }
}

pub(super) fn lost(path: &Path, what: impl Display) -> JournalError {
    JournalError::HistoryLost { reason: format!("{}: {what}", path.display()) }
}

pub(super) fn unsynced(path: &Path, what: impl Display) -> JournalError {
    JournalError::SyncFailed { reason: format!("{}: {what}", path.display()) }
}
