//! Instants and spans in microseconds. The engine never reads a clock: `now` is always an argument.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// An instant: microseconds since 1970-01-01T00:00:00 UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Time(pub u64);

/// A length of time in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Span(pub u64);

/// A calendar day, counted from 1970-01-01 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Day(pub u32);

impl Time {
    /// Later than everything.
    pub const NEVER: Time = Time(u64::MAX);

    /// The day in UTC.
    pub fn day(self) -> Day {
        Day(u32::try_from(self.0 / 86_400_000_000).unwrap_or(u32::MAX))
    }

    /// The span from `earlier` to here, nothing when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time.
    pub const ZERO: Span = Span(0);

    /// A span of whole milliseconds.
    pub const fn from_millis(millis: u64) -> Span {
        Span(millis * 1_000)
    }

    /// A span of whole seconds.
    pub const fn from_secs(secs: u64) -> Span {
        Span(secs * 1_000_000)
    }

    /// A span of whole minutes.
    pub const fn from_mins(mins: u64) -> Span {
        Span::from_secs(mins * 60)
    }
}

impl Add<Span> for Time {
    type Output = Time;

    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Time {
    type Output = Time;

    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

/// A text is not a span.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not a length of time: write a number and ms, s, m, h or d, like 30m")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    /// A whole number and a unit: `250ms`, `20s`, `30m`, `2h`, `1d`.
    fn from_str(text: &str) -> Result<Span, SpanError> {
        let error = || SpanError(text.to_owned());
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
        let (number, unit) = text.split_at(digits);
        let micros: u64 = match unit {
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            "d" => 86_400_000_000,
            _ => return Err(error()),
        };
        let number: u64 = number.parse().map_err(|_| error())?;
        number.checked_mul(micros).map(Span).ok_or_else(error)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, micros) in [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)] {
            if self.0 != 0 && self.0.is_multiple_of(micros) {
                return f.pad(&format!("{}{unit}", self.0 / micros));
            }
        }
        f.pad(&format!("{}ms", self.0 / 1_000))
    }
}

impl serde::Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC with milliseconds: `2026-11-11T00:00:00.125Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, millis) = (self.0 / 1_000_000, self.0 / 1_000 % 1_000);
        let day = Day(u32::try_from(secs / 86_400).unwrap_or(u32::MAX));
        let (h, m, s) = (secs / 3_600 % 24, secs / 60 % 60, secs % 60);
        f.pad(&format!("{day}T{h:02}:{m:02}:{s:02}.{millis:03}Z"))
    }
}

impl Day {
    /// The day of a date of the proleptic Gregorian calendar, or `None` when there is no such date from 1970 on.
    pub fn from_date(year: u32, month: u32, day: u32) -> Option<Day> {
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
            return None;
        }
        // Days from civil, H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let y = if month <= 2 { year - 1 } else { year };
        let era_year = y % 400;
        let month_from_march = (month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
        let day_of_era = era_year * 365 + era_year / 4 - era_year / 100 + day_of_year;
        Some(Day((y / 400) * 146_097 + day_of_era - 719_468))
    }

    /// Year, month and day of the month.
    pub fn date(self) -> (u32, u32, u32) {
        let z = u64::from(self.0) + 719_468;
        let (era, day_of_era) = (z / 146_097, z % 146_097);
        let era_year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * era_year + era_year / 4 - era_year / 100);
        let mp = (5 * day_of_year + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = era_year + era * 400 + u64::from(month <= 2);
        (year as u32, month as u32, (day_of_year - (153 * mp + 2) / 5 + 1) as u32)
    }

    /// Midnight UTC at which the day begins.
    pub fn start(self) -> Time {
        Time(u64::from(self.0) * 86_400_000_000)
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        f.pad(&format!("{year:04}-{month:02}-{day:02}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree_for_six_centuries() {
        let mut day = Day(0);
        for year in 1970..2570 {
            for month in 1..=12 {
                for date in 1..=days_in(year, month) {
                    assert_eq!(Day::from_date(year, month, date), Some(day));
                    assert_eq!(day.date(), (year, month, date));
                    day.0 += 1;
                }
            }
        }
        assert_eq!(Day::from_date(2023, 2, 29), None);
    }

    #[test]
    fn spans_parse_and_print() {
        for text in ["250ms", "20s", "30m", "2h", "1d", "0ms"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("90m".parse::<Span>().unwrap(), Span::from_mins(90));
        for text in ["", "m", "30", "30 m", "1w", "-1s", "99999999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert_eq!(Time(1_794_355_200_125_000).to_string(), "2026-11-11T00:00:00.125Z");
    }
}
