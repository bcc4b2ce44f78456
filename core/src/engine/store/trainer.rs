//! What price training keeps from one training to the next.

use std::collections::HashMap;

use crate::heap::{Heap, hash_table};
use crate::ids::{SkuId, WarehouseId};
use crate::prices::{Sample, Sampled, Thinning};
use crate::routing::Router;
use crate::rules::PriceRules;
use crate::time::Span;

/// What is kept from training to training. Used by one thread at a time.
#[derive(Debug)]
pub(in crate::engine) struct Trainer {
    pub sample: Sample,
    lost: f64,
    pub router: Router,
    /// Prices before differences are taken, to go on from.
    pub known: HashMap<(SkuId, WarehouseId), f64, foldhash::fast::RandomState>,
    pub trainings: u64,
}

impl Default for Trainer {
    fn default() -> Trainer {
        let (known, router) = (HashMap::default(), Router::new());
        Trainer { sample: Sample::new(1, Span::ZERO), lost: 0.0, router, known, trainings: 0 }
    }
}

impl Trainer {
    /// Begins a training under these rules. For each order told, `lost` were not.
    pub fn begin(&mut self, rules: &PriceRules, lost: f64) {
        self.sample.resize(rules.sample, rules.history);
        self.lost = lost;
    }

    /// Takes an order in.
    pub fn take(&mut self, order: Sampled) {
        self.sample.add(order, self.lost);
    }

    /// Bytes of memory, without those that training itself works with.
    pub fn memory(&self) -> usize {
        self.sample.heap() + hash_table::<((SkuId, WarehouseId), f64)>(self.known.capacity())
    }

    /// Which orders it samples.
    pub fn thinning(&self) -> Thinning {
        self.sample.thinning()
    }
}
