//! Every failure of the page has a test of its name.

use std::fs;
use std::path::Path;

/// Sections whose tables list what may happen.
const SECTIONS: [&str; 4] = [
    "## Stopping",
    "## When the journal fails",
    "## When client, server and journal do not fit",
    "## When a part of the server fails",
];
/// Where the tests are.
const TESTS: [&str; 6] = [
    "server/tests/operations/fit.rs",
    "server/tests/operations/journal.rs",
    "server/tests/operations/parts.rs",
    "server/tests/operations/start.rs",
    "server/tests/operations/stopping.rs",
    "core/tests/halt.rs",
];

/// The first cell of each row, as the name of a test: `exit 5, "deposed"` is `exit_5_deposed`.
fn rows(page: &str) -> Vec<String> {
    let mut names = Vec::new();
    for section in SECTIONS {
        let (_, text) = page.split_once(section).unwrap_or_else(|| panic!("there is no {section}"));
        let text = text.split("\n## ").next().unwrap_or_default();
        let table = text.lines().filter(|line| line.starts_with('|')).skip(2);
        let first = table.filter_map(|line| line.trim_start_matches('|').split('|').next());
        let before = names.len();
        names.extend(first.map(|cell| {
            let plain: String =
                cell.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
            plain.split_whitespace().collect::<Vec<_>>().join("_")
        }));
        assert!(names.len() > before, "{section} has no table");
    }
    names
}

#[test]
fn every_failure_of_the_page_is_walked_by_a_test_of_its_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("docs/src/guide/operations.md")).unwrap();
    let tests: String = TESTS.iter().map(|file| fs::read_to_string(root.join(file)).unwrap()).collect();
    let rows = rows(&page);
    assert!(rows.len() >= 24, "{rows:?}");
    let without: Vec<_> = rows.iter().filter(|row| !tests.contains(&format!("#[test]\nfn {row}() {{"))).collect();
    assert!(without.is_empty(), "rows without a test of their name: {without:#?}");
}
