//! What is said to the engine and what it says: commands and queries, replies and refusals, and the events that make
//! the history.
//!
//! Every kind is declared once, with a number and a name that never change their meaning and, where callers send it, the
//! right it needs. Whatever else enumerates kinds (codecs, dispatch, metrics, rights, digests) is made from these
//! declarations: there is no second list. Types of the domain live with their domain; the vocabulary uses them.

pub mod command;
pub mod event;
pub(crate) mod numbered;
mod order_ref;
pub mod query;
pub mod reject;
pub mod reply;

pub use numbered::{BodyOf, Kind, Owned, Owner, Right};
