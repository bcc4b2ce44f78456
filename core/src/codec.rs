//! How values become bytes and back, on the wire and in journals: bincode's `standard()` form (little-endian, variable-length
//! integers), always with a bound on what a length may claim, and nothing may follow the value.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};

use crate::limits::BATCH_BYTES_MAX;

/// What the lengths inside one value may claim before they are believed, in bytes of memory, for values of all sizes.
const CLAIM_BYTES_MAX: usize = 8 * BATCH_BYTES_MAX;
/// Values up to this many bytes may claim this many times as much: enough for every honest one.
const SMALL: usize = 4 * 1024;
const MEDIUM: usize = 128 * 1024;
const CLAIM_PER_BYTE: usize = 64;

type Config<const N: usize> = Configuration<LittleEndian, Varint, Limit<N>>;

const fn config<const N: usize>() -> Config<N> {
    bincode::config::standard().with_limit::<N>()
}

/// Why bytes are not the value they should be.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Too large to be written: nothing that passed the limits of a command is.
    #[error("the value cannot be encoded: {0}")]
    Encode(#[from] EncodeError),
    /// Cut short, out of range, beyond the bound, or of a kind this version does not know.
    #[error("the bytes do not decode: {0}; they are damaged or of a newer version")]
    Decode(#[from] DecodeError),
    /// Something follows the value.
    #[error("the value is followed by {0} B: damaged or of a newer version")]
    TrailingBytes(usize),
}

/// The error of a number that this version does not know.
pub(crate) fn unknown_kind(what: &str, number: u16) -> DecodeError {
    let reason = format!("{what} kind {number} is unknown to this version: use the one that wrote it or a newer one");
    DecodeError::OtherString(reason)
}

/// Appends a value; the buffer is as it was when that fails.
pub(crate) fn encode_onto<T: Encode>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let before = out.len();
    bincode::encode_into_writer(value, Grow(out), bincode::config::standard()).map_err(|e| {
        out.truncate(before);
        CodecError::Encode(e)
    })
}

/// Reads the value that fills `bytes`.
pub(crate) fn decode_whole<T: Decode<()>>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, read) = decode_first::<T>(bytes)?;
    if read != bytes.len() {
        return Err(CodecError::TrailingBytes(bytes.len() - read));
    }
    Ok(value)
}

/// Reads the value `bytes` begin with, and how many of them it takes.
pub(crate) fn decode_first<T: Decode<()>>(bytes: &[u8]) -> Result<(T, usize), CodecError> {
    let read = if bytes.len() <= SMALL {
        bincode::decode_from_slice(bytes, config::<{ SMALL * CLAIM_PER_BYTE }>())
    } else if bytes.len() <= MEDIUM {
        bincode::decode_from_slice(bytes, config::<{ MEDIUM * CLAIM_PER_BYTE }>())
    } else {
        bincode::decode_from_slice(bytes, config::<CLAIM_BYTES_MAX>())
    };
    Ok(read?)
}

struct Grow<'a>(&'a mut Vec<u8>);

impl Writer for Grow<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

const _: () = assert!(MEDIUM * CLAIM_PER_BYTE <= CLAIM_BYTES_MAX);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_beyond_the_bound_is_refused_before_anything_is_allocated() {
        let mut bytes = vec![253];
        bytes.extend_from_slice(&(u64::MAX / 2).to_le_bytes());
        assert!(decode_whole::<Vec<u8>>(&bytes).is_err());
    }
}
