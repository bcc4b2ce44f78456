//! The data folder belongs to one server at a time.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::failure::Failure;

/// The file whose lock is held, with the id of the process that holds it.
const NAME: &str = "serve.lock";

/// A data folder that no other server uses. The system gives it up when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Folder {
    _lock: File,
}

impl Folder {
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
        // For a person, and for the refusal of a second server; the lock does not depend on it.
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Folder { _lock: file })
    }
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
    Failure { code: "folder_in_use", ..Failure::failed(reason) }
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
}
