//! Imports follow the flow: each room of the core knows only the rooms listed for it, and each crate only those below it.

use std::collections::BTreeSet;

use crate::finding::{Finding, Rule};
use crate::graph::Graph;
use crate::sources::{Source, Sources};

/// Rooms on which everything stands; they know only each other.
const GROUND: [&str; 12] =
    ["actor", "codec", "durability", "heap", "ids", "invisible", "limits", "money", "numbers", "sync", "time", "units"];

/// What goes in and comes out: one room in several files, known as `vocabulary`.
const VOCABULARY: [&str; 6] = ["vocabulary", "command", "query", "event", "reply", "reject"];

/// The other rooms of the core from the bottom up, each with those it may know besides the ground.
const ROOMS: [(&str, &[&str]); 12] = [
    ("stock", &[]),
    ("decision", &["stock"]),
    ("orders", &["stock", "decision"]),
    ("routing", &["decision"]),
    ("prices", &["routing", "decision"]),
    ("rules", &["routing", "orders"]),
    ("vocabulary", &["stock", "decision", "orders"]),
    ("catalog", &["rules", "vocabulary"]),
    ("explain", &["routing", "rules", "catalog", "decision", "vocabulary"]),
    ("log", &["vocabulary"]),
    ("wire", &["vocabulary", "decision"]),
    (
        "engine",
        &[
            "stock",
            "decision",
            "orders",
            "routing",
            "prices",
            "rules",
            "vocabulary",
            "catalog",
            "explain",
            "log",
            "wire",
        ],
    ),
];

/// Crates, each with those it may not see.
const UNSEEN: [(&str, &[&str]); 5] = [
    ("core", &["stockade_client", "stockade_server", "stockade_benches", "stockade_fuzz"]),
    ("client", &["stockade_server", "stockade_benches", "stockade_fuzz"]),
    ("server", &["stockade_benches", "stockade_fuzz"]),
    ("fuzz", &["stockade_benches"]),
    ("benches", &["stockade_fuzz"]),
];

/// The table of rooms in the core's front page names every room, and nothing else.
pub fn check_table(front: &Source) -> Vec<Finding> {
    let rows = front.text.lines().filter_map(|line| line.strip_prefix("//! | `")?.split(" |").next());
    let named: BTreeSet<&str> =
        rows.flat_map(|row| row.split(|c| "`, ".contains(c))).filter(|name| !name.is_empty()).collect();
    let modules = front.text.lines().filter_map(|line| line.strip_suffix(';')?.split_once("mod "));
    let there: BTreeSet<&str> = modules.map(|(_, name)| name).collect();
    let finding =
        |what| Finding { rule: Rule::Flow, path: front.path.clone(), line: 0, what, remedy: "mend the table of rooms" };
    let unnamed = there.difference(&named).map(|room| finding(format!("its table does not name `{room}`")));
    let gone = named.difference(&there).map(|room| finding(format!("its table names `{room}`, which is no module")));
    unnamed.chain(gone).collect()
}

/// Rooms and crates that know what does not lie below them.
pub fn check(sources: &Sources) -> Vec<Finding> {
    let mut found = check_rooms(sources, &ROOMS);
    for (folder, unseen) in UNSEEN {
        for source in sources.of_crate(folder) {
            for (line, text) in source.code() {
                let seen = unseen.iter().filter(|other| text.contains(**other));
                found.extend(seen.map(|other| Finding {
                    rule: Rule::Flow,
                    path: source.path.clone(),
                    line,
                    what: format!("{folder} must not see {other}"),
                    remedy: "move what both need into a crate below them",
                }));
            }
        }
    }
    found
}

fn check_rooms(sources: &Sources, rooms: &[(&str, &[&str])]) -> Vec<Finding> {
    let mut found = Vec::new();
    let core = || sources.of_crate("core");
    let room_of = |path: &str| core().find(|s| s.path == path).map(room).unwrap_or_default().to_owned();
    let finding =
        |path: &str, line, what, remedy| Finding { rule: Rule::Flow, path: path.to_owned(), line, what, remedy };
    for source in core() {
        let room = room(source);
        if room != "lib" && room != "ground" && !rooms.iter().any(|(known, _)| *known == room) {
            let what = format!("room `{room}` is not on the list of rooms");
            found.push(finding(&source.path, 0, what, "list it with the rooms it may know"));
        }
    }
    for edge in Graph::of(core()).edges() {
        let (from, to) = (room_of(&edge.from), room_of(&edge.to));
        let knows = rooms.iter().find(|(room, _)| *room == from).map_or(&[][..], |(_, knows)| *knows);
        if from != to && to != "ground" && !knows.contains(&to.as_str()) {
            let what = format!("{from} must not know {to} (`{}`)", edge.what);
            found.push(finding(&edge.from, edge.line, what, "move the type or function to the room that owns it"));
        }
    }
    found
}

/// The room of a file of the core; those of the ground and of the vocabulary are one each.
fn room(source: &Source) -> &str {
    let room = source.room().unwrap_or_default();
    match room {
        room if GROUND.contains(&room) => "ground",
        room if VOCABULARY.contains(&room) => "vocabulary",
        room => room,
    }
}

#[test]
fn a_room_that_knows_one_above_it_is_found() {
    let sources = Sources::sample(&[
        ("core/src/stock/mod.rs", "pub mod cell;"),
        ("core/src/stock/cell.rs", "pub struct Cell;\nfn f() { crate::engine::execute() }"),
        ("core/src/engine/mod.rs", "use crate::stock::cell::Cell;\npub fn execute() { let _: Cell; }"),
        ("core/src/cellar.rs", ""),
        ("core/src/ids.rs", "use crate::stock::cell::Cell;\npub struct Id(Cell);"),
    ]);
    let rooms: [(&str, &[&str]); 2] = [("stock", &[]), ("engine", &["stock"])];
    let found = check_rooms(&sources, &rooms);
    let found: Vec<(&str, usize)> = found.iter().map(|f| (&f.path[..], f.line)).collect();
    assert_eq!(found, [("core/src/cellar.rs", 0), ("core/src/stock/cell.rs", 2), ("core/src/ids.rs", 2)]);
}

#[test]
fn a_crate_that_sees_one_above_it_is_found() {
    let found = check(&Sources::sample(&[("client/src/lib.rs", "\nuse stockade_server::Server;")]));
    assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_room_that_the_table_leaves_out_is_found() {
    let text = "//! | `one`, `gone` | holds |\npub mod one;\npub(crate) mod two;\n";
    let sources = Sources::sample(&[("core/src/lib.rs", text)]);
    let found: Vec<String> = check_table(&sources.0[0]).into_iter().map(|finding| finding.what).collect();
    assert_eq!(found, ["its table does not name `two`", "its table names `gone`, which is no module"]);
}
