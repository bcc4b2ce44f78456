//! Values read one by one; everything that is wrong with them is reported at once.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use stockade_core::time::Span;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::layers::{Problem, Value};
use crate::networks::Network;

/// Reads values one by one and collects what is wrong with them.
pub(super) struct Reader<'a> {
    values: &'a [Value],
    /// What is wrong so far.
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(values: &'a [Value]) -> Reader<'a> {
        Reader { values, problems: Vec::new() }
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.values.iter().find(|value| value.setting.key == key).map(|value| value.text.clone()).unwrap_or_default()
    }

    pub(super) fn problem(&mut self, key: &str, reason: impl Into<String>) {
        let origin = self.values.iter().find(|value| value.setting.key == key).map(|value| value.origin.to_string());
        self.problems.push(Problem { place: origin.unwrap_or_default(), reason: reason.into() });
    }

    pub(super) fn checked<T>(&mut self, key: &str, wanted: &str, parse: impl Fn(&str) -> Option<T>, instead: T) -> T {
        let text = self.text(key);
        parse(&text).unwrap_or_else(|| {
            self.problem(key, format!("{key} = \"{text}\" must be {wanted}"));
            instead
        })
    }

    pub(super) fn parsed<T: FromStr + Placeholder>(&mut self, key: &str, wanted: &str) -> T {
        self.checked(key, wanted, |text| text.parse().ok(), T::placeholder())
    }

    pub(super) fn count(&mut self, key: &str) -> u32 {
        let parse = |text: &str| text.parse().ok().filter(|n| *n > 0);
        self.checked(key, "a whole number from 1 on", parse, 1)
    }

    /// A share from 0 to 1, in millionths.
    pub(super) fn share_ppm(&mut self, key: &str) -> u64 {
        let parse = |text: &str| text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
        let share = self.checked(key, "a share from 0 to 1, like 0.01", parse, 0.0);
        (share * 1e6).round() as u64
    }

    /// How long a caller or a person waits, at most [`WAIT_MAX`].
    pub(super) fn span(&mut self, key: &str) -> Duration {
        let parse = |text: &str| text.parse::<Span>().ok().filter(|span| *span > Span::ZERO && *span <= WAIT_MAX);
        let wanted = format!("a length of time like 500ms, 5s or 1m, at most {WAIT_MAX}");
        let span = self.checked(key, &wanted, parse, Span::from_secs(1));
        Duration::from_micros(span.0)
    }

    /// The name of a file.
    pub(super) fn named(&mut self, key: &str) -> String {
        let parse = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        self.checked(key, "the name of a file", parse, String::new())
    }

    /// Networks of addresses with commas between them, or nothing.
    pub(super) fn networks(&mut self, key: &str) -> Vec<Network> {
        let text = self.text(key);
        let mut networks = Vec::new();
        for part in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
            match part.parse() {
                Ok(network) => networks.push(network),
                Err(reason) => self.problem(
                    key,
                    format!("{key}: `{part}` must be an address or a network like 10.0.0.7 or 10.0.0.0/8: {reason}"),
                ),
            }
        }
        networks
    }

    /// A length of engine time, at most `most`.
    pub(super) fn span_up_to(&mut self, key: &str, most: Span) -> Span {
        let parse = |text: &str| text.parse::<Span>().ok().filter(|span| *span > Span::ZERO && *span <= most);
        self.checked(key, &format!("a length of time like 5m or 1h, at most {most}"), parse, Span::from_secs(1))
    }

    /// A number of bytes, at least `least`.
    pub(super) fn bytes_from(&mut self, key: &str, least: usize) -> usize {
        let parse = |text: &str| bytes(text).filter(|bytes| *bytes >= least);
        let wanted = format!("a number of bytes like 256MiB or 1GiB, at least {}MiB", least >> 20);
        self.checked(key, &wanted, parse, least)
    }

    pub(super) fn choice<const N: usize>(&mut self, key: &str, choices: [&'static str; N]) -> &'static str {
        let wanted = format!("one of: {}", choices.join(", "));
        self.checked(key, &wanted, |text| choices.into_iter().find(|choice| *choice == text), choices[0])
    }

    pub(super) fn log_filter(&mut self) -> String {
        let parse = |text: &str| is_filter(text).then(|| text.to_owned());
        let wanted = "error, warn, info, debug, trace or off, or a filter like info,stockade_server=debug";
        self.checked("log.level", wanted, parse, "info".to_owned())
    }
}

/// Whether this is a filter of log lines in which every part names its level. By itself, a word that is no level would be
/// the name of a part of the program, of which everything is logged, and nothing of the others.
fn is_filter(text: &str) -> bool {
    let names_level = |part: &str| {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        level.parse::<LevelFilter>().is_ok()
    };
    let mut parts = text.split(',');
    parts.all(|part| !part.is_empty() && (part.contains(['[', '{', ']', '}']) || names_level(part)))
        && EnvFilter::try_new(text).is_ok()
}

/// The longest time for which a setting lets somebody wait.
const WAIT_MAX: Span = Span::from_mins(24 * 60);

/// A whole number and a unit: `512KiB`, `256MiB`, `2GiB`.
fn bytes(text: &str) -> Option<usize> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let unit: usize = match unit {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(unit)
}

/// A stand-in for a refused value, so that the other values are checked too.
pub(super) trait Placeholder {
    fn placeholder() -> Self;
}

impl Placeholder for SocketAddr {
    fn placeholder() -> Self {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }
}

impl Placeholder for bool {
    fn placeholder() -> Self {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_no_filter_of_log_lines() {
        for filter in ["info", "WARN", "off", "info,stockade_server=debug", "warn,quinn=off", "info,a[b{c=1}]=debug"] {
            assert!(is_filter(filter), "{filter}");
        }
        for odd in
            ["", "loud", "info,loud", "info,stockade_server", "stockade_server=loud", "info,,debug", "=", "info,=x"]
        {
            assert!(!is_filter(odd), "{odd}");
        }
    }

    #[test]
    fn bytes_are_a_whole_number_with_a_unit() {
        assert_eq!([bytes("64KiB"), bytes("256MiB"), bytes("2GiB")], [Some(65_536), Some(268_435_456), Some(1 << 31)]);
        for odd in ["", "256", "MiB", "256MB", "256 MiB", "-1MiB", "1.5GiB", "99999999999999GiB", "256mib"] {
            assert_eq!(bytes(odd), None, "{odd}");
        }
    }
}
