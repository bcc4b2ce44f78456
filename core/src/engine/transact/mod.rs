//! The transaction: what every command goes through, whatever it changes.
//!
//! ```text
//!   admit ──► door: orders ──► recall the key ──► door: stock ──► decide ──► commit ──► reactions
//!   (key,                     (asked before:                    (change/)   (encode, append,
//!    room)                     the first answer)                             apply, publish)
//! ```
//!
//! [`order`] and [`stock`] and [`configure`] are this sequence for the three things a command can be about; placing an
//! order, which plans before it locks, has its own in `change/order/place.rs`. [`recover`] comes in at `apply`.

pub(in crate::engine) mod admit;
pub(in crate::engine) mod body;
pub(in crate::engine) mod commit;
pub(in crate::engine) mod configure;
#[cfg(all(test, stockade_loom))]
mod loom_tests;
mod money;
mod occurred;
pub(in crate::engine) mod order;
pub(in crate::engine) mod react;
pub(in crate::engine) mod recall;
pub(in crate::engine) mod recover;
mod room;
pub(in crate::engine) mod state;
pub(in crate::engine) mod stock;

pub use react::Reacted;
pub use recover::RecoveryError;
