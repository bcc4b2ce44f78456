//! The clock: how engine time stands to the wall clock, the confirmation of a leap, and which times are taken.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Serialize;
use stockade_core::query::{Query, Times};
use stockade_core::reject::Reject;

use crate::auth::Role;
use crate::edge::bodies::clock::{ClockBody, ConfirmedBody};
use crate::edge::caller::Caller;
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{Takes, code, unread};
use crate::edge::problem::{BadRequest, refused};
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new()
        .route("/v1/clock", get(clock))
        .route("/v1/clock/confirm", post(confirm))
        .route("/v1/times", get(times).layer(Extension(TIMES)))
}

const TIMES: Takes = Takes { once: &["channel"], lists: &[] };

async fn clock(State(http): Shared, caller: Caller) -> Answer {
    if let Some(refusal) = forbidden(&caller) {
        return Ok(refusal);
    }
    written(&ClockBody::from(http.service.clock().standing()))
}

async fn times(State(http): Shared, caller: Caller) -> Answer {
    let mut channel = None;
    for (name, value) in &caller.parameters {
        match name.as_str() {
            "channel" => channel = Some(code(name, value)?),
            _ => return Err(unread(name)),
        }
    }
    let channel = channel.ok_or_else(|| BadRequest::new("channel: name the channel".to_owned()))?;
    http.ask(&caller, Query::Times(Times { channel })).await
}

/// Needs no key: a second confirmation finds nothing that waits.
async fn confirm(State(http): Shared, caller: Caller) -> Answer {
    if let Some(refusal) = forbidden(&caller) {
        return Ok(refusal);
    }
    let follow = Arc::clone(&http.follow);
    let followed = tokio::task::spawn_blocking(move || follow.follow()).await;
    let followed = followed.map_err(|error| BadRequest::failed(error.to_string()))?;
    tracing::warn!(
        by = %caller.who.name,
        forward = %followed.forward,
        holds = followed.extended,
        "the wall clock is confirmed, and engine time follows it"
    );
    written(&ConfirmedBody::new(followed, http.service.clock().standing()))
}

/// The clock is the business of administrators.
fn forbidden(caller: &Caller) -> Option<Response<Body>> {
    let who = &caller.who;
    let reason = format!("only admin tokens see and confirm the clock (token {})", who.name);
    (who.role != Role::Admin).then(|| refused(&Reject::Forbidden { reason }))
}

fn written(body: &impl Serialize) -> Answer {
    let text = serde_json::to_string(body).map_err(BadRequest::unwritten)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}
