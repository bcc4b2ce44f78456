//! Writes numbers and texts.

use smallvec::SmallVec;

use crate::Actor;
use crate::ids::Code;

/// Most orders fit into this many bytes.
const ROOM: usize = 512;
/// The longest form of a number.
const LONGEST: usize = 10;

/// Gathers bytes.
pub(in crate::orders) struct Writer(SmallVec<[u8; ROOM]>);

impl Writer {
    pub fn new() -> Writer {
        Writer(SmallVec::new())
    }

    /// What was written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, in memory of just their size.
    pub fn finish(self) -> Box<[u8]> {
        Box::from(self.0.as_slice())
    }

    /// A number of any width: seven bits a byte, the lowest first.
    #[inline]
    pub fn number(&mut self, number: impl Into<u64>) {
        let mut number = number.into();
        if number < 0x80 {
            return self.0.push(number as u8);
        }
        let (mut bytes, mut len) = ([0; LONGEST], 0);
        while number >= 0x80 {
            bytes[len] = number as u8 | 0x80;
            number >>= 7;
            len += 1;
        }
        bytes[len] = number as u8;
        self.0.extend_from_slice(&bytes[..=len]);
    }

    /// A signed number: small ones of both signs are short.
    #[inline]
    pub fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63).cast_unsigned());
    }

    /// A number as its difference to another one.
    #[inline]
    pub fn since(&mut self, number: u64, other: u64) {
        self.signed(number.wrapping_sub(other).cast_signed());
    }

    /// A choice.
    #[inline]
    pub fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    /// What may be missing.
    #[inline]
    pub fn option<T>(&mut self, option: Option<T>, put: impl FnOnce(&mut Writer, T)) {
        self.flag(option.is_some());
        if let Some(some) = option {
            put(self, some);
        }
    }

    /// How many there are, and each of them.
    #[inline]
    pub fn list<T>(&mut self, list: &[T], mut put: impl FnMut(&mut Writer, &T)) {
        self.number(list.len() as u64);
        list.iter().for_each(|item| put(self, item));
    }

    /// A digest as it is.
    pub fn digest(&mut self, digest: u128) {
        self.0.extend_from_slice(&digest.to_le_bytes());
    }

    /// A text with its length.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Bytes whose number is known.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Who did something; says only that it is the usual one, when it is.
    pub fn actor(&mut self, actor: &Actor, usual: Option<&Actor>) {
        match actor {
            actor if usual == Some(actor) => self.number(0u32),
            Actor::Timer => self.number(1u32),
            Actor::Engine => self.number(2u32),
            Actor::Named(name) => {
                self.number(3u32);
                self.code(name);
            }
        }
    }

    /// A code.
    pub fn code(&mut self, code: &Code) {
        self.text(code.as_str());
    }
}
