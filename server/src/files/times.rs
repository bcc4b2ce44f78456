//! Times as people and other systems write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use stockade_core::time::{Day, Time};

/// A time as it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Written {
    /// With its zone.
    Zoned(Time),
    /// Without a zone: a time of that of the file.
    Naive(DateTime),
}

/// Reads a time: year, month and day with `-` or `/` between, then after a space or `T` hour and minute, seconds and their
/// fraction if there are any, then a zone (`Z`, `UTC`, `+08:00`, `+0800`) if there is one. A date alone means midnight.
pub(super) fn read_time(text: &str) -> Result<Written, String> {
    let wrong = || {
        format!(
            "`{text}` is not a point in time: write it like 2026-11-11 08:05, 2026/11/11 8:05 or 2026-11-11T08:05:30+08:00"
        )
    };
    let (date, rest) = date(text).ok_or_else(wrong)?;
    let (clock, zone) = split_zone(rest.strip_prefix('T').unwrap_or(rest).trim_start_matches(' '));
    let (hour, minute, second, nano) =
        if rest.is_empty() { (0, 0, 0, 0) } else { clock_time(clock).ok_or_else(wrong)? };
    let civil = DateTime::new(date.0, date.1, date.2, hour, minute, second, nano).map_err(|_| wrong())?;
    match zone {
        None => Ok(Written::Naive(civil)),
        Some(zone) => {
            let offset = offset(zone).ok_or_else(wrong)?;
            Ok(Written::Zoned(since_1970(offset.to_timestamp(civil).map_err(|_| wrong())?, text)?))
        }
    }
}

/// The moment of a time of a zone. An hour that clocks skip or repeat is taken as before the change.
pub(super) fn in_zone(civil: DateTime, zone: &TimeZone) -> Result<Time, String> {
    let zoned = civil.to_zoned(zone.clone()).map_err(|e| format!("`{civil}` is no time: {e}"))?;
    since_1970(zoned.timestamp(), &civil.to_string())
}

/// Reads a day, written like the date of a time, or like a time at midnight.
pub(super) fn read_day(text: &str) -> Result<Day, String> {
    let midnight = match read_time(text) {
        Ok(Written::Naive(civil)) if civil.time() == jiff::civil::Time::midnight() => Some(civil.date()),
        _ => None,
    };
    let number = |part: i8| u32::try_from(part).ok();
    midnight
        .and_then(|date| Day::from_date(u32::try_from(date.year()).ok()?, number(date.month())?, number(date.day())?))
        .ok_or_else(|| format!("`{text}` is no day: write it like 2026-11-11"))
}

/// Reads a zone: `Asia/Shanghai`, `UTC` or `+08:00`.
pub(super) fn time_zone(text: &str) -> Result<TimeZone, String> {
    match offset(text) {
        Some(offset) => Ok(TimeZone::fixed(offset)),
        None => TimeZone::get(text).map_err(|_| {
            format!("`{text}` is no time zone that this machine knows: write it like Asia/Shanghai or +08:00")
        }),
    }
}

fn since_1970(stamp: Timestamp, text: &str) -> Result<Time, String> {
    u64::try_from(stamp.as_microsecond()).map(Time).map_err(|_| format!("`{text}` is before 1970"))
}

/// The date that the text begins with, and what follows.
fn date(text: &str) -> Option<((i16, i8, i8), &str)> {
    let length = text.find([' ', 'T']).unwrap_or(text.len());
    let (date, rest) = text.split_at(length);
    let separator = if date.contains('/') { '/' } else { '-' };
    let parts: Vec<&str> = date.split(separator).collect();
    let [year, month, day] = parts[..] else { return None };
    let year = if year.len() == 4 { number(year, 4)? } else { return None };
    Some(((year, i8::try_from(number(month, 2)?).ok()?, i8::try_from(number(day, 2)?).ok()?), rest))
}

/// Hour, minute, second and nanosecond.
fn clock_time(text: &str) -> Option<(i8, i8, i8, i32)> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let parts: Vec<&str> = whole.split(':').collect();
    let (hour, minute, second) = match (&parts[..], fraction) {
        ([hour, minute], None) => (hour, minute, "0"),
        ([hour, minute, second], _) if second.len() == 2 => (hour, minute, *second),
        _ => return None,
    };
    let nano = match fraction {
        Some(digits) if (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{digits:0<9}").parse().ok()?
        }
        Some(_) => return None,
        None => 0,
    };
    let two = |text: &str| number(text, 2).and_then(|number| i8::try_from(number).ok());
    if minute.len() != 2 {
        return None;
    }
    Some((two(hour)?, two(minute)?, two(second)?, nano))
}

/// The clock time, and the zone after it.
fn split_zone(text: &str) -> (&str, Option<&str>) {
    let at = text.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.'));
    match at.map(|at| text.split_at(at)) {
        Some((clock, zone)) => (clock, Some(zone.trim_start_matches(' '))),
        None => (text, None),
    }
}

/// `Z`, `UTC`, `GMT`, `+08:00`, `+0800` or `+08`.
fn offset(text: &str) -> Option<Offset> {
    if ["Z", "z", "UTC", "GMT"].contains(&text) {
        return Some(Offset::UTC);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = &text[1..];
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some((hours, minutes)), 5) => (hours, minutes),
        (None, 4) if digits.is_ascii() => digits.split_at(2),
        (None, 2) => (digits, "0"),
        _ => return None,
    };
    let (hours, minutes) = (i32::from(number(hours, 2)?), i32::from(number(minutes, 2)?));
    if hours > 18 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

/// A number of at most so many digits, and of nothing else.
fn number(text: &str, digits_max: usize) -> Option<i16> {
    let digits = (1..=digits_max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Result<String, String> {
        match read_time(text)? {
            Written::Zoned(time) => Ok(time.to_string()),
            Written::Naive(civil) => in_zone(civil, &TimeZone::UTC).map(|time| time.to_string()),
        }
    }

    #[test]
    fn times_are_read_as_other_systems_write_them() {
        for (text, rfc) in [
            ("2010-12-01T08:26", "2010-12-01T08:26:00.000Z"),
            ("2010-12-01 08:26", "2010-12-01T08:26:00.000Z"),
            ("2010-12-01 8:26", "2010-12-01T08:26:00.000Z"),
            ("2010/12/1 8:26", "2010-12-01T08:26:00.000Z"),
            ("2017-01-01T11:53:26", "2017-01-01T11:53:26.000Z"),
            ("2017-01-01T11:53:26.5", "2017-01-01T11:53:26.500Z"),
            ("2017-01-01T11:53:26Z", "2017-01-01T11:53:26.000Z"),
            ("2017-01-01 11:53:26 UTC", "2017-01-01T11:53:26.000Z"),
            ("2017-01-01T00:30:00+08:00", "2016-12-31T16:30:00.000Z"),
            ("2017-01-01T00:30+08:00", "2016-12-31T16:30:00.000Z"),
            ("2017-01-01 00:30:00 +0800", "2016-12-31T16:30:00.000Z"),
            ("2017-01-01 00:30:00 -0530", "2017-01-01T06:00:00.000Z"),
            ("2017-01-01", "2017-01-01T00:00:00.000Z"),
            ("2017/1/1", "2017-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(utc(text).unwrap(), rfc, "{text}");
        }
        for text in [
            "",
            "yesterday",
            "01.12.2010",
            "12/01/2010",
            "10/12/01",
            "2010-13-01",
            "2010-02-30",
            "2010-12-01T25:00",
            "1969-12-31T23:59",
            "2010-12/01",
            "2010-12-01 8",
            "2010-12-01 8:5",
            "2010-12-01 8:05 PM",
            "2010-12-01T",
            "2010-12-01 08:00 +8",
            "2010-12-01 08:00 CST",
            "2010-12-01 08:00:00,5",
            "２010-12-01",
            "2010-12-01 08:00 +9900",
        ] {
            assert!(utc(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_zone_is_a_name_or_an_offset() {
        let Ok(Written::Naive(civil)) = read_time("2026-11-11 08:00") else { panic!("a naive time") };
        for (zone, rfc) in [
            ("+08:00", "2026-11-11T00:00:00.000Z"),
            ("-0130", "2026-11-11T09:30:00.000Z"),
            ("UTC", "2026-11-11T08:00:00.000Z"),
        ] {
            assert_eq!(in_zone(civil, &time_zone(zone).unwrap()).unwrap().to_string(), rfc);
        }
        assert!(time_zone("Asia/Atlantis").unwrap_err().contains("no time zone"));
    }

    #[test]
    fn days_are_dates_without_a_time_of_day() {
        let day = Day::from_date(2026, 12, 1).unwrap();
        for text in ["2026-12-01", "2026/12/1", "2026-12-01 00:00:00.000"] {
            assert_eq!(read_day(text), Ok(day));
        }
        for text in ["2026-12-01 08:00", "tomorrow", "2026-02-30", "2026-12-01T00:00:00Z"] {
            assert!(read_day(text).is_err(), "{text}");
        }
    }
}
