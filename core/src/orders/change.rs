//! What a command did to an order: the answer that is remembered under its key.

use bincode::{Decode, Encode};

use crate::heap::behind;
use crate::ids::{RefundNo, SubNo};
use crate::orders::{RefundReason, Stage};
use crate::time::Time;
use crate::units::Units;

/// What a command on an order did. Encoded by position: a new change goes to the end.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Change {
    /// Paid in time.
    Paid,
    /// Paid late, and held anew: these sub-orders replace the expired ones.
    PaidLate {
        /// The new number of the first sub-order of the new plan.
        first_sub: SubNo,
    },
    /// Money came that is owed back.
    RefundDue {
        /// The refund.
        refund: RefundNo,
        /// Why.
        reason: RefundReason,
    },
    /// Given up; these units are claimed no longer.
    Cancelled {
        /// Units given back.
        units: Units,
    },
    /// The hold lasts longer.
    Extended {
        /// The new deadline.
        until: Time,
    },
    /// A sub-order went a step.
    Stepped {
        /// The sub-order.
        sub: SubNo,
        /// The stage it reached.
        stage: Stage,
    },
    /// Units were missing at the pick.
    Shorted {
        /// Units not found.
        missing: Units,
        /// Units routed to another warehouse.
        rerouted: Units,
        /// Units that wait for a person.
        review: Units,
    },
    /// Units came back.
    Returned {
        /// Units that came back.
        units: Units,
    },
    /// Returned units were inspected.
    Inspected {
        /// Back on sale.
        intact: Units,
        /// Never on sale again.
        damaged: Units,
    },
    /// What stood in review is routed.
    Rerouted {
        /// How many units.
        units: Units,
    },
    /// Units were added to an unpaid order.
    Raised {
        /// How many units.
        units: Units,
        /// The number of the first sub-order that holds them.
        first_sub: SubNo,
    },
    /// Units of a sub-order go in a parcel of their own.
    Split {
        /// The number of the new sub-order.
        sub: SubNo,
        /// How many units are in it.
        units: Units,
    },
}

behind! {
    Change {}
}
