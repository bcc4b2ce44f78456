//! What is asked and answered on a lane.

use bincode::{Decode, Encode};

use crate::command::Request;
use crate::query::Query;
use crate::reject::Reject;
use crate::reply::Reply;
use crate::time::Time;

/// A client's message.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum ClientMessage {
    /// Change something.
    Command(Request),
    /// Ask something.
    Query {
        /// The query.
        query: Query,
        /// Whether the answer may be given before what it saw is durable. It then says so by its level.
        provisional: bool,
    },
    /// Asks whether the server answers, and for its time.
    Ping,
}

/// A server's message. The level it reached and the server's time stand in the frame's header.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum ServerMessage {
    /// The answer to a command or query.
    Reply(Result<Reply, Reject>),
    /// The answer to a ping.
    Pong,
}

/// The server takes no more requests on this connection; what is in flight is still answered.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct GoAway {
    /// Why, for the log.
    pub reason: String,
    /// When the connection is closed at the latest, in the server's time.
    pub until: Time,
}
