//! The mark of a history, compared with it while it is read: what serving it would refuse is no whole history.

use std::path::{Path, PathBuf};

use stockade_core::ids::Seq;
use stockade_core::log::{Batch, ChainHash};

use super::history::refused;
use crate::failure::Failure;
use crate::journal::{Mark, Recovered};

/// How far a history was acknowledged, if that is known.
#[derive(Default)]
pub(super) struct Marked {
    mark: Option<(PathBuf, Mark)>,
    chain_there: Option<ChainHash>,
}

impl Marked {
    /// Reads a mark. That comes before the history is read, which may go on meanwhile.
    pub(super) fn read(path: Option<&Path>) -> Result<Marked, Failure> {
        let Some(path) = path else { return Ok(Marked::default()) };
        let mark = Mark::read(path).map_err(|error| refused(&error))?;
        Ok(Marked { mark: mark.map(|mark| (path.to_owned(), mark)), chain_there: None })
    }

    /// The next batch of the history.
    pub(super) fn pass(&mut self, batch: &Batch<'_>) {
        if self.mark.as_ref().is_some_and(|(_, mark)| mark.event == batch.last) {
            self.chain_there = Some(batch.chain);
        }
    }

    /// Refuses a history of this identity and end that is another than the marked one, or shorter.
    pub(super) fn hold(&self, identity: Option<&str>, last: Seq) -> Result<(), Failure> {
        let (Some((path, mark)), Some(identity)) = (&self.mark, identity) else { return Ok(()) };
        mark.check_identity(path, identity).map_err(|error| refused(&error))?;
        let found = Recovered { last, chain_at_mark: self.chain_there, ..Recovered::default() };
        mark.check(path, &found, None).map(drop).map_err(|error| refused(&error))
    }
}
