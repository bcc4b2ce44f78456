//! What another owner's history lacks of what was acknowledged by the owner before, and the note of it in Redis.

use std::collections::BTreeMap;

use redis::Value;
use stockade_core::ids::Seq;

use super::link::{Fault, Link};
use super::partition::Owned;
use super::stream::{Entry, parse_id};

/// Openings that are followed back at most to find the batch before them.
const OPENINGS_MAX: u32 = 10_000;

/// The last event of the history on which the next owner went on, as far as the stream tells.
pub(super) fn kept(link: &mut Link, owned: &Owned) -> Result<Option<Seq>, Fault> {
    let first_from = |link: &mut Link, epoch: u64| -> Result<Option<Entry>, Fault> {
        let mut range = redis::cmd("XRANGE");
        range.arg(link.stream()).arg(format!("{epoch}-0")).arg("+").arg("COUNT").arg(1);
        Ok(link.query::<Vec<Entry>>(&range)?.pop())
    };
    // The opening of the owner before may be lost with its batches; the next one then has the same epoch.
    let mut opening = first_from(link, owned.epoch)?;
    if opening.as_ref().is_some_and(|(_, fields)| field(fields, "t") == Some(&owned.token)) {
        opening = first_from(link, owned.epoch + 1)?;
    }
    for _ in 0..OPENINGS_MAX {
        let Some(before) = opening.and_then(|(_, fields)| field(&fields, "p").map(str::to_owned)) else {
            return Ok(None);
        };
        match parse_id(&before) {
            // The entry of creation.
            Some((0, _)) => return Ok(Some(Seq(0))),
            Some((_, 0)) => {
                let mut range = redis::cmd("XRANGE");
                range.arg(link.stream()).arg(&before).arg(&before);
                opening = link.query::<Vec<Entry>>(&range)?.pop();
            }
            Some((_, seq)) => return Ok(Some(Seq(seq))),
            None => return Ok(None),
        }
    }
    Ok(None)
}

fn field<'e>(fields: &'e [(String, Vec<u8>)], name: &str) -> Option<&'e str> {
    let (_, value) = fields.iter().find(|(found, _)| found == name)?;
    std::str::from_utf8(value).ok()
}

/// Leaves a note for whoever owns the history: one for each ownership that lost events.
pub(super) fn report(link: &mut Link, owned: &Owned, note: &str) -> Result<(), Fault> {
    let mut set = redis::cmd("HSET");
    set.arg(link.missing()).arg(format!("{}-{}", owned.epoch, owned.token)).arg(note);
    link.query::<Value>(&set).map(drop)
}

/// The notes that were left and not taken back, by the ownership that left each.
pub(super) fn reported(link: &mut Link) -> Result<Notes, Fault> {
    let mut get = redis::cmd("HGETALL");
    get.arg(link.missing());
    Ok(Notes(link.query(&get)?))
}

/// Takes notes back as they were read, in one step: what was left or changed since stays.
pub(super) fn settle(link: &mut Link, seen: &Notes) -> Result<(), Fault> {
    if seen.0.is_empty() {
        return Ok(());
    }
    let mut eval = redis::cmd("EVAL");
    eval.arg(TAKE_BACK).arg(1).arg(link.missing());
    for (ownership, note) in &seen.0 {
        eval.arg(ownership).arg(note);
    }
    link.query::<Value>(&eval).map(drop)
}

/// Notes of deposed owners, by their ownership.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notes(BTreeMap<String, String>);

impl Notes {
    /// Their text.
    pub fn into_list(self) -> Vec<String> {
        self.0.into_values().collect()
    }
}

/// Removes fields of a hash that still have the value given after each.
const TAKE_BACK: &str = "for n = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[n]) == ARGV[n + 1] then redis.call('HDEL', KEYS[1], ARGV[n]) end
end";
