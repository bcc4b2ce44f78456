//! Panics: what one said, for logs and probes, and work that may panic without being a bug.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::io;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};

use parking_lot::Mutex;

use crate::logging;

/// Whether panics go to the log.
static REPORTED: AtomicBool = AtomicBool::new(false);
/// Threads for work that may panic, with nothing to do.
static IDLE: Mutex<Vec<Apart>> = Mutex::new(Vec::new());
/// Threads that stand still for ever, in the middle of a second panic.
static LOST: AtomicUsize = AtomicUsize::new(0);
/// So many of them are the most: each keeps what it had in hand.
const LOST_MAX: usize = 1_024;

thread_local! {
    /// The work of this thread, if it may panic.
    static AT_WORK: RefCell<Option<AtWork>> = const { RefCell::new(None) };
}

/// Work that may panic.
struct AtWork {
    /// What the first panic said.
    first: Option<String>,
    /// Tells whoever waits for the work that it panicked twice.
    tell: Box<dyn Fn(String)>,
}

/// A thread for work that may panic. It ends with its last sender.
struct Apart {
    work: Sender<Box<dyn FnOnce() + Send>>,
}

/// Why work has no result.
#[derive(Debug)]
pub(crate) enum NoResult {
    /// It panicked, with these words.
    Panicked(String),
    /// No thread could be started for it.
    NoThread(io::Error),
}

/// From now on every panic of this process goes to the log: the thread, the place, the words, and how it came there.
pub(crate) fn report() {
    REPORTED.store(true, Ordering::Release);
    watch();
}

/// Does what may panic on damaged input, on a thread apart: redb takes some damage of a file for a bug of its own. Such a panic
/// is an error with its words, and not reported.
///
/// A value that panics when it is dropped on the way out of a panic would end the process, wherever it is dropped. So the
/// thread is stopped at the second panic, before that can happen, and never goes on; what the work had in hand stays as it is.
/// Otherwise the thread does the next work that comes. A stopped thread holds the hook of panics: nobody can set another one any
/// more, and this process sets none but at its start.
pub(crate) fn expected<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NoResult> {
    let apart = match IDLE.lock().pop() {
        Some(apart) => apart,
        None => Apart::start().map_err(NoResult::NoThread)?,
    };
    let (tell, told) = sync_channel(1);
    let sent = apart.work.send(Box::new(move || do_expected(work, &tell)));
    let done = sent.ok().and_then(|()| told.recv().ok());
    match done {
        Some(Ok(done)) => {
            IDLE.lock().push(apart);
            Ok(done)
        }
        Some(Err(Panic { words, is_last })) => {
            if !is_last {
                IDLE.lock().push(apart);
            }
            Err(NoResult::Panicked(words))
        }
        None => Err(NoResult::Panicked("its thread ended".to_owned())),
    }
}

/// A panic of work that may panic.
struct Panic {
    words: String,
    /// Whether its thread stands still.
    is_last: bool,
}

fn do_expected<T: Send + 'static>(work: impl FnOnce() -> T, tell: &SyncSender<Result<T, Panic>>) {
    let last = tell.clone();
    let at_work = AtWork {
        first: None,
        // Whoever asked waits for this, and there is room for one.
        tell: Box::new(move |words| drop(last.send(Err(Panic { words, is_last: true })))),
    };
    AT_WORK.replace(Some(at_work));
    let done = catch_unwind(AssertUnwindSafe(work));
    AT_WORK.replace(None);
    let done = done.map_err(|panic| Panic { words: words(&*panic), is_last: false });
    let _ = tell.send(done);
}

impl Apart {
    fn start() -> io::Result<Apart> {
        watch();
        if LOST.load(Ordering::Relaxed) >= LOST_MAX {
            return Err(io::Error::other(format!("{LOST_MAX} threads were lost to panics: start this process again")));
        }
        let (work, todo) = channel::<Box<dyn FnOnce() + Send>>();
        let each = move || todo.into_iter().for_each(|work| work());
        std::thread::Builder::new().name("journal-file".to_owned()).spawn(each)?;
        Ok(Apart { work })
    }
}

/// Sees every panic from now on, before anything is dropped on its way out.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if is_expected(panic) {
                return;
            }
            if REPORTED.load(Ordering::Acquire) {
                to_log(panic);
            } else {
                before(panic);
            }
        }));
    });
}

/// Whether this thread does what may panic. Never returns for the second panic at once.
fn is_expected(panic: &PanicHookInfo<'_>) -> bool {
    AT_WORK.with_borrow_mut(|at_work| {
        let Some(AtWork { first, tell }) = at_work else { return false };
        let words = words(panic.payload());
        let Some(first) = first else {
            *first = Some(words);
            return true;
        };
        LOST.fetch_add(1, Ordering::Relaxed);
        tell(format!("{first}, and on the way out of that: {words}"));
        loop {
            std::thread::park();
        }
    })
}

fn to_log(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let reason = words(panic.payload());
    tracing::error!(thread, place, reason, backtrace = %Backtrace::force_capture(), "a panic");
    // It may end the process.
    logging::flush(logging::AT_A_PANIC);
}

/// The words of a panic.
pub(crate) fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    use super::*;

    /// Panics when it is dropped.
    struct Brittle;

    impl Drop for Brittle {
        fn drop(&mut self) {
            panic!("its lock is poisoned");
        }
    }

    fn said<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> String {
        match expected(work) {
            Err(NoResult::Panicked(words)) => words,
            Err(NoResult::NoThread(error)) => panic!("{error}"),
            Ok(_) => panic!("it has a result"),
        }
    }

    #[test]
    fn a_panic_that_is_expected_is_an_error_with_its_words() {
        assert_eq!(expected(|| 7).unwrap(), 7);
        assert_eq!(said(|| -> u8 { panic!("entered unreachable code") }), "entered unreachable code");
        assert_eq!(said(|| drop(Brittle)), "its lock is poisoned");
    }

    /// The harness waits at its end for the hook of panics, which a stopped thread holds for good: in a process of its own, which
    /// ends without the harness, nobody does.
    fn in_a_process_of_its_own(test: &str, act: impl FnOnce()) {
        if std::env::var_os("PANICS_TWICE").is_some() {
            let done = catch_unwind(AssertUnwindSafe(act));
            std::process::exit(i32::from(done.is_err()));
        }
        let mut own = std::process::Command::new(std::env::current_exe().unwrap());
        let own = own.args(["--exact", test, "--nocapture"]).env("PANICS_TWICE", "1").output().unwrap();
        assert!(own.status.success(), "{}: {}", own.status, String::from_utf8_lossy(&own.stderr));
    }

    #[test]
    fn a_panic_on_the_way_out_of_another_one_ends_a_thread_and_not_the_process() {
        let name = "panics::tests::a_panic_on_the_way_out_of_another_one_ends_a_thread_and_not_the_process";
        in_a_process_of_its_own(name, || {
            let torn = || {
                let _brittle = Brittle;
                panic!("page {} is torn", 7)
            };
            let words = "page 7 is torn, and on the way out of that: its lock is poisoned";
            for _ in 0..3 {
                assert_eq!(said(torn), words);
            }
            let [first, second] = [(); 2].map(|()| expected(|| current().id()).unwrap());
            assert_eq!(first, second, "a thread is used again");
            assert_eq!(LOST.load(Ordering::Relaxed), 3);
        });
    }
}
