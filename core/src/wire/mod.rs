//! What travels between client and server, as bytes.
//!
//! ```text
//!   connection ── first stream:  Hello ─►  ◄─ HelloAnswer, then a lane like the others
//!              ── every lane:    Request, RequestBatch ─►  ◄─ Reply, ReplyBatch, GoAway
//!
//!   frame  = header (24 bytes) body (length bytes)
//!   header = length u32 │ kind u8 │ durability u8 │ zero u16 │ correlation u64 │ time u64     little endian
//! ```
//!
//! `time` is the not-after time of a request (0: none) and the server's time in an answer; `durability` is the level a
//! request asks for and the level an answer reached. Both stand in the header, so that an answer's body can be encoded
//! before it is known when it may leave. Bodies are bincode, standard configuration, and are written and read by
//! one codec. Nothing here does I/O; nothing here knows the engine.

pub mod body;
pub mod frame;
pub mod hello;
pub mod message;

pub use body::WireError;
pub use frame::{Frame, FrameDecoder, FrameError, FrameKind, HEADER_BYTES, Header};
pub use hello::{Features, Hello, HelloAnswer, HelloRefusal, Welcome};
pub use message::{ClientMessage, GoAway, ServerMessage};

/// The protocol as agreed in the TLS handshake.
pub const ALPN: &[u8] = b"stockade/2";
/// Bytes of the largest datagram that either side looks for a way for and takes. Ten of them leave in one call of the
/// system, which takes no more than 65,535 bytes with their headers and sends nothing at all of what is longer.
pub const DATAGRAM_BYTES_MAX: u16 = 6_500;
/// The newest version of the frames this build speaks.
pub const VERSION: u16 = 2;
/// The oldest version of the frames this build speaks.
pub const VERSION_OLDEST: u16 = 2;

const _: () = assert!(VERSION_OLDEST <= VERSION);
/// Datagrams that leave in one call at most, and what IPv6 and UDP add to them.
const _: () = assert!(10 * DATAGRAM_BYTES_MAX as u32 + 48 <= u16::MAX as u32, "a burst leaves in one call");
