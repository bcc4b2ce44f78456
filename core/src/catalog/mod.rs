//! Codes and ids: which SKUs there are, and the world and rules in force.
//!
//! What stands here may be read without locks at any time; it changes only in commits that hold every key shard, and
//! becomes visible only once its event has a sequence.

mod config;

use std::collections::HashMap;

use dashmap::DashMap;

use crate::event::SkuDefined;
use crate::ids::{Code, Seq, SkuId};
use crate::sync::{AtomicU64, Mutex, Ordering};

pub use config::{Codes, Config};

/// What is known of a SKU.
#[derive(Clone, PartialEq, Eq, Debug, bincode::Encode)]
pub struct Sku {
    /// The id.
    pub id: SkuId,
    /// Weight of one unit in grams; the world's default when not given.
    pub weight_g: Option<u32>,
    /// The category, for rules.
    pub category: Option<Code>,
}

/// What a SKU was, and the event that changed it.
type Former = (Seq, Sku);

/// Shards of the indexes: many more than cores, since even a look-up writes to the lock of its shard.
const INDEX_SHARDS: usize = 256;

type Index<K, V> = DashMap<K, V, foldhash::fast::RandomState>;

/// Every SKU, by code and by id.
#[derive(Debug)]
pub struct Skus {
    by_code: Index<Code, Sku>,
    by_id: Index<SkuId, Code>,
    changes: AtomicU64,
    /// What SKUs were before they were changed, with the event that changed them, oldest first.
    former: Mutex<HashMap<SkuId, Vec<Former>, foldhash::fast::RandomState>>,
}

impl Default for Skus {
    fn default() -> Skus {
        Skus {
            by_code: Index::with_hasher_and_shard_amount(Default::default(), INDEX_SHARDS),
            by_id: Index::with_hasher_and_shard_amount(Default::default(), INDEX_SHARDS),
            changes: AtomicU64::new(0),
            former: Mutex::new(HashMap::default()),
        }
    }
}

impl Skus {
    /// A SKU by its code.
    pub fn find(&self, code: &Code) -> Option<Sku> {
        self.by_code.get(code).map(|sku| sku.clone())
    }

    /// The code of a SKU.
    pub fn code(&self, sku: SkuId) -> Option<Code> {
        self.by_id.get(&sku).map(|code| code.clone())
    }

    /// How many SKUs there are; also the next id.
    pub fn count(&self) -> usize {
        self.by_id.len()
    }

    /// Grows whenever a SKU is defined or changed. What was read of SKUs is still true under a key shard's lock when this
    /// is what it was before reading.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Looks at every SKU, in no order.
    pub fn each(&self, mut f: impl FnMut(&Code, &Sku)) {
        self.by_code.iter().for_each(|entry| f(entry.key(), entry.value()));
    }

    /// What a SKU was when an event was decided.
    pub fn at(&self, sku: SkuId, seq: Seq) -> Option<Sku> {
        let former = self.former.lock();
        let then = former.get(&sku).and_then(|past| past.iter().find(|(changed, _)| *changed > seq));
        then.map(|(_, sku)| sku.clone()).or_else(|| self.find(&self.code(sku)?))
    }

    /// Makes a SKU known, or replaces what is known of it, as the event with this sequence says.
    pub fn define(&self, defined: &SkuDefined, seq: Seq) {
        let sku = Sku { id: defined.id, weight_g: defined.weight_g, category: defined.category.clone() };
        if let Some(before) = self.by_code.insert(defined.code.clone(), sku.clone())
            && before != sku
        {
            self.former.lock().entry(defined.id).or_default().push((seq, before));
        }
        self.by_id.insert(defined.id, defined.code.clone());
        self.changes.fetch_add(1, Ordering::Release);
    }
}
