//! Movements between the accounts of the ledger.

use bincode::enc::Encoder;
use bincode::error::EncodeError;
use bincode::{Decode, Encode};

use crate::ids::{SkuId, WarehouseId};
use crate::numbers::Numbers;
use crate::stock::Bucket;
use crate::units::Units;

/// One double-entry movement within a cell, or between a cell and the outside world.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Decode)]
pub struct Move {
    /// The SKU.
    pub sku: SkuId,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// Out of this bucket.
    pub from: Bucket,
    /// Into this bucket.
    pub to: Bucket,
    /// Units moved.
    pub units: Units,
}

/// A movement the ledger cannot make: the bucket does not hold the units, or they do not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{units} units cannot move from {from} to {to}: {there} are there")]
pub struct Overdrawn {
    /// Out of this bucket.
    pub from: Bucket,
    /// Into this bucket.
    pub to: Bucket,
    /// Units asked.
    pub units: Units,
    /// Units there.
    pub there: Units,
}

const _: () = assert!(size_of::<Move>() <= 40, "a movement is copied on the hot path");

impl Encode for Move {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let mut numbers = Numbers::new(encoder);
        put(&mut numbers, self);
        numbers.finish()
    }
}

/// Movements that are written in one piece, as bincode writes a list of them.
pub(crate) struct InOnePiece<'a>(pub &'a [Move]);

impl Encode for InOnePiece<'_> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let mut numbers = Numbers::new(encoder);
        put_moves(&mut numbers, self.0);
        numbers.finish()
    }
}

/// Writes movements among other numbers.
pub(crate) fn put_moves<E: Encoder>(numbers: &mut Numbers<'_, E>, moves: &[Move]) {
    numbers.put_len(moves.len());
    moves.iter().for_each(|m| put(numbers, m));
}

#[inline]
fn put<E: Encoder>(numbers: &mut Numbers<'_, E>, m: &Move) {
    let Move { sku, warehouse, from, to, units } = m;
    numbers.put(sku.0);
    numbers.put(warehouse.0);
    from.put(numbers);
    to.put(numbers);
    numbers.put(units.0);
}
