//! The bytes of a batch, the same in every journal.
//!
//! ```text
//!   0        4        6       8        12       16               24                               56
//!   ┌────────┬────────┬───────┬────────┬────────┬────────────────┬────────────────────────────────┬─────────────
//!   │ "STKB" │ format │ zero  │ crc32  │ count  │ first sequence │ SHA-256 of the batch before    │ events …
//!   └────────┴────────┴───────┴────────┴────────┴────────────────┴────────────────────────────────┴─────────────
//!                                      └──────────────────────── the crc covers all of this ──────────────────►
//!   event: length (4 bytes) and that many bytes of envelope
//! ```
//!
//! Numbers are little-endian. The hash of a batch is the SHA-256 of all its bytes, which hold the hash before it, so that
//! the last hash vouches for the whole history.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::ids::Seq;
use crate::limits::BATCH_BYTES_MAX;

/// Bytes of a batch before its first event.
pub(in crate::log) const HEADER_BYTES: usize = 56;

/// Bytes before each event, which say how long it is.
const LENGTH_BYTES: usize = 4;

/// Bytes the largest event may have: alone in a batch, it still fits.
pub const EVENT_BYTES_MAX: usize = BATCH_BYTES_MAX - HEADER_BYTES - LENGTH_BYTES;

const MAGIC: [u8; 4] = *b"STKB";
/// The journal format, of header and events together. 3: steps by number, definitions of SKUs name the rules in force.
pub const FORMAT: u16 = 3;

/// Where the parts of the header lie.
const FORMAT_AT: usize = 4;
const ZERO_AT: usize = 6;
const CRC_AT: usize = 8;
const COUNT_AT: usize = 12;
const FIRST_AT: usize = 16;
const PREVIOUS_AT: usize = 24;

/// The SHA-256 of a batch, which covers everything before it as well.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ChainHash(pub [u8; 32]);

/// Events on their way into a journal, with their header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedBatch {
    /// The sequence of the first event.
    pub first: Seq,
    /// The sequence of the last event.
    pub last: Seq,
    /// The hash of the history up to and including this batch.
    pub chain: ChainHash,
    /// What the journal keeps.
    pub bytes: Arc<[u8]>,
}

/// A batch read back: its bytes are wholly checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch<'a> {
    /// The sequence of the first event.
    pub first: Seq,
    /// The sequence of the last event.
    pub last: Seq,
    /// The hash of the history before this batch.
    pub previous: ChainHash,
    /// The hash of the history up to and including this batch.
    pub chain: ChainHash,
    events: &'a [u8],
}

/// Why bytes are not a batch.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BatchError {
    /// Fewer bytes than a header has.
    #[error("{0} bytes are too few for a batch: it is cut short")]
    Short(usize),
    /// More bytes than a batch may have.
    #[error("{0} bytes are too many for a batch, at most {BATCH_BYTES_MAX} are allowed")]
    Large(usize),
    /// Something else.
    #[error("this is not a batch of events: it does not begin with `STKB`")]
    Foreign,
    /// Written by another version.
    #[error("batch format {0} is unknown, this version reads format {FORMAT}: use the version that wrote it")]
    UnknownFormat(u16),
    /// A field that must be zero is not.
    #[error("the reserved field of the batch header is {0}, not 0: written by a newer version or damaged")]
    Reserved(u16),
    /// Damaged.
    #[error("checksum {found:08x} instead of {expected:08x}: the batch is damaged")]
    Checksum {
        /// What the header says.
        expected: u32,
        /// What the bytes give.
        found: u32,
    },
    /// An empty batch, which is never written.
    #[error("the batch says it holds no events")]
    Empty,
    /// Its numbers do not fit 64 bits, or begin at 0.
    #[error("a batch of {count} cannot begin at sequence {first}")]
    Numbers {
        /// The sequence of the first.
        first: Seq,
        /// Number of its events.
        count: u32,
    },
    /// An event reaches beyond the end.
    #[error("event {index} of {count} (from 0) reaches beyond the end of the batch")]
    Overrun {
        /// Which, from 0.
        index: u32,
        /// How many there should be.
        count: u32,
    },
    /// Something follows the last event.
    #[error("the last event of the batch is followed by {0} B")]
    Trailing(usize),
}

impl ChainHash {
    /// The hash before the first batch.
    pub const GENESIS: ChainHash = ChainHash([0; 32]);

    pub(in crate::log) fn of(batch: &[u8]) -> ChainHash {
        ChainHash(Sha256::digest(batch).into())
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

impl<'a> Batch<'a> {
    /// Reads a batch and checks all of it: format, bounds, checksum and the length of every event. Allocates nothing.
    ///
    /// # Errors
    /// When anything is not as [`SealedBatch`] would have it.
    pub fn decode(bytes: &'a [u8]) -> Result<Batch<'a>, BatchError> {
        let header = read_header(bytes)?;
        let found = crc32fast::hash(&bytes[COUNT_AT..]);
        if header.crc != found {
            return Err(BatchError::Checksum { expected: header.crc, found });
        }
        check_events(&bytes[HEADER_BYTES..], header.count)?;
        Ok(Batch {
            first: header.first,
            last: header.last(),
            previous: header.previous,
            chain: ChainHash::of(bytes),
            events: &bytes[HEADER_BYTES..],
        })
    }

    /// The first and last sequence a batch says it holds, without checking the rest of it.
    ///
    /// # Errors
    /// When it does not begin as a batch does.
    pub fn span(bytes: &[u8]) -> Result<(Seq, Seq), BatchError> {
        let header = read_header(bytes)?;
        Ok((header.first, header.last()))
    }

    /// The events and their sequences, in order.
    pub fn events(&self) -> impl Iterator<Item = (Seq, &'a [u8])> + use<'a> {
        let mut rest = self.events;
        let mut seq = self.first;
        std::iter::from_fn(move || {
            let (event, after) = split_event(rest)?;
            rest = after;
            let numbered = (seq, event);
            seq = Seq(seq.0.saturating_add(1));
            Some(numbered)
        })
    }

    /// How many events it holds.
    pub fn count(&self) -> u64 {
        self.last.0 - self.first.0 + 1
    }

    /// Its events up to `last` as a batch of their own, with which a history may end: its hash is another one. `None` when
    /// that is before the first of them; the whole batch when it is not before the last.
    pub fn until(&self, last: Seq) -> Option<SealedBatch> {
        let last = last.min(self.last);
        let count = u32::try_from(last.0.checked_sub(self.first.0)? + 1).ok()?;
        let kept: usize = self.events().take(count as usize).map(|(_, event)| LENGTH_BYTES + event.len()).sum();
        let mut bytes = vec![0; HEADER_BYTES];
        bytes.extend_from_slice(&self.events[..kept]);
        write_header(&mut bytes, count, self.first, self.previous);
        Some(SealedBatch { first: self.first, last, chain: ChainHash::of(&bytes), bytes: bytes.into() })
    }
}

struct Header {
    crc: u32,
    count: u32,
    first: Seq,
    previous: ChainHash,
}

impl Header {
    fn last(&self) -> Seq {
        Seq(self.first.0 + u64::from(self.count) - 1)
    }
}

fn read_header(bytes: &[u8]) -> Result<Header, BatchError> {
    if bytes.len() < HEADER_BYTES {
        return Err(BatchError::Short(bytes.len()));
    }
    if bytes.len() > BATCH_BYTES_MAX {
        return Err(BatchError::Large(bytes.len()));
    }
    if bytes[..4] != MAGIC {
        return Err(BatchError::Foreign);
    }
    let format = u16::from_le_bytes(array(bytes, FORMAT_AT));
    if format != FORMAT {
        return Err(BatchError::UnknownFormat(format));
    }
    let zero = u16::from_le_bytes(array(bytes, ZERO_AT));
    if zero != 0 {
        return Err(BatchError::Reserved(zero));
    }
    let count = u32::from_le_bytes(array(bytes, COUNT_AT));
    let first = Seq(u64::from_le_bytes(array(bytes, FIRST_AT)));
    if count == 0 {
        return Err(BatchError::Empty);
    }
    if first.0 == 0 || first.0.checked_add(u64::from(count)).is_none() {
        return Err(BatchError::Numbers { first, count });
    }
    let crc = u32::from_le_bytes(array(bytes, CRC_AT));
    Ok(Header { crc, count, first, previous: ChainHash(array(bytes, PREVIOUS_AT)) })
}

fn check_events(events: &[u8], count: u32) -> Result<(), BatchError> {
    let mut rest = events;
    for index in 0..count {
        (_, rest) = split_event(rest).ok_or(BatchError::Overrun { index, count })?;
    }
    if rest.is_empty() { Ok(()) } else { Err(BatchError::Trailing(rest.len())) }
}

fn split_event(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// Fills in the header of a batch whose events are already behind it.
pub(in crate::log) fn write_header(bytes: &mut [u8], count: u32, first: Seq, previous: ChainHash) {
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[FORMAT_AT..ZERO_AT].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[ZERO_AT..CRC_AT].fill(0);
    bytes[COUNT_AT..FIRST_AT].copy_from_slice(&count.to_le_bytes());
    bytes[FIRST_AT..PREVIOUS_AT].copy_from_slice(&first.0.to_le_bytes());
    bytes[PREVIOUS_AT..HEADER_BYTES].copy_from_slice(&previous.0);
    let crc = crc32fast::hash(&bytes[COUNT_AT..]);
    bytes[CRC_AT..COUNT_AT].copy_from_slice(&crc.to_le_bytes());
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|n| bytes[at + n])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(events: &[&[u8]], first: u64, previous: ChainHash) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES];
        for event in events {
            bytes.extend_from_slice(&(event.len() as u32).to_le_bytes());
            bytes.extend_from_slice(event);
        }
        write_header(&mut bytes, events.len() as u32, Seq(first), previous);
        bytes
    }

    /// The same batch with another header and a checksum that agrees with it.
    fn resealed(mut bytes: Vec<u8>, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
        change(&mut bytes);
        let crc = crc32fast::hash(&bytes[COUNT_AT..]);
        bytes[CRC_AT..COUNT_AT].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    #[test]
    fn a_batch_has_these_bytes_for_ever() {
        let bytes = batch(&[b"ab", b"", b"cde"], 258, ChainHash([7; 32]));
        let mut golden = b"STKB\x03\x00\x00\x00".to_vec();
        golden.extend_from_slice(&[0x28, 0x36, 0x9f, 0xc5]);
        golden.extend_from_slice(&[3, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
        golden.extend_from_slice(&[7; 32]);
        golden.extend_from_slice(b"\x02\0\0\0ab\0\0\0\0\x03\0\0\0cde");
        assert_eq!(bytes, golden);
        assert_eq!(
            Batch::decode(&bytes).unwrap().chain.to_string(),
            "7f47cd978486fdd782505b676f59a68618e77b178b527c5da1db4e3240793605"
        );
    }

    #[test]
    fn a_batch_comes_back_with_its_sequences() {
        let bytes = batch(&[b"ab", b"", b"cde"], 41, ChainHash::GENESIS);
        let read = Batch::decode(&bytes).unwrap();
        assert_eq!((read.first, read.last, read.count()), (Seq(41), Seq(43), 3));
        let events: Vec<_> = read.events().collect();
        assert_eq!(events, [(Seq(41), &b"ab"[..]), (Seq(42), b""), (Seq(43), b"cde")]);
    }

    #[test]
    fn a_batch_is_cut_after_any_of_its_events() {
        let bytes = batch(&[b"ab", b"", b"cde"], 41, ChainHash([7; 32]));
        let whole = Batch::decode(&bytes).unwrap();
        assert_eq!(whole.until(Seq(40)), None);
        let cut = whole.until(Seq(42)).unwrap();
        assert_eq!(&*cut.bytes, batch(&[b"ab", b""], 41, ChainHash([7; 32])));
        let read = Batch::decode(&cut.bytes).unwrap();
        assert_eq!((read.last, read.chain, read.previous), (Seq(42), cut.chain, whole.previous));
        assert_ne!(cut.chain, whole.chain);
        for last in [43, 50] {
            assert_eq!(&*whole.until(Seq(last)).unwrap().bytes, bytes);
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let bytes = batch(&[b"ab", b"cde"], 1, ChainHash::GENESIS);
        for at in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            assert!(Batch::decode(&damaged).is_err(), "bit {at}");
        }
        for cut in 0..bytes.len() {
            assert!(Batch::decode(&bytes[..cut]).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = batch(&[b"ab", b"cde"], 1, ChainHash::GENESIS);
        let refused = |bytes: Vec<u8>| Batch::decode(&bytes).unwrap_err();
        assert_eq!(refused(good[..20].to_vec()), BatchError::Short(20));
        assert_eq!(refused(vec![0; BATCH_BYTES_MAX + 1]), BatchError::Large(BATCH_BYTES_MAX + 1));
        assert_eq!(refused(resealed(good.clone(), |b| b[0] = b'X')), BatchError::Foreign);
        assert_eq!(refused(resealed(good.clone(), |b| b[4] = 1)), BatchError::UnknownFormat(1));
        assert_eq!(refused(resealed(good.clone(), |b| b[6] = 9)), BatchError::Reserved(9));
        assert_eq!(refused(resealed(good.clone(), |b| b[12] = 0)), BatchError::Empty);
        assert_eq!(refused(resealed(good.clone(), |b| b[12] = 3)), BatchError::Overrun { index: 2, count: 3 });
        assert_eq!(refused(resealed(good.clone(), |b| b[12] = 1)), BatchError::Trailing(7));
        assert_eq!(refused(resealed(good.clone(), |b| b[16] = 0)), BatchError::Numbers { first: Seq(0), count: 2 });
        assert_eq!(
            refused(resealed(good.clone(), |b| b[16..24].fill(0xFF))),
            BatchError::Numbers { first: Seq(u64::MAX), count: 2 }
        );
        assert_eq!(refused(resealed(good.clone(), |b| b[59] = 0xFF)), BatchError::Overrun { index: 0, count: 2 });
        assert!(matches!(
            refused({
                let mut damaged = good;
                damaged[60] ^= 1;
                damaged
            }),
            BatchError::Checksum { .. }
        ));
    }
}
