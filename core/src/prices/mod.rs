//! Prices of stock: the opportunity cost of a unit by SKU and warehouse, trained on the orders themselves.
//!
//! ```text
//!   orders ──► Sample ──► cases: one routing problem for each kind of order, every carried cell as if full
//!                           │
//!   stock, receipts ────────┤   learn: route all cases at cost + prices; where they would take more than there is
//!                           ▼          until the next receipt the price rises, where less it falls; again
//!                         prices ──► Table ──► the router pays them for every unit it draws
//! ```
//!
//! A unit drawn for this order is not available for the next one. Where stock outlasts demand the price is zero, and
//! nothing changes. Only differences between warehouses are kept: see [`relative`]. Everything here is pure: no
//! locks, no clock.

mod learn;
mod own;
mod sample;
mod table;

pub use learn::{Case, CellState, NO_CELL, learn, outside_option, relative};
pub use own::solve_own_first;
pub use sample::{Sample, Sampled, Thinning};
pub use table::Table;
