//! The log of a server: one line an event on standard error. Lines of libraries are limited in rate here, since strangers
//! can cause some of them, a malformed handshake for example; lines of our own that strangers can cause ask a
//! [`Throttle`] where they are written.
//!
//! Nothing waits for the log: a thread of its own writes it, and what is not read in time is dropped and counted. At an
//! end of the process what is left is written within a bounded time.

mod backlog;

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::throttle::Throttle;
use backlog::{Backlog, Bounds};

/// The log of this process, once it has begun.
static LOG: OnceLock<Arc<Backlog>> = OnceLock::new();

/// What may wait to be written.
const BOUNDS: Bounds = Bounds { lines: 8_192, bytes: 1024 * 1024 };

/// How long the end of the process waits until the log is written.
pub(crate) const AT_THE_END: Duration = Duration::from_secs(1);
/// How long a panic waits for that: it may not be the end.
pub(crate) const AT_A_PANIC: Duration = Duration::from_millis(100);

/// Waits until the log is written, at most [`AT_THE_END`], when it is dropped.
#[derive(Debug)]
pub(crate) struct Written;

impl Drop for Written {
    fn drop(&mut self) {
        flush(AT_THE_END);
    }
}

/// Begins to log on standard error what `filter` lets pass, as text or, with `json`, as JSON objects.
///
/// # Errors
/// When there is no thread for it.
pub(crate) fn start(filter: &str, json: bool) -> io::Result<Written> {
    let (backlog, colours) = (Arc::new(Backlog::new(BOUNDS, json)), io::stderr().is_terminal());
    let writing = Arc::clone(&backlog);
    thread::Builder::new().name("log".to_owned()).spawn(move || writing.write_to(io::stderr()))?;
    let _ = LOG.set(Arc::clone(&backlog));
    // An earlier subscriber (in tests that run several servers) stays.
    let _ = subscriber(filter, json, colours, move || Line(Arc::clone(&backlog))).try_init();
    Ok(Written)
}

/// Waits until everything said so far is written, at most so long.
pub(crate) fn flush(patience: Duration) {
    if let Some(log) = LOG.get() {
        log.flush(patience);
    }
}

/// Lines since the start that were not written, because the log was not read in time or cannot be written.
pub(crate) fn dropped() -> u64 {
    LOG.get().map_or(0, |log| log.dropped())
}

/// Says the last words of a command on standard error: behind the log, if it has begun.
pub(crate) fn say_last(text: &str) {
    match LOG.get() {
        Some(log) => {
            log.push(format!("{text}\n").as_bytes());
            log.flush(AT_THE_END);
        }
        None => eprintln!("{text}"),
    }
}

/// Where an event is written: each is one line, in one call.
struct Line(Arc<Backlog>);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn subscriber<W>(filter: &str, json: bool, colours: bool, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // A line that cannot be written is lost: to say so where it could not be written would be a panic.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(colours)
        .log_internal_errors(false);
    let libraries = Throttle::new();
    if json {
        Box::new(log.json().map_event_format(|inner| Limited { inner, json, libraries }).finish())
    } else {
        Box::new(log.with_target(false).map_event_format(|inner| Limited { inner, json, libraries }).finish())
    }
}

/// A format of lines that leaves out what libraries say too often.
struct Limited<F> {
    inner: F,
    json: bool,
    libraries: Throttle,
}

impl<S, N, F> FormatEvent<S, N> for Limited<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if !event.metadata().target().starts_with("stockade") {
            match self.libraries.admit(Instant::now()) {
                None => return Ok(()),
                Some(0) => {}
                Some(left_out) if self.json => {
                    let message = "lines of libraries were left out";
                    writeln!(writer, r#"{{"level":"WARN","fields":{{"message":"{message}","left_out":{left_out}}}}}"#)?;
                }
                Some(left_out) => writeln!(writer, "lines of libraries were left out: {left_out}")?,
            }
        }
        self.inner.format_event(context, writer, event)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_flood_of_lines_of_a_library_is_cut_and_our_own_lines_all_come() {
        for json in [false, true] {
            let lines = Lines::default();
            let writer = lines.clone();
            let log = subscriber("info", json, false, move || writer.clone());
            tracing::subscriber::with_default(log, || {
                for n in 0..500 {
                    tracing::warn!(target: "rustls::msgs", n, "illegal SNI");
                    tracing::warn!(target: "log", n, "what the crate log hands on");
                    tracing::warn!(n, "ours");
                }
                std::thread::sleep(std::time::Duration::from_millis(1_100));
                tracing::warn!(target: "quinn", "again");
            });
            let text = String::from_utf8(lines.0.lock().clone()).unwrap();
            let count = |words: &str| text.lines().filter(|line| line.contains(words)).count();
            assert_eq!(count("ours"), 500);
            assert!((10..15).contains(&(count("illegal SNI") + count("hands on"))), "{text}");
            assert_eq!((count("again"), count("lines of libraries were left out")), (1, 1), "{text}");
            assert!(
                !json || text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
                "{text}"
            );
        }
    }

    /// Lines in what callers reach, told by an operator or once in the life of a server.
    const NOT_OF_STRANGERS: [&str; 6] = [
        "listening for QUIC",
        "connections were cut off",
        "a token was revoked",
        "the wall clock is confirmed",
        "a backup was",
        "a thread of the server ended by a panic",
    ];

    #[test]
    fn every_line_that_strangers_can_cause_asks_a_throttle() {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = 0;
        for room in ["auth", "edge", "edge/api", "quic", "service"] {
            for entry in std::fs::read_dir(src.join(room)).unwrap() {
                let path = entry.unwrap().path();
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                let lines: Vec<&str> = text.lines().collect();
                for (n, line) in lines.iter().enumerate() {
                    if !["info!(", "warn!(", "error!("].iter().any(|begin| line.contains(begin)) {
                        continue;
                    }
                    found += 1;
                    let throttled = lines[n.saturating_sub(2)..n].iter().any(|before| before.contains(".admit("));
                    let told = lines[n..].iter().take(6).copied().collect::<String>();
                    let exempt = NOT_OF_STRANGERS.iter().any(|words| told.contains(words));
                    assert!(throttled || exempt, "{}:{}: {line}", path.display(), n + 1);
                }
            }
        }
        assert!(found >= 8, "{found} lines");
    }
}
