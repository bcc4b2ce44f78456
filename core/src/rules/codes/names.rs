//! Codes of one kind with their ids, and the refusal of codes that are not among them.

use std::collections::BTreeMap;

use crate::ids::Code;
use crate::rules::reader::{At, Fault, FileError, did_you_mean};

/// The codes of one kind that a file may name.
pub(crate) struct Names<'a, I> {
    kind: &'static str,
    ids: BTreeMap<&'a str, (&'a Code, I)>,
}

impl<'a, I: Copy> Names<'a, I> {
    /// The codes of the world file, each with the id it was given.
    pub(crate) fn new(
        kind: &'static str,
        codes: impl Iterator<Item = &'a Code>,
        assigned: &[(I, Code)],
    ) -> Result<Names<'a, I>, FileError> {
        let assigned: BTreeMap<&str, I> = assigned.iter().map(|(id, code)| (code.as_str(), *id)).collect();
        let mut ids = BTreeMap::new();
        for code in codes {
            let id = *assigned.get(code.as_str()).ok_or_else(|| {
                FileError::whole(Fault::NoId { code: code.clone() }, format!("{kind} `{code}` was given no id"))
            })?;
            ids.insert(code.as_str(), (code, id));
        }
        Ok(Names { kind, ids })
    }

    /// The id of a code that a file names.
    pub(crate) fn id(&self, code: &At<Code>) -> Result<I, FileError> {
        self.id_at(&code.value, code.line)
    }

    /// The id of a code that a file names at a line.
    pub(crate) fn id_at(&self, code: &Code, line: u32) -> Result<I, FileError> {
        let known = self.ids.get(code.as_str()).map(|(_, id)| *id);
        known.ok_or_else(|| {
            let meant = did_you_mean(code.as_str(), self.ids.keys().copied());
            let reason = format!("the world has no {} `{code}`{meant}", self.kind);
            FileError::at(line, Fault::UnknownCode { code: code.clone() }, reason)
        })
    }

    /// Every code and its id, in order of code.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a Code, I)> {
        self.ids.values().copied()
    }
}
