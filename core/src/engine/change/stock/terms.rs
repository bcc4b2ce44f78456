//! What stock commands name: SKUs, warehouses, pools and units, resolved.

use crate::catalog::Config;
use crate::command::Line;
use crate::engine::outcome::invalid;
use crate::engine::store::{Engine, EngineLocked};
use crate::ids::{Code, PoolId, SkuId, WarehouseId};
use crate::reject::Reject;
use crate::stock::{Bucket, Move, Outside, movable};
use crate::units::Units;

pub(in crate::engine) const SUPPLIER: Bucket = Bucket::Outside(Outside::Supplier);
pub(in crate::engine) const ELSEWHERE: Bucket = Bucket::Outside(Outside::Transfer);
pub(in crate::engine) const WRITE_OFF: Bucket = Bucket::Outside(Outside::WriteOff);

/// A SKU at a warehouse.
pub(in crate::engine) type Cell = (SkuId, WarehouseId);

impl Engine {
    /// The lines of a command with ids; unknown SKUs are named together.
    pub(in crate::engine) fn resolve_skus(&self, lines: &[Line]) -> Result<Vec<(SkuId, Units)>, Reject> {
        let skus = self.known_skus(lines.iter().map(|line| &line.sku))?;
        Ok(skus.into_iter().zip(lines).map(|(sku, line)| (sku, line.units)).collect())
    }
}

/// Refuses a SKU that is named twice: which line is meant first would not be clear.
pub(in crate::engine) fn once(lines: &[Line]) -> Result<(), Reject> {
    let mut codes: Vec<&Code> = lines.iter().map(|line| &line.sku).collect();
    codes.sort_unstable();
    match codes.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(invalid("lines", format!("{} is named twice: add its lines up", pair[0]))),
        None => Ok(()),
    }
}

/// Units that stand in a bucket.
pub(in crate::engine) fn there(locked: &EngineLocked<'_>, (sku, warehouse): Cell, bucket: Bucket) -> Units {
    let cell = locked.sku(sku).cell(warehouse);
    cell.map_or(Units::ZERO, |cell| cell.units(bucket))
}

/// Adds a movement unless it moves nothing.
pub(in crate::engine) fn push(moves: &mut Vec<Move>, (sku, warehouse): Cell, from: Bucket, to: Bucket, units: Units) {
    if !units.is_zero() {
        moves.push(Move { sku, warehouse, from, to, units });
    }
}

/// A pool of a cell, with the code of its SKU.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Shelf<'a> {
    pub code: &'a Code,
    pub cell: Cell,
    pub pool: PoolId,
}

impl Shelf<'_> {
    /// Refuses to take more out of the pool than is free in it, neither promised nor missing.
    pub fn enough(&self, locked: &EngineLocked<'_>, config: &Config, wanted: Units) -> Result<(), Reject> {
        self.enough_in(locked, config, (Bucket::Available(self.pool), wanted))
    }

    /// The same for any bucket that units are taken from.
    pub fn enough_in(
        &self,
        locked: &EngineLocked<'_>,
        config: &Config,
        (bucket, wanted): (Bucket, Units),
    ) -> Result<(), Reject> {
        let (available, bucket) = match bucket {
            Bucket::Available(pool) => {
                let cell = locked.sku(self.cell.0).cell(self.cell.1);
                let name = format!("pool {}", config.codes.of_pool(pool));
                (cell.map_or(Units::ZERO, |cell| movable(cell, pool)), name)
            }
            other => (there(locked, self.cell, other), other.to_string()),
        };
        if available >= wanted {
            return Ok(());
        }
        let (sku, warehouse) = (self.code.clone(), config.codes.of_warehouse(self.cell.1));
        Err(Reject::NotEnoughUnits { sku, warehouse, bucket, wanted, available })
    }
}

/// The SKUs of lines.
pub(in crate::engine) fn skus(lines: &[(SkuId, Units)]) -> Vec<SkuId> {
    lines.iter().map(|(sku, _)| *sku).collect()
}
