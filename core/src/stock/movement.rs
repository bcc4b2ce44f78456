//! Movements between the accounts of the ledger.

use bincode::{Decode, Encode};

use crate::ids::{SkuId, WarehouseId};
use crate::stock::Bucket;
use crate::units::Units;

/// One double-entry movement within a cell, or between a cell and the outside world.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
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

const _: () = assert!(size_of::<Move>() <= 40, "a movement is copied on the hot path");
