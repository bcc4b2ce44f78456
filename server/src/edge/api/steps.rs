//! Steps of sub-orders on their way to the customer and back.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use stockade_core::command::Command;

use crate::edge::bodies::steps::StepBody;
use crate::edge::caller::{Caller, Json};
use crate::edge::calls::{Answer, Shared};
use crate::edge::parameters::{OrderPath, named};
use crate::edge::problem::BadRequest;
use crate::edge::state::Http;

/// The calls of this resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new().route("/v1/orders/{channel}/{number}/steps", post(step))
}

async fn step(State(http): Shared, caller: Caller, OrderPath(path): OrderPath, Json(body): Json<StepBody>) -> Answer {
    let key = caller.key()?;
    let command = Command::Step(body.command(named(path)?).map_err(BadRequest::new)?);
    http.tell(&caller, Some(key), command).await
}
