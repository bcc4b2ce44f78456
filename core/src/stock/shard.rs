//! One lock's worth of stock: all cells of the SKUs whose id falls into the shard.

use std::convert::Infallible;

use bincode::Encode;
use bincode::enc::Encoder;
use bincode::error::EncodeError;

use crate::heap::{COMPARED, Room, Rooms};
use crate::ids::{PoolId, Seq, SkuId, WarehouseId};
use crate::limits::STOCK_SHARDS;
use crate::stock::availability::drawable;
use crate::stock::{Cell, Inbound, Move, Overdrawn};
use crate::units::Units;

/// All cells of one SKU, by warehouse.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct SkuStock {
    id: SkuId,
    /// Bytes of memory behind its cells, as long as they fit.
    behind: u32,
    version: Seq,
    cells: Vec<Cell>,
    /// What every plan looks at, side by side: one for each cell, in their order.
    free: Vec<Free>,
}

/// What is free in a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Free {
    warehouse: WarehouseId,
    /// The one pool that has units, when all of them are available; otherwise the cell has to be asked.
    pool: Option<PoolId>,
    units: Units,
}

impl Free {
    fn of(cell: &Cell) -> Free {
        let (pool, units) = match (cell.pools(), cell.withholds()) {
            ([stock], false) => (Some(stock.pool), stock.available),
            _ => (None, Units::ZERO),
        };
        Free { warehouse: cell.warehouse(), pool, units }
    }
}

const _: () = assert!(size_of::<Free>() == 16, "four of them lie in a cache line");
const _: () = assert!(size_of::<SkuStock>() == 64, "what leads to all of a SKU is one cache line");

/// A SKU that comes to one more warehouse gets room for this share of its cells more.
const SPARE: usize = 8;
/// Cells looked at before a cell is searched for: one cache line of them.
const NEAR: usize = 4;

impl Encode for SkuStock {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (&self.id, &self.cells, &self.version).encode(encoder)
    }
}

/// The SKUs of one shard.
#[derive(Debug, Default)]
pub struct StockShard {
    skus: Vec<SkuStock>,
}

impl StockShard {
    /// The shard a SKU lives in.
    #[inline]
    pub const fn of(sku: SkuId) -> usize {
        sku.index() % STOCK_SHARDS
    }

    /// A SKU of this shard. SKUs are defined before anything names them, so an unknown one is a broken invariant.
    #[inline]
    pub fn sku(&self, sku: SkuId) -> &SkuStock {
        &self.skus[sku.index() / STOCK_SHARDS]
    }

    /// A SKU of this shard.
    #[inline]
    pub fn sku_mut(&mut self, sku: SkuId) -> &mut SkuStock {
        &mut self.skus[sku.index() / STOCK_SHARDS]
    }

    /// Whether the SKU has been defined.
    pub fn has(&self, sku: SkuId) -> bool {
        sku.index() / STOCK_SHARDS < self.skus.len()
    }

    /// Makes room for a new SKU; ids come in order.
    pub fn define(&mut self, sku: SkuId) {
        debug_assert_eq!(self.skus.len(), sku.index() / STOCK_SHARDS, "SKU ids are dense");
        self.skus.push(SkuStock { id: sku, behind: 0, version: Seq(0), cells: Vec::new(), free: Vec::new() });
    }

    /// Every SKU of the shard.
    pub fn skus(&self) -> &[SkuStock] {
        &self.skus
    }

    /// How many cells its SKUs have.
    pub fn cells(&self) -> usize {
        self.skus.iter().map(|sku| sku.cells.len()).sum()
    }

    /// Adds the memory behind it. Looks at what leads to each SKU, not at its cells.
    pub fn add_to(&self, rooms: &mut Rooms) {
        rooms.add(Room::Skus, self.skus.capacity() * size_of::<SkuStock>());
        rooms.add(Room::StockCells, self.skus.iter().map(SkuStock::cells_memory).sum());
    }
}

impl SkuStock {
    /// The SKU.
    pub fn id(&self) -> SkuId {
        self.id
    }

    /// The last event that touched any of its cells.
    pub fn version(&self) -> Seq {
        self.version
    }

    /// Its cells, by warehouse.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Its cell at a warehouse, if it was ever there.
    pub fn cell(&self, warehouse: WarehouseId) -> Option<&Cell> {
        self.position(warehouse).ok().map(|at| &self.cells[at])
    }

    /// Makes one movement of the event with this sequence. Answers whether the cell withholds units now, so that some may be
    /// due to promises.
    #[inline]
    pub fn apply(&mut self, movement: &Move, seq: Seq) -> Result<bool, Overdrawn> {
        self.change(movement.warehouse, seq, |cell| cell.post(movement.from, movement.to, movement.units))
    }

    /// Makes one movement that only corrects the books.
    pub fn correct(&mut self, movement: &Move, seq: Seq) -> Result<bool, Overdrawn> {
        self.change(movement.warehouse, seq, |cell| cell.correct(movement.from, movement.to, movement.units))
    }

    /// Sets the units of the regular pool that orders may not take at a warehouse.
    pub fn set_safety(&mut self, warehouse: WarehouseId, units: Units, seq: Seq) -> bool {
        let Ok(withholds) = self.change(warehouse, seq, |cell| {
            cell.set_safety(units);
            Ok::<_, Infallible>(())
        });
        withholds
    }

    /// What is expected and promised at a warehouse, to be changed. What is free there is no part of it.
    pub fn inbound_mut(&mut self, warehouse: WarehouseId) -> &mut Inbound {
        let at = self.place(warehouse);
        let behind = self.cells[at].behind();
        self.cells[at].unfold();
        self.behind = self.behind.saturating_sub(behind).saturating_add(self.cells[at].behind());
        self.cells[at].inbound_mut()
    }

    /// Notes that the event with this sequence found the cell as it is, or changed what is expected there. Answers whether
    /// the cell withholds units.
    pub fn touch_cell(&mut self, warehouse: WarehouseId, seq: Seq) -> bool {
        let Ok(withholds) = self.change(warehouse, seq, |_| Ok::<_, Infallible>(()));
        withholds
    }

    /// Notes that the event with this sequence defined or changed the SKU itself.
    pub fn touch(&mut self, seq: Seq) {
        self.version = seq;
    }

    /// What a channel with these pools could draw, by warehouse.
    #[inline]
    pub fn drawable(&self, pools: &[PoolId]) -> impl Iterator<Item = (WarehouseId, Units)> {
        let first = pools.first().copied();
        self.free.iter().enumerate().map(move |(at, free)| {
            // Stock nearly always stands in the pool that a channel prefers.
            let plain = free.pool.is_some() && free.pool == first;
            (free.warehouse, if plain { free.units } else { self.drawable_at(at, pools) })
        })
    }

    #[cold]
    fn drawable_at(&self, at: usize, pools: &[PoolId]) -> Units {
        drawable(&self.cells[at], pools)
    }

    /// Whether anything of it is expected or overdue at any warehouse.
    pub fn is_awaited(&self) -> bool {
        self.cells.iter().any(|cell| cell.inbound().is_some_and(Inbound::is_awaited))
    }

    /// Bytes of memory of its cells.
    fn cells_memory(&self) -> usize {
        let (cells, free) = (self.cells.capacity() * size_of::<Cell>(), self.free.capacity() * size_of::<Free>());
        cells + free + self.behind as usize
    }

    /// What is wrong with any of its cells.
    pub fn check(&self) -> Result<(), String> {
        if !self.cells.is_sorted_by(|a, b| a.warehouse() < b.warehouse()) {
            return Err(format!("SKU {}: cells are not sorted", self.id));
        }
        if !self.free.iter().copied().eq(self.cells.iter().map(Free::of)) {
            return Err(format!("SKU {}: what is free is not what its cells say", self.id));
        }
        let behind = self.cells.iter().fold(0u32, |sum, cell| sum.saturating_add(cell.behind()));
        if COMPARED && behind != self.behind {
            return Err(format!("SKU {}: {behind} bytes are behind its cells, it says {}", self.id, self.behind));
        }
        for cell in &self.cells {
            cell.check().map_err(|e| format!("SKU {} at warehouse {}: {e}", self.id, cell.warehouse()))?;
            if cell.version() > self.version {
                return Err(format!("SKU {}: a cell is newer than the SKU", self.id));
            }
        }
        Ok(())
    }

    /// The one way to change a cell: what is free follows, and so do the versions.
    #[inline]
    fn change<E>(
        &mut self,
        warehouse: WarehouseId,
        seq: Seq,
        change: impl FnOnce(&mut Cell) -> Result<(), E>,
    ) -> Result<bool, E> {
        let at = self.place(warehouse);
        let cell = &mut self.cells[at];
        let behind = cell.behind();
        change(cell)?;
        cell.stamp(seq);
        self.version = seq;
        self.behind = self.behind.saturating_sub(behind).saturating_add(cell.behind());
        self.free[at] = Free::of(cell);
        Ok(cell.withholds())
    }

    /// Where the cell of a warehouse stands, made when it is not there yet.
    #[inline]
    fn place(&mut self, warehouse: WarehouseId) -> usize {
        self.position(warehouse).unwrap_or_else(|at| {
            let cell = Cell::new(warehouse);
            if self.cells.len() == self.cells.capacity() {
                let more = (self.cells.len() / SPARE).max(1);
                self.cells.reserve_exact(more);
                self.free.reserve_exact(more);
            }
            self.free.insert(at, Free::of(&cell));
            self.cells.insert(at, cell);
            at
        })
    }

    #[inline]
    fn position(&self, warehouse: WarehouseId) -> Result<usize, usize> {
        // A cell stands no further back than its warehouse's index, and where a SKU is stocked nearly everywhere, not far
        // before it.
        let end = self.free.len().min(warehouse.index() + 1);
        let near = self.free[end.saturating_sub(NEAR)..end].iter().rposition(|free| free.warehouse == warehouse);
        match near {
            Some(at) => Ok(end.saturating_sub(NEAR) + at),
            None => self.free.binary_search_by_key(&warehouse, |free| free.warehouse),
        }
    }
}
