//! The stream read from its first entry, as far as it goes, and on from there when it has grown.

use stockade_core::ids::Seq;
use stockade_core::log::JournalError;

use super::link::Link;
use super::stream::{Entry, Position, Reader};
use crate::journal::compare::VisitBatch;

/// Entries read at once.
const PAGE: usize = 32;

/// A place in the stream, up to which everything was read and followed.
pub(super) struct Walk {
    reader: Reader,
    from: String,
}

impl Walk {
    /// Before the first entry; `place` names the partition and its Redis in words.
    pub(super) fn new(place: String) -> Walk {
        Walk { reader: Reader::new(place), from: "-".to_owned() }
    }

    /// Shows every further batch, up to the last entry there is.
    ///
    /// # Errors
    /// When Redis cannot be reached or what it has cannot be read; and what `visit` returns.
    pub(super) fn go_on(&mut self, link: &mut Link, visit: &mut VisitBatch<'_>) -> Result<(), JournalError> {
        self.go_to(link, Seq(u64::MAX), visit)
    }

    /// Shows every further batch, up to the one that holds an event, or to the last entry there is.
    ///
    /// # Errors
    /// As [`Walk::go_on`].
    pub(super) fn go_to(
        &mut self,
        link: &mut Link,
        until: Seq,
        visit: &mut VisitBatch<'_>,
    ) -> Result<(), JournalError> {
        loop {
            let page = page(link, &self.from)?;
            let is_last = page.len() < PAGE;
            for (id, fields) in page {
                if self.reader.last >= until {
                    return Ok(());
                }
                if let Some(bytes) = self.reader.read(&id, fields)? {
                    visit(&bytes)?;
                }
                self.from = format!("({id}");
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// The last event in what was read.
    pub(super) fn last(&self) -> Seq {
        self.reader.last
    }

    /// The last entry read; none before the first.
    pub(super) fn position(&self) -> Option<Position> {
        let id = self.reader.previous.clone()?;
        Some(Position { id, seq: self.reader.last })
    }
}

/// The next entries from an id on, or after it when it begins with `(`.
pub(super) fn page(link: &mut Link, from: &str) -> Result<Vec<Entry>, JournalError> {
    let mut cmd = redis::cmd("XRANGE");
    cmd.arg(link.stream()).arg(from).arg("+").arg("COUNT").arg(PAGE);
    Ok(link.query(&cmd)?)
}
