//! `stock.csv`: `sku,warehouse,on_hand[,pool][,safety]`.

use std::path::Path;

use stockade_core::ids::Code;
use stockade_core::limits::MOVEMENT_UNITS_MAX;
use stockade_core::units::Units;

use super::columns::{Column, TableKind};
use super::fault::FileFault;
use super::flags::Reading;
use super::sheet::{Cell, Sheet, Table};

/// Units of a SKU at a warehouse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StockRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// Units on hand.
    pub on_hand: Units,
    /// The pool they are in; `regular` when not given.
    pub pool: Option<Code>,
    /// Units of the regular pool that orders may not take; `None` leaves them unchanged.
    pub safety: Option<Units>,
}

/// The table of stock.
pub const STOCK: TableKind = TableKind {
    name: "stock",
    columns: &[
        Column { name: "sku", required: true },
        Column { name: "warehouse", required: true },
        Column { name: "on_hand", required: true },
        Column { name: "pool", required: false },
        Column { name: "safety", required: false },
    ],
};

const SKU: usize = STOCK.place("sku");
const WAREHOUSE: usize = STOCK.place("warehouse");
const ON_HAND: usize = STOCK.place("on_hand");
const POOL: usize = STOCK.place("pool");
const SAFETY: usize = STOCK.place("safety");

/// Reads a whole stock file.
///
/// # Errors
/// When the file cannot be read, or a row is wrong.
pub fn read_stock(path: &Path, reading: &Reading) -> Result<Table<StockRow>, FileFault> {
    Sheet::open(path, &STOCK, reading)?.table(|row| {
        Ok(StockRow {
            line: row.line,
            sku: row.required(SKU)?.code()?,
            warehouse: row.required(WAREHOUSE)?.code()?,
            on_hand: units(&row.required(ON_HAND)?)?,
            pool: row.code(POOL)?,
            safety: row.cell(SAFETY).map(|cell| units(&cell)).transpose()?,
        })
    })
}

fn units(cell: &Cell<'_>) -> Result<Units, FileFault> {
    let units: u64 = cell.number()?;
    if units > MOVEMENT_UNITS_MAX {
        return Err(cell.fault(format!("{units} is too many, at most {MOVEMENT_UNITS_MAX} are allowed")));
    }
    Ok(Units(units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_is_read_with_and_without_pools() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stock.csv");
        std::fs::write(&path, "sku,warehouse,on_hand,pool,safety\nA,HGH,10,,\nA,HGH,5,promo,2\n").unwrap();
        let rows = read_stock(&path, &Reading::default()).unwrap().rows;
        assert_eq!((rows[0].on_hand, &rows[0].pool, rows[0].safety), (Units(10), &None, None));
        assert_eq!((rows[1].line, rows[1].safety), (3, Some(Units(2))));
        assert_eq!(rows[1].pool.as_ref().unwrap().as_str(), "promo");
        for (cell, says) in [("-1", "not a whole number"), ("9999999999999", "too many"), ("", "is empty")] {
            std::fs::write(&path, format!("sku,warehouse,on_hand\nA,HGH,{cell}\n")).unwrap();
            let fault = read_stock(&path, &Reading::default()).unwrap_err().to_string();
            assert!(fault.contains("stock.csv, line 2, column `on_hand`") && fault.contains(says), "{fault}");
        }
    }
}
