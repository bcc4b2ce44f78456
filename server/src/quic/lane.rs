//! One stream of requests and answers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use quinn::{RecvStream, SendStream};
use stockade_core::Durability;
use stockade_core::time::Time;
use stockade_core::wire::body::put_frame;
use stockade_core::wire::{FrameDecoder, FrameError, FrameKind, GoAway, Header, WireError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::caller::Caller;
use super::queue::{KEEP_BYTES, Queue};
use super::take::{enter, overloaded, take_batch, take_one};
use crate::service::{Holding, Service, Wait};

/// Why a lane ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaneError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("a {0:?} frame has no place on a lane")]
    Kind(FrameKind),
    #[error("{0}")]
    Batch(WireError),
    #[error("a frame was not complete {} s after its first byte", .0.as_secs_f32())]
    Slow(Duration),
    #[error("its answers were not read for {} s", .0.as_secs_f32())]
    Unread(Duration),
    #[error("the stream cannot be read: {0}")]
    Read(#[from] quinn::ReadError),
    #[error("the stream cannot be written: {0}")]
    Write(#[from] quinn::WriteError),
}

impl LaneError {
    /// Whether the peer broke the protocol, rather than the connection.
    pub(super) fn is_fault(&self) -> bool {
        match self {
            LaneError::Frame(_)
            | LaneError::Kind(_)
            | LaneError::Batch(_)
            | LaneError::Slow(_)
            | LaneError::Unread(_) => true,
            LaneError::Read(_) | LaneError::Write(_) => false,
        }
    }
}

pub(super) struct Lane {
    service: Arc<Service>,
    caller: Arc<Caller>,
    decoder: FrameDecoder,
    queue: Queue,
    wait: Wait,
    announces: bool,
    /// When the frame that is not complete began.
    begun: Option<Instant>,
    /// What that frame takes.
    received: Holding,
    /// What the answers take.
    answers: Holding,
}

/// The phase of a connection, as its lanes see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Requests are accepted.
    Open,
    /// Requests are refused, and the client is told to go away.
    Draining {
        /// When the connection is closed at the latest.
        until: Time,
    },
    /// Lanes end as soon as every request is answered.
    Closing,
}

impl Lane {
    /// A lane whose stream goes on with what `decoder` holds. One lane of a connection `announces` that the server is
    /// going away.
    pub(super) fn new(service: Arc<Service>, caller: Arc<Caller>, decoder: FrameDecoder, announces: bool) -> Lane {
        let wait = service.waits().enter();
        let (received, answers) = (caller.memory.received.open(), caller.memory.answers.open());
        let queue = Queue::default();
        Lane { service, caller, decoder, queue, wait, announces, begun: None, received, answers }
    }

    /// Serves the stream until the client ends it, or until the phase is [`Phase::Closing`] and all is answered.
    /// Requests that come while the service drains are refused by it and thereby answered.
    pub(super) async fn serve(
        mut self,
        send: &mut SendStream,
        receive: &mut RecvStream,
        mut phase: watch::Receiver<Phase>,
    ) -> Result<(), LaneError> {
        let mut chunks: [Bytes; CHUNKS] = std::array::from_fn(|_| Bytes::new());
        let mut out = Vec::new();
        let mut ended = false;
        phase.mark_changed();
        loop {
            let behind = self.take_frames()?;
            self.send_due(send, &mut out).await?;
            if behind && self.may_take() {
                continue;
            }
            if self.queue.is_empty() && (ended || *phase.borrow() == Phase::Closing) {
                return Ok(());
            }
            let may_read = !ended && !behind && self.may_take();
            let begun = self.watch_frame(may_read)?;
            let until_late = self.until_late();
            tokio::select! {
                read = receive.read_chunks(&mut chunks), if may_read => match read? {
                    Some(count) => {
                        for chunk in &mut chunks[..count] {
                            self.decoder.extend(chunk);
                            *chunk = Bytes::new();
                        }
                        // Other tasks of this thread get a turn, and the next read finds more to do.
                        tokio::task::yield_now().await;
                    }
                    None => ended = true,
                },
                () = tokio::time::sleep_until(begun + self.caller.frame_timeout), if self.begun.is_some() => {}
                () = self.wait.rung(), if !self.queue.is_empty() => {}
                () = tokio::time::sleep(until_late), if !self.queue.is_empty() => {}
                Ok(()) = phase.changed() => {
                    if let Phase::Draining { until } = *phase.borrow_and_update() && self.announces {
                        put_go_away(&mut out, until);
                    }
                    if !out.is_empty() {
                        let written = send.write_all(&out).await;
                        out.clear();
                        written?;
                    }
                }
            }
        }
    }

    /// Follows how long the frame that is not complete has taken, as far as that is the peer's doing; returns when it
    /// began.
    fn watch_frame(&mut self, reading: bool) -> Result<Instant, LaneError> {
        let now = Instant::now();
        let begun = if reading && self.decoder.is_amid() { self.begun.unwrap_or(now) } else { now };
        self.begun = (reading && self.decoder.is_amid()).then_some(begun);
        if now - begun >= self.caller.frame_timeout {
            return Err(LaneError::Slow(self.caller.frame_timeout));
        }
        Ok(begun)
    }

    /// Sends every answer that is durable enough.
    async fn send_due(&mut self, send: &mut SendStream, out: &mut Vec<u8>) -> Result<(), LaneError> {
        while !self.queue.is_empty() {
            let answered = self.queue.flush(&self.service, self.service.clock().now(), out);
            self.caller.in_flight.fetch_sub(answered, Ordering::Relaxed);
            if !out.is_empty() {
                self.answers.set(self.queue.memory() + out.len());
                let patience = self.caller.frame_timeout;
                let written = timeout(patience, send.write_all(out)).await.map_err(|_| LaneError::Unread(patience))?;
                out.clear();
                if out.capacity() > KEEP_BYTES {
                    *out = Vec::new();
                }
                written?;
            }
            let Some((seen, level)) = self.queue.head() else { break };
            self.wait.want(seen, level);
            // The gate may have advanced between the flush and the wish.
            if !self.service.waits().is_due(seen, level) {
                break;
            }
        }
        self.answers.set(self.queue.memory());
        Ok(())
    }

    /// Time until the next answer is late.
    fn until_late(&self) -> Duration {
        let now = self.service.clock().now();
        self.queue.earliest().map_or(LONGEST_SLEEP, |earliest| {
            Duration::from_micros(earliest.since(now).0.max(SHORTEST_SLEEP_MICROS)).min(LONGEST_SLEEP)
        })
    }

    /// Whether the lane holds little enough to decide more.
    fn may_take(&self) -> bool {
        self.queue.held_bytes() < HELD_BYTES_MAX
    }

    /// Decides what has arrived; whether some of it has to wait because too many answers do.
    fn take_frames(&mut self) -> Result<bool, LaneError> {
        let Lane { service, caller, decoder, queue, answers, .. } = self;
        loop {
            if queue.held_bytes() >= HELD_BYTES_MAX {
                return Ok(decoder.buffered() > 0);
            }
            let Some(frame) = decoder.next_frame()? else { break };
            // The next frame has its own time.
            self.begun = None;
            match frame.header.kind {
                FrameKind::Request => take_one(service, caller, queue, frame),
                FrameKind::RequestBatch => take_batch(service, caller, queue, frame).map_err(LaneError::Batch)?,
                other => return Err(LaneError::Kind(other)),
            }
            answers.set(queue.memory());
        }
        self.make_room();
        Ok(false)
    }

    /// Sees that there is room for the frame that has begun. Where there is none, the frame is answered as too much at
    /// once and is not kept.
    fn make_room(&mut self) {
        let Lane { service, caller, decoder, queue, received, .. } = self;
        let Some((header, whole)) = decoder.announced() else { return received.set(0) };
        if whole <= SMALL_FRAME {
            return received.set(0);
        }
        if !received.try_reach(whole) {
            decoder.skip();
            received.set(0);
            enter(caller, 1);
            queue.push(header.correlation, overloaded(service));
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.caller.in_flight.fetch_sub(self.queue.held(), Ordering::Relaxed);
    }
}

fn put_go_away(out: &mut Vec<u8>, until: Time) {
    let header = Header { kind: FrameKind::GoAway, durability: Durability::Memory, correlation: 0, time: Time(0) };
    let put = put_frame(out, header, &GoAway { reason: "the server is shutting down".to_owned(), until });
    debug_assert!(put.is_ok(), "{put:?}");
}

/// Chunks taken from the stream at once; one arrives per packet.
const CHUNKS: usize = 16;
/// Bytes of a frame that a lane may receive without asking whether there is room.
const SMALL_FRAME: usize = 64 * 1024;
/// Bytes of answers a lane holds before it decides no more; one answer may go beyond.
const HELD_BYTES_MAX: usize = 4 * 1024 * 1024;
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
const SHORTEST_SLEEP_MICROS: u64 = 1_000;
