//! How much of each SKU lies where.

use std::fmt::Write;

use stockade_core::ids::Code;
use stockade_core::money::Money;

use super::demand::Demand;
use crate::invent::Draw;

/// How often a warehouse carries a SKU.
const CARRIED: f64 = 0.55;

/// Units of a SKU at a warehouse, not none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct StockCell {
    pub(super) sku: Code,
    pub(super) warehouse: Code,
    pub(super) units: u64,
}

/// Of each SKU ceil(cover × demand), spread over the warehouses that carry it: some do not, and none carries everything.
pub(super) fn stock(demand: &Demand, warehouses: &[Code], cover: Money, draw: &Draw) -> Vec<StockCell> {
    let mut draw = draw.fork(2);
    let sizes: Vec<f64> = warehouses.iter().map(|_| draw.between(0.5, 1.5)).collect();
    let mut cells = Vec::new();
    for (sku, wanted) in &demand.skus {
        let units = covered(*wanted, cover);
        for (warehouse, units) in warehouses.iter().zip(shares(units, &sizes, &mut draw)) {
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

/// Splits units by drawn weights; the parts add up to the whole.
fn shares(units: u64, sizes: &[f64], draw: &mut Draw) -> Vec<u64> {
    let mut weights: Vec<f64> =
        sizes.iter().map(|size| if draw.chance(CARRIED) { size * draw.between(0.3, 1.7) } else { 0.0 }).collect();
    let home = draw.below(sizes.len() as u64) as usize;
    weights[home] = weights[home].max(sizes[home] * 0.3);
    let all: f64 = weights.iter().sum();
    let (mut sum, mut given) = (0.0, 0);
    let last = weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(home);
    let share = |(n, weight): (usize, &f64)| {
        sum += weight;
        let upto = if n >= last { units } else { ((units as f64 * (sum / all)).round() as u64).clamp(given, units) };
        let part = upto - given;
        given = upto;
        part
    };
    weights.iter().enumerate().map(share).collect()
}
