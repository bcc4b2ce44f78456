//! Alternatives to a decision: other plans, their scores by part, and why warehouses were left out.
//!
//! ```text
//!   journaled decision ──► the problem it solved ──► alternatives: runner-up, one warehouse, one parcel, least money
//!   (engine rebuilds it)          │                └► score by part
//!                                 └─ rules, stock seen ──► why each warehouse was left out
//! ```
//!
//! Pure, and off the hot path: nothing is kept from the search that decided, everything is solved again.

mod alternatives;
mod score;
mod warehouses;

pub use alternatives::{Alternative, Alternatives, Decided};
pub use score::parts;
pub use warehouses::{Scene, warehouses};
