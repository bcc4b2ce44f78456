//! Which part of the process answers what: the engine, its history, or the measurements of routing.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use stockade_core::Actor;
use stockade_core::command::Request;
use stockade_core::engine::{Engine, Outcome};
use stockade_core::ids::Seq;
use stockade_core::log::{Gate, History};
use stockade_core::query::Query;
use stockade_core::reply::Reply;
use stockade_core::time::Time;

use super::budget::{ExactBudget, blocking};
use super::decide::Decide;
use super::observe::Observe;
use crate::quality::Sampling;

/// The engine of a server, with what answers the queries that the engine alone cannot answer. An observer is told of
/// every decision.
pub struct Dispatch {
    engine: Arc<Engine>,
    history: Option<Arc<dyn History>>,
    quality: Arc<Sampling>,
    observer: Arc<dyn Observe>,
    exact: ExactBudget,
}

impl Dispatch {
    /// Explanations are read from `history`, where there is one; placed orders are counted and sampled by `quality`.
    pub fn new(
        engine: Arc<Engine>,
        history: Option<Arc<dyn History>>,
        quality: Arc<Sampling>,
        observer: Arc<dyn Observe>,
    ) -> Dispatch {
        Dispatch { engine, history, quality, observer, exact: ExactBudget::default() }
    }

    fn answered(&self, query: &Query, now: Time) -> Outcome {
        if let (Query::Explain(ask), Some(history)) = (query, &self.history) {
            return blocking(|| self.engine.explain(ask, &**history));
        }
        if matches!(query, Query::QuoteExact(_)) {
            return self.exact.spend(|| self.engine.query(query, now));
        }
        if matches!(query, Query::Routing(stockade_core::query::Routing)) {
            return Outcome { result: Ok(Reply::Routing(Box::new(self.quality.report()))), seen: Seq(0) };
        }
        self.engine.query(query, now)
    }
}

impl Decide for Dispatch {
    fn execute(&self, request: &Request, actor: &Actor, now: Time) -> Outcome {
        let begun = Instant::now();
        let outcome = self.engine.execute(request, actor, now);
        self.observer.command(&request.command, &outcome, begun.elapsed());
        if let Ok(Reply::Placed(placed)) = &outcome.result {
            self.quality.placed(placed);
        }
        outcome
    }

    fn query(&self, query: &Query, now: Time) -> Outcome {
        let begun = Instant::now();
        let outcome = self.answered(query, now);
        self.observer.query(query, &outcome, begun.elapsed());
        outcome
    }

    fn next_deadline(&self) -> Option<Time> {
        self.engine.next_deadline()
    }

    fn expire_due(&self, now: Time, max: usize) -> usize {
        let expired = Decide::expire_due(&*self.engine, now, max);
        self.observer.expired(expired as u64);
        expired
    }

    fn gate(&self) -> &Gate {
        self.engine.log().gate()
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").field("engine", &self.engine).finish_non_exhaustive()
    }
}
