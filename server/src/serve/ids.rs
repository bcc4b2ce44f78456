//! Files that hold one id.

use std::io;
use std::path::Path;

use crate::disk::{self, Access};
use crate::failure::Failure;

/// Reads the id; `None` when there is no such file.
///
/// # Errors
/// When the disk refuses.
pub(super) fn read(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::failed(format!("{}: {error}", path.display()))),
    }
}

/// Writes the id, and returns once it is on disk.
///
/// # Errors
/// When the disk refuses.
pub(super) fn write(path: &Path, id: &str) -> Result<(), Failure> {
    disk::replace(path, format!("{id}\n").as_bytes(), Access::Private)
        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}
