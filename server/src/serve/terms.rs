//! The terms on which a start serves a history. They are the same for a history that is only read, before it is taken from
//! another server, and for the one that was replayed.

use std::path::PathBuf;

use stockade_core::ids::Seq;
use stockade_core::log::JournalError;

use crate::journal::{LostEvents, Mark, Recovered};

/// What a history has to fulfil.
#[derive(Debug)]
pub(super) struct Terms {
    /// The file of the mark.
    path: PathBuf,
    mark: Option<Mark>,
    /// The gap that a person accepts.
    lost: Option<LostEvents>,
}

impl Terms {
    /// The terms for the journal with this identity; one without an identity has no mark.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when the mark is of another journal.
    pub(super) fn new(
        path: PathBuf,
        mark: Option<Mark>,
        identity: Option<&str>,
        lost: Option<LostEvents>,
    ) -> Result<Terms, JournalError> {
        if let (Some(mark), Some(identity)) = (&mark, identity) {
            mark.check_identity(&path, identity)?;
        }
        Ok(Terms { path, mark: mark.filter(|_| identity.is_some()), lost })
    }

    /// How far the journal was acknowledged, if that is known.
    pub(super) fn marked(&self) -> Option<Seq> {
        self.mark.as_ref().map(|mark| mark.event)
    }

    /// Whether a history may be served that was read to its end, together with what an emergency file adds to it. `check`
    /// looks at the state it leads to. Answers the events that are missing, as accepted.
    ///
    /// # Errors
    /// [`JournalError::Refused`] when acknowledged events are missing, it is another history, or the state contradicts
    /// itself.
    pub(super) fn may_be_served(
        &self,
        read: &Recovered,
        check: impl FnOnce() -> Result<(), Vec<String>>,
    ) -> Result<Option<LostEvents>, JournalError> {
        let lost = self.mark.as_ref().map(|mark| mark.check(&self.path, read, self.lost)).transpose()?.flatten();
        check().map_err(|broken| JournalError::Refused {
            reason: format!(
                "the history leads to a state that contradicts itself, so it is not served: {}",
                broken.join("; ")
            ),
        })?;
        Ok(lost)
    }
}
