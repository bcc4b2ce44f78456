//! What a check finds, and how it is reported.

use std::fmt;

/// The rule that a finding breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// A room or crate sees one that does not lie below it.
    Flow,
    /// Files of a crate depend on each other in a circle.
    FileCircle,
    /// Rooms of a crate depend on each other in a circle.
    RoomCircle,
    /// A match over kinds has an arm that swallows kinds without naming them.
    Wildcard,
    /// A function is too long.
    FunctionLines,
    /// A function takes too many parameters.
    Parameters,
    /// A file is too long.
    FileLines,
    /// A file or folder has a name that does not say what it holds.
    Name,
    /// A map or set whose order of iteration differs between processes.
    Hasher,
    /// The core touches a clock, randomness or the outside world.
    Purity,
    /// A lock or an atomic that loom cannot model.
    Sync,
    /// A page of the book names what does not exist.
    Page,
}

/// One place that breaks a rule.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The file, or the folder, from the root of the workspace.
    pub path: String,
    /// The line, from 1; 0 when it is about the whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { rule, path, line, what, remedy } = self;
        write!(f, "{rule:?}: {path}:{line}: {what}\n    {remedy}")
    }
}
