//! What a channel may sell.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;
use stockade_core::query::{AvailabilityQuery, Query};

use crate::edge::bodies::availability::AvailabilityBody;
use crate::edge::caller::{Caller, Json};
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{code, pairs, unknown_parameter};
use crate::edge::problem::BadRequest;
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new().route("/v1/availability", get(availability).post(availability_of_many))
}

async fn availability(State(http): Shared, caller: Caller, RawQuery(query): RawQuery) -> Answer {
    let (mut channel, mut skus) = (None, Vec::new());
    for (name, value) in pairs(query.as_deref(), &["sku"])? {
        match name.as_str() {
            "channel" => channel = Some(code(&name, &value)?),
            "sku" => skus.push(code(&name, &value)?),
            _ => return Err(unknown_parameter(&name, "channel and sku (several times)")),
        }
    }
    let channel = channel.ok_or_else(|| BadRequest::new("the parameter channel is missing"))?;
    http.ask(&caller, Query::Availability(AvailabilityQuery { channel, skus })).await
}

async fn availability_of_many(State(http): Shared, caller: Caller, Json(body): Json<AvailabilityBody>) -> Answer {
    http.ask(&caller, Query::Availability(body.into())).await
}
