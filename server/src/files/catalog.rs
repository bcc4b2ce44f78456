//! `catalog.csv`: `sku` and `weight_g`, `category` or both.

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
    /// Grams of one unit, if the file says.
    pub weight_g: Option<u32>,
    /// Its category, if the file says.
    pub category: Option<Code>,
}

/// The table of SKUs.
pub const CATALOG: TableKind = TableKind {
    name: "catalog",
    columns: &[
        Column { name: "sku", required: true },
        Column { name: "weight_g", required: false },
        Column { name: "category", required: false },
    ],
};

const SKU: usize = CATALOG.place("sku");
const WEIGHT_G: usize = CATALOG.place("weight_g");
const CATEGORY: usize = CATALOG.place("category");

/// Reads a whole catalog file. Each SKU occurs once. A file without weights, which may have them under another header, is noted.
///
/// # Errors
/// When the file cannot be read, has neither weights nor categories, or a row is wrong.
pub fn read_catalog(path: &Path, reading: &Reading) -> Result<Table<CatalogRow>, FileFault> {
    let mut lines = std::collections::HashMap::new();
    let sheet = Sheet::open(path, &CATALOG, reading)?;
    sheet.needs_one_of(&CATALOG, &[WEIGHT_G, CATEGORY])?;
    let weighs = sheet.has(WEIGHT_G);
    let mut table = sheet.table(|row| {
        let cell = row.required(SKU)?;
        let sku = cell.code()?;
        if let Some(first) = lines.insert(sku.clone(), row.line) {
            return Err(cell.fault(format!("`{sku}` occurs already in line {first}: keep one of the two")));
        }
        let weight_g = row.cell(WEIGHT_G).map(|cell| cell.number()).transpose()?;
        Ok(CatalogRow { line: row.line, sku, weight_g, category: row.code(CATEGORY)? })
    })?;
    if !weighs {
        let file = path.display();
        table
            .notes
            .push(format!("{file}: there is no column `weight_g`: weights stay as they are; --column maps another"));
    }
    Ok(table)
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
        std::fs::write(&path, "sku,category\nA,fresh\n").unwrap();
        let table = read_catalog(&path, &Reading::default()).unwrap();
        assert_eq!(table.rows[0].weight_g, None);
        assert!(
            table.notes[0].contains("there is no column `weight_g`: weights stay as they are"),
            "{:?}",
            table.notes
        );
        std::fs::write(&path, "sku,grams\nA,1\n").unwrap();
        let fault = read_catalog(&path, &Reading::default()).unwrap_err().to_string();
        assert!(fault.contains("there is no column `weight_g` or `category`"), "{fault}");
        std::fs::write(&path, "sku,weight_g\nA,1\nA,2\n").unwrap();
        let fault = read_catalog(&path, &Reading::default()).unwrap_err().to_string();
        assert!(fault.contains("line 3, column `sku`: `A` occurs already in line 2"), "{fault}");
    }
}
