//! Where units on hand are drawn from.

use smallvec::SmallVec;

use crate::ids::{PoolId, SkuId, WarehouseId};
use crate::stock::{SkuStock, draw};
use crate::units::Units;

/// Stock under its locks, or copies of it.
pub(in crate::engine) trait Shelves {
    /// From which pools units of a cell are drawn, in addition to those `used` already; less than asked when they do not
    /// suffice.
    fn draw(
        &self,
        cell: (SkuId, WarehouseId),
        pools: &[PoolId],
        units: Units,
        used: impl Fn(PoolId) -> Units,
    ) -> SmallVec<[(PoolId, Units); 2]>;
}

/// Stock under its locks.
impl<'s, F: Fn(SkuId) -> &'s SkuStock> Shelves for F {
    #[inline]
    fn draw(
        &self,
        (sku, warehouse): (SkuId, WarehouseId),
        pools: &[PoolId],
        units: Units,
        used: impl Fn(PoolId) -> Units,
    ) -> SmallVec<[(PoolId, Units); 2]> {
        draw(self(sku).cell(warehouse), pools, units, used)
    }
}
