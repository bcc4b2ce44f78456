//! Frames: how a stream of bytes is cut into messages.
//!
//! [`FrameDecoder`] takes bytes as they arrive and lends out each complete frame's body without copying it. A length is
//! checked against the decoder's bound as soon as the header is there, before a byte of the body is waited or
//! allocated for.

use std::fmt;

use crate::Durability;
use crate::limits::FRAME_BYTES_MAX;
use crate::time::Time;

/// Bytes before each body.
pub const HEADER_BYTES: usize = 24;

/// What a frame's body is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum FrameKind {
    /// A [`crate::wire::Hello`], first on a connection's first stream.
    Hello = 1,
    /// A [`crate::wire::HelloAnswer`].
    HelloAnswer = 2,
    /// One [`crate::wire::ClientMessage`].
    Request = 3,
    /// One [`crate::wire::ServerMessage`], for the request of the same correlation id.
    Reply = 4,
    /// Several [`crate::wire::ClientMessage`]s that are answered together.
    RequestBatch = 5,
    /// As many [`crate::wire::ServerMessage`]s, in the order of the requests.
    ReplyBatch = 6,
    /// A [`crate::wire::GoAway`]: the server will not take more on this connection.
    GoAway = 7,
}

impl FrameKind {
    /// Every kind.
    pub const ALL: [FrameKind; 7] = [
        FrameKind::Hello,
        FrameKind::HelloAnswer,
        FrameKind::Request,
        FrameKind::Reply,
        FrameKind::RequestBatch,
        FrameKind::ReplyBatch,
        FrameKind::GoAway,
    ];

    const fn from_byte(byte: u8) -> Option<FrameKind> {
        Some(match byte {
            1 => FrameKind::Hello,
            2 => FrameKind::HelloAnswer,
            3 => FrameKind::Request,
            4 => FrameKind::Reply,
            5 => FrameKind::RequestBatch,
            6 => FrameKind::ReplyBatch,
            7 => FrameKind::GoAway,
            _ => return None,
        })
    }
}

/// What is known of a frame besides its body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What the body is.
    pub kind: FrameKind,
    /// Asked for by a request, reached by an answer.
    pub durability: Durability,
    /// Chosen by the client, repeated by the server: which request an answer belongs to.
    pub correlation: u64,
    /// Not-after of a request in the server's time, `Time(0)` for none; the server's time in an answer.
    pub time: Time,
}

impl Header {
    /// The header's bytes, for a body of `length` bytes.
    pub fn to_bytes(&self, length: u32) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&length.to_le_bytes());
        bytes[4] = self.kind as u8;
        bytes[5] = match self.durability {
            Durability::Memory => 0,
            Durability::Journaled => 1,
            Durability::Replicated => 2,
        };
        bytes[8..16].copy_from_slice(&self.correlation.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.time.0.to_le_bytes());
        bytes
    }

    /// A header and the length of the body it announces.
    pub fn from_bytes(bytes: &[u8; HEADER_BYTES], body_max: usize) -> Result<(Header, usize), FrameError> {
        let [l0, l1, l2, l3, kind, durability, zero0, zero1, ..] = *bytes;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if length > body_max {
            return Err(FrameError::TooLong { length, max: body_max });
        }
        if zero0 != 0 || zero1 != 0 {
            return Err(FrameError::Reserved(u16::from_le_bytes([zero0, zero1])));
        }
        let header = Header {
            kind: FrameKind::from_byte(kind).ok_or(FrameError::Kind(kind))?,
            durability: match durability {
                0 => Durability::Memory,
                1 => Durability::Journaled,
                2 => Durability::Replicated,
                other => return Err(FrameError::Durability(other)),
            },
            correlation: u64_at(bytes, 8),
            time: Time(u64_at(bytes, 16)),
        };
        Ok((header, length))
    }

    /// The not-after time, when there is one.
    pub fn not_after(&self) -> Option<Time> {
        (self.time.0 != 0).then_some(self.time)
    }
}

/// Why bytes are not a frame. The stream cannot be read any further.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than the receiver takes.
    #[error("a frame of {length} bytes is announced, at most {max} are taken here: send less at once")]
    TooLong {
        /// The announced length.
        length: usize,
        /// The bound.
        max: usize,
    },
    /// No such kind.
    #[error("there is no frame kind {0}: the other side is not a Stockade peer, or a newer one")]
    Kind(u8),
    /// No such durability.
    #[error("there is no durability {0}: the other side is not a Stockade peer, or a newer one")]
    Durability(u8),
    /// Bytes that must be zero are not.
    #[error(
        "reserved header bytes hold {0:#06x} instead of zero: the other side is not a Stockade peer, or a newer one"
    )]
    Reserved(u16),
}

/// A complete frame, its body lent by the decoder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The header.
    pub header: Header,
    /// The body, to be read by [`super::body::read_body`].
    pub body: &'a [u8],
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("header", &self.header).field("body_bytes", &self.body.len()).finish()
    }
}

/// Cuts a byte stream into frames: [`FrameDecoder::extend`], then [`FrameDecoder::next_frame`] until it has none.
#[derive(Debug)]
pub struct FrameDecoder {
    buffer: Vec<u8>,
    start: usize,
    body_max: usize,
    /// Bytes of a skipped frame that have not arrived yet.
    skipping: usize,
}

impl FrameDecoder {
    /// A decoder that refuses bodies of more than `body_max` bytes, and of more than [`FRAME_BYTES_MAX`].
    pub fn new(body_max: usize) -> FrameDecoder {
        FrameDecoder { buffer: Vec::new(), start: 0, body_max: body_max.min(FRAME_BYTES_MAX), skipping: 0 }
    }

    /// Takes longer bodies from now on, or shorter ones: a peer that has not said who it is gets little.
    pub fn set_body_max(&mut self, body_max: usize) {
        self.body_max = body_max.min(FRAME_BYTES_MAX);
    }

    /// Adds bytes that arrived. Call it only when [`FrameDecoder::next_frame`] has no more frames: then it holds less
    /// than one frame, and memory stays within one frame and one read.
    pub fn extend(&mut self, bytes: &[u8]) {
        let skipped = self.skipping.min(bytes.len());
        self.skipping -= skipped;
        let bytes = &bytes[skipped..];
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        // A large frame's room should not stay with a lane that from now on carries small ones.
        if self.buffer.is_empty() && self.buffer.capacity() > KEEP_BYTES {
            self.buffer = Vec::new();
        }
        if let Some((_, whole)) = self.announced() {
            // A growing vector would double its room instead.
            self.buffer.reserve_exact(whole.saturating_sub(self.buffer.len()).max(bytes.len()));
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The frame that has begun and is not complete: its header, and its bytes with the header. `None` when no frame has
    /// begun, its header is not complete, or it is one that [`FrameDecoder::next_frame`] refuses.
    pub fn announced(&self) -> Option<(Header, usize)> {
        let rest = &self.buffer[self.start..];
        let (header, length) = Header::from_bytes(rest.first_chunk::<HEADER_BYTES>()?, self.body_max).ok()?;
        let whole = HEADER_BYTES + length;
        (rest.len() < whole).then_some((header, whole))
    }

    /// Gives up the frame that has begun: what has arrived of it is forgotten and the rest is not kept. The frame after it
    /// is read as ever.
    pub fn skip(&mut self) {
        if let Some((_, whole)) = self.announced() {
            self.skipping = whole - (self.buffer.len() - self.start);
            self.start = 0;
            self.buffer = Vec::new();
        }
    }

    /// Whether a frame has begun and is not complete, skipped or not.
    pub fn is_amid(&self) -> bool {
        self.skipping > 0 || self.start < self.buffer.len()
    }

    /// The next complete frame, or `None` when more bytes are needed. After an error the stream is lost.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let rest = &self.buffer[self.start..];
        let Some(head) = rest.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let (header, length) = Header::from_bytes(head, self.body_max)?;
        let end = HEADER_BYTES + length;
        if rest.len() < end {
            return Ok(None);
        }
        let from = self.start + HEADER_BYTES;
        self.start += end;
        Ok(Some(Frame { header, body: &self.buffer[from..from + length] }))
    }

    /// Bytes of an incomplete frame, or of frames not yet taken.
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.start
    }
}

const KEEP_BYTES: usize = 256 * 1024;

fn u64_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(kind: FrameKind, correlation: u64) -> Header {
        Header { kind, durability: Durability::Journaled, correlation, time: Time(7) }
    }

    fn frame_bytes(header: Header, body: &[u8]) -> Vec<u8> {
        let mut bytes = header.to_bytes(u32::try_from(body.len()).unwrap()).to_vec();
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn a_length_is_refused_before_the_body_arrives() {
        let mut decoder = FrameDecoder::new(100);
        decoder.extend(&header(FrameKind::Request, 1).to_bytes(101));
        assert_eq!(decoder.next_frame(), Err(FrameError::TooLong { length: 101, max: 100 }));
        assert!(decoder.buffer.capacity() < 100);
        let mut decoder = FrameDecoder::new(usize::MAX);
        decoder.extend(&header(FrameKind::Request, 1).to_bytes(u32::MAX));
        assert!(matches!(decoder.next_frame(), Err(FrameError::TooLong { max: FRAME_BYTES_MAX, .. })));
    }

    #[test]
    fn what_is_not_a_frame_is_refused() {
        let good = header(FrameKind::Reply, 9).to_bytes(0);
        let with = |at: usize, byte: u8| {
            let mut bytes = good;
            bytes[at] = byte;
            Header::from_bytes(&bytes, 10).map(|_| ())
        };
        assert_eq!(with(4, 0), Err(FrameError::Kind(0)));
        assert_eq!(with(4, 8), Err(FrameError::Kind(8)));
        assert_eq!(with(5, 3), Err(FrameError::Durability(3)));
        assert_eq!(with(7, 1), Err(FrameError::Reserved(0x0100)));
        assert_eq!(with(4, 4), Ok(()));
    }

    #[test]
    fn room_of_a_large_frame_is_given_back() {
        let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
        decoder.extend(&frame_bytes(header(FrameKind::Request, 1), &vec![0; 1024 * 1024]));
        assert!(decoder.next_frame().unwrap().is_some());
        decoder.extend(&frame_bytes(header(FrameKind::Request, 2), b"x"));
        assert_eq!(decoder.next_frame().unwrap().unwrap().body, b"x");
        assert!(decoder.buffer.capacity() <= KEEP_BYTES);
    }

    #[test]
    fn a_skipped_frame_is_not_kept_and_the_next_one_is_read() {
        let (long, next) =
            (frame_bytes(header(FrameKind::Request, 1), &[7; 900]), frame_bytes(header(FrameKind::Reply, 2), b"x"));
        let mut decoder = FrameDecoder::new(1_000);
        decoder.extend(&long[..100]);
        assert_eq!(decoder.next_frame(), Ok(None));
        assert_eq!(decoder.announced(), Some((header(FrameKind::Request, 1), long.len())));
        decoder.skip();
        assert_eq!((decoder.buffered(), decoder.is_amid(), decoder.announced()), (0, true, None));
        decoder.extend(&long[100..800]);
        assert_eq!(decoder.next_frame(), Ok(None));
        assert_eq!(decoder.buffered(), 0);
        decoder.extend(&[&long[800..], &next[..]].concat());
        assert_eq!(decoder.next_frame().unwrap().unwrap().header.correlation, 2);
        assert!(!decoder.is_amid());
    }

    #[test]
    fn a_long_frame_takes_no_more_room_than_its_bytes() {
        let long = frame_bytes(header(FrameKind::Request, 1), &[7; 100_000]);
        let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
        for part in long.chunks(1_200) {
            decoder.extend(part);
        }
        assert!(decoder.buffer.capacity() < long.len() + 1_200, "{}", decoder.buffer.capacity());
        assert!(decoder.next_frame().unwrap().is_some());
    }

    proptest! {
        #[test]
        fn frames_survive_any_cut(
            bodies in prop::collection::vec((0usize..7, any::<u64>(), prop::collection::vec(any::<u8>(), 0..200)), 0..20),
            cuts in prop::collection::vec(1usize..97, 1..40),
        ) {
            let stream: Vec<u8> = bodies
                .iter()
                .flat_map(|(kind, correlation, body)| frame_bytes(header(FrameKind::ALL[*kind], *correlation), body))
                .collect();
            let mut decoder = FrameDecoder::new(1_000);
            let mut seen = Vec::new();
            let (mut at, mut cut) = (0, cuts.iter().cycle());
            while at < stream.len() {
                let end = (at + cut.next().unwrap()).min(stream.len());
                decoder.extend(&stream[at..end]);
                at = end;
                while let Some(frame) = decoder.next_frame().unwrap() {
                    let kind = FrameKind::ALL.iter().position(|kind| *kind == frame.header.kind).unwrap();
                    seen.push((kind, frame.header.correlation, frame.body.to_vec()));
                }
            }
            prop_assert_eq!(seen, bodies);
            prop_assert_eq!(decoder.buffered(), 0);
        }

        #[test]
        fn any_bytes_are_frames_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let mut decoder = FrameDecoder::new(64);
            decoder.extend(&bytes);
            let mut taken = 0;
            while let Ok(Some(frame)) = decoder.next_frame() {
                prop_assert!(frame.body.len() <= 64);
                taken += HEADER_BYTES + frame.body.len();
            }
            prop_assert_eq!(taken + decoder.buffered(), bytes.len());
        }
    }
}
