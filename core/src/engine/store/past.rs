//! The events that put each version of the rules in force.

use crate::ids::{RulesVersion, Seq};
use crate::sync::Mutex;

/// Where in the history each version of the rules came from.
#[derive(Debug, Default)]
pub(in crate::engine) struct Past(Mutex<Vec<Mark>>);

#[derive(Clone, Copy, Debug)]
struct Mark {
    version: RulesVersion,
    seq: Seq,
    world: bool,
}

impl Past {
    /// Notes an event that put rules in force.
    pub fn note(&self, version: RulesVersion, seq: Seq, world: bool) {
        self.0.lock().push(Mark { version, seq, world });
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.0.lock().capacity() * size_of::<Mark>()
    }

    /// The event of the world that was in force under a version, and that of its rules file if there was one.
    pub fn sources(&self, version: RulesVersion) -> Option<(Seq, Option<Seq>)> {
        let marks = self.0.lock();
        let at = marks.iter().position(|mark| mark.version == version)?;
        let world = marks[..=at].iter().rfind(|mark| mark.world)?;
        Some((world.seq, (!marks[at].world).then_some(marks[at].seq)))
    }
}
