//! The pages of the book name files, folders, functions and types that exist. Decision records are exempt: they tell
//! what was so when they were written.
//!
//! | in backticks | is |
//! |---|---|
//! | `` `core/src/engine/mod.rs` `` | a file or folder from the root of the workspace |
//! | `` `engine/transact/` ``, `` `sync.rs` `` | the end of the path of a folder or Rust file |
//! | `` `core/src/engine/change/FAMILY/NAME.rs` `` | a path with words in capitals in place of names: at least one path fits |
//! | `` `core/src/engine/mod.rs`: `Engine::execute`, `free` `` | a file with the functions and types that it must define |
//! | `` `Engine::apply` (`core/src/engine/mod.rs`) ``, `` `X` in `core/src/x.rs` `` | the same, the file last |
//! | `` `Engine::execute` `` | a type with its method, variant or constant, in the same file somewhere |

use std::collections::BTreeSet;

use crate::facts::{Facts, functions};
use crate::finding::{Finding, Rule};
use crate::sources::Sources;

/// The page that follows one order through the code.
pub const FLOW: &str = "docs/src/internals/flow.md";

/// Files that one order is followed through.
const FLOW_FILES_MAX: usize = 10;

/// Whether a file is a page that speaks of the code as it is now.
pub fn is_current(path: &str) -> bool {
    let in_book = path.starts_with("docs/src/") && !path.starts_with("docs/src/adr/") && path.ends_with(".md");
    in_book || matches!(path, "README.md" | "CONTRIBUTING.md")
}

/// What a page names that is not in `tree`, the files of the workspace.
pub fn check(path: &str, page: &str, tree: &[String], sources: &Sources) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut named = BTreeSet::new();
    let finding = |line, what| Finding {
        rule: Rule::Page,
        path: path.to_owned(),
        line,
        what,
        remedy: "name the code as it is now",
    };
    for (line, text) in prose(page) {
        let spans = Spans::of(text);
        for (at, word) in spans.words() {
            if !is_path(word, tree) {
                if is_member(word) && !sources.0.iter().any(|source| mentions(&source.text, word)) {
                    found.push(finding(line, format!("no file has `{word}`")));
                }
                continue;
            }
            if !tree.iter().any(|file| leads_to(word, file)) {
                found.push(finding(line, format!("there is no `{word}`")));
                continue;
            }
            let Some(source) = sources.0.iter().find(|source| source.path == word) else { continue };
            named.insert(word);
            let there = defined(&source.text, &source.parsed());
            let missing = spans.belonging(at).into_iter().filter(|name| !there.contains(name.trim_end_matches('!')));
            found.extend(missing.map(|name| finding(line, format!("`{word}` does not define `{name}`"))));
        }
    }
    if path == FLOW && named.len() > FLOW_FILES_MAX {
        let what = format!("it names {} files, at most {FLOW_FILES_MAX} can be followed", named.len());
        found.push(finding(0, what));
    }
    found
}

/// The lines outside of code blocks, numbered from 1.
fn prose(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_block = false;
    page.lines().enumerate().map(|(n, line)| (n + 1, line)).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence && !line.starts_with("    ")
    })
}

/// A line, cut at its backticks: what is between them stands at the odd places.
struct Spans<'a>(Vec<&'a str>);

impl<'a> Spans<'a> {
    fn of(line: &'a str) -> Spans<'a> {
        Spans(line.split('`').collect())
    }

    fn words(&self) -> impl Iterator<Item = (usize, &'a str)> {
        self.0.iter().copied().enumerate().skip(1).step_by(2).filter(|(at, _)| at + 1 < self.0.len())
    }

    /// The names that the line says the file at a place defines.
    fn belonging(&self, at: usize) -> Vec<&'a str> {
        let mut names = Vec::new();
        if at >= 3 && matches!(self.0[at - 1], " in " | " (") {
            names.push(self.0[at - 2]);
        }
        let mut between = ": ";
        for pair in self.0[at + 1..].chunks_exact(2).take_while(|pair| {
            let goes_on = pair[0] == between;
            between = ", ";
            goes_on
        }) {
            names.push(pair[1]);
        }
        names
    }
}

/// Whether words in backticks claim to be a file or folder.
fn is_path(word: &str, tree: &[String]) -> bool {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let first = word.split('/').next().unwrap_or_default();
    let is_folder = |name: &str| tree.iter().any(|file| file.split('/').rev().skip(1).any(|part| part == name));
    is_plain && !first.is_empty() && (word.ends_with(".rs") || (word.contains('/') && is_folder(first)))
}

/// Whether a path in backticks is a file, or a folder that it lies in.
fn leads_to(word: &str, file: &str) -> bool {
    let parts: Vec<&str> = file.split('/').collect();
    let wanted: Vec<&str> = word.trim_end_matches('/').split('/').collect();
    let fits = |at: usize| {
        let end = at + wanted.len();
        let is_end = end == parts.len() || !word.ends_with(".rs");
        end <= parts.len() && is_end && wanted.iter().zip(&parts[at..]).all(|(wanted, part)| is_same(wanted, part))
    };
    let from_root = ["core", "server", "client", "benches", "fuzz", "docs"].contains(&wanted[0]);
    if from_root { fits(0) } else { (0..parts.len()).any(fits) }
}

/// Whether a part of a path is the one wanted; a word in capitals stands for any.
fn is_same(wanted: &str, part: &str) -> bool {
    let (stem, part_stem) = (wanted.trim_end_matches(".rs"), part.trim_end_matches(".rs"));
    let is_any = stem.len() > 1 && stem.chars().all(|c| c.is_ascii_uppercase());
    if is_any { wanted.len() - stem.len() == part.len() - part_stem.len() } else { wanted == part }
}

/// Whether words in backticks are a member of a type: `Type::member`.
fn is_member(word: &str) -> bool {
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let parts: Vec<&str> = word.split("::").collect();
    parts.len() == 2 && parts.iter().all(|part| is_word(part)) && parts[0].starts_with(|c: char| c.is_ascii_uppercase())
}

/// Whether a source has every part of `Type::member` as a word.
fn mentions(text: &str, member: &str) -> bool {
    member.split("::").all(|part| text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == part))
}

/// Functions, methods, types and macros of a file, and the members of the types that it declares in macros.
fn defined(text: &str, file: &syn::File) -> BTreeSet<String> {
    let mut names = functions(file);
    names.extend(Facts::of(file).defined);
    let fields = text.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':'));
    names.extend(fields.map(|(name, _)| name.to_owned()));
    names
}

#[cfg(test)]
fn found_on(page: &str) -> Vec<(usize, String)> {
    let text = "pub struct Engine;\nimpl Engine { pub fn execute(&self) {} }\nfn free() {}";
    let sources = Sources::sample(&[("core/src/engine/mod.rs", text), ("core/src/engine/read/order.rs", "")]);
    let tree: Vec<String> = sources.0.iter().map(|source| source.path.clone()).collect();
    check(FLOW, page, &tree, &sources).into_iter().map(|finding| (finding.line, finding.what)).collect()
}

#[test]
fn files_and_folders_must_exist() {
    let sound =
        "`core/src/engine/mod.rs`, `core/src/engine/`, `engine/read`, `order.rs`, `core/src/engine/NAME/NAME.rs`";
    assert_eq!(found_on(sound), []);
    let page =
        "`core/src/gone.rs` and\n`engine/gone/`,\n`gone.rs`,\n`core/NAME/x.rs`; no paths: `channel/number` `/v1/x`";
    let gone = ["core/src/gone.rs", "engine/gone/", "gone.rs", "core/NAME/x.rs"];
    let expected: Vec<_> = (1..).zip(gone.map(|path| format!("there is no `{path}`"))).collect();
    assert_eq!(found_on(page), expected);
    assert_eq!(found_on("```text\n`core/src/gone.rs`\n```"), []);
}

#[test]
fn a_file_must_define_what_stands_with_it() {
    let file = "core/src/engine/mod.rs";
    assert_eq!(found_on(&format!("`{file}`: `Engine::execute`, `free`, and `Other`; `Engine` in `{file}`")), []);
    let page = format!("`{file}`: `free`, `gone`.\n`Gone` in `{file}`\n`Gone` (`{file}`)\n`Engine::gone`");
    let expected = [
        (1, format!("`{file}` does not define `gone`")),
        (2, format!("`{file}` does not define `Gone`")),
        (3, format!("`{file}` does not define `Gone`")),
        (4, "no file has `Engine::gone`".to_owned()),
    ];
    assert_eq!(found_on(&page), expected);
}

#[test]
fn an_order_is_followed_through_few_files() {
    let files: Vec<(String, &str)> = (0..11).map(|n| (format!("core/src/x{n}.rs"), "")).collect();
    let sources = Sources::sample(&files.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>());
    let tree: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
    let page: String = tree.iter().map(|path| format!("`{path}`\n")).collect();
    let found = check(FLOW, &page, &tree, &sources);
    assert!(found.iter().any(|f| f.what == "it names 11 files, at most 10 can be followed"));
    assert!(check("docs/src/internals/adding.md", &page, &tree, &sources).is_empty());
}
