//! Settings of a client and of its calls.

use std::time::Duration;

use stockade_core::Durability;
use stockade_core::ids::Code;
use stockade_core::time::Time;

use crate::error::ClientError;
use crate::tls::Trust;

/// Settings of a [`crate::Client`].
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// `host:port` of the server. The host is resolved at every connect.
    pub addr: String,
    /// Name in the server's certificate; `None` for the host of `addr`.
    pub server_name: Option<String>,
    /// How the client verifies the server.
    pub trust: Trust,
    /// Bearer token, at most 512 bytes.
    pub token: String,
    /// Name of this program for the server's log, at most 256 bytes.
    pub name: String,
    /// Connections to keep, 1 to 64. One serves tens of thousands of calls a second; more spread the work over cores.
    pub connections: usize,
    /// Streams of each connection over which calls are spread, 1 to 64.
    pub lanes: usize,
    /// Longest time of one attempt to connect; more than zero.
    pub connect_timeout: Duration,
    /// Settings of calls that are given none.
    pub call: Call,
    /// When and how often calls are retried.
    pub retry: Retry,
}

impl ClientConfig {
    /// Settings with defaults for the rest: 1 connection of 4 lanes, 5 s to connect.
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
            return bad("connect_timeout", "must be more than zero");
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

/// Settings of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// Durability the answer must have; a server whose journal cannot give it refuses. `None` means
    /// [`Durability::Journaled`], or less from a server that keeps its history in memory only.
    pub durability: Option<Durability>,
    /// Longest time the caller waits, all attempts together. The server does not begin a request past it.
    pub timeout: Duration,
    /// Idempotency key of one command; `None` generates one. [`stockade_core::command::Command::Place`] ignores it:
    /// an order is its own key.
    pub key: Option<Code>,
    /// When it happened in the outside world; `None` for now.
    pub occurred: Option<Time>,
    /// Whether a query may be answered before the state it saw is durable.
    pub provisional: bool,
}

impl Default for Call {
    fn default() -> Call {
        Call { durability: None, timeout: Duration::from_secs(10), key: None, occurred: None, provisional: false }
    }
}

/// When and how often calls are retried. Only transient refusals and unknown outcomes are, always under the same key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retry {
    /// Most attempts of one call, the first included.
    pub attempts: u32,
    /// Longest wait before the first retry; the bound doubles with each retry, and the actual wait is a random part
    /// of it.
    pub wait: Duration,
    /// Upper limit of that bound.
    pub wait_max: Duration,
    /// Long-run retries per hundred calls, so that retries do not multiply an overload.
    pub budget_percent: u32,
    /// Retries allowed in a burst beyond that.
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
