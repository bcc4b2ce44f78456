//! The pages of the guide, followed line by line: every command works, and prints what the page shows.

use std::path::Path;
use std::process::Command;

use crate::rig::{Server, run};

/// A command of a page, and what the page shows of its output.
struct Typed {
    line: String,
    shown: Vec<String>,
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/guide").join(name);
    std::fs::read_to_string(path).expect("a page")
}

/// The commands of the console blocks, in order, but those that start a server or build it.
fn commands(page: &str) -> Vec<Typed> {
    let mut found: Vec<Typed> = Vec::new();
    for block in page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(typed) => found.push(Typed { line: typed.to_owned(), shown: Vec::new() }),
                None => found.last_mut().expect("a command before its output").shown.push(line.to_owned()),
            }
        }
    }
    let elsewhere = ["cargo ", "export ", "cd ", "stockade serve", "stockade init"];
    found.retain(|typed| !elsewhere.iter().any(|word| typed.line.starts_with(word)));
    found
}

/// Types the commands into a shell in the server's folder.
fn follow(server: &Server, commands: &[Typed]) {
    let program = Path::new(env!("CARGO_BIN_EXE_stockade")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").expect("a path"));
    for Typed { line, shown } in commands {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(server.dir.path()).env("PATH", &path);
        for name in ["STOCKADE_ADDR", "STOCKADE_TOKEN", "STOCKADE_PIN", "STOCKADE_CONFIG"] {
            shell.env_remove(name);
        }
        let output = shell.output().expect("a shell");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8")).concat();
        let refused = shown.first().is_some_and(|line| line.starts_with("stockade: "));
        assert_eq!(output.status.success(), !refused, "$ {line}\n{text}");
        let printed = without_times(&text);
        for expected in shown.iter().filter(|line| !matches!(line.trim(), "" | "…" | "...")) {
            let expected = without_times(expected);
            assert!(printed.lines().any(|line| line == expected), "`{expected}` is missing:\n$ {line}\n{text}");
        }
    }
}

/// The text with every time of day replaced, since no two runs have the same.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| word.starts_with("20") && word.trim_end_matches(',').ends_with('Z');
    let words = |line: &str| -> String {
        let masked = line.split(' ').map(|word| if is_time(word) { "TIME" } else { word });
        masked.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

#[test]
fn first_steps_are_taken() {
    let page = page("first-steps.md");
    let (trying, for_real) = page.split_once("## For real").unwrap();
    let (trying, for_real) = (commands(trying), commands(for_real));
    assert!(trying.len() >= 7 && for_real.len() >= 7);
    follow(&Server::start(), &trying);
    let server = Server::start_for_real();
    follow(&server, &for_real);
    run(server.dir.path(), &["place", "web/1", "TEE:2", "MUG", "--zone", "CN-33"]).ended(0);
}

#[test]
fn presale_is_followed() {
    let commands = commands(&page("presale.md"));
    assert!(commands.len() >= 12);
    follow(&Server::start(), &commands);
}

#[test]
fn a_backup_is_taken_and_restored() {
    let commands = commands(&page("backup.md"));
    assert!(commands.len() >= 7);
    let server = Server::start_for_real();
    for made in ["world apply world.toml", "sku define TEE", "receive HGH TEE:100", "place web/1 TEE:2"] {
        server.run(&made.split(' ').collect::<Vec<_>>()).ended(0);
    }
    follow(&server, &commands);
    let events = std::fs::read_to_string(server.dir.path().join("events.jsonl")).unwrap();
    assert_eq!(events.lines().count(), 4);
    for restored in ["again", "before-the-order"] {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("journal.redb");
        std::fs::copy(server.dir.path().join(restored).join("journal.redb"), to).unwrap();
        run(folder.path(), &["init"]).ended(0);
        let again = Server::start_again_for_real(folder, &[]);
        assert_eq!(again.run(&["order", "web/1"]).code, i32::from(restored == "before-the-order"));
    }
}

#[test]
fn weights_are_set_and_their_figures_are_those_of_the_page() {
    let page = page("weights.md");
    let world = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the world");
    let server = Server::start_for_real();
    std::fs::write(server.dir.path().join("world.toml"), world).unwrap();
    let followed: Vec<Typed> = commands(page.split("## Before a change").next().expect("the example"));
    assert!(followed.len() >= 20);
    follow(&server, &followed);
}
