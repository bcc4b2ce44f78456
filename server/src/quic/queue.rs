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
use stockade_core::limits::FRAME_BYTES_MAX;
use stockade_core::reject::Reject;
use stockade_core::time::Time;
use stockade_core::wire::body::{BatchFrame, put_batch, put_frame};
use stockade_core::wire::{FrameKind, Header, ServerMessage, WireError};

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

/// The answers to a batch, each encoded as soon as it is decided. They are apart from the queue until all are there, so
/// that answers before them leave meanwhile.
#[derive(Debug)]
pub(super) struct BatchAnswer {
    out: Vec<u8>,
    frame: BatchFrame,
    waiting: Waiting,
    /// The lowest level of them, which is the level of all.
    reached: Option<Durability>,
}

impl BatchAnswer {
    /// Begins the answers to a batch of `count` messages.
    ///
    /// # Errors
    /// When a batch does not have so many messages.
    pub(super) fn begin(correlation: u64, count: usize) -> Result<BatchAnswer, WireError> {
        let mut out = Vec::new();
        let frame = BatchFrame::begin(&mut out, count)?;
        let waiting = Waiting {
            seen: Seq(0),
            level: Durability::Memory,
            until: Time(0),
            correlation,
            bytes: 0,
            late: Lates::Many(Vec::with_capacity(count)),
            dead: false,
        };
        Ok(BatchAnswer { out, frame, waiting, reached: None })
    }

    /// Bytes of the answers so far.
    pub(super) fn bytes(&self) -> usize {
        self.frame.bytes(&self.out)
    }

    /// Adds the answer to the next message.
    pub(super) fn push(&mut self, decided: Decided) {
        let Decided { result, seen, level, until, late } = decided;
        let out = &mut self.out;
        if let Err(error) = self.frame.put(out, &ServerMessage::Reply(result)) {
            let put = self.frame.put(out, &short(late, &error));
            debug_assert!(put.is_ok(), "{put:?}");
        }
        let waiting = &mut self.waiting;
        if level != Durability::Memory {
            waiting.seen = waiting.seen.max(seen);
        }
        waiting.level = waiting.level.max(level);
        waiting.until = waiting.until.max(until);
        if let Lates::Many(many) = &mut waiting.late {
            many.push(late);
        }
        self.reached = Some(self.reached.map_or(level, |reached| reached.min(level)));
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
            put_or_nothing(&mut self.bytes, header, &short(late, &error));
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

    /// Adds the answers to a batch, each of whose messages was answered. They leave together: when the last of them may.
    pub(super) fn push_batch(&mut self, answer: BatchAnswer) {
        let BatchAnswer { mut out, frame, mut waiting, reached } = answer;
        let header = header(waiting.correlation, reached.unwrap_or(Durability::Memory));
        let put = frame.finish::<ServerMessage>(&mut out, header);
        debug_assert!(put.is_ok(), "{put:?}");
        waiting.bytes = out.len();
        if self.bytes.is_empty() && out.len() > KEEP_BYTES {
            self.bytes = out;
        } else {
            self.bytes.extend_from_slice(&out);
        }
        self.add(waiting);
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

    /// Bytes of answers in memory, the sent ones that are not yet forgotten among them.
    pub(super) fn memory(&self) -> usize {
        self.bytes.len()
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
/// A buffer of answers that grew beyond this many bytes is not kept.
pub(super) const KEEP_BYTES: usize = 256 * 1024;

fn header(correlation: u64, durability: Durability) -> Header {
    Header { kind: FrameKind::Reply, durability, correlation, time: Time(0) }
}

/// What is answered instead of an answer that does not fit. A command that was applied is never called refused.
fn short(late: Late, error: &WireError) -> ServerMessage {
    ServerMessage::Reply(Err(match late {
        Late::Applied(order) => Reject::OutcomeUnknown { order },
        Late::Unchanged => {
            let bytes = if let WireError::TooLong { bytes, .. } = error { *bytes } else { FRAME_BYTES_MAX };
            let reason = format!("{bytes} bytes: ask for less");
            Reject::Invalid { field: "answer".to_owned(), reason }
        }
    }))
}

/// A short message always fits into a frame.
fn put_or_nothing(out: &mut Vec<u8>, header: Header, message: &ServerMessage) {
    let put = put_frame(out, header, message);
    debug_assert!(put.is_ok(), "{put:?}");
}

#[cfg(test)]
mod tests {
    use stockade_core::ids::OrderId;
    use stockade_core::reply::Reply;
    use stockade_core::wire::FrameDecoder;
    use stockade_core::wire::body::{read_batch, read_body};

    use super::*;

    /// A decision whose answer is of `bytes` bytes.
    fn decided(bytes: usize, late: Late) -> Decided {
        let reason = "x".repeat(bytes);
        let result: Result<Reply, Reject> = Err(Reject::Halted { reason });
        Decided { result, seen: Seq(1), level: Durability::Journaled, until: Time(9), late }
    }

    const LONG: usize = FRAME_BYTES_MAX - 100;

    #[test]
    fn an_applied_command_whose_answer_does_not_fit_is_an_unknown_outcome_with_its_order() {
        let order = Some(OrderId(7));
        let unknown = ServerMessage::Reply(Err(Reject::OutcomeUnknown { order }));
        let is_invalid = |message: &ServerMessage| matches!(message, ServerMessage::Reply(Err(Reject::Invalid { .. })));
        let mut queue = Queue::default();
        queue.push(1, decided(LONG + 200, Late::Applied(order)));
        queue.push(2, decided(LONG + 200, Late::Unchanged));
        let mut batch = BatchAnswer::begin(3, 4).unwrap();
        batch.push(decided(10, Late::Unchanged));
        batch.push(decided(LONG - 300, Late::Applied(Some(OrderId(6)))));
        batch.push(decided(1_000, Late::Applied(order)));
        batch.push(decided(1_000, Late::Unchanged));
        queue.push_batch(batch);
        assert_eq!(queue.held(), 6);
        let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
        decoder.extend(&queue.bytes);
        assert_eq!(read_body(decoder.next_frame().unwrap().unwrap().body), Ok(unknown.clone()));
        assert!(is_invalid(&read_body(decoder.next_frame().unwrap().unwrap().body).unwrap()));
        let mut answers: Vec<ServerMessage> = Vec::new();
        read_batch(decoder.next_frame().unwrap().unwrap().body, |answer| answers.push(answer)).unwrap();
        assert!(matches!(answers[1], ServerMessage::Reply(Err(Reject::Halted { .. }))));
        assert_eq!(answers[2], unknown);
        assert!(is_invalid(&answers[3]));
    }
}
