//! Parcels that lose a part of what they were promised with.

mod support;

use stockade_core::command::*;
use stockade_core::ids::SubNo;
use stockade_core::money::Money;
use stockade_core::orders::*;
use stockade_core::query::*;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::units::Units;
use support::*;

/// A shop that pays for weight: a unit weighs 500 g, a kilogram costs.
fn weighing() -> Shop {
    let world = WORLD.replace("parcel = \"5\"", "first_kg = \"4\"\nfurther_kg = \"1\"\nunit = \"0.25\"");
    let shop = Shop::with_world(&world);
    shop.skus(&["tea", "cup"]);
    shop.receive("tea", "A", 10);
    shop.receive("cup", "A", 10);
    shop
}

fn cancel(number: &str, scope: CancelScope, reason: &str) -> Command {
    Command::Cancel(Cancel { order: web(number), scope, reason: Some(reason.to_owned()) })
}

fn units(sku: &str, units: u64) -> CancelScope {
    CancelScope::Units(line(sku, units))
}

/// Weight and money of what a new order of these lines would get.
fn quoted(shop: &Shop, lines: &[(&str, u64)]) -> (u64, Money) {
    match shop.engine.query(&Query::Quote(Quote(order("q", lines))), shop.now).result.unwrap() {
        Reply::Quoted(plan) => (plan.sub_orders[0].weight_g, plan.cost),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_remains_of_a_parcel_weighs_and_costs_what_a_parcel_of_it_does() {
    let shop = weighing();
    let first = shop.placed(order("1", &[("tea", 6), ("cup", 2)])).plan;
    for (given_up, left) in [(("tea", 4), [("tea", 2), ("cup", 2)]), (("cup", 1), [("tea", 2), ("cup", 1)])] {
        shop.changed(cancel("1", units(given_up.0, given_up.1), "fewer guests"));
        let view = shop.order("1");
        let sub = &view.sub_orders[0];
        assert_eq!((sub.promised.weight_g, sub.promised.cost), quoted(&shop, &left));
        assert_eq!((view.cost, sub.promised.parts.total()), (sub.promised.cost, sub.promised.cost));
        assert_eq!(sub.first.as_ref(), Some(&first.sub_orders[0]), "the first promise stays visible");
    }
    let again = shop.placed(order("1", &[("tea", 6), ("cup", 2)]));
    assert_eq!((again.replayed, &again.plan), (true, &first), "the first answer stays the first answer");
    shop.changed(cancel("1", CancelScope::Order, "no guests"));
    let given_up = shop.order("1");
    assert_eq!((given_up.cost, given_up.sub_orders[0].first.as_ref()), (Money::ZERO, Some(&first.sub_orders[0])));
    shop.check();
}

#[test]
fn a_packed_parcel_that_loses_units_is_opened_and_packed_again() {
    let shop = weighing();
    shop.placed(order("1", &[("tea", 6), ("cup", 2)]));
    shop.ok(shop.pay("1"));
    for step in [StepAction::Pick, StepAction::Pack, StepAction::Weigh(4_000), StepAction::Label(code("W-1"))] {
        shop.ok(shop.step("1", 1, step));
    }
    let changed = shop.changed(cancel("1", units("tea", 1), "one less"));
    assert_eq!((changed.stages, shop.order("1").sub_orders[0].waybill.clone()), (vec![Stage::Picking], None));
    let last = shop.order("1").timeline.last().cloned().unwrap();
    assert_eq!(last.reason.as_deref(), Some("one less; sub-order 1 was packed: open it and pack it again"));
    let early = shop.no(shop.step("1", 1, StepAction::Scan(Some(code("W-1"))))).to_string();
    assert!(early.contains("`pack` comes first"), "{early}");
    for step in [StepAction::Pack, StepAction::Label(code("W-2")), StepAction::Scan(Some(code("W-2")))] {
        shop.ok(shop.step("1", 1, step));
    }
    shop.check();
}

#[test]
fn an_emptied_parcel_weighs_and_costs_nothing_however_it_was_emptied() {
    let none_found = StepAction::Short(vec![line("tea", 0)]);
    let way = [
        vec![cancel("1", CancelScope::Order, "x")],
        vec![cancel("1", CancelScope::Sub(SubNo(1)), "x")],
        vec![cancel("1", units("tea", 6), "x")],
        vec![cancel("1", units("tea", 4), "x"), cancel("1", units("tea", 2), "x")],
        vec![cancel("1", units("tea", 4), "x"), cancel("1", CancelScope::Order, "x")],
        vec![weighing().step("1", 1, none_found)],
    ];
    for commands in way {
        let shop = weighing();
        let first = shop.placed(order("1", &[("tea", 6)])).plan;
        shop.ok(shop.pay("1"));
        for command in &commands {
            shop.ok(command.clone());
        }
        let sub = &shop.order("1").sub_orders[0];
        assert_eq!((sub.stage, sub.promised.lines[0].units), (Stage::Cancelled, Units(0)), "{commands:?}");
        let money = (sub.promised.weight_g, sub.promised.cost, sub.promised.parts.total());
        assert_eq!(money, (0, Money::ZERO, Money::ZERO), "{commands:?}");
        assert_eq!(sub.first.as_ref(), Some(&first.sub_orders[0]), "{commands:?}");
        shop.check();
    }
}

#[test]
fn what_remains_is_priced_as_it_was_promised_when_rates_and_weights_changed() {
    let shop = weighing();
    shop.placed(order("1", &[("tea", 6)]));
    let (grams, cost) = quoted(&shop, &[("tea", 2)]);
    let heavier = SkuSpec { sku: code("tea"), weight_g: Some(900), category: None };
    shop.ok(Command::DefineSkus(DefineSkus { skus: vec![heavier] }));
    let dearer = "[[rate]]\ncarrier = \"X\"\nfrom = \"A\"\nto = \"*\"\nparcel = \"50\"\nhours = 9\n".to_owned();
    shop.ok(Command::ApplyRules(ApplyRules { text: dearer, expect: None }));
    shop.changed(cancel("1", units("tea", 4), "fewer"));
    let left = &shop.order("1").sub_orders[0].promised;
    assert_eq!((left.weight_g, left.cost), (grams, cost));
    shop.check();
}

#[test]
fn a_timeline_says_what_was_cancelled_and_why() {
    let shop = weighing();
    shop.receive("tea", "B", 10);
    shop.placed(order("1", &[("tea", 12)]));
    shop.changed(cancel("1", units("tea", 1), "wants one less"));
    shop.changed(cancel("1", CancelScope::Sub(SubNo(2)), "box is damaged"));
    shop.changed(cancel("1", CancelScope::Order, "changed their mind"));
    let timeline = shop.order("1").timeline;
    let told: Vec<_> = timeline.iter().map(|entry| (entry.what.as_str(), entry.sub, entry.reason.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("order_placed", None, None),
            ("units_cancelled", Some(SubNo(2)), Some("wants one less")),
            ("sub_order_cancelled", Some(SubNo(2)), Some("box is damaged")),
            ("order_cancelled", None, Some("changed their mind")),
        ]
    );
    assert_eq!(shop.available("web", "tea"), 20);
    shop.check();
}

#[test]
fn units_of_two_parcels_are_of_no_sub_order() {
    let shop = weighing();
    shop.receive("tea", "B", 10);
    shop.placed(order("1", &[("tea", 12)]));
    let of_last = shop.order("1").sub_orders[1].promised.lines[0].units;
    shop.changed(cancel("1", units("tea", of_last.0 + 1), "fewer"));
    let view = shop.order("1");
    let last = view.timeline.last().unwrap();
    assert_eq!((last.what.as_str(), last.sub), ("units_cancelled", None));
    assert_eq!(view.sub_orders[0].promised.lines[0].units, Units(12 - of_last.0 - 1));
    shop.check();
}

/// A shop with cups in two warehouses, and a paid order of three from the first.
fn paid(place: Place) -> Shop {
    let shop = weighing();
    shop.receive("cup", "B", 3);
    shop.placed(place);
    shop.ok(shop.pay("1"));
    shop
}

fn short(found: u64) -> StepAction {
    StepAction::Short(vec![line("cup", found)])
}

fn shorted(missing: u64, rerouted: u64, review: u64) -> Change {
    Change::Shorted { missing: Units(missing), rerouted: Units(rerouted), review: Units(review) }
}

fn last_reason(shop: &Shop) -> (String, Option<String>) {
    let TimelineEntry { what, reason, .. } = shop.order("1").timeline.pop().unwrap();
    (what, reason)
}

#[test]
fn what_a_short_pick_leaves_of_a_parcel_weighs_and_costs_what_a_parcel_of_it_does() {
    let shop = paid(order("1", &[("cup", 3)]));
    let (grams, cost) = quoted(&shop, &[("cup", 2)]);
    assert_eq!(shop.changed(shop.step("1", 1, short(2))).change, shorted(1, 1, 0));
    let view = shop.order("1");
    let left = &view.sub_orders[0];
    assert_eq!((left.promised.weight_g, left.promised.cost), (grams, cost));
    assert_eq!(left.first.as_ref().map(|first| (first.weight_g, first.lines[0].units)), Some((1_500, Units(3))));
    assert_eq!(view.cost, cost.saturating_add(view.sub_orders[1].promised.cost));
    shop.check();
}

#[test]
fn an_order_that_ships_complete_is_not_split_by_a_short_pick_but_waits_for_a_person() {
    let shop = paid(Place { ship_complete: true, ..order("1", &[("cup", 3)]) });
    assert_eq!(shop.changed(shop.step("1", 1, short(2))).change, shorted(1, 0, 1));
    let why = "the order ships complete, and no other parcel may follow";
    assert_eq!(last_reason(&shop), ("pick_shorted".to_owned(), Some(why.to_owned())));
    let refused = shop.no(Command::Reroute(Reroute { order: web("1") }));
    let Reject::Unroutable { reason } = &refused else { panic!("{refused}") };
    assert!(reason.starts_with(why) && reason.contains("reroute --apart"), "{reason}");
    shop.changed(Command::RerouteApart(RerouteApart { order: web("1") }));
    let broken = "the order was to ship complete; it ships in 2 parcels";
    assert_eq!(last_reason(&shop), ("review_routed".to_owned(), Some(broken.to_owned())));
    assert_eq!(shop.order("1").sub_orders.len(), 2);
    shop.check();
}

#[test]
fn an_order_that_ships_complete_moves_as_a_whole_when_all_of_it_is_missing() {
    let shop = paid(Place { ship_complete: true, ..order("1", &[("cup", 3)]) });
    assert_eq!(shop.changed(shop.step("1", 1, short(0))).change, shorted(3, 3, 0));
    let stages: Vec<Stage> = shop.order("1").sub_orders.iter().map(|sub| sub.stage).collect();
    assert_eq!(stages, [Stage::Cancelled, Stage::Allocated]);
    assert_eq!(last_reason(&shop).1, None);
    shop.check();
}

#[test]
fn what_waits_of_an_order_that_ships_complete_is_joined_by_the_rest_and_routed_with_it() {
    let shop = paid(Place { ship_complete: true, ..order("1", &[("cup", 3)]) });
    shop.changed(shop.step("1", 1, short(2)));
    // The rest is missing, too: it waits with the first unit, so that all of it can ship together.
    assert_eq!(shop.changed(shop.step("1", 1, short(0))).change, shorted(2, 0, 2));
    shop.changed(Command::Reroute(Reroute { order: web("1") }));
    let view = shop.order("1");
    let live: Vec<_> = view.sub_orders.iter().filter(|sub| sub.stage == Stage::Allocated).collect();
    assert_eq!((live.len(), live[0].promised.lines[0].units), (1, Units(3)));
    assert_eq!(last_reason(&shop).1, None);
    shop.check();
}

#[test]
fn a_limit_of_parcels_holds_for_what_is_routed_again() {
    let shop = paid(Place { max_parcels: Some(2), ..order("1", &[("cup", 3)]) });
    assert_eq!(shop.changed(shop.step("1", 1, short(2))).change, shorted(1, 1, 0));
    shop.receive("cup", "A", 9);
    assert_eq!(shop.changed(shop.step("1", 2, short(0))).change, shorted(1, 1, 0), "a lost parcel leaves its place");
    assert_eq!(shop.changed(shop.step("1", 1, short(1))).change, shorted(1, 0, 1), "both places are taken");
    let why = "the order ships in at most 2 parcels, and none is left";
    assert_eq!(last_reason(&shop).1.as_deref(), Some(why));
    shop.changed(Command::RerouteApart(RerouteApart { order: web("1") }));
    let broken = "the order was to ship in at most 2 parcels; it ships in 3 parcels";
    assert_eq!(last_reason(&shop).1.as_deref(), Some(broken));
    shop.check();
}

#[test]
fn a_review_says_why_nobody_else_serves_it() {
    let shop = paid(order("1", &[("cup", 3)]));
    shop.placed(order("2", &[("tea", 1)]));
    shop.ok(shop.pay("2"));
    shop.changed(shop.step("2", 1, StepAction::Short(vec![line("tea", 0)])));
    let reason = shop.order("2").timeline.pop().unwrap().reason.expect("a reason");
    assert!(reason.contains("tea"), "{reason}");
    shop.check();
}
