//! Settings and access tokens.

use std::path::Path;

use serde::Serialize;
use stockade_core::ids::Code;

use super::page::{Page, Table};
use crate::auth::{Entry, Role};
use crate::config::{Config, shown};
use crate::terminal::Output;

#[derive(Serialize)]
struct CheckedBody<'a> {
    ok: bool,
    file: Option<&'a Path>,
    dev: bool,
}

#[derive(Serialize)]
struct SettingBody<'a> {
    key: &'a str,
    value: String,
    from: String,
}

#[derive(Serialize)]
struct TokenBody<'a> {
    name: &'a Code,
    role: &'a str,
    channel: Option<&'a Code>,
    created: &'a str,
}

#[derive(Serialize)]
struct RevokedBody<'a> {
    revoked: &'a Code,
}

/// A token that was just made.
#[derive(Debug, Serialize)]
pub struct NewTokenBody<'a> {
    /// Its name.
    pub name: &'a Code,
    /// The name of its role.
    pub role: &'a str,
    /// The channel of a storefront.
    pub channel: Option<&'a Code>,
    /// What its bearer shows.
    pub token: &'a str,
}

/// Prints that settings are in order.
pub fn settings_checked(config: &Config, out: Output) {
    if out.json {
        return out.object(&CheckedBody { ok: true, file: config.file.as_deref(), dev: config.dev });
    }
    let mut page = Page::default();
    match &config.file {
        Some(file) => page.line(format!("{} is in order", file.display())),
        None => page.line("no configuration file; defaults, environment and flags are in order"),
    }
    for danger in config.dangers() {
        page.line(format!("only because of --dev: {}: {}", danger.key, danger.reason));
    }
    page.print(out);
}

/// Prints every setting, its value, and where the value comes from.
pub fn settings(config: &Config, out: Output) {
    let mut table = Table::new(["setting", "value", "from"]);
    for value in &config.values {
        let (key, text, from) = (value.setting.key, shown(&value.text), value.origin.to_string());
        if out.json {
            out.object(&SettingBody { key, value: text, from });
        } else {
            let text = if text.is_empty() { "\"\"".to_owned() } else { text };
            table.row([key.to_owned(), text, from]);
        }
    }
    print_table(&table, out);
}

/// Prints a new token, the only time it is shown.
pub fn token_added(token: &NewTokenBody<'_>, out: Output) {
    if out.json {
        return out.object(token);
    }
    out.line(token.token);
    eprintln!("stockade: token {} ({}); it is not shown again, only its hash is kept", token.name, token.role);
}

/// Prints the tokens of a file, oldest first.
pub fn tokens(file: &Path, entries: &[Entry], out: Output) {
    let mut table = Table::new(["name", "role", "channel", "created"]);
    for entry in entries {
        let (role, channel) = (entry.role().map_or("?", Role::name), entry.channel.as_ref());
        if out.json {
            out.object(&TokenBody { name: &entry.name, role, channel, created: &entry.created });
        } else {
            let channel = channel.map_or("-", Code::as_str);
            table.row([entry.name.to_string(), role.to_owned(), channel.to_owned(), entry.created.clone()]);
        }
    }
    if table.is_empty() && !out.json {
        out.line(format!("no tokens in {}; `stockade token add --role admin` makes one", file.display()));
    }
    print_table(&table, out);
}

/// Prints that a token is worth nothing any more.
pub fn token_revoked(name: &Code, out: Output) {
    if out.json {
        out.object(&RevokedBody { revoked: name });
    } else {
        out.line(format!("token {name} is revoked"));
    }
}

fn print_table(table: &Table, out: Output) {
    let mut page = Page::default();
    page.table(table);
    page.print(out);
}
