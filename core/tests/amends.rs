//! Orders that change their minds: more units before payment, and a part of a parcel that goes at once.

mod support;

use stockade_core::command::*;
use stockade_core::ids::SubNo;
use stockade_core::money::Money;
use stockade_core::orders::*;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::time::{Day, Span};
use stockade_core::units::Units;
use support::*;

/// Tea in both warehouses, of which the first is cheaper.
fn stocked() -> Shop {
    let shop = Shop::new();
    shop.skus(&["tea", "cup"]);
    shop.receive("tea", "A", 5);
    shop.receive("tea", "B", 4);
    shop.receive("cup", "A", 9);
    shop
}

fn raise(number: &str, sku: &str, units: u64) -> Command {
    Command::Raise(Raise { order: web(number), line: line(sku, units) })
}

fn split(number: &str, sub: u16, lines: &[(&str, u64)]) -> Command {
    let lines = lines.iter().map(|(sku, units)| line(sku, *units)).collect();
    Command::Split(Split { order: web(number), sub: SubNo(sub), lines })
}

/// Warehouse and units of every sub-order.
fn parcels(shop: &Shop) -> Vec<(String, u64)> {
    let of = |sub: &SubOrderNow| {
        let units = sub.promised.lines.iter().map(|line| line.units.0).sum();
        (sub.promised.warehouse.to_string(), units)
    };
    shop.order("1").sub_orders.iter().map(of).collect()
}

#[test]
fn an_unpaid_order_is_raised_beside_what_it_has_under_its_deadline() {
    let mut shop = stocked();
    let placed = shop.placed(order("1", &[("tea", 3)]));
    shop.wait(Span::from_mins(10));
    let changed = shop.changed(raise("1", "tea", 4));
    assert_eq!(changed.change, Change::Raised { units: Units(4), first_sub: SubNo(2) });
    assert_eq!(changed.present, OrderState::Held);
    assert_eq!(shop.available("web", "tea"), 2);
    let view = shop.order("1");
    assert_eq!(view.expires_at, placed.expires_at, "the deadline stays");
    assert_eq!(parcels(&shop)[0], ("A".to_owned(), 3), "what it had stays where it is held");
    assert_eq!(parcels(&shop).iter().map(|(_, units)| units).sum::<u64>(), 7);
    assert_eq!(view.timeline.last().unwrap().what, "order_raised");
    let again = shop.placed(order("1", &[("tea", 3)]));
    assert_eq!((again.replayed, again.plan), (true, placed.plan), "the first answer stays the first answer");
    shop.ok(shop.pay("1"));
    assert!(shop.order("1").sub_orders.iter().all(|sub| sub.stage == Stage::Allocated));
    assert_eq!(shop.cell("tea", "A").allocated.0 + shop.cell("tea", "B").allocated.0, 7);
    shop.check();
}

#[test]
fn what_was_added_comes_free_with_the_rest_and_is_held_again_by_a_late_payment() {
    let mut shop = stocked();
    shop.placed(order("1", &[("tea", 3)]));
    shop.ok(raise("1", "tea", 4));
    shop.wait(Span::from_mins(31));
    shop.engine.expire_due(shop.now, 10);
    assert_eq!(shop.available("web", "tea"), 9);
    let refused = shop.no(raise("1", "tea", 1)).to_string();
    assert!(refused.contains("its hold expired unpaid"), "{refused}");
    shop.ok(shop.pay("1"));
    assert_eq!(shop.available("web", "tea"), 2, "all seven are held again");
    shop.check();
}

#[test]
fn a_raise_is_carried_out_once_for_its_key() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 1)]));
    for replayed in [false, true] {
        match shop.run_as("once", raise("1", "tea", 2)).result.unwrap() {
            Reply::Changed(changed) => assert_eq!(changed.replayed, replayed),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(shop.run_as("once", raise("1", "tea", 3)).result, Err(Reject::Conflict { .. })));
    assert_eq!(shop.available("web", "tea"), 6);
    shop.check();
}

#[test]
fn what_cannot_be_added_whole_is_refused_and_changes_nothing() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 3)]));
    let before = shop.order("1");
    assert!(matches!(shop.no(raise("1", "tea", 7)), Reject::InsufficientStock { .. }));
    let refused = shop.no(raise("1", "cup", 1)).to_string();
    assert!(refused.contains("cup is not in it; place another order for it"), "{refused}");
    assert!(matches!(shop.no(raise("1", "pot", 1)), Reject::Unknown { .. }));
    assert!(matches!(shop.no(raise("1", "tea", 1_000_000)), Reject::Invalid { .. }), "a line has a million units");
    assert_eq!(shop.order("1"), before);
    shop.ok(shop.pay("1"));
    let refused = shop.no(raise("1", "tea", 1)).to_string();
    assert!(refused.contains("it is paid already; place another order for more"), "{refused}");
    shop.check();
}

#[test]
fn an_orders_own_wishes_hold_for_what_is_added() {
    let shop = stocked();
    shop.placed(Place { ship_complete: true, ..order("1", &[("tea", 1)]) });
    let refused = shop.no(raise("1", "tea", 1)).to_string();
    assert!(refused.contains("the order ships complete, and no other parcel may follow"), "{refused}");
    shop.placed(Place { max_parcels: Some(2), ..order("2", &[("tea", 1)]) });
    assert!(matches!(shop.no(raise("2", "tea", 5)), Reject::Unroutable { .. }), "it would take three parcels");
    shop.ok(raise("2", "tea", 2));
    let refused = shop.no(raise("2", "tea", 1)).to_string();
    assert!(refused.contains("at most 2 parcels, and none is left"), "{refused}");
    shop.check();
}

/// Carrier Y serves A alone, and costs more there than X does anywhere.
const DEARER: &str = r#"
[[carrier]]
code = "Y"
[[rate]]
carrier = "Y"
from = "A"
to = "*"
parcel = "9"
hours = 12
"#;

#[test]
fn what_is_added_goes_with_the_carrier_that_the_order_named_or_not_at_all() {
    let shop = Shop::with_world(&(WORLD.to_owned() + DEARER));
    shop.skus(&["tea"]);
    shop.receive("tea", "A", 5);
    shop.receive("tea", "B", 4);
    shop.placed(Place { carrier: Some(code("Y")), ..order("1", &[("tea", 2)]) });
    shop.ok(raise("1", "tea", 2));
    let view = shop.order("1");
    assert!(view.sub_orders.iter().all(|sub| sub.promised.carrier == code("Y")), "{view:?}");
    assert_eq!(parcels(&shop), [("A".to_owned(), 2), ("A".to_owned(), 2)]);
    shop.no(raise("1", "tea", 2));
    assert_eq!((shop.order("1"), shop.available("web", "tea")), (view, 5), "Y cannot fetch what is at B");
    shop.check();
}

#[test]
fn what_is_added_to_a_presale_is_held_while_the_rest_is_awaited() {
    let world = WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n");
    let shop = Shop::with_world(&world);
    shop.skus(&["tea"]);
    shop.ok(shop.announce("PO-1", "tea", "A", Day::from_date(2027, 3, 1).unwrap(), 5));
    shop.placed(order("1", &[("tea", 2)]));
    shop.no(raise("1", "tea", 1));
    shop.receive("tea", "B", 1);
    assert_eq!(shop.changed(raise("1", "tea", 1)).stages, [Stage::Promised, Stage::Held]);
    assert_eq!(shop.changed(shop.pay("1")).stages, [Stage::Waiting, Stage::Allocated]);
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 5)], false));
    assert!(shop.order("1").sub_orders.iter().all(|sub| sub.stage == Stage::Allocated));
    shop.check();
}

#[test]
fn a_part_of_a_parcel_goes_at_once_and_the_rest_later() {
    let shop = stocked();
    let placed = shop.placed(order("1", &[("tea", 3), ("cup", 4)]));
    shop.ok(shop.pay("1"));
    shop.ok(shop.step("1", 1, StepAction::Pick));
    let changed = shop.changed(split("1", 1, &[("tea", 1), ("cup", 4)]));
    assert_eq!(changed.change, Change::Split { sub: SubNo(2), units: Units(5) });
    assert_eq!(changed.stages, [Stage::Picking, Stage::Picking]);
    let view = shop.order("1");
    let [stays, goes] = &view.sub_orders[..] else { panic!("{view:?}") };
    assert_eq!(stays.first.as_ref(), Some(&placed.plan.sub_orders[0]), "the first promise stays visible");
    assert_eq!(goes.first, None, "a new parcel is as it was promised");
    assert_eq!((stays.promised.weight_g, goes.promised.weight_g), (1_000, 2_500));
    let parcel = Money(5_000_000);
    assert_eq!((stays.promised.cost, goes.promised.cost, view.cost), (parcel, parcel, parcel.saturating_add(parcel)));
    let last = view.timeline.last().unwrap();
    assert_eq!((last.what.as_str(), last.sub), ("sub_order_split", Some(SubNo(1))));
    for step in [StepAction::Pack, StepAction::Scan(None)] {
        shop.ok(shop.step("1", 2, step));
    }
    assert_eq!(shop.order("1").sub_orders[0].stage, Stage::Picking, "the rest waits");
    assert_eq!((shop.cell("tea", "A").picked, shop.cell("tea", "A").shipped), (Units(2), Units(1)));
    let cancelled = Cancel { order: web("1"), scope: CancelScope::Sub(SubNo(1)), reason: None };
    shop.ok(Command::Cancel(cancelled));
    assert_eq!(shop.available("web", "tea"), 8);
    shop.check();
}

#[test]
fn both_parts_of_a_parcel_weigh_and_cost_what_parcels_of_them_do() {
    let world = WORLD.replace("parcel = \"5\"", "first_kg = \"4\"\nfurther_kg = \"1\"\nunit = \"0.25\"");
    let shop = Shop::with_world(&world);
    shop.skus(&["tea"]);
    shop.receive("tea", "A", 30);
    shop.placed(order("1", &[("tea", 8)]));
    let alone = |number: &str, units| {
        let plan = shop.placed(order(number, &[("tea", units)])).plan;
        (plan.sub_orders[0].weight_g, plan.sub_orders[0].parts)
    };
    let (three, five) = (alone("3", 3), alone("5", 5));
    shop.ok(shop.pay("1"));
    shop.ok(split("1", 1, &[("tea", 3)]));
    let view = shop.order("1");
    let figures = |at: usize| (view.sub_orders[at].promised.weight_g, view.sub_orders[at].promised.parts);
    assert_eq!((figures(0), figures(1)), (five, three));
    // The part is split once more, and what is left of it follows again.
    shop.ok(split("1", 2, &[("tea", 1)]));
    let view = shop.order("1");
    assert_eq!(view.sub_orders[2].promised.weight_g, 500);
    assert_eq!(view.sub_orders[1].first.as_ref().map(|first| first.weight_g), Some(1_500));
    shop.check();
}

#[test]
fn a_split_keeps_to_what_the_parcel_has_and_to_the_orders_limit() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 3)]));
    let refused = shop.no(split("1", 1, &[("tea", 1)])).to_string();
    assert!(refused.contains("it is not paid yet"), "{refused}");
    shop.ok(shop.pay("1"));
    for (lines, why) in [
        (&[("tea", 3)][..], "nothing would be left of it"),
        (&[("tea", 4)], "4 units of tea named, 3 are in it"),
        (&[("cup", 1)], "1 unit of cup named, 0 are in it"),
        (&[("tea", 1), ("tea", 1)], "tea is named twice"),
        (&[], "name the units that go in a parcel of their own"),
    ] {
        let refused = shop.no(split("1", 1, lines)).to_string();
        assert!(refused.contains(why), "{refused}");
    }
    assert!(matches!(shop.no(split("1", 2, &[("tea", 1)])), Reject::UnknownSubOrder { .. }));
    shop.ok(shop.step("1", 1, StepAction::Pick));
    shop.ok(shop.step("1", 1, StepAction::Pack));
    let refused = shop.no(split("1", 1, &[("tea", 1)])).to_string();
    assert!(refused.contains("it is packed already; `unpack` it first"), "{refused}");
    for (number, place) in [
        ("2", Place { ship_complete: true, ..order("2", &[("cup", 2)]) }),
        ("3", Place { max_parcels: Some(1), ..order("3", &[("cup", 2)]) }),
    ] {
        shop.placed(place);
        shop.ok(shop.pay(number));
        let refused = shop.no(split(number, 1, &[("cup", 1)])).to_string();
        assert!(refused.contains("cannot split") && refused.contains("parcel"), "{refused}");
    }
    shop.check();
}

#[test]
fn both_parts_are_weighed_and_labelled_anew() {
    let rules = "[[step]]\nname = \"scan\"\nafter = [\"weigh\"]\n";
    let shop = Shop::with_world(&(WORLD.to_owned() + rules));
    shop.skus(&["tea"]);
    shop.receive("tea", "A", 5);
    shop.placed(order("1", &[("tea", 2)]));
    shop.ok(shop.pay("1"));
    for step in [StepAction::Pick, StepAction::Weigh(900), StepAction::Label(code("W-1"))] {
        shop.ok(shop.step("1", 1, step));
    }
    shop.ok(split("1", 1, &[("tea", 1)]));
    assert!(shop.order("1").sub_orders.iter().all(|sub| sub.waybill.is_none()));
    for sub in [1, 2] {
        shop.ok(shop.step("1", sub, StepAction::Pack));
        let refused = shop.no(shop.step("1", sub, StepAction::Scan(None))).to_string();
        assert!(refused.contains("`weigh` comes first"), "{refused}");
        shop.ok(shop.step("1", sub, StepAction::Weigh(500)));
        shop.ok(shop.step("1", sub, StepAction::Scan(Some(code("W-2")))));
    }
    shop.check();
}
