//! What a lane does with a frame: it is read, decided, and its answer encoded at once.
//!
//! Light requests are decided by the lane itself, in slices with pauses between them, so that none of the runtime's threads
//! is held for long; heavy ones are decided elsewhere. While the lane pauses or waits, answers that are due leave.

use std::sync::Arc;

use quinn::SendStream;
use stockade_core::limits::FRAME_BYTES_MAX;
use stockade_core::query::Query;
use stockade_core::reject::{Reject, RetryAfter};
use stockade_core::time::Span;
use stockade_core::wire::body::{BatchReader, read_body};
use stockade_core::wire::{ClientMessage, Frame, Header, WireError};

use super::caller::Caller;
use super::fault::LaneError;
use super::outgoing::Outgoing;
use super::queue::BatchAnswer;
use crate::service::{Ask, Decided, Service, Slice, Terms, Work};

/// Takes the frames of a lane.
pub(super) struct Taker<'a> {
    service: &'a Arc<Service>,
    caller: &'a Caller,
    outgoing: &'a mut Outgoing,
    send: &'a mut SendStream,
    /// What is decided without a pause.
    slice: Option<Slice>,
}

impl<'a> Taker<'a> {
    pub(super) fn new(
        service: &'a Arc<Service>,
        caller: &'a Caller,
        outgoing: &'a mut Outgoing,
        send: &'a mut SendStream,
    ) -> Taker<'a> {
        Taker { service, caller, outgoing, send, slice: None }
    }

    /// Bytes held for answers that may not leave yet.
    pub(super) fn held_bytes(&self) -> usize {
        self.outgoing.held_bytes()
    }

    /// Takes a request.
    ///
    /// # Errors
    /// When the lane ends.
    pub(super) async fn take_one(&mut self, frame: Frame<'_>) -> Result<(), LaneError> {
        let Header { correlation, .. } = frame.header;
        self.ready().await?;
        let fits = self.outgoing.enter(1);
        let message = match read_body::<ClientMessage>(frame.body) {
            Ok(message) => message,
            Err(error) => {
                self.outgoing.push(correlation, refuse(self.service, unreadable(&error)));
                return Ok(());
            }
        };
        match self.decide(fits, message, frame.header).await? {
            Some(decided) => self.outgoing.push(correlation, decided),
            None => self.outgoing.push_pong(correlation),
        }
        Ok(())
    }

    /// Takes a batch. It is read whole before any of it is decided, so that a damaged one does nothing; one that cannot be
    /// taken as a whole gets a single refusal.
    ///
    /// # Errors
    /// When its count and its messages contradict each other, and when the lane ends.
    pub(super) async fn take_batch(&mut self, frame: Frame<'_>) -> Result<(), LaneError> {
        let correlation = frame.header.correlation;
        let (count, mut kept) = match self.read_whole(frame.body).await? {
            Ok((0, _)) => return self.refuse_whole(correlation, empty()),
            Ok(read) => read,
            Err(error) if error.lies() => return Err(LaneError::Batch(error)),
            Err(error) => return self.refuse_whole(correlation, unreadable(&error)),
        };
        let fits = self.outgoing.enter(count);
        let memory = &self.service.memory().answers;
        let bound = if memory.has_room() { BATCH_ANSWER_BYTES } else { SCARCE_ANSWER_BYTES };
        let mut answer = BatchAnswer::begin(correlation, count).map_err(LaneError::Batch)?;
        let mut again = BatchReader::<ClientMessage>::begin(frame.body).map_err(LaneError::Batch)?;
        let mut counted = 0;
        for _ in 0..count {
            self.ready().await?;
            let message = match kept.next() {
                Some(message) => Some(message),
                None => again.read().map_err(LaneError::Batch)?,
            };
            let Some(message) = message else { break };
            let decided = if answer.bytes() >= bound {
                overloaded(self.service)
            } else {
                self.decide_of_many(fits, message, frame.header).await?
            };
            answer.push(decided);
            if answer.bytes() - counted >= COUNT_BYTES {
                counted = answer.bytes();
                self.outgoing.making(counted);
            }
        }
        self.outgoing.push_batch(answer, count);
        Ok(())
    }

    /// Reads a batch to its end: the number of its messages, and these. Those of a long one are read again rather than
    /// kept: decoded, a message may be many times as large.
    async fn read_whole(
        &mut self,
        body: &[u8],
    ) -> Result<Result<(usize, std::vec::IntoIter<ClientMessage>), WireError>, LaneError> {
        let keep = body.len() <= KEEP_DECODED;
        let mut reader = match BatchReader::<ClientMessage>::begin(body) {
            Ok(reader) => reader,
            Err(error) => return Ok(Err(error)),
        };
        let mut messages = Vec::new();
        loop {
            self.ready().await?;
            match reader.read() {
                Ok(Some(message)) if keep => messages.push(message),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(Ok((reader.count(), messages.into_iter()))),
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    fn refuse_whole(&mut self, correlation: u64, reject: Reject) -> Result<(), LaneError> {
        self.outgoing.enter(1);
        self.outgoing.push(correlation, refuse(self.service, reject));
        Ok(())
    }

    async fn decide_of_many(
        &mut self,
        fits: bool,
        message: ClientMessage,
        header: Header,
    ) -> Result<Decided, LaneError> {
        if matches!(message, ClientMessage::Query { query: Query::QuoteExact(_), .. }) {
            return Ok(refuse(self.service, alone("an exact quote")));
        }
        let decided = self.decide(fits, message, header).await?;
        Ok(decided.unwrap_or_else(|| refuse(self.service, alone("a ping"))))
    }

    /// Decides a message; `None` for a ping.
    async fn decide(
        &mut self,
        fits: bool,
        message: ClientMessage,
        header: Header,
    ) -> Result<Option<Decided>, LaneError> {
        let Taker { service, caller, .. } = *self;
        if !fits || !caller.memory.answers.has_room() {
            return Ok(Some(overloaded(service)));
        }
        let terms = Terms { level: header.durability, not_after: header.not_after() };
        let ask = match message {
            ClientMessage::Ping => return Ok(None),
            ClientMessage::Command(request) if service.look().of_command(&request.command) == Work::Light => {
                return Ok(Some(service.command(&caller.identity, &request, terms)));
            }
            ClientMessage::Query { query, provisional } if service.look().of_query(&query) == Work::Light => {
                return Ok(Some(service.query(&caller.identity, &query, provisional, terms)));
            }
            ClientMessage::Command(request) => Ask::Command(request),
            ClientMessage::Query { query, provisional } => Ask::Query { query, provisional },
        };
        self.pausing(service.decide_aside(&caller.identity, ask, terms)).await.map(Some)
    }

    /// Goes on with deciding, after a pause for others if there was none for a while.
    async fn ready(&mut self) -> Result<(), LaneError> {
        match &self.slice {
            Some(slice) if !slice.is_over() => return Ok(()),
            Some(_) => self.pausing(tokio::task::yield_now()).await?,
            None => {}
        }
        let share = &self.caller.share;
        self.slice = match share.try_slice() {
            Some(slice) => Some(slice),
            None => Some(self.pausing(share.slice()).await?),
        };
        Ok(())
    }

    /// Waits for something. Answers that are due leave meanwhile.
    async fn pausing<T>(&mut self, something: impl Future<Output = T>) -> Result<T, LaneError> {
        self.slice = None;
        tokio::select! {
            biased;
            done = something => Ok(done),
            ended = self.outgoing.tend(self.send) => match ended {
                Ok(never) => match never {},
                Err(error) => Err(error),
            },
        }
    }
}

/// The refusal of what would be too much at once. Nothing was decided.
pub(super) fn overloaded(service: &Service) -> Decided {
    refuse(service, Reject::Overloaded { retry_after: RetryAfter(RETRY_AFTER) })
}

fn refuse(service: &Service, reject: Reject) -> Decided {
    service.refuse(service.clock().now(), reject)
}

fn unreadable(error: &WireError) -> Reject {
    Reject::Invalid { field: "request".to_owned(), reason: error.to_string() }
}

fn empty() -> Reject {
    Reject::Invalid { field: "batch".to_owned(), reason: "it holds no message: send one at least".to_owned() }
}

fn alone(what: &str) -> Reject {
    Reject::Invalid { field: "batch".to_owned(), reason: format!("{what} travels alone") }
}

/// Bytes of a batch up to which its messages are kept as they are read for the first time.
const KEEP_DECODED: usize = 256 * 1024;
/// Bytes of answers to one batch from which on no more of it is decided; the last answer may go beyond.
const BATCH_ANSWER_BYTES: usize = FRAME_BYTES_MAX / 4 * 3;
/// The same while answers to others take all the memory there is for them.
const SCARCE_ANSWER_BYTES: usize = 64 * 1024;
/// Bytes of answers to one batch that may be made before they are counted.
const COUNT_BYTES: usize = 64 * 1024;
const RETRY_AFTER: Span = Span::from_millis(5);
