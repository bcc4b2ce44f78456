//! Commands on expected receipts.

use bincode::{Decode, Encode};

use crate::ids::Code;
use crate::time::Day;
use crate::units::Units;
use crate::vocabulary::numbered::owned;

/// See [`crate::command::Command::Expect`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Expect {
    /// What supplier and warehouse call the receipt: a purchase order or delivery note.
    pub reference: Code,
    /// The SKU; a receipt of several is announced SKU by SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// What is known of it now.
    pub change: Expectation,
}

/// What is known of an expected receipt.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Expectation {
    /// It will come. Refused when the reference is expected already.
    Announce {
        /// The day it is due.
        day: Day,
        /// How many units.
        units: Units,
        /// The pool they are for; `regular` when not given. Only channels that are granted it may promise them.
        pool: Option<Code>,
    },
    /// Another day, or another number of units.
    Change {
        /// The day it is due; as before when not given.
        day: Option<Day>,
        /// How many units are still to come in all; as before when not given.
        units: Option<Units>,
    },
    /// It will not come.
    Withdraw,
}

owned! {
    Expect => Nobody,
}
