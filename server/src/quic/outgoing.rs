//! The way back of a lane: its answers, and what of them is being written.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quinn::SendStream;
use stockade_core::Durability;
use stockade_core::time::Time;
use stockade_core::wire::body::put_frame;
use stockade_core::wire::{FrameKind, GoAway, Header};
use tokio::time::{Instant, timeout_at};

use super::caller::Caller;
use super::fault::LaneError;
use super::queue::{BatchAnswer, KEEP_BYTES, Queue};
use crate::service::{Decided, Holding, Reading, Service, Wait};

/// The answers of a lane. Every step of sending may be given up and taken up again, so that answers leave while the lane
/// waits for something else.
pub(super) struct Outgoing {
    service: Arc<Service>,
    caller: Arc<Caller>,
    queue: Queue,
    wait: Wait,
    /// What the answers take.
    holding: Holding,
    /// Requests in flight that have no answer yet.
    entered: usize,
    /// Bytes of a batch's answers that are not in the queue yet.
    making: usize,
    out: Vec<u8>,
    /// Bytes of `out` that are written.
    written: usize,
    /// How the peer takes it.
    reading: Option<Reading>,
}

impl Outgoing {
    pub(super) fn new(service: Arc<Service>, caller: Arc<Caller>) -> Outgoing {
        let (wait, holding) = (service.waits().enter(), caller.memory.answers.open());
        let queue = Queue::default();
        let (out, reading) = (Vec::new(), None);
        Outgoing { service, caller, queue, wait, holding, entered: 0, making: 0, out, written: 0, reading }
    }

    /// Counts requests as in flight; whether the connection may have so many.
    pub(super) fn enter(&mut self, count: usize) -> bool {
        self.entered += count;
        self.caller.in_flight.fetch_add(count, Ordering::Relaxed) + count <= self.caller.in_flight_max
    }

    /// Adds the answer to a request that was entered.
    pub(super) fn push(&mut self, correlation: u64, decided: Decided) {
        self.entered -= 1;
        self.queue.push(correlation, decided);
        self.hold();
    }

    /// Adds the answer to a ping that was entered.
    pub(super) fn push_pong(&mut self, correlation: u64) {
        self.entered -= 1;
        self.queue.push_pong(correlation);
    }

    /// So many bytes of answers to a batch are made that is not answered yet.
    pub(super) fn making(&mut self, bytes: usize) {
        self.making = bytes;
        self.hold();
    }

    /// Adds the answers to a batch of `count` requests that were entered.
    pub(super) fn push_batch(&mut self, answer: BatchAnswer, count: usize) {
        self.entered -= count;
        self.making = 0;
        self.queue.push_batch(answer);
        self.hold();
    }

    /// Tells the client to go away.
    pub(super) fn push_go_away(&mut self, until: Time) {
        let header = Header { kind: FrameKind::GoAway, durability: Durability::Memory, correlation: 0, time: Time(0) };
        let put = put_frame(&mut self.out, header, &GoAway { reason: "the server is shutting down".to_owned(), until });
        debug_assert!(put.is_ok(), "{put:?}");
    }

    /// Whether everything is answered and the answers are sent.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Bytes held for answers that may not leave yet.
    pub(super) fn held_bytes(&self) -> usize {
        self.queue.held_bytes()
    }

    /// Sends every answer that is durable enough. May be given up at any time.
    pub(super) async fn send_due(&mut self, send: &mut SendStream) -> Result<(), LaneError> {
        while !self.queue.is_empty() || !self.out.is_empty() {
            let answered = self.queue.flush(&self.service, self.service.clock().now(), &mut self.out);
            self.caller.in_flight.fetch_sub(answered, Ordering::Relaxed);
            if !self.out.is_empty() {
                self.hold();
                self.write(send).await?;
            }
            let Some((seen, level)) = self.queue.head() else { break };
            self.wait.want(seen, level);
            // The gate may have advanced between the flush and the wish.
            if !self.service.waits().is_due(seen, level) {
                break;
            }
        }
        self.hold();
        Ok(())
    }

    /// Sends what becomes durable, for ever. May be given up at any time.
    pub(super) async fn tend(&mut self, send: &mut SendStream) -> Result<Infallible, LaneError> {
        loop {
            self.send_due(send).await?;
            if self.queue.is_empty() {
                std::future::pending::<()>().await;
            }
            self.something_due().await;
        }
    }

    /// Waits until there may be something to send.
    pub(super) async fn something_due(&self) {
        let until_late = self.until_late();
        tokio::select! {
            () = self.wait.rung() => {}
            () = tokio::time::sleep(until_late) => {}
        }
    }

    /// Time until the next answer is late.
    fn until_late(&self) -> Duration {
        let now = self.service.clock().now();
        self.queue.earliest().map_or(LONGEST_SLEEP, |earliest| {
            Duration::from_micros(earliest.since(now).0.max(SHORTEST_SLEEP_MICROS)).min(LONGEST_SLEEP)
        })
    }

    async fn write(&mut self, send: &mut SendStream) -> Result<(), LaneError> {
        let patience = self.caller.frame_timeout;
        let reading = self.reading.get_or_insert_with(|| Reading::begin(Instant::now()));
        while self.written < self.out.len() {
            let writing = timeout_at(reading.until(patience), send.write(&self.out[self.written..]));
            let written = writing.await.map_err(|_| LaneError::Unread(patience))??;
            self.written += written;
            reading.took(written, Instant::now());
        }
        (self.reading, self.written) = (None, 0);
        self.out.clear();
        if self.out.capacity() > KEEP_BYTES {
            self.out = Vec::new();
        }
        Ok(())
    }

    fn hold(&mut self) {
        self.holding.set(self.queue.memory() + self.out.len() + self.making);
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.caller.in_flight.fetch_sub(self.queue.held() + self.entered, Ordering::Relaxed);
    }
}

const LONGEST_SLEEP: Duration = Duration::from_secs(1);
const SHORTEST_SLEEP_MICROS: u64 = 1_000;
