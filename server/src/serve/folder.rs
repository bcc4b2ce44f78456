//! The data folder belongs to one server at a time, and so does the name by which a server owns a history in Redis.

use std::fmt::Write as _;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::ids;
use crate::failure::Failure;
use crate::faults;
use crate::journal::new_partition_id;

/// The file whose lock is held, with the id of the process that holds it.
const NAME: &str = "serve.lock";
/// The part of the server's name at Redis that is kept in the folder.
const OWNER_FILE: &str = "owner.id";
/// What tells one machine from another, and one run of its kernel from another.
const MACHINE: &str = "/etc/machine-id";
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
/// Bytes of the hash in an owner's name.
const PLACE_BYTES: usize = 8;

/// A data folder that no other server uses. The system gives it up when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Folder {
    data_dir: PathBuf,
    lock: File,
}

impl Folder {
    /// The code of the failure when another server uses the folder.
    pub(super) const IN_USE: &str = "folder_in_use";

    /// Takes the folder, and makes it if it is missing.
    ///
    /// # Errors
    /// When another server uses it, or the disk refuses.
    pub(super) fn take(data_dir: &Path) -> Result<Folder, Failure> {
        let path = data_dir.join(NAME);
        let failed = |error: std::io::Error| Failure::failed(format!("{}: {error}", path.display()));
        std::fs::create_dir_all(data_dir).map_err(|e| Failure::failed(format!("{}: {e}", data_dir.display())))?;
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(data_dir, &mut file)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        faults::step();
        // For a person, and for the refusal of a second server; the lock does not depend on it.
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        faults::step();
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Folder { data_dir: data_dir.to_owned(), lock: file })
    }

    /// The name by which this server owns a history in Redis. An owner of the same name need not wait for the heartbeat of
    /// the one before, so it has to be certain that this one has ended: the name holds the machine, the run of its kernel,
    /// and the file whose lock is held. A copied folder has another file, and so another name.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn owner(&self) -> Result<String, Failure> {
        let path = self.data_dir.join(OWNER_FILE);
        let id = match ids::read(&path)? {
            Some(id) => id,
            None => {
                let id = random()?;
                ids::write(&path, &id)?;
                id
            }
        };
        let about = self
            .lock
            .metadata()
            .map_err(|e| Failure::failed(format!("{}: {e}", self.data_dir.join(NAME).display())))?;
        let machine = std::fs::read_to_string(MACHINE).unwrap_or_default();
        // Where the system does not tell, every run has a name of its own and waits.
        let boot = std::fs::read_to_string(BOOT).map_or_else(|_| random(), Ok)?;
        let place = format!("{machine}/{boot}/{}/{}", about.dev(), about.ino());
        let mut name = id + "-";
        for byte in &Sha256::digest(place)[..PLACE_BYTES] {
            // Nothing can go wrong in a string.
            let _ = write!(name, "{byte:02x}");
        }
        Ok(name)
    }
}

fn random() -> Result<String, Failure> {
    new_partition_id().map_err(Failure::failed)
}

fn in_use(data_dir: &Path, file: &mut File) -> Failure {
    let mut text = String::new();
    let holder = match file.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => format!("process {}", text.trim()),
        _ => "another process".to_owned(),
    };
    let dir = data_dir.display();
    let reason = format!(
        "the data folder {dir} is in use by the server in {holder}, which is not disturbed: stop that server first, or give \
         this one a data folder of its own"
    );
    Failure { code: Folder::IN_USE, ..Failure::failed(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_by_one_and_free_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("new");
        let first = Folder::take(&inner).unwrap();
        let refused = Folder::take(&inner).unwrap_err();
        assert_eq!(refused.code, "folder_in_use");
        assert!(refused.message.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        Folder::take(&inner).unwrap();
    }

    #[test]
    fn an_owner_keeps_its_name_and_a_copied_folder_gets_another() {
        let dir = tempfile::tempdir().unwrap();
        let (one, copy) = (dir.path().join("one"), dir.path().join("copy"));
        let name = |data_dir: &Path| Folder::take(data_dir).unwrap().owner().unwrap();
        let first = name(&one);
        assert_eq!(name(&one), first);
        std::fs::create_dir(&copy).unwrap();
        for file in [NAME, OWNER_FILE] {
            std::fs::copy(one.join(file), copy.join(file)).unwrap();
        }
        let copied = name(&copy);
        assert_ne!(copied, first);
        assert_eq!(copied.split('-').next(), first.split('-').next());
        // A folder that is moved is the same one.
        let moved = dir.path().join("moved");
        std::fs::rename(&one, &moved).unwrap();
        assert_eq!(name(&moved), first);
        // A lock that was taken away does not prove that its holder ended.
        let held = Folder::take(&moved).unwrap();
        std::fs::remove_file(moved.join(NAME)).unwrap();
        assert_ne!(name(&moved), first);
        drop(held);
    }
}
