//! How client and server begin: who is there, which version both speak, and what the client may count on.
//!
//! These bodies never change, so that every version can tell every other that they do not fit.

use bincode::{Decode, Encode};

use crate::Durability;
use crate::time::{Span, Time};

/// Bytes of a hello's body: a peer that has not said who it is gets no more.
pub const HELLO_BYTES_MAX: usize = 4 * 1024;

/// Optional parts of the protocol, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Features(pub u64);

impl Features {
    /// Many requests in one frame, answered in one frame.
    pub const BATCH: Features = Features(1);
    /// Everything this build knows.
    pub const KNOWN: Features = Features::BATCH;

    /// What both sides know.
    #[must_use]
    pub const fn common(self, other: Features) -> Features {
        Features(self.0 & other.0)
    }

    /// Whether all of `other` is here.
    pub const fn contains(self, other: Features) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The client's first words.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Hello {
    /// The newest version it speaks.
    pub version: u16,
    /// The oldest version it speaks.
    pub oldest: u16,
    /// What it knows.
    pub features: Features,
    /// The bearer token.
    pub token: String,
    /// Its name, for the server's log.
    pub client: String,
}

impl std::fmt::Debug for Hello {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hello")
            .field("version", &self.version)
            .field("oldest", &self.oldest)
            .field("features", &self.features)
            .field("token", &"…")
            .field("client", &self.client)
            .finish()
    }
}

/// The server's first words.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum HelloAnswer {
    /// Come in.
    Welcome(Welcome),
    /// Stay out; the connection ends.
    Refused(HelloRefusal),
}

/// What a client may count on.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Welcome {
    /// The version both speak from here on.
    pub version: u16,
    /// What both know.
    pub features: Features,
    /// The server's time, for not-after times.
    pub server_time: Time,
    /// Requests of this connection the server holds at once; more are refused as overloaded.
    pub in_flight_max: u32,
    /// Bidirectional streams of this connection the server serves at once.
    pub lanes_max: u16,
    /// Bytes of a frame's body the server takes.
    pub body_max: u32,
    /// The highest durability that the server gives.
    pub best: Durability,
    /// The server's name and build.
    pub server: String,
}

/// Why a client stays out.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, thiserror::Error)]
pub enum HelloRefusal {
    /// No version both speak.
    #[error("the server speaks versions {oldest} to {newest} of the protocol: use a client that does")]
    Version {
        /// The server's oldest.
        oldest: u16,
        /// The server's newest.
        newest: u16,
    },
    /// The token is not known.
    #[error("the token is not known: create one with `stockade token add`")]
    Unauthenticated,
    /// The server is shutting down.
    #[error("the server is shutting down: try another or come back later")]
    Draining,
    /// Too many connections.
    #[error("the server has no room for another connection: try again in {retry_after}")]
    Full {
        /// When to try again.
        retry_after: Span,
    },
    /// Not a hello.
    #[error("the connection did not begin with a readable hello: {reason}")]
    Malformed {
        /// What was wrong.
        reason: String,
    },
}

impl Hello {
    /// The newest version both sides speak, or the refusal.
    pub fn agree(&self, oldest: u16, newest: u16) -> Result<u16, HelloRefusal> {
        let version = self.version.min(newest);
        if version < oldest || version < self.oldest {
            return Err(HelloRefusal::Version { oldest, newest });
        }
        Ok(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_agree_on_the_newest_common_one() {
        let hello = |oldest, version| Hello {
            version,
            oldest,
            features: Features::KNOWN,
            token: "secret".into(),
            client: "test".into(),
        };
        assert_eq!(hello(1, 3).agree(1, 2), Ok(2));
        assert_eq!(hello(1, 1).agree(1, 2), Ok(1));
        assert_eq!(hello(3, 4).agree(1, 2), Err(HelloRefusal::Version { oldest: 1, newest: 2 }));
        assert_eq!(hello(1, 1).agree(2, 3), Err(HelloRefusal::Version { oldest: 2, newest: 3 }));
        assert!(!format!("{:?}", hello(1, 1)).contains("secret"));
    }
}
