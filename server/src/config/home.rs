//! Where history is kept, and how the URL of a Redis carries its password.

use std::path::{Path, PathBuf};

use stockade_core::ids::Code;

use super::reader::Reader;

/// Where history is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JournalHome {
    /// In this process only.
    Memory,
    /// In a file on this machine.
    Local(PathBuf),
    /// In a Redis Stream.
    Redis {
        /// `redis://host:port/db`, including the password when one is configured.
        url: String,
        /// The name of the partition that holds this server's history.
        partition: Code,
    },
}

/// Why `rediss://` is refused.
pub const NO_TLS: &str = "rediss:// is not supported: use redis://, to a Redis on this machine, or to the near end of an \
                          encrypted tunnel (stunnel, WireGuard) to another";

impl Reader<'_> {
    /// Where history is kept, by the `journal` settings.
    pub(super) fn journal(&mut self, base: &Path, data_dir: &Path) -> JournalHome {
        match self.text("journal.home").as_str() {
            "memory" => JournalHome::Memory,
            "local" => JournalHome::Local(data_dir.join(self.text("journal.path"))),
            url if url.starts_with("redis://") => self.redis(url, base),
            url if url.starts_with("rediss://") => {
                self.problem("journal.home", format!("journal.home: {NO_TLS}"));
                JournalHome::Memory
            }
            other => {
                let what = format!("journal.home = \"{other}\" must be local, memory or redis://host:port/db");
                self.problem("journal.home", what);
                JournalHome::Memory
            }
        }
    }

    fn redis(&mut self, url: &str, base: &Path) -> JournalHome {
        let code = |text: &str| Code::new(text).ok().filter(|code| !code.as_str().contains(['{', '}']));
        let partition = self.text("journal.partition");
        let Some(partition) = code(&partition) else {
            self.problem("journal.partition", "journal.partition must be a short name without braces");
            return JournalHome::Memory;
        };
        let file = self.text("journal.redis_password_file");
        if file.is_empty() {
            return JournalHome::Redis { url: url.to_owned(), partition };
        }
        match std::fs::read_to_string(base.join(&file)) {
            Ok(password) => JournalHome::Redis { url: with_password(url, password.trim_end()), partition },
            Err(error) => {
                self.problem("journal.redis_password_file", format!("{file} cannot be read: {error}"));
                JournalHome::Memory
            }
        }
    }
}

/// The URL with this password in it, escaped.
fn with_password(url: &str, password: &str) -> String {
    let escaped: String = password
        .bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (user, host) = rest.split_once('@').unwrap_or(("", rest));
    let user = user.split(':').next().unwrap_or("");
    format!("{scheme}://{user}:{escaped}@{host}")
}

/// A value as it may be shown: the password in a URL is masked.
pub fn shown(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or("");
            format!("{scheme}://{user}:***@{host}")
        }
        None => text.to_owned(),
    }
}
