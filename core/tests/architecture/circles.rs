//! No circle of files within a crate, and none of rooms.
//!
//! A folder is a room, and so is a file next to it; each folder with rooms in it is looked at on its own. Declarations
//! (`mod child;`) and names handed on (`pub use child::Name;`) tie nothing: what uses such a name uses the file that
//! defines it. A `mod.rs` that defines something itself is a file like any other. Calls of methods are not seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Rule};
use crate::graph::{Edge, Graph};
use crate::sources::{CRATES, Sources};

/// Circles of files and rooms in every crate.
pub fn check(sources: &Sources) -> Vec<Finding> {
    let mut found = Vec::new();
    for folder in CRATES {
        let edges = Graph::of(sources.of_crate(folder)).edges();
        let files: Vec<Tie> = edges.iter().map(|edge| Tie { from: &edge.from, to: &edge.to, edge }).collect();
        found.extend(circles(&files).into_iter().map(|circle| {
            let remedy = "move what both need into a file below them, or the function that closes the circle upwards";
            finding(Rule::FileCircle, &circle, remedy)
        }));
        let above: BTreeSet<&str> = edges.iter().flat_map(|e| [&e.from, &e.to]).flat_map(|p| folders(p)).collect();
        for around in &above {
            let rooms: Vec<Tie> = edges.iter().filter_map(|edge| between_rooms(around, edge)).collect();
            let is_folder = |tie: &Tie<'_>| above.contains(tie.from);
            let circles = circles(&rooms).into_iter().filter(|circle| circle.iter().any(is_folder));
            found.extend(circles.map(|circle| {
                let remedy = "rooms lie above or below each other: move the type or function to the room that owns it";
                finding(Rule::RoomCircle, &circle, remedy)
            }));
        }
    }
    found
}

/// One node uses another, and where that shows.
#[derive(Clone, Copy)]
struct Tie<'a> {
    from: &'a str,
    to: &'a str,
    edge: &'a Edge,
}

/// Every folder that a file lies in, below `src` and with it.
fn folders(path: &str) -> Vec<&str> {
    let start = path.find("/src/").map_or(0, |at| at + "/src".len());
    path.match_indices('/').map(|(at, _)| &path[..at]).filter(|folder| folder.len() >= start).collect()
}

/// A use between two rooms directly inside a folder.
fn between_rooms<'a>(around: &str, edge: &'a Edge) -> Option<Tie<'a>> {
    let (from, to) = (room(around, &edge.from)?, room(around, &edge.to)?);
    (from != to).then_some(Tie { from, to, edge })
}

/// The room inside a folder that a file lies in. `event.rs` and `event/` are one; `mod.rs` is the folder itself.
fn room<'a>(around: &str, path: &'a str) -> Option<&'a str> {
    let inside = path.strip_prefix(around)?.strip_prefix('/')?;
    let end = inside.find('/').unwrap_or_else(|| inside.trim_end_matches(".rs").len());
    (inside != "mod.rs" && inside != "lib.rs").then(|| &path[..around.len() + 1 + end])
}

/// The shortest circle through each node, every circle once and from its first node on.
fn circles<'a>(ties: &[Tie<'a>]) -> Vec<Vec<Tie<'a>>> {
    let mut next: BTreeMap<&str, Vec<Tie<'a>>> = BTreeMap::new();
    ties.iter().for_each(|tie| next.entry(tie.from).or_default().push(*tie));
    let mut found: BTreeMap<Vec<&str>, Vec<Tie<'a>>> = BTreeMap::new();
    for node in next.keys() {
        let Some(mut circle) = shortest(&next, node) else { continue };
        let first = (0..circle.len()).min_by_key(|n| circle[*n].from).unwrap_or(0);
        circle.rotate_left(first);
        found.entry(circle.iter().map(|tie| tie.from).collect()).or_insert(circle);
    }
    found.into_values().collect()
}

/// The shortest way from a node back to itself.
fn shortest<'a>(next: &BTreeMap<&'a str, Vec<Tie<'a>>>, node: &'a str) -> Option<Vec<Tie<'a>>> {
    let mut reached: BTreeMap<&str, Tie<'a>> = BTreeMap::new();
    let mut front = vec![node];
    while !front.is_empty() && !reached.contains_key(node) {
        let ties = front.iter().flat_map(|at| next.get(at).into_iter().flatten()).copied().collect::<Vec<_>>();
        front.clear();
        for tie in ties {
            reached.entry(tie.to).or_insert_with(|| {
                front.push(tie.to);
                tie
            });
        }
    }
    let mut way = vec![*reached.get(node)?];
    while way[way.len() - 1].from != node {
        way.push(reached[way[way.len() - 1].from]);
    }
    way.reverse();
    Some(way)
}

fn finding(rule: Rule, circle: &[Tie<'_>], remedy: &'static str) -> Finding {
    let first = circle[0];
    let each =
        circle.iter().map(|tie| format!("{} uses `{}` ({}:{})", tie.from, tie.edge.what, tie.edge.from, tie.edge.line));
    let what = format!("a circle: {}", each.collect::<Vec<_>>().join(", "));
    Finding { rule, path: first.from.to_owned(), line: first.edge.line, what, remedy }
}

#[test]
fn two_files_that_use_each_other_are_found() {
    let found = check(&Sources::sample(&[
        ("core/src/lib.rs", "pub mod engine;"),
        ("core/src/engine/mod.rs", "mod apply;\nmod commit;\npub use commit::commit;"),
        ("core/src/engine/apply.rs", "use super::commit;\npub fn apply() { commit() }"),
        ("core/src/engine/commit.rs", "pub fn commit() {\n    crate::engine::apply::apply()\n}"),
    ]));
    let what: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{what:?}");
    assert_eq!((found[0].rule, &found[0].path[..], found[0].line), (Rule::FileCircle, "core/src/engine/apply.rs", 2));
    assert!(found[0].what.contains("core/src/engine/commit.rs uses"), "{what:?}");
}

#[test]
fn a_child_and_the_mod_file_that_defines_what_it_uses_are_a_circle_too() {
    let found = check(&Sources::sample(&[
        ("fuzz/src/model/mod.rs", "mod orders;\npub use orders::Order;\npub struct Model(Order);"),
        ("fuzz/src/model/orders.rs", "use super::Model;\npub struct Order;\nimpl Model {}"),
    ]));
    assert_eq!(found.iter().map(|f| f.rule).collect::<Vec<_>>(), [Rule::FileCircle]);
}

#[test]
fn declarations_and_names_handed_on_are_no_circle() {
    let found = check(&Sources::sample(&[
        ("core/src/stock/mod.rs", "mod cell;\nmod shard;\npub use cell::Cell;\npub use shard::Shard;"),
        ("core/src/stock/cell.rs", "pub struct Cell;"),
        ("core/src/stock/shard.rs", "use super::Cell;\npub struct Shard(Cell);"),
    ]));
    assert!(found.is_empty(), "{}", found[0]);
}

#[test]
fn rooms_in_a_circle_are_found_though_no_files_are() {
    let found = check(&Sources::sample(&[
        ("core/src/stock/mod.rs", "pub mod bucket;\nmod shard;"),
        ("core/src/stock/bucket.rs", "pub struct Bucket;"),
        ("core/src/stock/shard.rs", "use crate::event::Event;\npub struct Shard(Event);"),
        ("core/src/event.rs", "use crate::stock::bucket::Bucket;\npub struct Event(Bucket);"),
    ]));
    let (rules, paths): (Vec<Rule>, Vec<&str>) = found.iter().map(|f| (f.rule, &f.path[..])).unzip();
    assert_eq!((rules, paths), (vec![Rule::RoomCircle], vec!["core/src/event"]));
}
