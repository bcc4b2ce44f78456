//! The map of the sources, checked: who may use whom, how long a file may be, what it may be called, and that the core
//! has no clock, no randomness and does no I/O.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of the core and the rooms they may not know: imports follow the flow.
const UNKNOWN_TO: [(&str, &[&str]); 10] = [
    ("stock", &["engine", "orders", "rules", "routing", "catalog", "log", "wire"]),
    ("orders", &["engine", "rules", "routing", "catalog", "log", "wire"]),
    ("routing", &["engine", "orders", "stock", "rules", "catalog", "log", "wire"]),
    ("explain", &["engine", "orders", "stock", "log", "wire"]),
    ("prices", &["engine", "orders", "stock", "rules", "catalog", "log", "wire"]),
    ("rules", &["engine", "orders", "stock", "catalog", "log", "wire"]),
    ("catalog", &["engine", "orders", "stock", "routing", "log", "wire"]),
    ("log", &["engine", "orders", "stock", "rules", "routing", "catalog", "wire"]),
    ("wire", &["engine", "orders", "stock", "rules", "routing", "catalog", "log"]),
    ("event", &["engine", "orders", "rules", "routing", "catalog", "log", "wire"]),
];

/// What the core may not touch, and why.
const FOREIGN_TO_CORE: [(&str, &str); 13] = [
    ("std::fs", "core does no I/O"),
    ("std::net", "core does no I/O"),
    ("std::process", "core does no I/O"),
    ("std::env", "core reads no surroundings"),
    ("SystemTime", "time is an argument"),
    ("Instant", "time is an argument"),
    ("thread::sleep", "core never waits"),
    ("thread::spawn", "core starts no threads"),
    ("tokio", "core is not async"),
    ("getrandom", "core has no randomness"),
    ("RandomState::new", "core has no randomness"),
    ("stockade_server", "core never sees the server"),
    ("stockade_client", "core never sees the client"),
];

/// Names that say nothing.
const BANNED_NAMES: [&str; 8] = ["util", "utils", "common", "helper", "helpers", "manager", "misc", "shared"];

const LINES_MAX: usize = 600;

struct Source {
    /// From the root of the workspace, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The lines outside of tests, numbered, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let text = self.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs") || self.path.contains("/benches/")
    }
}

/// Every Rust file of a crate's folder.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf();
    let mut found = Vec::new();
    collect(&root, &root.join(folder), &mut found);
    assert!(!found.is_empty(), "no sources under {folder}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    for path in entries {
        if path.is_dir() {
            if !path.ends_with("target") {
                collect(root, &path, found);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            found.push(Source { path, text });
        }
    }
}

fn report(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_follow_the_flow() {
    let mut wrong = Vec::new();
    for source in sources("core/src") {
        let room = source.path["core/src/".len()..].split(['/', '.']).next().unwrap_or_default();
        let Some((_, unknown)) = UNKNOWN_TO.iter().find(|(name, _)| *name == room) else { continue };
        for (n, line) in source.code() {
            for other in *unknown {
                if line.contains(&format!("crate::{other}::")) || line.contains(&format!("crate::{other};")) {
                    wrong.push(format!("{}:{n}: {room} must not know {other}", source.path));
                }
            }
        }
    }
    report(wrong);
}

#[test]
fn the_core_has_no_clock_no_randomness_and_does_no_io() {
    let mut wrong = Vec::new();
    for source in sources("core/src").iter().filter(|s| !s.is_test()) {
        for (n, line) in source.code() {
            for (what, why) in FOREIGN_TO_CORE {
                if line.contains(what) {
                    wrong.push(format!("{}:{n}: `{what}`: {why}", source.path));
                }
            }
        }
    }
    report(wrong);
}

#[test]
fn locks_and_atomics_come_through_one_file() {
    let mut wrong = Vec::new();
    for source in sources("core/src").iter().filter(|s| !s.is_test() && s.path != "core/src/sync.rs") {
        for (n, line) in source.code() {
            for what in
                ["parking_lot", "std::sync::atomic", "std::sync::Mutex", "std::sync::RwLock", "std::sync::Condvar"]
            {
                if line.contains(what) {
                    wrong.push(format!(
                        "{}:{n}: `{what}` past core/src/sync.rs cannot be modelled by loom",
                        source.path
                    ));
                }
            }
        }
    }
    report(wrong);
}

#[test]
fn crates_see_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (folder, foreign) in
        [("client/src", "stockade_server"), ("core/src", "stockade_fuzz"), ("server/src", "stockade_fuzz")]
    {
        for source in sources(folder) {
            for (n, line) in source.code().filter(|(_, line)| line.contains(foreign)) {
                wrong.push(format!("{}:{n}: must not see {foreign}: {line}", source.path));
            }
        }
    }
    report(wrong);
}

#[test]
fn files_are_short_and_named_for_what_they_hold() {
    let mut wrong = Vec::new();
    for folder in ["core", "server", "client", "benches", "fuzz"] {
        for source in sources(folder) {
            let lines = source.text.lines().count();
            if lines > LINES_MAX {
                wrong.push(format!("{}: {lines} lines, at most {LINES_MAX}: divide it", source.path));
            }
            let parts = source.path.trim_end_matches(".rs").split('/');
            for name in parts.filter(|part| BANNED_NAMES.contains(part)) {
                wrong.push(format!("{}: `{name}` does not say what it holds", source.path));
            }
        }
    }
    report(wrong);
}
