//! Codes that may each be there once.

use std::collections::BTreeMap;

use super::zones::ANY;
use crate::ids::Code;
use crate::rules::reader::{At, Fault, FileError};

/// Collects the codes of one kind. Refuses a code that is already defined, one more than there may be, and `"*"`.
pub(crate) struct Distinct {
    kind: &'static str,
    max: usize,
    lines: BTreeMap<Code, u32>,
}

impl Distinct {
    /// No codes yet, of at most `max`.
    pub(crate) fn new(kind: &'static str, max: usize) -> Distinct {
        Distinct { kind, max, lines: BTreeMap::new() }
    }

    /// Adds a code that stands at a line.
    pub(crate) fn add(&mut self, code: &Code, line: u32) -> Result<(), FileError> {
        let kind = self.kind;
        if code.as_str() == ANY {
            let reason = format!("a {kind} cannot be called \"*\", which means every one");
            return Err(FileError::at(line, Fault::Reserved, reason));
        }
        if let Some(first) = self.lines.insert(code.clone(), line) {
            let reason = format!("{kind} `{code}` is already defined, at line {first}: keep one of the two");
            return Err(FileError::at(line, Fault::Duplicate, reason));
        }
        if self.lines.len() > self.max {
            let reason = format!("a world has at most {} {kind}s", self.max);
            return Err(FileError::at(line, Fault::TooMany, reason));
        }
        Ok(())
    }

    /// Adds a code and takes it out of its place in the file.
    pub(crate) fn added(&mut self, code: At<Code>) -> Result<Code, FileError> {
        self.add(&code.value, code.line)?;
        Ok(code.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_once_and_no_more_than_there_may_be() {
        let mut carriers = Distinct::new("carrier", 2);
        let mut add = |code, line| carriers.add(&Code::new(code).unwrap(), line).map_err(|error| error.fault);
        assert_eq!(add("A", 1), Ok(()));
        assert_eq!(add("*", 2), Err(Fault::Reserved));
        assert_eq!(add("A", 3), Err(Fault::Duplicate));
        assert_eq!(add("B", 4), Ok(()));
        assert_eq!(add("C", 5), Err(Fault::TooMany));
    }
}
