//! The mark: which journal this server writes, and how far it was acknowledged, in a file apart from it. A journal that
//! went back (an older copy put back, a failover, a damaged commit slot) is whole in itself; only the mark tells.
//!
//! ```text
//!   batch acknowledged ──► noted in memory ──► at most 1 s later: file replaced and synced      (lag of the mark)
//!   start: journal replayed ──► it holds the marked event with the marked hash? ──► served, and marked anew
//! ```

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde::{Deserialize, Serialize};
use stockade_core::ids::Seq;
use stockade_core::log::{ChainHash, JournalError};

use super::recovery::Recovered;
use crate::disk::{self, Access};

/// Longest time from an acknowledgement until the mark covers it, besides the time the disk takes.
const LAG: Duration = Duration::from_secs(1);
/// The format of the file. One that does not say its format has this one.
const FORMAT: i64 = 1;

/// How far a journal was acknowledged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Identity of the journal, given when it was created.
    pub journal: String,
    /// The last event known to be acknowledged: the last one of its batch.
    pub event: Seq,
    /// The hash of the history up to it.
    pub chain: ChainHash,
}

/// The mark as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default = "first_format")]
    format: i64,
    journal: String,
    event: u64,
    chain: String,
}

/// Events that were acknowledged and are gone: the first and the last, written `121-168`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LostEvents {
    /// The first.
    pub first: Seq,
    /// The last that the mark knows of.
    pub last: Seq,
}

impl fmt::Display for LostEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for LostEvents {
    type Err = String;

    fn from_str(text: &str) -> Result<LostEvents, String> {
        let numbers = text.split_once('-').and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
        match numbers {
            Some((first, last)) if 0 < first && first <= last => Ok(LostEvents { first: Seq(first), last: Seq(last) }),
            Some(_) | None => {
                Err("write the first and the last lost event as the refusal does, like 121-168".to_owned())
            }
        }
    }
}

impl Mark {
    /// Reads the file; `None` when there is none.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when it cannot be read or is not a mark, [`JournalError::OtherFormat`] when another build
    /// wrote it.
    pub fn read(path: &Path) -> Result<Option<Mark>, JournalError> {
        let refused = |what: String| JournalError::Refused {
            reason: format!(
                "{}: {what}: without this mark nobody can tell whether the journal is whole; restore it, or remove it to \
                 trust the journal as it is",
                path.display()
            ),
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(error.to_string())),
        };
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| refused(error.to_string()))?;
        // What else a later format holds is unknown here.
        if let Some(found) = table.get("format").filter(|found| found.as_integer() != Some(FORMAT)) {
            return Err(other_format(path, found));
        }
        let written: Written = table.try_into().map_err(|error: toml::de::Error| refused(error.to_string()))?;
        let chain = hash(&written.chain).ok_or_else(|| refused("`chain` is no SHA-256".to_owned()))?;
        Ok(Some(Mark { journal: written.journal, event: Seq(written.event), chain }))
    }

    /// Writes the file, and returns once it is on disk.
    ///
    /// # Errors
    /// When the disk refuses; the mark before stays.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let written = Written {
            format: FORMAT,
            journal: self.journal.clone(),
            event: self.event.0,
            chain: self.chain.to_string(),
        };
        let body = toml::to_string(&written).map_err(io::Error::other)?;
        let text = format!(
            "# How far the journal was acknowledged. Written by the running server about once a second, compared at its \
             start.\n{body}"
        );
        disk::replace(path, text.as_bytes(), Access::Private)
    }

    /// Compares a journal with its mark before it is replayed.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when it is another one.
    pub fn check_identity(&self, path: &Path, journal: &str) -> Result<(), JournalError> {
        if self.journal == journal {
            return Ok(());
        }
        let reason = format!(
            "this server wrote the journal {} up to event {}, and the one in its place is {journal}: restore the right one, \
             or remove the mark {} to go on with this one",
            self.journal,
            self.event,
            path.display()
        );
        Err(JournalError::Refused { reason })
    }

    /// Compares a replayed history with its mark. A shorter one passes only when `accepted` names exactly what is missing;
    /// that is returned then.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when the history is shorter or another one.
    pub fn check(
        &self,
        path: &Path,
        recovered: &Recovered,
        accepted: Option<LostEvents>,
    ) -> Result<Option<LostEvents>, JournalError> {
        let path = path.display();
        if recovered.last < self.event {
            let lost = LostEvents { first: recovered.last.next(), last: self.event };
            if accepted == Some(lost) {
                return Ok(Some(lost));
            }
            let reason = format!(
                "it ends with event {}, and events up to {} were acknowledged (mark {path}): events {lost} are missing. Restore \
                 the newest journal or emergency file. Only if there is none, start once with --accept-lost-events {lost}: \
                 their numbers and order ids are then given out again",
                recovered.last, self.event
            );
            return Err(JournalError::Refused { reason });
        }
        if self.event == Seq(0) || recovered.chain_at_mark == Some(self.chain) {
            return Ok(None);
        }
        let reason = format!(
            "it is another history than the one that was acknowledged: its event {} differs from the marked one (mark {path}). \
             Restore the right journal, or remove the mark to go on with this one",
            self.event
        );
        Err(JournalError::Refused { reason })
    }
}

const fn first_format() -> i64 {
    FORMAT
}

/// Another build wrote the mark.
fn other_format(path: &Path, found: &toml::Value) -> JournalError {
    JournalError::OtherFormat {
        place: format!("the mark {}", path.display()),
        found: format!("mark format {found}"),
        reads: format!("mark format {FORMAT}"),
        anew: "move the mark out of the data folder, set another `journal.path` or `journal.partition`, and run `stockade init`"
            .to_owned(),
    }
}

fn hash(text: &str) -> Option<ChainHash> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(ChainHash(bytes))
}

/// Writes the mark next to a running journal, on a thread of its own so that no batch waits for it. Dropped, it writes the
/// mark a last time.
pub struct MarkKeeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    now: Mutex<Now>,
    stop: Condvar,
}

struct Now {
    mark: Mark,
    stopped: bool,
}

impl MarkKeeper {
    /// Writes the mark, and then again at most a second after every change.
    ///
    /// # Errors
    /// When the first mark cannot be written, or the system gives no thread.
    pub fn start(path: PathBuf, mark: Mark) -> io::Result<MarkKeeper> {
        mark.write(&path)?;
        let written = mark.event;
        let shared = Arc::new(Shared { now: Mutex::new(Now { mark, stopped: false }), stop: Condvar::new() });
        let keeping = Arc::clone(&shared);
        let keep = move || keeping.keep(&path, written);
        let thread = std::thread::Builder::new().name("mark".into()).spawn(keep)?;
        Ok(MarkKeeper { shared, thread: Some(thread) })
    }

    /// Everything up to `event` is acknowledged.
    pub fn advance(&self, event: Seq, chain: ChainHash) {
        let mut now = self.shared.now.lock();
        (now.mark.event, now.mark.chain) = (event, chain);
    }
}

impl Drop for MarkKeeper {
    fn drop(&mut self) {
        self.shared.now.lock().stopped = true;
        self.shared.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // What it could not write it reported.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn keep(&self, path: &Path, mut written: Seq) {
        let mut failing = false;
        loop {
            let (mark, stopped) = {
                let mut now = self.now.lock();
                if !now.stopped {
                    self.stop.wait_for(&mut now, LAG);
                }
                (now.mark.clone(), now.stopped)
            };
            if mark.event != written {
                match mark.write(path) {
                    Ok(()) => {
                        written = mark.event;
                        failing = false;
                    }
                    Err(error) if !failing || stopped => {
                        failing = true;
                        let path = path.display();
                        tracing::error!(%path, %error, "the mark of the journal cannot be written: a history that goes back may stay unnoticed");
                    }
                    Err(_) => {}
                }
            }
            if stopped {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark { journal: "ab".into(), event: Seq(168), chain: ChainHash([0xE7; 32]) }
    }

    #[test]
    fn a_mark_comes_back_and_a_damaged_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.mark");
        assert_eq!(Mark::read(&path).unwrap(), None);
        mark().write(&path).unwrap();
        assert_eq!(Mark::read(&path).unwrap(), Some(mark()));
        let text = std::fs::read_to_string(&path).unwrap();
        for damaged in ["", &text.replace("e7", "x7"), &text.replace("event", "evnt"), &text[..text.len() - 9]] {
            std::fs::write(&path, damaged).unwrap();
            assert!(matches!(Mark::read(&path), Err(JournalError::Refused { .. })), "{damaged}");
        }
    }

    #[test]
    fn a_mark_that_does_not_say_its_format_has_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.mark");
        mark().write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("format = 1\n", "")).unwrap();
        assert_eq!(Mark::read(&path).unwrap(), Some(mark()));
    }

    #[test]
    fn a_shorter_history_passes_only_by_its_exact_gap() {
        let path = Path::new("journal.mark");
        let recovered = Recovered { last: Seq(120), ..Recovered::default() };
        let refused = mark().check(path, &recovered, None).unwrap_err().to_string();
        assert!(refused.contains("--accept-lost-events 121-168"), "{refused}");
        for wrong in ["121-167", "120-168", "1-168"] {
            assert!(mark().check(path, &recovered, Some(wrong.parse().unwrap())).is_err(), "{wrong}");
        }
        let lost = "121-168".parse().unwrap();
        assert_eq!(mark().check(path, &recovered, Some(lost)).unwrap(), Some(lost));
        for text in ["", "5", "0-4", "5-4", "a-b", "-"] {
            assert!(text.parse::<LostEvents>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_longer_history_has_to_hold_the_marked_event() {
        let path = Path::new("journal.mark");
        let at = |chain_at_mark| Recovered { last: Seq(200), chain_at_mark, ..Recovered::default() };
        assert_eq!(mark().check(path, &at(Some(mark().chain)), None).unwrap(), None);
        for other in [None, Some(ChainHash([1; 32]))] {
            let refused = mark().check(path, &at(other), "121-168".parse().ok()).unwrap_err().to_string();
            assert!(refused.contains("another history"), "{refused}");
        }
    }
}
