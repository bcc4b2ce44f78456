//! Units taken out of sub-orders.

use bincode::{Decode, Encode};

use crate::heap::behind;
use crate::ids::{PoolId, SkuId, SubNo, WarehouseId};
use crate::units::Units;

/// Units of a sub-order's line, as drawn from a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SubTake {
    /// The sub-order.
    pub sub: SubNo,
    /// The SKU.
    pub sku: SkuId,
    /// The pool the units were drawn from.
    pub pool: PoolId,
    /// Units taken.
    pub units: Units,
}

/// Returned units of a sub-order's line at another warehouse than the one that shipped them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Elsewhere {
    /// Where they came back to.
    pub warehouse: WarehouseId,
    /// The units.
    pub take: SubTake,
}

behind! {
    Elsewhere {}
}
