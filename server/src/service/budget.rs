//! Budgets for queries that take seconds where others take microseconds.

use std::fmt;

use parking_lot::Mutex;
use stockade_core::engine::Outcome;
use stockade_core::ids::Seq;
use stockade_core::reject::{Reject, RetryAfter};
use stockade_core::time::Span;
use tokio::runtime::{Handle, RuntimeFlavor};

/// When to ask for an exact quote again.
const EXACT_AGAIN: Span = Span::from_millis(250);

/// Exact quotes run one at a time, so that together they never take more than one processor.
#[derive(Default)]
pub(super) struct ExactBudget {
    running: Mutex<()>,
}

impl ExactBudget {
    /// Runs the search, or refuses while another one runs.
    pub(super) fn spend(&self, search: impl FnOnce() -> Outcome) -> Outcome {
        match self.running.try_lock() {
            Some(_alone) => blocking(search),
            None => Outcome { result: Err(Reject::Overloaded { retry_after: RetryAfter(EXACT_AGAIN) }), seen: Seq(0) },
        }
    }
}

impl fmt::Debug for ExactBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExactBudget").field("running", &self.running.is_locked()).finish()
    }
}

/// Does what takes long without holding up the other tasks of this thread, where the runtime has more than one thread.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    let many = |handle: Handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread;
    if Handle::try_current().is_ok_and(many) { tokio::task::block_in_place(work) } else { work() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_search_is_refused_while_the_first_runs() {
        let budget = ExactBudget::default();
        let found = || Outcome { result: Err(Reject::TooLate), seen: Seq(7) };
        let outcome = budget.spend(|| {
            let second = budget.spend(found);
            assert_eq!(second.result, Err(Reject::Overloaded { retry_after: RetryAfter(EXACT_AGAIN) }));
            found()
        });
        assert_eq!(outcome.seen, Seq(7));
        assert_eq!(budget.spend(found).seen, Seq(7));
    }
}
