//! Orders that change their minds: more units before payment, and parcels that are parted.

use serde::Deserialize;
use stockade_core::command::{Line, OrderRef, Raise, Split};
use stockade_core::ids::{Code, SubNo};
use stockade_core::units::Units;

use super::quantity::{LineBody, lines};

/// The body of a raise: units that an unpaid order gets in addition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaiseBody {
    /// The SKU, which the order must have.
    pub sku: Code,
    /// How many units more of it.
    pub qty: u64,
}

/// The body of a split: units that go in a parcel of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitBody {
    /// The sub-order that they leave; 1 when not given.
    pub sub: Option<u16>,
    /// The units.
    pub lines: Vec<LineBody>,
}

impl RaiseBody {
    /// The command for this order.
    pub fn command(self, order: OrderRef) -> Raise {
        Raise { order, line: Line { sku: self.sku, units: Units(self.qty) } }
    }
}

impl SplitBody {
    /// The command for this order.
    pub fn command(self, order: OrderRef) -> Split {
        Split { order, sub: SubNo(self.sub.unwrap_or(1)), lines: lines(self.lines) }
    }
}
