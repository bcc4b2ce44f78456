//! The QUIC listener.
//!
//! ```text
//!   Listener ── accept, Retry when handshakes pile up ──► connection: hello, token, welcome
//!                                                            └── one task per lane:
//!                       read what is there ─► decide in slices ─► queue ─► flush what the gate lets go, in one write
//! ```
//!
//! Everything a peer can make the server hold is bounded: handshakes, connections, streams, bytes on their way in both
//! directions, requests in flight, and the size of a frame before the peer has said who it is.

mod caller;
mod connection;
mod fault;
mod gate;
mod lane;
mod listener;
mod outgoing;
mod queue;
mod take;

use std::net::SocketAddr;
use std::time::Duration;

use stockade_core::limits::FRAME_BYTES_MAX;

pub use listener::{Listener, QuicError};

use crate::service::Rate;

/// Settings of the listener.
#[derive(Clone, Debug)]
pub struct QuicConfig {
    /// Where to listen; port 0 lets the system choose.
    pub addr: SocketAddr,
    /// Connections at one time whose peers have said who they are.
    pub connections: u32,
    /// Those of them that one token may have.
    pub connections_of_token: u32,
    /// Requests one connection may have in flight; more are refused as overloaded.
    pub in_flight: u32,
    /// Streams of one connection.
    pub lanes: u16,
    /// Bytes of a frame's body.
    pub body_max: u32,
    /// Peers at one time that have not said who they are, from which on newcomers must prove their address.
    pub handshakes_before_retry: u32,
    /// Peers at one time that have not said who they are; beyond that the oldest of them has to go.
    pub handshakes: u32,
    /// Handshakes begun for one address, those apart whose peers then said who they are.
    pub handshakes_of_address: Rate,
    /// The same for all addresses together from which nobody has said who it is before.
    pub handshakes_of_strangers: Rate,
    /// Connections of one token; at once at least as many as it may have.
    pub arrivals_of_token: Rate,
    /// How long a peer may take from its first packet to its hello.
    pub hello_timeout: Duration,
    /// How long a frame may take from its first byte to its last.
    pub frame_timeout: Duration,
    /// Bytes that the long frames on their way in and the answers of one connection may take before its requests are
    /// refused as overloaded.
    pub memory: usize,
    /// How long a connection may be silent.
    pub idle: Duration,
}

impl QuicConfig {
    /// Ordinary limits.
    pub fn new(addr: SocketAddr) -> QuicConfig {
        QuicConfig {
            addr,
            connections: 1_024,
            connections_of_token: 512,
            in_flight: 4_096,
            lanes: 16,
            body_max: FRAME_BYTES_MAX as u32,
            handshakes_before_retry: 64,
            handshakes: 512,
            handshakes_of_address: Rate { burst: 64, per_second: 32 },
            handshakes_of_strangers: Rate { burst: 256, per_second: 128 },
            arrivals_of_token: Rate { burst: 512, per_second: 128 },
            hello_timeout: Duration::from_secs(5),
            frame_timeout: Duration::from_secs(30),
            memory: 2 * FRAME_BYTES_MAX,
            idle: Duration::from_secs(30),
        }
    }
}

/// Codes with which the server closes a connection or a stream.
mod close {
    use quinn::VarInt;

    pub(super) const DONE: VarInt = VarInt::from_u32(0);
    pub(super) const REFUSED: VarInt = VarInt::from_u32(1);
    pub(super) const PROTOCOL: VarInt = VarInt::from_u32(2);
}
