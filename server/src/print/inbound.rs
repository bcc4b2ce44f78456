//! Expected receipts.

use stockade_core::reply::InboundCell;

use super::page::{Page, Table};

/// What is expected, cell by cell.
pub(super) fn inbound(cells: &[InboundCell], page: &mut Page) {
    if cells.is_empty() {
        page.line("nothing is expected");
        return;
    }
    let mut table = Table::new(["SKU", "warehouse", "reference", "due", "pool", "free", "promised"]);
    for cell in cells {
        let at = [cell.sku.to_string(), cell.warehouse.to_string()];
        for receipt in &cell.receipts {
            let [sku, warehouse] = at.clone();
            table.row([
                sku,
                warehouse,
                receipt.reference.to_string(),
                receipt.day.to_string(),
                receipt.pool.to_string(),
                receipt.free.to_string(),
                receipt.promised.to_string(),
            ]);
        }
        if !cell.overdue.is_zero() {
            let [sku, warehouse] = at;
            let none = || "-".to_owned();
            table.row([sku, warehouse, none(), "overdue".to_owned(), none(), none(), cell.overdue.to_string()]);
        }
    }
    page.table(&table);
}
