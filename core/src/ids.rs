//! Identities: text codes at the border, dense numbers inside.
//!
//! A [`Code`] is what people and other systems write. The engine turns it into a dense id when it is defined, and the
//! id is what buckets, orders and events carry. Ids are handed out by the engine, in history order, and never reused.

use std::fmt;
use std::str::FromStr;

use bincode::de::{BorrowDecode, BorrowDecoder, Decode, Decoder};
use bincode::enc::{Encode, Encoder};
use bincode::error::{DecodeError, EncodeError};
use compact_str::CompactString;

use crate::invisible;
use crate::limits::{CODE_BYTES_MAX, CODE_CHARS_MAX};

macro_rules! dense_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, bincode::Encode, bincode::Decode)]
        pub struct $name(pub $inner);

        impl $name {
            /// The id as an index into a dense table.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

dense_id!(
    /// A stock keeping unit.
    SkuId(u32)
);
dense_id!(
    /// A warehouse or store: a place that holds stock and ships parcels.
    WarehouseId(u16)
);
dense_id!(
    /// A sales channel.
    ChannelId(u16)
);
dense_id!(
    /// A stock pool. Id 0 is always the pool `regular`.
    PoolId(u16)
);
dense_id!(
    /// A carrier.
    CarrierId(u16)
);
dense_id!(
    /// An order. Holds its key shard in the lowest 12 bits, so that an order is found without an index.
    OrderId(u64)
);
dense_id!(
    /// The place of an event in the history. The first event has sequence 1; 0 means "before everything".
    Seq(u64)
);
dense_id!(
    /// The version of a rule set. The first one applied is 1; 0 means "no rules yet".
    RulesVersion(u32)
);
dense_id!(
    /// The number of a sub-order within its order, from 1.
    SubNo(u16)
);

dense_id!(
    /// The number of a refund within its order number, from 1.
    RefundNo(u32)
);

dense_id!(
    /// An expected receipt of one SKU at one warehouse, from 1 in the order of announcement. 0 is none.
    ReceiptNo(u32)
);
dense_id!(
    /// A promise of units that are yet to come to one SKU's cell, from 1 in the order of promising.
    Ticket(u32)
);

impl ReceiptNo {
    /// No receipt: what is promised and not expected from any.
    pub const NONE: ReceiptNo = ReceiptNo(0);
}

impl PoolId {
    /// The pool every cell has and from which safety stock is withheld.
    pub const REGULAR: PoolId = PoolId(0);
}

impl Seq {
    /// The sequence right after this one.
    #[inline]
    #[must_use]
    pub const fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

/// A text code: 1 to 64 characters that can be seen, without spaces at its ends.
///
/// Up to 24 bytes are kept inline, so that ordinary codes never allocate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Code(CompactString);

/// Why a text is not a [`Code`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CodeError {
    /// Nothing in it.
    #[error("a code must not be empty")]
    Empty,
    /// More than 64 characters.
    #[error("a code has at most {CODE_CHARS_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// A character that cannot be seen, and its place among the characters, from 1: a control character, one without
    /// width, or a space at an end.
    #[error(
        "a code must not hold what cannot be seen nor begin or end with a space: character {1} is U+{code:04X} {name}",
        code = u32::from(*.0), name = invisible::name(*.0).unwrap_or("CONTROL CHARACTER OR SPACE")
    )]
    Invisible(char, usize),
}

impl Code {
    /// Checks and wraps a text.
    pub fn new(text: &str) -> Result<Code, CodeError> {
        if text.is_empty() {
            return Err(CodeError::Empty);
        }
        short_enough(text)?;
        let plain = text.bytes().all(|b| b.is_ascii_graphic());
        if !plain && let Some((place, character)) = invisible::first_invisible(text) {
            return Err(CodeError::Invisible(character, place));
        }
        Ok(Code(CompactString::new(text)))
    }

    /// Wraps a text that was a code when it was written. Characters without width were allowed once, and what is in a
    /// history stays readable.
    pub(crate) fn written(text: &str) -> Result<Code, CodeError> {
        let control = |(at, character): (usize, char)| character.is_control().then_some((at + 1, character));
        let edge = |character: Option<char>, place| {
            character.filter(|character| character.is_whitespace()).map(|character| (place, character))
        };
        if text.bytes().all(|b| b.is_ascii_graphic()) && !text.is_empty() && text.len() <= CODE_CHARS_MAX {
            return Ok(Code(CompactString::new(text)));
        }
        if text.is_empty() {
            return Err(CodeError::Empty);
        }
        short_enough(text)?;
        let bad = text.chars().enumerate().find_map(control);
        let bad = bad.or_else(|| edge(text.chars().next(), 1));
        match bad.or_else(|| edge(text.chars().next_back(), text.chars().count())) {
            Some((place, character)) => Err(CodeError::Invisible(character, place)),
            None => Ok(Code(CompactString::new(text))),
        }
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Bytes it has besides those inline.
    #[inline]
    pub(crate) fn allocated(&self) -> usize {
        if self.0.is_heap_allocated() { self.0.capacity() } else { 0 }
    }
}

fn short_enough(text: &str) -> Result<(), CodeError> {
    // No text has more characters than bytes.
    match text.len() > CODE_CHARS_MAX {
        true => match text.chars().count() {
            0..=CODE_CHARS_MAX => Ok(()),
            count => Err(CodeError::TooLong(count)),
        },
        false => Ok(()),
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Code, CodeError> {
        Code::new(text)
    }
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Code {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Encode for Code {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.as_str().encode(encoder)
    }
}

impl<C> Decode<C> for Code {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let len = usize::try_from(u64::decode(decoder)?).unwrap_or(usize::MAX);
        if len > CODE_BYTES_MAX {
            let reason = format!("a code has at most {CODE_BYTES_MAX} bytes, this one has {len}");
            return Err(DecodeError::OtherString(reason));
        }
        decoder.claim_bytes_read(len)?;
        // Few codes need the room of the longest one.
        match len {
            0..=CODE_CHARS_MAX => read_code(decoder, &mut [0; CODE_CHARS_MAX][..len]),
            _ => read_code(decoder, &mut [0; CODE_BYTES_MAX][..len]),
        }
    }
}

fn read_code<D: Decoder>(decoder: &mut D, bytes: &mut [u8]) -> Result<Code, DecodeError> {
    bincode::de::read::Reader::read(decoder.reader(), bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|inner| DecodeError::Utf8 { inner })?;
    Code::written(text).map_err(|e| DecodeError::OtherString(e.to_string()))
}

impl<'de, C> BorrowDecode<'de, C> for Code {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Code::decode(decoder)
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Code::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_checked() {
        assert_eq!(Code::new(""), Err(CodeError::Empty));
        assert_eq!(Code::new(&"x".repeat(65)), Err(CodeError::TooLong(65)));
        assert_eq!(Code::new("a\nb"), Err(CodeError::Invisible('\n', 2)));
        assert_eq!(Code::new(" a"), Err(CodeError::Invisible(' ', 1)));
        assert_eq!(Code::new("a b").unwrap().as_str(), "a b");
        assert_eq!(Code::new("上海").unwrap().as_str(), "上海");
        assert!(Code::new(&"x".repeat(64)).is_ok());
    }

    #[test]
    fn a_code_has_64_characters_in_any_writing() {
        for character in ["x", "é", "红", "😀"] {
            let code = Code::new(&character.repeat(64)).unwrap();
            let bytes = bincode::encode_to_vec(&code, bincode::config::standard()).unwrap();
            let decoded: (Code, usize) = bincode::decode_from_slice(&bytes, bincode::config::standard()).unwrap();
            assert_eq!(decoded, (code, bytes.len()));
            assert_eq!(Code::new(&character.repeat(65)), Err(CodeError::TooLong(65)));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused_by_name_and_stays_readable_in_a_history() {
        let refused = Code::new("TEE\u{200b}").unwrap_err().to_string();
        assert!(refused.contains("character 4 is U+200B ZERO WIDTH SPACE"), "{refused}");
        let bytes = bincode::encode_to_vec("TEE\u{200b}", bincode::config::standard()).unwrap();
        let (old, _): (Code, usize) = bincode::decode_from_slice(&bytes, bincode::config::standard()).unwrap();
        assert_eq!(old.as_str(), "TEE\u{200b}");
        for bad in ["TEE\n", "TEE\u{a0}", ""] {
            let bytes = bincode::encode_to_vec(bad, bincode::config::standard()).unwrap();
            assert!(bincode::decode_from_slice::<Code, _>(&bytes, bincode::config::standard()).is_err(), "{bad:?}");
        }
    }
}
