//! Recovery: every event of the journal from the first, checked and applied as it was when it was decided.

use std::fmt::Display;
use std::path::Path;

use stockade_core::event::Envelope;
use stockade_core::ids::Seq;
use stockade_core::log::decode_envelope;
use stockade_core::log::{Batch, BatchError, ChainHash, FORMAT, Journal, JournalError, Log};

use super::emergency::EmergencyFile;

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
/// An emergency file that continues the journal is written to it and replayed as well, and is then
/// renamed to `….restored`; one of another history stops the recovery.
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
    let recovered = replay_events(journal, apart, &mut |seq, event| {
        let envelope = decode_envelope(event).map_err(|e| refused(seq, &e))?;
        apply(seq, envelope).map_err(|e| refused(seq, &e))
    })?;
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
    let mut history = History { visit, so_far: Recovered::default(), file: file.as_ref(), agreed: None, marked };
    journal.replay(&mut |bytes| history.add(bytes).map(drop))?;
    if let (Some(file), Some(path)) = (&file, emergency) {
        history.continue_from(file, journal, path)?;
    }
    Ok(history.so_far)
}

struct History<'a> {
    visit: &'a mut VisitEvent<'a>,
    so_far: Recovered,
    file: Option<&'a EmergencyFile>,
    /// Whether the batches that are both in the journal and in the emergency file agree; `None` before the first such
    /// batch.
    agreed: Option<bool>,
    marked: Option<Seq>,
}

impl History<'_> {
    fn add(&mut self, bytes: &[u8]) -> Result<u64, JournalError> {
        let so_far = &mut self.so_far;
        let batch = Batch::decode(bytes).map_err(|e| unreadable(so_far.last, &e))?;
        if batch.first != so_far.last.next() {
            let what = format!("the next batch begins at {}: events are missing or twice there", batch.first);
            return Err(after(so_far.last, &what));
        }
        if batch.previous != so_far.chain {
            let what =
                format!("the batch from {} belongs to another history: its chain hash does not follow", batch.first);
            return Err(after(so_far.last, &what));
        }
        for (seq, event) in batch.events() {
            (self.visit)(seq, event)?;
        }
        so_far.batches += 1;
        so_far.events += batch.count();
        so_far.bytes += bytes.len() as u64;
        so_far.last = batch.last;
        so_far.chain = batch.chain;
        if self.marked == Some(batch.last) {
            so_far.chain_at_mark = Some(batch.chain);
        }
        if let Some(file) = self.file
            && let Ok(known) = file.batches.binary_search_by_key(&batch.last, |kept| kept.last)
        {
            self.agreed = Some(file.batches[known].chain == batch.chain);
        }
        Ok(batch.count())
    }

    /// Adds the batches beyond the journal's end to the journal and to the state.
    fn continue_from(
        &mut self,
        file: &EmergencyFile,
        journal: &mut dyn Journal,
        path: &Path,
    ) -> Result<(), JournalError> {
        let next = file.batches.iter().find(|batch| batch.last > self.so_far.last);
        let follows = match next {
            Some(batch) => batch.first == self.so_far.last.next() && continues(&batch.bytes, self.so_far.chain),
            None => file.batches.is_empty() || self.agreed == Some(true),
        };
        if !follows {
            return Err(JournalError::Refused {
                reason: format!(
                    "the emergency file {} is of another history than the journal, which ends with event {}: \
                     restore the journal it belongs to, or move the file away to go on without it",
                    path.display(),
                    self.so_far.last
                ),
            });
        }
        let from = self.so_far.last;
        for batch in file.batches.iter().filter(|batch| batch.last > from) {
            journal.append(batch)?;
            self.so_far.restored += self.add(&batch.bytes)?;
        }
        std::fs::rename(path, path.with_extension("restored")).map_err(|error| JournalError::Refused {
            reason: format!("the emergency file {} is in the journal but cannot be renamed: {error}", path.display()),
        })
    }
}

fn continues(batch: &[u8], chain: ChainHash) -> bool {
    Batch::decode(batch).is_ok_and(|batch| batch.previous == chain)
}

fn read_emergency(path: &Path) -> Result<EmergencyFile, JournalError> {
    EmergencyFile::read(path).map_err(|error| JournalError::Refused {
        reason: format!("{error}: it may hold orders that exist nowhere else; move it away to start without it"),
    })
}

fn refused(seq: Seq, why: &dyn Display) -> JournalError {
    JournalError::Corrupt { reason: format!("event {seq} is refused: {why}") }
}

/// Why a batch cannot be used. The homes of the history look at the format themselves, and can name their place.
fn unreadable(so_far: Seq, error: &BatchError) -> JournalError {
    let BatchError::UnknownFormat(found) = error else { return after(so_far, &error.to_string()) };
    JournalError::OtherFormat {
        place: format!("what follows event {so_far} in the journal"),
        found: format!("journal format {found}"),
        reads: format!("journal format {FORMAT}"),
        anew: "set another place for it".to_owned(),
    }
}

fn after(seq: Seq, what: &str) -> JournalError {
    JournalError::Corrupt { reason: format!("after event {seq}: {what}") }
}
