//! Routing: why an order ships the way it does, and how good routing is.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Extension, Router};
use stockade_core::query::{Explain, Query};

use crate::edge::caller::Caller;
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{OrderPath, Takes, named, number, unread};
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new()
        .route("/v1/orders/{channel}/{number}/explain", get(explain).layer(Extension(EXPLAIN)))
        .route("/v1/routing", get(routing))
}

const EXPLAIN: Takes = Takes { once: &["decision"], lists: &[] };

async fn explain(State(http): Shared, caller: Caller, OrderPath(path): OrderPath) -> Answer {
    let mut ask = Explain { order: named(path)?, decision: None };
    for (name, value) in &caller.parameters {
        match name.as_str() {
            "decision" => ask.decision = Some(number(name, value)?),
            _ => return Err(unread(name)),
        }
    }
    http.ask(&caller, Query::Explain(ask)).await
}

async fn routing(State(http): Shared, caller: Caller) -> Answer {
    http.ask(&caller, Query::Routing(stockade_core::query::Routing)).await
}
