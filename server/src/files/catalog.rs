//! `catalog.csv`: `sku,weight_g[,category]`.

use std::path::Path;

use stockade_core::ids::Code;

use super::columns::{Column, TableKind};
use super::fault::FileFault;
use super::flags::Reading;
use super::sheet::{Sheet, Table};

/// Weight and category of a SKU.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The SKU.
    pub sku: Code,
    /// Grams of one unit; the world's default when the cell is empty.
    pub weight_g: Option<u32>,
    /// Its category.
    pub category: Option<Code>,
}

/// The table of SKUs.
pub const CATALOG: TableKind = TableKind {
    name: "catalog",
    columns: &[
        Column { name: "sku", required: true },
        Column { name: "weight_g", required: true },
        Column { name: "category", required: false },
    ],
};

const SKU: usize = CATALOG.place("sku");
const WEIGHT_G: usize = CATALOG.place("weight_g");
const CATEGORY: usize = CATALOG.place("category");

/// Reads a whole catalog file. Each SKU occurs once.
///
/// # Errors
/// When the file cannot be read, or a row is wrong.
pub fn read_catalog(path: &Path, reading: &Reading) -> Result<Table<CatalogRow>, FileFault> {
    let mut lines = std::collections::HashMap::new();
    Sheet::open(path, &CATALOG, reading)?.table(|row| {
        let cell = row.required(SKU)?;
        let sku = cell.code()?;
        if let Some(first) = lines.insert(sku.clone(), row.line) {
            return Err(cell.fault(format!("`{sku}` occurs already in line {first}: keep one of the two")));
        }
        let weight_g = row.cell(WEIGHT_G).map(|cell| cell.number()).transpose()?;
        Ok(CatalogRow { line: row.line, sku, weight_g, category: row.code(CATEGORY)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_names_each_sku_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.csv");
        std::fs::write(&path, "sku\tweight_g\tcategory\nA\t250\tfresh\nB\t\t\n").unwrap();
        let rows = read_catalog(&path, &Reading::default()).unwrap().rows;
        assert_eq!((rows[0].weight_g, rows[1].weight_g), (Some(250), None));
        assert_eq!(rows[0].category.as_ref().unwrap().as_str(), "fresh");
        std::fs::write(&path, "sku,weight_g\nA,1\nA,2\n").unwrap();
        let fault = read_catalog(&path, &Reading::default()).unwrap_err().to_string();
        assert!(fault.contains("line 3, column `sku`: `A` occurs already in line 2"), "{fault}");
    }
}
