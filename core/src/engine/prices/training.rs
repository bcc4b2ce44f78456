//! Price training: the sample and the stock written out as cases, learned from, and put in force as a table.

use std::sync::Arc;

use crossbeam::queue::ArrayQueue;

use crate::catalog::Config;
use crate::engine::plan::scratch::with_scratch;
use crate::engine::prices::kinds::{Kind, kinds};
use crate::engine::prices::survey::Survey;
use crate::engine::store::{Engine, Trainer};
use crate::prices::{Case, Table, learn};
use crate::rules::PriceRules;
use crate::sync::Ordering;
use crate::time::Time;

/// Fewer orders teach nothing.
const ORDERS_LEAST: usize = 20;
/// The extent of a training.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Learned {
    /// Orders it learned from.
    pub orders: usize,
    /// Cells looked at.
    pub cells: usize,
    /// Cells whose units have a price.
    pub priced: usize,
}

impl Trainer {
    /// Learns from the sample and the stock as it is; `None` when there is too little to learn from.
    fn learn(&mut self, engine: &Engine, config: &Config, rules: &PriceRules, now: Time) -> Option<(Table, Learned)> {
        self.sample.advance(now);
        let span = self.sample.span(now).0 as f64;
        if self.sample.orders().len() < ORDERS_LEAST || span <= 0.0 {
            return None;
        }
        let orders = kinds(&self.sample);
        let mut survey = Survey::of(engine, config, &orders);
        survey.date(rules, now, self.sample.since().unwrap_or(now), &engine.prices.receipts.lock());
        for (cell, key) in survey.cells.iter_mut().zip(&survey.keys) {
            cell.price = self.known.get(key).copied().unwrap_or(0.0);
        }
        let mut cases: Vec<Case> = with_scratch(engine.work, |scratch| {
            let pose = |kind: &Kind<'_>| survey.pose(config, kind.order, kind.weight / span, scratch);
            orders.iter().filter_map(pose).collect()
        });
        let told: f64 = self.sample.orders().map(|(_, weight)| weight).sum();
        let grain = told / self.sample.orders().len() as f64 / span;
        learn(&mut cases, &mut survey.cells, grain, self.trainings > 0, &mut self.router);
        self.known.clear();
        let priced = survey.keys.iter().zip(&survey.cells).filter(|(_, cell)| cell.price > 0.0);
        self.known.extend(priced.map(|(key, cell)| (*key, cell.price)));
        self.trainings += 1;
        let table = survey.table(self.trainings);
        let learned =
            Learned { orders: self.sample.orders().len(), cells: survey.cells.len(), priced: table.all().len() };
        Some((table, learned))
    }
}

impl Engine {
    /// The prices of stock in force; `None` when the rules ask for none or none were learned yet.
    pub fn prices(&self) -> Option<Arc<Table>> {
        self.prices.table.load_full()
    }

    /// Whether [`Engine::learn_prices`] would learn now. Costs nothing.
    pub fn prices_due(&self, now: Time) -> bool {
        self.prices.on.load(Ordering::Relaxed) && now.0 >= self.prices.due.load(Ordering::Relaxed)
    }

    /// Learns the prices of stock anew, if they are due: from the orders placed lately and the stock as it is. Takes
    /// milliseconds, holds no lock that an order needs for longer than a look, and journals nothing.
    ///
    /// Call it from a thread of its own every second or so; or, where every run must decide the same, between orders.
    pub fn learn_prices(&self, now: Time) -> Option<Learned> {
        if !self.prices_due(now) {
            return None;
        }
        let mut trainer = self.prices.trainer.lock();
        let config = self.config.load_full()?;
        let rules = config.rules.prices?;
        let next = now + rules.recompute_every;
        self.prices.due.store(next.0, Ordering::Release);
        let waiting = self.prices.fed.get().map_or(0, ArrayQueue::len);
        let displaced = self.prices.displaced.swap(0, Ordering::Relaxed);
        trainer.begin(&rules, displaced as f64 / waiting.max(1) as f64);
        let fed = self.prices.fed.get().into_iter().flat_map(|queue| std::iter::from_fn(|| queue.pop()));
        fed.take(waiting).for_each(|order| trainer.take(order));
        let taught = trainer.learn(self, &config, &rules, now);
        self.prices.sampled.store(trainer.memory(), Ordering::Relaxed);
        let (table, learned) = taught?;
        self.prices.thinning.store(u64::from(trainer.thinning().0), Ordering::Relaxed);
        // Rules that came meanwhile may have switched prices off: their stamp comes first or clears what is stored here.
        self.prices.table.store(Some(Arc::new(table)));
        if !self.prices.on.load(Ordering::Acquire) {
            self.prices.table.store(None);
        }
        Some(learned)
    }
}
