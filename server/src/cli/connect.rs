//! How verbs reach a running server: flags, then environment, then what a server in this folder left behind.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use stockade_client::{Call, Client, ClientConfig, ClientError, Stockade, Trust};
use stockade_core::Durability;
use stockade_core::command::{Command, Request};
use stockade_core::ids::Code;
use stockade_core::query::Query;
use stockade_core::reply::Reply;
use stockade_core::time::{Span, Time};

use crate::config::{Asked, Config};
use crate::failure::{Exit, Failure};
use crate::levels::parse_level;
use crate::local::{self, Local};
use crate::print;
use crate::terminal::Output;
use crate::times::parse_time;

/// Flags of every verb that talks to a server.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub struct Connect {
    /// host:port of the server [default: the one started in this folder].
    #[arg(long, global = true, env = "STOCKADE_ADDR")]
    addr: Option<String>,
    /// The access token.
    #[arg(long, global = true, env = "STOCKADE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Fingerprint of the server's certificate, as the server prints it.
    #[arg(long, global = true, env = "STOCKADE_PIN", value_name = "HEX")]
    pin: Option<String>,
    /// Trust servers whose certificate these authorities signed, instead of a fingerprint.
    #[arg(long, global = true, value_name = "PEM", conflicts_with = "pin")]
    ca: Option<PathBuf>,
    /// The server's configuration file or folder.
    #[arg(long, global = true, env = "STOCKADE_CONFIG", value_name = "PATH")]
    config: Option<PathBuf>,
    /// How durable the answer must be: memory, journaled or replicated [default: journaled, or memory when the server
    /// keeps its history nowhere else].
    #[arg(long, global = true, value_name = "LEVEL", value_parser = parse_level)]
    durability: Option<Durability>,
    /// How long to wait for the connection, and then for each answer, retries included.
    #[arg(long, global = true, value_name = "SPAN", default_value = "10s")]
    timeout: Span,
}

/// Flags of every verb that changes something.
#[derive(Clone, Debug, Default, Args)]
pub struct KeyFlags {
    /// Idempotency key: the same command sent again under it is recognised [default: a new key].
    #[arg(long, global = true)]
    pub(super) key: Option<Code>,
    /// When it happened, if that was not now, like 2026-11-11T08:00:00Z.
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_time)]
    pub(super) occurred: Option<Time>,
}

/// A connection to a server, and the runtime that drives it.
pub struct Session {
    runtime: tokio::runtime::Runtime,
    /// Present until the session is dropped.
    client: Option<Client>,
    call: Call,
}

/// Questions that are under way at once: enough to keep a server busy, few enough to leave it to others.
const QUESTIONS: usize = 64;

/// How long the close of the connection may take to leave this machine.
const FAREWELL: Duration = Duration::from_millis(5);

impl Drop for Session {
    /// Tells the server that this connection is over; otherwise the server keeps its slot until the idle timeout.
    fn drop(&mut self) {
        if self.client.take().is_some() {
            self.runtime.block_on(async { tokio::time::sleep(FAREWELL).await });
        }
    }
}

impl Connect {
    /// Connects.
    ///
    /// # Errors
    /// [`Exit::Usage`] when no server is known, [`Exit::Unavailable`] when it does not answer.
    pub fn open(&self) -> Result<Session, Failure> {
        let config = self.client_config()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
        let call = config.call.clone();
        let client = runtime.block_on(Client::connect(config))?;
        Ok(Session { runtime, client: Some(client), call })
    }

    /// Sends one command and prints the answer.
    ///
    /// # Errors
    /// As [`Session::command`].
    pub fn run(&self, key: &KeyFlags, command: Command, out: Output) -> Result<(), Failure> {
        print::reply(&self.open()?.command(key, command)?, out);
        Ok(())
    }

    fn client_config(&self) -> Result<ClientConfig, Failure> {
        let known = match (&self.addr, &self.token, self.pin.is_some() || self.ca.is_some()) {
            (Some(_), Some(_), true) => None,
            _ => left_behind(self.config.clone())?,
        };
        let addr = self.addr.clone().or_else(|| known.as_ref().map(|known| known.addr.clone()));
        let token = self.token.clone().or_else(|| known.as_ref().map(|known| known.token.clone()));
        let pin = self.pin.clone().or_else(|| known.as_ref().map(|known| known.pin.clone()));
        let addr = addr.ok_or_else(|| missing("--addr or STOCKADE_ADDR"))?;
        let token = token.ok_or_else(|| missing("--token or STOCKADE_TOKEN"))?;
        let trust = match (&self.ca, pin) {
            (Some(file), _) => roots(file)?,
            (None, Some(pin)) => Trust::Pinned(pin.parse().map_err(|error| Failure::usage(format!("--pin: {error}")))?),
            (None, None) => return Err(missing("--pin or STOCKADE_PIN")),
        };
        let mut config = ClientConfig::new(addr, trust, token);
        config.name = concat!("stockade command ", env!("CARGO_PKG_VERSION")).to_owned();
        config.call.durability = self.durability;
        config.call.timeout = Duration::from_micros(self.timeout.0);
        config.connect_timeout = config.call.timeout;
        Ok(config)
    }
}

/// What a server started in this folder, or in that of `config`, left for commands on the same machine.
pub(super) fn left_behind(config: Option<PathBuf>) -> Result<Option<Local>, Failure> {
    for dev in [false, true] {
        let asked = Asked { path: config.clone(), flags: Vec::new(), dev };
        let config = Config::load(&asked).map_err(super::config::refused)?;
        if let Some(found) = local::read(&config.data_dir).map_err(Failure::usage)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

impl Session {
    /// Sends a command under its key and waits for the decision.
    ///
    /// # Errors
    /// The refusal, or why the call failed.
    pub fn command(&self, key: &KeyFlags, command: Command) -> Result<Reply, Failure> {
        Ok(self.try_command(key, command)?)
    }

    /// Sends a command under its key, and leaves it to the caller what a refusal means.
    ///
    /// # Errors
    /// Why the call failed.
    pub fn try_command(&self, key: &KeyFlags, command: Command) -> Result<Reply, ClientError> {
        let request = Request { key: key.key.clone(), occurred: key.occurred, command };
        let client = self.client.as_ref().ok_or(ClientError::Closed)?;
        Ok(self.runtime.block_on(client.command(request, &self.call))?.value)
    }

    /// Asks, and leaves it to the caller what a refusal means.
    ///
    /// # Errors
    /// Why the call failed.
    pub fn try_query(&self, query: Query) -> Result<Reply, ClientError> {
        let client = self.client.as_ref().ok_or(ClientError::Closed)?;
        Ok(self.runtime.block_on(client.query(query, &self.call))?.value)
    }

    /// Sends many commands together. Each is decided by itself; the results are in the order of the requests.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn commands(&self, requests: Vec<Request>) -> Result<Vec<Result<Reply, ClientError>>, Failure> {
        let answers = self.runtime.block_on(self.client()?.commands(requests, &self.call));
        Ok(answers.into_iter().map(|answer| answer.map(|answer| answer.value)).collect())
    }

    /// Asks many questions, [`QUESTIONS`] at a time. The results are in the order of the questions.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn queries(&self, queries: Vec<Query>) -> Result<Vec<Result<Reply, ClientError>>, Failure> {
        let client = self.client()?;
        let mut results = Vec::with_capacity(queries.len());
        let mut queries = queries.into_iter().peekable();
        while queries.peek().is_some() {
            let asked = queries.by_ref().take(QUESTIONS).map(|query| {
                let (client, call) = (client.clone(), self.call.clone());
                self.runtime.spawn(async move { client.query(query, &call).await })
            });
            // All are under way before the first is waited for.
            let asked: Vec<_> = asked.collect();
            for answer in asked {
                let answer = self.runtime.block_on(answer).map_err(Failure::failed)?;
                results.push(answer.map(|answer| answer.value));
            }
        }
        Ok(results)
    }

    /// A new unique idempotency key.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn new_key(&self) -> Result<Code, Failure> {
        Ok(self.client()?.new_key())
    }

    /// Sends the parts of a file one after the other, each under a key derived from a common one, and shows the
    /// answers.
    ///
    /// # Errors
    /// As [`Session::command`], at the first part that fails; what comes before it is done, and running the file again
    /// under the same key does the rest only.
    pub fn all(&self, key: &KeyFlags, commands: Vec<Command>, show: impl Fn(&Reply)) -> Result<(), Failure> {
        let base = key.key.clone().unwrap_or(self.client()?.new_key());
        let parts = commands.len();
        for (n, command) in commands.into_iter().enumerate() {
            let part = if parts == 1 { base.clone() } else { numbered(&base, n + 1)? };
            let part = KeyFlags { key: Some(part), occurred: key.occurred };
            let answer = self.command(&part, command).map_err(|failure| {
                let again = format!("{n} of {parts} parts are done; the same again with --key {base} does the rest");
                let failure = if n == 0 { failure } else { failure.partly() };
                if parts == 1 { failure } else { Failure { message: format!("{failure} ({again})"), ..failure } }
            })?;
            show(&answer);
        }
        Ok(())
    }

    /// Asks.
    ///
    /// # Errors
    /// As [`Session::command`].
    pub fn query(&self, query: Query) -> Result<Reply, Failure> {
        Ok(self.try_query(query)?)
    }

    fn client(&self) -> Result<&Client, Failure> {
        self.client.as_ref().ok_or_else(|| Failure::unavailable("the connection is closed"))
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        match error {
            ClientError::Rejected(reject) => Failure::from(reject),
            ClientError::OutcomeUnknown { ref key, order } => {
                let details = serde_json::json!({ "key": key, "order_id": order.map(|order| order.to_string()) });
                Failure { details: Some(Box::new(details)), ..Failure::outcome_unknown(&error) }
            }
            ClientError::TimedOut(_) | ClientError::Unreachable { .. } | ClientError::Closed => {
                Failure::unavailable(error)
            }
            ClientError::Refused(_) if error.is_transient() => Failure::unavailable(error),
            ClientError::Refused(_) | ClientError::OtherProtocol { .. } | ClientError::Untrusted { .. } => {
                Failure { exit: Exit::Refused, code: "client_refused", ..Failure::usage(error) }
            }
            ClientError::Unsendable(_) | ClientError::Config { .. } => Failure::usage(error),
            ClientError::Protocol(_) => Failure::failed(error),
        }
    }
}

fn numbered(base: &Code, n: usize) -> Result<Code, Failure> {
    Code::new(&format!("{base}.{n}")).map_err(|error| Failure::usage(format!("--key {base}: {error}")))
}

fn missing(what: &str) -> Failure {
    Failure::usage(format!(
        "no server is known here: run this where `stockade serve` runs, name its folder with --config, or give {what}"
    ))
}

fn roots(file: &Path) -> Result<Trust, Failure> {
    let unreadable = |error: rustls_pki_types::pem::Error| Failure::usage(format!("{}: {error}", file.display()));
    let read = CertificateDer::pem_file_iter(file).map_err(unreadable)?;
    let certificates: Vec<CertificateDer<'static>> = read.collect::<Result<_, _>>().map_err(unreadable)?;
    if certificates.is_empty() {
        return Err(Failure::usage(format!("{} holds no certificate", file.display())));
    }
    Ok(Trust::Roots(certificates))
}
