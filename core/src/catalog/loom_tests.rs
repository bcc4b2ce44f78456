//! Readers of SKUs concurrent with a writer, under every interleaving.

use loom::sync::Arc;

use super::Skus;
use crate::event::SkuDefined;
use crate::ids::{Code, Seq, SkuId};

/// A reader concurrent with the definition of a SKU sees all of it or nothing; concurrent with a change, the state before
/// or after it.
#[test]
fn a_sku_is_seen_whole_or_not_at_all() {
    loom::model(|| {
        let code = Code::new("a").unwrap();
        let define = |weight_g: u32, category: &str| SkuDefined {
            id: SkuId(0),
            code: Code::new("a").unwrap(),
            weight_g: Some(weight_g),
            category: Some(Code::new(category).unwrap()),
        };
        let skus = Arc::new(Skus::default());
        let writer = Arc::clone(&skus);
        let thread = loom::thread::spawn(move || {
            writer.define(&define(1, "x"), Seq(1));
            writer.define(&define(2, "y"), Seq(2));
        });
        if let Some(sku) = skus.find(&code) {
            let category = sku.category.as_ref().map(Code::as_str);
            assert!(matches!((sku.weight_g, category), (Some(1), Some("x")) | (Some(2), Some("y"))), "{sku:?}");
        }
        thread.join().unwrap();
        assert_eq!(skus.find(&code).and_then(|sku| sku.weight_g), Some(2));
    });
}
