//! Times and days as people write them.

use stockade_core::time::{Day, Time};

/// Reads an RFC 3339 time, like `2026-11-11T08:00:00Z`.
///
/// # Errors
/// A sentence that says what a time looks like.
pub fn parse_time(text: &str) -> Result<Time, String> {
    let timestamp: jiff::Timestamp =
        text.parse().map_err(|_| format!("`{text}` is not a time: write it like 2026-11-11T08:00:00Z"))?;
    let micros = u64::try_from(timestamp.as_microsecond()).map_err(|_| format!("`{text}` is before 1970"))?;
    Ok(Time(micros))
}

/// Reads a calendar day, like `2026-11-11`.
///
/// # Errors
/// A sentence that says what a day looks like.
pub fn parse_day(text: &str) -> Result<Day, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let numbers: Option<Vec<u32>> = parts.iter().map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some([year, month, day]) => Day::from_date(*year, *month, *day),
        _ => None,
    }
    .ok_or_else(|| format!("`{text}` is no day: write it like 2026-11-11"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(parse_time("2026-11-11T00:00:00.125Z"), Ok(Time(1_794_355_200_125_000)));
        assert_eq!(parse_time("2026-11-11T08:00:00.125+08:00"), Ok(Time(1_794_355_200_125_000)));
        assert!(parse_time("tomorrow").is_err());
    }

    #[test]
    fn days_are_year_month_day() {
        assert_eq!(parse_day("2026-11-11").map(|day| day.to_string()), Ok("2026-11-11".to_owned()));
        assert!(parse_day("2026-02-30").is_err());
        assert!(parse_day("11.11.2026").unwrap_err().contains("2026-11-11"));
    }
}
