//! Where a client connects to and how its calls behave.

use std::time::Duration;

use stockade_core::ids::Code;
use stockade_core::reply::Durability;
use stockade_core::time::Time;

use crate::error::ClientError;
use crate::tls::Trust;

/// Settings of a [`crate::Client`].
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// `host:port` of the server. The host is looked up at every connect.
    pub addr: String,
    /// The name the server's certificate should bear; the host of `addr` when not given.
    pub server_name: Option<String>,
    /// How the server is known to be the right one.
    pub trust: Trust,
    /// The bearer token.
    pub token: String,
    /// This program's name, for the server's log.
    pub name: String,
    /// Connections to keep. One serves tens of thousands of calls a second; more spread the work over cores.
    pub connections: usize,
    /// Streams of each connection over which calls are spread.
    pub lanes: usize,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// What calls ask for unless they say otherwise.
    pub call: Call,
    /// When and how often calls are tried again.
    pub retry: Retry,
}

impl ClientConfig {
    /// Settings with ordinary values for the rest.
    pub fn new(addr: impl Into<String>, trust: Trust, token: impl Into<String>) -> ClientConfig {
        ClientConfig {
            addr: addr.into(),
            server_name: None,
            trust,
            token: token.into(),
            name: concat!("stockade-client ", env!("CARGO_PKG_VERSION")).to_owned(),
            connections: 1,
            lanes: 4,
            connect_timeout: Duration::from_secs(5),
            call: Call::default(),
            retry: Retry::default(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ClientError> {
        let bad = |field, reason: &str| Err(ClientError::Config { field, reason: reason.to_owned() });
        if !(1..=64).contains(&self.connections) {
            return bad("connections", "must be 1 to 64");
        }
        if !(1..=64).contains(&self.lanes) {
            return bad("lanes", "must be 1 to 64");
        }
        if self.connect_timeout.is_zero() {
            return bad("connect_timeout", "must be more than nothing");
        }
        if self.token.len() > 512 || self.name.len() > 256 {
            return bad("token", "a token has at most 512 bytes and a client's name 256");
        }
        Ok(())
    }

    pub(crate) fn host(&self) -> &str {
        let host = self.addr.rsplit_once(':').map_or(self.addr.as_str(), |(host, _)| host);
        host.trim_start_matches('[').trim_end_matches(']')
    }
}

/// What a call asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// How durable the answer must be; refused when the server's journal cannot give it. Without one:
    /// [`Durability::Journaled`], or less from a server that keeps its history in memory only.
    pub durability: Option<Durability>,
    /// How long the caller waits, all attempts together. The server does not begin what is older.
    pub timeout: Duration,
    /// The idempotency key of one command; generated when not given. [`stockade_core::command::Command::Place`] ignores
    /// it: an order is its own key.
    pub key: Option<Code>,
    /// When it happened outside, if that was not now.
    pub occurred: Option<Time>,
    /// Whether a query may be answered before what it saw is durable.
    pub provisional: bool,
}

impl Default for Call {
    fn default() -> Call {
        Call { durability: None, timeout: Duration::from_secs(10), key: None, occurred: None, provisional: false }
    }
}

/// When and how often calls are tried again. Only what is transient or unknown is, always under the same key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retry {
    /// Attempts of one call, the first included.
    pub attempts: u32,
    /// The longest wait before the first retry; the actual one is a random part of it, and the bound doubles.
    pub wait: Duration,
    /// The longest the bound becomes.
    pub wait_max: Duration,
    /// Retries per hundred calls in the long run, so that retries do not multiply an overload.
    pub budget_percent: u32,
    /// Retries that may come at once beyond that.
    pub burst: u32,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            attempts: 8,
            wait: Duration::from_millis(10),
            wait_max: Duration::from_secs(1),
            budget_percent: 20,
            burst: 1_000,
        }
    }
}
