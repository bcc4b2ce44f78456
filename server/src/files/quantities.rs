//! Quantities for a receipt or a count: `sku,qty[,warehouse][,pool]`; a stock file's `on_hand` serves as `qty`.

use std::path::Path;

use stockade_core::ids::Code;
use stockade_core::limits::MOVEMENT_UNITS_MAX;
use stockade_core::units::Units;

use super::columns::{Column, TableKind};
use super::fault::FileFault;
use super::flags::Reading;
use super::sheet::{Sheet, Table};

/// Units of a SKU, optionally at a warehouse and in a pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuantityRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The SKU.
    pub sku: Code,
    /// How many units.
    pub units: Units,
    /// The warehouse, when the file says.
    pub warehouse: Option<Code>,
    /// The pool, when the file says.
    pub pool: Option<Code>,
}

/// The table of quantities.
pub const QUANTITIES: TableKind = TableKind {
    name: "quantities",
    columns: &[
        Column { name: "sku", required: true },
        Column { name: "qty", required: false },
        Column { name: "on_hand", required: false },
        Column { name: "warehouse", required: false },
        Column { name: "pool", required: false },
    ],
};

const SKU: usize = QUANTITIES.place("sku");
const QTY: usize = QUANTITIES.place("qty");
const ON_HAND: usize = QUANTITIES.place("on_hand");
const WAREHOUSE: usize = QUANTITIES.place("warehouse");
const POOL: usize = QUANTITIES.place("pool");

/// Reads a whole file of quantities.
///
/// # Errors
/// When the file cannot be read, or a row is wrong.
pub fn read_quantities(path: &Path, reading: &Reading) -> Result<Table<QuantityRow>, FileFault> {
    let sheet = Sheet::open(path, &QUANTITIES, reading)?;
    sheet.needs_one_of(&QUANTITIES, &[QTY, ON_HAND])?;
    sheet.table(|row| {
        let cell = row.cell(QTY).or_else(|| row.cell(ON_HAND));
        let cell = cell.ok_or_else(|| row.fault("there is no `qty` (nor `on_hand`) in this row"))?;
        let units: u64 = cell.number()?;
        if units > MOVEMENT_UNITS_MAX {
            return Err(cell.fault(format!("{units} is too many, at most {MOVEMENT_UNITS_MAX} are allowed")));
        }
        Ok(QuantityRow {
            line: row.line,
            sku: row.required(SKU)?.code()?,
            units: Units(units),
            warehouse: row.code(WAREHOUSE)?,
            pool: row.code(POOL)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<QuantityRow>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("q.csv");
        std::fs::write(&path, text).unwrap();
        read_quantities(&path, &Reading::default()).map(|table| table.rows).map_err(|fault| fault.to_string())
    }

    #[test]
    fn receipts_and_stock_files_both_serve() {
        let rows = read("\u{feff}SKU;qty\r\nA;3\r\n").or_else(|_| read("\u{feff}sku;qty\r\nA;3\r\n")).unwrap();
        assert_eq!((rows[0].sku.as_str(), rows[0].units, rows[0].warehouse.clone()), ("A", Units(3), None));
        let rows = read("sku,warehouse,on_hand,pool\nA,HGH,5,live\n").unwrap();
        assert_eq!(rows[0].units, Units(5));
        assert_eq!(rows[0].pool.as_ref().map(Code::as_str), Some("live"));
    }

    #[test]
    fn rows_without_a_quantity_are_refused_by_line() {
        let fault = read("sku,qty\nA,1\nB,\n").unwrap_err();
        assert!(fault.contains("3") && fault.contains("qty"), "{fault}");
        assert!(read("sku,qty\nA,many\n").is_err());
        let fault = read("sku,Counted\nA,5\n").unwrap_err();
        assert!(
            fault.contains("line 1: there is no column `qty` or `on_hand`") && fault.contains("qty=HEADER"),
            "{fault}"
        );
    }
}
