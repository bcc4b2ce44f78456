//! What can become of a call besides its answer.

use std::sync::Arc;
use std::time::Duration;

use stockade_core::ids::{Code, OrderId};
use stockade_core::reject::Reject;
use stockade_core::wire::HelloRefusal;

/// Why a call has no answer of the kind that was asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClientError {
    /// The server decided: no. Nothing was changed.
    #[error(transparent)]
    Rejected(Reject),
    /// The command was sent and it is not known whether it lasts. Ask again with the same key, or look the order up by
    /// the shop's own number; do not send it under another key.
    #[error("it is not known whether this lasts: send it again with the same key `{key}` or look it up")]
    OutcomeUnknown {
        /// The key it was sent under; for an order its number.
        key: Code,
        /// The order, when the server knew one.
        order: Option<OrderId>,
    },
    /// No answer in time, and nothing was changed by this call.
    #[error("no answer within {0:?}; nothing was changed by this call")]
    TimedOut(Duration),
    /// No connection, and nothing was changed by this call.
    #[error("the server cannot be reached: {reason}")]
    Unreachable {
        /// What was tried and what happened.
        reason: String,
    },
    /// The server does not let this client in.
    #[error("the server refuses this client: {0}")]
    Refused(HelloRefusal),
    /// The other side does not keep to the protocol.
    #[error("the server does not keep to the protocol: {0}")]
    Protocol(String),
    /// The request does not fit into a frame, or more than the server holds at once.
    #[error("this request cannot be sent: {0}")]
    Unsendable(String),
    /// A setting makes no sense.
    #[error("{field}: {reason}")]
    Config {
        /// Which.
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

    /// Whether the same call may succeed later without anybody changing it.
    pub fn is_transient(&self) -> bool {
        match self {
            ClientError::Rejected(reject) => reject.is_transient(),
            ClientError::OutcomeUnknown { .. } | ClientError::TimedOut(_) | ClientError::Unreachable { .. } => true,
            ClientError::Refused(refusal) => {
                matches!(refusal, HelloRefusal::Draining | HelloRefusal::Full { .. })
            }
            ClientError::Protocol(_)
            | ClientError::Unsendable(_)
            | ClientError::Config { .. }
            | ClientError::Closed => false,
        }
    }
}

/// Why a lane or connection ended, told to everybody who waited on it.
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
