//! The map of the sources, checked: who may use whom, that nothing goes in circles, that kinds are named, how long things
//! may be, that the core has no clock, no randomness and does no I/O, and that the book names what exists.
//!
//! Each check is a function over sources and is shown by a sample that it finds what it should.

mod circles;
mod facts;
mod finding;
mod flow;
mod graph;
mod hashers;
mod kinds;
mod page;
mod purity;
mod size;
mod sources;

use finding::Finding;
use sources::Sources;

/// Fails with every finding, in order.
fn hold(found: &[Finding]) {
    let mut wrong: Vec<String> = found.iter().map(ToString::to_string).collect();
    wrong.sort();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn imports_follow_the_flow() {
    let sources = Sources::workspace();
    hold(&flow::check(&sources));
    let front = sources.0.iter().find(|source| source.path == "core/src/lib.rs").unwrap();
    hold(&flow::check_table(front));
}

#[test]
fn nothing_goes_in_circles() {
    hold(&circles::check(&Sources::workspace()));
}

#[test]
fn kinds_are_named() {
    hold(&kinds::check(&Sources::workspace()));
}

#[test]
fn files_and_functions_are_short_and_names_say_what_they_hold() {
    hold(&size::check(&Sources::workspace()));
}

#[test]
fn maps_in_the_core_are_the_same_in_every_process() {
    hold(&hashers::check(&Sources::workspace()));
}

#[test]
fn the_core_has_no_clock_no_randomness_and_does_no_io() {
    hold(&purity::check(&Sources::workspace()));
}

#[test]
fn the_pages_name_what_exists() {
    let (tree, sources) = (sources::tree(), Sources::workspace());
    let pages: Vec<&String> = tree.iter().filter(|path| page::is_current(path)).collect();
    assert!(pages.len() > 20, "only {} pages", pages.len());
    let text = |path: &str| std::fs::read_to_string(sources::root().join(path)).unwrap();
    let found: Vec<Finding> =
        pages.into_iter().flat_map(|path| page::check(path, &text(path), &tree, &sources)).collect();
    hold(&found);
}
