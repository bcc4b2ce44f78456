//! A shop's history, as a journal keeps it, and its explanations.

use std::sync::Arc;
use std::time::Duration;

use stockade_core::engine::Engine;
use stockade_core::log::{History, Journal, MemoryJournal};
use stockade_core::money::Money;
use stockade_core::query::*;
use stockade_core::reply::*;

use crate::support::{code, web};

/// What the shop's journal would hold, to be read back.
pub struct Kept(pub MemoryJournal);

impl Kept {
    pub fn new() -> Kept {
        Kept(MemoryJournal::keeping())
    }

    pub fn history(&mut self, engine: &Engine) -> Arc<dyn History> {
        while let Some(batch) = engine.log().next_batch(Duration::ZERO) {
            self.0.append(&batch).unwrap();
            engine.log().journaled(batch.last);
        }
        self.0.history().unwrap()
    }

    #[track_caller]
    pub fn explain(&mut self, engine: &Engine, number: &str, decision: Option<u16>) -> Explanation {
        let history = self.history(engine);
        match engine.explain(&Explain { order: web(number), decision }, &*history).result.unwrap() {
            Reply::Explained(explanation) => *explanation,
            other => panic!("{other:?}"),
        }
    }
}

pub fn warehouse<'e>(explanation: &'e Explanation, name: &str) -> &'e WarehouseSeen {
    explanation.warehouses.iter().find(|seen| seen.warehouse == code(name)).expect("it is listed")
}

pub fn money(text: &str) -> Money {
    text.parse().unwrap()
}
