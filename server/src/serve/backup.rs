//! A history copied into one file while nothing is written to it, or while its server goes on.

use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use stockade_core::log::JournalError;

use super::folder::Folder;
use super::history::mark_file;
use super::marked::Marked;
use super::source::Source;
use crate::config::{Config, JournalHome};
use crate::disk::{self, Access};
use crate::failure::Failure;
use crate::fetch::{self, Server};
use crate::journal::{BackupError, BackupReader, BackupWriter, NotAdded, Trail, may_be_backup};
use crate::local;

/// A backup that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BackedUp {
    /// The file.
    pub to: PathBuf,
    /// Where the history is that it was taken of.
    pub of: String,
    /// Where it ends.
    pub trail: Trail,
}

/// Takes a backup of the history that the settings name. A server that has it goes on: a history in Redis is read there, one
/// on disk is sent by its server.
///
/// # Errors
/// When there is such a file, the history cannot be read, or the disk refuses. There is no such file then, or it is as it
/// was.
pub fn backup(config: &Config, to: &Path) -> Result<BackedUp, Failure> {
    if let JournalHome::Local(path) = &config.journal
        && path.exists()
    {
        match Folder::take(&config.data_dir) {
            Ok(_folder) => return copy(config, to),
            Err(failure) if failure.code == Folder::IN_USE => return backup_served(&left_behind(config)?, to),
            Err(failure) => return Err(failure),
        }
    }
    copy(config, to)
}

/// Takes a backup that a running server sends.
///
/// # Errors
/// As [`backup`]; and when the server refuses or does not send all of it.
pub fn backup_served(server: &Server, to: &Path) -> Result<BackedUp, Failure> {
    let trail = write(to, |file| {
        let answer = fetch::get(server, "/v1/backup")?;
        let kept = Kept { from: BufReader::with_capacity(READ_AT_ONCE, answer), to: file };
        let cut = |error: BackupError| {
            Failure::unavailable(format!(
                "the backup that {} sent is not whole ({error}): take it again",
                server.address
            ))
        };
        let mut sent = BackupReader::open(kept).map_err(cut)?;
        while sent.next_batch().map_err(cut)?.is_some() {}
        Ok(sent.trail())
    })?;
    Ok(BackedUp { to: to.to_owned(), of: format!("the server at {}", server.address), trail })
}

/// The server that runs in the folder, as it can be reached for a backup.
fn left_behind(config: &Config) -> Result<Server, Failure> {
    let found = local::read(&config.data_dir).map_err(Failure::usage)?;
    let address = found.as_ref().and_then(|local| local.http.clone());
    match (found, address) {
        (Some(local), Some(address)) => Ok(Server { address, token: local.token }),
        (Some(_), None) => Err(Failure::usage(
            "a server has this history, and its HTTP side is off: stop it, or turn `listen.http` on",
        )),
        (None, _) => Err(Failure::unavailable("a server has this history and is not up yet: try again")),
    }
}

fn copy(config: &Config, to: &Path) -> Result<BackedUp, Failure> {
    let source = Source::of(config)?;
    let trail = write(to, |file| {
        let identity = source.identity()?;
        let failed = |error: io::Error| Failure::failed(format!("{}: {error}", to.display()));
        let mut backup = BackupWriter::begin(file, &identity).map_err(failed)?;
        let mut marked = Marked::read(Some(&mark_file(config)))?;
        let mut not_written = None;
        let read = source.read(&mut |bytes, batch| match backup.add(bytes) {
            Ok(_) => {
                marked.pass(batch);
                Ok(())
            }
            Err(NotAdded::Batch(error)) => Err(error),
            Err(NotAdded::Out(error)) => {
                let reason = error.to_string();
                not_written = Some(error);
                Err(JournalError::Unavailable { reason })
            }
        });
        if let Some(error) = not_written {
            return Err(failed(error));
        }
        marked.hold(Some(&identity), read?.trail.last)?;
        backup.end().map_err(failed)
    })?;
    Ok(BackedUp { to: to.to_owned(), of: source.place(), trail })
}

/// Writes a new file, whole or not at all.
fn write(to: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<Trail, Failure>) -> Result<Trail, Failure> {
    no_stranger(&disk::prepared_name(to))?;
    let mut filled = None;
    let created = disk::create_with(to, Access::Private, |file| {
        let is_filled = filled.insert(fill(file)).is_ok();
        if is_filled { Ok(()) } else { Err(io::Error::other("the backup is not whole")) }
    });
    match (filled, created) {
        (Some(Err(failure)), _) => Err(failure),
        (Some(Ok(trail)), Ok(())) => Ok(trail),
        (_, Err(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Failure::usage(format!("{}: {error}", to.display())))
        }
        (_, Err(error)) => Err(Failure::failed(format!("{}: {error}", to.display()))),
        (None, Ok(())) => Err(Failure::failed(format!("{}: nothing was written", to.display()))),
    }
}

/// Refuses a temporary name under which something else lies than what a killed backup left.
fn no_stranger(temporary: &Path) -> Result<(), Failure> {
    let mut begins = [0; 8];
    let read = match std::fs::File::open(temporary) {
        Ok(mut file) => file.read(&mut begins),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => Err(error),
    };
    match read {
        Ok(read) if may_be_backup(&begins[..read]) => Ok(()),
        Ok(_) => Err(Failure::usage(format!(
            "{} is in the way, and is not the beginning of a backup: choose another name for this one",
            temporary.display()
        ))),
        Err(error) => Err(Failure::failed(format!("{}: {error}", temporary.display()))),
    }
}

/// Keeps what is read.
struct Kept<'f, R> {
    from: R,
    to: &'f mut dyn Write,
}

impl<R: Read> Read for Kept<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(out)?;
        self.to.write_all(&out[..read])?;
        Ok(read)
    }
}

/// Bytes taken from a connection at once.
const READ_AT_ONCE: usize = 256 * 1024;
