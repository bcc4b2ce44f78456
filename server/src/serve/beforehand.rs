//! What a start finds out about a history in Redis before it takes it from another server: a start that would be refused
//! afterwards must not end that server. The events are carried out on an engine of its own, which is dropped then.

use std::path::Path;

use stockade_core::engine::Engine;
use stockade_core::log::JournalError;

use super::terms::Terms;
use crate::journal::{EmergencyFile, Inspect, Preview};

/// A history that is followed to its end and judged there.
pub(super) struct Beforehand<'a> {
    terms: &'a Terms,
    preview: Preview<'a>,
    engine: Engine,
    /// Whether the state was checked, which takes long: while the owner goes on, that is not repeated.
    is_checked: bool,
}

impl<'a> Beforehand<'a> {
    /// Judges by these terms, with what an emergency file would add.
    pub(super) fn new(terms: &'a Terms, emergency: Option<(&'a Path, &'a EmergencyFile)>) -> Beforehand<'a> {
        let preview = Preview::new(emergency, terms.marked());
        Beforehand { terms, preview, engine: Engine::new(), is_checked: false }
    }
}

impl Inspect for Beforehand<'_> {
    fn add(&mut self, batch: &[u8]) -> Result<(), JournalError> {
        self.preview.add(batch, |seq, envelope| self.engine.recover(seq, &envelope))
    }

    fn end(&mut self) -> Result<(), JournalError> {
        let seen = self.preview.end(|seq, envelope| self.engine.recover(seq, &envelope))?;
        let is_checked = std::mem::replace(&mut self.is_checked, true);
        self.terms.may_be_served(&seen, || if is_checked { Ok(()) } else { self.engine.check() }).map(drop)
    }
}
