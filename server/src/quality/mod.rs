//! How good routing is, measured on live traffic.
//!
//! ```text
//!   placed order ──► Tally: orders, parcels, splits, cost, proven         (counters, on the deciding thread)
//!        │ a share of them, by sequence
//!        └──► bounded queue ──► a thread of its own: reads the decision back from the journal and solves it again,
//!             (full: dropped     at most a tenth of the time
//!              and counted)      └──► Tally: gap, optimal, exact
//! ```

mod sampler;
mod tally;

pub use sampler::{Sampler, Sampling};
pub use tally::{GAP_BOUNDS_PPM, Tally};
