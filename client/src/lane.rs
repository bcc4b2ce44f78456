//! A lane: one stream that carries the requests of many callers.
//!
//! Callers encode into a shared buffer and wait; the writer sends everything gathered in one write; the reader wakes
//! each caller when its answer arrives. Answers are matched by correlation id: the number of a slot and its count of
//! uses, so that an answer to a caller that left is not taken for another's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;
use quinn::{RecvStream, SendStream};
use stockade_core::Durability;
use stockade_core::time::Time;
use stockade_core::wire::body::{put_batch, put_frame, read_batch, read_body};
use stockade_core::wire::{
    ClientMessage, Frame, FrameDecoder, FrameKind, GoAway, HEADER_BYTES, Header, ServerMessage, WireError,
};
use tokio::sync::{Notify, oneshot};

use crate::error::Lost;

/// Messages of an answer frame, in the order of the requests.
#[derive(Debug)]
pub(crate) enum Messages {
    One(ServerMessage),
    Many(Vec<ServerMessage>),
}

/// An answer frame.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) level: Durability,
    pub(crate) server_time: Time,
    pub(crate) messages: Messages,
}

/// Why no answer came.
#[derive(Debug, Clone)]
pub(crate) enum NoAnswer {
    /// The deadline passed.
    TimedOut,
    /// The connection ended.
    Lost(Lost),
}

/// Why a request was not sent.
#[derive(Debug)]
pub(crate) enum NotSent {
    Unsendable(WireError),
    TooLong { bytes: usize, max: usize },
    Lost(Lost),
}

#[derive(Debug)]
pub(crate) struct Lane {
    state: Mutex<State>,
    gathered: Notify,
    waiting: AtomicUsize,
    body_max: usize,
}

#[derive(Debug, Default)]
struct State {
    out: Vec<u8>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    lost: Option<Lost>,
}

#[derive(Debug)]
struct Slot {
    uses: u32,
    waiter: Option<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    until: Instant,
    reply: oneshot::Sender<Result<Answered, NoAnswer>>,
}

/// A request in flight. If it is dropped, its answer is ignored.
#[derive(Debug)]
pub(crate) struct Ticket {
    lane: Arc<Lane>,
    correlation: u64,
    reply: oneshot::Receiver<Result<Answered, NoAnswer>>,
}

impl Lane {
    pub(crate) fn new(body_max: usize) -> Arc<Lane> {
        Arc::new(Lane { state: Mutex::default(), gathered: Notify::new(), waiting: AtomicUsize::new(0), body_max })
    }

    /// Queues one frame with a request, or with several that are answered together. On an error, nothing is queued.
    pub(crate) fn send(
        self: &Arc<Lane>,
        messages: &[ClientMessage],
        batch: bool,
        durability: Durability,
        not_after: Time,
        until: Instant,
    ) -> Result<Ticket, NotSent> {
        let (reply, receiver) = oneshot::channel();
        let (correlation, was_empty) = {
            let mut state = self.state.lock();
            if let Some(lost) = &state.lost {
                return Err(NotSent::Lost(lost.clone()));
            }
            let number = state.free.pop().unwrap_or_else(|| {
                state.slots.push(Slot { uses: 0, waiter: None });
                (state.slots.len() - 1) as u32
            });
            let correlation = u64::from(state.slots[number as usize].uses) << 32 | u64::from(number);
            let before = state.out.len();
            let header = Header { kind: FrameKind::Request, durability, correlation, time: not_after };
            let put = match messages {
                [message] if !batch => put_frame(&mut state.out, header, message),
                several => put_batch(&mut state.out, header, several),
            };
            let body = state.out.len().saturating_sub(before + HEADER_BYTES);
            if put.is_err() || body > self.body_max {
                state.out.truncate(before);
                state.free.push(number);
                return Err(match put {
                    Err(error) => NotSent::Unsendable(error),
                    Ok(()) => NotSent::TooLong { bytes: body, max: self.body_max },
                });
            }
            state.slots[number as usize].waiter = Some(Waiter { until, reply });
            (correlation, before == 0)
        };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if was_empty {
            self.gathered.notify_one();
        }
        Ok(Ticket { lane: Arc::clone(self), correlation, reply: receiver })
    }

    /// Ends the lane: all present and later callers get the reason.
    pub(crate) fn lose(&self, lost: Lost) {
        let waiters: Vec<Waiter> = {
            let mut state = self.state.lock();
            state.lost.get_or_insert(lost.clone());
            state.slots.iter_mut().filter_map(|slot| slot.waiter.take()).collect()
        };
        for waiter in waiters {
            let _ = waiter.reply.send(Err(NoAnswer::Lost(lost.clone())));
        }
        self.gathered.notify_one();
    }

    /// Notifies the callers past their deadline. Called every few milliseconds: one timer for all of them.
    pub(crate) fn sweep(&self, now: Instant) {
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut late = Vec::new();
        {
            let mut state = self.state.lock();
            let State { slots, free, .. } = &mut *state;
            for (number, slot) in slots.iter_mut().enumerate() {
                if slot.waiter.as_ref().is_some_and(|waiter| waiter.until <= now) {
                    late.extend(slot.release());
                    free.push(number as u32);
                }
            }
        }
        for waiter in late {
            let _ = waiter.reply.send(Err(NoAnswer::TimedOut));
        }
    }

    /// Number of requests that wait for an answer.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Sends what gathers until the lane ends.
    pub(crate) async fn write(&self, mut stream: SendStream) -> Lost {
        let mut batch = Vec::new();
        loop {
            self.gathered.notified().await;
            // Lets ready callers add their requests first, so that one write carries them all.
            tokio::task::yield_now().await;
            loop {
                {
                    let mut state = self.state.lock();
                    if let Some(lost) = &state.lost {
                        return lost.clone();
                    }
                    std::mem::swap(&mut batch, &mut state.out);
                }
                if batch.is_empty() {
                    break;
                }
                if let Err(error) = stream.write_all(&batch).await {
                    return Lost::new(error);
                }
                batch.clear();
                if batch.capacity() > KEEP_BYTES {
                    batch = Vec::new();
                }
            }
        }
    }

    /// Delivers answers until the stream ends. Calls `go_away` when the server asks to end this connection.
    pub(crate) async fn read(
        &self,
        mut stream: RecvStream,
        mut decoder: FrameDecoder,
        mut go_away: impl FnMut(GoAway),
        mut saw_time: impl FnMut(Time),
    ) -> Lost {
        let mut chunks: [Bytes; CHUNKS] = std::array::from_fn(|_| Bytes::new());
        loop {
            let mut time = None;
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) if frame.header.kind == FrameKind::GoAway => match read_body(frame.body) {
                        Ok(message) => go_away(message),
                        Err(error) => return Lost::new(error),
                    },
                    Ok(Some(frame)) => {
                        time = Some(frame.header.time);
                        if let Err(lost) = self.answer(frame) {
                            return lost;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => return Lost::new(error),
                }
            }
            time.into_iter().for_each(&mut saw_time);
            match stream.read_chunks(&mut chunks).await {
                Ok(Some(count)) => {
                    for chunk in &mut chunks[..count] {
                        decoder.extend(chunk);
                        *chunk = Bytes::new();
                    }
                }
                Ok(None) => return Lost::new("the server ended the stream"),
                Err(error) => return Lost::new(error),
            }
        }
    }

    fn answer(&self, frame: Frame<'_>) -> Result<(), Lost> {
        let messages = match frame.header.kind {
            FrameKind::Reply => Messages::One(read_body(frame.body).map_err(Lost::new)?),
            FrameKind::ReplyBatch => {
                let mut many = Vec::new();
                read_batch(frame.body, |message| many.push(message)).map_err(Lost::new)?;
                Messages::Many(many)
            }
            other => return Err(Lost::new(format!("the server sent {other:?} instead of an answer"))),
        };
        let waiter = self.take(frame.header.correlation);
        if let Some(waiter) = waiter {
            let Header { durability: level, time: server_time, .. } = frame.header;
            let _ = waiter.reply.send(Ok(Answered { level, server_time, messages }));
        }
        Ok(())
    }

    fn take(&self, correlation: u64) -> Option<Waiter> {
        let number = (correlation & u64::from(u32::MAX)) as u32;
        let mut state = self.state.lock();
        let State { slots, free, .. } = &mut *state;
        let slot = slots.get_mut(number as usize).filter(|slot| u64::from(slot.uses) == correlation >> 32)?;
        slot.waiter.as_ref()?;
        let waiter = slot.release();
        free.push(number);
        waiter
    }
}

impl Slot {
    fn release(&mut self) -> Option<Waiter> {
        self.uses = self.uses.wrapping_add(1);
        self.waiter.take()
    }
}

impl Ticket {
    /// Waits for the answer; the lane watches the deadline.
    pub(crate) async fn answer(mut self) -> Result<Answered, NoAnswer> {
        match (&mut self.reply).await {
            Ok(result) => result,
            Err(_) => Err(NoAnswer::Lost(Lost::new("the lane ended"))),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.lane.waiting.fetch_sub(1, Ordering::Relaxed);
        // Frees the slot of a caller that left. The slot of an answered request is already free or reused.
        if !self.reply.is_terminated() {
            self.lane.take(self.correlation);
        }
    }
}

/// Most chunks read from the stream at once; each packet brings one.
const CHUNKS: usize = 64;
/// A write buffer that grew beyond this many bytes is not kept.
const KEEP_BYTES: usize = 1024 * 1024;
