//! Zones: texts that mean a place, numbered.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::heap::behind;
use crate::ids::Code;
use crate::rules::reader::{At, Fault, FileError, Table};

/// In a file: every place.
pub(crate) const ANY: &str = "*";
/// The number of [`ANY`], and of every zone that no rule names.
pub(crate) const EVERYWHERE: u32 = 0;

/// Zones numbered from 1 in order of first use; `"*"` is [`EVERYWHERE`].
#[derive(Debug, Default)]
pub(crate) struct Zones(HashMap<Code, u32, FixedState>);

impl Zones {
    /// The number of a zone, the next one when it has none yet.
    pub(crate) fn number(&mut self, zone: &Code) -> u32 {
        if zone.as_str() == ANY {
            return EVERYWHERE;
        }
        // Each has a line of a file of at most 8 MiB.
        let next = self.0.len() as u32 + 1;
        *self.0.entry(zone.clone()).or_insert(next)
    }

    /// The number of a zone, [`EVERYWHERE`] when there is none.
    pub(crate) fn number_or_everywhere(&mut self, zone: Option<&Code>) -> u32 {
        zone.map_or(EVERYWHERE, |zone| self.number(zone))
    }

    /// The number of a zone that was numbered before.
    #[inline]
    pub(crate) fn get(&self, zone: &str) -> Option<u32> {
        self.0.get(zone).copied()
    }

    /// How many zones are numbered, `"*"` not counted.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Every numbered zone, sorted.
    pub(crate) fn sorted(&self) -> Vec<&str> {
        let mut zones: Vec<&str> = self.0.keys().map(Code::as_str).collect();
        zones.sort_unstable();
        zones
    }
}

/// Takes a destination zone; `None` when the table has none.
pub(crate) fn take_zone(table: &mut Table<'_, '_>) -> Result<Option<Code>, FileError> {
    Ok(table.code("zone")?.map(|at| at.value))
}

/// Takes a destination zone that is not `"*"`; `None` when the table has none.
pub(crate) fn take_one_zone(table: &mut Table<'_, '_>) -> Result<Option<Code>, FileError> {
    let Some(At { value, line }) = table.code("zone")? else { return Ok(None) };
    if value.as_str() == ANY {
        return Err(FileError::at(line, Fault::Reserved, "`zone` is \"*\": leave it out to mean every zone"));
    }
    Ok(Some(value))
}

behind! {
    Zones { 0 }
}
