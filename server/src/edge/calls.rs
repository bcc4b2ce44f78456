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
use crate::service::{Account, Decided, Holding, Late};

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
        let request = Request { key, occurred: caller.occurred, command };
        if !caller.answers.has_room() {
            return Ok(overloaded());
        }
        let begun = Instant::now();
        let decided = self.service.command(&caller.who, &request, caller.terms);
        self.answer(caller, decided, begun).await
    }

    /// Asks and writes the answer.
    pub(super) async fn ask(&self, caller: &Caller, query: Query) -> Answer {
        if !caller.answers.has_room() {
            return Ok(overloaded());
        }
        let begun = Instant::now();
        let decided = self.service.query(&caller.who, &query, caller.provisional, caller.terms);
        self.answer(caller, decided, begun).await
    }

    /// Waits until the answer may leave, and writes it.
    async fn answer(&self, caller: &Caller, decided: Decided, begun: Instant) -> Answer {
        let late = decided.late;
        let (result, level) = self.service.answer(decided).await;
        self.metrics.http(begun.elapsed());
        let reply = match &result {
            Ok(reply) => reply,
            Err(reject) => return Ok(refused(reject)),
        };
        let body = match (serde_json::to_string(&ReplyBody::from(reply)), late) {
            (Ok(body), _) => Written::new(body, &caller.answers),
            // What was applied is never called refused.
            (Err(_), Late::Applied(order)) => return Ok(refused(&Reject::OutcomeUnknown { order })),
            (Err(error), Late::Unchanged) => return Err(BadRequest::unwritten(error)),
        };
        let mut response = Response::new(Body::from(Bytes::from_owner(body)));
        if matches!(reply, Reply::Placed(placed) if !placed.replayed) {
            *response.status_mut() = StatusCode::CREATED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("stockade-durability", HeaderValue::from_static(level.name()));
        Ok(response.into_response())
    }
}
