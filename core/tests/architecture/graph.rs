//! Which file of a crate uses which other one: every path is followed through imports and re-exports to the file that
//! defines what it names.

use std::collections::BTreeMap;

use crate::facts::{Facts, Import, Mention};
use crate::sources::Source;

/// Imports of imports are followed this far.
const HOPS_MAX: usize = 16;

/// A crate's files as modules, with what each uses.
pub struct Graph<'a> {
    files: Vec<(&'a Source, Vec<String>, Facts)>,
    modules: BTreeMap<Vec<String>, usize>,
}

/// One file uses another.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The file that uses.
    pub from: String,
    /// The first line that does.
    pub line: usize,
    /// The file that is used.
    pub to: String,
    /// What the line names.
    pub what: String,
}

impl<'a> Graph<'a> {
    /// The graph of a crate's sources. Binaries are roots of their own and not part of it.
    pub fn of(sources: impl Iterator<Item = &'a Source>) -> Graph<'a> {
        let mut graph = Graph { files: Vec::new(), modules: BTreeMap::new() };
        for source in sources {
            let Some(module) = module_of(&source.path) else { continue };
            graph.modules.insert(module.clone(), graph.files.len());
            graph.files.push((source, module, Facts::of(&source.parsed())));
        }
        graph
    }

    /// Every use of one file by another, once a pair.
    pub fn edges(&self) -> Vec<Edge> {
        let mut edges: BTreeMap<(usize, usize), Edge> = BTreeMap::new();
        for (from, (source, module, facts)) in self.files.iter().enumerate() {
            let used: Vec<&str> = facts.mentions.iter().map(|m| m.path[0].as_str()).collect();
            // A name that the code mentions is followed from there; a trait may be used without a mention.
            let unmentioned = |import: &&Import| {
                !import.is_handed_on && import.name.as_deref().is_some_and(|name| !used.contains(&name))
            };
            let imports = facts.imports.iter().filter(unmentioned).map(|import| &import.from);
            for mention in facts.mentions.iter().chain(imports) {
                let Some(to) = self.resolve(module, mention, 0).filter(|to| *to != from) else { continue };
                let what = mention.path.join("::");
                let edge = Edge { from: source.path.clone(), line: mention.line, to: self.path(to), what };
                let first = edges.entry((from, to)).or_insert_with(|| edge.clone());
                if edge.line < first.line {
                    *first = edge;
                }
            }
        }
        edges.into_values().collect()
    }

    fn path(&self, file: usize) -> String {
        self.files[file].0.path.clone()
    }

    /// The file that a module lies in: its own, or that of the nearest module around it.
    fn file_of(&self, module: &[String]) -> Option<usize> {
        (0..=module.len()).rev().find_map(|end| self.modules.get(&module[..end]).copied())
    }

    /// The file that defines what a path in a module names; `None` for other crates, locals and generics.
    fn resolve(&self, module: &[String], mention: &Mention, hops: usize) -> Option<usize> {
        let here = [module, &mention.inner].concat();
        let path = &mention.path[..];
        let ups = path.iter().take_while(|s| *s == "super").count();
        let first = path.first()?.as_str();
        // `pub(crate)` and `self` alone name nothing.
        if hops == 0 && path.len() == 1 && ["crate", "super", "self", "Self"].contains(&first) {
            return None;
        }
        if first == "crate" {
            return self.definition(Vec::new(), &path[1..], hops);
        }
        if ups > 0 {
            let above = here.len().checked_sub(ups)?;
            return self.definition(here[..above].to_vec(), &path[ups..], hops);
        }
        if first == "self" {
            return (path.len() > 1).then(|| self.definition(here, &path[1..], hops)).flatten();
        }
        let facts = &self.files[self.file_of(module)?].2;
        if let Some(import) = facts.import(first).filter(|import| import.from.path[0] != first) {
            return self.follow(module, import, &path[1..], hops);
        }
        // A single name in code is a local or an item, never a module.
        if (path.len() > 1 || hops > 0) && self.modules.contains_key(&[&here, &path[..1]].concat()) {
            return self.definition(here, path, hops);
        }
        if facts.defined.contains(first) || hops > 0 {
            return None;
        }
        let globs = facts.imports.iter().filter(|import| import.name.is_none());
        globs.into_iter().find_map(|glob| self.through_glob(module, glob, path, hops))
    }

    /// What an import stands for, and what lies in it.
    fn follow(&self, module: &[String], import: &Import, rest: &[String], hops: usize) -> Option<usize> {
        if hops > HOPS_MAX {
            return None;
        }
        let whole = Mention { path: [&import.from.path, rest].concat(), ..import.from.clone() };
        self.resolve(module, &whole, hops + 1)
    }

    /// The file that defines a name which a glob may bring in.
    fn through_glob(&self, module: &[String], glob: &Import, path: &[String], hops: usize) -> Option<usize> {
        if hops > HOPS_MAX {
            return None;
        }
        let target = self.resolve(module, &glob.from, hops + 1)?;
        let (_, at, facts) = &self.files[target];
        if facts.defined.contains(&path[0]) || self.modules.contains_key(&[at, &path[..1]].concat()) {
            return self.definition(at.clone(), path, hops + 1);
        }
        facts.import(&path[0]).and_then(|import| self.follow(at, import, &path[1..], hops + 1))
    }

    /// The file that defines what a path names, seen from a module.
    fn definition(&self, mut at: Vec<String>, path: &[String], hops: usize) -> Option<usize> {
        for (n, name) in path.iter().enumerate() {
            let inside = [&at[..], std::slice::from_ref(name)].concat();
            let file = self.file_of(&at);
            let is_item = file.is_some_and(|file| self.files[file].2.defined.contains(name));
            if self.modules.contains_key(&inside) && !(n + 1 == path.len() && is_item) {
                at = inside;
                continue;
            }
            let file = file?;
            let (_, module, facts) = &self.files[file];
            if is_item || at != *module {
                return Some(file);
            }
            if let Some(import) = facts.import(name) {
                return self.follow(module, import, &path[n + 1..], hops);
            }
            let mut globs = facts.imports.iter().filter(|import| import.name.is_none() && import.is_handed_on);
            return globs.find_map(|glob| self.through_glob(module, glob, &path[n..], hops)).or(Some(file));
        }
        self.file_of(&at)
    }
}

/// The module a file is, below the root of its crate; `None` for binaries.
fn module_of(path: &str) -> Option<Vec<String>> {
    let (_, inside) = path.split_once("/src/")?;
    let inside = inside.strip_suffix(".rs")?;
    if inside == "main" || inside.starts_with("bin/") {
        return None;
    }
    let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod") || inside == "lib" {
        module.pop();
    }
    Some(module)
}

#[cfg(test)]
mod tests {
    use super::Graph;
    use crate::sources::Sources;

    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let sources = Sources::sample(files);
        let graph = Graph::of(sources.of_crate("core"));
        graph.edges().into_iter().map(|e| format!("{}:{} {}", e.from, e.line, e.to)).collect()
    }

    #[test]
    fn a_re_exported_name_leads_to_the_file_that_defines_it() {
        let found = edges(&[
            ("core/src/lib.rs", "pub mod stock;\npub mod orders;"),
            ("core/src/stock/mod.rs", "mod cell;\npub use cell::*;\npub use cell::Cell;"),
            ("core/src/stock/cell.rs", "pub struct Cell;\npub fn empty() {}"),
            ("core/src/orders.rs", "use crate::stock::Cell;\nfn f(_: Cell) { crate::stock::empty() }"),
        ]);
        assert_eq!(found, ["core/src/orders.rs:2 core/src/stock/cell.rs"]);
    }

    #[test]
    fn aliases_macros_and_inline_modules_are_followed() {
        let found = edges(&[
            ("core/src/lib.rs", "mod a;\nmod b;\nmod c;"),
            ("core/src/a.rs", "pub fn f() {}"),
            ("core/src/b.rs", "use super::a;\nmod inner {\n    fn g() { super::super::c::h() }\n}\nfn g() { a::f() }"),
            ("core/src/c.rs", "pub fn h() {\n    assert!(crate::a::f() == ());\n}\nnamed! { pub(super) C }"),
        ]);
        let expected =
            ["core/src/b.rs:5 core/src/a.rs", "core/src/b.rs:3 core/src/c.rs", "core/src/c.rs:2 core/src/a.rs"];
        assert_eq!(found, expected);
    }

    #[test]
    fn tests_do_not_count_and_traits_do() {
        let found = edges(&[
            ("core/src/lib.rs", "mod a;\nmod b;"),
            (
                "core/src/a.rs",
                "numbered! { pub enum A {} pub enum Draw {} }\n#[cfg(test)]\nmod tests { use crate::b::B; fn f(_: B) {} }",
            ),
            ("core/src/b.rs", "use crate::a::Draw;\npub struct B;"),
        ]);
        assert_eq!(found, ["core/src/b.rs:1 core/src/a.rs"]);
    }
}
