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
use crate::logging;
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
    let clock = http.service.clock().standing();
    let log_lines_dropped = logging::dropped();
    let now = Snapshot { engine, service, clock, journal: &journal, connections, log_lines_dropped };
    let text = http.metrics.encode(&now);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Whether to send work here.
#[derive(Debug, Serialize)]
struct ReadinessBody {
    /// Whether requests are answered now.
    ready: bool,
    /// Why not.
    reasons: Vec<String>,
    journal: JournalBody,
    /// Engine time: the time by which holds end.
    engine_time: String,
    /// How far the wall clock is ahead of engine time, while it waits for confirmation.
    clock_ahead: Option<String>,
    /// How far the wall clock is behind engine time, while engine time waits for it.
    clock_behind: Option<String>,
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
    /// What is known to be missing in the history or to contradict it, for a person to act on.
    findings: Vec<String>,
}

fn readiness(http: &Http) -> ReadinessBody {
    let (journal, clock) = ((http.journal)(), http.service.clock().standing());
    let draining = *http.service.draining().borrow();
    let (health, trouble) = match journal.health {
        Health::Working => ("working", None),
        Health::Retrying => ("retrying", Some("the journal does not take batches for now; replies wait")),
        Health::SyncFailed => (
            "sync_failed",
            Some("the disk under the journal failed: nothing is acknowledged until everything is in a fresh copy"),
        ),
        Health::HistoryLost => (
            "history_lost",
            Some("the journal lost acknowledged history; nothing is acknowledged until a person looks"),
        ),
        Health::Ended => ("ended", Some("the journal takes nothing more from this process")),
    };
    let known = draining.then_some("the server is shutting down").into_iter().chain(trouble);
    let mut reasons: Vec<String> = known.map(str::to_owned).collect();
    reasons.extend(http.service.admission().closed().map(|reason| format!("no commands are taken: {reason}")));
    // In an orderly end, every part ends.
    if !draining {
        reasons.extend((http.failures)());
    }
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
            findings: (http.findings)(),
        },
        engine_time: clock.engine.to_string(),
        clock_ahead: clock.ahead().map(|span| span.to_string()),
        clock_behind: clock.behind().map(|span| span.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use stockade_core::Durability;
    use stockade_core::command::Request;
    use stockade_core::engine::{Engine, Outcome};
    use stockade_core::log::Gate;
    use stockade_core::query::Query;
    use stockade_core::time::Time;

    use super::*;
    use crate::auth::TokenStore;
    use crate::clock::Clock;
    use crate::edge::Backups;
    use crate::journal::{JournalStatus, Live};
    use crate::metrics::Metrics;
    use crate::quality::Tally;
    use crate::service::{Decide, Follow, Service, start_expiry};

    /// An engine whose expiry breaks.
    struct Brittle(Engine);

    impl Decide for Brittle {
        fn execute(&self, request: &Request, actor: &stockade_core::Actor, now: Time) -> Outcome {
            self.0.execute(request, actor, now)
        }
        fn query(&self, query: &Query, now: Time) -> Outcome {
            self.0.query(query, now)
        }
        fn next_deadline(&self) -> Option<Time> {
            Some(Time(0))
        }
        fn expire_due(&self, _now: Time, _max: usize) -> usize {
            panic!("the list of deadlines is upside down")
        }
        fn gate(&self) -> &Gate {
            self.0.log().gate()
        }
        fn engine(&self) -> &Engine {
            &self.0
        }
    }

    fn working() -> JournalStatus {
        JournalStatus {
            kind: "memory",
            health: Health::Working,
            last_error: None,
            journaled: stockade_core::ids::Seq(0),
            backlog_bytes: 0,
            kept_bytes: 0,
            best: Durability::Memory,
            what_could_be_lost: String::new(),
            batches: 0,
            bytes: 0,
        }
    }

    #[test]
    fn a_thread_that_broke_makes_the_server_not_ready_and_says_which() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(Clock::system(Time(1)));
        let tokens = Arc::new(TokenStore::open(&dir.path().join("tokens.toml")).unwrap());
        let decide = Arc::new(Brittle(Engine::new()));
        let service = Service::new(decide.clone(), clock.clone(), tokens, Durability::Memory, Duration::from_secs(1));
        let expiry = start_expiry(decide, clock.clone()).unwrap();
        let engine = Arc::new(Engine::new());
        let pulse = expiry.pulse();
        let http = Http {
            service: Arc::new(service),
            metrics: Arc::new(Metrics::new(Arc::new(Tally::default()))),
            engine: Arc::clone(&engine),
            follow: Arc::new(Follow::new(engine, clock.clone(), None)),
            journal: Box::new(working),
            connections: Box::new(|| 0),
            findings: Box::new(Vec::new),
            backups: Backups::of(Live::Memory),
            failures: Box::new(move || pulse.died().map(str::to_owned).into_iter().collect()),
        };
        let begun = Instant::now();
        let mut body = readiness(&http);
        while body.ready && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(1));
            body = readiness(&http);
        }
        assert!(!body.ready);
        assert_eq!(body.reasons, ["the list of deadlines is upside down"]);
        http.service.drain();
        assert_eq!(readiness(&http).reasons, ["the server is shutting down"]);
    }
}
