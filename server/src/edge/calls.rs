//! A call from its command or query to its response.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use stockade_core::command::{Command, Request};
use stockade_core::ids::Code;
use stockade_core::query::Query;
use stockade_core::reply::Reply;

use super::bodies::ReplyBody;
use super::caller::Caller;
use super::problem::{BadRequest, refused};
use super::state::Http;
use crate::service::Decided;

/// What every handler works with.
pub(super) type Shared = State<Arc<Http>>;
/// What every handler returns.
pub(super) type Answer = Result<Response<Body>, BadRequest>;

impl Http {
    /// Sends a command and writes its answer.
    pub(super) async fn tell(&self, caller: &Caller, key: Option<Code>, command: Command) -> Answer {
        let request = Request { key, occurred: caller.occurred, command };
        let begun = Instant::now();
        let decided = self.service.command(&caller.who, &request, caller.terms);
        self.answer(decided, begun).await
    }

    /// Asks and writes the answer.
    pub(super) async fn ask(&self, caller: &Caller, query: Query) -> Answer {
        let begun = Instant::now();
        let decided = self.service.query(&caller.who, &query, caller.provisional, caller.terms);
        self.answer(decided, begun).await
    }

    /// Waits until the answer may leave, and writes it.
    async fn answer(&self, decided: Decided, begun: Instant) -> Answer {
        let (result, level) = self.service.answer(decided).await;
        self.metrics.http(begun.elapsed());
        let reply = match &result {
            Ok(reply) => reply,
            Err(reject) => return Ok(refused(reject)),
        };
        let body = serde_json::to_string(&ReplyBody::from(reply)).map_err(BadRequest::unwritten)?;
        let mut response = Response::new(Body::from(body));
        if matches!(reply, Reply::Placed(placed) if !placed.replayed) {
            *response.status_mut() = StatusCode::CREATED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("stockade-durability", HeaderValue::from_static(level.name()));
        Ok(response.into_response())
    }
}
