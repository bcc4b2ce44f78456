//! The verdict on a command in advance: carried out, refused, or either.

use std::collections::BTreeSet;

use stockade_core::ids::{Code, Seq};
use stockade_core::units::Units;

/// The allowed outcomes of a command: it may be carried out, or refused with one of these codes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Allowed {
    /// Whether it may be carried out.
    pub done: bool,
    /// The codes it may be refused with.
    pub refused: BTreeSet<&'static str>,
    /// The short SKUs that a refusal for lack of stock must list: wanted and available.
    pub short: Vec<(Code, Units, Units)>,
    /// The change it must make, when several are conceivable.
    pub change: Option<Outcome>,
    /// It was told before: it is answered as this event was, and nothing happens.
    pub again: Option<Seq>,
}

/// The change that a command must make, where several are conceivable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Paid in time.
    Paid,
    /// Paid late and held anew.
    PaidLate,
    /// The money is owed back.
    RefundDue,
    /// Missing units are routed elsewhere.
    Rerouted,
    /// Missing units wait for a person.
    Review,
    /// An order that holds nothing is given up.
    Lapsed,
}

impl Allowed {
    /// It must be carried out.
    pub fn must() -> Allowed {
        Allowed { done: true, ..Allowed::default() }
    }

    /// It was told before, by this event.
    pub fn again(seq: Seq) -> Allowed {
        Allowed { again: Some(seq), ..Allowed::default() }
    }

    /// It must be refused.
    pub fn refuse(code: &'static str) -> Allowed {
        Allowed { refused: BTreeSet::from([code]), ..Allowed::default() }
    }

    /// It must be carried out, with this change.
    pub fn change(change: Outcome) -> Allowed {
        Allowed { change: Some(change), ..Allowed::must() }
    }

    /// It may be refused with this code, too.
    pub fn or_refuse(mut self, code: &'static str) -> Allowed {
        self.refused.insert(code);
        self
    }
}
