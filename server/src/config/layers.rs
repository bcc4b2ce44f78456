//! Flags over environment over file over defaults: the value of each setting and its origin.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::settings::{self, Form, SETTINGS, Setting};

/// Where the value of a setting comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The default.
    Default,
    /// The default with `--dev`.
    DevDefault,
    /// The configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::DevDefault => f.write_str("default with --dev"),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A setting's value as written, and its origin.
#[derive(Clone, Debug)]
pub struct Value {
    /// The setting.
    pub setting: &'static Setting,
    /// As written.
    pub text: String,
    /// Its origin.
    pub origin: Origin,
}

/// A value given by a flag.
#[derive(Clone, Debug)]
pub struct FlagValue {
    /// The flag, as the user knows it.
    pub flag: String,
    /// The setting's key.
    pub key: String,
    /// The value.
    pub text: String,
}

/// Something wrong in a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Where: an origin, or a file.
    pub place: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// The sources of settings outside the program: file, environment and flags.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The configuration file and its text.
    pub file: Option<(PathBuf, String)>,
    /// The variables that begin with `STOCKADE_`.
    pub environment: Vec<(String, String)>,
    /// The values that flags give.
    pub flags: Vec<FlagValue>,
    /// Whether `--dev` is given.
    pub dev: bool,
}

impl Sources {
    /// Every setting with its value and origin, in the order of the table; or everything that is wrong.
    pub fn resolve(&self) -> Result<Vec<Value>, Vec<Problem>> {
        let mut values: Vec<Value> = SETTINGS.iter().map(|setting| default_of(setting, self.dev)).collect();
        let mut problems = Vec::new();
        if let Some((path, text)) = &self.file {
            lay_file(&mut values, path, text, &mut problems);
        }
        for value in &mut values {
            let name = value.setting.variable();
            if let Some((_, text)) = self.environment.iter().find(|(variable, _)| *variable == name) {
                value.text.clone_from(text);
                value.origin = Origin::Environment(name);
            }
        }
        for flag in &self.flags {
            match values.iter_mut().find(|value| value.setting.key == flag.key) {
                Some(value) => {
                    value.text.clone_from(&flag.text);
                    value.origin = Origin::Flag(flag.flag.clone());
                }
                None => problems.push(Problem { place: flag.flag.clone(), reason: unknown_key(&flag.key) }),
            }
        }
        if problems.is_empty() { Ok(values) } else { Err(problems) }
    }

    /// Variables that begin with `STOCKADE_` and name no setting. They are not refused, because container platforms
    /// create variables of this form by themselves.
    pub fn unknown_variables(&self) -> Vec<&str> {
        let known =
            |name: &str| OTHER_VARIABLES.contains(&name) || SETTINGS.iter().any(|setting| setting.variable() == name);
        self.environment.iter().map(|(name, _)| name.as_str()).filter(|name| !known(name)).collect()
    }
}

/// Variables that are read, but not as settings of the server.
const OTHER_VARIABLES: [&str; 4] = ["STOCKADE_CONFIG", "STOCKADE_ADDR", "STOCKADE_TOKEN", "STOCKADE_PIN"];

fn default_of(setting: &'static Setting, dev: bool) -> Value {
    match setting.dev {
        Some(text) if dev => Value { setting, text: text.to_owned(), origin: Origin::DevDefault },
        _ => Value { setting, text: setting.default.to_owned(), origin: Origin::Default },
    }
}

fn lay_file(values: &mut [Value], path: &Path, text: &str, problems: &mut Vec<Problem>) {
    let line_of = |byte: usize| text[..byte.min(text.len())].matches('\n').count() + 1;
    let place = |byte: usize| format!("{}:{}", path.display(), line_of(byte));
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let byte = error.span().map_or(0, |span| span.start);
            problems.push(Problem { place: place(byte), reason: error.message().to_owned() });
            return;
        }
    };
    let mut entries = Vec::new();
    for (name, value) in document.get_ref() {
        match value.get_ref() {
            DeValue::Table(table) => {
                let inner =
                    table.iter().map(|(key, value)| (format!("{}.{}", name.get_ref(), key.get_ref()), key, value));
                entries.extend(inner);
            }
            _ => entries.push((name.get_ref().to_string(), name, value)),
        }
    }
    for (key, name, value) in entries {
        let byte = name.span().start;
        let Some(slot) = values.iter_mut().find(|slot| slot.setting.key == key) else {
            problems.push(Problem { place: place(byte), reason: unknown_key(&key) });
            continue;
        };
        match written(slot.setting, value.get_ref()) {
            Ok(text) => {
                slot.text = text;
                slot.origin = Origin::File { path: path.to_owned(), line: line_of(byte) };
            }
            Err(reason) => problems.push(Problem { place: place(byte), reason }),
        }
    }
}

fn written(setting: &Setting, value: &DeValue<'_>) -> Result<String, String> {
    match (setting.form, value) {
        (Form::Text, DeValue::String(text)) => Ok(text.to_string()),
        (Form::Number, DeValue::Integer(number)) if number.radix() == 10 => Ok(number.as_str().replace('_', "")),
        (Form::Switch, DeValue::Boolean(on)) => Ok(on.to_string()),
        (form, other) => {
            let wanted = match form {
                Form::Text => "text in quotes",
                Form::Number => "a whole number",
                Form::Switch => "true or false",
            };
            Err(format!("{} must be {wanted}, not {} {}", setting.key, article(other.type_str()), other.type_str()))
        }
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn unknown_key(key: &str) -> String {
    match nearest(key) {
        Some(near) => format!("there is no setting `{key}`; did you mean `{near}`?"),
        None => format!("there is no setting `{key}`; {}", what_there_is(key)),
    }
}

/// What can be written instead: `config print` would stumble over the same line.
fn what_there_is(key: &str) -> String {
    let table = key.split_once('.').map_or("", |(table, _)| table);
    let names = |table: &str| {
        let of_table = SETTINGS.iter().map(Setting::table_and_name).filter(|(of, _)| *of == table);
        of_table.map(|(_, name)| name).collect::<Vec<_>>()
    };
    let ours = names(table);
    if !table.is_empty() && !ours.is_empty() {
        return format!("[{table}] has {}", ours.join(", "));
    }
    let tables: BTreeSet<String> = SETTINGS
        .iter()
        .map(|setting| setting.table_and_name().0)
        .filter(|table| !table.is_empty())
        .map(|table| format!("[{table}]"))
        .collect();
    let tables: Vec<String> = tables.into_iter().collect();
    format!("there are {} and the tables {}", names("").join(", "), tables.join(", "))
}

fn nearest(key: &str) -> Option<&'static str> {
    let near = SETTINGS.iter().map(|s| (edits(key, s.key), s.key)).min()?;
    let last = |key: &'static str| settings::find(key).map(|s| s.table_and_name().1);
    let same_name = SETTINGS.iter().find(|s| last(s.key) == Some(key)).map(|s| s.key);
    same_name.or((near.0 <= 3).then_some(near.1))
}

/// Levenshtein distance: how many characters must be changed, added or removed.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let swap = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = swap.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Sources {
        Sources { file: Some(("s.toml".into(), text.to_owned())), ..Sources::default() }
    }

    fn get<'a>(values: &'a [Value], key: &str) -> &'a Value {
        values.iter().find(|value| value.setting.key == key).unwrap()
    }

    #[test]
    fn flags_win_over_environment_over_file_over_defaults() {
        let mut all = sources("[listen]\nquic = \"1.1.1.1:1\"\nhttp = \"1.1.1.1:2\"\n[limits]\nconnections = 1_000\n");
        all.environment = vec![
            ("STOCKADE_LISTEN_QUIC".into(), "2.2.2.2:1".into()),
            ("STOCKADE_LISTEN_HTTP".into(), "2.2.2.2:2".into()),
            ("STOCKADE_PORT_7411_TCP".into(), "tcp://".into()),
        ];
        all.flags = vec![FlagValue { flag: "--listen".into(), key: "listen.quic".into(), text: "3.3.3.3:1".into() }];
        let values = all.resolve().unwrap();
        let shown = |key| format!("{} ({})", get(&values, key).text, get(&values, key).origin);
        assert_eq!(shown("listen.quic"), "3.3.3.3:1 (flag --listen)");
        assert_eq!(shown("listen.http"), "2.2.2.2:2 (environment STOCKADE_LISTEN_HTTP)");
        assert_eq!(shown("limits.connections"), "1000 (s.toml:5)");
        assert_eq!(shown("journal.home"), "local (default)");
        assert_eq!(all.unknown_variables(), ["STOCKADE_PORT_7411_TCP"]);
    }

    #[test]
    fn everything_wrong_is_named_with_its_line() {
        let text = "[listen]\nqiuc = \"x\"\nhttp_behind_tls = 1\n\n[nonsense]\nx = 1\n";
        let problems = sources(text).resolve().unwrap_err();
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "s.toml:3: listen.http_behind_tls must be true or false, not an integer",
                "s.toml:2: there is no setting `listen.qiuc`; did you mean `listen.quic`?",
                "s.toml:6: there is no setting `nonsense.x`; there are data_dir and the tables [auth], [clock], [drain], \
                 [holds], [journal], [limits], [listen], [log], [routing], [tls]",
            ]
        );
        let problems = sources("[clock]\nsomething_else = 1\n").resolve().unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "s.toml:2: there is no setting `clock.something_else`; [clock] has outage_max, skew"
        );
        let problems = sources("a = 1\nb = = 2\n").resolve().unwrap_err();
        assert!(problems[0].to_string().starts_with("s.toml:2: "), "{}", problems[0]);
    }

    #[test]
    fn the_file_that_init_writes_says_the_defaults() {
        let values = sources(&settings::commented_file()).resolve().unwrap();
        for value in values {
            assert_eq!(value.text, value.setting.default, "{}", value.setting.key);
            assert!(matches!(value.origin, Origin::File { .. }), "{}", value.setting.key);
        }
    }
}
