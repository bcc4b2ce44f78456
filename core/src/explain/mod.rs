//! What else a decision could have been: other plans, their scores by part, and why warehouses were out.
//!
//! ```text
//!   journaled decision ──► the problem it solved ──► alternatives: runner-up, one warehouse, one parcel, least money
//!   (engine rebuilds it)          │                └► score by part
//!                                 └─ rules, stock seen ──► why each warehouse was out
//! ```
//!
//! Pure, and off the hot path: nothing here is kept from the search that decided. Everything is solved anew.

mod alternatives;
mod score;
mod warehouses;

pub use alternatives::{Alternative, Alternatives, alternatives};
pub use score::{parts, score};
pub use warehouses::{Scene, warehouses};
