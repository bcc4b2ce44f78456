//! Commands that move stock.

use bincode::{Decode, Encode};

use super::line::Line;
use crate::ids::{Code, Seq};
use crate::units::Units;
use crate::vocabulary::numbered::owned;

/// See [`crate::command::Command::Receive`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Receive {
    /// Where they arrive.
    pub warehouse: Code,
    /// The pool they join; `regular` when not given.
    pub pool: Option<Code>,
    /// The expected receipt they fulfil, if any.
    pub expected: Option<Fulfils>,
    /// What arrives.
    pub lines: Vec<Line>,
}

/// The expected receipt that goods fulfil.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Fulfils {
    /// Its reference.
    pub reference: Code,
    /// Whether the rest of it is still to come; else what did not come is expected no more.
    pub more: bool,
}

/// See [`crate::command::Command::Adjust`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Adjust {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// The pool; `regular` when not given.
    pub pool: Option<Code>,
    /// Units found (positive) or lost (negative).
    pub delta: i64,
    /// Why, for the auditor.
    pub reason: String,
}

/// See [`crate::command::Command::Count`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Count {
    /// The warehouse counted.
    pub warehouse: Code,
    /// The last event the count has seen: units moved later are laid over it. `None` is now.
    pub as_of: Option<Seq>,
    /// Events up to `as_of` which the count had not seen.
    pub except: Vec<Seq>,
    /// Units physically there of each SKU: free, held, paid, picked, in inspection and damaged together.
    pub lines: Vec<Line>,
}

/// See [`crate::command::Command::Transfer`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Transfer {
    /// From where.
    pub from: Code,
    /// To where.
    pub to: Code,
    /// The pool they leave; `regular` when not given.
    pub pool: Option<Code>,
    /// What leaves.
    pub lines: Vec<Line>,
}

/// See [`crate::command::Command::Arrive`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Arrive {
    /// The warehouse that takes them in.
    pub warehouse: Code,
    /// The pool they join; `regular` when not given.
    pub pool: Option<Code>,
    /// What arrives.
    pub lines: Vec<Line>,
}

/// How units are lost to sale.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Loss {
    /// Free units are not fit for sale: they stay in the warehouse as damaged.
    Damaged,
    /// Damaged units leave the warehouse for good.
    Scrapped,
    /// Units in transit to the warehouse do not arrive.
    LostInTransit,
    /// Units in transit arrive and are not fit for sale.
    DamagedInTransit,
}

/// See [`crate::command::Command::BookLoss`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct BookLoss {
    /// The warehouse where they are, or to which they were on the way.
    pub warehouse: Code,
    /// The pool that [`Loss::Damaged`] takes them from; `regular` when not given. The other losses are of no pool.
    pub pool: Option<Code>,
    /// What happened to them.
    pub loss: Loss,
    /// Why, for the auditor.
    pub reason: String,
    /// How many units of what.
    pub lines: Vec<Line>,
}

/// See [`crate::command::Command::Recall`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Recall {
    /// The warehouse that they left, and where they are back.
    pub from: Code,
    /// The warehouse to which they were on the way.
    pub to: Code,
    /// The pool they join; `regular` when not given.
    pub pool: Option<Code>,
    /// What is taken back.
    pub lines: Vec<Line>,
}

/// See [`crate::command::Command::CountShelf`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct CountShelf {
    /// The warehouse counted.
    pub warehouse: Code,
    /// Units of each SKU on the shelves: free, held and paid together. What is picked or packed, in inspection or damaged is
    /// no part of it.
    pub lines: Vec<Line>,
}

/// See [`crate::command::Command::MovePool`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct MovePool {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// From this pool.
    pub from: Code,
    /// To this pool.
    pub to: Code,
    /// Units to move, at least 1.
    pub units: Units,
}

/// See [`crate::command::Command::SetSafety`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SetSafety {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// Units of the regular pool that orders may not take.
    pub units: Units,
}

owned! {
    Receive => Nobody,
    Adjust => Nobody,
    Count => Nobody,
    Transfer => Nobody,
    Arrive => Nobody,
    BookLoss => Nobody,
    Recall => Nobody,
    CountShelf => Nobody,
    MovePool => Nobody,
    SetSafety => Nobody,
}
