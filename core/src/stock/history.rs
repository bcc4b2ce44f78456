//! What moved on the floor lately.

use std::collections::VecDeque;

use crate::heap::Heap;
use crate::ids::Seq;
use crate::limits::CELL_HISTORY;

/// The latest physical changes of a cell, so that a count taken in the past can be laid under them.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// Events and by how much units on hand changed with them, oldest first.
    pub(super) changes: VecDeque<(Seq, i64)>,
    /// The latest event of which nothing is known any more.
    pub(super) forgotten: Seq,
    /// What changed and has no sequence yet.
    pub(super) pending: i64,
}

impl History {
    /// Nothing moved.
    pub(super) const NONE: History = History { changes: VecDeque::new(), forgotten: Seq(0), pending: 0 };

    /// Gives what is pending to the event with this sequence, which may have moved units before.
    pub(super) fn note(&mut self, seq: Seq) {
        let mut change = std::mem::take(&mut self.pending);
        if let Some((_, earlier)) = self.changes.pop_back_if(|(last, _)| *last == seq) {
            change += earlier;
        }
        if change == 0 {
            return;
        }
        // Before the new one comes in, so that the list never grows beyond what it keeps.
        if self.changes.len() == CELL_HISTORY
            && let Some((oldest, _)) = self.changes.pop_front()
        {
            self.forgotten = oldest;
        }
        self.changes.push_back((seq, change));
    }
}

impl Heap for History {
    fn heap(&self) -> usize {
        self.changes.capacity() * size_of::<(Seq, i64)>()
    }
}
