//! Every route, and the listener that serves them.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::net::TcpListener;

use super::state::Http;
use super::{api, probes, problem};

/// Bytes of a request's body.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Every route.
pub fn router(http: Arc<Http>) -> Router {
    probes::routes()
        .merge(api::routes())
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(http)
}

/// Serves until `stop` is done, then until the requests in flight are answered.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    http: Arc<Http>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(http)).with_graceful_shutdown(stop).await
}
