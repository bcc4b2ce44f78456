//! The JSON calls, one file per resource.

mod availability;
mod backup;
mod clock;
mod inbound;
mod orders;
mod quotes;
mod refunds;
mod routing;
mod steps;
mod stock;

use std::sync::Arc;

use axum::Router;

use super::state::Http;

/// The calls of every resource.
pub(super) fn routes() -> Router<Arc<Http>> {
    [
        quotes::routes(),
        orders::routes(),
        refunds::routes(),
        steps::routes(),
        routing::routes(),
        availability::routes(),
        stock::routes(),
        inbound::routes(),
        clock::routes(),
        backup::routes(),
    ]
    .into_iter()
    .fold(Router::new(), Router::merge)
}
