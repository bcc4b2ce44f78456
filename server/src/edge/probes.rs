//! `/livez`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Serialize;

use super::state::Http;
use crate::journal::Health;
use crate::metrics::Snapshot;

/// The probes.
pub(super) fn routes() -> Router<Arc<Http>> {
    Router::new().route("/livez", get(livez)).route("/readyz", get(readyz)).route("/metrics", get(metrics))
}

/// The process runs and answers. Whether it should get work is told by `/readyz`.
async fn livez() -> &'static str {
    "ok\n"
}

/// Whether to send work here, the state of the journal, and what an accident could lose.
async fn readyz(State(http): State<Arc<Http>>) -> Response<Body> {
    let body = readiness(&http);
    let status = if body.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let Ok(text) = serde_json::to_string(&body) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{text}\n")).into_response()
}

/// Everything counted, in the text form of Prometheus.
async fn metrics(State(http): State<Arc<Http>>) -> Response<Body> {
    let journal = (http.journal)();
    let (engine, service, connections) = (&*http.engine, http.service.counted(), (http.connections)());
    let text = http.metrics.encode(&Snapshot { engine, service, journal: &journal, connections });
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Whether to send work here.
#[derive(Debug, Serialize)]
struct ReadinessBody {
    /// Whether requests are answered now.
    ready: bool,
    /// Why not.
    reasons: Vec<&'static str>,
    journal: JournalBody,
    /// How far the wall clock leapt ahead, while that is not confirmed.
    clock_ahead: Option<String>,
}

/// How the journal stands.
#[derive(Debug, Serialize)]
struct JournalBody {
    /// Where history is kept.
    kind: &'static str,
    health: &'static str,
    last_error: Option<String>,
    /// The last event that is journaled.
    journaled: u64,
    /// Bytes that wait for the journal.
    backlog_bytes: usize,
    /// The highest durability available.
    best: &'static str,
    /// What an accident could lose, in words.
    what_could_be_lost: String,
}

fn readiness(http: &Http) -> ReadinessBody {
    let journal = (http.journal)();
    let draining = *http.service.draining().borrow();
    let (health, trouble) = match journal.health {
        Health::Working => ("working", None),
        Health::Retrying => ("retrying", Some("the journal does not take batches for now; replies wait")),
        Health::HistoryLost => (
            "history_lost",
            Some("the journal lost acknowledged history; nothing is acknowledged until a person looks"),
        ),
        Health::Ended => ("ended", Some("the journal takes nothing more from this process")),
    };
    let reasons: Vec<&str> = draining.then_some("the server is shutting down").into_iter().chain(trouble).collect();
    ReadinessBody {
        ready: reasons.is_empty(),
        reasons,
        journal: JournalBody {
            kind: journal.kind,
            health,
            last_error: journal.last_error,
            journaled: journal.journaled.0,
            backlog_bytes: journal.backlog_bytes,
            best: journal.best.name(),
            what_could_be_lost: journal.what_could_be_lost,
        },
        clock_ahead: http.service.clock().jump().map(|span| span.to_string()),
    }
}
