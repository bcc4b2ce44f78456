//! Orders: placing, paying, cancelling, changing, holding longer, routing again, reading.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Router};
use stockade_core::command::Command;
use stockade_core::ids::Seq;
use stockade_core::orders::{OrderState, Stage};
use stockade_core::query::{OrdersQuery, Query};

use crate::edge::bodies::amend::{RaiseBody, SplitBody};
use crate::edge::bodies::orders::{CancelBody, ExtendBody, PlaceBody, RerouteBody};
use crate::edge::bodies::refunds::PayBody;
use crate::edge::caller::{Caller, Json};
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{OrderPath, PAGE, Takes, code, limit, named, number, one_of, unread};
use crate::edge::problem::BadRequest;
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new()
        .route("/v1/orders", post(place).merge(get(orders).layer(Extension(LIST))))
        .route("/v1/orders/{channel}/{number}", get(order))
        .route("/v1/orders/{channel}/{number}/pay", post(pay))
        .route("/v1/orders/{channel}/{number}/cancel", post(cancel))
        .route("/v1/orders/{channel}/{number}/extend", post(extend))
        .route("/v1/orders/{channel}/{number}/raise", post(raise))
        .route("/v1/orders/{channel}/{number}/split", post(split))
        .route("/v1/orders/{channel}/{number}/reroute", post(reroute))
}

const LIST: Takes =
    Takes { once: &["warehouse", "channel", "stage", "state", "customer", "after", "limit"], lists: &[] };

async fn place(State(http): Shared, caller: Caller, Json(body): Json<PlaceBody>) -> Answer {
    // An order is its own key, by channel and number.
    http.tell(&caller, None, Command::Place(body.into())).await
}

async fn order(State(http): Shared, caller: Caller, OrderPath(path): OrderPath) -> Answer {
    http.ask(&caller, Query::Order(named(path)?)).await
}

async fn orders(State(http): Shared, caller: Caller) -> Answer {
    let mut ask = OrdersQuery { limit: PAGE, ..OrdersQuery::default() };
    for (name, value) in &caller.parameters {
        match name.as_str() {
            "warehouse" => ask.warehouse = Some(code(name, value)?),
            "channel" => ask.channel = Some(code(name, value)?),
            "stage" => ask.stage = Some(one_of(name, value, &Stage::ALL, Stage::name)?),
            "state" => ask.state = Some(one_of(name, value, &OrderState::ALL, OrderState::name)?),
            "customer" => ask.customer = Some(code(name, value)?),
            "after" => ask.after = Some(Seq(number(name, value)?)),
            "limit" => ask.limit = limit(name, value)?,
            _ => return Err(unread(name)),
        }
    }
    http.ask(&caller, Query::Orders(ask)).await
}

async fn pay(State(http): Shared, caller: Caller, OrderPath(path): OrderPath, Json(body): Json<PayBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Pay(body.command(named(path)?))).await
}

async fn reroute(
    State(http): Shared,
    caller: Caller,
    OrderPath(path): OrderPath,
    Json(body): Json<RerouteBody>,
) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), body.command(named(path)?)).await
}

async fn cancel(
    State(http): Shared,
    caller: Caller,
    OrderPath(path): OrderPath,
    Json(body): Json<CancelBody>,
) -> Answer {
    let key = caller.key()?;
    let command = Command::Cancel(body.command(named(path)?).map_err(BadRequest::new)?);
    http.tell(&caller, Some(key), command).await
}

async fn extend(
    State(http): Shared,
    caller: Caller,
    OrderPath(path): OrderPath,
    Json(body): Json<ExtendBody>,
) -> Answer {
    let key = caller.key()?;
    let command = Command::ExtendHold(body.command(named(path)?).map_err(BadRequest::new)?);
    http.tell(&caller, Some(key), command).await
}

async fn raise(State(http): Shared, caller: Caller, OrderPath(path): OrderPath, Json(body): Json<RaiseBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Raise(body.command(named(path)?))).await
}

async fn split(State(http): Shared, caller: Caller, OrderPath(path): OrderPath, Json(body): Json<SplitBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Split(body.command(named(path)?))).await
}
