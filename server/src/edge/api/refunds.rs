//! Refunds: closing, listing.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Extension, Router};
use stockade_core::command::Command;
use stockade_core::ids::Seq;
use stockade_core::query::{Query, RefundsQuery};

use crate::edge::bodies::refunds::CloseBody;
use crate::edge::caller::{Caller, Json};
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{PAGE, Takes, code, limit, named, number, unread};
use crate::edge::problem::BadRequest;
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new()
        .route("/v1/refunds", get(refunds).layer(Extension(LIST)))
        .route("/v1/orders/{channel}/{number}/refunds/{refund}/close", post(close))
}

const LIST: Takes = Takes { once: &["channel", "number", "closed", "after", "limit"], lists: &[] };

async fn refunds(State(http): Shared, caller: Caller) -> Answer {
    let mut ask = RefundsQuery { limit: PAGE, ..RefundsQuery::default() };
    for (name, value) in &caller.parameters {
        match name.as_str() {
            "channel" => ask.channel = Some(code(name, value)?),
            "number" => ask.number = Some(code(name, value)?),
            "closed" => {
                let wrong = |_| BadRequest::new(format!("{name}: write true or false"));
                ask.closed = value.parse().map_err(wrong)?;
            }
            "after" => ask.after = Some(Seq(number(name, value)?)),
            "limit" => ask.limit = limit(name, value)?,
            _ => return Err(unread(name)),
        }
    }
    http.ask(&caller, Query::Refunds(ask)).await
}

async fn close(
    State(http): Shared,
    caller: Caller,
    Path((channel, order, refund)): Path<(String, String, String)>,
    Json(body): Json<CloseBody>,
) -> Answer {
    let refund = number("refund", &refund)?;
    // A refund is closed once: its number and the reference are the key.
    http.tell(&caller, None, Command::CloseRefund(body.command(named((channel, order))?, refund))).await
}
