//! Tables that people keep in spreadsheets: stock, catalog, receipts and orders as CSV, TSV or workbook.
//!
//! One reader serves every command. Files of other systems are read where they can only mean one thing; what can mean
//! two is refused by file, line and column, with what would be right, and no row is ever lost silently.
//!
//! ```text
//!  source (what it is, gzip) ─► decoded (encoding) ─► lines ─► delimited (rows, quotes) ─┐
//!         └──────────────────────────────────────► workbook (.xlsx, .ods) ───────────────┴─► sheet (columns, cells)
//! ```

mod assembly;
mod catalog;
mod columns;
mod decoded;
mod delimited;
mod fault;
mod flags;
mod inbound;
mod lines;
mod numbers;
mod order_sheet;
mod orders;
mod quantities;
mod sheet;
mod source;
mod stock;
mod times;
mod unread;
mod workbook;

#[cfg(test)]
mod shapes;
#[cfg(test)]
mod tests;

pub use catalog::{CATALOG, CatalogRow, read_catalog};
pub use columns::{Column, ColumnNames, TableKind};
pub use fault::FileFault;
pub use flags::{OrderFlags, OrderReading, Reading, TableFlags};
pub use inbound::{INBOUND, InboundKind, InboundRow, read_inbound};
pub use order_sheet::OrderSheet;
pub use orders::{ORDERS, OrderKind, OrderRecord, OrderRow};
pub use quantities::{QUANTITIES, QuantityRow, read_quantities};
pub use sheet::{Cell, Row, Sheet, Table};
pub use stock::{STOCK, StockRow, read_stock};
pub use unread::Unread;
