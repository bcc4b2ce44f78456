//! The one place that writes files.
//!
//! ```text
//!   replace:  NAME.new (locked, with its final mode) ─► write ─► sync ─► rename to NAME ─► sync the folder
//!   create:   the same, refused when NAME exists
//! ```
//!
//! A reader sees the old file or the new one, never a part, and a process that is killed leaves no part of a file under its
//! name; once [`replace`] or [`create`] returns, the file survives a power cut. Journals keep their own files and do not pass
//! through here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::faults;

/// Who may read a file on systems that know modes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Its owner only: mode 0600.
    Private,
    /// Its owner and the owner's group: mode 0640.
    Group,
    /// Everybody: mode 0644.
    Public,
}

impl Access {
    #[cfg(unix)]
    const fn mode(self) -> u32 {
        match self {
            Access::Private => 0o600,
            Access::Group => 0o640,
            Access::Public => 0o644,
        }
    }
}

/// Writes a file whole or not at all, in place of the one that may exist, and returns once it is on disk.
///
/// # Errors
/// When the disk refuses; the file is then as it was before.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    replace_with(path, access, |file| file.write_all(bytes))
}

/// As [`replace`], for contents that are written piece by piece.
///
/// # Errors
/// As [`replace`], and what `write` returns.
pub fn replace_with(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    prepare_with(path, access, write)?.place()
}

/// Writes a file under its temporary name, and returns once its contents are on disk: several files that belong together
/// are all prepared before the first is placed.
///
/// # Errors
/// When the disk refuses.
pub fn prepare(path: &Path, bytes: &[u8], access: Access) -> io::Result<Prepared> {
    prepare_with(path, access, |file| file.write_all(bytes))
}

/// The name of a file that was prepared and not placed yet.
pub fn prepared_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// A file that is whole under its temporary name, and no other process's to write. Dropped without being placed, it stays
/// there for the next one to overwrite.
#[derive(Debug)]
pub struct Prepared {
    path: PathBuf,
    /// Its lock.
    _file: File,
}

impl Prepared {
    /// Gives the file its name, in place of the one that may exist, and returns once the name is on disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn place(self) -> io::Result<()> {
        let temporary = prepared_name(&self.path);
        if let Err(error) = fs::rename(&temporary, &self.path) {
            // Whatever stands in the way of removing it is less telling than why it was not renamed.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        faults::step();
        sync_folder(&self.path)
    }
}

fn prepare_with(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<Prepared> {
    let temporary = prepared_name(path);
    faults::step();
    let locked = own_file(&temporary, access)?;
    faults::step();
    if let Err(error) = locked.try_clone().and_then(|file| fill(file, write)) {
        // Whatever stands in the way of removing it is less telling than why it was not written.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    faults::step();
    Ok(Prepared { path: path.to_owned(), _file: locked })
}

/// Writes a file that must not exist yet, and returns once it is on disk.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is one, which stays as it is; otherwise what the disk says.
pub fn create(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    create_with(path, access, |file| file.write_all(bytes))
}

/// As [`create`], for contents that are written piece by piece.
///
/// # Errors
/// As [`create`], and what `write` returns.
pub fn create_with(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    not_there(path)?;
    let prepared = prepare_with(path, access, write)?;
    // Another process that creates it had to wait for the temporary file, or was first.
    if let Err(error) = not_there(path) {
        let _ = fs::remove_file(prepared_name(path));
        return Err(error);
    }
    prepared.place()
}

fn not_there(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is one already, which stays as it is")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Gives a file that is whole and synced its final name, in place of the one that may exist, and returns once the name
/// is on disk.
///
/// # Errors
/// When the disk refuses.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    faults::step();
    fs::rename(from, to)?;
    faults::step();
    sync_folder(to)
}

/// Gives a file that is whole and synced its final name, under which nothing may be, and returns once the name is on disk.
/// A process that is killed meanwhile may leave it under both names.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is something, which stays as it is; otherwise what the disk says.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    faults::step();
    match fs::hard_link(from, to) {
        Ok(()) => {
            faults::step();
            sync_folder(to)?;
            fs::remove_file(from)
        }
        // A disk without links.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            not_there(to)?;
            rename(from, to)
        }
        Err(error) => Err(error),
    }
}

/// Removes a file under its temporary name that will not be placed.
pub fn remove_left_over(path: &Path) {
    // Left there, it is removed by whoever writes the next one.
    let _ = fs::remove_file(path);
}

/// Opens a file for results that grow line by line, emptied first. It may also be a pipe or a terminal. Nothing is
/// synced.
///
/// # Errors
/// When the system refuses.
pub fn output(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// Opens a log that is written to at its end; it is created when it does not exist. Nothing is synced.
///
/// # Errors
/// When the system refuses.
pub fn append(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// Opens the temporary file for this process alone, and empties it: it may be left by a process that was killed while it
/// wrote. Another one that writes it is waited for.
fn own_file(path: &Path, access: Access) -> io::Result<File> {
    loop {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, access.mode());
        let file = options.open(path)?;
        file.lock()?;
        // The one waited for has given the file its final name, or removed it.
        if is_at(&file, path)? {
            #[cfg(unix)]
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(access.mode()))?;
            file.set_len(0)?;
            return Ok(file);
        }
    }
}

/// Whether this open file is the one at the path. A link there is removed: what it leads to is not ours to write.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let at = match fs::symlink_metadata(path) {
        Ok(at) => at,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if at.is_symlink() {
        fs::remove_file(path)?;
        return Ok(false);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let open = file.metadata()?;
        Ok((open.dev(), open.ino()) == (at.dev(), at.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        Ok(true)
    }
}

/// Runs `act` while no other process or thread does so with the same file. The lock is an empty file `NAME.lock`, which
/// stays; it is free as soon as its holder ends, however it ends.
///
/// # Errors
/// When the lock cannot be taken; otherwise none of its own.
pub fn alone<T>(path: &Path, act: impl FnOnce() -> T) -> io::Result<T> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, Access::Private.mode());
    let lock = options.open(PathBuf::from(name))?;
    lock.lock()?;
    Ok(act())
}

fn fill(file: File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffered = BufWriter::new(file);
    write(&mut buffered)?;
    buffered.flush()?;
    faults::step();
    buffered.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// Makes the folder remember the file's name.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        faults::step();
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens.toml");
        replace(&path, b"first", Access::Private).unwrap();
        replace(&path, b"second", Access::Private).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names(dir.path()), ["tokens.toml"]);
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        replace(&path, b"old", Access::Public).unwrap();
        let failed = replace_with(&path, Access::Public, |file| {
            file.write_all(b"half of the new")?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn what_a_killed_process_left_does_not_stand_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(dir.path().join("a.new"), "half").unwrap();
        replace(&path, b"whole", Access::Private).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn many_writers_of_one_file_leave_one_of_their_texts_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let text = |n: usize| vec![b'a' + n as u8; 40_000 + n * 10_000];
        std::thread::scope(|scope| {
            for n in 0..8 {
                let path = &path;
                scope.spawn(move || (0..20).for_each(|_| replace(path, &text(n), Access::Private).unwrap()));
            }
        });
        let found = fs::read(&path).unwrap();
        assert!((0..8).any(|n| found == text(n)), "{} bytes of several writers", found.len());
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_way_of_the_temporary_file_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("a"), dir.path().join("other"));
        fs::write(&other, "not ours").unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join("a.new")).unwrap();
        replace(&path, b"ours", Access::Private).unwrap();
        assert_eq!((fs::read(&path).unwrap(), fs::read(&other).unwrap()), (b"ours".to_vec(), b"not ours".to_vec()));
    }

    #[test]
    fn an_existing_file_is_not_created_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        create(&path, b"first", Access::Private).unwrap();
        let refused = create(&path, b"second", Access::Private).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert!(create(&dir.path().join("no/such/folder"), b"", Access::Public).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn modes_are_as_asked_even_over_a_file_that_was_open_to_all() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let path = dir.path().join("a");
        fs::write(&path, "open").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        replace(&path, b"secret", Access::Private).unwrap();
        assert_eq!(mode(&path), 0o600);
        let created = dir.path().join("b");
        create(&created, b"", Access::Private).unwrap();
        assert_eq!(mode(&created), 0o600);
        let shared = dir.path().join("c");
        create(&shared, b"", Access::Group).unwrap();
        assert_eq!(mode(&shared) & 0o027, 0, "the group reads at most, others not at all");
    }
}
