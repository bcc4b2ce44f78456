//! Units of a SKU, as commands name them.

use bincode::{Decode, Encode};

use crate::ids::Code;
use crate::units::Units;

/// Units of a SKU.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Line {
    /// The SKU.
    pub sku: Code,
    /// Units of it.
    pub units: Units,
}
