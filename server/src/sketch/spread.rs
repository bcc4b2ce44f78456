//! Units of each SKU at each warehouse.

use std::fmt::Write;

use stockade_core::ids::Code;
use stockade_core::money::Money;

use super::demand::Demand;
use crate::invent::{Draw, spread};

/// Share of warehouses that carry a SKU.
const CARRIED: f64 = 0.55;

/// Units of a SKU at a warehouse, at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct StockCell {
    pub(super) sku: Code,
    pub(super) warehouse: Code,
    pub(super) units: u64,
}

/// ceil(cover × demand) units of each SKU, spread over the warehouses that carry it. No warehouse carries everything.
pub(super) fn stock(demand: &Demand, warehouses: &[Code], cover: Money, draw: &Draw) -> Vec<StockCell> {
    let mut draw = draw.fork(2);
    let sizes: Vec<f64> = warehouses.iter().map(|_| draw.between(0.5, 1.5)).collect();
    let mut cells = Vec::new();
    for (sku, wanted) in &demand.skus {
        let units = covered(*wanted, cover);
        for (warehouse, units) in warehouses.iter().zip(spread(units, &sizes, CARRIED, &mut draw)) {
            if units > 0 {
                cells.push(StockCell { sku: sku.clone(), warehouse: warehouse.clone(), units });
            }
        }
    }
    cells
}

/// The cells as a stock file.
pub(super) fn to_csv(cells: &[StockCell]) -> String {
    let mut text = "sku,warehouse,on_hand\n".to_owned();
    for cell in cells {
        let quote = |code: &Code| match code.as_str().contains([',', '"', ';', '\t']) {
            true => format!("\"{}\"", code.as_str().replace('"', "\"\"")),
            false => code.to_string(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{},{},{}", quote(&cell.sku), quote(&cell.warehouse), cell.units);
    }
    text
}

fn covered(wanted: u64, cover: Money) -> u64 {
    let units = (u128::from(wanted) * u128::from(cover.0.unsigned_abs()))
        .div_ceil(u128::from(Money::MICROS_PER_UNIT.unsigned_abs()));
    u64::try_from(units).unwrap_or(u64::MAX)
}
