//! What a parcel costs, part by part, and what kind of parcel it is.

use bincode::{Decode, Encode};

use crate::heap::behind;
use crate::money::Money;
use crate::time::Day;

/// Money of a parcel by part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct CostParts {
    /// Per parcel.
    pub parcel: Money,
    /// Per unit.
    pub unit: Money,
    /// For the first kilogram.
    pub first_kg: Money,
    /// For further kilograms.
    pub further_kg: Money,
}

impl CostParts {
    /// The sum of the parts.
    pub fn total(&self) -> Money {
        self.parcel.saturating_add(self.unit).saturating_add(self.first_kg).saturating_add(self.further_kg)
    }
}

/// What a parcel weighs and costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Figures {
    /// Weight in grams.
    pub weight_g: u64,
    /// The money by part.
    pub parts: CostParts,
}

/// What a sub-order is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Encode, Decode)]
pub enum SubKind {
    /// From stock on hand.
    #[default]
    Regular,
    /// From goods that are yet to come: it waits for them, and the last are due on this day, as promised when it was
    /// ordered.
    Presale(Day),
}

impl SubKind {
    /// The kind's name at the border.
    pub const fn name(self) -> &'static str {
        match self {
            SubKind::Regular => "regular",
            SubKind::Presale(_) => "presale",
        }
    }

    /// The day on which what it waits for was promised to come.
    pub const fn due(self) -> Option<Day> {
        match self {
            SubKind::Regular => None,
            SubKind::Presale(day) => Some(day),
        }
    }
}

behind! {
    Figures {}
}
