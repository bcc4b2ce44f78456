//! Frame bodies: which value is the body of which kind, alone or many in one frame.

use bincode::{Decode, Encode};

use crate::codec::{CodecError, decode_first, decode_whole, encode_onto};
use crate::limits::{COMMAND_LINES_MAX, FRAME_BYTES_MAX};
use crate::wire::frame::{FrameKind, HEADER_BYTES, Header};
use crate::wire::hello::{Hello, HelloAnswer};
use crate::wire::message::{ClientMessage, GoAway, ServerMessage};

/// Messages of one batch frame.
pub const BATCH_MESSAGES_MAX: usize = COMMAND_LINES_MAX;

/// Why bytes are not the value they should be, or a value does not fit into a frame.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WireError {
    /// Not a value of this kind.
    #[error("a {what} cannot be read: {reason}")]
    Malformed {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Bytes are left over behind the value.
    #[error("{extra} bytes are left over behind a {what}")]
    Trailing {
        /// What was read.
        what: &'static str,
        /// Bytes left over.
        extra: usize,
    },
    /// More than a frame takes.
    #[error("a {what} of {bytes} bytes is more than the {max} a frame takes: ask for less at once")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// More messages than a batch takes.
    #[error("{count} messages are more than the {BATCH_MESSAGES_MAX} a batch takes: send several")]
    TooMany {
        /// Number of messages.
        count: usize,
    },
}

/// A value that is the body of a frame.
pub trait Body: Encode + Decode<()> {
    /// The kind of its frame.
    const KIND: FrameKind;
    /// Its name in errors.
    const WHAT: &'static str;
}

impl Body for Hello {
    const KIND: FrameKind = FrameKind::Hello;
    const WHAT: &'static str = "hello";
}

impl Body for HelloAnswer {
    const KIND: FrameKind = FrameKind::HelloAnswer;
    const WHAT: &'static str = "hello answer";
}

impl Body for ClientMessage {
    const KIND: FrameKind = FrameKind::Request;
    const WHAT: &'static str = "request";
}

impl Body for ServerMessage {
    const KIND: FrameKind = FrameKind::Reply;
    const WHAT: &'static str = "reply";
}

impl Body for GoAway {
    const KIND: FrameKind = FrameKind::GoAway;
    const WHAT: &'static str = "go-away";
}

/// A message that may travel with others in one frame.
pub trait BatchBody: Body {
    /// The kind of the frame that holds several.
    const BATCH_KIND: FrameKind;
}

impl BatchBody for ClientMessage {
    const BATCH_KIND: FrameKind = FrameKind::RequestBatch;
}

impl BatchBody for ServerMessage {
    const BATCH_KIND: FrameKind = FrameKind::ReplyBatch;
}

/// Adds a frame with `value` to `out`. The kind comes from the value, the rest of the header from `header`.
/// On an error `out` is as it was.
pub fn put_frame<T: Body>(out: &mut Vec<u8>, header: Header, value: &T) -> Result<(), WireError> {
    let at = begin(out);
    let put = put_value(out, value, T::WHAT);
    finish(out, at, Header { kind: T::KIND, ..header }, T::WHAT, put)
}

/// Adds a batch frame with all of `values` to `out`. On an error `out` is as it was.
pub fn put_batch<T: BatchBody>(out: &mut Vec<u8>, header: Header, values: &[T]) -> Result<(), WireError> {
    if values.len() > BATCH_MESSAGES_MAX {
        return Err(WireError::TooMany { count: values.len() });
    }
    let at = begin(out);
    let put = put_value(out, &(values.len() as u64), T::WHAT)
        .and_then(|()| values.iter().try_for_each(|value| put_value(out, value, T::WHAT)));
    finish(out, at, Header { kind: T::BATCH_KIND, ..header }, T::WHAT, put)
}

/// Reads the body of a frame.
pub fn read_body<T: Body>(body: &[u8]) -> Result<T, WireError> {
    decode_whole(body).map_err(|error| unreadable(T::WHAT, error))
}

/// Reads the body of a batch frame, message by message into `each`, without trusting the count for memory.
pub fn read_batch<T: BatchBody>(body: &[u8], mut each: impl FnMut(T)) -> Result<(), WireError> {
    let (count, mut at): (u64, usize) = decode_first(body).map_err(|error| unreadable(T::WHAT, error))?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > BATCH_MESSAGES_MAX {
        return Err(WireError::TooMany { count });
    }
    for _ in 0..count {
        let (value, used) = decode_first(&body[at..]).map_err(|error| unreadable(T::WHAT, error))?;
        at += used;
        each(value);
    }
    match body.len() - at {
        0 => Ok(()),
        extra => Err(WireError::Trailing { what: T::WHAT, extra }),
    }
}

fn put_value<T: Encode>(out: &mut Vec<u8>, value: &T, what: &'static str) -> Result<(), WireError> {
    encode_onto(value, out).map_err(|error| unreadable(what, error))
}

fn unreadable(what: &'static str, error: CodecError) -> WireError {
    match error {
        CodecError::TrailingBytes(extra) => WireError::Trailing { what, extra },
        CodecError::Encode(_) | CodecError::Decode(_) => WireError::Malformed { what, reason: error.to_string() },
    }
}

fn begin(out: &mut Vec<u8>) -> usize {
    let at = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    at
}

fn finish(
    out: &mut Vec<u8>,
    at: usize,
    header: Header,
    what: &'static str,
    put: Result<(), WireError>,
) -> Result<(), WireError> {
    let bytes = out.len() - at - HEADER_BYTES;
    let fits = || match u32::try_from(bytes) {
        Ok(length) if bytes <= FRAME_BYTES_MAX => Ok(length),
        _ => Err(WireError::TooLong { what, bytes, max: FRAME_BYTES_MAX }),
    };
    match put.and_then(|()| fits()) {
        Ok(length) => {
            out[at..at + HEADER_BYTES].copy_from_slice(&header.to_bytes(length));
            Ok(())
        }
        Err(error) => {
            out.truncate(at);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Durability;
    use crate::time::Time;
    use crate::wire::frame::FrameDecoder;

    fn header() -> Header {
        Header { kind: FrameKind::Request, durability: Durability::Memory, correlation: 3, time: Time(0) }
    }

    #[test]
    fn left_over_bytes_are_refused() {
        let mut out = Vec::new();
        encode_onto(&ClientMessage::Ping, &mut out).unwrap();
        assert_eq!(read_body::<ClientMessage>(&out), Ok(ClientMessage::Ping));
        out.push(0);
        assert_eq!(read_body::<ClientMessage>(&out), Err(WireError::Trailing { what: "request", extra: 1 }));
    }

    #[test]
    fn a_batch_with_a_lying_count_is_refused() {
        let mut out = Vec::new();
        put_batch(&mut out, header(), &[ClientMessage::Ping, ClientMessage::Ping]).unwrap();
        let mut decoder = FrameDecoder::new(1_000);
        decoder.extend(&out);
        let frame = decoder.next_frame().unwrap().unwrap();
        assert_eq!(frame.header.kind, FrameKind::RequestBatch);
        let mut seen = 0;
        read_batch(frame.body, |_: ClientMessage| seen += 1).unwrap();
        assert_eq!(seen, 2);
        let mut lying = frame.body.to_vec();
        lying[0] = 3;
        assert!(matches!(read_batch(&lying, |_: ClientMessage| ()), Err(WireError::Malformed { .. })));
        lying[0] = 1;
        assert!(matches!(read_batch(&lying, |_: ClientMessage| ()), Err(WireError::Trailing { .. })));
        let huge = [253, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(matches!(read_batch(&huge, |_: ClientMessage| ()), Err(WireError::TooMany { .. })));
    }

    #[test]
    fn a_value_too_long_for_a_frame_leaves_the_buffer_as_it_was() {
        let mut out = b"before".to_vec();
        let long = GoAway { reason: "x".repeat(FRAME_BYTES_MAX), until: Time(0) };
        assert!(matches!(put_frame(&mut out, header(), &long), Err(WireError::TooLong { .. })));
        assert_eq!(out, b"before");
    }
}
