//! Prices as the router reads them: immutable, found by SKU.

use crate::decision::PriceSeen;
use crate::heap::Heap;
use crate::ids::{SkuId, WarehouseId};

/// Prices of stock. A cell that is not in the table has price 0.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    version: u64,
    /// Prices of SKU `s` are `prices[starts[s]..starts[s + 1]]`.
    starts: Vec<u32>,
    prices: Vec<PriceSeen>,
}

impl Heap for Table {
    fn heap(&self) -> usize {
        self.starts.heap() + self.prices.capacity() * size_of::<PriceSeen>()
    }
}

impl Table {
    /// A table of these prices. Zeros are left out; of two prices for one cell the first counts.
    pub fn new(version: u64, mut prices: Vec<PriceSeen>) -> Table {
        prices.retain(|price| price.micros != 0);
        prices.sort_by_key(|price| (price.sku, price.warehouse));
        prices.dedup_by_key(|price| (price.sku, price.warehouse));
        let skus = prices.last().map_or(0, |price| price.sku.index() + 1);
        let starts = (0..=skus).map(|sku| prices.partition_point(|price| price.sku.index() < sku) as u32).collect();
        Table { version, starts, prices }
    }

    /// Version of the table, which grows with every table of an engine. It only distinguishes tables.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The prices of a SKU, ordered by warehouse; empty when it has none.
    #[inline]
    pub fn of(&self, sku: SkuId) -> &[PriceSeen] {
        match (self.starts.get(sku.index()), self.starts.get(sku.index() + 1)) {
            (Some(start), Some(end)) => &self.prices[*start as usize..*end as usize],
            _ => &[],
        }
    }

    /// Price of a unit of a cell, in score micros.
    #[inline]
    pub fn price(&self, sku: SkuId, warehouse: WarehouseId) -> i64 {
        self.of(sku).iter().find(|price| price.warehouse == warehouse).map_or(0, |price| price.micros)
    }

    /// All prices, ordered by SKU and warehouse.
    pub fn all(&self) -> &[PriceSeen] {
        &self.prices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(sku: u32, warehouse: u16, micros: i64) -> PriceSeen {
        PriceSeen { sku: SkuId(sku), warehouse: WarehouseId(warehouse), micros }
    }

    #[test]
    fn prices_are_found_by_sku_and_warehouse() {
        let table = Table::new(3, vec![price(5, 1, 70), price(2, 0, 10), price(5, 0, 60), price(3, 0, 0)]);
        assert_eq!(table.of(SkuId(5)), [price(5, 0, 60), price(5, 1, 70)]);
        assert_eq!(table.price(SkuId(2), WarehouseId(0)), 10);
        assert_eq!(table.price(SkuId(3), WarehouseId(0)), 0);
        assert_eq!((table.of(SkuId(6)), table.of(SkuId(400)), table.all().len()), (&[][..], &[][..], 3));
        assert!(Table::new(1, Vec::new()).of(SkuId(0)).is_empty());
    }
}
