//! What messages advise exists: every command, flag, setting and variable that a message of the sources names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::Cli;
use crate::config::{SETTINGS, Setting};

/// What stands in a message for something that is known only when it is said, and an example of it. Longer ones first.
const SAMPLES: [(&str, &str); 2] = [("…", "x"), ("add|list|revoke", "list")];

/// A text of the sources, with its place.
struct Literal {
    file: PathBuf,
    line: usize,
    text: String,
}

/// Every text of the sources, without those of tests.
fn literals() -> Vec<Literal> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let mut folders: Vec<PathBuf> = ["core/src", "server/src", "client/src"].map(|folder| root.join(folder)).into();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("cli/advised.rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                found.extend(texts(code).into_iter().map(|(line, text)| Literal { file: path.clone(), line, text }));
            }
        }
    }
    found
}

/// The texts in a source, with their lines: what stands in quotes outside of comments.
fn texts(code: &str) -> Vec<(usize, String)> {
    let (mut found, mut line) = (Vec::new(), 1);
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let skip = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '\'' if rest.starts_with("'\\\"'") || rest.starts_with("'\\''") => 4,
            '\'' if rest.starts_with("'\"'") => 3,
            'r' if rest.starts_with("r#\"") => {
                let end = rest.find("\"#").map_or(rest.len(), |end| end + 2);
                found.push((line, rest[3..end.saturating_sub(2).max(3)].to_owned()));
                end
            }
            '"' => {
                let (text, end) = quoted(&rest[1..]);
                found.push((line, text));
                end + 1
            }
            c => c.len_utf8(),
        };
        line += rest[..skip].matches('\n').count();
        rest = &rest[skip..];
    }
    found
}

/// A text up to its closing quote, and how many bytes it and the quote take.
fn quoted(code: &str) -> (String, usize) {
    let mut text = String::new();
    let mut chars = code.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, at + 1),
            '\\' => match chars.next().map(|(_, escaped)| escaped) {
                // The text goes on in the next line, after its indentation.
                Some('\n') => while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                Some('n') => text.push('\n'),
                Some(escaped) => text.push(escaped),
                None => {}
            },
            c => text.push(c),
        }
    }
    (text, code.len())
}

/// What stands in backticks.
fn marked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The words of a command, with examples for what is filled in.
fn words(command: &str) -> Vec<String> {
    let mut command = command.to_owned();
    while let Some((before, rest)) = command.split_once('{') {
        let after = rest.split_once('}').map_or("", |(_, after)| after);
        command = format!("{before}x{after}");
    }
    SAMPLES.iter().for_each(|(what, sample)| command = command.replace(what, sample));
    command.split_whitespace().map(str::to_owned).collect()
}

/// Whether words are a command that there is: complete, or named without what it needs.
fn is_command(words: &[String]) -> Result<(), String> {
    let is_named = words.iter().skip(1).all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
    match Cli::try_parse_from(words) {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(()),
            ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                if is_named && !words.last().is_some_and(|word| word.starts_with("--")) =>
            {
                Ok(())
            }
            _ => Err(error.to_string()),
        },
    }
}

/// Every flag of every command.
fn flags() -> BTreeSet<String> {
    let mut commands = vec![Cli::command()];
    let mut flags = BTreeSet::from(["--help".to_owned(), "--version".to_owned()]);
    while let Some(command) = commands.pop() {
        flags.extend(command.get_arguments().filter_map(|flag| Some(format!("--{}", flag.get_long()?))));
        commands.extend(command.get_subcommands().cloned());
    }
    flags
}

/// Words that look like one thing: from a beginning on, as long as such characters follow.
fn named<'a>(text: &'a str, begin: &str, is_of: fn(char) -> bool) -> Vec<&'a str> {
    let starts = text.match_indices(begin).map(|(at, _)| at);
    let alone = starts.filter(|at| !text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || "-_./".contains(c)));
    alone.map(|at| text[at..].split(|c| !is_of(c)).next().unwrap_or_default()).collect()
}

#[test]
fn commands_that_messages_advise_are_commands_there_are() {
    let (flags, mut wrong, mut seen) = (flags(), Vec::new(), 0);
    let verbs: BTreeSet<String> = Cli::command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    for Literal { file, line, text } in literals() {
        let mut says = |what: &str, why: &str| wrong.push(format!("{}:{line}: {what}: {why}", file.display()));
        for advice in marked(&text) {
            let words = words(advice);
            let whole = words.first().is_some_and(|word| word == "stockade");
            // A verb alone with a flag, like `reroute --apart`: what it needs besides is not said.
            let is_verb = words.len() > 1 && verbs.contains(&words[0]) && words[1].starts_with("--");
            if whole && let Err(error) = is_command(&words) {
                says(advice, &error);
            }
            if is_verb && !words[1..].iter().filter(|word| word.starts_with("--")).all(|flag| flags.contains(flag)) {
                says(advice, "there is no such flag");
            }
            seen += usize::from(whole || is_verb);
        }
        for flag in named(&text, "--", |c| c.is_ascii_lowercase() || c == '-').into_iter().filter(|flag| flag.len() > 3)
        {
            if !flags.contains(flag) {
                says(flag, "there is no such flag");
            }
        }
    }
    assert_eq!(wrong, [""; 0], "{}", wrong.join("\n"));
    assert!(seen > 30, "only {seen} commands found");
}

/// Things that messages count, as they are called when there are several.
const COUNTED: &str = "units sub-orders orders rows refunds parcels cells SKUs events lines payments warehouses carriers \
                       channels tokens plans decisions promises records";
/// Sources with texts that no message shows, or in which there are many of everything: checks of invariants, and the demo.
const NOT_READ: &str = "src/engine/check.rs src/routing/problem.rs src/orders/order.rs src/orders/slots.rs src/orders/shard.rs \
                        src/orders/lists src/stock src/demo src/print/day.rs";

/// Where a message counts something by a number that may be one. What it calls in capitals is a bound, and large; what has
/// decimals is a measure.
fn counts_badly(text: &str) -> Option<&str> {
    let filled = text.match_indices('}').filter_map(|(end, _)| Some((text[..end].rfind('{')? + 1, end)));
    let mut counts = filled.filter(|(start, end)| {
        let filled = &text[*start..*end];
        !filled.starts_with(|c: char| c.is_ascii_uppercase()) && !filled.contains(":.")
    });
    counts.find_map(|(start, end)| {
        let after = text[end + 1..].strip_prefix(' ')?;
        let word = after.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()?;
        let is_counted = COUNTED.split(' ').any(|counted| counted == word);
        is_counted.then(|| &text[start - 1..end + 2 + word.len()])
    })
}

#[test]
fn one_of_a_thing_is_counted_in_the_singular() {
    assert_eq!(counts_badly("here are {count} units of it"), Some("{count} units"));
    assert_eq!(counts_badly("at most {LINE_UNITS_MAX} units, {} too many"), None);
    let read = literals().into_iter().filter(|Literal { file, .. }| {
        let file = file.to_string_lossy().into_owned();
        !NOT_READ.split(' ').any(|part| file.contains(part))
    });
    let wrong =
        |Literal { file, line, text }: Literal| Some(format!("{}:{line}: {}", file.display(), counts_badly(&text)?));
    let wrong: Vec<String> = read.filter_map(wrong).collect();
    assert_eq!(wrong, [""; 0], "say it by `counted`:\n{}", wrong.join("\n"));
}

/// Names that look like settings and are files of a server's folder.
const FILES: [&str; 2] = ["journal.mark", "journal.redb"];

#[test]
fn settings_and_variables_that_messages_name_are_ones_there_are() {
    let tables: BTreeSet<String> = SETTINGS.iter().map(|setting| format!("{}.", setting.table_and_name().0)).collect();
    let keys: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.key).chain(FILES).collect();
    let mut variables: BTreeSet<String> = SETTINGS.iter().map(Setting::variable).collect();
    let mut commands = vec![Cli::command()];
    while let Some(command) = commands.pop() {
        let of_flags = command.get_arguments().filter_map(|flag| Some(flag.get_env()?.to_string_lossy().into_owned()));
        variables.extend(of_flags);
        commands.extend(command.get_subcommands().cloned());
    }
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for Literal { file, line, text } in literals() {
        let mut says = |what: &str| wrong.push(format!("{}:{line}: there is no {what}", file.display()));
        for table in tables.iter().filter(|table| table.len() > 1) {
            for key in named(&text, table, |c| c.is_ascii_lowercase() || "._".contains(c)) {
                let key = key.trim_end_matches('.');
                seen += 1;
                if key.contains('.') && !keys.contains(key) {
                    says(key);
                }
            }
        }
        for variable in named(&text, "STOCKADE_", |c| c.is_ascii_uppercase() || c == '_') {
            if variable != "STOCKADE_" && !variables.contains(variable) {
                says(variable);
            }
        }
    }
    assert_eq!(wrong, [""; 0], "{}", wrong.join("\n"));
    assert!(seen > 20, "only {seen} settings found");
}
