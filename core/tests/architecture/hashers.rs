//! No seeded hasher in the core where the order of iteration could reach a decision: the same commands must make the
//! same events in every process.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Item, PathArguments};

use crate::facts::{Facts, attributes, is_for_tests};
use crate::finding::{Finding, Rule};
use crate::sources::{Source, Sources};

/// Files with maps that are only looked up, or whose order is undone before it shows; and why.
const SEEDED: [(&str, &str); 6] = [
    ("core/src/catalog/skus.rs", "codes to ids and numbers of categories, only looked up"),
    ("core/src/engine/prices/survey.rs", "facts by SKU, only looked up"),
    ("core/src/engine/store/receipts.rs", "the last receipt by cell, only looked up"),
    ("core/src/engine/store/trainer.rs", "prices by cell, only looked up"),
    (
        "core/src/orders/lists/customers.rs",
        "customers choose their codes; lists by customer, iterated only to be checked",
    ),
    ("core/src/orders/shard.rs", "movements by key, iterated only into a commutative digest"),
];

/// Maps and sets with the number of generic arguments that leaves the hasher at its seeded default.
const DEFAULTING: [(&str, usize); 4] = [("HashMap", 2), ("DashMap", 2), ("HashSet", 1), ("DashSet", 1)];

/// Constructors that only exist for the seeded default.
const SEEDING: [&str; 3] = ["new", "with_capacity", "from"];

/// Maps with seeded hashers in the core, and exceptions that are no longer needed.
pub fn check(sources: &Sources) -> Vec<Finding> {
    check_except(sources, &SEEDED)
}

fn check_except(sources: &Sources, seeded: &[(&'static str, &str)]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut needed = Vec::new();
    for source in sources.of_crate("core") {
        let file = source.parsed();
        let mut maps = Maps { source, facts: Facts::of(&file), found: Vec::new() };
        maps.visit_file(&file);
        if seeded.iter().any(|(path, _)| *path == source.path) {
            needed.extend(maps.found.iter().map(|finding| finding.path.clone()));
            maps.found.retain(|finding| !finding.what.contains("foldhash"));
        }
        found.extend(maps.found);
    }
    found.extend(seeded.iter().filter(|(path, _)| !needed.iter().any(|p| p == path)).map(|(path, _)| Finding {
        rule: Rule::Hasher,
        path: (*path).to_owned(),
        line: 0,
        what: "listed as an exception, and has no seeded map".to_owned(),
        remedy: "remove it from the list",
    }));
    found
}

struct Maps<'a> {
    source: &'a Source,
    facts: Facts,
    found: Vec<Finding>,
}

impl Maps<'_> {
    fn note(&mut self, line: usize, what: &str) {
        if self.found.last().is_some_and(|last| last.line == line) {
            return;
        }
        self.found.push(Finding {
            rule: Rule::Hasher,
            path: self.source.path.clone(),
            line,
            what: format!("{what} is seeded anew in every process"),
            remedy: "use `foldhash::fast::FixedState`, a sorted map, or an exception with its reason where nothing iterates",
        });
    }

    /// A path with the import of its first segment put in.
    fn whole(&self, path: &syn::Path) -> Vec<String> {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        match self.facts.import(&names[0]) {
            Some(import) => [&import.from.path, &names[1..]].concat(),
            None => names,
        }
    }
}

impl<'ast> Visit<'ast> for Maps<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) && !matches!(item, Item::Use(_)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let (whole, line) = (self.whole(path), path.span().start().line);
        let is_foldhash = whole[0] == "foldhash";
        if is_foldhash
            && whole.last().is_some_and(|last| last == "RandomState" || last == "HashMap" || last == "HashSet")
        {
            self.note(line, &format!("`{}`", whole.join("::")));
        }
        for (n, segment) in path.segments.iter().enumerate() {
            let name = segment.ident.to_string();
            let Some((_, few)) = DEFAULTING.iter().find(|(map, _)| *map == name).filter(|_| !is_foldhash) else {
                continue;
            };
            let given = match &segment.arguments {
                PathArguments::AngleBracketed(arguments) => arguments.args.len(),
                PathArguments::None | PathArguments::Parenthesized(_) => 0,
            };
            let next = path.segments.get(n + 1).map(|next| next.ident.to_string());
            let seeding = next.is_some_and(|next| SEEDING.contains(&next.as_str()));
            if given == *few || seeding {
                self.note(line, &format!("`{name}` with its default hasher"));
            }
        }
        visit::visit_path(self, path);
    }
}

#[test]
fn seeded_maps_in_the_core_are_found() {
    let text = "\
use std::collections::{HashMap, HashSet};
use foldhash::fast::{FixedState, RandomState};
struct A(HashMap<u8, u8>);
struct B(HashMap<u8, u8, FixedState>);
struct C(HashSet<u8, RandomState>);
fn f() { let set: HashSet<_> = HashSet::new(); }";
    let sample = || Sources::sample(&[("core/src/a.rs", text), ("server/src/a.rs", text)]);
    let lines = |found: Vec<Finding>| found.iter().map(|f| f.line).collect::<Vec<_>>();
    assert_eq!(lines(check_except(&sample(), &[])), [3, 5, 6]);
    assert_eq!(lines(check_except(&sample(), &[("core/src/a.rs", "only looked up")])), [3, 6]);
    assert_eq!(lines(check_except(&sample(), &[("core/src/gone.rs", "only looked up")])), [3, 5, 6, 0]);
}
