//! The entries of the stream, followed from the first.

use stockade_core::ids::Seq;
use stockade_core::log::{Batch, BatchError, FORMAT, JournalError};

/// An entry: its id and its fields.
pub(super) type Entry = (String, Vec<(String, Vec<u8>)>);

/// The last entry of the stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Position {
    pub(super) id: String,
    pub(super) seq: Seq,
}

/// Follows the ids of a stream from its first entry.
pub(super) struct Reader {
    /// The partition and the address of Redis, in words.
    place: String,
    /// The id of the entry read last.
    pub(super) previous: Option<String>,
    epoch: u64,
    /// The last event in what was read.
    pub(super) last: Seq,
}

impl Reader {
    /// A reader before the first entry.
    pub(super) fn new(place: String) -> Reader {
        Reader { place, previous: None, epoch: 0, last: Seq(0) }
    }

    /// The batch of an entry; nothing for an opening or the entry of creation.
    pub(super) fn read(&mut self, id: &str, fields: Vec<(String, Vec<u8>)>) -> Result<Option<Vec<u8>>, JournalError> {
        let previous = self.previous.replace(id.to_owned());
        let (epoch, seq) = parse_id(id).ok_or_else(|| corrupt(id, "the id is not epoch-sequence"))?;
        let mut fields = fields.into_iter();
        let (name, value) = fields.next().ok_or_else(|| corrupt(id, "the entry is empty"))?;
        match (name.as_str(), previous) {
            ("u", None) => Ok(None),
            ("t", Some(previous)) => {
                let link = fields.next().filter(|(name, _)| name == "p").map(|(_, value)| value).unwrap_or_default();
                if link != previous.as_bytes() {
                    let link = String::from_utf8_lossy(&link).into_owned();
                    return Err(corrupt(id, &format!("this opening followed {link}, but {previous} comes before it")));
                }
                if epoch <= self.epoch || seq != 0 {
                    return Err(corrupt(id, &format!("an opening cannot follow epoch {}", self.epoch)));
                }
                self.epoch = epoch;
                Ok(None)
            }
            ("d", Some(_)) => {
                let (first, last) = Batch::span(&value).map_err(|e| unreadable(&self.place, id, &e))?;
                if epoch != self.epoch || last.0 != seq || first != self.last.next() {
                    let what = format!("it holds events {first} to {last} where {} should begin", self.last.next());
                    return Err(corrupt(id, &what));
                }
                self.last = last;
                Ok(Some(value))
            }
            (name, _) => Err(corrupt(id, &format!("a `{name}` entry is not known here: written by a newer version?"))),
        }
    }
}

/// Epoch and sequence of an entry's id.
pub(super) fn parse_id(id: &str) -> Option<(u64, u64)> {
    let (epoch, seq) = id.split_once('-')?;
    Some((epoch.parse().ok()?, seq.parse().ok()?))
}

/// Why the batch of an entry cannot be used.
pub(super) fn unreadable(place: &str, id: &str, error: &BatchError) -> JournalError {
    match error {
        BatchError::UnknownFormat(found) => {
            other_format(place, format!("journal format {found}"), format!("journal format {FORMAT}"))
        }
        other => corrupt(id, &other.to_string()),
    }
}

/// Another build wrote the partition.
pub(super) fn other_format(place: &str, found: String, reads: String) -> JournalError {
    let anew = "move `journal.mark` and `partition.id` out of the data folder, set another `journal.partition`, and run `stockade init`".to_owned();
    JournalError::OtherFormat { place: place.to_owned(), found, reads, anew }
}

/// Why an entry cannot be used.
pub(super) fn corrupt(id: &str, what: &str) -> JournalError {
    JournalError::Corrupt { reason: format!("stream entry {id}: {what}") }
}
