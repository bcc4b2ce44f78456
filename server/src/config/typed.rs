//! The settings, checked and typed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stockade_core::limits::{FRAME_BYTES_MAX, HOLD_TTL_MAX, SKEW_MAX};
use stockade_core::time::Span;

use super::home::JournalHome;
use super::layers::{Problem, Value};
use super::reader::Reader;
use crate::networks::Network;

/// Bound of `clock.outage_max`.
const OUTAGE_MAX: Span = Span::from_mins(366 * 24 * 60);

/// Least bytes of `limits.memory`: half of it each way, and half of that for one token, still takes the longest frame.
const MEMORY_MIN: usize = 4 * FRAME_BYTES_MAX;

/// The settings of a server, checked and typed.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether unsafe settings are allowed and missing files are created.
    pub dev: bool,
    /// The file they come from, if there is one.
    pub file: Option<PathBuf>,
    /// Where the server keeps what it writes.
    pub data_dir: PathBuf,
    /// Address of the QUIC listener.
    pub quic: SocketAddr,
    /// Address of the HTTP side, unless it is off.
    pub http: Option<SocketAddr>,
    /// Whether a proxy in front of the HTTP side terminates TLS.
    pub http_behind_tls: bool,
    /// Proxies in front of the HTTP side whose connections are not counted by address.
    pub trusted_proxies: Vec<Network>,
    /// Where history is kept.
    pub journal: JournalHome,
    /// Whether the way to a Redis on another machine is safe without encryption.
    pub redis_network_is_private: bool,
    /// Certificate chain and private key; `None` when the server creates its own.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// The file of access tokens.
    pub tokens: PathBuf,
    /// How long a request may wait for its durability.
    pub request_timeout: Duration,
    /// Client connections at one time.
    pub connections: u32,
    /// Share of the connections that one token may have, in millionths.
    pub token_share_ppm: u64,
    /// Requests one connection may have in flight.
    pub in_flight: u32,
    /// Bytes that requests and answers of all callers may take together.
    pub memory: usize,
    /// Time that unpaid holds get after an outage or a confirmed leap of the wall clock.
    pub hold_grace: Option<Span>,
    /// Longest outage after which a wall clock is followed without confirmation although holds end by it.
    pub outage_max: Span,
    /// How far clocks of other systems may differ from engine time.
    pub skew: Span,
    /// Share of placed orders that are solved again to measure routing, in millionths.
    pub gap_sample_ppm: u64,
    /// How long a stopping server waits for requests in flight and for the journal.
    pub drain_timeout: Duration,
    /// Filter of log lines, as `tracing` reads it.
    pub log_filter: String,
    /// Whether log lines are JSON.
    pub log_json: bool,
    /// Every setting as written, with its origin.
    pub values: Vec<Value>,
}

impl Config {
    /// Checks and types resolved values. Relative paths are relative to the file's folder.
    pub fn typed(file: Option<PathBuf>, dev: bool, values: Vec<Value>) -> Result<Config, Vec<Problem>> {
        let mut read = Reader::new(&values);
        let base = file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let data_dir = base.join(read.text("data_dir"));
        let tokens = data_dir.join(read.named("auth.tokens"));
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
            trusted_proxies: read.networks("listen.http_trusted_proxies"),
            journal: read.journal(&base, &data_dir),
            redis_network_is_private: read.parsed("journal.redis_network_is_private", "true or false"),
            tls: (!cert.is_empty()).then(|| (base.join(cert), base.join(key))),
            tokens,
            request_timeout: read.span("limits.request_timeout"),
            connections: read.count("limits.connections"),
            token_share_ppm: read.share_ppm("limits.token_share"),
            in_flight: read.count("limits.in_flight"),
            memory: read.bytes_from("limits.memory", MEMORY_MIN),
            hold_grace: match read.text("holds.grace").as_str() {
                "off" => None,
                _ => Some(read.span_up_to("holds.grace", HOLD_TTL_MAX)),
            },
            outage_max: read.span_up_to("clock.outage_max", OUTAGE_MAX),
            skew: read.span_up_to("clock.skew", SKEW_MAX),
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

    /// How many of so many connections one token may have: at least one.
    pub fn of_token(&self, connections: usize) -> usize {
        let share = connections as u128 * u128::from(self.token_share_ppm) / 1_000_000;
        usize::try_from(share).unwrap_or(usize::MAX).max(1)
    }
}
