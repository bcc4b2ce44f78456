//! Numbers and texts in bincode's `standard()` form, gathered and handed to an encoder in one piece.
//!
//! Plans are mostly small numbers, written for every order. bincode asks its writer for room for each of them; here that
//! is asked once for many. The bytes are the same.

use bincode::enc::Encoder;
use bincode::enc::write::Writer;
use bincode::error::EncodeError;

use crate::ids::Code;

/// Gathers numbers for an encoder. What was put is with the encoder only after [`Numbers::finish`], which also says whether
/// the encoder took all of it.
pub(crate) struct Numbers<'e, E> {
    encoder: &'e mut E,
    bytes: [u8; ROOM],
    len: usize,
    /// Why the encoder took no more.
    refused: Option<EncodeError>,
}

const ROOM: usize = 256;
/// The longest form of a number, and of a digest.
const LONGEST: usize = 9;
const LONGEST_DIGEST: usize = 17;
/// Numbers below this are a byte of their own; the three after it announce two, four and eight bytes.
const SMALL: u64 = 251;

/// Numbers that bincode writes in as few bytes as they need: not those of eight bits, which it writes as they are.
pub(crate) trait Wide: Into<u64> {}

impl Wide for u16 {}
impl Wide for u32 {}
impl Wide for u64 {}

impl<'e, E: Encoder> Numbers<'e, E> {
    pub fn new(encoder: &'e mut E) -> Numbers<'e, E> {
        Numbers { encoder, bytes: [0; ROOM], len: 0, refused: None }
    }

    /// An unsigned number of any width, a length, or the number of a variant.
    #[inline]
    pub fn put(&mut self, number: impl Wide) {
        let number = number.into();
        if number < SMALL
            && let Some(byte) = self.bytes.get_mut(self.len)
        {
            *byte = number as u8;
            self.len += 1;
        } else {
            self.put_long(number);
        }
    }

    /// A signed number: small ones of both signs are short.
    #[inline]
    pub fn put_signed(&mut self, number: i64) {
        self.put((number << 1 ^ number >> 63).cast_unsigned());
    }

    /// A choice.
    #[inline]
    pub fn put_bool(&mut self, choice: bool) {
        self.put(u16::from(choice));
    }

    /// What may be missing: whether it is there, and what it is.
    #[inline]
    pub fn put_option<T>(&mut self, option: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.put_bool(option.is_some());
        if let Some(some) = option {
            put(self, some);
        }
    }

    /// A number of 128 bits, which is hardly ever a small one.
    pub fn put_digest(&mut self, digest: u128) {
        if let Ok(small) = u64::try_from(digest) {
            return self.put(small);
        }
        self.ensure(LONGEST_DIGEST);
        self.bytes[self.len] = 254;
        self.bytes[self.len + 1..][..16].copy_from_slice(&digest.to_le_bytes());
        self.len += LONGEST_DIGEST;
    }

    /// How many follow.
    #[inline]
    pub fn put_len(&mut self, len: usize) {
        self.put(len as u64);
    }

    /// A code: its length and its bytes.
    #[inline]
    pub fn put_code(&mut self, code: &Code) {
        let text = code.as_str().as_bytes();
        self.put_len(text.len());
        self.ensure(text.len());
        self.bytes[self.len..][..text.len()].copy_from_slice(text);
        self.len += text.len();
    }

    /// Hands the rest over.
    ///
    /// # Errors
    /// The encoder's, when it did not take all that was put.
    pub fn finish(&mut self) -> Result<(), EncodeError> {
        self.flush();
        self.refused.take().map_or(Ok(()), Err)
    }

    /// Makes room for so many bytes.
    #[inline]
    fn ensure(&mut self, bytes: usize) {
        if self.len > ROOM - bytes {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let gathered = &self.bytes[..std::mem::take(&mut self.len)];
        if self.refused.is_none() {
            self.refused = self.encoder.writer().write(gathered).err();
        }
    }

    fn put_long(&mut self, number: u64) {
        self.ensure(LONGEST);
        let (mark, len) = match number {
            0..SMALL => (number as u8, 0),
            _ if number <= u64::from(u16::MAX) => (251, 2),
            _ if number <= u64::from(u32::MAX) => (252, 4),
            _ => (253, 8),
        };
        self.bytes[self.len] = mark;
        // All eight, whatever of them counts: what comes next is written over the rest.
        self.bytes[self.len + 1..][..8].copy_from_slice(&number.to_le_bytes());
        self.len += 1 + len;
    }
}

const _: () = assert!(crate::limits::CODE_BYTES_MAX <= ROOM);

#[cfg(test)]
mod tests {
    use bincode::Encode;
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug)]
    enum Piece {
        Unsigned(u64),
        Signed(i64),
        Digest(u128),
        Choice(Option<bool>),
        Text(Code),
    }

    struct Gathered(Vec<Piece>);
    struct Plain(Vec<Piece>);

    impl Encode for Gathered {
        fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
            let mut numbers = Numbers::new(encoder);
            self.0.iter().for_each(|piece| match piece {
                Piece::Unsigned(number) => numbers.put(*number),
                Piece::Signed(number) => numbers.put_signed(*number),
                Piece::Digest(digest) => numbers.put_digest(*digest),
                Piece::Choice(choice) => numbers.put_option(*choice, Numbers::put_bool),
                Piece::Text(code) => numbers.put_code(code),
            });
            numbers.finish()
        }
    }

    impl Encode for Plain {
        fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
            self.0.iter().try_for_each(|piece| match piece {
                Piece::Unsigned(number) => number.encode(encoder),
                Piece::Signed(number) => number.encode(encoder),
                Piece::Digest(digest) => digest.encode(encoder),
                Piece::Choice(choice) => choice.encode(encoder),
                Piece::Text(code) => code.encode(encoder),
            })
        }
    }

    fn edges() -> impl Strategy<Value = u64> {
        prop::sample::select(vec![0, 250, 251, 0xFFFF, 0x1_0000, 0xFFFF_FFFF, 0x1_0000_0000, u64::MAX])
    }

    fn piece() -> impl Strategy<Value = Piece> {
        prop_oneof![
            4 => (0u64..300).prop_map(Piece::Unsigned),
            1 => edges().prop_map(Piece::Unsigned),
            1 => (-300i64..300).prop_map(Piece::Signed),
            1 => any::<i64>().prop_map(Piece::Signed),
            1 => any::<u128>().prop_map(Piece::Digest),
            1 => edges().prop_map(|digest| Piece::Digest(digest.into())),
            1 => any::<Option<bool>>().prop_map(Piece::Choice),
            2 => "[a-z\u{4e00}-\u{4fff}\u{1f600}-\u{1f64f}]{1,64}".prop_map(|text| Piece::Text(Code::new(&text).unwrap())),
        ]
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_bincode(pieces in prop::collection::vec(piece(), 0..200)) {
            let config = bincode::config::standard();
            let gathered = Gathered(pieces);
            let bytes = bincode::encode_to_vec(&gathered, config).unwrap();
            prop_assert_eq!(&bytes, &bincode::encode_to_vec(Plain(gathered.0), config).unwrap());
        }

        #[test]
        fn an_encoder_that_has_no_room_refuses(pieces in prop::collection::vec(piece(), 1..200)) {
            let config = bincode::config::standard();
            let gathered = Gathered(pieces);
            let mut room = bincode::encode_to_vec(&gathered, config).unwrap();
            room.pop();
            prop_assert!(bincode::encode_into_slice(&gathered, &mut room, config).is_err());
        }
    }
}
