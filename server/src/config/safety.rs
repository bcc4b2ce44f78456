//! What a server that is not for development refuses to start with, and why.

use std::path::Path;

use super::home::JournalHome;
use super::typed::Config;

/// A setting that would put stock, orders or access at risk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Danger {
    /// The setting's key.
    pub key: &'static str,
    /// What could happen, and what to do instead.
    pub reason: String,
}

impl Config {
    /// Everything in these settings, and in the files they name, that a server outside `--dev` must not start with.
    pub fn dangers(&self) -> Vec<Danger> {
        dangers(self)
    }
}

fn dangers(config: &Config) -> Vec<Danger> {
    let mut found = Vec::new();
    let mut add = |key, reason: String| found.push(Danger { key, reason });
    match &config.journal {
        JournalHome::Memory => add(
            "journal.home",
            "the memory journal loses every order when the process ends; use \"local\" or \"redis://…\"".into(),
        ),
        JournalHome::Redis { url, .. } => redis(url, config.redis_network_is_private, &mut add),
        JournalHome::Local(_) => {}
    }
    if let Some(http) = config.http
        && !http.ip().is_loopback()
        && !config.http_behind_tls
    {
        add(
            "listen.http",
            format!(
                "other machines can reach {http}, and tokens would travel there unencrypted; listen on 127.0.0.1, or put a \
                 proxy that ends TLS in front and say listen.http_behind_tls = true"
            ),
        );
    }
    let mut private = vec![("auth.tokens", config.tokens.as_path())];
    private.extend(config.tls.as_ref().map(|(_, key)| ("tls.key", key.as_path())));
    if let (Some(file), JournalHome::Redis { url, .. }) = (&config.file, &config.journal)
        && password_in(url)
    {
        private.push(("journal.home", file));
    }
    for (key, path) in private {
        if others_may_read(path) {
            let path = path.display();
            add(key, format!("every user of this machine can read {path}; run `chmod o-rwx {path}`"));
        }
    }
    found
}

fn redis(url: &str, is_private: bool, add: &mut impl FnMut(&'static str, String)) {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split(['/', '?']).next().unwrap_or(host);
    let name = host.strip_prefix('[').and_then(|h| h.split(']').next()).or(host.split(':').next()).unwrap_or(host);
    let here = name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if here {
        return;
    }
    if !password_in(url) {
        add(
            "journal.home",
            format!(
                "Redis at {host} is used without a password, so anyone who reaches it could rewrite history; set journal.redis_password_file"
            ),
        );
    }
    if !is_private {
        add(
            "journal.redis_network_is_private",
            format!(
                "orders and the password travel to Redis at {host} unencrypted, and whoever is on the way could change them; use \
                 an encrypted tunnel that ends on this machine, or say journal.redis_network_is_private = true if the network is"
            ),
        );
    }
}

fn password_in(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.rsplit_once('@').and_then(|(user, _)| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o007 != 0)
}

/// Where there are no mode bits, folders are private to their owner by inheritance.
#[cfg(not(unix))]
fn others_may_read(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::super::{FlagValue, Sources};
    use super::*;

    fn config(flags: &[(&str, &str)]) -> Config {
        let flags = flags.iter().map(|(key, text)| FlagValue {
            flag: format!("--set {key}"),
            key: (*key).to_owned(),
            text: (*text).to_owned(),
        });
        let sources = Sources { flags: flags.collect(), ..Sources::default() };
        Config::typed(None, false, sources.resolve().unwrap()).unwrap()
    }

    fn keys(flags: &[(&str, &str)]) -> Vec<&'static str> {
        config(flags).dangers().into_iter().map(|danger| danger.key).collect()
    }

    #[test]
    fn the_defaults_are_safe_and_each_danger_is_found() {
        assert_eq!(keys(&[]), [""; 0]);
        assert_eq!(keys(&[("journal.home", "memory")]), ["journal.home"]);
        assert_eq!(keys(&[("listen.http", "0.0.0.0:80")]), ["listen.http"]);
        assert_eq!(keys(&[("listen.http", "0.0.0.0:80"), ("listen.http_behind_tls", "true")]), [""; 0]);
        assert_eq!(keys(&[("listen.http", "[::1]:80"), ("listen.quic", "0.0.0.0:1")]), [""; 0]);
        let private = "journal.redis_network_is_private";
        assert_eq!(keys(&[("journal.home", "redis://10.0.0.1:6379/0")]), ["journal.home", private]);
        let with_password = ("journal.home", "redis://:secret@10.0.0.1:6379/0");
        assert_eq!(keys(&[with_password]), [private]);
        assert_eq!(keys(&[with_password, (private, "true")]), [""; 0]);
        assert_eq!(keys(&[("journal.home", "redis://127.0.0.1:6379/0")]), [""; 0]);
        assert_eq!(keys(&[("journal.home", "redis://[::1]:6379/0")]), [""; 0]);
        assert_eq!(keys(&[("journal.home", "redis://localhost")]), [""; 0]);
    }

    #[test]
    fn an_encrypted_way_to_redis_is_refused_by_name() {
        let flag = FlagValue { flag: "--journal".into(), key: "journal.home".into(), text: "rediss://r:6379/0".into() };
        let values = Sources { flags: vec![flag], ..Sources::default() }.resolve().unwrap();
        let problems = Config::typed(None, false, values).unwrap_err();
        assert!(
            problems.iter().any(|problem| problem.to_string().contains("rediss:// is not supported")),
            "{problems:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn files_with_secrets_must_be_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let tokens = dir.path().join("t.toml");
        std::fs::write(&tokens, "").unwrap();
        let set = |mode| std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(mode)).unwrap();
        let flags = [("data_dir", dir.path().to_str().unwrap()), ("auth.tokens", "t.toml")];
        set(0o644);
        assert_eq!(keys(&flags), ["auth.tokens"]);
        set(0o640);
        assert_eq!(keys(&flags), [""; 0]);
    }
}
