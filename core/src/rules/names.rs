//! Codes of one kind with their ids, and the refusal of codes that are not among them.

use std::collections::BTreeMap;

use super::closest::did_you_mean;
use super::error::FileError;
use super::reader::At;
use crate::ids::Code;

/// The codes of one kind that a file may name.
pub(super) struct Names<'a, I> {
    kind: &'static str,
    ids: BTreeMap<&'a str, (&'a Code, I)>,
}

impl<'a, I: Copy> Names<'a, I> {
    /// The codes of the world file, each with the id it was given.
    pub(super) fn new(
        kind: &'static str,
        codes: impl Iterator<Item = &'a Code>,
        assigned: &[(I, Code)],
    ) -> Result<Names<'a, I>, FileError> {
        let assigned: BTreeMap<&str, I> = assigned.iter().map(|(id, code)| (code.as_str(), *id)).collect();
        let mut ids = BTreeMap::new();
        for code in codes {
            let id = assigned.get(code.as_str());
            let id = *id.ok_or_else(|| FileError::whole(format!("{kind} `{code}` was given no id")))?;
            ids.insert(code.as_str(), (code, id));
        }
        Ok(Names { kind, ids })
    }

    /// The id of a code.
    pub(super) fn id(&self, code: &At<Code>) -> Result<I, FileError> {
        self.get(code.value.as_str()).ok_or_else(|| self.unknown(&code.value, code.line))
    }

    /// The id of a code, if it is one of these.
    pub(super) fn get(&self, code: &str) -> Option<I> {
        self.ids.get(code).map(|(_, id)| *id)
    }

    /// Every code and its id, in order of code.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a Code, I)> {
        self.ids.values().copied()
    }

    /// The refusal of a code that is not among these.
    pub(super) fn unknown(&self, code: &Code, line: u32) -> FileError {
        let meant = did_you_mean(code.as_str(), self.ids.keys().copied());
        FileError::at(line, format!("the world has no {} `{code}`{meant}", self.kind))
    }
}
