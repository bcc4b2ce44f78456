//! Errors of calls.

use std::sync::Arc;
use std::time::Duration;

use stockade_core::ids::{Code, OrderId};
use stockade_core::reject::Reject;
use stockade_core::wire::{ALPN, HelloRefusal};

/// Why a call did not succeed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClientError {
    /// The server refused. Nothing was changed.
    #[error(transparent)]
    Rejected(Reject),
    /// The command was sent, and it is not known whether it takes effect. Send it again with the same key, or look
    /// the order up by its number; do not send it under another key.
    #[error("the outcome is unknown: send it again with the same key `{key}`, or look it up")]
    OutcomeUnknown {
        /// The idempotency key; for an order, its number.
        key: Code,
        /// The order, if the server knew one.
        order: Option<OrderId>,
    },
    /// No answer in time. This call changed nothing.
    #[error("no answer within {0:?}; this call changed nothing")]
    TimedOut(Duration),
    /// No connection. This call changed nothing.
    #[error("the server cannot be reached: {reason}")]
    Unreachable {
        /// Address and failure.
        reason: String,
    },
    /// The server does not accept this client.
    #[error("the server refuses this client: {0}")]
    Refused(HelloRefusal),
    /// The server speaks another version of the protocol. Another attempt would not change that.
    #[error(
        "the server at {addr} speaks another version of the wire protocol than this client, which speaks {ours}: use \
         client and server of one build (`stockade --version` shows what each speaks)",
        ours = String::from_utf8_lossy(ALPN)
    )]
    OtherProtocol {
        /// The address of the server.
        addr: String,
    },
    /// The server does not prove that it is the one that is trusted. Another attempt would not change that.
    #[error("the server at {addr} is not trusted: {reason}")]
    Untrusted {
        /// The address of the server.
        addr: String,
        /// What is wrong with its certificate, and what to do.
        reason: String,
    },
    /// The other side violates the protocol.
    #[error("the server violates the protocol: {0}")]
    Protocol(String),
    /// The request does not fit into a frame, or exceeds the requests that the server accepts at once.
    #[error("this request cannot be sent: {0}")]
    Unsendable(String),
    /// A setting is invalid.
    #[error("{field}: {reason}")]
    Config {
        /// The name of the setting.
        field: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// The client was closed.
    #[error("this client is closed")]
    Closed,
}

impl ClientError {
    /// The refusal, when this is one.
    pub fn reject(&self) -> Option<&Reject> {
        match self {
            ClientError::Rejected(reject) => Some(reject),
            _ => None,
        }
    }

    /// Whether the same call may succeed later, unchanged.
    pub fn is_transient(&self) -> bool {
        match self {
            ClientError::Rejected(reject) => reject.is_transient(),
            ClientError::OutcomeUnknown { .. } | ClientError::TimedOut(_) | ClientError::Unreachable { .. } => true,
            ClientError::Refused(refusal) => {
                matches!(refusal, HelloRefusal::Draining | HelloRefusal::Full { .. })
            }
            ClientError::OtherProtocol { .. }
            | ClientError::Untrusted { .. }
            | ClientError::Protocol(_)
            | ClientError::Unsendable(_)
            | ClientError::Config { .. }
            | ClientError::Closed => false,
        }
    }
}

/// Why a lane or connection ended, passed to every caller that waits on it.
#[derive(Clone, Debug)]
pub(crate) struct Lost(Arc<str>);

impl Lost {
    pub(crate) fn new(reason: impl std::fmt::Display) -> Lost {
        Lost(reason.to_string().into())
    }

    pub(crate) fn reason(&self) -> &str {
        &self.0
    }
}
