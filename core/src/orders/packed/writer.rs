//! Writes numbers and texts.

use crate::Actor;
use crate::ids::Code;

/// Most orders fit into this many bytes.
const ROOM: usize = 512;
/// The longest form of a number.
const LONGEST: usize = 9;

/// Gathers bytes.
pub(in crate::orders) struct Writer {
    bytes: [u8; ROOM],
    len: usize,
    /// What no longer had room, from the beginning.
    full: Vec<u8>,
}

impl Writer {
    pub fn new() -> Writer {
        Writer { bytes: [0; ROOM], len: 0, full: Vec::new() }
    }

    /// What was written.
    pub fn written(&mut self) -> &[u8] {
        if self.full.is_empty() {
            return &self.bytes[..self.len];
        }
        self.spill();
        &self.full
    }

    /// What was written, in memory of just its size.
    pub fn finish(mut self) -> Box<[u8]> {
        Box::from(self.written())
    }

    /// A number of any width, in as many bytes as it has groups of seven bits: the first byte ends with a one and as many
    /// zeros as there are bytes after it. A number of more than 56 bits has eight zeros and then itself.
    #[inline]
    pub fn number(&mut self, number: impl Into<u64>) {
        let number = number.into();
        let more = (63 - (number | 1).leading_zeros()) / 7;
        let room = self.room(LONGEST);
        if more < 8 {
            room[..8].copy_from_slice(&((number << 1 | 1) << more).to_le_bytes());
            self.len += more as usize + 1;
        } else {
            room[0] = 0;
            room[1..].copy_from_slice(&number.to_le_bytes());
            self.len += LONGEST;
        }
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
        self.room(1)[0] = u8::from(flag);
        self.len += 1;
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
        let bytes = digest.to_le_bytes();
        self.room(bytes.len()).copy_from_slice(&bytes);
        self.len += bytes.len();
    }

    /// A text with its length.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.raw(text.as_bytes());
    }

    /// Bytes whose number is known.
    pub fn raw(&mut self, bytes: &[u8]) {
        if bytes.len() > ROOM {
            self.spill();
            return self.full.extend_from_slice(bytes);
        }
        self.room(bytes.len()).copy_from_slice(bytes);
        self.len += bytes.len();
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

    /// Room for so many bytes, at most [`ROOM`], after those that were written.
    #[inline]
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.len + bytes > ROOM {
            self.spill();
        }
        &mut self.bytes[self.len..self.len + bytes]
    }

    #[cold]
    fn spill(&mut self) {
        self.full.extend_from_slice(&self.bytes[..self.len]);
        self.len = 0;
    }
}
