//! Goods that come back to another warehouse than the one that shipped them.

mod support;

use stockade_core::command::*;
use stockade_core::orders::*;
use stockade_core::reject::Reject;
use stockade_core::units::{Balance, Units};
use support::*;

const DROPSHIP: &str = r#"
[[warehouse]]
code = "D"
unlimited = true
[[rate]]
carrier = "X"
from = "D"
to = "*"
parcel = "90"
hours = 99
"#;

/// An order of three teas from warehouse A that the customer has.
fn delivered() -> Shop {
    delivered_in(WORLD)
}

fn delivered_in(world: &str) -> Shop {
    let shop = Shop::with_world(world);
    shop.skus(&["tea"]);
    shop.receive("tea", "A", 5);
    shop.placed(order("1", &[("tea", 3)]));
    shop.ok(shop.pay("1"));
    for step in [StepAction::Pick, StepAction::Pack, StepAction::Scan(None), StepAction::Pickup, StepAction::Deliver] {
        shop.ok(shop.step("1", 1, step));
    }
    shop
}

fn back_to(warehouse: &str, units: u64) -> StepAction {
    StepAction::ReturnTo(ReturnTo { warehouse: code(warehouse), lines: vec![line("tea", units)] })
}

fn seen_at(warehouse: &str, lines: Vec<Inspected>) -> StepAction {
    StepAction::InspectAt(InspectAt { warehouse: code(warehouse), lines })
}

fn teas(intact: u64, damaged: u64) -> Vec<Inspected> {
    vec![Inspected { sku: code("tea"), intact: Units(intact), damaged: Units(damaged) }]
}

#[test]
fn what_comes_back_to_another_warehouse_is_inspected_and_sold_there() {
    for confirmed in [false, true] {
        let shop = delivered();
        if confirmed {
            shop.ok(shop.step("1", 1, StepAction::Confirm));
        }
        shop.ok(shop.step("1", 1, back_to("B", 2)));
        let (a, b) = (shop.cell("tea", "A"), shop.cell("tea", "B"));
        assert_eq!((a.inspection, a.awaiting, a.on_hand), (Units(0), Units(u64::from(!confirmed)), Balance::of(2)));
        assert_eq!((b.inspection, b.on_hand, shop.available("web", "tea")), (Units(2), Balance::of(2), 2));
        let view = shop.order("1");
        assert_eq!(view.sub_orders[0].elsewhere, [(code("B"), Units(2))]);
        assert_eq!((view.sub_orders[0].in_inspection, view.sub_orders[0].returned), (Units(2), Units(2)));
        let last = view.timeline.last().unwrap();
        assert_eq!((last.what.as_str(), last.reason.as_deref()), ("return_received", Some("it came back to B")));
        let done = shop.changed(shop.step("1", 1, StepAction::Inspect(teas(1, 1))));
        assert_eq!(done.change, Change::Inspected { intact: Units(1), damaged: Units(1) });
        let b = shop.cell("tea", "B");
        assert_eq!((b.pools[0].available, b.damaged, b.inspection), (Units(1), Units(1), Units(0)));
        assert_eq!(shop.available("web", "tea"), 3);
        let view = shop.order("1");
        assert_eq!((view.sub_orders[0].elsewhere.len(), view.sub_orders[0].in_inspection), (0, Units(0)));
        let last = view.timeline.last().unwrap();
        assert_eq!((last.what.as_str(), last.reason.as_deref()), ("return_inspected", Some("inspected at B")));
        // What is on sale there is sold from there.
        shop.placed(order("2", &[("tea", 3)]));
        shop.ok(shop.pay("2"));
        shop.check();
    }
}

#[test]
fn units_that_wait_at_two_warehouses_are_inspected_where_they_are() {
    let shop = delivered();
    shop.ok(shop.step("1", 1, StepAction::Return(vec![line("tea", 1)])));
    shop.ok(shop.step("1", 1, back_to("B", 2)));
    let refused = shop.no(shop.step("1", 1, StepAction::Inspect(teas(1, 1)))).to_string();
    assert!(refused.contains("units of tea wait at A and B: say at which it was"), "{refused}");
    let refused = shop.no(shop.step("1", 1, seen_at("A", teas(1, 1)))).to_string();
    assert!(refused.contains("2 units of tea named, 1 wait for inspection"), "{refused}");
    shop.ok(shop.step("1", 1, seen_at("B", teas(0, 1))));
    assert_eq!((shop.cell("tea", "B").damaged, shop.cell("tea", "A").damaged), (Units(1), Units(0)));
    // Without lines it is about all of it, wherever it waits.
    let done = shop.changed(shop.step("1", 1, StepAction::Inspect(Vec::new())));
    assert_eq!(done.change, Change::Inspected { intact: Units(2), damaged: Units(0) });
    assert_eq!(shop.order("1").timeline.last().unwrap().reason.as_deref(), Some("inspected at A and B"));
    assert_eq!(
        (shop.cell("tea", "A").pools[0].available, shop.cell("tea", "B").pools[0].available),
        (Units(3), Units(1))
    );
    shop.check();
}

#[test]
fn a_return_names_a_warehouse_that_there_is_and_that_keeps_stock() {
    let shop = delivered_in(&(WORLD.to_owned() + DROPSHIP));
    assert!(matches!(shop.no(shop.step("1", 1, back_to("Z", 1))), Reject::Unknown { .. }));
    assert!(matches!(shop.no(shop.step("1", 1, seen_at("Z", Vec::new()))), Reject::Unknown { .. }));
    let refused = shop.no(shop.step("1", 1, back_to("D", 1))).to_string();
    assert!(
        refused.contains("D keeps no stock of its own: name a warehouse that does, or A, which shipped it"),
        "{refused}"
    );
    assert!(matches!(shop.no(shop.step("1", 1, back_to("B", 4))), Reject::Invalid { .. }));
    // The warehouse that shipped it may be named, and then it is an ordinary return.
    shop.ok(shop.step("1", 1, back_to("A", 3)));
    assert_eq!(
        (shop.cell("tea", "A").inspection, shop.order("1").timeline.last().unwrap().reason.clone()),
        (Units(3), None)
    );
    let refused = shop.no(shop.step("1", 1, seen_at("B", Vec::new()))).to_string();
    assert!(refused.contains("nothing of it waits for inspection"), "{refused}");
    shop.check();
}

#[test]
fn goods_of_a_dropshipper_come_back_to_a_warehouse_and_are_sold_from_there() {
    let shop = Shop::with_world(&(WORLD.to_owned() + DROPSHIP));
    shop.skus(&["tea"]);
    shop.placed(order("1", &[("tea", 2)]));
    shop.ok(shop.pay("1"));
    assert_eq!(shop.order("1").sub_orders[0].promised.warehouse, code("D"));
    for step in [StepAction::Pick, StepAction::Pack, StepAction::Scan(None), StepAction::Pickup] {
        shop.ok(shop.step("1", 1, step));
    }
    shop.ok(shop.step("1", 1, back_to("B", 2)));
    shop.ok(shop.step("1", 1, seen_at("B", Vec::new())));
    assert_eq!((shop.cell("tea", "B").pools[0].available, shop.cell("tea", "D").shipped), (Units(2), Units(0)));
    shop.check();
}

#[test]
fn what_came_back_elsewhere_before_the_rest_was_lost_is_inspected_there() {
    let shop = delivered();
    shop.ok(shop.step("1", 1, back_to("B", 1)));
    shop.ok(shop.step("1", 1, StepAction::Lost));
    assert_eq!(shop.order("1").review, [(code("tea"), Units(2))]);
    shop.ok(shop.step("1", 1, StepAction::Inspect(Vec::new())));
    assert_eq!(shop.cell("tea", "B").pools[0].available, Units(1));
    shop.check();
}
