//! Quotes: the plan an order would get.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Extension, Router};
use stockade_core::query::Query;

use crate::edge::bodies::orders::PlaceBody;
use crate::edge::caller::{Caller, Json};
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{Takes, unread};
use crate::edge::problem::BadRequest;
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new().route("/v1/quote", post(quote).layer(Extension(QUOTE)))
}

const QUOTE: Takes = Takes { once: &["exact"], lists: &[] };

async fn quote(State(http): Shared, caller: Caller, Json(body): Json<PlaceBody>) -> Answer {
    let mut exact = false;
    for (name, value) in &caller.parameters {
        match (name.as_str(), value.as_str()) {
            ("exact", "true" | "") => exact = true,
            ("exact", "false") => exact = false,
            ("exact", _) => return Err(BadRequest::new(format!("exact: `{value}` is neither true nor false"))),
            _ => return Err(unread(name)),
        }
    }
    let place = body.into();
    http.ask(
        &caller,
        if exact {
            Query::QuoteExact(stockade_core::query::QuoteExact(place))
        } else {
            Query::Quote(stockade_core::query::Quote(place))
        },
    )
    .await
}
