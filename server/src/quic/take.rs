//! What a lane does with a frame: it is read, decided, and its answer encoded at once.

use std::sync::atomic::Ordering;

use stockade_core::limits::FRAME_BYTES_MAX;
use stockade_core::query::Query;
use stockade_core::reject::{Reject, RetryAfter};
use stockade_core::time::Span;
use stockade_core::wire::body::{read_batch, read_body};
use stockade_core::wire::{ClientMessage, Frame, Header, WireError};

use super::caller::Caller;
use super::queue::Queue;
use crate::service::{Decided, Service, Terms};

/// Takes a request.
pub(super) fn take_one(service: &Service, caller: &Caller, queue: &mut Queue, frame: Frame<'_>) {
    let Header { correlation, .. } = frame.header;
    let fits = enter(caller, 1);
    let message = match read_body::<ClientMessage>(frame.body) {
        Ok(message) => message,
        Err(error) => return queue.push(correlation, refuse(service, unreadable(&error))),
    };
    match decide(service, caller, fits, &message, frame.header) {
        Some(decided) => queue.push(correlation, decided),
        None => queue.push_pong(correlation),
    }
}

/// Takes a batch. It is read whole before any of it is decided, so that a damaged one does nothing; one that cannot be
/// taken as a whole gets a single refusal.
///
/// # Errors
/// When its count and its messages contradict each other.
pub(super) fn take_batch(
    service: &Service,
    caller: &Caller,
    queue: &mut Queue,
    frame: Frame<'_>,
) -> Result<(), WireError> {
    let correlation = frame.header.correlation;
    let mut messages = Vec::new();
    let keep = frame.body.len() <= KEEP_DECODED;
    let read = read_batch::<ClientMessage>(frame.body, |message| {
        if keep {
            messages.push(message);
        }
    });
    let count = match read {
        Ok(0) => return refuse_whole(service, caller, queue, correlation, empty()),
        Ok(count) => count,
        Err(error) if error.lies() => return Err(error),
        Err(error) => return refuse_whole(service, caller, queue, correlation, unreadable(&error)),
    };
    let fits = enter(caller, count);
    let bound = if service.memory().answers.has_room() { BATCH_ANSWER_BYTES } else { SCARCE_ANSWER_BYTES };
    let mut answer = queue.begin_batch(correlation, count)?;
    let mut take = |message: &ClientMessage| {
        let decided = if answer.bytes() >= bound {
            overloaded(service)
        } else {
            decide_of_many(service, caller, fits, message, frame.header)
        };
        answer.push(decided);
    };
    if keep {
        messages.iter().for_each(&mut take);
    } else {
        // Read again rather than kept: decoded, a message may be many times as large.
        read_batch::<ClientMessage>(frame.body, |message| take(&message))?;
    }
    answer.finish();
    Ok(())
}

/// Counts requests as in flight; whether the connection may have so many.
pub(super) fn enter(caller: &Caller, count: usize) -> bool {
    caller.in_flight.fetch_add(count, Ordering::Relaxed) + count <= caller.in_flight_max
}

/// The refusal of what would be too much at once. Nothing was decided.
pub(super) fn overloaded(service: &Service) -> Decided {
    refuse(service, Reject::Overloaded { retry_after: RetryAfter(RETRY_AFTER) })
}

fn refuse_whole(
    service: &Service,
    caller: &Caller,
    queue: &mut Queue,
    correlation: u64,
    reject: Reject,
) -> Result<(), WireError> {
    enter(caller, 1);
    queue.push(correlation, refuse(service, reject));
    Ok(())
}

fn decide_of_many(service: &Service, caller: &Caller, fits: bool, message: &ClientMessage, header: Header) -> Decided {
    if matches!(message, ClientMessage::Query { query: Query::QuoteExact(_), .. }) {
        return refuse(service, alone("an exact quote"));
    }
    decide(service, caller, fits, message, header).unwrap_or_else(|| refuse(service, alone("a ping")))
}

/// Decides a message; `None` for a ping.
fn decide(service: &Service, caller: &Caller, fits: bool, message: &ClientMessage, header: Header) -> Option<Decided> {
    if !fits || !caller.memory.answers.has_room() {
        return Some(overloaded(service));
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
const RETRY_AFTER: Span = Span::from_millis(5);
