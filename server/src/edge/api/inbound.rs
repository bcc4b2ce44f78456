//! Expected receipts: announcing, changing, withdrawing, reading.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Router};
use stockade_core::command::Command;
use stockade_core::query::{InboundQuery, Query};

use crate::edge::bodies::inbound::{AnnounceBody, ChangeBody, WithdrawBody};
use crate::edge::caller::{Caller, Json};
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{PAGE, Takes, code, limit, unread};
use crate::edge::problem::BadRequest;
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new()
        .route("/v1/inbound", post(announce).merge(get(inbound).layer(Extension(LIST))))
        .route("/v1/inbound/change", post(change))
        .route("/v1/inbound/cancel", post(withdraw))
}

const LIST: Takes = Takes { once: &["warehouse", "reference", "after", "limit"], lists: &["sku"] };

async fn announce(State(http): Shared, caller: Caller, Json(body): Json<AnnounceBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Expect(body.command().map_err(BadRequest::new)?)).await
}

async fn change(State(http): Shared, caller: Caller, Json(body): Json<ChangeBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Expect(body.command().map_err(BadRequest::new)?)).await
}

async fn withdraw(State(http): Shared, caller: Caller, Json(body): Json<WithdrawBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Expect(body.into())).await
}

async fn inbound(State(http): Shared, caller: Caller) -> Answer {
    let mut ask = InboundQuery { skus: Vec::new(), warehouse: None, reference: None, after: None, limit: PAGE };
    for (name, value) in &caller.parameters {
        match name.as_str() {
            "sku" => ask.skus.push(code(name, value)?),
            "warehouse" => ask.warehouse = Some(code(name, value)?),
            "reference" => ask.reference = Some(code(name, value)?),
            "after" => ask.after = Some(code(name, value)?),
            "limit" => ask.limit = limit(name, value)?,
            _ => return Err(unread(name)),
        }
    }
    http.ask(&caller, Query::Inbound(ask)).await
}
