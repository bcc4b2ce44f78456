//! The bytes of a journal file, and whether a sync of them ever failed.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

use crate::disk::{self, Access};
use crate::faults;

/// Puts a layer between a journal file, named by its path, and the disk. Tests use it for disks that fail.
pub type Layer = Arc<dyn Fn(FileBackend, &Path) -> Box<dyn StorageBackend> + Send + Sync>;

/// Its owner only.
const MODE: u32 = 0o600;

/// The place of a journal file, and how files there are opened.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    layer: Option<Layer>,
}

/// An open file. After its first failed sync no other is believed, and a note of that lies next to the file: the system
/// takes pages whose sync failed for written, so that a later sync succeeds without them.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    storage: Box<dyn StorageBackend>,
    sync_failed: AtomicBool,
    /// Device and inode.
    number: (u64, u64),
    /// Where the note is left; none for a file that nobody relies on yet.
    note: Option<PathBuf>,
}

impl Place {
    /// A link is followed: a fresh copy lies next to the file it leads to, and replaces that.
    pub(super) fn new(path: PathBuf, layer: Option<Layer>) -> Place {
        let is_link = std::fs::symlink_metadata(&path).is_ok_and(|about| about.is_symlink());
        let path = if is_link { std::fs::canonicalize(&path).unwrap_or(path) } else { path };
        Place { path, layer }
    }

    /// The name of a file that is written before it takes this one's place.
    pub(super) fn fresh(&self) -> PathBuf {
        with_suffix(&self.path, ".new")
    }

    /// Whether a sync of the file failed in this process or an earlier one.
    pub(super) fn is_doubtful(&self) -> bool {
        note_of(&self.path).exists()
    }

    /// Takes back the note that a sync failed: another file is in the place now.
    ///
    /// # Errors
    /// When the disk refuses; the note then stays.
    pub(super) fn believe(&self) -> io::Result<()> {
        match std::fs::remove_file(note_of(&self.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Opens the file for reading and writing, and makes it private.
    pub(super) fn open(&self) -> Result<Watched, DatabaseError> {
        let file = File::options().read(true).write(true).open(&self.path)?;
        file.set_permissions(Permissions::from_mode(MODE))?;
        let number = number_of(&file.metadata()?);
        Ok(self.watched(FileBackend::new(file)?, number, &self.path, Some(note_of(&self.path))))
    }

    /// Creates the file that will take the place of this one. One that is left of an earlier try is removed.
    pub(super) fn create_fresh(&self) -> Result<Watched, DatabaseError> {
        let path = self.fresh();
        faults::step();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        let file = File::options().read(true).write(true).create_new(true).mode(MODE).open(&path)?;
        let number = number_of(&file.metadata()?);
        Ok(self.watched(FileBackend::new(file)?, number, &path, None))
    }

    fn watched(&self, file: FileBackend, number: (u64, u64), path: &Path, note: Option<PathBuf>) -> Watched {
        let storage = match &self.layer {
            Some(layer) => layer(file, path),
            None => Box::new(file),
        };
        let inner = Inner { storage, sync_failed: AtomicBool::new(false), number, note };
        Watched { inner: Arc::new(inner) }
    }
}

impl Watched {
    /// Whether this file is the one at a path.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|about| number_of(&about) == self.inner.number)
    }

    /// Whether a sync ever failed.
    pub(super) fn sync_failed(&self) -> bool {
        self.inner.sync_failed.load(Ordering::Acquire)
    }

    /// Syncs what was written so far, unless a sync failed before.
    ///
    /// # Errors
    /// When this sync fails, or one before it did: what is on disk is unknown then.
    pub(super) fn settle(&self) -> io::Result<()> {
        if self.sync_failed() {
            return Err(io::Error::other("a sync failed before"));
        }
        self.sync_data()
    }
}

fn number_of(about: &Metadata) -> (u64, u64) {
    (about.dev(), about.ino())
}

fn note_of(path: &Path) -> PathBuf {
    with_suffix(path, ".unsynced")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Says to later processes that the file is not to be believed. Should the note be lost, then by a power cut, which takes
/// the doubtful pages with it.
fn leave_note(path: &Path) {
    let text =
        b"A sync of the journal next to this note failed. The next start writes the journal anew before it uses it.\n";
    if let Err(error) = disk::replace(path, text, Access::Private) {
        tracing::error!(path = %path.display(), %error, "the note that a sync of the journal failed cannot be written");
    }
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.inner.storage.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.storage.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        faults::step();
        self.inner.storage.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        faults::step();
        self.inner.storage.sync_data().inspect_err(|_| {
            if !self.inner.sync_failed.swap(true, Ordering::AcqRel)
                && let Some(note) = &self.inner.note
            {
                leave_note(note);
            }
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        faults::step();
        self.inner.storage.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.inner.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.storage.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.storage.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.storage.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.storage.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.storage.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.storage.query_lock_range(start, end)
    }
}
