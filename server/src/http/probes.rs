//! `/livez`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::Http;
use super::caller::level_name;
use crate::journal::Health;
use crate::metrics::Snapshot;

/// The process runs and answers. Whether it should be sent work is `/readyz`.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether to send work here, how the journal stands, and what an accident could take.
pub(super) async fn readyz(State(http): State<Arc<Http>>) -> Response<Body> {
    let (ready, body) = readiness(&http);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}

/// Everything counted, in the text form of Prometheus.
pub(super) async fn metrics(State(http): State<Arc<Http>>) -> Response<Body> {
    let journal = (http.journal)();
    let (engine, service, connections) = (&*http.engine, http.service.counted(), (http.connections)());
    let text = http.metrics.encode(&Snapshot { engine, service, journal: &journal, connections });
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn readiness(http: &Http) -> (bool, Value) {
    let journal = (http.journal)();
    let mut reasons = Vec::new();
    if *http.service.draining().borrow() {
        reasons.push("the server is shutting down".to_owned());
    }
    let health = match journal.health {
        Health::Working => "working",
        Health::Retrying => {
            reasons.push("the journal does not take batches for now; replies wait".to_owned());
            "retrying"
        }
        Health::HistoryLost => {
            reasons
                .push("the journal lost acknowledged history; nothing is acknowledged until a person looks".to_owned());
            "history_lost"
        }
        Health::Ended => {
            reasons.push("the journal takes nothing more from this process".to_owned());
            "ended"
        }
    };
    let body = json!({
        "ready": reasons.is_empty(),
        "reasons": reasons,
        "journal": {
            "kind": journal.kind,
            "health": health,
            "last_error": journal.last_error,
            "journaled": journal.journaled.0,
            "backlog_bytes": journal.backlog_bytes,
            "best": level_name(journal.best),
            "what_could_be_lost": journal.what_could_be_lost,
        },
        "clock_ahead": http.service.clock().jump().map(|span| span.to_string()),
    });
    (reasons.is_empty(), body)
}
