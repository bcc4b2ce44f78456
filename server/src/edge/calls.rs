//! A call from its command or query to its response.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use stockade_core::command::{Command, Request};
use stockade_core::ids::Code;
use stockade_core::query::Query;
use stockade_core::reject::{Reject, RetryAfter};
use stockade_core::reply::Reply;
use stockade_core::time::Span;

use super::bodies::ReplyBody;
use super::caller::Caller;
use super::problem::{BadRequest, refused};
use super::state::Http;
use crate::service::{Account, Ask, Decided, Holding, Late, Stopped, Work};

/// What every handler works with.
pub(super) type Shared = State<Arc<Http>>;
/// What every handler returns.
pub(super) type Answer = Result<Response<Body>, BadRequest>;

/// An answer, counted until its last byte is sent.
struct Written {
    text: String,
    _holding: Holding,
}

impl Written {
    fn new(text: String, answers: &Arc<Account>) -> Written {
        let mut holding = answers.open();
        holding.set(text.len());
        Written { text, _holding: holding }
    }
}

impl AsRef<[u8]> for Written {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

fn overloaded() -> Response<Body> {
    refused(&Reject::Overloaded { retry_after: RetryAfter(Span::from_secs(1)) })
}

impl Http {
    /// Sends a command and writes its answer.
    pub(super) async fn tell(&self, caller: &Caller, key: Option<Code>, command: Command) -> Answer {
        self.call(caller, Ask::Command(Request { key, occurred: caller.occurred, command })).await
    }

    /// Asks and writes the answer.
    pub(super) async fn ask(&self, caller: &Caller, query: Query) -> Answer {
        self.call(caller, Ask::Query { query, provisional: caller.provisional }).await
    }

    async fn call(&self, caller: &Caller, ask: Ask) -> Answer {
        if !caller.answers.has_room() {
            return Ok(overloaded());
        }
        let begun = Instant::now();
        let work = self.service.look().of(&ask);
        let decided = if work == Work::Light {
            let _slice = caller.share.slice().await;
            self.service.decide_here(&caller.who, &ask, caller.terms)
        } else {
            self.service.decide_aside(&caller.who, ask, caller.terms).await
        };
        self.answer(caller, decided, (begun, work)).await
    }

    /// Waits until the answer may leave, and writes it.
    async fn answer(&self, caller: &Caller, decided: Decided, (begun, work): (Instant, Work)) -> Answer {
        let late = decided.late;
        let (result, level) = self.service.answer(decided).await;
        self.metrics.http(begun.elapsed());
        let reply = match result {
            Ok(reply) => reply,
            Err(reject) => return Ok(refused(&reject)),
        };
        let is_new = matches!(&reply, Reply::Placed(placed) if !placed.replayed);
        let write = move || serde_json::to_string(&ReplyBody::from(&reply)).map_err(BadRequest::unwritten);
        let written = match work {
            Work::Light => write(),
            Work::Heavy | Work::Exact => {
                let written = self.service.aside(&caller.who.name, Work::Heavy, write).await;
                written.unwrap_or_else(|Stopped| Err(BadRequest::failed("the server is shutting down")))
            }
        };
        let body = match (written, late) {
            (Ok(body), _) => Written::new(body, &caller.answers),
            // What was applied is never called refused.
            (Err(_), Late::Applied(order)) => return Ok(refused(&Reject::OutcomeUnknown { order })),
            (Err(error), Late::Unchanged) => return Err(error),
        };
        let mut response = Response::new(Body::from(Bytes::from_owner(body)));
        if is_new {
            *response.status_mut() = StatusCode::CREATED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("stockade-durability", HeaderValue::from_static(level.name()));
        Ok(response.into_response())
    }
}
