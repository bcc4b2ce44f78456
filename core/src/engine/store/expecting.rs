//! The SKUs of which something is expected or overdue, so that what is expected is found without looking at every SKU.

use std::collections::BTreeSet;

use crate::heap::tree;
use crate::ids::SkuId;
use crate::sync::Mutex;

/// SKUs by id: every one of which a receipt is expected or promised units are overdue. Of some others, the last overdue
/// promise was given up since the latest change of a receipt.
#[derive(Debug, Default)]
pub(in crate::engine) struct Expecting(Mutex<BTreeSet<SkuId>>);

impl Expecting {
    /// Notes whether anything of a SKU is expected or overdue, under the lock of its stock.
    pub fn note(&self, sku: SkuId, expects: bool) {
        let mut skus = self.0.lock();
        if expects {
            skus.insert(sku);
        } else {
            skus.remove(&sku);
        }
    }

    /// Whether a SKU is among them.
    pub fn has(&self, sku: SkuId) -> bool {
        self.0.lock().contains(&sku)
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        tree::<SkuId, ()>(self.0.lock().len())
    }

    /// At most `most` of them, from this SKU on.
    pub fn page(&self, from: SkuId, most: usize) -> Vec<SkuId> {
        self.0.lock().range(from..).take(most).copied().collect()
    }
}

#[cfg(all(test, not(stockade_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_only_skus_that_expect_something() {
        let expecting = Expecting::default();
        for sku in [70, 3, 9, 40] {
            expecting.note(SkuId(sku), true);
        }
        expecting.note(SkuId(9), false);
        expecting.note(SkuId(8), false);
        assert_eq!(expecting.page(SkuId(0), 2), [SkuId(3), SkuId(40)]);
        assert_eq!(expecting.page(SkuId(4), 9), [SkuId(40), SkuId(70)]);
        assert!(expecting.has(SkuId(3)) && !expecting.has(SkuId(9)));
    }
}
