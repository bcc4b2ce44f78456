//! The documentation is true: links lead somewhere, commands parse, settings and dependencies are the ones there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use stockade_core::rules::{FileError, RulesFile, WorldFile};
use stockade_core::{log, wire};
use stockade_server::config::{SETTINGS, Sources};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}

/// Every page of the book, and the pages beside it.
fn pages() -> Vec<(PathBuf, String)> {
    let mut found: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].iter().map(|name| root().join(name)).collect();
    let mut folders = vec![root().join("docs/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of pages") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).expect("a readable page"))).collect()
}

/// The text of every fenced block of a language, with the line it begins on.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<(usize, Vec<&'a str>)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, Vec<&str>, bool)> = None;
    for (n, line) in page.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(kind)) => open = Some((n + 1, Vec::new(), kind.split(',').next() == Some(language))),
            (Some(_), Some(_)) => {
                let (start, lines, wanted) = open.take().expect("an open block");
                if wanted {
                    found.push((start, lines));
                }
            }
            (Some((_, lines, _)), None) => lines.push(line),
            (None, None) => {}
        }
    }
    found
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for (path, text) in pages() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let outside = file.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !outside && !path.parent().expect("a folder").join(file).exists() {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = fs::read_to_string(root().join("docs/src/SUMMARY.md")).expect("a summary");
    for (path, _) in pages() {
        let Ok(page) = path.strip_prefix(root().join("docs/src")) else { continue };
        let page = page.to_string_lossy().replace('\\', "/");
        assert!(page == "SUMMARY.md" || summary.contains(&format!("({page})")), "{page} is not in the summary");
    }
}

#[test]
fn commands_in_the_docs_are_commands_there_are() {
    let mut seen = 0;
    for (path, text) in pages() {
        for (start, lines) in blocks(&text, "console") {
            let mut lines = lines.iter().enumerate();
            while let Some((n, line)) = lines.next() {
                let Some(typed) = line.strip_prefix("$ ") else { continue };
                let mut typed = typed.to_owned();
                while typed.ends_with('\\') {
                    typed.pop();
                    typed.push_str(lines.next().map_or("", |(_, more)| more.trim_start()));
                }
                if let Some(words) = our_command(&typed) {
                    seen += 1;
                    let parsed = stockade_server::cli::parse(&words);
                    assert!(parsed.is_ok(), "{}:{}: {typed}\n{}", path.display(), start + n + 1, parsed.unwrap_err());
                }
            }
        }
    }
    assert!(seen > 20, "only {seen} commands found");
}

/// The words of a shell line whose command is `stockade`, without variables set before and pipes after it.
fn our_command(typed: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut quote = None;
    let mut word: Option<String> = None;
    for c in typed.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '|' | '>' | '&' | ';' | '#') if word.is_none() => break,
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    let start = words.iter().position(|word| !word.contains('=') || word.starts_with('-'))?;
    let words = words.split_off(start);
    words[0].ends_with("stockade").then_some(words)
}

#[test]
fn every_setting_is_described_and_no_other() {
    let page = fs::read_to_string(root().join("docs/src/guide/configuration.md")).expect("the page");
    let described: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|key| !key.starts_with("STOCKADE_") && !key.starts_with('-'))
        .collect();
    let known: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    assert_eq!(described, known);
    for setting in SETTINGS {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}`", setting.key))).expect("a row");
        let default = format!("`{}`", if setting.default.is_empty() { "\"\"" } else { setting.default });
        assert!(row.contains(&default), "{row} does not say the default {default}");
    }
}

#[test]
fn configurations_in_the_docs_are_read() {
    for (path, text) in pages() {
        for (start, lines) in blocks(&text, "toml") {
            if lines.first().is_some_and(|line| line.contains("stockade.toml")) {
                let sources = Sources { file: Some((path.clone(), lines.join("\n"))), ..Sources::default() };
                let read = sources.resolve();
                assert!(read.is_ok(), "{}:{start}: {:?}", path.display(), read.unwrap_err());
            }
        }
    }
}

#[test]
fn worlds_and_rules_in_the_docs_are_read() {
    let (mut worlds, mut rule_files) = (0, 0);
    for (path, text) in pages() {
        let mut world = None;
        for (start, lines) in blocks(&text, "toml") {
            let title = lines.first().copied().unwrap_or_default();
            let fault = |e: FileError| format!("{}:{start}: {e}", path.display());
            if title.contains("world.toml") {
                world = Some(WorldFile::parse(&lines.join("\n")).map_err(fault).unwrap());
                worlds += 1;
            } else if title.contains("rules.toml") {
                let world = world.as_ref().expect("the world comes first");
                RulesFile::parse(&lines.join("\n"), world).map_err(fault).unwrap();
                rule_files += 1;
            }
        }
    }
    assert!(worlds > 0 && rule_files > 0);
}

#[test]
fn the_formats_of_this_build_are_those_in_the_docs() {
    let page = fs::read_to_string(root().join("docs/src/guide/operations.md")).expect("the page").replace('\n', " ");
    let protocol = String::from_utf8_lossy(wire::ALPN);
    let says = format!(
        "reads and writes journal format {} and speaks the wire protocol `{protocol}`, version {}",
        log::FORMAT,
        wire::VERSION
    );
    assert!(page.contains(&says), "operations.md does not say: {says}");
}

#[test]
fn every_dependency_has_its_reason() {
    let mut used = BTreeSet::new();
    for folder in ["core", "server", "client", "benches", "fuzz"] {
        let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = text.parse().expect("a manifest in TOML");
        let mut tables = vec![manifest.clone()];
        if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
            tables.extend(targets.values().filter_map(|target| target.as_table().cloned()));
        }
        for table in tables {
            for kind in ["dependencies", "dev-dependencies"] {
                let Some(listed) = table.get(kind).and_then(toml::Value::as_table) else { continue };
                used.extend(listed.keys().filter(|name| !name.starts_with("stockade-")).cloned());
            }
        }
    }
    let page = fs::read_to_string(root().join("docs/src/internals/dependencies.md")).expect("the page");
    let row = |line: &str| Some(line.strip_prefix("| ")?.split(" |").next()?.to_owned());
    let explained: BTreeSet<String> = page.lines().filter_map(row).filter(|name| name != "crate").collect();
    assert_eq!(explained, used);
}

/// Blanks of an indentation, and the length of a line with a message that was two before. Columns are in shorter ones.
const INDENTATION: &str = "    ";
const JOINED: usize = 100;

#[test]
fn no_message_carries_the_indentation_of_its_source() {
    let mut folders: Vec<PathBuf> = ["core/src", "server/src", "client/src"].map(|name| root().join(name)).into();
    let (mut found, mut files) = (Vec::new(), 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                files += 1;
                let text = fs::read_to_string(&path).expect("a readable source");
                let indented = text.lines().zip(1..).filter(|(line, _)| carries_blanks(line));
                found.extend(indented.map(|(line, n)| format!("{}:{n}: {}", path.display(), line.trim())));
            }
        }
    }
    assert!(files > 100, "the sources are not where they were: {files}");
    assert!(found.is_empty(), "lost `\\` at the end of a line:\n{}", found.join("\n"));
    let joined = format!("            \"the journal {}              ends here\"", "is whole, ".repeat(8));
    assert!(carries_blanks(&joined) && !carries_blanks("    page.line(\"  history      empty\".to_owned());"));
}

/// Whether a line of source holds a message that was continued without its backslash, and carries an indentation since.
fn carries_blanks(line: &str) -> bool {
    let line = line.trim();
    let is_code = !line.starts_with("//") && line.contains('"') && line.len() > JOINED;
    // What a program like `ps` prints is quoted with its columns.
    is_code && line.contains(INDENTATION) && !line.contains("\\n")
}
