//! The HTTP side: probes, metrics, and the JSON calls with which a shop in any language can start.
//!
//! ```text
//!   request ──► Caller (token, key, terms) ──► body ──► Service::command / query ──► Service::answer ──► JSON
//!                     └── a problem (RFC 9457) at every step that says no
//! ```
//!
//! The same service as behind QUIC decides, so that keys, roles, deadlines and durability mean the same on both.

mod caller;
mod calls;
mod probes;
mod problem;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use stockade_core::engine::Engine;
use tokio::net::TcpListener;

use crate::journal::JournalStatus;
use crate::metrics::Metrics;
use crate::service::Service;

/// Bytes of a request's body.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What the handlers work with.
pub struct Http {
    /// What decides and answers.
    pub service: Arc<Service>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The engine, to read its progress.
    pub engine: Arc<Engine>,
    /// How the journal stands.
    pub journal: Box<dyn Fn() -> JournalStatus + Send + Sync>,
    /// How many QUIC connections there are.
    pub connections: Box<dyn Fn() -> u32 + Send + Sync>,
}

/// Every route.
pub fn router(http: Arc<Http>) -> Router {
    Router::new()
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .route("/v1/quote", post(calls::quote))
        .route("/v1/orders", post(calls::place).get(calls::orders))
        .route("/v1/orders/{channel}/{number}", get(calls::order))
        .route("/v1/orders/{channel}/{number}/explain", get(calls::explain))
        .route("/v1/orders/{channel}/{number}/pay", post(calls::pay))
        .route("/v1/orders/{channel}/{number}/cancel", post(calls::cancel))
        .route("/v1/orders/{channel}/{number}/extend", post(calls::extend))
        .route("/v1/orders/{channel}/{number}/reroute", post(calls::reroute))
        .route("/v1/orders/{channel}/{number}/steps", post(calls::step))
        .route("/v1/routing", get(calls::routing))
        .route("/v1/availability", get(calls::availability).post(calls::availability_of_many))
        .route("/v1/stock", get(calls::stock))
        .route("/v1/stock/receive", post(calls::receive))
        .route("/v1/stock/adjust", post(calls::adjust))
        .route("/v1/stock/count", post(calls::count))
        .route("/v1/inbound", post(calls::announce).get(calls::inbound))
        .route("/v1/inbound/change", post(calls::change_inbound))
        .route("/v1/inbound/cancel", post(calls::withdraw))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(http)
}

/// Opens the port.
///
/// # Errors
/// When the system refuses.
pub async fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(addr).await
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
