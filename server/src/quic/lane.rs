//! One stream of requests and answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use quinn::{RecvStream, SendStream};
use stockade_core::Durability;
use stockade_core::query::Query;
use stockade_core::reject::{Reject, RetryAfter};
use stockade_core::time::{Span, Time};
use stockade_core::wire::body::{put_frame, read_batch, read_body};
use stockade_core::wire::{ClientMessage, Frame, FrameDecoder, FrameError, FrameKind, GoAway, Header, WireError};
use tokio::sync::watch;

use super::queue::Queue;
use crate::auth::Identity;
use crate::service::{Decided, Service, Terms, Wait};

/// The caller at the other end of a connection, shared by its lanes.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) identity: Arc<Identity>,
    pub(super) in_flight: AtomicUsize,
    pub(super) in_flight_max: usize,
}

/// Why a lane ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaneError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("a {0:?} frame has no place on a lane")]
    Kind(FrameKind),
    #[error("the stream cannot be read: {0}")]
    Read(#[from] quinn::ReadError),
    #[error("the stream cannot be written: {0}")]
    Write(#[from] quinn::WriteError),
}

impl LaneError {
    /// Whether the peer broke the protocol, rather than the connection.
    pub(super) fn is_fault(&self) -> bool {
        match self {
            LaneError::Frame(_) | LaneError::Kind(_) => true,
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
        Lane { service, caller, decoder, queue: Queue::default(), wait, announces }
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

    /// Sends every answer that is durable enough.
    async fn send_due(&mut self, send: &mut SendStream, out: &mut Vec<u8>) -> Result<(), LaneError> {
        while !self.queue.is_empty() {
            let answered = self.queue.flush(&self.service, self.service.clock().now(), out);
            self.caller.in_flight.fetch_sub(answered, Ordering::Relaxed);
            if !out.is_empty() {
                let written = send.write_all(out).await;
                out.clear();
                written?;
            }
            let Some((seen, level)) = self.queue.head() else { break };
            self.wait.want(seen, level);
            // The gate may have advanced between the flush and the wish.
            if !self.service.waits().is_due(seen, level) {
                break;
            }
        }
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
        let Lane { service, caller, decoder, queue, .. } = self;
        loop {
            if queue.held_bytes() >= HELD_BYTES_MAX {
                return Ok(decoder.buffered() > 0);
            }
            let Some(frame) = decoder.next_frame()? else { return Ok(false) };
            match frame.header.kind {
                FrameKind::Request => take_one(service, caller, queue, frame),
                FrameKind::RequestBatch => take_batch(service, caller, queue, frame),
                other => return Err(LaneError::Kind(other)),
            }
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

fn take_one(service: &Service, caller: &Caller, queue: &mut Queue, frame: Frame<'_>) {
    let Header { correlation, .. } = frame.header;
    let fits = enter(caller, 1);
    let message = match read_body::<ClientMessage>(frame.body) {
        Ok(message) => message,
        Err(error) => return queue.push(correlation, service.refuse(service.clock().now(), unreadable(&error))),
    };
    match decide(service, caller, fits, &message, frame.header) {
        Some(decided) => queue.push(correlation, decided),
        None => queue.push_pong(correlation),
    }
}

fn take_batch(service: &Service, caller: &Caller, queue: &mut Queue, frame: Frame<'_>) {
    let mut messages = Vec::new();
    let read = read_batch::<ClientMessage>(frame.body, |message| messages.push(message));
    let fits = enter(caller, messages.len());
    let refuse = |reject: Reject| service.refuse(service.clock().now(), reject);
    let decide_one = |message: &ClientMessage| {
        if matches!(message, ClientMessage::Query { query: Query::QuoteExact(_), .. }) {
            return refuse(alone("an exact quote"));
        }
        decide(service, caller, fits, message, frame.header).unwrap_or_else(|| refuse(alone("a ping")))
    };
    // A batch is read whole before any of it is decided, so that a damaged one does nothing.
    let decided = match read {
        Ok(()) => messages.iter().map(decide_one).collect(),
        Err(error) => messages.iter().map(|_| refuse(unreadable(&error))).collect(),
    };
    queue.push_batch(frame.header.correlation, decided);
}

/// Decides a message; `None` for a ping.
fn decide(service: &Service, caller: &Caller, fits: bool, message: &ClientMessage, header: Header) -> Option<Decided> {
    if !fits {
        let reject = Reject::Overloaded { retry_after: RetryAfter(RETRY_AFTER) };
        return Some(service.refuse(service.clock().now(), reject));
    }
    let terms = Terms { level: header.durability, not_after: header.not_after() };
    match message {
        ClientMessage::Command(request) => Some(service.command(&caller.identity, request, terms)),
        ClientMessage::Query { query, provisional } => {
            Some(service.query(&caller.identity, query, *provisional, terms))
        }
        ClientMessage::Ping => None,
    }
}

fn enter(caller: &Caller, count: usize) -> bool {
    caller.in_flight.fetch_add(count, Ordering::Relaxed) + count <= caller.in_flight_max
}

fn unreadable(error: &WireError) -> Reject {
    Reject::Invalid { field: "request".to_owned(), reason: error.to_string() }
}

fn alone(what: &str) -> Reject {
    Reject::Invalid { field: "batch".to_owned(), reason: format!("{what} travels alone") }
}

/// Chunks taken from the stream at once; one arrives per packet.
const CHUNKS: usize = 16;
/// Bytes of answers a lane holds before it decides no more; one answer may go beyond.
const HELD_BYTES_MAX: usize = 4 * 1024 * 1024;
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
const SHORTEST_SLEEP_MICROS: u64 = 1_000;
const RETRY_AFTER: Span = Span::from_millis(5);
