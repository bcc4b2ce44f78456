//! Values read one by one; everything that is wrong with them is reported at once.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use stockade_core::time::Span;

use super::layers::{Problem, Value};

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

    pub(super) fn span(&mut self, key: &str) -> Duration {
        let parse = |text: &str| text.parse::<Span>().ok().filter(|span| *span > Span::ZERO);
        let span = self.checked(key, "a length of time like 500ms, 5s or 1m", parse, Span::from_secs(1));
        Duration::from_micros(span.0)
    }

    /// A length of engine time, at most `most`.
    pub(super) fn span_up_to(&mut self, key: &str, most: Span) -> Span {
        let parse = |text: &str| text.parse::<Span>().ok().filter(|span| *span > Span::ZERO && *span <= most);
        self.checked(key, &format!("a length of time like 5m or 1h, at most {most}"), parse, Span::from_secs(1))
    }

    pub(super) fn choice<const N: usize>(&mut self, key: &str, choices: [&'static str; N]) -> &'static str {
        let wanted = format!("one of: {}", choices.join(", "));
        self.checked(key, &wanted, |text| choices.into_iter().find(|choice| *choice == text), choices[0])
    }

    pub(super) fn log_filter(&mut self) -> String {
        let parse = |text: &str| tracing_subscriber::EnvFilter::try_new(text).ok().map(|_| text.to_owned());
        self.checked("log.level", "error, warn, info, debug, trace or a filter of such", parse, "info".to_owned())
    }
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
