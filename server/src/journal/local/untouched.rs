//! A journal file that is opened without being changed: what the database writes while it opens, repairs and closes stays
//! in memory. So a file that this build does not read is left byte for byte as it was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

/// Bytes of the file that are replaced at once.
const BLOCK: u64 = 4_096;
/// Where redb keeps its two commit slots. Each begins with the format of the database.
pub(super) const SLOTS_AT: [u64; 2] = [64, 192];

/// A file behind a layer of changes in memory. Takes the same locks as one that is written.
#[derive(Clone, Debug)]
pub(super) struct Untouched {
    file: Arc<FileBackend>,
    changes: Arc<Mutex<Changes>>,
}

#[derive(Debug)]
struct Changes {
    /// Bytes of the whole.
    len: u64,
    /// Bytes of the file that still show: those beyond were cut off.
    shown: u64,
    /// Blocks that differ from the file, by their number.
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Untouched {
    /// Opens an existing file.
    ///
    /// # Errors
    /// When the system does not let it be read and written.
    pub(super) fn open(path: &Path) -> Result<Untouched, DatabaseError> {
        let file = FileBackend::new(File::options().read(true).write(true).open(path)?)?;
        let len = file.len()?;
        let changes = Changes { len, shown: len, blocks: BTreeMap::new() };
        Ok(Untouched { file: Arc::new(file), changes: Arc::new(Mutex::new(changes)) })
    }

    /// The database format that each of the two commit slots says; `None` when the file has no two slots.
    pub(super) fn slot_formats(&self) -> Option<[u8; 2]> {
        let mut formats = [0; 2];
        for (format, at) in formats.iter_mut().zip(SLOTS_AT) {
            self.read(at, std::slice::from_mut(format)).ok()?;
        }
        Some(formats)
    }

    /// A block as it is now.
    fn block(&self, changes: &Changes, number: u64) -> io::Result<Vec<u8>> {
        if let Some(block) = changes.blocks.get(&number) {
            return Ok(block.clone());
        }
        let mut block = vec![0; BLOCK as usize];
        let shown = changes.shown.saturating_sub(number * BLOCK).min(BLOCK) as usize;
        if shown > 0 {
            self.file.read(number * BLOCK, &mut block[..shown])?;
        }
        Ok(block)
    }
}

/// The parts of a range, block by block: number of the block, where it begins there, and how many bytes it has.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + len as u64;
    let mut at = offset;
    std::iter::from_fn(move || {
        let (number, begin) = (at / BLOCK, at % BLOCK);
        let bytes = (BLOCK - begin).min(end - at);
        at += bytes;
        (bytes > 0).then_some((number, begin as usize, bytes as usize))
    })
}

impl StorageBackend for Untouched {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.changes.lock().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let changes = self.changes.lock();
        if offset + out.len() as u64 > changes.len {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        let mut done = 0;
        for (number, begin, bytes) in parts(offset, out.len()) {
            let block = self.block(&changes, number)?;
            out[done..done + bytes].copy_from_slice(&block[begin..begin + bytes]);
            done += bytes;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut changes = self.changes.lock();
        if len < changes.len && !len.is_multiple_of(BLOCK) {
            let mut last = self.block(&changes, len / BLOCK)?;
            last[(len % BLOCK) as usize..].fill(0);
            changes.blocks.insert(len / BLOCK, last);
        }
        changes.len = len;
        changes.shown = changes.shown.min(len);
        changes.blocks.retain(|number, _| number * BLOCK < len);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut changes = self.changes.lock();
        let mut done = 0;
        for (number, begin, bytes) in parts(offset, data.len()) {
            let mut block = self.block(&changes, number)?;
            block[begin..begin + bytes].copy_from_slice(&data[done..done + bytes]);
            changes.blocks.insert(number, block);
            done += bytes;
        }
        changes.len = changes.len.max(offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> Result<(), io::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_show_and_the_file_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let before: Vec<u8> = (0..10_000u32).map(|n| n as u8).collect();
        std::fs::write(&path, &before).unwrap();
        let layer = Untouched::open(&path).unwrap();
        let mut expected = before.clone();
        let mut write = |at: usize, bytes: &[u8]| {
            layer.write(at as u64, bytes).unwrap();
            expected.resize(expected.len().max(at + bytes.len()), 0);
            expected[at..at + bytes.len()].copy_from_slice(bytes);
        };
        write(4_090, &[7; 20]);
        write(9_990, &[8; 9_000]);
        layer.set_len(5_000).unwrap();
        layer.set_len(12_345).unwrap();
        expected.truncate(5_000);
        expected.resize(12_345, 0);
        let mut read = vec![1; 12_345];
        layer.read(0, &mut read).unwrap();
        assert!(read == expected);
        assert!(layer.read(12_000, &mut read).is_err(), "nothing is beyond the end");
        layer.close().unwrap();
        assert!(std::fs::read(&path).unwrap() == before);
    }
}
