//! Prices of stock, as a shop sees them.

mod support;

use stockade_core::command::*;
use stockade_core::decision::Decision;
use stockade_core::event::Event;
use stockade_core::ids::WarehouseId;
use stockade_core::reply::Placed;
use stockade_core::time::{Day, Span};
use support::*;

/// Tea lies in both warehouses, the cup in the first only, which is also a little cheaper. A drop-shipper has everything,
/// at three times the price.
const WORLD: &str = r#"
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
parcel = "10.5"
[[rate]]
carrier = "X"
from = "DROP"
to = "*"
parcel = "30"
[[channel]]
code = "web"
"#;

/// Stock has to last five days; in each hour of them one order comes for tea and one for tea and a cup.
const PRICES: &str = "[prices]\ncover = \"120h\"\nrecompute_every = \"1h\"\n";
const HOURS: u32 = 120;
/// What the hours ask of each cell if each order goes where it should, and a little more.
const ENOUGH: u64 = 140;

fn shop(rules: &str, units: u64) -> Shop {
    let shop = Shop::with_world(&format!("{WORLD}{rules}"));
    shop.skus(&["tea", "cup"]);
    shop.receive("tea", "A", units);
    shop.receive("tea", "B", units);
    shop.receive("cup", "A", units);
    shop
}

fn from(placed: &Placed) -> Vec<&str> {
    placed.plan.sub_orders.iter().map(|sub| sub.warehouse.as_str()).collect()
}

/// Hour by hour one order of tea alone and one of tea and a cup; prices are learned when they are due.
fn trade(shop: &mut Shop, first: u32, hours: u32) -> Vec<Placed> {
    let mut placed = Vec::new();
    for hour in first..first + hours {
        shop.wait(Span::from_mins(60));
        shop.engine.learn_prices(shop.now);
        placed.push(shop.placed(order(&format!("alone-{hour}"), &[("tea", 1)])));
        placed.push(shop.placed(order(&format!("basket-{hour}"), &[("tea", 1), ("cup", 1)])));
    }
    placed
}

fn cost(placed: &[Placed]) -> i64 {
    placed.iter().map(|placed| placed.plan.cost.0).sum()
}

#[test]
fn prices_keep_the_tea_of_the_basket_where_the_cup_is() {
    let (mut with, mut without) = (shop(PRICES, ENOUGH), shop("", ENOUGH));
    let (priced, plain) = (trade(&mut with, 0, HOURS), trade(&mut without, 0, HOURS));
    assert!(plain[..100].iter().all(|placed| from(placed) == ["A"]), "without prices all comes from the cheaper one");
    assert!(
        plain[140..].iter().any(|placed| from(placed) == ["A", "B"]),
        "until its tea is gone, and baskets are split"
    );
    let split = |placed: &[Placed]| placed.iter().filter(|placed| placed.plan.sub_orders.len() > 1).count();
    assert!(split(&plain) > 40 && split(&priced) <= 4, "{} and {}", split(&plain), split(&priced));
    let alone = priced[40..].iter().step_by(2);
    assert!(alone.filter(|placed| from(placed) == ["B"]).count() > 60, "tea alone mostly comes from the other one");
    assert!(cost(&priced) < cost(&plain), "{} and {}", cost(&priced), cost(&plain));
    with.check();
}

#[test]
fn money_is_reported_without_prices_and_the_score_with_them() {
    let mut shop = shop(PRICES, ENOUGH);
    let placed = trade(&mut shop, 0, 60);
    let last = placed.last().unwrap();
    assert_eq!(last.plan.cost.to_string(), "10.00");
    assert!(last.plan.score > last.plan.cost, "it pays the price of the tea");
}

#[test]
fn plentiful_stock_has_no_price_and_nothing_changes() {
    let (mut with, mut without) = (shop(PRICES, 10_000), shop("", 10_000));
    let (priced, plain) = (trade(&mut with, 0, 100), trade(&mut without, 0, 100));
    assert!(with.engine.prices().is_some_and(|table| table.all().is_empty()), "{:?}", with.engine.prices());
    for (priced, plain) in priced.iter().zip(&plain) {
        assert_eq!(priced.plan.sub_orders, plain.plan.sub_orders);
        assert_eq!(priced.plan.score, plain.plan.score);
    }
    assert!(decisions(&with).iter().all(|decision| decision.prices.is_empty()));
}

#[test]
fn a_switch_turns_prices_off_and_the_next_order_is_routed_as_ever() {
    let mut shop = shop(PRICES, ENOUGH);
    trade(&mut shop, 0, 60);
    assert_eq!(from(&shop.placed(order("on", &[("tea", 1)]))), ["B"]);
    shop.ok(Command::ApplyRules(ApplyRules { text: "[prices]\nenabled = false\n".to_owned(), expect: None }));
    assert_eq!(shop.engine.prices(), None);
    assert_eq!(from(&shop.placed(order("off", &[("tea", 1)]))), ["A"]);
    assert_eq!(shop.engine.learn_prices(shop.now + Span::from_mins(600)), None);
    shop.check();
}

#[test]
fn own_stock_is_passed_over_only_where_the_rules_allow_it_and_what_that_costs_is_seen() {
    // The other warehouse is far off now, and the drop-shipper cheap: 12 for a tea, 13.50 for a basket. A tea from `A` saves
    // 2 on its own and 3.50 in a basket.
    let world = WORLD.replace("\"10.5\"", "\"30\"");
    let world = world.replace("parcel = \"30\"\n[[channel]]", "parcel = \"10.5\"\nunit = \"1.5\"\n[[channel]]");
    let shop = |rules: &str| {
        let shop = Shop::with_world(&format!("{world}{rules}"));
        shop.skus(&["tea", "cup"]);
        for (sku, at, units) in [("tea", "A", ENOUGH), ("cup", "A", ENOUGH), ("tea", "B", 1_000)] {
            shop.receive(sku, at, units);
        }
        shop
    };
    let (mut without, mut strict, mut free) =
        (shop(""), shop(PRICES), shop(&format!("{PRICES}pass_over_own = true\n")));
    let plain = trade(&mut without, 0, HOURS);
    let (kept, passed) = (trade(&mut strict, 0, HOURS), trade(&mut free, 0, HOURS));
    let dropped = |placed: &[Placed]| placed.iter().filter(|placed| from(placed).contains(&"DROP")).count();
    // Two teas leave in an hour, so that `A` has some for seventy hours.
    assert_eq!(dropped(&plain[..ENOUGH as usize]), 0);
    assert_eq!(dropped(&kept[..ENOUGH as usize]), 0, "prices alone never send an order to the drop-shipper");
    assert!(dropped(&passed[40..ENOUGH as usize]) > 30, "{}", dropped(&passed[40..ENOUGH as usize]));
    assert!(cost(&passed) < cost(&kept), "the rule costs {}", cost(&kept) - cost(&passed));
    assert!(cost(&kept) <= cost(&plain));
}

#[test]
fn what_a_decision_saw_of_prices_is_in_the_journal_and_recovery_needs_no_training() {
    let mut shop = shop(PRICES, ENOUGH);
    trade(&mut shop, 0, 60);
    let table = shop.engine.prices().unwrap();
    let now = table.all().to_vec();
    assert!(!now.is_empty());
    let id = shop.placed(order("last", &[("tea", 1), ("cup", 1)])).order;
    let events = shop.journal();
    let last = events.iter().rev().find_map(|(_, envelope)| match &envelope.event {
        Event::OrderPlaced(placed) if placed.order == id => Some(&placed.decision),
        _ => None,
    });
    let seen = &last.unwrap().prices;
    assert!(!seen.is_empty() && seen.iter().all(|price| now.contains(price)), "{seen:?} of {now:?}");
    let recovered = stockade_core::engine::Engine::new();
    for (seq, envelope) in &events {
        recovered.recover(*seq, envelope).unwrap();
    }
    assert_eq!(recovered.digest(), shop.engine.digest());
    // The orders of the history have fed it: its first training knows what the lost engine knew.
    let learned = recovered.learn_prices(shop.now + Span::from_mins(60)).unwrap();
    assert!(learned.orders > 50 && learned.priced > 0, "{learned:?}");
}

#[test]
fn a_receipt_on_its_way_makes_stock_cheap() {
    let mut shop = shop(PRICES, ENOUGH);
    trade(&mut shop, 0, 60);
    assert!(shop.engine.prices().unwrap().all().iter().any(|price| price.warehouse == WarehouseId(0)));
    let today = Day((shop.now.0 / 86_400_000_000) as u32);
    for sku in ["tea", "cup"] {
        shop.ok(shop.announce("PO-1", sku, "A", today, 500));
    }
    trade(&mut shop, 60, 6);
    let table = shop.engine.prices().unwrap();
    assert!(table.all().iter().all(|price| price.warehouse != WarehouseId(0)), "{:?}", table.all());
}

#[test]
fn a_wrong_cover_is_still_better_than_none() {
    let mut without = shop("", ENOUGH);
    let plain = cost(&trade(&mut without, 0, HOURS));
    for cover in ["150h", "96h"] {
        let mut with = shop(&PRICES.replace("120h", cover), ENOUGH);
        let priced = cost(&trade(&mut with, 0, HOURS));
        assert!(priced < plain, "cover {cover}: {priced}, without prices {plain}");
    }
}

#[test]
fn two_shops_told_the_same_learn_and_decide_the_same() {
    let (mut one, mut other) = (shop(PRICES, ENOUGH), shop(PRICES, ENOUGH));
    trade(&mut one, 0, 80);
    trade(&mut other, 0, 80);
    assert_eq!(one.engine.prices(), other.engine.prices());
    assert_eq!(one.journal(), other.journal());
}

fn decisions(shop: &Shop) -> Vec<Decision> {
    let placed = |envelope: stockade_core::event::Envelope| match envelope.event {
        Event::OrderPlaced(placed) => Some(placed.decision),
        _ => None,
    };
    shop.journal().into_iter().filter_map(|(_, envelope)| placed(envelope)).collect()
}
