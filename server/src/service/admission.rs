//! Whether commands are taken: not while their history would be kept unsafely.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use stockade_core::reject::Reject;

/// Whether commands are taken. Queries are answered in any case.
#[derive(Debug, Default)]
pub struct Admission {
    closed: AtomicBool,
    reason: Mutex<Option<String>>,
}

impl Admission {
    /// Closes with a reason, or opens with none.
    pub fn set(&self, reason: Option<String>) {
        let mut now = self.reason.lock();
        self.closed.store(reason.is_some(), Ordering::Release);
        *now = reason;
    }

    /// Why commands are not taken; `None` while they are.
    pub fn closed(&self) -> Option<String> {
        if !self.closed.load(Ordering::Acquire) {
            return None;
        }
        self.reason.lock().clone()
    }

    pub(super) fn check(&self) -> Result<(), Reject> {
        match self.closed() {
            None => Ok(()),
            Some(reason) => Err(Reject::Unavailable { reason: format!("no commands are taken: {reason}") }),
        }
    }
}
