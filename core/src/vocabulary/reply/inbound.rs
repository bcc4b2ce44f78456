//! What is expected from suppliers, and who waits for it.

use bincode::{Decode, Encode};

use crate::ids::Code;
use crate::time::Day;
use crate::units::Units;

/// An expected receipt of one SKU at one warehouse.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct InboundView {
    /// What supplier and warehouse call it.
    pub reference: Code,
    /// The day it is due.
    pub day: Day,
    /// The pool its units are for.
    pub pool: Code,
    /// Units promised to nobody.
    pub free: Units,
    /// Units promised to orders.
    pub promised: Units,
}

/// What is expected of one SKU at one warehouse.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct InboundCell {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// The receipts, the earliest first.
    pub receipts: Vec<InboundView>,
    /// Promised units that no receipt is expected to bring.
    pub overdue: Units,
}

/// Units that a sub-order waits for.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Awaited {
    /// The SKU.
    pub sku: Code,
    /// Units it waits for.
    pub units: Units,
    /// The receipt that is to bring them, and the day it is due now; `None` when none is expected to.
    pub receipt: Option<(Code, Day)>,
}
