//! Frame bodies: which value is the body of which kind, alone or many in one frame.

use std::marker::PhantomData;

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
    #[error("a {what} is followed by {extra} B")]
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
    /// A batch whose body ends before the announced number of messages.
    #[error("a batch announces {announced} messages and holds {held}")]
    Count {
        /// The number announced.
        announced: usize,
        /// The number its body holds.
        held: usize,
    },
    /// More messages than a batch takes.
    #[error("{count} messages are more than the {BATCH_MESSAGES_MAX} a batch takes: send several")]
    TooMany {
        /// Number of messages.
        count: usize,
    },
}

impl WireError {
    /// Whether a batch's count and its body contradict each other, so that the sender's framing is not to be trusted.
    pub fn lies(&self) -> bool {
        match self {
            WireError::Count { .. } | WireError::Trailing { .. } => true,
            WireError::Malformed { .. } | WireError::TooLong { .. } | WireError::TooMany { .. } => false,
        }
    }
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

/// A batch frame that is written message by message, so that each may be forgotten as soon as it is written.
#[derive(Debug)]
pub struct BatchFrame {
    at: usize,
    count: usize,
    missing: usize,
}

impl BatchFrame {
    /// Begins a frame of `count` messages at the end of `out`. Call [`BatchFrame::put`] for each of them, then
    /// [`BatchFrame::finish`]; add nothing else to `out` meanwhile.
    ///
    /// # Errors
    /// [`WireError::TooMany`].
    pub fn begin(out: &mut Vec<u8>, count: usize) -> Result<BatchFrame, WireError> {
        if count > BATCH_MESSAGES_MAX {
            return Err(WireError::TooMany { count });
        }
        let at = begin(out);
        put_value(out, &(count as u64), "count")?;
        Ok(BatchFrame { at, count, missing: count })
    }

    /// Adds the next message if [`SHORT_BYTES`] are left for each message after it: one of at most that size always
    /// fits. On an error `out` is as it was, and another message may take the place.
    ///
    /// # Errors
    /// [`WireError::TooLong`].
    pub fn put<T: BatchBody>(&mut self, out: &mut Vec<u8>, message: &T) -> Result<(), WireError> {
        debug_assert!(self.missing > 0, "more messages than announced");
        let before = out.len();
        put_value(out, message, T::WHAT)?;
        let left = self.missing.saturating_sub(1);
        let (bytes, max) = (self.bytes(out), FRAME_BYTES_MAX - left * SHORT_BYTES);
        if bytes > max {
            out.truncate(before);
            return Err(WireError::TooLong { what: T::WHAT, bytes, max });
        }
        self.missing = left;
        Ok(())
    }

    /// Bytes of the body so far.
    pub fn bytes(&self, out: &[u8]) -> usize {
        out.len() - self.at - HEADER_BYTES
    }

    /// Completes the frame. The kind comes from `T`, the rest of the header from `header`.
    ///
    /// # Errors
    /// [`WireError::Count`] when messages are missing; `out` is then as it was before the frame.
    pub fn finish<T: BatchBody>(self, out: &mut Vec<u8>, header: Header) -> Result<(), WireError> {
        let put = match self.missing {
            0 => Ok(()),
            missing => Err(WireError::Count { announced: self.count, held: self.count - missing }),
        };
        finish(out, self.at, Header { kind: T::BATCH_KIND, ..header }, T::WHAT, put)
    }
}

/// Bytes that a batch frame keeps free for each message still to come.
pub const SHORT_BYTES: usize = 64;

const _: () = assert!(BATCH_MESSAGES_MAX * SHORT_BYTES <= FRAME_BYTES_MAX / 16);

/// Reads the body of a frame.
pub fn read_body<T: Body>(body: &[u8]) -> Result<T, WireError> {
    decode_whole(body).map_err(|error| unreadable(T::WHAT, error))
}

/// Reads the body of a batch frame, message by message into `each`, without trusting the count for memory. Returns the
/// number of messages.
///
/// # Errors
/// [`WireError::lies`] tells a body that does not hold what its count announces from messages that cannot be read.
pub fn read_batch<T: BatchBody>(body: &[u8], mut each: impl FnMut(T)) -> Result<usize, WireError> {
    let mut reader = BatchReader::begin(body)?;
    while let Some(message) = reader.read()? {
        each(message);
    }
    Ok(reader.count())
}

/// Reads the body of a batch frame with pauses between its messages, as [`read_batch`] does without.
#[derive(Debug)]
pub struct BatchReader<'a, T> {
    body: &'a [u8],
    at: usize,
    count: usize,
    held: usize,
    messages: PhantomData<fn() -> T>,
}

impl<'a, T: BatchBody> BatchReader<'a, T> {
    /// Reads the count.
    ///
    /// # Errors
    /// When there is none, or it is more than a batch may have.
    pub fn begin(body: &'a [u8]) -> Result<BatchReader<'a, T>, WireError> {
        let (count, at): (u64, usize) = decode_first(body).map_err(|error| unreadable(T::WHAT, error))?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > BATCH_MESSAGES_MAX {
            return Err(WireError::TooMany { count });
        }
        Ok(BatchReader { body, at, count, held: 0, messages: PhantomData })
    }

    /// The number of messages that the body announces.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The next message; `None` after the last.
    ///
    /// # Errors
    /// As [`read_batch`].
    pub fn read(&mut self) -> Result<Option<T>, WireError> {
        let left = self.body.len() - self.at;
        if self.held == self.count {
            return if left == 0 { Ok(None) } else { Err(WireError::Trailing { what: T::WHAT, extra: left }) };
        }
        if left == 0 {
            return Err(WireError::Count { announced: self.count, held: self.held });
        }
        let (value, used) = decode_first(&self.body[self.at..]).map_err(|error| unreadable(T::WHAT, error))?;
        self.at += used;
        self.held += 1;
        Ok(Some(value))
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
        let error = read_batch(&lying, |_: ClientMessage| ()).unwrap_err();
        assert!(error == WireError::Count { announced: 3, held: 2 } && error.lies(), "{error}");
        lying[0] = 1;
        let error = read_batch(&lying, |_: ClientMessage| ()).unwrap_err();
        assert!(matches!(error, WireError::Trailing { .. }) && error.lies(), "{error}");
        let huge = [253, 255, 255, 255, 255, 255, 255, 255, 255];
        let error = read_batch(&huge, |_: ClientMessage| ()).unwrap_err();
        assert!(matches!(error, WireError::TooMany { .. }) && !error.lies(), "{error}");
        assert_eq!(read_batch(&[0], |_: ClientMessage| ()), Ok(0));
        assert!(!read_batch(&[1, 250], |_: ClientMessage| ()).unwrap_err().lies());
    }

    #[test]
    fn a_batch_written_message_by_message_is_the_batch_written_at_once() {
        let messages = vec![ClientMessage::Ping; 300];
        let (mut at_once, mut one_by_one) = (Vec::new(), Vec::new());
        put_batch(&mut at_once, header(), &messages).unwrap();
        let mut frame = BatchFrame::begin(&mut one_by_one, messages.len()).unwrap();
        messages.iter().for_each(|message| frame.put(&mut one_by_one, message).unwrap());
        frame.finish::<ClientMessage>(&mut one_by_one, header()).unwrap();
        assert_eq!(at_once, one_by_one);
    }

    #[test]
    fn a_message_that_leaves_no_room_for_the_rest_of_its_batch_is_not_added() {
        let answer = |bytes: usize| {
            let text = "x".repeat(bytes);
            ServerMessage::Reply(Err(crate::reject::Reject::Unavailable { reason: text }))
        };
        let mut out = b"before".to_vec();
        let mut frame = BatchFrame::begin(&mut out, 1_000).unwrap();
        frame.put(&mut out, &answer(FRAME_BYTES_MAX - 1_000 * SHORT_BYTES)).unwrap();
        let full = out.len();
        assert!(matches!(frame.put(&mut out, &answer(1_000)), Err(WireError::TooLong { .. })));
        assert_eq!(out.len(), full);
        for _ in 1..1_000 {
            frame.put(&mut out, &answer(SHORT_BYTES - 10)).unwrap();
        }
        frame.finish::<ServerMessage>(&mut out, header()).unwrap();
    }

    #[test]
    fn a_value_too_long_for_a_frame_leaves_the_buffer_as_it_was() {
        let mut out = b"before".to_vec();
        let long = GoAway { reason: "x".repeat(FRAME_BYTES_MAX), until: Time(0) };
        assert!(matches!(put_frame(&mut out, header(), &long), Err(WireError::TooLong { .. })));
        assert_eq!(out, b"before");
    }
}
