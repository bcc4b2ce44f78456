//! Prices of stock, and own stock first.

use stockade_core::command::*;
use stockade_core::money::Money;
use stockade_core::reply::*;
use stockade_core::time::Span;

use crate::kept::{Kept, money, warehouse};
use crate::support::{Shop, code, order};

#[test]
fn prices_of_stock_are_told_as_the_decision_saw_them() {
    let mut world = String::from(
        "[prices]\ncover = \"1d\"\n[[carrier]]\ncode = \"X\"\n[[channel]]\ncode = \"web\"\nhold_ttl = \"10d\"\n",
    );
    for (warehouse, east, west) in [("A", "5", "5.5"), ("B", "9", "6")] {
        world += &format!("[[warehouse]]\ncode = \"{warehouse}\"\n");
        for (zone, parcel) in [("E", east), ("Z", west)] {
            world += &format!(
                "[[rate]]\ncarrier = \"X\"\nfrom = \"{warehouse}\"\nto = \"{zone}\"\nparcel = \"{parcel}\"\nhours = 24\n"
            );
        }
    }
    let mut shop = Shop::with_world(&world);
    shop.skus(&["TEE"]);
    shop.receive("TEE", "A", 200);
    shop.receive("TEE", "B", 500);
    for n in 0..60 {
        shop.wait(Span::from_mins(2));
        let zone = code(if n % 2 == 0 { "E" } else { "Z" });
        shop.placed(Place { zone: Some(zone), ..order(&n.to_string(), &[("TEE", 1 + n / 2 % 3)]) });
    }
    shop.engine.learn_prices(shop.now).expect("there is enough to learn from");
    shop.placed(order("last", &[("TEE", 1)]));

    let mut kept = Kept::new();
    let told = kept.explain(&shop.engine, "last", None);
    assert_eq!(told.differs, None, "the prices were journaled with the decision");
    assert_eq!(told.candidates[0].parcels[0].warehouse, code("B"), "what lies at A is kept for the east");
    let at_a = told.prices.iter().find(|price| price.warehouse == code("A")).expect("A has a price");
    let second = &told.candidates[1];
    assert_eq!((second.parcels[0].warehouse.clone(), second.parts.prices), (code("A"), at_a.price));
    assert_eq!(second.parts.money.saturating_add(second.parts.prices), second.score);
    let before = kept.explain(&shop.engine, "59", None);
    assert_eq!((before.prices.len(), before.candidates[0].parcels[0].warehouse.clone()), (0, code("A")));
}

/// Own tea lies at `A` for 10 a parcel, the drop-shipper sells it for 12; of `B` the rates are dear. In an hour two teas leave, so
/// that those at `A` are soon worth more than the 2 they save.
const PRICED: &str = r#"
[prices]
cover = "120h"
recompute_every = "1h"
[[warehouse]]
code = "A"
[[warehouse]]
code = "B"
[[warehouse]]
code = "DROP"
unlimited = true
[[carrier]]
code = "X"
[[rate]]
carrier = "X"
from = "A"
to = "*"
parcel = "10"
[[rate]]
carrier = "X"
from = "B"
to = "*"
parcel = "30"
[[rate]]
carrier = "X"
from = "DROP"
to = "*"
parcel = "10.5"
unit = "1.5"
[[channel]]
code = "web"
"#;

/// Trades tea and baskets of tea and a cup for sixty hours, learning prices as they are due.
fn priced_shop(world: &str) -> Shop {
    let mut shop = Shop::with_world(world);
    shop.skus(&["tea", "cup"]);
    for (sku, at, units) in [("tea", "A", 140), ("cup", "A", 140), ("tea", "B", 1_000)] {
        shop.receive(sku, at, units);
    }
    for hour in 0..60 {
        shop.wait(Span::from_mins(60));
        shop.engine.learn_prices(shop.now);
        shop.placed(order(&format!("alone-{hour}"), &[("tea", 1)]));
        shop.placed(order(&format!("basket-{hour}"), &[("tea", 1), ("cup", 1)]));
    }
    shop
}

#[test]
fn a_cheaper_drop_shipper_is_marked_as_kept_out_where_own_stock_comes_first() {
    let shop = priced_shop(PRICED);
    shop.placed(order("last", &[("tea", 1)]));
    let told = Kept::new().explain(&shop.engine, "last", None);
    assert_eq!(told.differs, None);
    let chosen = &told.candidates[0];
    assert_eq!((chosen.parcels.len(), &chosen.parcels[0].warehouse), (1, &code("A")));
    assert!(chosen.parts.prices > money("2"), "a tea from A is worth more than it saves: {chosen:?}");

    let marked = |plan: &&Candidate| plan.roles.contains(&CandidateRole::OwnFirst);
    let kept_out: Vec<&Candidate> = told.candidates.iter().filter(marked).collect();
    let [drop] = kept_out[..] else { panic!("one plan is kept out: {:?}", told.candidates) };
    assert_eq!(drop.roles, [CandidateRole::OwnFirst, CandidateRole::OneWarehouse]);
    assert_eq!((drop.parcels.len(), &drop.parcels[0].warehouse), (1, &code("DROP")));
    assert_eq!((drop.cost, drop.score), (money("12"), money("12")), "what is bought has no price of stock");
    let less = chosen.score.0 - drop.score.0;
    assert!(less > 0 && drop.distance == Money(-less));
    assert_eq!(warehouse(&told, "DROP").out, [OutReason::OwnFirst { by: Money(less) }]);

    let second = told.candidates.iter().find(|plan| plan.roles.contains(&CandidateRole::RunnerUp)).expect("there is B");
    assert_eq!(second.parcels[0].warehouse, code("B"), "the best of what was allowed");
    assert!(matches!(warehouse(&told, "B").out[..], [OutReason::NoBetter { .. }]));
}

#[test]
fn nothing_is_marked_where_own_stock_may_be_passed_over_or_has_no_price() {
    let marked = |told: &Explanation| told.candidates.iter().any(|plan| plan.roles.contains(&CandidateRole::OwnFirst));
    let free = priced_shop(&PRICED.replace("recompute_every", "pass_over_own = true\nrecompute_every"));
    free.placed(order("last", &[("tea", 1)]));
    let told = Kept::new().explain(&free.engine, "last", None);
    assert_eq!((told.differs.clone(), marked(&told)), (None, false));
    assert_eq!(told.candidates[0].parcels[0].warehouse, code("DROP"), "the rule is what kept it out");

    let shop = priced_shop(PRICED);
    let told = Kept::new().explain(&shop.engine, "alone-0", None);
    assert_eq!((told.prices.len(), marked(&told)), (0, false));
    assert_eq!(warehouse(&told, "DROP").out, [OutReason::NoBetter { by: money("2") }]);
}
