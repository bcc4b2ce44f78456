//! What is expected is found among the SKUs that expect something.

mod support;

use stockade_core::command::*;
use stockade_core::query::*;
use stockade_core::reply::*;
use stockade_core::time::Day;
use support::*;

fn shop() -> Shop {
    let shop = Shop::with_world(&WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n"));
    let spec = |sku: u64| SkuSpec { sku: code(&format!("S{sku}")), weight_g: None, category: None };
    shop.ok(Command::DefineSkus(DefineSkus { skus: (0..3_000).map(spec).collect() }));
    shop
}

fn announce(shop: &Shop, sku: u64, units: u64) {
    let day = Day::from_date(2027, 1, 5).unwrap();
    shop.ok(shop.announce(&format!("PO-{sku}"), &format!("S{sku}"), "A", day, units));
}

fn expected(shop: &Shop, after: Option<u64>, limit: u32) -> Vec<String> {
    let after = after.map(|sku| code(&format!("S{sku}")));
    let query = InboundQuery { skus: Vec::new(), warehouse: None, reference: None, after, limit };
    let outcome = shop.engine.query(&Query::Inbound(query), shop.now);
    assert_eq!(outcome.seen, shop.engine.seq(), "it waits for what made others leave the list");
    match outcome.result.unwrap() {
        Reply::Inbound(cells) => cells.iter().map(|cell| cell.sku.to_string()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn skus_that_expect_goods_are_listed_by_pages_and_leave_the_list_when_nothing_is_awaited_any_more() {
    let shop = shop();
    for sku in (0..3_000).rev().step_by(2) {
        announce(&shop, sku, 2);
    }
    assert_eq!(expected(&shop, None, 2), ["S1", "S3"]);
    assert_eq!(expected(&shop, Some(3), 2), ["S5", "S7"]);
    assert_eq!(expected(&shop, None, 10_000).len(), 1_500);
    shop.engine.check().unwrap();

    shop.placed(order("1", &[("S1", 2), ("S3", 2)]));
    shop.ok(shop.expect("PO-5", "S5", "A", Expectation::Withdraw));
    shop.ok(shop.fulfil("PO-7", "A", &[("S7", 2)], false));
    shop.ok(shop.expect("PO-1", "S1", "A", Expectation::Withdraw));
    assert_eq!(expected(&shop, None, 3), ["S1", "S3", "S9"], "what was promised of S1 is overdue");
    shop.receive("S1", "A", 2);
    assert_eq!(expected(&shop, None, 3), ["S3", "S9", "S11"]);
    announce(&shop, 5, 1);
    assert_eq!(expected(&shop, None, 3), ["S3", "S5", "S9"]);
    shop.check();
}
