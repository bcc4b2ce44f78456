//! Typed reading of TOML: every value comes with its line, and every fault with its line, its kind and what would be
//! right.

mod closest;
mod error;
mod source;
mod table;
mod value;

pub(crate) use closest::did_you_mean;
pub use error::{Fault, FileError};
pub(crate) use source::{At, Source};
pub(crate) use table::Table;
