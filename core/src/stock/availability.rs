//! What may be promised.

use smallvec::SmallVec;

use crate::ids::PoolId;
use crate::stock::{Bucket, Cell};
use crate::units::Units;

impl Cell {
    /// Units free in all pools together.
    pub fn free(&self) -> Units {
        self.pools().iter().map(|stock| stock.available).sum()
    }

    /// Short units that free ones do not make up for: claimed, and not there.
    pub fn lacking(&self) -> Units {
        self.units(Bucket::Short).saturating_sub(self.free())
    }

    /// Whether free units can make up for short ones: they do, in a commit of their own.
    #[inline]
    pub fn makes_up(&self) -> bool {
        self.withholds() && !self.units(Bucket::Short).is_zero() && !self.free().is_zero()
    }
}

/// What a channel granted these pools could draw from a cell: the free units of its pools, less the safety stock, which
/// is withheld from the regular pool, and less those that overdue promises come first to; and never more than all free
/// units less the short ones, which are not there.
#[inline]
pub fn drawable(cell: &Cell, pools: &[PoolId]) -> Units {
    if let ([stock], false) = (cell.pools(), cell.withholds()) {
        return if pools.contains(&stock.pool) { stock.available } else { Units::ZERO };
    }
    let (mut all, mut granted, mut owed) = (Units::ZERO, Units::ZERO, Units::ZERO);
    for stock in cell.pools() {
        all = all.saturating_add(stock.available);
        let due = owed_of(cell, stock.pool);
        owed = owed.saturating_add(due);
        if pools.contains(&stock.pool) {
            granted = granted.saturating_add(takeable(cell, stock.pool).saturating_sub(due));
        }
    }
    let there = all.saturating_sub(cell.units(Bucket::Short)).saturating_sub(owed);
    if cell.withholds() { granted.min(there) } else { granted }
}

/// What overdue promises of a pool may take of it in addition to what others have `used`: what orders could, were nothing owed.
pub(super) fn spare(cell: &Cell, pool: PoolId, used: Units) -> Units {
    let all: Units = cell.pools().iter().map(|stock| stock.available).sum();
    let there = all.saturating_sub(cell.units(Bucket::Short)).saturating_sub(used);
    takeable(cell, pool).min(there)
}

/// Free units of a pool that may leave it: those that are neither promised nor missing. The safety stock may.
pub fn movable(cell: &Cell, pool: PoolId) -> Units {
    let owed: Units = cell.pools().iter().map(|stock| owed_of(cell, stock.pool)).sum();
    let there = cell.free().saturating_sub(cell.units(Bucket::Short)).saturating_sub(owed);
    cell.available(pool).saturating_sub(owed_of(cell, pool)).min(there)
}

/// Which free units make up for short ones, by pool: those of the regular pool first, then by id of the pool.
pub fn made_up(cell: &Cell) -> SmallVec<[(PoolId, Units); 2]> {
    let mut left = cell.units(Bucket::Short);
    let mut made_up = SmallVec::new();
    for stock in cell.pools() {
        let units = stock.available.min(left);
        left = left.saturating_sub(units);
        if !units.is_zero() {
            made_up.push((stock.pool, units));
        }
    }
    made_up
}

/// From which pools, in the channel's order of preference, units of a cell are drawn, in addition to those `used` already; less
/// than asked when they do not suffice.
pub fn draw(
    cell: Option<&Cell>,
    pools: &[PoolId],
    units: Units,
    used: impl Fn(PoolId) -> Units,
) -> SmallVec<[(PoolId, Units); 2]> {
    let mut left = units;
    let mut drawn = SmallVec::new();
    for &pool in pools {
        let free = cell.map_or(Units::ZERO, |cell| takeable(cell, pool).saturating_sub(owed_of(cell, pool)));
        let take = free.saturating_sub(used(pool)).min(left);
        if !take.is_zero() {
            drawn.push((pool, take));
            left = left.saturating_sub(take);
        }
    }
    drawn
}

/// What of a cell each of these pools can give, in the channel's order of preference; pools that have nothing are left out.
/// Altogether they give no more than is [`drawable`].
pub fn granted(cell: &Cell, pools: &[PoolId]) -> SmallVec<[(PoolId, Units); 1]> {
    let free = |pool: &PoolId| (*pool, takeable(cell, *pool).saturating_sub(owed_of(cell, *pool)));
    pools.iter().map(free).filter(|(_, units)| !units.is_zero()).collect()
}

/// Free units of a pool that are not its safety stock.
fn takeable(cell: &Cell, pool: PoolId) -> Units {
    let available = cell.available(pool);
    if pool == PoolId::REGULAR && cell.withholds() { available.saturating_sub(cell.safety()) } else { available }
}

/// Units of a pool that overdue promises come first to.
fn owed_of(cell: &Cell, pool: PoolId) -> Units {
    let inbound = if cell.withholds() { cell.inbound() } else { None };
    inbound.map_or(Units::ZERO, |inbound| inbound.overdue(pool).min(takeable(cell, pool)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Seq, WarehouseId};
    use crate::stock::Outside;

    const PROMO: PoolId = PoolId(1);

    fn cell(regular: u64, promo: u64, safety: u64, short: u64) -> Cell {
        let mut cell = Cell::new(WarehouseId(0));
        cell.post(Bucket::Outside(Outside::Supplier), Bucket::Available(PoolId::REGULAR), Units(regular)).unwrap();
        cell.post(Bucket::Outside(Outside::Supplier), Bucket::Available(PROMO), Units(promo)).unwrap();
        cell.post(Bucket::Short, Bucket::Outside(Outside::WriteOff), Units(short)).unwrap();
        cell.set_safety(Units(safety));
        cell.stamp(Seq(1));
        cell
    }

    #[test]
    fn safety_guards_the_regular_pool_and_short_guards_all() {
        let both = [PROMO, PoolId::REGULAR];
        assert_eq!(drawable(&cell(10, 5, 3, 0), &[PoolId::REGULAR]), Units(7));
        assert_eq!(drawable(&cell(10, 5, 3, 0), &both), Units(12));
        assert_eq!(drawable(&cell(2, 5, 3, 0), &[PoolId::REGULAR]), Units(0));
        assert_eq!(drawable(&cell(10, 5, 0, 12), &[PoolId::REGULAR]), Units(3));
        assert_eq!(drawable(&cell(10, 5, 0, 20), &both), Units(0));
        assert_eq!(drawable(&cell(10, 5, 0, 0), &[]), Units(0));
    }

    #[test]
    fn what_is_missing_may_not_be_moved_and_free_units_make_up_for_it_regular_ones_first() {
        let short = cell(10, 5, 3, 12);
        assert_eq!((movable(&short, PoolId::REGULAR), movable(&short, PROMO)), (Units(3), Units(3)));
        assert_eq!(made_up(&short).as_slice(), [(PoolId::REGULAR, Units(10)), (PROMO, Units(2))]);
        assert_eq!((short.lacking(), cell(10, 5, 0, 20).lacking()), (Units::ZERO, Units(5)));
        let whole = cell(10, 5, 3, 0);
        assert_eq!((movable(&whole, PoolId::REGULAR), movable(&whole, PROMO)), (Units(10), Units(5)));
        assert!(short.makes_up() && !whole.makes_up() && !cell(0, 0, 0, 4).makes_up());
    }

    #[test]
    fn draws_in_order_of_preference() {
        let cell = cell(10, 5, 3, 0);
        let unused = |_| Units::ZERO;
        assert_eq!(
            draw(Some(&cell), &[PROMO, PoolId::REGULAR], Units(7), unused).as_slice(),
            [(PROMO, Units(5)), (PoolId::REGULAR, Units(2))]
        );
        assert_eq!(draw(Some(&cell), &[PoolId::REGULAR], Units(9), unused).as_slice(), [(PoolId::REGULAR, Units(7))]);
        let used = |_| Units(6);
        assert_eq!(draw(Some(&cell), &[PoolId::REGULAR], Units(9), used).as_slice(), [(PoolId::REGULAR, Units(1))]);
    }
}
