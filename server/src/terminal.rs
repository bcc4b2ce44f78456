//! Standard output: plain lines for people, one JSON object a line for programs.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::logging;

/// Where results go: standard output. Failures and notes go to standard error.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// One JSON object a line instead of text.
    pub json: bool,
}

impl Output {
    /// Prints one line of text.
    pub fn line(&self, text: impl AsRef<str>) {
        write_out(text.as_ref());
    }

    /// Prints one JSON object on a line of its own.
    pub fn object(&self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => write_out(&text),
            Err(error) => eprintln!("stockade: the result cannot be written as JSON: {error}"),
        }
    }
}

/// A bar for so many things done one after the other. It is on standard error, and shown on a terminal only.
pub fn progress_bar(count: u64, things: &str) -> ProgressBar {
    let bar = ProgressBar::new(count);
    let template = format!("{{wide_bar}} {{human_pos}} of {{human_len}} {things}, {{per_sec}}, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A reader that goes away (`stockade orders | head`) ends the command, as it does for other tools.
fn write_out(line: &str) {
    if let Err(error) = writeln!(io::stdout().lock(), "{line}") {
        logging::flush(logging::AT_THE_END);
        std::process::exit(if error.kind() == io::ErrorKind::BrokenPipe { 0 } else { 5 });
    }
}

/// A word as a shell takes it.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
