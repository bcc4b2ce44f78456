//! Every setting there is: its key, its default and what it is for. The commented file that `init` writes, `config
//! print` and the check for unknown keys all come from this table.

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file: `table.name`. The environment variable is `STOCKADE_TABLE_NAME`.
    pub key: &'static str,
    /// Its default.
    pub default: &'static str,
    /// Its default with `--dev`, where that differs.
    pub dev: Option<&'static str>,
    /// How the value is written in the file.
    pub form: Form,
    /// What it is for, in the sentences of the commented file.
    pub about: &'static str,
}

/// How a value is written in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// In quotes.
    Text,
    /// A bare whole number.
    Number,
    /// `true` or `false`.
    Switch,
}

const fn text(key: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting { key, default, dev: None, form: Form::Text, about }
}

const fn number(key: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting { key, default, dev: None, form: Form::Number, about }
}

const fn switch(key: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting { key, default, dev: None, form: Form::Switch, about }
}

/// All settings, in the order of the file.
pub static SETTINGS: &[Setting] = &[
    Setting {
        key: "data_dir",
        default: ".",
        dev: Some("stockade-dev"),
        form: Form::Text,
        about: "Where the server keeps what it writes. Relative to this file, like every other path here.",
    },
    text(
        "listen.quic",
        "127.0.0.1:7411",
        "Address of the QUIC listener (UDP), for the client library and the command line.\n\
         Port 0 lets the system choose. Always encrypted, always with tokens.",
    ),
    text("listen.http", "127.0.0.1:7412", "Address of the HTTP side (probes, metrics, JSON calls), or \"off\"."),
    switch(
        "listen.http_behind_tls",
        "false",
        "The HTTP side speaks plain HTTP, and tokens travel in it. Say true when a proxy in front of it ends TLS;\n\
         without that the server refuses an HTTP address other machines can reach.",
    ),
    text(
        "listen.http_trusted_proxies",
        "",
        "Addresses or networks of proxies in front of the HTTP side, with commas between them: \"10.0.0.7, 10.1.0.0/16\".\n\
         All callers behind a proxy have its address. Their connections and refusals are not limited by address here; let\n\
         the proxy do that.",
    ),
    text(
        "journal.home",
        "local",
        "Where history is kept: \"local\" (a file on this machine's disk), \"redis://host:port/db\" (a Redis Stream), or\n\
         \"memory\" (gone with the process; only with --dev).",
    ),
    text("journal.path", "journal.redb", "The file of the local journal."),
    text("journal.partition", "main", "The name of this server's history in Redis."),
    text("journal.redis_password_file", "", "A file that holds the Redis password, so that it is not in this file."),
    switch(
        "journal.redis_network_is_private",
        "false",
        "The way to Redis is not encrypted. Say true when nobody else can read or change what travels there; without\n\
         that the server refuses a Redis on another machine.",
    ),
    text(
        "tls.cert",
        "",
        "Certificate chain in PEM. Empty: one is made on the first start, and clients pin it by fingerprint.",
    ),
    text("tls.key", "", "The certificate's private key in PEM."),
    text("auth.tokens", "tokens.toml", "The file of access tokens (hashed). `stockade token` edits it."),
    text("limits.request_timeout", "5s", "How long a request may wait for its answer to be as durable as asked."),
    number("limits.connections", "1024", "Client connections at one time."),
    text(
        "limits.token_share",
        "0.5",
        "Share of the connections, from 0 to 1, that one token may have: of limits.connections, and of those over HTTP.",
    ),
    number("limits.in_flight", "4096", "Requests one connection may have in flight; more are refused as overloaded."),
    text(
        "limits.memory",
        "256MiB",
        "Memory for requests on their way in and answers on their way out, of all callers together; one token gets at most\n\
         half of it. More is refused as overloaded. From 64MiB on.",
    ),
    text(
        "holds.grace",
        "10m",
        "Time that unpaid holds get when the server was away for more than five minutes, or a leap of the wall clock is\n\
         confirmed: none of them ends sooner than this after it. Or \"off\": they end at once.",
    ),
    text(
        "clock.outage_max",
        "1d",
        "A start whose wall clock is further than this from the last event does not follow it, if unpaid holds would end by\n\
         that, until `stockade clock confirm`: it may be wrong.",
    ),
    text(
        "clock.skew",
        "5m",
        "How far clocks of other systems may differ: what a caller says occurred later than this from now, or this long\n\
         before its order was placed, is refused. At most a day.",
    ),
    text(
        "routing.gap_sample",
        "0.01",
        "Share of placed orders, from 0 to 1, that are solved again next to the traffic to measure how far routing is from\n\
         the best. Takes at most a tenth of one processor.",
    ),
    text("drain.timeout", "10s", "How long a stopping server waits for requests in flight and for the journal."),
    text("log.level", "info", "error, warn, info, debug or trace; or a filter like \"info,stockade_server=debug\"."),
    text("log.format", "text", "\"text\" for people, \"json\" for machines. The log goes to standard error."),
];

/// The setting with this key.
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

impl Setting {
    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("STOCKADE_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// Its table in the file (empty for the top) and its name there.
    pub fn table_and_name(&self) -> (&'static str, &'static str) {
        self.key.split_once('.').unwrap_or(("", self.key))
    }
}

/// The configuration file `stockade init` writes: every setting with its default and what it is for.
pub fn commented_file() -> String {
    let mut file = String::from(
        "# Configuration of a Stockade server. Flags win over STOCKADE_* environment variables, and those over this file.\n\
         # `stockade config print` shows every value and where it comes from.\n",
    );
    let mut open = "";
    for setting in SETTINGS {
        let (table, name) = setting.table_and_name();
        file.push('\n');
        if table != open {
            file.push_str(&format!("[{table}]\n"));
            open = table;
        }
        for line in setting.about.lines() {
            file.push_str(&format!("# {line}\n"));
        }
        match setting.form {
            Form::Text => file.push_str(&format!("{name} = \"{}\"\n", setting.default)),
            Form::Number | Form::Switch => file.push_str(&format!("{name} = {}\n", setting.default)),
        }
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_contiguous_and_keys_unique() {
        let mut seen = Vec::new();
        for setting in SETTINGS {
            let (table, _) = setting.table_and_name();
            if seen.last() != Some(&table) {
                assert!(!seen.contains(&table), "table {table} is opened twice");
                seen.push(table);
            }
            assert_eq!(SETTINGS.iter().filter(|s| s.key == setting.key).count(), 1);
        }
    }
}
