//! Tables that people keep in spreadsheets: stock, catalog, receipts and orders as CSV or TSV, plain or gzip.
//!
//! Accepted are files with or without byte order mark, `\n` or `\r\n`, comma, semicolon or tab, columns in any order,
//! and further columns. What cannot be read is refused by file, line and column, with what would be right.

mod catalog;
mod columns;
mod fault;
mod inbound;
mod lines;
mod orders;
mod quantities;
mod sheet;
mod stock;
mod times;

pub use catalog::{CatalogRow, read_catalog};
pub use columns::ColumnNames;
pub use fault::FileFault;
pub use inbound::{InboundKind, InboundRow, read_inbound};
pub use orders::{OrderKind, OrderRecord, OrderRow, OrderSheet};
pub use quantities::{QuantityRow, read_quantities};
pub use sheet::{Cell, Column, Row, Sheet};
pub use stock::{StockRow, read_stock};
pub use times::parse_time;
