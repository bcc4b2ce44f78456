//! What a panic of a thread said, for logs and probes.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::logging;

thread_local! {
    /// Whether this thread does what may panic without being a bug.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// From now on every panic of this process goes to the log: the thread, the place, the words, and how it came there.
pub(crate) fn report() {
    std::panic::set_hook(Box::new(|panic| {
        if EXPECTED.get() {
            return;
        }
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("without a name");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let reason = words(panic.payload());
        tracing::error!(thread, place, reason, backtrace = %Backtrace::force_capture(), "a panic");
        // It may end the process.
        logging::flush(logging::AT_A_PANIC);
    }));
}

/// Does what may panic on damaged input: redb takes some damage of a file for a bug of its own. Such a panic is an error with
/// its words, and not reported.
pub(crate) fn expected<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = EXPECTED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    EXPECTED.set(before);
    done.map_err(|panic| words(&*panic))
}

/// The words of a panic.
pub(crate) fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_that_is_expected_is_an_error_with_its_words() {
        assert_eq!(expected(|| 7), Ok(7));
        let torn = expected(|| -> u8 { panic!("entered unreachable code") });
        assert_eq!(torn, Err("entered unreachable code".to_owned()));
        assert!(!EXPECTED.get(), "the next one is reported");
    }
}
