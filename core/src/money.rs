//! Exact money: six decimals, an integer inside. The currency is a label of the world.

use std::fmt;
use std::str::FromStr;

/// An amount of money in millionths of the currency's unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Money(pub i64);

/// Why a text is not an amount of money.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MoneyError {
    /// Not of the form `-12.345678`.
    #[error("`{0}` is not an amount: write digits, a point and at most six decimals, like 12.34")]
    Syntax(String),
    /// Past ±9.2 × 10¹² units.
    #[error("`{0}` is too large an amount")]
    TooLarge(String),
}

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// Millionths in one unit of the currency.
    pub const MICROS_PER_UNIT: i64 = 1_000_000;

    /// The sum, or `None` when it does not fit.
    #[inline]
    pub fn checked_add(self, other: Money) -> Option<Money> {
        self.0.checked_add(other.0).map(Money)
    }

    /// The amount for `count` of something that costs this much each, or `None` when it does not fit.
    #[inline]
    pub fn checked_mul(self, count: u64) -> Option<Money> {
        i64::try_from(count).ok().and_then(|count| self.0.checked_mul(count)).map(Money)
    }

    /// The sum, held at the largest amount when it does not fit.
    #[inline]
    #[must_use]
    pub fn saturating_add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Money {
    /// At least two decimals, at most six, no trailing zeros past the second: `12.30`, `0.000001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let whole = self.0.unsigned_abs() / Self::MICROS_PER_UNIT.unsigned_abs();
        let mut micros = self.0.unsigned_abs() % Self::MICROS_PER_UNIT.unsigned_abs();
        let mut decimals = 6;
        while decimals > 2 && micros.is_multiple_of(10) {
            micros /= 10;
            decimals -= 1;
        }
        f.pad(&format!("{sign}{whole}.{micros:0decimals$}"))
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Money, MoneyError> {
        let syntax = || MoneyError::Syntax(text.to_owned());
        let large = || MoneyError::TooLarge(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let bad = (whole.is_empty() && fraction.is_empty())
            || !all_digits(whole)
            || !all_digits(fraction)
            || fraction.len() > 6
            || digits.ends_with('.');
        if bad {
            return Err(syntax());
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| large())? };
        let micros: i64 = format!("{fraction:0<6}").parse().map_err(|_| syntax())?;
        let total = whole.checked_mul(Self::MICROS_PER_UNIT).and_then(|w| w.checked_add(micros)).ok_or_else(large)?;
        Ok(Money(if negative { -total } else { total }))
    }
}

impl serde::Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        for (text, micros, printed) in [
            ("0", 0, "0.00"),
            ("12.3", 12_300_000, "12.30"),
            (".5", 500_000, "0.50"),
            ("0.000001", 1, "0.000001"),
            ("-4.25", -4_250_000, "-4.25"),
            ("1.100", 1_100_000, "1.10"),
        ] {
            let money: Money = text.parse().unwrap();
            assert_eq!(money, Money(micros), "{text}");
            assert_eq!(money.to_string(), printed);
        }
        for text in ["", "-", ".", "1.", "1.2345678", "1,2", "x", "1e3", "+1"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
        assert!(matches!("99999999999999".parse::<Money>(), Err(MoneyError::TooLarge(_))));
    }
}
