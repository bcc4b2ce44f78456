//! Copies of what a plan looks at, so that planning needs no lock.
//!
//! Copied SKU by SKU, each under its own lock for the time of one look. A copy is right as long as its SKU's version is.

use smallvec::SmallVec;

use crate::catalog::Config;
use crate::engine::plan::demand::Demand;
use crate::engine::plan::shelves::Shelves;
use crate::engine::store::{Engine, EngineLocked};
use crate::ids::{PoolId, Seq, SkuId, Ticket, WarehouseId};
use crate::stock::{Promisable, SkuStock, StockShard, drawable, granted};
use crate::units::Units;

/// What a plan looks at of the SKUs of a demand, in their order.
pub(in crate::engine) struct Copies(Vec<Shelf>);

/// What a plan looks at of one SKU. Unlimited warehouses are left out.
pub(in crate::engine) struct Shelf {
    sku: SkuId,
    /// The last event that had touched it.
    version: Seq,
    /// Where units can be drawn, by warehouse.
    cells: Vec<CellSeen>,
    /// Where units can be promised, by warehouse.
    ahead: Vec<AheadSeen>,
}

/// What can be drawn of a cell.
struct CellSeen {
    warehouse: WarehouseId,
    drawable: Units,
    /// Out of which pools, in the channel's order of preference.
    pools: SmallVec<[(PoolId, Units); 1]>,
}

/// What can be promised of a cell.
pub(in crate::engine) struct AheadSeen {
    pub warehouse: WarehouseId,
    /// The ticket of the next promise.
    pub next: Ticket,
    /// What can be promised, the earliest first.
    pub parts: Vec<Promisable>,
}

impl Shelf {
    fn of(stock: &SkuStock, pools: &[PoolId], config: &Config) -> Shelf {
        let limited = || stock.cells().iter().filter(|cell| !config.is_unlimited(cell.warehouse()));
        let here = limited().filter_map(|cell| {
            let drawable = drawable(cell, pools);
            let seen = || CellSeen { warehouse: cell.warehouse(), drawable, pools: granted(cell, pools) };
            (!drawable.is_zero()).then(seen)
        });
        let ahead = limited().filter_map(|cell| {
            let inbound = cell.inbound()?;
            let parts = inbound.promisable(pools);
            let seen = || AheadSeen { warehouse: cell.warehouse(), next: inbound.ticket_after(0), parts };
            (!inbound.receipts().is_empty()).then(seen)
        });
        Shelf { sku: stock.id(), version: stock.version(), cells: here.collect(), ahead: ahead.collect() }
    }

    /// Where units can be drawn, and how many.
    pub fn drawable(&self) -> impl Iterator<Item = (WarehouseId, Units)> {
        self.cells.iter().map(|cell| (cell.warehouse, cell.drawable))
    }

    /// Where units can be promised, and which.
    pub fn ahead(&self) -> &[AheadSeen] {
        &self.ahead
    }

    /// What can be promised at a warehouse.
    pub fn ahead_at(&self, warehouse: WarehouseId) -> Option<&AheadSeen> {
        let at = self.ahead.binary_search_by_key(&warehouse, |seen| seen.warehouse).ok()?;
        Some(&self.ahead[at])
    }

    fn size(&self) -> usize {
        self.cells.len() + self.ahead.iter().map(|seen| 1 + seen.parts.len()).sum::<usize>()
    }
}

impl Copies {
    /// Copies what is locked.
    pub fn locked(demand: &Demand<'_>, config: &Config, locked: &EngineLocked<'_>) -> Copies {
        Copies(demand.lines.iter().map(|line| Shelf::of(locked.sku(line.sku), demand.pools, config)).collect())
    }

    /// Copies one SKU after the other.
    pub fn one_by_one(engine: &Engine, demand: &Demand<'_>, config: &Config) -> Copies {
        let copies = Copies(demand.lines.iter().map(|line| engine.copy(line.sku, demand.pools, config)).collect());
        engine.note_locked_work(copies.0.iter().map(Shelf::size).max().unwrap_or_default() as u64);
        copies
    }

    /// Copies again what changed since it was copied; answers whether anything did. If nothing did, all copies show one
    /// moment: that after the last of them was made and before this look.
    pub fn renew(&mut self, engine: &Engine, pools: &[PoolId], config: &Config) -> bool {
        let mut changed = false;
        for shelf in &mut self.0 {
            let version = engine.door.with_stock(StockShard::of(shelf.sku), |shard| shard.sku(shelf.sku).version());
            if version != shelf.version {
                *shelf = engine.copy(shelf.sku, pools, config);
                changed = true;
            }
        }
        changed
    }

    /// What was copied of a SKU of the demand.
    pub fn of(&self, sku: SkuId) -> &Shelf {
        let at = self.0.binary_search_by_key(&sku, |shelf| shelf.sku).expect("the SKUs of the demand were copied");
        &self.0[at]
    }

    /// The last event that had touched each SKU.
    pub fn versions(&self) -> impl Iterator<Item = Seq> {
        self.0.iter().map(|shelf| shelf.version)
    }

    /// The last event that had touched any SKU.
    pub fn seen(&self) -> Seq {
        self.versions().max().unwrap_or_default()
    }
}

impl Shelves for &Copies {
    fn draw(
        &self,
        (sku, warehouse): (SkuId, WarehouseId),
        _pools: &[PoolId],
        units: Units,
        used: impl Fn(PoolId) -> Units,
    ) -> SmallVec<[(PoolId, Units); 2]> {
        let shelf = self.of(sku);
        let at = shelf.cells.binary_search_by_key(&warehouse, |cell| cell.warehouse);
        let mut left = units;
        let mut drawn = SmallVec::new();
        for &(pool, free) in at.iter().flat_map(|at| &shelf.cells[*at].pools) {
            let take = free.saturating_sub(used(pool)).min(left);
            if !take.is_zero() {
                drawn.push((pool, take));
                left = left.saturating_sub(take);
            }
        }
        drawn
    }
}

impl Engine {
    fn copy(&self, sku: SkuId, pools: &[PoolId], config: &Config) -> Shelf {
        self.door.with_stock(StockShard::of(sku), |shard| Shelf::of(shard.sku(sku), pools, config))
    }
}
