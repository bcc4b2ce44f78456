//! What a channel may sell.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Router};
use stockade_core::query::{AvailabilityQuery, Query};

use crate::edge::bodies::availability::AvailabilityBody;
use crate::edge::caller::{Caller, Json};
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{Takes, code, unread};
use crate::edge::problem::BadRequest;
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new().route("/v1/availability", get(availability).layer(Extension(FEW)).merge(post(availability_of_many)))
}

const FEW: Takes = Takes { once: &["channel"], lists: &["sku"] };

async fn availability(State(http): Shared, caller: Caller) -> Answer {
    let (mut channel, mut skus) = (None, Vec::new());
    for (name, value) in &caller.parameters {
        match name.as_str() {
            "channel" => channel = Some(code(name, value)?),
            "sku" => skus.push(code(name, value)?),
            _ => return Err(unread(name)),
        }
    }
    let channel = channel.ok_or_else(|| BadRequest::new("the parameter channel is missing"))?;
    http.ask(&caller, Query::Availability(AvailabilityQuery { channel, skus })).await
}

async fn availability_of_many(State(http): Shared, caller: Caller, Json(body): Json<AvailabilityBody>) -> Answer {
    http.ask(&caller, Query::Availability(body.into())).await
}
