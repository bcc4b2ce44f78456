//! Reads what [`Writer`](super::Writer) wrote, or answers `None`.

use crate::Actor;
use crate::ids::Code;

/// What is left to be read.
#[derive(Clone, Copy)]
pub(in crate::orders) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.0.len()
    }

    /// Nothing is left.
    pub fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    #[inline]
    pub fn number(&mut self) -> Option<u64> {
        let first = *self.0.first()?;
        if first & 1 == 1 {
            self.0 = &self.0[1..];
            return Some((first >> 1).into());
        }
        self.long_number(first.trailing_zeros() as usize)
    }

    /// A number with so many bytes after the first.
    fn long_number(&mut self, more: usize) -> Option<u64> {
        if more == 8 {
            let bytes = self.raw(9)?;
            return bytes.last_chunk().map(|number| u64::from_le_bytes(*number));
        }
        let word = match self.0.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => {
                let mut word = [0; 8];
                word[..self.0.len()].copy_from_slice(self.0);
                u64::from_le_bytes(word)
            }
        };
        self.raw(more + 1)?;
        // The bytes after it are not its own.
        Some(word << (56 - 8 * more) >> (57 - 7 * more))
    }

    #[inline]
    pub fn u32(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    #[inline]
    pub fn u16(&mut self) -> Option<u16> {
        u16::try_from(self.number()?).ok()
    }

    #[inline]
    pub fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// A number that was written as its difference to another one.
    #[inline]
    pub fn since(&mut self, other: u64) -> Option<u64> {
        Some(other.wrapping_add(self.signed()?.cast_unsigned()))
    }

    #[inline]
    pub fn flag(&mut self) -> Option<bool> {
        match self.raw(1)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    #[inline]
    pub fn option<T>(&mut self, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.flag()? {
            true => take(self).map(Some),
            false => Some(None),
        }
    }

    #[inline]
    pub fn list<T>(&mut self, mut take: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let len = usize::try_from(self.number()?).ok()?;
        // Whatever is listed takes a byte at least.
        if len > self.0.len() {
            return None;
        }
        let mut list = Vec::with_capacity(len);
        for _ in 0..len {
            list.push(take(self)?);
        }
        Some(list)
    }

    pub fn digest(&mut self) -> Option<u128> {
        self.raw(size_of::<u128>()).and_then(|bytes| bytes.try_into().ok()).map(u128::from_le_bytes)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.raw(len)?).ok()
    }

    /// Who did something, among whom one is usual.
    pub fn actor(&mut self, usual: Option<&Actor>) -> Option<Actor> {
        match self.number()? {
            0 => usual.cloned(),
            1 => Some(Actor::Timer),
            2 => Some(Actor::Engine),
            3 => self.code().map(Actor::Named),
            _ => None,
        }
    }

    pub fn code(&mut self) -> Option<Code> {
        Code::written(self.text()?).ok()
    }

    #[inline]
    pub fn raw(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }
}
