//! Lines of the log on their way out. Whoever writes one never waits for the program that reads the log.
//!
//! ```text
//!   any thread ── push ──► lines, bounded ──► the thread `log` ──► standard error
//! ```
//!
//! Beyond its bounds the oldest line is dropped, so that what is said last is still there when the log is read again. A
//! line at the place of the gap says how many are missing.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// Lines that wait to be written.
#[derive(Debug)]
pub(super) struct Backlog {
    bounds: Bounds,
    /// Whether lines are JSON objects.
    json: bool,
    state: Mutex<State>,
    /// There is a line.
    filled: Condvar,
    /// There is none, and none is being written.
    emptied: Condvar,
    /// Lines dropped since the start.
    dropped: AtomicU64,
}

/// What may wait at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Box<[u8]>>,
    /// Bytes of these.
    bytes: usize,
    is_writing: bool,
    /// Lines dropped that the log does not say yet.
    untold: u64,
}

/// What is written at once.
struct Piece {
    bytes: Vec<u8>,
    lines: u64,
    /// Dropped lines that it tells of.
    told: u64,
}

impl Backlog {
    pub(super) fn new(bounds: Bounds, json: bool) -> Backlog {
        let (state, filled, emptied) = (Mutex::default(), Condvar::new(), Condvar::new());
        Backlog { bounds, json, state, filled, emptied, dropped: AtomicU64::new(0) }
    }

    /// Adds a line with its line feed. Never waits. A line of more than a quarter of all bytes is dropped.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.state.lock();
        if line.len() > self.bounds.bytes / 4 {
            return self.drop_lines(&mut state, 1);
        }
        state.lines.push_back(line.into());
        state.bytes += line.len();
        while state.bytes > self.bounds.bytes || state.lines.len() > self.bounds.lines {
            let Some(oldest) = state.lines.pop_front() else { break };
            state.bytes -= oldest.len();
            self.drop_lines(&mut state, 1);
        }
        drop(state);
        self.filled.notify_one();
    }

    /// Lines dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until every line is written, at most so long; whether they are.
    pub(super) fn flush(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut state = self.state.lock();
        while state.is_writing || !state.lines.is_empty() {
            if self.emptied.wait_until(&mut state, until).timed_out() {
                return false;
            }
        }
        true
    }

    /// Writes what is there and what comes, for ever. Lines that cannot be written count as dropped.
    pub(super) fn write_to(&self, mut out: impl Write) -> ! {
        loop {
            let piece = self.next();
            if write_whole(&mut out, &piece.bytes).is_err() {
                let mut state = self.state.lock();
                state.untold += piece.told;
                self.drop_lines(&mut state, piece.lines);
            }
        }
    }

    /// Waits for lines.
    fn next(&self) -> Piece {
        let mut state = self.state.lock();
        state.is_writing = false;
        while state.lines.is_empty() {
            self.emptied.notify_all();
            self.filled.wait(&mut state);
        }
        state.is_writing = true;
        let told = std::mem::take(&mut state.untold);
        let mut piece = Piece { bytes: if told > 0 { self.notice(told) } else { Vec::new() }, lines: 0, told };
        while piece.bytes.len() < PIECE_BYTES
            && let Some(line) = state.lines.pop_front()
        {
            state.bytes -= line.len();
            piece.bytes.extend_from_slice(&line);
            piece.lines += 1;
        }
        piece
    }

    fn drop_lines(&self, state: &mut State, lines: u64) {
        state.untold += lines;
        self.dropped.fetch_add(lines, Ordering::Relaxed);
    }

    fn notice(&self, dropped: u64) -> Vec<u8> {
        let message = "lines of the log were dropped: it was not read in time";
        if self.json {
            format!("{{\"level\":\"WARN\",\"fields\":{{\"message\":\"{message}\",\"dropped\":{dropped}}}}}\n")
                .into_bytes()
        } else {
            format!("{dropped} {message}\n").into_bytes()
        }
    }
}

/// Writes all of it. A stream that is full and does not wait is tried again after a moment.
fn write_whole(out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(FULL_FOR),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Bytes that are written at once; the last line of them may go beyond.
const PIECE_BYTES: usize = 16 * 1024;
const FULL_FOR: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// A log that is read only while `open`.
    #[derive(Clone, Default)]
    struct Pipe(Arc<(Mutex<Read>, Condvar)>);

    #[derive(Default)]
    struct Read {
        open: bool,
        text: String,
        fails: Option<io::ErrorKind>,
    }

    impl Pipe {
        fn set(&self, open: bool, fails: Option<io::ErrorKind>) {
            let mut read = self.0.0.lock();
            (read.open, read.fails) = (open, fails);
            self.0.1.notify_all();
        }

        fn text(&self) -> String {
            self.0.0.lock().text.clone()
        }
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut read = self.0.0.lock();
            while !read.open {
                self.0.1.wait(&mut read);
            }
            if let Some(kind) = read.fails {
                return Err(kind.into());
            }
            // As a pipe with little room does.
            let some = bytes.len().min(100);
            read.text.push_str(std::str::from_utf8(&bytes[..some]).unwrap());
            Ok(some)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(bounds: Bounds, json: bool) -> (Arc<Backlog>, Pipe) {
        let (backlog, pipe) = (Arc::new(Backlog::new(bounds, json)), Pipe::default());
        let (writing, out) = (Arc::clone(&backlog), pipe.clone());
        thread::spawn(move || writing.write_to(out));
        (backlog, pipe)
    }

    #[test]
    fn a_log_that_is_not_read_stops_nobody_and_tells_later_how_many_lines_are_missing() {
        for json in [false, true] {
            let (log, pipe) = log(Bounds { lines: 10, bytes: 100_000 }, json);
            log.push(b"{\"first\":0}\n");
            while !log.state.lock().is_writing {
                thread::yield_now();
            }
            for n in 0..1_000 {
                log.push(format!("{{\"n\":{n}}}\n").as_bytes());
            }
            assert!(!log.flush(Duration::from_millis(20)), "a flush has a bound");
            assert_eq!(log.dropped(), 990);
            pipe.set(true, None);
            assert!(log.flush(SOON));
            let text = pipe.text();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(
                (lines.len(), lines[0], lines[2], lines[11]),
                (12, "{\"first\":0}", "{\"n\":990}", "{\"n\":999}")
            );
            assert!(lines[1].contains("990") && lines[1].contains("were dropped"), "{}", lines[1]);
            assert!(!json || lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
        }
    }

    #[test]
    fn what_waits_for_the_log_has_a_bound_in_bytes() {
        let (log, pipe) = log(Bounds { lines: 1_000, bytes: 4_000 }, false);
        log.push(b"first\n");
        while !log.state.lock().is_writing {
            thread::yield_now();
        }
        for _ in 0..10 {
            log.push(&[b'x'; 1_000]);
            log.push(&[b'y'; 1_001]);
            assert!(log.state.lock().bytes <= 4_000);
        }
        assert_eq!(log.dropped(), 16);
        pipe.set(true, None);
        assert!(log.flush(SOON));
        assert!(!pipe.text().contains('y'), "a line of more than a quarter is dropped");
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_and_a_stream_that_is_full_is_tried_again() {
        let (log, pipe) = log(Bounds { lines: 10, bytes: 4_000 }, false);
        pipe.set(true, Some(io::ErrorKind::StorageFull));
        log.push(b"lost\n");
        assert!(log.flush(SOON));
        assert_eq!(log.dropped(), 1);
        pipe.set(true, Some(io::ErrorKind::WouldBlock));
        log.push(b"kept\n");
        assert!(!log.flush(Duration::from_millis(50)));
        pipe.set(true, None);
        assert!(log.flush(SOON));
        assert_eq!(pipe.text(), "1 lines of the log were dropped: it was not read in time\nkept\n");
    }
}
