//! The answers of a lane: encoded as soon as they are decided, sent once they are durable enough.
//!
//! ```text
//!   bytes:   │ sent │ frame │ frame │ frame │ frame │      appended at the end, sent from the front
//!   waiting:        │ seen, level, until │ … │             one entry per frame
//! ```
//!
//! Order within the lane is kept, so that what may leave is always a prefix and goes in one write. Only a late answer
//! leaves out of order, and its frame is skipped later: as decided if it waits for nothing, otherwise as a refusal that
//! says that its durability did not come in time.

use std::collections::VecDeque;

use stockade_core::Durability;
use stockade_core::ids::Seq;
use stockade_core::reject::Reject;
use stockade_core::time::Time;
use stockade_core::wire::body::{put_batch, put_frame};
use stockade_core::wire::{FrameKind, Header, ServerMessage};

use crate::service::{Decided, Late, Service};

/// Answers that wait for the gate, and what may leave.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    sent: usize,
    waiting: VecDeque<Waiting>,
    /// No answer is late before this time.
    earliest: Option<Time>,
}

#[derive(Debug)]
struct Waiting {
    seen: Seq,
    level: Durability,
    until: Time,
    correlation: u64,
    bytes: usize,
    late: Lates,
    /// Answered already: the frame is skipped.
    dead: bool,
}

#[derive(Debug)]
enum Lates {
    One(Late),
    Many(Vec<Late>),
}

impl Lates {
    fn count(&self) -> usize {
        match self {
            Lates::One(_) => 1,
            Lates::Many(many) => many.len(),
        }
    }
}

impl Queue {
    /// Adds the answer to a request.
    pub(super) fn push(&mut self, correlation: u64, decided: Decided) {
        let Decided { result, seen, level, until, late } = decided;
        let before = self.bytes.len();
        let header = header(correlation, level);
        let message = ServerMessage::Reply(result);
        if let Err(error) = put_frame(&mut self.bytes, header, &message) {
            put_or_nothing(&mut self.bytes, header, &ServerMessage::Reply(Err(too_long(&error))));
        }
        self.add(Waiting {
            seen,
            level,
            until,
            correlation,
            bytes: self.bytes.len() - before,
            late: Lates::One(late),
            dead: false,
        });
    }

    /// Adds the answers to a batch. They leave together: when the last of them may.
    pub(super) fn push_batch(&mut self, correlation: u64, all: Vec<Decided>) {
        let before = self.bytes.len();
        let waits = all.iter().filter(|decided| decided.level != Durability::Memory);
        let level = all.iter().map(|decided| decided.level).min().unwrap_or(Durability::Memory);
        let wait_level = waits.clone().map(|decided| decided.level).max().unwrap_or(Durability::Memory);
        let seen = waits.map(|decided| decided.seen).max().unwrap_or(Seq(0));
        let until = all.iter().map(|decided| decided.until).max().unwrap_or(Time(0));
        let late = Lates::Many(all.iter().map(|decided| decided.late).collect());
        let header = header(correlation, level);
        let messages: Vec<ServerMessage> =
            all.into_iter().map(|decided| ServerMessage::Reply(decided.result)).collect();
        if let Err(error) = put_batch(&mut self.bytes, header, &messages) {
            let short: Vec<_> = messages.iter().map(|_| ServerMessage::Reply(Err(too_long(&error)))).collect();
            let _ = put_batch(&mut self.bytes, header, &short);
        }
        self.add(Waiting {
            seen,
            level: wait_level,
            until,
            correlation,
            bytes: self.bytes.len() - before,
            late,
            dead: false,
        });
    }

    /// Adds the answer to a ping, which waits only for the answers before it.
    pub(super) fn push_pong(&mut self, correlation: u64) {
        let before = self.bytes.len();
        put_or_nothing(&mut self.bytes, header(correlation, Durability::Memory), &ServerMessage::Pong);
        self.add(Waiting {
            seen: Seq(0),
            level: Durability::Memory,
            until: Time::NEVER,
            correlation,
            bytes: self.bytes.len() - before,
            late: Lates::One(Late::Unchanged),
            dead: false,
        });
    }

    /// Moves everything that may leave into `out`, and answers what waited too long. Returns the number of requests
    /// answered.
    pub(super) fn flush(&mut self, service: &Service, now: Time, out: &mut Vec<u8>) -> usize {
        let marks = service.waits().marks();
        let mut answered = 0;
        while let Some(first) = self.waiting.front()
            && (first.dead || marks.cover(first.seen, first.level))
        {
            let frame = &mut self.bytes[self.sent..self.sent + first.bytes];
            if !first.dead {
                put(out, frame, now);
                answered += first.late.count();
            }
            self.sent += first.bytes;
            self.waiting.pop_front();
        }
        self.compact();
        if self.earliest.is_some_and(|earliest| earliest <= now) {
            answered += self.give_up(service, now, out);
        }
        answered
    }

    /// What the first answer in line waits for.
    pub(super) fn head(&self) -> Option<(Seq, Durability)> {
        self.waiting.front().map(|first| (first.seen, first.level))
    }

    /// When to flush again at the latest, even if the gate has not advanced.
    pub(super) fn earliest(&self) -> Option<Time> {
        if self.waiting.is_empty() { None } else { self.earliest }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Bytes held for answers that may not leave yet.
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Requests whose answers are held.
    pub(super) fn held(&self) -> usize {
        self.waiting.iter().filter(|waiting| !waiting.dead).map(|waiting| waiting.late.count()).sum()
    }

    fn add(&mut self, waiting: Waiting) {
        self.earliest = Some(self.earliest.map_or(waiting.until, |earliest| earliest.min(waiting.until)));
        self.waiting.push_back(waiting);
    }

    /// Sends late answers out of order: as decided if they are durable enough, otherwise as a refusal.
    fn give_up(&mut self, service: &Service, now: Time, out: &mut Vec<u8>) -> usize {
        let mut answered = 0;
        let mut earliest: Option<Time> = None;
        let mut at = self.sent;
        for waiting in &mut self.waiting {
            let frame = &mut self.bytes[at..at + waiting.bytes];
            at += waiting.bytes;
            if waiting.dead {
                continue;
            }
            if waiting.until > now {
                earliest = Some(earliest.map_or(waiting.until, |earliest| earliest.min(waiting.until)));
                continue;
            }
            waiting.dead = true;
            answered += waiting.late.count();
            if service.waits().is_due(waiting.seen, waiting.level) {
                put(out, frame, now);
            } else {
                put_late(out, waiting, service, now);
            }
        }
        self.earliest = earliest;
        answered
    }

    fn compact(&mut self) {
        if self.waiting.is_empty() {
            self.bytes.clear();
            self.sent = 0;
            self.earliest = None;
            if self.bytes.capacity() > KEEP_BYTES {
                self.bytes = Vec::new();
            }
        } else if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}

/// Sends a frame that is ready, with the time of its sending.
fn put(out: &mut Vec<u8>, frame: &mut [u8], now: Time) {
    frame[TIME_AT..TIME_AT + 8].copy_from_slice(&now.0.to_le_bytes());
    out.extend_from_slice(frame);
}

fn put_late(out: &mut Vec<u8>, waiting: &Waiting, service: &Service, now: Time) {
    let header = Header { time: now, ..header(waiting.correlation, Durability::Memory) };
    let word = |late: &Late| ServerMessage::Reply(Err(service.late(*late)));
    match &waiting.late {
        Lates::One(late) => put_or_nothing(out, header, &word(late)),
        Lates::Many(many) => {
            let words: Vec<ServerMessage> = many.iter().map(word).collect();
            let put = put_batch(out, header, &words);
            debug_assert!(put.is_ok(), "{put:?}");
        }
    }
}

/// The place of the time in a frame's header.
const TIME_AT: usize = 16;
const KEEP_BYTES: usize = 1024 * 1024;

fn header(correlation: u64, durability: Durability) -> Header {
    Header { kind: FrameKind::Reply, durability, correlation, time: Time(0) }
}

fn too_long(error: &stockade_core::wire::WireError) -> Reject {
    Reject::Invalid { field: "limit".to_owned(), reason: format!("the answer does not fit into a frame: {error}") }
}

/// A short message always fits into a frame.
fn put_or_nothing(out: &mut Vec<u8>, header: Header, message: &ServerMessage) {
    let put = put_frame(out, header, message);
    debug_assert!(put.is_ok(), "{put:?}");
}
