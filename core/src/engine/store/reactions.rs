//! What commits made due for others, until it is done.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::heap::tree;
use crate::ids::{SkuId, WarehouseId};
use crate::sync::{AtomicBool, Condvar, Mutex, Ordering};

/// Something that is due because of a commit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::engine) enum Reaction {
    /// Units of a cell are here and go to whom they were promised.
    HandOver {
        /// The SKU.
        sku: SkuId,
        /// The warehouse.
        warehouse: WarehouseId,
    },
    /// Free units of a cell make up for its short ones.
    MakeUp {
        /// The SKU.
        sku: SkuId,
        /// The warehouse.
        warehouse: WarehouseId,
    },
}

/// The reactions that are due, each once.
#[derive(Debug, Default)]
pub(in crate::engine) struct Reactions {
    any: AtomicBool,
    due: Mutex<BTreeSet<Reaction>>,
    bell: Condvar,
}

impl Reactions {
    /// Notes a reaction, under the locks of what it follows from: the thread that takes the note waits for them before it looks.
    pub fn note(&self, reaction: Reaction) {
        let mut due = self.due.lock();
        due.insert(reaction);
        self.any.store(true, Ordering::Release);
        drop(due);
        self.bell.notify_one();
    }

    /// Waits until a reaction is due, but no longer than `patience`; returns whether one is.
    pub fn wait(&self, patience: Duration) -> bool {
        let due = self.bell.wait_while(self.due.lock(), patience, |due| due.is_empty());
        !due.is_empty()
    }

    /// Whether any reaction is due. Costs a look.
    #[inline]
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Whether this reaction is noted.
    pub fn has(&self, reaction: Reaction) -> bool {
        self.due.lock().contains(&reaction)
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        tree::<Reaction, ()>(self.due.lock().len())
    }

    /// Takes the first reaction that is due.
    pub fn take(&self) -> Option<Reaction> {
        let mut due = self.due.lock();
        let first = due.pop_first();
        self.any.store(!due.is_empty(), Ordering::Release);
        first
    }
}
