//! Settings of the server: flags win over `STOCKADE_*` variables, and those over the file. Each value knows where it
//! comes from, an unknown key is refused with its line, and outside `--dev` unsafe settings are refused with a reason.

mod layers;
mod safety;
mod settings;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use stockade_core::ids::Code;
use stockade_core::time::Span;

pub use layers::{FlagValue, Origin, Problem, Sources, Value};
pub use safety::Danger;
pub use settings::{Form, SETTINGS, Setting, commented_file};

/// The name of the configuration file.
pub const FILE_NAME: &str = "stockade.toml";

/// The settings of a server, checked and typed.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether unsafe settings are allowed and missing things are made.
    pub dev: bool,
    /// The file they come from, if there is one.
    pub file: Option<PathBuf>,
    /// Where the server keeps what it writes.
    pub data_dir: PathBuf,
    /// Address of the QUIC listener.
    pub quic: SocketAddr,
    /// Address of the HTTP side, unless it is off.
    pub http: Option<SocketAddr>,
    /// Whether a proxy in front of the HTTP side ends TLS.
    pub http_behind_tls: bool,
    /// Where history is kept.
    pub journal: JournalHome,
    /// Certificate chain and private key, unless one is made.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// The file of access tokens.
    pub tokens: PathBuf,
    /// How long a request may wait for its durability.
    pub request_timeout: Duration,
    /// Client connections at one time.
    pub connections: u32,
    /// Requests one connection may have in flight.
    pub in_flight: u32,
    /// How many in a million placed orders are solved again to measure routing.
    pub gap_sample_ppm: u64,
    /// How long a stopping server waits.
    pub drain_timeout: Duration,
    /// Which log lines are written.
    pub log_filter: String,
    /// Whether log lines are JSON.
    pub log_json: bool,
    /// Every setting as written, with its origin.
    pub values: Vec<Value>,
}

/// Where history is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JournalHome {
    /// In this process only.
    Memory,
    /// In a file on this machine.
    Local(PathBuf),
    /// In a Redis Stream.
    Redis {
        /// `redis://host:port/db`, with the password in it when one is known.
        url: String,
        /// The name of this server's history.
        partition: Code,
    },
}

/// What a command line says about configuration.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The file, or the folder that holds `stockade.toml`.
    pub path: Option<PathBuf>,
    /// Values given by flags.
    pub flags: Vec<FlagValue>,
    /// Whether `--dev` is given.
    pub dev: bool,
}

impl Config {
    /// Reads the file and the environment of this process and lays the flags over them.
    pub fn load(asked: &Asked) -> Result<Config, Vec<Problem>> {
        let sources = read_sources(asked)?;
        let file = sources.file.as_ref().map(|(path, _)| path.clone());
        Config::typed(file, asked.dev, sources.resolve()?)
    }

    /// Checks and types resolved values. Relative paths are relative to the file's folder.
    pub fn typed(file: Option<PathBuf>, dev: bool, values: Vec<Value>) -> Result<Config, Vec<Problem>> {
        let mut read = Reader { values: &values, problems: Vec::new() };
        let base = file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let data_dir = base.join(read.text("data_dir"));
        let cert = read.text("tls.cert");
        let key = read.text("tls.key");
        if cert.is_empty() != key.is_empty() {
            read.problem("tls.cert", "tls.cert and tls.key are given together or not at all");
        }
        let config = Config {
            dev,
            quic: read.parsed("listen.quic", "an address with a port, like 127.0.0.1:7411"),
            http: match read.text("listen.http").as_str() {
                "off" => None,
                _ => Some(read.parsed("listen.http", "an address with a port, like 127.0.0.1:7412, or off")),
            },
            http_behind_tls: read.parsed("listen.http_behind_tls", "true or false"),
            journal: read.journal(&base, &data_dir),
            tls: (!cert.is_empty()).then(|| (base.join(cert), base.join(key))),
            tokens: data_dir.join(read.text("auth.tokens")),
            request_timeout: read.span("limits.request_timeout"),
            connections: read.count("limits.connections"),
            in_flight: read.count("limits.in_flight"),
            gap_sample_ppm: read.share_ppm("routing.gap_sample"),
            drain_timeout: read.span("drain.timeout"),
            log_filter: read.log_filter(),
            log_json: read.choice("log.format", ["text", "json"]) == "json",
            data_dir,
            file,
            values: Vec::new(),
        };
        let problems = read.problems;
        if problems.is_empty() { Ok(Config { values, ..config }) } else { Err(problems) }
    }

    /// Everything in these settings, and on this disk, that a server outside `--dev` must not start with.
    pub fn dangers(&self) -> Vec<Danger> {
        safety::dangers(self)
    }
}

/// The file's text and the environment of this process.
pub fn read_sources(asked: &Asked) -> Result<Sources, Vec<Problem>> {
    let (path, required) = match &asked.path {
        Some(path) if path.is_dir() => (path.join(FILE_NAME), true),
        Some(path) => (path.clone(), true),
        None => (PathBuf::from(FILE_NAME), false),
    };
    let file = match std::fs::read_to_string(&path) {
        Ok(text) => Some((path, text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => None,
        Err(error) => {
            let reason = format!("cannot be read: {error}; `stockade init DIR` makes one");
            return Err(vec![Problem { place: path.display().to_string(), reason }]);
        }
    };
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("STOCKADE_"))
        .collect();
    Ok(Sources { file, environment, flags: asked.flags.clone(), dev: asked.dev })
}

/// Reads values one by one and gathers what is wrong with them.
struct Reader<'a> {
    values: &'a [Value],
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn text(&self, key: &str) -> String {
        self.values.iter().find(|value| value.setting.key == key).map(|value| value.text.clone()).unwrap_or_default()
    }

    fn problem(&mut self, key: &str, reason: impl Into<String>) {
        let origin = self.values.iter().find(|value| value.setting.key == key).map(|value| value.origin.to_string());
        self.problems.push(Problem { place: origin.unwrap_or_default(), reason: reason.into() });
    }

    fn checked<T>(&mut self, key: &str, wanted: &str, parse: impl Fn(&str) -> Option<T>, instead: T) -> T {
        let text = self.text(key);
        parse(&text).unwrap_or_else(|| {
            self.problem(key, format!("{key} = \"{text}\" must be {wanted}"));
            instead
        })
    }

    fn parsed<T: FromStr + Placeholder>(&mut self, key: &str, wanted: &str) -> T {
        self.checked(key, wanted, |text| text.parse().ok(), T::placeholder())
    }

    fn count(&mut self, key: &str) -> u32 {
        let parse = |text: &str| text.parse().ok().filter(|n| *n > 0);
        self.checked(key, "a whole number from 1 on", parse, 1)
    }

    /// A share from 0 to 1, in millionths.
    fn share_ppm(&mut self, key: &str) -> u64 {
        let parse = |text: &str| text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
        let share = self.checked(key, "a share from 0 to 1, like 0.01", parse, 0.0);
        (share * 1e6).round() as u64
    }

    fn span(&mut self, key: &str) -> Duration {
        let parse = |text: &str| text.parse::<Span>().ok().filter(|span| *span > Span::ZERO);
        let span = self.checked(key, "a length of time like 500ms, 5s or 1m", parse, Span::from_secs(1));
        Duration::from_micros(span.0)
    }

    fn choice<const N: usize>(&mut self, key: &str, choices: [&'static str; N]) -> &'static str {
        let wanted = format!("one of: {}", choices.join(", "));
        self.checked(key, &wanted, |text| choices.into_iter().find(|choice| *choice == text), choices[0])
    }

    fn log_filter(&mut self) -> String {
        let parse = |text: &str| tracing_subscriber::EnvFilter::try_new(text).ok().map(|_| text.to_owned());
        self.checked("log.level", "error, warn, info, debug, trace or a filter of such", parse, "info".to_owned())
    }

    fn journal(&mut self, base: &Path, data_dir: &Path) -> JournalHome {
        match self.text("journal.home").as_str() {
            "memory" => JournalHome::Memory,
            "local" => JournalHome::Local(data_dir.join(self.text("journal.path"))),
            url if url.starts_with("redis://") || url.starts_with("rediss://") => self.redis(url, base),
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

/// What stands in for a value that is refused, so that the other values are checked too.
trait Placeholder {
    fn placeholder() -> Self;
}

impl Placeholder for SocketAddr {
    fn placeholder() -> Self {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }
}

impl Placeholder for bool {
    fn placeholder() -> Self {
        false
    }
}

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

/// A value as it may be shown: the password in a URL is left out.
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
