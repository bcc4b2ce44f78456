//! Questions to the engine, and which kinds of them were asked.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use stockade_core::engine::Engine;
use stockade_core::ids::Seq;
use stockade_core::log::{Batch, History, JournalError};
use stockade_core::query::{Explain, Query};
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::Time;

/// An engine that is asked.
pub(super) struct Asking<'a> {
    engine: &'a Engine,
    history: Batches<'a>,
    now: Time,
    kinds: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Asking<'a> {
    /// Asks an engine whose events are in these batches.
    pub fn new(engine: &'a Engine, history: &'a [Arc<[u8]>], now: Time) -> Asking<'a> {
        Asking { engine, history: Batches(history), now, kinds: RefCell::default() }
    }

    /// The engine has come as far as the model.
    pub fn is_at(&self, seq: Seq) -> Result<(), String> {
        match self.engine.seq() == seq {
            true => Ok(()),
            false => Err(format!("the engine is at event {}, the model at {seq}", self.engine.seq())),
        }
    }

    /// The answer, or the refusal.
    pub fn answer(&self, query: &Query) -> Result<Reply, Reject> {
        self.kinds.borrow_mut().insert(query.name());
        self.engine.query(query, self.now).result
    }

    /// The answer, which must not be a refusal.
    pub fn ask(&self, query: &Query) -> Result<Reply, String> {
        self.answer(query).map_err(|reject| format!("{query:?} is refused: {reject}"))
    }

    /// An explanation, read from the history. The engine alone has none and must refuse.
    pub fn explain(&self, query: Explain) -> Result<Reply, String> {
        let explained = self.engine.explain(&query, &self.history).result;
        self.refused(&Query::Explain(query.clone()))?;
        explained.map_err(|reject| format!("{query:?} is refused: {reject}"))
    }

    /// Asks what only a server can answer.
    pub fn refused(&self, query: &Query) -> Result<(), String> {
        let answer = self.answer(query);
        if matches!(answer, Err(Reject::Unavailable { .. })) {
            return Ok(());
        }
        Err(format!("an engine alone answers {query:?} with {answer:?}"))
    }

    /// The kinds of queries asked so far, by name.
    pub fn kinds(self) -> BTreeSet<&'static str> {
        self.kinds.into_inner()
    }
}

/// Batches in the order of their events.
struct Batches<'a>(&'a [Arc<[u8]>]);

impl History for Batches<'_> {
    fn batch(&self, seq: Seq) -> Result<Arc<[u8]>, JournalError> {
        let ends_before = |bytes: &Arc<[u8]>| Batch::decode(bytes).is_ok_and(|batch| batch.last < seq);
        let found = self.0.get(self.0.partition_point(ends_before));
        found.cloned().ok_or_else(|| JournalError::Unavailable { reason: format!("event {seq} is not in the history") })
    }
}

/// An error that shows both when they differ.
pub(super) fn same<T: PartialEq + Debug>(what: &str, shown: &T, expected: &T) -> Result<(), String> {
    if shown == expected {
        return Ok(());
    }
    Err(format!("{what} differs\n  engine: {shown:?}\n  model:  {expected:?}"))
}
