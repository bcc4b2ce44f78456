//! The page that follows one order through the code names files and functions that exist, and few of them.
//!
//! A file is a path from the root of the workspace in backticks; a function stands behind its file:
//! `` `core/src/engine/mod.rs`: `Engine::execute` ``, more of them separated by commas.

use std::collections::BTreeSet;

use crate::facts::functions;
use crate::finding::{Finding, Rule};
use crate::sources::{CRATES, Sources};

/// The page.
pub const PAGE: &str = "docs/src/internals/flow.md";

/// Files that one order is followed through.
const FILES_MAX: usize = 10;

/// What the page names and is not there.
pub fn check(page: &str, sources: &Sources) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut named = BTreeSet::new();
    let finding = |line, what| Finding {
        rule: Rule::Page,
        path: PAGE.to_owned(),
        line,
        what,
        remedy: "follow the order through the code as it is now",
    };
    for (n, text) in page.lines().enumerate() {
        for (path, behind) in files(text) {
            named.insert(path);
            let Some(source) = sources.0.iter().find(|source| source.path == path) else {
                found.push(finding(n + 1, format!("there is no file `{path}`")));
                continue;
            };
            let there = functions(&source.parsed());
            let missing = behind.into_iter().filter(|function| !there.contains(*function));
            found.extend(missing.map(|function| finding(n + 1, format!("`{path}` has no function `{function}`"))));
        }
    }
    if named.len() > FILES_MAX {
        found.push(finding(0, format!("it names {} files, at most {FILES_MAX} can be followed", named.len())));
    }
    found
}

/// The Rust files that a line names, each with the functions behind it.
fn files(line: &str) -> Vec<(&str, Vec<&str>)> {
    let parts: Vec<&str> = line.split('`').collect();
    let mut found = Vec::new();
    // What is between backticks stands at the odd places.
    for at in (1..parts.len()).step_by(2) {
        let is_file = parts[at].ends_with(".rs") && CRATES.iter().any(|c| parts[at].starts_with(&format!("{c}/")));
        if !is_file {
            continue;
        }
        let mut functions = Vec::new();
        let mut next = at + 1;
        while next + 1 < parts.len() && parts[next].trim() == if next == at + 1 { ":" } else { "," } {
            functions.push(parts[next + 1]);
            next += 2;
        }
        found.push((parts[at], functions));
    }
    found
}

#[test]
fn what_the_page_names_must_exist() {
    let sources = Sources::sample(&[(
        "core/src/engine/mod.rs",
        "pub struct Engine;\nimpl Engine { pub fn execute(&self) {} }\nfn free() {}",
    )]);
    let page = "1. `core/src/engine/mod.rs`: `Engine::execute`, `free`, `Engine::gone`.\n2. `core/src/gone.rs` and `Text`: `x`.";
    let found: Vec<(usize, String)> = check(page, &sources).into_iter().map(|f| (f.line, f.what)).collect();
    let expected = [
        (1, "`core/src/engine/mod.rs` has no function `Engine::gone`".to_owned()),
        (2, "there is no file `core/src/gone.rs`".to_owned()),
    ];
    assert_eq!(found, expected);
    let many: String = (0..11).map(|n| format!("`core/src/{n}.rs`\n")).collect();
    assert!(check(&many, &sources).iter().any(|f| f.what == "it names 11 files, at most 10 can be followed"));
}
