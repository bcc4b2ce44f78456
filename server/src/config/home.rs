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
        // Wrong names are told whatever home is in use.
        let (file, partition) = (self.named("journal.path"), self.partition());
        match self.text("journal.home").as_str() {
            "memory" => JournalHome::Memory,
            "local" => JournalHome::Local(data_dir.join(&file)),
            url if url.starts_with("redis://") => self.redis(url, partition, base),
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

    fn partition(&mut self) -> Option<Code> {
        let code = |text: &str| Code::new(text).ok().filter(|code| !code.as_str().contains(['{', '}']));
        let partition = code(&self.text("journal.partition"));
        if partition.is_none() {
            self.problem("journal.partition", "journal.partition must be a short name without braces");
        }
        partition
    }

    fn redis(&mut self, url: &str, partition: Option<Code>, base: &Path) -> JournalHome {
        if !is_redis_url(url) {
            let what = format!("journal.home = \"{}\" must be like redis://host:port/db", shown(url));
            self.problem("journal.home", what);
        }
        let Some(partition) = partition else { return JournalHome::Memory };
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

/// Whether a URL names a host, and, where it has them, a port and the number of a database.
fn is_redis_url(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let place = place.split('?').next().unwrap_or(place);
    let (authority, db) = place.split_once('/').unwrap_or((place, ""));
    let (host, port) = match authority.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    !host.is_empty()
        && !host.contains(char::is_whitespace)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        && (db.is_empty() || db.parse::<u32>().is_ok())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_redis_is_a_host_a_port_and_a_database() {
        for url in [
            "redis://localhost",
            "redis://10.0.0.1:6379/0",
            "redis://u:p%40w@redis.internal:6379/3?protocol=resp3",
            "redis://:p@[::1]:6379",
            "redis://[::1]/",
        ] {
            assert!(is_redis_url(url), "{url}");
        }
        for odd in [
            "redis://",
            "redis:///0",
            "redis://:6379",
            "redis://h:0",
            "redis://h:x/0",
            "redis://h:70000",
            "redis://h/x",
        ] {
            assert!(!is_redis_url(odd), "{odd}");
        }
    }
}
