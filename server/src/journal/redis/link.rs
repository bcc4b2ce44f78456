//! The one connection to Redis, the calls into the function library, and what its errors mean.

use std::time::{Duration, Instant};

use redis::{Cmd, Connection, FromRedisValue, RedisError};
use stockade_core::log::JournalError;

use super::stream::other_format;
use crate::faults;

/// The function library, loaded by whoever finds it missing.
pub(super) const LIBRARY: &str = include_str!("functions.lua");

/// Layout of stream and hash, declared by whoever creates a partition; the batches have a format of their own.
pub(super) const LAYOUT: &str = "1";
/// Creates a partition.
pub(super) const INIT: &str = "stockade_1_init";
/// Takes ownership.
pub(super) const OPEN: &str = "stockade_1_open";
/// Adds a batch.
pub(super) const APPEND: &str = "stockade_1_append";
/// Keeps ownership, or gives it up.
pub(super) const BEAT: &str = "stockade_1_beat";

/// Shortest pause before a call is sent again.
const AGAIN_MIN: Duration = Duration::from_millis(100);
/// Longest pause.
const AGAIN_MAX: Duration = Duration::from_secs(1);

/// A connection that is opened on demand and closed as soon as an answer might belong to another call.
pub(super) struct Link {
    client: redis::Client,
    connection: Option<Connection>,
    timeout: Duration,
    /// How long a call is sent again while no answer comes.
    patience: Duration,
    keys: [String; 2],
    missing: String,
    made: String,
    address: String,
}

/// Why a call failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// No answer, or an unreadable one: the call may have been applied.
    Unknown(String),
    /// Redis refused for now: not applied.
    NotNow(String),
    /// Redis refused permanently: not applied.
    Never(String),
    /// The partition is laid out in another way: not applied.
    OtherLayout(String),
    /// Stream or hash have changed behind the journal.
    Lost(String),
    /// The epoch or token is not the caller's.
    Fenced,
    /// The last entry differs from the one the caller named.
    Gap {
        /// Its id.
        id: String,
        /// Its sequence.
        seq: u64,
    },
    /// The ownership of another server has not run out.
    Held {
        /// How long it still lasts, in milliseconds.
        left_ms: u64,
        /// The other owner.
        owner: String,
    },
}

impl Link {
    /// A link to one partition. Nothing is sent yet.
    pub(super) fn new(url: &str, partition: &str, timeout: Duration) -> Result<Link, JournalError> {
        let client = redis::Client::open(url).map_err(|e| JournalError::Refused {
            reason: format!("the Redis address is not usable ({e}): write redis://[user:password@]host:port[/db]"),
        })?;
        let address = client.get_connection_info().addr().to_string();
        let keys = ["wal", "own"].map(|part| format!("stockade:{{{partition}}}:{part}"));
        let missing = format!("stockade:{{{partition}}}:missing");
        let made = format!("stockade:{{{partition}}}:made");
        Ok(Link { client, connection: None, timeout, patience: Duration::ZERO, keys, missing, made, address })
    }

    /// From now on a call to which no answer comes, or that Redis refuses for now, is sent again for so long: for a start, of
    /// which every call may be carried out twice.
    pub(super) fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Host and port, without credentials.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The partition and where it is, for messages.
    pub(super) fn place(&self) -> String {
        format!("the journal {} in Redis at {}", self.stream(), self.address)
    }

    /// The key of the stream.
    pub(super) fn stream(&self) -> &str {
        &self.keys[0]
    }

    /// The key of the hash.
    pub(super) fn hash(&self) -> &str {
        &self.keys[1]
    }

    /// The key under which deposed owners note what the history lacks.
    pub(super) fn missing(&self) -> &str {
        &self.missing
    }

    /// The beginning of the keys under which a partition is made before it is in its place.
    pub(super) fn made(&self) -> &str {
        &self.made
    }

    /// Calls a function of the library on the partition's keys, loading the library if Redis does not have it.
    pub(super) fn call<T: FromRedisValue>(&mut self, function: &str, args: &[&[u8]]) -> Result<T, Fault> {
        let mut cmd = redis::cmd("FCALL");
        cmd.arg(function).arg(2).arg(&self.keys[0]).arg(&self.keys[1]);
        for arg in args {
            cmd.arg(arg);
        }
        match self.query(&cmd) {
            Err(Fault::Never(reason)) if reason.contains("Function not found") => {
                self.load_library()?;
                self.query(&cmd)
            }
            answer => answer,
        }
    }

    /// Loads the function library, over one of the same version.
    pub(super) fn load_library(&mut self) -> Result<(), Fault> {
        self.query::<String>(redis::cmd("FUNCTION").arg("LOAD").arg("REPLACE").arg(LIBRARY)).map(drop)
    }

    /// Sends one command and waits for its answer.
    pub(super) fn query<T: FromRedisValue>(&mut self, cmd: &Cmd) -> Result<T, Fault> {
        let (begun, mut pause) = (Instant::now(), AGAIN_MIN);
        loop {
            let why = match self.ask(cmd) {
                Err(Fault::Unknown(why) | Fault::NotNow(why)) if !self.patience.is_zero() => why,
                answer => return answer,
            };
            let (address, left) = (&self.address, self.patience.saturating_sub(begun.elapsed()));
            if left.is_zero() {
                let tried = self.patience.as_secs();
                return Err(Fault::Unknown(format!(
                    "Redis at {address} did not answer for {tried} s ({why}): check that it runs there, and start again"
                )));
            }
            tracing::warn!(%address, why, left_s = left.as_secs(), "Redis does not answer the start: trying again");
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(AGAIN_MAX);
        }
    }

    fn ask<T: FromRedisValue>(&mut self, cmd: &Cmd) -> Result<T, Fault> {
        faults::step();
        let result = self.connect().and_then(|connection| cmd.query(connection));
        faults::step();
        result.map_err(|error| {
            let fault = classify(&error);
            if matches!(fault, Fault::Unknown(_)) || error.is_unrecoverable_error() {
                self.connection = None;
            }
            fault
        })
    }

    fn connect(&mut self) -> Result<&mut Connection, RedisError> {
        if self.connection.is_none() {
            let connection = self.client.get_connection_with_timeout(self.timeout)?;
            connection.set_read_timeout(Some(self.timeout))?;
            connection.set_write_timeout(Some(self.timeout))?;
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or_else(|| RedisError::from(std::io::Error::other("no connection")))
    }
}

impl From<Fault> for JournalError {
    fn from(fault: Fault) -> JournalError {
        match fault {
            Fault::Unknown(reason) | Fault::NotNow(reason) => JournalError::Unavailable { reason },
            Fault::Never(reason) => JournalError::Refused { reason },
            Fault::OtherLayout(found) => other_layout("the partition in Redis", &found),
            Fault::Lost(reason) => JournalError::HistoryLost { reason },
            Fault::Fenced => JournalError::Deposed { reason: "the epoch or the token is not ours".into() },
            Fault::Gap { id, seq } => {
                JournalError::Unavailable { reason: format!("Redis stands at {id}, sequence {seq}") }
            }
            Fault::Held { left_ms, owner } => {
                JournalError::Refused { reason: format!("`{owner}` holds it for another {left_ms} ms") }
            }
        }
    }
}

/// The partition has another layout.
pub(super) fn other_layout(place: &str, found: &str) -> JournalError {
    other_format(place, format!("partition layout {found}"), format!("partition layout {LAYOUT}"))
}

/// The partition is another one than is meant.
pub(super) fn other_partition(id: &str) -> Fault {
    Fault::Never(format!(
        "it belongs to the partition with id {id}, not to this server's: correct the partition id in the configuration"
    ))
}

/// An answer that is an error was not applied; anything else may have been.
fn classify(error: &RedisError) -> Fault {
    let (Some(code), detail) = (error.code(), error.detail().unwrap_or_default()) else {
        return match error.kind() {
            redis::ErrorKind::AuthenticationFailed | redis::ErrorKind::InvalidClientConfig => {
                Fault::Never(format!("Redis refuses the login: {error}"))
            }
            _ => Fault::Unknown(error.to_string()),
        };
    };
    let field = |name: &str| {
        let value = detail.split(' ').find_map(|word| word.strip_prefix(name)).unwrap_or_default();
        value.to_owned()
    };
    match code {
        "LOST" => Fault::Lost(detail.to_owned()),
        "FENCED" => Fault::Fenced,
        "GAP" => match field("s=").parse() {
            Ok(seq) => Fault::Gap { id: field("l="), seq },
            Err(_) => Fault::Lost(format!("its last sequence is not a number: {detail}")),
        },
        "HELD" => Fault::Held { left_ms: field("ms=").parse().unwrap_or(0), owner: field("o=") },
        "OTHER" => other_partition(&field("u=")),
        "FORMAT" => Fault::OtherLayout(field("f=")),
        "EXISTS" => Fault::Never(format!(
            "a partition with id {} exists already and is left unchanged: to serve it, copy `partition.id` from the server \
             that created it; to begin a new history, set another `journal.partition`",
            field("u=")
        )),
        "BADID" => Fault::Never(format!("Redis refused an id: {detail}")),
        "NOAUTH" | "WRONGPASS" | "NOPERM" => Fault::Never(format!("Redis denies permission: {code} {detail}")),
        "MOVED" | "ASK" | "CROSSSLOT" => Fault::Never(format!(
            "this Redis is part of a cluster, which this version does not speak to: {code} {detail}"
        )),
        "ERR" | "WRONGTYPE" => Fault::Never(format!("{code} {detail}")),
        _ => Fault::NotNow(format!("Redis refused it for now: {code} {detail}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn another_text_of_the_library_needs_another_version_in_its_names() {
        let hash: String = Sha256::digest(LIBRARY).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hash, "e2141bfcb1a59dfac91efe5fc8f480ca317e69362f43f6181270b9fe2d6d277a",
            "functions.lua changed: give it a new version in the library name, every function name and here"
        );
    }
}
