//! The emergency file: batches that exist only in memory, written to local disk before the process ends.
//!
//! ```text
//!   "STKEMERG" │ format (4 bytes) │ batches (4) │ journaled up to (8) │ { length (4), batch }… │ SHA-256 of all before
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use stockade_core::ids::Seq;
use stockade_core::limits::BATCH_BYTES_MAX;
use stockade_core::log::{self, Batch, BatchError, SealedBatch};

use crate::disk::{self, Access};

const MAGIC: &[u8; 8] = b"STKEMERG";
const FORMAT: u32 = 1;
const HEADER_BYTES: usize = 24;
const HASH_BYTES: usize = 32;

/// Consecutive batches, and up to where the journal had acknowledged them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EmergencyFile {
    /// The last sequence that was acknowledged; what follows was applied but never confirmed.
    pub journaled: Seq,
    /// The batches, oldest first.
    pub batches: Vec<SealedBatch>,
}

/// Why an emergency file was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum EmergencyError {
    /// The disk refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Another build of Stockade wrote it. It is whole, as far as this one can tell.
    #[error(
        "{path} is written in {found}, and this build reads {reads}: it is unharmed, and the build that wrote it takes it in"
    )]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// The format it has, in words.
        found: String,
        /// The format this build reads, in words.
        reads: String,
    },
    /// It is not an emergency file, or it is damaged.
    #[error("{path} is not a whole emergency file: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

impl EmergencyFile {
    /// Writes the file, whole or not at all, and returns once it is on disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&self, path: &Path) -> Result<(), EmergencyError> {
        let written = disk::replace_with(path, Access::Private, |file| {
            let mut hash = Sha256::new();
            let mut put = |bytes: &[u8]| {
                hash.update(bytes);
                file.write_all(bytes)
            };
            put(MAGIC)?;
            put(&FORMAT.to_le_bytes())?;
            put(&(self.batches.len() as u32).to_le_bytes())?;
            put(&self.journaled.0.to_le_bytes())?;
            for batch in &self.batches {
                put(&(batch.bytes.len() as u32).to_le_bytes())?;
                put(&batch.bytes)?;
            }
            file.write_all(&hash.finalize())
        });
        written.map_err(|error| EmergencyError::Io { path: path.to_owned(), error })
    }

    /// Reads and checks a file: its hash, every batch, and that each follows the one before.
    ///
    /// # Errors
    /// When the file cannot be read or a check fails.
    pub fn read(path: &Path) -> Result<EmergencyFile, EmergencyError> {
        let bytes = std::fs::read(path).map_err(|error| EmergencyError::Io { path: path.to_owned(), error })?;
        parse(&bytes).map_err(|fault| fault.of(path))
    }
}

/// What is wrong with the bytes of a file.
#[derive(Debug)]
enum Fault {
    OtherFormat { found: String, reads: String },
    Damaged(String),
}

impl Fault {
    fn of(self, path: &Path) -> EmergencyError {
        let path = path.to_owned();
        match self {
            Fault::OtherFormat { found, reads } => EmergencyError::OtherFormat { path, found, reads },
            Fault::Damaged(what) => EmergencyError::Damaged { path, what },
        }
    }
}

impl From<&str> for Fault {
    fn from(what: &str) -> Fault {
        Fault::Damaged(what.to_owned())
    }
}

impl From<BatchError> for Fault {
    fn from(error: BatchError) -> Fault {
        match error {
            BatchError::UnknownFormat(found) => Fault::OtherFormat {
                found: format!("journal format {found}"),
                reads: format!("journal format {}", log::FORMAT),
            },
            other => Fault::Damaged(other.to_string()),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<EmergencyFile, Fault> {
    let (body, hash) = bytes
        .len()
        .checked_sub(HASH_BYTES)
        .filter(|&body| body >= HEADER_BYTES)
        .map(|body| bytes.split_at(body))
        .ok_or("it is cut short")?;
    if body[..8] != MAGIC[..] {
        return Err("it does not begin with `STKEMERG`".into());
    }
    let format = number::<4>(body, 8).map_or(0, u32::from_le_bytes);
    if format != FORMAT {
        let name = |format| format!("emergency file format {format}");
        return Err(Fault::OtherFormat { found: name(format), reads: name(FORMAT) });
    }
    if Sha256::digest(body)[..] != *hash {
        return Err("its hash does not agree".into());
    }
    let count = number::<4>(body, 12).map_or(0, u32::from_le_bytes);
    let journaled = Seq(number::<8>(body, 16).map_or(0, u64::from_le_bytes));
    let mut rest = &body[HEADER_BYTES..];
    let mut batches: Vec<SealedBatch> = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>().ok_or("a batch is missing")?;
        let length = u32::from_le_bytes(*length) as usize;
        let (batch, after) = after.split_at_checked(length.min(BATCH_BYTES_MAX)).ok_or("a batch is cut short")?;
        rest = after;
        batches.push(checked(batch, batches.last())?);
    }
    if !rest.is_empty() {
        return Err(Fault::Damaged(format!("{} bytes follow the last batch", rest.len())));
    }
    Ok(EmergencyFile { journaled, batches })
}

fn checked(bytes: &[u8], before: Option<&SealedBatch>) -> Result<SealedBatch, Fault> {
    let batch = Batch::decode(bytes)?;
    if let Some(before) = before
        && (before.last.next() != batch.first || before.chain != batch.previous)
    {
        return Err(Fault::Damaged(format!("events {} to {} do not follow those before", batch.first, batch.last)));
    }
    Ok(SealedBatch { first: batch.first, last: batch.last, chain: batch.chain, bytes: Arc::from(bytes) })
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk::<N>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use stockade_core::log::{Admission, ChainHash, Log};

    #[cfg(unix)]
    #[test]
    fn an_emergency_file_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("emergency.stk");
        EmergencyFile { journaled: Seq(0), batches: Vec::new() }.write(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_emergency_file_comes_back_whole_or_is_refused() {
        let log = Log::new(Seq(7), ChainHash([3; 32]));
        let mut batches = Vec::new();
        for n in 0..5u8 {
            log.append(log.reserve(9, Admission::Ordinary).unwrap(), &[n; 9]).unwrap().applied();
            batches.push(log.next_batch(Duration::ZERO).unwrap());
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("emergency.stk");
        let file = EmergencyFile { journaled: Seq(10), batches };
        file.write(&path).unwrap();
        assert_eq!(EmergencyFile::read(&path).unwrap(), file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

        let bytes = std::fs::read(&path).unwrap();
        for at in (0..bytes.len()).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(parse(&damaged).is_err(), "byte {at}");
            assert!(parse(&bytes[..at]).is_err(), "{at} bytes");
        }
        // The hash of the file is checked after its format, that of a batch before it: so it is sealed again.
        let older = |at: usize| {
            let mut older = bytes[..bytes.len() - HASH_BYTES].to_vec();
            older[at] = 2;
            let hash = Sha256::digest(&older);
            older.extend_from_slice(&hash);
            parse(&older).unwrap_err().of(&path).to_string()
        };
        assert!(older(8).contains("emergency file format 2, and this build reads emergency file format 1"));
        let refusal = older(HEADER_BYTES + 4 + 4);
        assert!(refusal.contains("journal format 2") && refusal.contains("unharmed"), "{refusal}");

        let gap = EmergencyFile { journaled: Seq(0), batches: vec![file.batches[0].clone(), file.batches[2].clone()] };
        gap.write(&path).unwrap();
        let refusal = EmergencyFile::read(&path).unwrap_err().to_string();
        assert!(refusal.contains("events 10 to 10 do not follow"), "{refusal}");
    }
}
