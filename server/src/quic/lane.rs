//! One stream of requests and answers.

use std::sync::Arc;

use bytes::Bytes;
use quinn::{RecvStream, SendStream};
use stockade_core::time::Time;
use stockade_core::wire::{FrameDecoder, FrameKind};
use tokio::sync::watch;
use tokio::time::Instant;

use super::caller::Caller;
use super::fault::LaneError;
use super::outgoing::Outgoing;
use super::take::{Taker, overloaded};
use crate::service::{FREE_BYTES, Holding, Service};

pub(super) struct Lane {
    service: Arc<Service>,
    caller: Arc<Caller>,
    decoder: FrameDecoder,
    outgoing: Outgoing,
    announces: bool,
    /// When the frame that is not complete began.
    begun: Option<Instant>,
    /// What that frame takes.
    received: Holding,
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
        let received = caller.memory.received.open();
        let outgoing = Outgoing::new(Arc::clone(&service), Arc::clone(&caller));
        Lane { service, caller, decoder, outgoing, announces, begun: None, received }
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
        let mut ended = false;
        phase.mark_changed();
        loop {
            let behind = self.take_frames(send).await?;
            self.outgoing.send_due(send).await?;
            if behind && self.may_take() {
                continue;
            }
            if self.outgoing.is_empty() && (ended || *phase.borrow() == Phase::Closing) {
                return Ok(());
            }
            let may_read = !ended && !behind && self.may_take();
            let begun = self.watch_frame(may_read)?;
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
                () = self.outgoing.something_due(), if !self.outgoing.is_empty() => {}
                Ok(()) = phase.changed() => {
                    if let Phase::Draining { until } = *phase.borrow_and_update() && self.announces {
                        self.outgoing.push_go_away(until);
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

    /// Whether the lane holds little enough to decide more.
    fn may_take(&self) -> bool {
        self.outgoing.held_bytes() < HELD_BYTES_MAX
    }

    /// Decides what has arrived, one request after the other; whether some of it has to wait because too many answers do.
    async fn take_frames(&mut self, send: &mut SendStream) -> Result<bool, LaneError> {
        let Lane { service, caller, decoder, outgoing, begun, .. } = self;
        let mut taker = Taker::new(service, caller, outgoing, send);
        loop {
            if taker.held_bytes() >= HELD_BYTES_MAX {
                return Ok(decoder.buffered() > 0);
            }
            let Some(frame) = decoder.next_frame()? else { break };
            // The next frame has its own time.
            *begun = None;
            match frame.header.kind {
                FrameKind::Request => taker.take_one(frame).await?,
                FrameKind::RequestBatch => taker.take_batch(frame).await?,
                other => return Err(LaneError::Kind(other)),
            }
        }
        self.make_room();
        Ok(false)
    }

    /// Sees that there is room for the frame that has begun. A connection that receives little has room whatever others
    /// receive. Where there is none, the frame is answered as too much at once and is not kept.
    fn make_room(&mut self) {
        let Lane { service, caller, decoder, outgoing, received, .. } = self;
        let Some((header, whole)) = decoder.announced() else { return received.set(0) };
        if whole < received.bytes() {
            received.set(whole);
        }
        if received.try_reach(whole) {
            return;
        }
        let others = caller.memory.received.held().saturating_sub(received.bytes());
        if others + whole <= FREE_BYTES {
            return received.set(whole);
        }
        decoder.skip();
        received.set(0);
        outgoing.enter(1);
        outgoing.push(header.correlation, overloaded(service));
    }
}

/// Chunks taken from the stream at once; one arrives per packet.
const CHUNKS: usize = 16;
/// Bytes of answers a lane holds before it decides no more; one answer may go beyond.
const HELD_BYTES_MAX: usize = 4 * 1024 * 1024;
