//! One lock's worth of stock: all cells of the SKUs whose id falls into the shard.

use bincode::Encode;

use crate::event::Move;
use crate::ids::{PoolId, Seq, SkuId, WarehouseId};
use crate::limits::STOCK_SHARDS;
use crate::stock::availability::drawable;
use crate::stock::{Cell, Overdrawn};
use crate::units::Units;

/// All cells of one SKU, by warehouse.
#[derive(Clone, Debug, Encode)]
pub struct SkuStock {
    id: SkuId,
    cells: Vec<Cell>,
    version: Seq,
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
        self.skus.push(SkuStock { id: sku, cells: Vec::new(), version: Seq(0) });
    }

    /// Every SKU of the shard.
    pub fn skus(&self) -> &[SkuStock] {
        &self.skus
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

    /// Its cell at a warehouse, made when it is not there yet.
    pub fn cell_mut(&mut self, warehouse: WarehouseId) -> &mut Cell {
        let at = match self.position(warehouse) {
            Ok(at) => at,
            Err(at) => {
                self.cells.insert(at, Cell::new(warehouse));
                at
            }
        };
        &mut self.cells[at]
    }

    /// Applies one movement to its cell.
    #[inline]
    pub fn apply(&mut self, movement: &Move) -> Result<(), Overdrawn> {
        self.cell_mut(movement.warehouse).post(movement.from, movement.to, movement.units)
    }

    /// Applies one movement that only corrects the books.
    pub fn correct(&mut self, movement: &Move) -> Result<(), Overdrawn> {
        self.cell_mut(movement.warehouse).correct(movement.from, movement.to, movement.units)
    }

    /// Notes that the event with this sequence touched the cell.
    #[inline]
    pub fn stamp(&mut self, warehouse: WarehouseId, seq: Seq) {
        self.version = seq;
        self.cell_mut(warehouse).stamp(seq);
    }

    /// Notes that the event with this sequence defined or changed the SKU itself.
    pub fn touch(&mut self, seq: Seq) {
        self.version = seq;
    }

    /// What a channel with these pools could draw over all warehouses with limited stock.
    pub fn drawable(&self, pools: &[PoolId]) -> Units {
        self.cells.iter().map(|cell| drawable(cell, pools)).sum()
    }

    /// What is wrong with any of its cells.
    pub fn check(&self) -> Result<(), String> {
        if !self.cells.is_sorted_by(|a, b| a.warehouse() < b.warehouse()) {
            return Err(format!("SKU {}: cells are not sorted", self.id));
        }
        for cell in &self.cells {
            cell.check().map_err(|e| format!("SKU {} at warehouse {}: {e}", self.id, cell.warehouse()))?;
            if cell.version() > self.version {
                return Err(format!("SKU {}: a cell is newer than the SKU", self.id));
            }
        }
        Ok(())
    }

    #[inline]
    fn position(&self, warehouse: WarehouseId) -> Result<usize, usize> {
        // Worlds usually stock a SKU everywhere, so the cell stands at its warehouse's index.
        match self.cells.get(warehouse.index()) {
            Some(cell) if cell.warehouse() == warehouse => Ok(warehouse.index()),
            _ => self.cells.binary_search_by_key(&warehouse, Cell::warehouse),
        }
    }
}
