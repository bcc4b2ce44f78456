//! What a panic of a thread said, for logs and probes.

use std::any::Any;
use std::backtrace::Backtrace;

/// From now on every panic of this process goes to the log: the thread, the place, the words, and how it came there.
pub(crate) fn report() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("without a name");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let reason = words(panic.payload());
        tracing::error!(thread, place, reason, backtrace = %Backtrace::force_capture(), "a panic");
    }));
}

/// The words of a panic.
pub(crate) fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".to_owned())
}
