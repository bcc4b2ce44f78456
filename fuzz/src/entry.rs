//! What the fuzz targets do with bytes. Each function takes any bytes and must return; what must hold is asserted.
//!
//! They run on stable as tests over the committed corpus and random bytes, and without end under cargo-fuzz.

use std::fmt::Debug;

use stockade_core::Actor;
use stockade_core::engine::Engine;
use stockade_core::event::Envelope;
use stockade_core::limits::FRAME_BYTES_MAX;
use stockade_core::log::Batch;
use stockade_core::log::{decode_envelope, encode_envelope};
use stockade_core::rules::{RulesFile, WorldFile};
use stockade_core::wire::body::{Body, put_frame, read_batch, read_body};
use stockade_core::wire::{
    ClientMessage, Frame, FrameDecoder, FrameKind, GoAway, HEADER_BYTES, Hello, HelloAnswer, ServerMessage,
};

use crate::sim::run_tape;

/// A byte stream in pieces: frames come out whole, however it is cut, and what they hold is read or refused.
pub fn frames(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let whole = decoded(bytes, bytes.len().max(1));
    let pieces = decoded(bytes, usize::from(*cut).max(1));
    assert_eq!(whole, pieces, "frames depend on how the stream is cut");
}

/// The frames in a stream that arrives `piece` bytes at a time, and whether the stream was lost.
fn decoded(bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, bool) {
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let mut frames = Vec::new();
    for piece in bytes.chunks(piece) {
        decoder.extend(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => {
                    body(&frame);
                    let mut all = frame.header.to_bytes(frame.body.len() as u32).to_vec();
                    all.extend_from_slice(frame.body);
                    frames.push(all);
                }
                Ok(None) => break,
                Err(_) => return (frames, true),
            }
        }
    }
    assert!(decoder.buffered() < HEADER_BYTES + FRAME_BYTES_MAX, "the decoder keeps more than a frame");
    (frames, false)
}

fn body(frame: &Frame<'_>) {
    match frame.header.kind {
        FrameKind::Hello => again::<Hello>(frame),
        FrameKind::HelloAnswer => again::<HelloAnswer>(frame),
        FrameKind::Request => again::<ClientMessage>(frame),
        FrameKind::Reply => again::<ServerMessage>(frame),
        FrameKind::GoAway => again::<GoAway>(frame),
        FrameKind::RequestBatch => drop(read_batch::<ClientMessage>(frame.body, drop)),
        FrameKind::ReplyBatch => drop(read_batch::<ServerMessage>(frame.body, drop)),
    }
}

/// What was read is written so that it reads the same.
fn again<T: Body + PartialEq + Debug>(frame: &Frame<'_>) {
    let Ok(value) = read_body::<T>(frame.body) else { return };
    let mut written = Vec::new();
    put_frame(&mut written, frame.header, &value).unwrap_or_else(|e| panic!("{value:?} was read, but: {e}"));
    let back: T = read_body(&written[HEADER_BYTES..]).unwrap_or_else(|e| panic!("{value:?} was written, but: {e}"));
    assert_eq!(back, value);
}

/// Requests and replies without a frame around them.
pub fn messages(bytes: &[u8]) {
    fn one<T: Body + PartialEq + Debug>(bytes: &[u8]) {
        let header = stockade_core::wire::Header {
            kind: T::KIND,
            durability: Default::default(),
            correlation: 0,
            time: Default::default(),
        };
        again::<T>(&Frame { header, body: bytes });
    }
    one::<ClientMessage>(bytes);
    one::<ServerMessage>(bytes);
    one::<Hello>(bytes);
    one::<HelloAnswer>(bytes);
}

/// A batch, and an envelope alone: decoded or refused, and written as it was read.
pub fn batches(bytes: &[u8]) {
    if let Ok(batch) = Batch::decode(bytes) {
        let count = batch.events().count() as u64;
        assert_eq!(count, batch.count(), "a checked batch has as many events as it says");
        for (_, event) in batch.events() {
            envelope(event);
        }
    }
    envelope(bytes);
}

fn envelope(bytes: &[u8]) {
    let Ok(envelope) = decode_envelope(bytes) else { return };
    let mut written = Vec::new();
    encode_envelope(&envelope, &mut written).unwrap_or_else(|e| panic!("{envelope:?} was read, but: {e}"));
    let back: Envelope = decode_envelope(&written).unwrap_or_else(|e| panic!("{envelope:?} was written, but: {e}"));
    assert_eq!(back, envelope);
}

/// A world file, or a rules file laid over a sound world: read, or refused with a line that exists.
pub fn files(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lines = text.lines().count() as u32 + 1;
    if let Err(e) = WorldFile::parse(text) {
        assert!(e.line <= lines, "line {} of {lines}: {e}", e.line);
    }
    let world = WorldFile::parse(SOUND).unwrap_or_else(|e| panic!("the sound world: {e}"));
    if let Err(e) = RulesFile::parse(text, &world) {
        assert!(e.line <= lines, "line {} of {lines}: {e}", e.line);
    }
}

/// A world that rules can be laid over.
const SOUND: &str = include_str!("../seeds/files/sound.toml");

/// Commands chosen by bytes: engine and model must agree, and every invariant hold, after each.
pub fn commands(bytes: &[u8]) {
    if let Err(e) = run_tape(bytes) {
        panic!("{e}");
    }
}

/// Requests as they come off the wire, whatever they say: answered or refused, and the engine stays sound.
pub fn requests(bytes: &[u8]) {
    let engine = Engine::new();
    let actor = Actor::Timer;
    let mut now = stockade_core::time::Time(1);
    let _ = read_batch::<ClientMessage>(bytes, |message| {
        now.0 += 1_000_000;
        match message {
            ClientMessage::Command(request) => drop(engine.execute(&request, &actor, now)),
            ClientMessage::Query { query, .. } => drop(engine.query(&query, now)),
            ClientMessage::Ping => {}
        }
    });
    assert_eq!(engine.log().halted(), None);
    assert_eq!(engine.check(), Ok(()));
}
