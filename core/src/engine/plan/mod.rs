//! From a demand to a decision: looked at, posed, solved and drawn in one place each.
//!
//! ```text
//!   demand ──► view: what could be drawn ──► pose: the routing problem ──► solve ──► decide: the units drawn
//!                                                                            └─► refuse: why there is no plan
//! ```
//!
//! [`ahead`] plans what is promised out of expected receipts, [`anew`] what is served once more.

pub(in crate::engine) mod ahead;
pub(in crate::engine) mod anew;
pub(in crate::engine) mod context;
pub(in crate::engine) mod decide;
pub(in crate::engine) mod demand;
mod pose;
mod refuse;
pub(in crate::engine) mod scratch;
pub(in crate::engine) mod size;
pub(in crate::engine) mod solve;
pub(in crate::engine) mod view;
