//! A disk that fails syncs and forgets what was not synced, under real files: these play the part of the system's page
//! cache, which takes the pages of a failed sync for written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use stockade_server::journal::Layer;

const PAGE: u64 = 4_096;

/// The disk, shared by all files on it.
#[derive(Clone, Debug, Default)]
pub struct ForgetfulDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Syncs that succeed before the next one fails; `None` when none will.
    good: Option<u32>,
    /// Syncs that fail then.
    bad: u32,
    /// Syncs so far.
    syncs: u32,
    /// No write succeeds.
    full: bool,
    /// Reads and writes until one panics; `None` when none will.
    until_panic: Option<u32>,
    /// What is on the disk, by inode.
    files: HashMap<u64, Image>,
}

#[derive(Debug, Default)]
struct Image {
    pages: BTreeMap<u64, Vec<u8>>,
    len: u64,
    /// Pages written and not yet synced.
    dirty: BTreeSet<u64>,
}

#[derive(Debug)]
struct Stored {
    file: FileBackend,
    inode: u64,
    disk: ForgetfulDisk,
}

impl ForgetfulDisk {
    /// What puts this disk under a journal.
    pub fn layer(&self) -> Option<Layer> {
        let disk = self.clone();
        Some(Arc::new(move |file: FileBackend, path: &Path| {
            let inode = std::fs::metadata(path).unwrap().ino();
            let mut state = disk.state.lock().unwrap();
            if file.len().unwrap() == 0 {
                // A new file may get the number of an old one.
                state.files.insert(inode, Image::default());
            }
            drop(state);
            Box::new(Stored { file, inode, disk: disk.clone() }) as Box<dyn StorageBackend>
        }))
    }

    /// Lets so many syncs succeed, and then so many fail.
    pub fn fail_after(&self, good: u32, bad: u32) {
        let mut state = self.state.lock().unwrap();
        (state.good, state.bad) = (Some(good), bad);
    }

    /// Syncs of all files so far.
    pub fn syncs(&self) -> u32 {
        self.state.lock().unwrap().syncs
    }

    /// No sync fails any more.
    pub fn heal(&self) {
        self.state.lock().unwrap().good = None;
    }

    /// Lets writes fail from now on, or succeed again.
    pub fn fill(&self, full: bool) {
        self.state.lock().unwrap().full = full;
    }

    /// Lets so many reads and writes pass and the next one panic, as redb does where a file is not what it expects.
    pub fn panic_after(&self, calls: u32) {
        self.state.lock().unwrap().until_panic = Some(calls);
    }

    /// Lets no further read or write panic; returns whether none did.
    pub fn calm(&self) -> bool {
        self.state.lock().unwrap().until_panic.take().is_some()
    }

    fn step(&self) {
        let panics = {
            let mut state = self.state.lock().unwrap();
            match state.until_panic {
                Some(0) => {
                    state.until_panic = None;
                    true
                }
                Some(calls) => {
                    state.until_panic = Some(calls - 1);
                    false
                }
                None => false,
            }
        };
        assert!(!panics, "a page is torn");
    }

    /// Writes the file as it is found after a power cut to another path.
    pub fn after_power_cut(&self, path: &Path, to: &Path) {
        let state = self.state.lock().unwrap();
        let image = &state.files[&std::fs::metadata(path).unwrap().ino()];
        let mut bytes = vec![0; image.len as usize];
        for (number, page) in &image.pages {
            let at = (number * PAGE) as usize;
            let end = (at + page.len()).min(bytes.len());
            if at < end {
                bytes[at..end].copy_from_slice(&page[..end - at]);
            }
        }
        std::fs::write(to, bytes).unwrap();
    }
}

impl State {
    fn next_sync_fails(&mut self) -> bool {
        match (&mut self.good, &mut self.bad) {
            (None, _) => false,
            (Some(0), 0) => {
                self.good = None;
                false
            }
            (Some(0), bad) => {
                *bad -= 1;
                true
            }
            (Some(good), _) => {
                *good -= 1;
                false
            }
        }
    }
}

impl Stored {
    fn check_room(&self) -> io::Result<()> {
        if self.disk.state.lock().unwrap().full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Stored {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.step();
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.step();
        self.check_room()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.state.lock().unwrap();
        state.syncs += 1;
        let fails = state.next_sync_fails();
        let image = state.files.entry(self.inode).or_default();
        let dirty = std::mem::take(&mut image.dirty);
        if fails {
            return Err(io::Error::other("the disk does not answer"));
        }
        image.len = self.file.len()?;
        for number in dirty {
            let bytes = image.len.saturating_sub(number * PAGE).min(PAGE) as usize;
            let mut page = vec![0; bytes];
            self.file.read(number * PAGE, &mut page)?;
            image.pages.insert(number, page);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.step();
        self.check_room()?;
        self.file.write(offset, data)?;
        let mut state = self.disk.state.lock().unwrap();
        let image = state.files.entry(self.inode).or_default();
        image.dirty.extend(offset / PAGE..(offset + data.len() as u64).div_ceil(PAGE));
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
