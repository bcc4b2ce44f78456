//! Recovery: every event of the journal from the first, checked and applied as it was when it was decided.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use stockade_core::event::Envelope;
use stockade_core::ids::Seq;
use stockade_core::log::decode_envelope;
use stockade_core::log::{ChainHash, Journal, JournalError, Log, SealedBatch};

use super::compare::{Comparing, Comparison, Verdict};
use super::emergency::EmergencyFile;
use super::trail::Trail;

/// Events of a conflict that a message lists.
const LISTED: usize = 10;

/// Takes an event and its sequence.
pub type VisitEvent<'a> = dyn FnMut(Seq, &[u8]) -> Result<(), JournalError> + 'a;

/// The result of a recovery.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recovered {
    /// Batches replayed.
    pub batches: u64,
    /// Events replayed.
    pub events: u64,
    /// Bytes of batches.
    pub bytes: u64,
    /// The last event.
    pub last: Seq,
    /// The hash of the history up to it.
    pub chain: ChainHash,
    /// Events among them that came from an emergency file and are in the journal again.
    pub restored: u64,
    /// Events of an emergency file, never acknowledged as journaled, that contradict the journal: their file is set aside.
    pub set_aside: u64,
    /// The hash of the history up to the marked event, if a batch ends with it.
    pub chain_at_mark: Option<ChainHash>,
}

/// What lies apart from a journal and belongs to its recovery.
#[derive(Clone, Copy, Default, Debug)]
pub struct Apart<'a> {
    /// The emergency file, if there may be one.
    pub emergency: Option<&'a Path>,
    /// How far the journal was acknowledged, if that is known.
    pub marked: Option<Seq>,
}

/// Replays the whole journal through `apply` and lets the log continue after it.
///
/// An emergency file that continues the journal is replayed and written to it as well, and is then renamed to
/// `….restored`. One that contradicts the journal stops the recovery if any of its events was acknowledged, and is renamed
/// to `….conflict` otherwise.
///
/// # Errors
/// [`JournalError::Corrupt`] says which event is refused and why, [`JournalError::OtherFormat`] that another build wrote
/// the journal; nothing may be served then.
pub fn recover<E: Display>(
    journal: &mut dyn Journal,
    log: &Log,
    apart: Apart<'_>,
    mut apply: impl FnMut(Seq, Envelope) -> Result<(), E>,
) -> Result<Recovered, JournalError> {
    let recovered = replay_events(journal, apart, &mut |seq, event| carry_out(seq, event, &mut apply))?;
    log.resume(recovered.last, recovered.chain);
    Ok(recovered)
}

/// Shows every event of the journal in order, and of the emergency file if there is one, without reading what is in
/// them.
///
/// # Errors
/// As [`recover`], and what `visit` returns.
pub fn replay_events(
    journal: &mut dyn Journal,
    apart: Apart<'_>,
    visit: &mut VisitEvent<'_>,
) -> Result<Recovered, JournalError> {
    let Apart { emergency, marked } = apart;
    let file = emergency.filter(|path| path.exists()).map(read_emergency).transpose()?;
    let mut history = History::new(file.as_ref(), marked);
    journal.replay(&mut |bytes| history.add(bytes, visit).map(drop))?;
    if let (Some(file), Some(path)) = (&file, emergency) {
        match history.take_in((path, file), visit, &mut |batch| journal.append(batch))? {
            Fate::InHistory => restored(path)?,
            Fate::Apart(found) => set_aside(path, &found)?,
        }
    }
    Ok(history.so_far)
}

/// A history that is read, batch by batch, before it is taken over. It tells what [`recover`] would find, and changes
/// nothing.
pub struct Preview<'f> {
    history: History<'f>,
    emergency: Option<(&'f Path, &'f EmergencyFile)>,
    /// Whether events of the emergency file were carried out after the end of the history.
    is_continued: bool,
}

impl<'f> Preview<'f> {
    /// Before the first batch, with the emergency file next to the journal and how far that was acknowledged.
    pub fn new(emergency: Option<(&'f Path, &'f EmergencyFile)>, marked: Option<Seq>) -> Preview<'f> {
        let history = History::new(emergency.map(|(_, file)| file), marked);
        Preview { history, emergency, is_continued: false }
    }

    /// Carries out the next batch of the history.
    ///
    /// # Errors
    /// As [`recover`]; and [`JournalError::Refused`] when an emergency file continued the history, and now its owner does.
    pub fn add<E: Display>(
        &mut self,
        bytes: &[u8],
        mut apply: impl FnMut(Seq, Envelope) -> Result<(), E>,
    ) -> Result<(), JournalError> {
        if let (true, Some((path, _))) = (self.is_continued, self.emergency) {
            return Err(JournalError::Refused {
                reason: format!(
                    "the emergency file {} continued the history, and meanwhile the server that owns it went on otherwise: \
                     `stockade journal compare` lists what is only in the file; start again to have both compared",
                    path.display()
                ),
            });
        }
        self.history.add(bytes, &mut |seq, event| carry_out(seq, event, &mut apply)).map(drop)
    }

    /// What [`recover`] would find if the history ended here. More of it may follow.
    ///
    /// # Errors
    /// As [`recover`].
    pub fn end<E: Display>(
        &mut self,
        mut apply: impl FnMut(Seq, Envelope) -> Result<(), E>,
    ) -> Result<Recovered, JournalError> {
        if let (false, Some(emergency)) = (self.is_continued, self.emergency) {
            let mut visit = |seq, event: &[u8]| carry_out(seq, event, &mut apply);
            self.history.take_in(emergency, &mut visit, &mut |_| Ok(()))?;
            self.is_continued = self.history.so_far.restored > 0;
        }
        Ok(self.history.so_far)
    }
}

fn carry_out<E: Display>(
    seq: Seq,
    event: &[u8],
    apply: &mut impl FnMut(Seq, Envelope) -> Result<(), E>,
) -> Result<(), JournalError> {
    let envelope = decode_envelope(event).map_err(|e| refused(seq, &e))?;
    apply(seq, envelope).map_err(|e| refused(seq, &e))
}

/// Takes a batch into the journal.
type Append<'a> = dyn FnMut(&SealedBatch) -> Result<(), JournalError> + 'a;

/// How an emergency file stands to the history after its end was compared.
enum Fate {
    /// All of it is in there, now or before.
    InHistory,
    /// Its events were decided apart, and none that is missing was acknowledged.
    Apart(Comparison),
}

struct History<'f> {
    so_far: Recovered,
    /// The emergency file next to the journal.
    comparing: Option<Comparing<'f>>,
    marked: Option<Seq>,
}

impl<'f> History<'f> {
    fn new(file: Option<&'f EmergencyFile>, marked: Option<Seq>) -> History<'f> {
        History { so_far: Recovered::default(), comparing: file.map(|file| Comparing::new(file, LISTED)), marked }
    }

    fn add(&mut self, bytes: &[u8], visit: &mut VisitEvent<'_>) -> Result<u64, JournalError> {
        let so_far = &mut self.so_far;
        let batch = Trail { last: so_far.last, chain: so_far.chain }.follow(bytes)?;
        for (seq, event) in batch.events() {
            visit(seq, event)?;
        }
        so_far.batches += 1;
        so_far.events += batch.count();
        so_far.bytes += bytes.len() as u64;
        so_far.last = batch.last;
        so_far.chain = batch.chain;
        if self.marked == Some(batch.last) {
            so_far.chain_at_mark = Some(batch.chain);
        }
        if let Some(comparing) = &mut self.comparing {
            comparing.add(&batch);
        }
        Ok(batch.count())
    }

    /// Adds what an emergency file has beyond the journal's end to the journal and to the state, or says why that cannot be.
    /// A file that adds nothing is compared again when the history has grown.
    fn take_in(
        &mut self,
        (path, file): (&Path, &EmergencyFile),
        visit: &mut VisitEvent<'_>,
        append: &mut Append<'_>,
    ) -> Result<Fate, JournalError> {
        self.so_far.set_aside = 0;
        let Some(comparing) = &self.comparing else { return Ok(Fate::InHistory) };
        match comparing.verdict() {
            Verdict::Covered => Ok(Fate::InHistory),
            Verdict::Continues => {
                self.comparing = None;
                self.continue_from((path, file), visit, append)?;
                Ok(Fate::InHistory)
            }
            Verdict::Beyond | Verdict::Conflicts => {
                let found = comparing.clone().end();
                if is_refused(&found) {
                    return Err(conflict(path, &found));
                }
                self.so_far.set_aside = found.missing;
                Ok(Fate::Apart(found))
            }
        }
    }

    /// Each batch is carried out before the journal gets it: one that is refused is in no history.
    fn continue_from(
        &mut self,
        (path, file): (&Path, &EmergencyFile),
        visit: &mut VisitEvent<'_>,
        append: &mut Append<'_>,
    ) -> Result<(), JournalError> {
        let from = self.so_far.last;
        for batch in file.batches.iter().filter(|batch| batch.last > from) {
            self.so_far.restored += self.add(&batch.bytes, visit).map_err(|error| JournalError::Refused {
                reason: format!(
                    "the emergency file {} cannot be taken in ({error}): nothing of this batch is in the journal; report it, \
                     and move the file away to go on without it",
                    path.display()
                ),
            })?;
            append(batch)?;
        }
        Ok(())
    }
}

/// Whether a file holds acknowledged events that the journal neither holds nor can take.
fn is_refused(found: &Comparison) -> bool {
    let fits = match found.verdict {
        Verdict::Covered | Verdict::Continues => true,
        Verdict::Beyond | Verdict::Conflicts => false,
    };
    !fits && (found.missing_acknowledged > 0 || found.journal_last < found.acknowledged)
}

/// The refusal of a file that holds acknowledged events which the journal does not hold and cannot take.
fn conflict(path: &Path, found: &Comparison) -> JournalError {
    let Comparison { journal_last, file_first, file_last, missing_acknowledged, .. } = found;
    let file = path.display();
    let reason = match found.verdict {
        Verdict::Beyond => format!(
            "the journal ends with event {journal_last}, and the emergency file {file} begins with event {file_first}: restore \
             a newer backup of the journal, which the file then continues; or, if it is of another history, move it away to go \
             on without it"
        ),
        Verdict::Covered | Verdict::Continues | Verdict::Conflicts => format!(
            "the emergency file {file} is of another history than the journal, which ends with event {journal_last}. The file \
             holds events {file_first} to {file_last}; {missing_acknowledged} of them were acknowledged and are not in the \
             journal: {}. List them all with `stockade journal compare`, do again by hand what has to be done, and move the \
             file away; or restore the journal it belongs to",
            listed(found)
        ),
    };
    JournalError::Refused { reason }
}

/// Renames a file whose events are all in the journal.
fn restored(path: &Path) -> Result<(), JournalError> {
    std::fs::rename(path, path.with_extension("restored")).map_err(|error| JournalError::Refused {
        reason: format!("the emergency file {} is in the journal but cannot be renamed: {error}", path.display()),
    })
}

/// Moves a file out of the way whose events were decided apart from the journal and never acknowledged as journaled.
fn set_aside(path: &Path, found: &Comparison) -> Result<(), JournalError> {
    let aside = free_name(path);
    std::fs::rename(path, &aside).map_err(|error| JournalError::Refused {
        reason: format!("the emergency file {} cannot be renamed: {error}", path.display()),
    })?;
    tracing::warn!(
        path = %aside.display(),
        events = found.missing,
        "events that were never acknowledged as journaled, decided apart from this history, are set aside: {}. \
         `stockade journal compare --from {}` lists them all",
        listed(found),
        crate::terminal::shell_word(&aside.display().to_string()),
    );
    Ok(())
}

fn listed(found: &Comparison) -> String {
    let mut text = found.events.iter().map(ToString::to_string).collect::<Vec<_>>().join(". ");
    if found.missing > found.events.len() as u64 {
        text += &format!(". And {} more", found.missing - found.events.len() as u64);
    }
    text
}

/// `NAME.conflict`, or with a number behind it when that is taken.
fn free_name(path: &Path) -> PathBuf {
    let names = std::iter::once("conflict".to_owned()).chain((2u32..).map(|n| format!("conflict-{n}")));
    names.map(|name| path.with_extension(name)).find(|path| !path.exists()).unwrap_or_else(|| path.to_owned())
}

/// Reads the emergency file next to a journal.
///
/// # Errors
/// [`JournalError::Refused`] when it is damaged or cannot be read.
pub fn read_emergency(path: &Path) -> Result<EmergencyFile, JournalError> {
    EmergencyFile::read(path).map_err(|error| JournalError::Refused {
        reason: format!("{error}: it may hold orders that exist nowhere else; move it away to start without it"),
    })
}

fn refused(seq: Seq, why: &dyn Display) -> JournalError {
    JournalError::Corrupt { reason: format!("event {seq} is refused: {why}") }
}
