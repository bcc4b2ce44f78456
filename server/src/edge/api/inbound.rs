//! Expected receipts: announcing, changing, withdrawing, reading.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::post;
use stockade_core::command::Command;
use stockade_core::query::{InboundQuery, Query};

use crate::edge::bodies::inbound::{AnnounceBody, ChangeBody, WithdrawBody};
use crate::edge::caller::{Caller, Json};
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{PAGE, code, limit, pairs, unknown_parameter};
use crate::edge::problem::BadRequest;
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new()
        .route("/v1/inbound", post(announce).get(inbound))
        .route("/v1/inbound/change", post(change))
        .route("/v1/inbound/cancel", post(withdraw))
}

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

async fn inbound(State(http): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer {
    let mut ask = InboundQuery { skus: Vec::new(), warehouse: None, reference: None, after: None, limit: PAGE };
    for (name, value) in pairs(query.as_deref(), &["sku"])? {
        match name.as_str() {
            "sku" => ask.skus.push(code(&name, &value)?),
            "warehouse" => ask.warehouse = Some(code(&name, &value)?),
            "reference" => ask.reference = Some(code(&name, &value)?),
            "after" => ask.after = Some(code(&name, &value)?),
            "limit" => ask.limit = limit(&name, &value)?,
            _ => return Err(unknown_parameter(&name, "sku (several times), warehouse, reference, after and limit")),
        }
    }
    http.ask(&caller, Query::Inbound(ask)).await
}
