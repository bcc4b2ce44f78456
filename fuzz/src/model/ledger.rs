//! Textbook double entry: a movement lowers one balance and raises another by the same amount, so that the
//! balances of a cell always add up to zero. What is outside, short, or missing from a receipt is below zero.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stockade_core::ids::{PoolId, ReceiptNo, Seq, SkuId, WarehouseId};
use stockade_core::limits::CELL_HISTORY;
use stockade_core::stock::{Bucket, Move, Outside};

/// One SKU at one warehouse.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cell {
    /// Units by bucket; buckets without any are absent.
    pub balance: BTreeMap<Bucket, i128>,
    /// Units of the regular pool that orders may not take.
    pub safety: u64,
    /// The last event that touched the cell.
    pub watermark: Seq,
    /// What each of the latest events changed in units physically here: twice as many as a count may go behind.
    pub physical: BTreeMap<Seq, i128>,
}

/// A cell that nothing ever touched.
static UNTOUCHED: Cell = Cell { balance: BTreeMap::new(), safety: 0, watermark: Seq(0), physical: BTreeMap::new() };

impl Cell {
    /// Units in a bucket that cannot be below zero.
    pub fn units(&self, bucket: Bucket) -> u64 {
        u64::try_from(self.balance.get(&bucket).copied().unwrap_or(0)).unwrap_or(0)
    }

    /// Units claimed that are not there.
    pub fn short(&self) -> u64 {
        u64::try_from(-self.balance.get(&Bucket::Short).copied().unwrap_or(0)).unwrap_or(0)
    }

    /// Units promised out of a receipt that it will not bring, and that its promises are about to lose.
    pub fn missing(&self, no: ReceiptNo) -> u64 {
        u64::try_from(-self.balance.get(&Bucket::Missing(no)).copied().unwrap_or(0)).unwrap_or(0)
    }

    /// Free units of all pools.
    pub fn free(&self) -> u64 {
        self.balance.iter().filter(|(b, _)| matches!(b, Bucket::Available(_))).map(|(_, n)| *n as u64).sum()
    }

    /// Units physically here.
    pub fn on_hand(&self) -> i128 {
        self.balance.iter().filter(|(b, _)| is_on_hand(**b)).map(|(_, n)| *n).sum()
    }

    /// What changed physically after an event, and by the events up to it that the observer had not seen.
    pub fn changed_since(&self, as_of: Seq, except: &BTreeSet<Seq>) -> i128 {
        self.physical.iter().filter(|(seq, _)| **seq > as_of || except.contains(seq)).map(|(_, n)| *n).sum()
    }
}

/// Units on hand, by pool, that overdue promises come first to.
pub type Owed = BTreeMap<PoolId, u64>;

fn of(owed: &Owed, pool: PoolId) -> u64 {
    owed.get(&pool).copied().unwrap_or(0)
}

/// Every cell that was ever touched.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// By SKU and warehouse.
    pub cells: BTreeMap<(SkuId, WarehouseId), Arc<Cell>>,
}

impl Ledger {
    /// A cell, or an empty one.
    pub fn cell(&self, sku: SkuId, warehouse: WarehouseId) -> &Cell {
        self.cells.get(&(sku, warehouse)).map_or(&UNTOUCHED, |cell| &**cell)
    }

    /// A cell, to be changed.
    pub fn cell_mut(&mut self, sku: SkuId, warehouse: WarehouseId) -> &mut Cell {
        Arc::make_mut(self.cells.entry((sku, warehouse)).or_default())
    }

    /// Units in a bucket of a cell.
    pub fn units(&self, sku: SkuId, warehouse: WarehouseId, bucket: Bucket) -> u64 {
        self.cells.get(&(sku, warehouse)).map_or(0, |c| c.units(bucket))
    }

    /// Units of a pool that are not its safety stock.
    pub fn takeable(&self, sku: SkuId, warehouse: WarehouseId, pool: PoolId) -> u64 {
        let Some(cell) = self.cells.get(&(sku, warehouse)) else { return 0 };
        let withheld = if pool == PoolId::REGULAR { cell.safety } else { 0 };
        cell.units(Bucket::Available(pool)).saturating_sub(withheld)
    }

    /// Units that someone who is granted these pools may draw from a cell, besides those that are owed.
    pub fn drawable(&self, sku: SkuId, warehouse: WarehouseId, pools: &[PoolId], owed: &Owed) -> u64 {
        let Some(cell) = self.cells.get(&(sku, warehouse)) else { return 0 };
        let granted: u64 = pools.iter().map(|p| self.takeable(sku, warehouse, *p) - of(owed, *p)).sum();
        granted.min(cell.free().saturating_sub(cell.short()).saturating_sub(owed.values().sum()))
    }

    /// Which pools that many units come from, the first pool first. `None` when there are too few.
    pub fn draw(
        &self,
        sku: SkuId,
        warehouse: WarehouseId,
        pools: &[PoolId],
        units: u64,
        owed: &Owed,
    ) -> Option<BTreeMap<PoolId, u64>> {
        if units > self.drawable(sku, warehouse, pools, owed) {
            return None;
        }
        let mut left = units;
        let mut drawn = BTreeMap::new();
        for pool in pools {
            let take = left.min(self.takeable(sku, warehouse, *pool) - of(owed, *pool));
            if take > 0 {
                drawn.insert(*pool, take);
                left -= take;
            }
        }
        (left == 0).then_some(drawn)
    }

    /// Books one movement of the event `seq`. Refuses what would leave a bucket below zero.
    ///
    /// A movement changes what is physically there unless it only corrects the books: what a count finds or misses, and
    /// what a short pick misses, were so before, and an older count must not be laid under them. An adjustment by hand is
    /// a movement like any other (`adjusted`).
    pub fn book(&mut self, seq: Seq, m: Move, adjusted: bool) -> Result<(), String> {
        if m.from == m.to {
            return Err(format!("a movement from {} to itself", m.from));
        }
        if m.units.0 == 0 {
            return Err(format!("a movement of nothing from {} to {}", m.from, m.to));
        }
        let cell = self.cell_mut(m.sku, m.warehouse);
        let units = i128::from(m.units.0);
        for (bucket, change) in [(m.from, -units), (m.to, units)] {
            let balance = cell.balance.entry(bucket).or_insert(0);
            *balance += change;
            let wrong = match bucket {
                Bucket::Outside(_) => false,
                Bucket::Short | Bucket::Missing(_) => *balance > 0,
                _ => *balance < 0,
            };
            if wrong {
                return Err(format!(
                    "{} units from {} to {} of SKU {} at warehouse {} leave {bucket} at {balance}",
                    m.units, m.from, m.to, m.sku, m.warehouse
                ));
            }
            if *balance == 0 {
                cell.balance.remove(&bucket);
            }
        }
        cell.watermark = seq;
        let physical = i128::from(is_on_hand(m.to)) - i128::from(is_on_hand(m.from));
        if physical != 0 && (adjusted || !(is_books(m.from) || is_books(m.to))) {
            let sum = cell.physical.remove(&seq).unwrap_or(0) + physical * units;
            if sum != 0 {
                cell.physical.insert(seq, sum);
            }
            if cell.physical.len() > 2 * CELL_HISTORY {
                cell.physical.pop_first();
            }
        }
        Ok(())
    }

    /// The invariants of every cell.
    pub fn check(&self) -> Result<(), String> {
        for ((sku, warehouse), cell) in &self.cells {
            let sum: i128 = cell.balance.values().sum();
            if sum != 0 {
                return Err(format!(
                    "SKU {sku} at warehouse {warehouse}: the balances add up to {sum}, not to nothing"
                ));
            }
        }
        Ok(())
    }
}

/// Whether units in the bucket are on the shelves and in the boxes of the warehouse.
fn is_here(bucket: Bucket) -> bool {
    match bucket {
        Bucket::Available(_)
        | Bucket::Held(_)
        | Bucket::Allocated
        | Bucket::Picked
        | Bucket::Inspection
        | Bucket::Damaged
        | Bucket::Arrived(_) => true,
        Bucket::Shipped
        | Bucket::Awaiting
        | Bucket::InTransit
        | Bucket::Inbound(_)
        | Bucket::Promised(_)
        | Bucket::Missing(_)
        | Bucket::Short
        | Bucket::Outside(_) => false,
    }
}

/// What is here, less what is claimed and not here.
fn is_on_hand(bucket: Bucket) -> bool {
    is_here(bucket) || bucket == Bucket::Short
}

/// Movements against these correct the books.
fn is_books(bucket: Bucket) -> bool {
    matches!(bucket, Bucket::Short | Bucket::Outside(Outside::WriteOff))
}
