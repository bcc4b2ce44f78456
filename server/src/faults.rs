//! Faults that a test causes in a server process: a wall clock that is wrong, a thread that panics, a log that is long.
//!
//! The process reads them again and again from the file that the variable `FAULTS_FILE` names, one a line: `wall SECONDS`
//! puts the wall clock ahead, `panic THREAD` lets that thread panic at its next turn, `slow MILLISECONDS` delays each
//! event of a recovery, `log LINES` writes so many lines to the log, once. The variable `FAULTS_DIE_AT` lets the process die at that step of those that change files or
//! Redis. A build without debug assertions has none of this.

/// Begins to read the file of faults, if one is named.
#[cfg(debug_assertions)]
pub(crate) fn watch() {
    injected::watch();
}

#[cfg(not(debug_assertions))]
pub(crate) fn watch() {}

/// How far the wall clock is wrong, in microseconds.
#[cfg(debug_assertions)]
pub(crate) fn wall_offset() -> i64 {
    injected::WALL_OFFSET.load(std::sync::atomic::Ordering::Relaxed)
}

#[cfg(not(debug_assertions))]
pub(crate) const fn wall_offset() -> i64 {
    0
}

/// Panics if this thread is to.
#[cfg(debug_assertions)]
pub(crate) fn strike(thread: &str) {
    injected::strike(thread);
}

#[cfg(not(debug_assertions))]
pub(crate) const fn strike(_thread: &str) {}

/// Waits as long as an event of a recovery is to be delayed.
#[cfg(debug_assertions)]
pub(crate) fn delay() {
    let millis = injected::DELAY.load(std::sync::atomic::Ordering::Relaxed);
    if millis > 0 {
        std::thread::sleep(std::time::Duration::from_millis(millis));
    }
}

#[cfg(not(debug_assertions))]
pub(crate) const fn delay() {}

/// A step between two changes of files or of Redis, at which the process may have to die.
#[cfg(debug_assertions)]
pub(crate) fn step() {
    injected::step();
}

#[cfg(not(debug_assertions))]
pub(crate) const fn step() {}

#[cfg(debug_assertions)]
mod injected {
    use std::path::Path;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
    use std::time::Duration;

    use parking_lot::Mutex;

    pub(super) static WALL_OFFSET: AtomicI64 = AtomicI64::new(0);
    pub(super) static DELAY: AtomicU64 = AtomicU64::new(0);
    static SAID: AtomicU64 = AtomicU64::new(0);
    static ARMED: AtomicBool = AtomicBool::new(false);
    static TARGET: Mutex<String> = Mutex::new(String::new());

    /// How many steps were taken, and which one is the last.
    static STEPS: AtomicU64 = AtomicU64::new(0);
    static LAST_STEP: LazyLock<Option<u64>> =
        LazyLock::new(|| std::env::var("FAULTS_DIE_AT").ok().map(|step| step.parse().expect("a number")));

    /// How often the file is read.
    const TICK: Duration = Duration::from_millis(10);

    pub(super) fn watch() {
        let Some(file) = std::env::var_os("FAULTS_FILE") else { return };
        read(Path::new(&file));
        std::thread::spawn(move || {
            loop {
                read(Path::new(&file));
                std::thread::sleep(TICK);
            }
        });
    }

    fn read(file: &Path) {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("wall", seconds)) => {
                    let seconds: i64 = seconds.parse().expect("whole seconds");
                    WALL_OFFSET.store(seconds * 1_000_000, Ordering::Relaxed);
                }
                Some(("slow", millis)) => DELAY.store(millis.parse().expect("milliseconds"), Ordering::Relaxed),
                Some(("log", lines)) => {
                    let lines = lines.parse().expect("how many lines");
                    let said = SAID.swap(lines, Ordering::Relaxed);
                    (said..lines).for_each(|n| tracing::info!(n, "a test asked for this line"));
                }
                Some(("panic", thread)) => {
                    thread.clone_into(&mut TARGET.lock());
                    ARMED.store(true, Ordering::Release);
                }
                _ => panic!("no such fault: {line}"),
            }
        }
    }

    pub(super) fn step() {
        let Some(last) = *LAST_STEP else { return };
        if STEPS.fetch_add(1, Ordering::Relaxed) + 1 == last {
            std::process::abort();
        }
    }

    pub(super) fn strike(thread: &str) {
        if ARMED.load(Ordering::Acquire) && *TARGET.lock() == thread {
            panic!("a test asked the thread {thread} to panic");
        }
    }
}
