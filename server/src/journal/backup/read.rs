//! Reading a backup.

use std::io::{self, Read};

use sha2::{Digest, Sha256};
use stockade_core::limits::BATCH_BYTES_MAX;
use stockade_core::log::{self, Batch, ChainHash, JournalError};

use super::{FORMAT, IDENTITY_BYTES_MAX, MAGIC};
use crate::journal::trail::Trail;

/// Reads a backup batch by batch, and checks every byte of it on the way.
pub struct BackupReader<R> {
    input: R,
    /// Bytes read so far.
    at: u64,
    hash: Sha256,
    identity: String,
    trail: Trail,
    batches: u64,
    batch: Vec<u8>,
    is_over: bool,
}

/// Why a backup cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The system does not let it be read.
    #[error("at byte {at}: {error}")]
    Io {
        /// Bytes read before.
        at: u64,
        /// What the system said.
        error: io::Error,
    },
    /// Another build of Stockade wrote it. It is whole, as far as this one can tell.
    #[error(
        "it is written in {found}, and this build reads {reads}: it is unharmed, and the build that wrote it reads it"
    )]
    OtherFormat {
        /// The format it has, in words.
        found: String,
        /// The format this build reads, in words.
        reads: String,
    },
    /// It is not a backup, or it is damaged.
    #[error("at byte {at}, after event {}: {what}", trail.last)]
    Damaged {
        /// Where the damaged piece begins.
        at: u64,
        /// What is whole before it.
        trail: Trail,
        /// What is wrong.
        what: String,
    },
}

impl<R: Read> BackupReader<R> {
    /// Reads the beginning.
    ///
    /// # Errors
    /// When it is not that of a backup which this build reads.
    pub fn open(input: R) -> Result<BackupReader<R>, BackupError> {
        let (trail, hash) = (Trail::default(), Sha256::new());
        let (identity, batch) = (String::new(), Vec::new());
        let mut reader = BackupReader { input, at: 0, hash, identity, trail, batches: 0, batch, is_over: false };
        reader.head()?;
        Ok(reader)
    }

    /// The identity of the journal it was taken of.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// How far it was read.
    pub fn trail(&self) -> Trail {
        self.trail
    }

    /// The next batch, whole and checked, and its bytes; `None` after the last, once the end of the file is checked as well.
    ///
    /// # Errors
    /// When it is damaged there.
    pub fn next_batch(&mut self) -> Result<Option<(&[u8], Batch<'_>)>, BackupError> {
        if self.is_over {
            return Ok(None);
        }
        let at = self.at;
        let length = u32::from_le_bytes(self.array("the length of a batch")?) as usize;
        if length == 0 {
            self.end(at)?;
            self.is_over = true;
            return Ok(None);
        }
        if length > BATCH_BYTES_MAX {
            let what = format!("a batch of {length} bytes, at most {BATCH_BYTES_MAX} are allowed");
            return Err(self.damaged(at, what));
        }
        let mut bytes = std::mem::take(&mut self.batch);
        bytes.resize(length, 0);
        let filled = self.fill(&mut bytes, "a batch");
        self.batch = bytes;
        filled?;
        let before = self.trail;
        match self.trail.follow(&self.batch) {
            Ok(batch) => {
                self.batches += 1;
                Ok(Some((&self.batch, batch)))
            }
            // What the file is written in was told at its beginning.
            Err(JournalError::OtherFormat { found, .. }) => {
                let what = format!("a batch of {found}, where all are of journal format {}", log::FORMAT);
                Err(BackupError::Damaged { at, trail: before, what })
            }
            Err(JournalError::Corrupt { reason }) => {
                let what = reason.split_once(": ").map_or(reason.as_str(), |(_, what)| what).to_owned();
                Err(BackupError::Damaged { at, trail: before, what })
            }
            Err(error) => Err(BackupError::Damaged { at, trail: before, what: error.to_string() }),
        }
    }

    fn head(&mut self) -> Result<(), BackupError> {
        let magic: [u8; MAGIC.len()] = self.array("its beginning")?;
        if magic != *MAGIC {
            return Err(self.damaged(0, "it is no backup: it does not begin with `STKBACKU`".to_owned()));
        }
        let format: [u8; 4] = self.array("its format")?;
        let number = u32::from_le_bytes(format);
        if number != FORMAT {
            let name = |format| format!("backup format {format}");
            return Err(BackupError::OtherFormat { found: name(number), reads: name(FORMAT) });
        }
        let at = self.at;
        let journal: [u8; 4] = self.array("its journal format")?;
        let length: [u8; 4] = self.array("the length of its identity")?;
        let bytes = u32::from_le_bytes(length) as usize;
        if bytes > IDENTITY_BYTES_MAX {
            return Err(self.damaged(at, format!("an identity of {bytes} bytes")));
        }
        let mut identity = vec![0; bytes];
        self.fill(&mut identity, "its identity")?;
        let head = [&magic[..], &format, &journal, &length, &identity].concat();
        let crc = u32::from_le_bytes(self.array("the checksum of its beginning")?);
        if crc != crc32fast::hash(&head) {
            return Err(self.damaged(at, "its beginning does not have the checksum it was written with".to_owned()));
        }
        let journal = u32::from_le_bytes(journal);
        if journal != u32::from(log::FORMAT) {
            let (found, reads) = (format!("journal format {journal}"), format!("journal format {}", log::FORMAT));
            return Err(BackupError::OtherFormat { found, reads });
        }
        self.identity = String::from_utf8(identity).map_err(|e| self.damaged(at, e.to_string()))?;
        Ok(())
    }

    /// Checks what follows the last batch, which must be nothing after that.
    fn end(&mut self, at: u64) -> Result<(), BackupError> {
        let batches = u64::from_le_bytes(self.array("its number of batches")?);
        let last = u64::from_le_bytes(self.array("its last event")?);
        let chain = ChainHash(self.array("the hash of its history")?);
        if (batches, last, chain) != (self.batches, self.trail.last.0, self.trail.chain) {
            let what = format!(
                "its end tells of {batches} batches up to event {last}, and it holds {} up to {}",
                self.batches, self.trail.last
            );
            return Err(self.damaged(at, what));
        }
        let expected = self.hash.clone().finalize();
        if self.array::<32>("its hash")?[..] != expected[..] {
            return Err(self.damaged(at, "its hash does not agree".to_owned()));
        }
        let mut more = [0];
        match self.input.read(&mut more) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged(self.at, "something follows its end".to_owned())),
            Err(error) => Err(BackupError::Io { at: self.at, error }),
        }
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], BackupError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8], what: &str) -> Result<(), BackupError> {
        match self.input.read_exact(bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(self.damaged(self.at, format!("it is cut short: {what} is missing")));
            }
            Err(error) => return Err(BackupError::Io { at: self.at, error }),
        }
        self.at += bytes.len() as u64;
        self.hash.update(bytes);
        Ok(())
    }

    fn damaged(&self, at: u64, what: String) -> BackupError {
        BackupError::Damaged { at, trail: self.trail, what }
    }
}
