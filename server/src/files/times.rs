//! Times as people and spreadsheets write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use stockade_core::time::Time;

/// Reads `2010-12-01T08:26`, with or without seconds, their fraction, and a zone (`Z` or `+08:00`); a space may replace
/// the `T`, and a date alone means midnight. Without a zone the time is UTC.
pub fn parse_time(text: &str) -> Result<Time, String> {
    let wrong =
        || format!("`{text}` is not a point in time: write it like 2010-12-01T08:26 or 2010-12-01T08:26:30+08:00");
    let stamp = match text.parse::<Timestamp>() {
        Ok(stamp) => stamp,
        Err(_) => {
            let civil: DateTime = text.parse().map_err(|_| wrong())?;
            civil.to_zoned(TimeZone::UTC).map_err(|_| wrong())?.timestamp()
        }
    };
    let micros = u64::try_from(stamp.as_microsecond()).map_err(|_| format!("`{text}` is before 1970"))?;
    Ok(Time(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_and_without_zones() {
        for (text, rfc) in [
            ("2010-12-01T08:26", "2010-12-01T08:26:00.000Z"),
            ("2010-12-01 08:26", "2010-12-01T08:26:00.000Z"),
            ("2017-01-01T11:53:26", "2017-01-01T11:53:26.000Z"),
            ("2017-01-01T11:53:26.5", "2017-01-01T11:53:26.500Z"),
            ("2017-01-01T11:53:26Z", "2017-01-01T11:53:26.000Z"),
            ("2017-01-01T00:30:00+08:00", "2016-12-31T16:30:00.000Z"),
            ("2017-01-01T00:30+08:00", "2016-12-31T16:30:00.000Z"),
            ("2017-01-01", "2017-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(parse_time(text).unwrap().to_string(), rfc, "{text}");
        }
        for text in ["", "yesterday", "01.12.2010", "2010-13-01", "2010-12-01T25:00", "1969-12-31T23:59"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
