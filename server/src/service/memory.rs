//! Accounts of bytes: what a connection and the whole process hold for their callers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that an account may hold whatever others hold.
pub const FREE_BYTES: usize = 64 * 1024;

/// What the callers of a process make it hold. What is received and what is answered have a bound of their own, so that
/// half-sent requests never keep others from being answered.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Requests on their way in.
    pub received: Arc<Account>,
    /// Answers that are not yet sent.
    pub answers: Arc<Account>,
}

impl Memory {
    /// `bytes` in all, half of them each way.
    pub fn new(bytes: usize) -> Memory {
        Memory { received: Account::new(bytes / 2), answers: Account::new(bytes / 2) }
    }

    /// The memory of one caller, `bytes` in all.
    #[must_use]
    pub fn below(&self, bytes: usize) -> Memory {
        Memory { received: self.received.below(bytes / 2), answers: self.answers.below(bytes / 2) }
    }
}

/// Bytes held at one time, with a bound. What is held on an account is held on the one above it as well.
#[derive(Debug)]
pub struct Account {
    held: AtomicUsize,
    max: usize,
    above: Option<Arc<Account>>,
}

/// Bytes on an account. Given back when dropped.
#[derive(Debug)]
pub struct Holding {
    account: Arc<Account>,
    bytes: usize,
}

impl Account {
    /// The account of a process: `max` bytes.
    pub fn new(max: usize) -> Arc<Account> {
        Arc::new(Account { held: AtomicUsize::new(0), max, above: None })
    }

    /// An account of `max` bytes under this one.
    pub fn below(self: &Arc<Account>, max: usize) -> Arc<Account> {
        Arc::new(Account { held: AtomicUsize::new(0), max, above: Some(Arc::clone(self)) })
    }

    /// Bytes held.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// The bound in bytes.
    pub fn max(&self) -> usize {
        self.max
    }

    /// Whether one more answer may be made and held. A connection that holds less than [`FREE_BYTES`] gets it whatever
    /// other callers hold, but not beyond what its own caller may hold.
    pub fn has_room(&self) -> bool {
        let held = self.held();
        held < self.max && self.above.as_ref().is_none_or(|above| above.has_room_for(held < FREE_BYTES))
    }

    /// The same, for an account below that is modest or not.
    fn has_room_for(&self, modest: bool) -> bool {
        let fits = self.held() < self.max;
        match &self.above {
            Some(above) => fits && above.has_room_for(modest),
            None => fits || modest,
        }
    }

    /// A holding of no bytes yet.
    pub fn open(self: &Arc<Account>) -> Holding {
        Holding { account: Arc::clone(self), bytes: 0 }
    }

    fn try_add(&self, bytes: usize) -> bool {
        let add = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= self.max);
        if self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_err() {
            return false;
        }
        let granted = self.above.as_ref().is_none_or(|above| above.try_add(bytes));
        if !granted {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
        }
        granted
    }

    fn add(&self, bytes: usize) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
        if let Some(above) = &self.above {
            above.add(bytes);
        }
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(above) = &self.above {
            above.give_back(bytes);
        }
    }
}

impl Holding {
    /// Holds `bytes` in all from now on, even beyond the bound: for what was decided and cannot be refused any more.
    pub fn set(&mut self, bytes: usize) {
        if bytes > self.bytes {
            self.account.add(bytes - self.bytes);
        } else {
            self.account.give_back(self.bytes - bytes);
        }
        self.bytes = bytes;
    }

    /// Holds at least `bytes` in all from now on; returns whether there was room for that.
    #[must_use]
    pub fn try_reach(&mut self, bytes: usize) -> bool {
        if bytes <= self.bytes {
            return true;
        }
        let granted = self.account.try_add(bytes - self.bytes);
        if granted {
            self.bytes = bytes;
        }
        granted
    }

    /// Bytes of this holding.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.account.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_counted_on_every_account_above_and_given_back() {
        let process = Account::new(100);
        let (one, two) = (process.below(80), process.below(80));
        let (mut a, mut b) = (one.open(), two.open());
        assert!(a.try_reach(70) && !a.try_reach(81), "the bound of the connection");
        assert!(!b.try_reach(31) && b.try_reach(30), "the bound of the process");
        assert_eq!((one.held(), two.held(), process.held()), (70, 30, 100));
        assert!(!process.has_room() && one.has_room(), "who holds little is served");
        b.set(90);
        assert_eq!((two.held(), process.held()), (90, 160));
        drop(b);
        a.set(10);
        assert!(a.try_reach(5) && one.has_room());
        assert_eq!((a.bytes(), one.held(), two.held(), process.held()), (10, 10, 0, 10));
        drop(a);
        assert_eq!(process.held(), 0);
        let process = Account::new(4 * FREE_BYTES);
        let (greedy, modest) = (process.below(4 * FREE_BYTES), process.below(4 * FREE_BYTES));
        let mut much = greedy.open();
        much.set(4 * FREE_BYTES);
        assert!(!greedy.has_room() && modest.has_room());
        let mut some = modest.open();
        some.set(FREE_BYTES);
        assert!(!modest.has_room(), "not on the others' account for ever");
    }
}
