//! From a demand to a decision: looked at, posed, solved and drawn in one place each.
//!
//! ```text
//!   demand ──► view: what could be drawn ──► pose: the routing problem ──► solve ──► decide: the units drawn
//!                                                                            └─► refuse: why there is no plan
//! ```
//!
//! [`ahead`] plans what is promised out of expected receipts, [`anew`] what is served once more.
//!
//! Under locks only small orders are planned, and only as far as a small fixed amount of work takes them. Everything else is
//! planned over [`copies`] while nothing is locked, and is [`ready`] once it is known, under the locks, that it still holds.

pub(in crate::engine) mod ahead;
pub(in crate::engine) mod anew;
pub(in crate::engine) mod context;
pub(in crate::engine) mod copies;
pub(in crate::engine) mod decide;
pub(in crate::engine) mod demand;
mod pose;
pub(in crate::engine) mod ready;
mod refuse;
pub(in crate::engine) mod scratch;
mod shelves;
pub(in crate::engine) mod size;
pub(in crate::engine) mod solve;
pub(in crate::engine) mod view;
pub(in crate::engine) mod wish;
