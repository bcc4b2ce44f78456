//! The core has no clock, no randomness and does no I/O; its locks and atomics come through one file.

use crate::finding::{Finding, Rule};
use crate::sources::Sources;

/// What the core may not touch, and what it does instead.
const FOREIGN: [(&str, &str); 13] = [
    ("std::fs", "the core does no I/O: the caller reads and writes"),
    ("std::net", "the core does no I/O: the caller reads and writes"),
    ("std::process", "the core does no I/O: the caller reads and writes"),
    ("std::env", "the core reads no surroundings: pass it as an argument"),
    ("SystemTime", "time is an argument"),
    ("Instant", "time is an argument"),
    ("thread::sleep", "the core never sleeps: answer when to call again"),
    ("thread::spawn", "the core starts no threads: the caller does"),
    ("tokio", "the core is not async"),
    ("getrandom", "randomness is an argument"),
    ("RandomState::new", "randomness is an argument"),
    ("stockade_server", "the core does not know the server"),
    ("stockade_client", "the core does not know the client"),
];

/// The one file that may name locks and atomics.
const SYNC: &str = "core/src/sync.rs";

/// Locks and atomics that loom cannot model.
const LOCKS: [&str; 5] =
    ["parking_lot", "std::sync::atomic", "std::sync::Mutex", "std::sync::RwLock", "std::sync::Condvar"];

/// What the core touches and may not.
pub fn check(sources: &Sources) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources.of_crate("core") {
        for (line, text) in source.code() {
            let finding = |rule, what: &str, remedy| {
                let what = format!("`{what}` in the core");
                Finding { rule, path: source.path.clone(), line, what, remedy }
            };
            let foreign = FOREIGN.iter().filter(|(what, _)| text.contains(what));
            found.extend(foreign.map(|(what, remedy)| finding(Rule::Purity, what, remedy)));
            if source.path != SYNC {
                let remedy = "use `crate::sync`, which loom can model";
                let locks = LOCKS.iter().filter(|what| text.contains(**what));
                found.extend(locks.map(|what| finding(Rule::Sync, what, remedy)));
            }
        }
    }
    found
}

#[test]
fn a_clock_and_a_lock_in_the_core_are_found() {
    let found = check(&Sources::sample(&[
        (
            "core/src/engine/a.rs",
            "// std::fs\nfn f() { let now = std::time::Instant::now(); }\nuse parking_lot::Mutex;",
        ),
        ("core/src/sync.rs", "pub use parking_lot::Mutex;"),
        ("server/src/clock.rs", "use std::time::SystemTime;"),
    ]));
    let found: Vec<(Rule, &str, usize)> = found.iter().map(|f| (f.rule, &f.path[..], f.line)).collect();
    assert_eq!(found, [(Rule::Purity, "core/src/engine/a.rs", 2), (Rule::Sync, "core/src/engine/a.rs", 3)]);
}
