//! Whole lives: from the order to the parcel at the customer's, or to another end.
//!
//! ```text
//!   place ─► pay ─► pick ─► pack ─► weigh ─► label ─► scan ─► pick-up ─► deliver ─► confirm        75 %  confirmed
//!     │        │                                                            └─► return ─► inspect ─► repay   10 %  returned
//!     │        └─► cancel ─► repay                                                               5 %  repaid
//!     ├─► cancel                                                                                 5 %  cancelled
//!     └─► its hold runs out                                                                      5 %  expired
//! ```
//!
//! Each step is taken with every parcel, and the order is read at the end. What was shipped for good is received anew.

mod caller;
mod course;
mod embedded;
mod quic;
mod report;
mod shelf;
mod watch;

pub use course::Ending;
pub use report::{Lived, Lives};

use super::options::{Load, Place};

/// Lives as many lives as the options say and returns the report.
///
/// # Errors
/// A sentence that names what could not be started, or the order that did not go as it was meant to.
pub fn run(load: &Load) -> Result<Lives, String> {
    match load.engine {
        Place::Embedded => embedded::run(load),
        Place::Quic => quic::run(load),
    }
}
