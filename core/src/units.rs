//! Whole units of stock.

use std::fmt;
use std::iter::Sum;

/// A number of units. Never negative: taking more than there is answers `None`.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    bincode::Encode,
    bincode::Decode,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Units(pub u64);

/// What the books say is there, in units: below zero when more left than they knew of.
///
/// It is written as a number without a sign: one from 2⁶³ on stands for itself less 2⁶⁴, so that what is not below zero is
/// written as [`Units`] are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Balance(u64);

impl Balance {
    /// A number of units, or the nearest that can be told.
    pub fn of(units: i128) -> Balance {
        let nearest = units.clamp(i64::MIN.into(), i64::MAX.into());
        Balance(i64::try_from(nearest).unwrap_or_default().cast_unsigned())
    }

    /// The number of units.
    pub fn units(self) -> i64 {
        self.0.cast_signed()
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.units().fmt(f)
    }
}

impl Units {
    /// No units.
    pub const ZERO: Units = Units(0);
    /// What an unlimited warehouse (a drop-shipper) has of everything.
    pub const UNLIMITED: Units = Units(u64::MAX);

    /// Whether there are none.
    #[inline]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The verb of a sentence about them: `is`, `are`.
    pub const fn are(self) -> &'static str {
        if self.0 == 1 { "is" } else { "are" }
    }

    /// In words: `1 unit`, `3 units`.
    pub fn counted(self) -> String {
        counted(self.0, "unit")
    }

    /// The sum, or `None` when it does not fit.
    #[inline]
    pub fn checked_add(self, other: Units) -> Option<Units> {
        self.0.checked_add(other.0).map(Units)
    }

    /// What is left, or `None` when `other` is more.
    #[inline]
    pub fn checked_sub(self, other: Units) -> Option<Units> {
        self.0.checked_sub(other.0).map(Units)
    }

    /// The sum, or [`Units::UNLIMITED`] when it does not fit.
    #[inline]
    #[must_use]
    pub fn saturating_add(self, other: Units) -> Units {
        Units(self.0.saturating_add(other.0))
    }

    /// What is left, or none when `other` is more.
    #[inline]
    #[must_use]
    pub fn saturating_sub(self, other: Units) -> Units {
        Units(self.0.saturating_sub(other.0))
    }
}

impl Sum for Units {
    fn sum<I: Iterator<Item = Units>>(iter: I) -> Units {
        iter.fold(Units::ZERO, Units::saturating_add)
    }
}

/// A number of things in words, by what one of them is called: `1 order`, `3 orders`.
pub fn counted<N: fmt::Display + PartialEq + From<u8>>(count: N, one: &str) -> String {
    if count == N::from(1) { format!("1 {one}") } else { format!("{count} {one}s") }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
