//! The HTTP side while a server takes up its history: probes are answered, everything else is told to come back.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Serialize;
use stockade_core::reject::Reject;
use stockade_core::time::Time;
use stockade_core::units::counted;
use tokio::net::TcpListener;

use super::problem;
use super::server::accept;
use super::visit::HttpLimits;

/// How far a start is.
#[derive(Debug, Default)]
pub struct Progress {
    /// What is being done, as its place in [`STEPS`].
    step: AtomicU8,
    events: AtomicU64,
    /// When the latest of them was decided.
    up_to: AtomicU64,
}

const STEPS: [&str; 3] = [
    "the journal is being opened",
    "the history is being replayed",
    "the state that the history leads to is being checked",
];

impl Progress {
    /// An event, decided at `arrived`, is applied.
    pub fn replayed(&self, arrived: Time) {
        self.step.store(1, Ordering::Relaxed);
        self.up_to.store(arrived.0, Ordering::Relaxed);
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    /// All are applied, and the checks begin.
    pub fn checking(&self) {
        self.step.store(2, Ordering::Relaxed);
    }

    fn body(&self) -> ProgressBody {
        let events = self.events.load(Ordering::Relaxed);
        let up_to = (events > 0).then(|| Time(self.up_to.load(Ordering::Relaxed)).to_string());
        ProgressBody { step: STEPS[usize::from(self.step.load(Ordering::Relaxed))], events, up_to }
    }
}

/// How far a start is.
#[derive(Debug, Serialize)]
struct ProgressBody {
    /// What is being done, in words.
    step: &'static str,
    /// Events replayed.
    events: u64,
    /// When the latest of them was decided.
    up_to: Option<String>,
}

impl ProgressBody {
    fn sentence(&self) -> String {
        match &self.up_to {
            Some(up_to) => format!("{}: {} so far, up to {up_to}", self.step, counted(self.events, "event")),
            None => self.step.to_owned(),
        }
    }
}

/// Why a server that starts is not ready.
#[derive(Debug, Serialize)]
struct StartingBody {
    ready: bool,
    reasons: [String; 1],
    starting: ProgressBody,
}

/// Answers the probes until `stop` is done, within the bounds that apply later as well: nobody may use up the descriptors
/// that the start needs.
pub async fn serve_starting(
    listener: TcpListener,
    progress: Arc<Progress>,
    limits: HttpLimits,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let routes = Router::new().route("/livez", get(livez)).route("/readyz", get(readyz)).fallback(later);
    accept(listener, routes.with_state(progress), limits, stop).await;
}

async fn livez(State(progress): State<Arc<Progress>>) -> String {
    format!("ok, starting: {}\n", progress.body().sentence())
}

async fn readyz(State(progress): State<Arc<Progress>>) -> Response<Body> {
    let starting = progress.body();
    let body =
        StartingBody { ready: false, reasons: [format!("the server starts: {}", starting.sentence())], starting };
    let Ok(text) = serde_json::to_string(&body) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::SERVICE_UNAVAILABLE, kind, format!("{text}\n")).into_response()
}

async fn later(State(progress): State<Arc<Progress>>) -> Response<Body> {
    let reason = format!("the server starts, try again later: {}", progress.body().sentence());
    problem::refused(&Reject::Unavailable { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_says_what_it_does_and_how_far_it_is() {
        let progress = Progress::default();
        assert_eq!(progress.body().sentence(), "the journal is being opened");
        progress.replayed(Time(1_794_355_200_000_000));
        progress.replayed(Time(1_794_355_201_000_000));
        let said = progress.body().sentence();
        assert!(
            said.starts_with("the history is being replayed: 2 events so far, up to 2026-11-11T00:00:01"),
            "{said}"
        );
        progress.checking();
        assert!(progress.body().sentence().contains("checked: 2 events"));
    }
}
