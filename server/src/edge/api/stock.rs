//! Stock: receiving, correcting, counting, reading.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Router};
use stockade_core::command::Command;
use stockade_core::query::{Query, StockQuery};

use crate::edge::bodies::stock::{AdjustBody, CountBody, ReceiveBody};
use crate::edge::bodies::stock_moves::{ArriveBody, BetweenBody, CountShelfBody, LossBody};
use crate::edge::caller::{Caller, Json};
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{PAGE, Takes, code, limit, unread};
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new()
        .route("/v1/stock", get(stock).layer(Extension(LIST)))
        .route("/v1/stock/receive", post(receive))
        .route("/v1/stock/adjust", post(adjust))
        .route("/v1/stock/count", post(count))
        .route("/v1/stock/count-shelf", post(count_shelf))
        .route("/v1/stock/loss", post(loss))
        .route("/v1/stock/transfer", post(transfer))
        .route("/v1/stock/arrive", post(arrive))
        .route("/v1/stock/recall", post(recall))
}

const LIST: Takes = Takes { once: &["warehouse", "after", "limit"], lists: &["sku"] };

async fn stock(State(http): Shared, caller: Caller) -> Answer {
    let mut ask = StockQuery { skus: Vec::new(), warehouse: None, after: None, limit: PAGE };
    for (name, value) in &caller.parameters {
        match name.as_str() {
            "sku" => ask.skus.push(code(name, value)?),
            "warehouse" => ask.warehouse = Some(code(name, value)?),
            "after" => ask.after = Some(code(name, value)?),
            "limit" => ask.limit = limit(name, value)?,
            _ => return Err(unread(name)),
        }
    }
    http.ask(&caller, Query::Stock(ask)).await
}

async fn receive(State(http): Shared, caller: Caller, Json(body): Json<ReceiveBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Receive(body.into())).await
}

async fn adjust(State(http): Shared, caller: Caller, Json(body): Json<AdjustBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Adjust(body.into())).await
}

async fn count(State(http): Shared, caller: Caller, Json(body): Json<CountBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Count(body.into())).await
}

async fn count_shelf(State(http): Shared, caller: Caller, Json(body): Json<CountShelfBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::CountShelf(body.into())).await
}

async fn loss(State(http): Shared, caller: Caller, Json(body): Json<LossBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::BookLoss(body.into())).await
}

async fn transfer(State(http): Shared, caller: Caller, Json(body): Json<BetweenBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Transfer(body.into())).await
}

async fn arrive(State(http): Shared, caller: Caller, Json(body): Json<ArriveBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Arrive(body.into())).await
}

async fn recall(State(http): Shared, caller: Caller, Json(body): Json<BetweenBody>) -> Answer {
    let key = caller.key()?;
    http.tell(&caller, Some(key), Command::Recall(body.into())).await
}
