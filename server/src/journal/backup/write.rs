//! Writing a backup.

use std::io::{self, Write};

use sha2::{Digest, Sha256};
use stockade_core::log::{self, JournalError};

use super::{FORMAT, IDENTITY_BYTES_MAX, MAGIC};
use crate::faults;
use crate::journal::trail::Trail;

/// Writes a backup piece by piece. It is whole once [`BackupWriter::end`] returned.
pub struct BackupWriter<W> {
    out: W,
    hash: Sha256,
    trail: Trail,
    batches: u64,
}

/// Why a batch is not in a backup.
#[derive(Debug)]
pub enum NotAdded {
    /// It is damaged, or not the one that follows.
    Batch(JournalError),
    /// The backup cannot be written.
    Out(io::Error),
}

impl<W: Write> BackupWriter<W> {
    /// Begins a backup of the journal with this identity.
    ///
    /// # Errors
    /// When `out` does not take it, or the identity is too long.
    pub fn begin(out: W, identity: &str) -> io::Result<BackupWriter<W>> {
        if identity.len() > IDENTITY_BYTES_MAX {
            return Err(io::Error::other(format!("the identity has {} bytes", identity.len())));
        }
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(&FORMAT.to_le_bytes());
        head.extend_from_slice(&u32::from(log::FORMAT).to_le_bytes());
        head.extend_from_slice(&(identity.len() as u32).to_le_bytes());
        head.extend_from_slice(identity.as_bytes());
        head.extend_from_slice(&crc32fast::hash(&head).to_le_bytes());
        let mut writer = BackupWriter { out, hash: Sha256::new(), trail: Trail::default(), batches: 0 };
        writer.put(&head)?;
        Ok(writer)
    }

    /// Adds the next batch, which has to follow the one before.
    ///
    /// # Errors
    /// When the batch is not the one that follows, or `out` does not take it.
    pub fn add(&mut self, batch: &[u8]) -> Result<Trail, NotAdded> {
        self.trail.follow(batch).map_err(NotAdded::Batch)?;
        self.batches += 1;
        faults::step();
        self.put(&(batch.len() as u32).to_le_bytes()).and_then(|()| self.put(batch)).map_err(NotAdded::Out)?;
        Ok(self.trail)
    }

    /// Writes the end. Nothing is flushed or synced.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn end(mut self) -> io::Result<Trail> {
        self.put(&0u32.to_le_bytes())?;
        self.put(&self.batches.to_le_bytes())?;
        self.put(&self.trail.last.0.to_le_bytes())?;
        self.put(&{ self.trail.chain.0 })?;
        let hash = self.hash.clone().finalize();
        self.out.write_all(&hash)?;
        Ok(self.trail)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes)
    }
}
