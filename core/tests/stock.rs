//! Movements, counts and configuration, as a warehouse sees them.

mod support;

use stockade_core::Actor;
use stockade_core::command::*;
use stockade_core::ids::Seq;
use stockade_core::limits::AFFECTED_LOOKS_MAX;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::time::Day;
use stockade_core::units::Units;
use support::*;

fn stocked() -> Shop {
    let shop = Shop::new();
    shop.skus(&["tea"]);
    shop.receive("tea", "A", 10);
    shop
}

fn count(as_of: Option<Seq>, except: Vec<Seq>, units: u64) -> Command {
    Command::Count(Count { warehouse: code("A"), as_of, except, lines: vec![line("tea", units)] })
}

#[test]
fn a_count_is_laid_under_what_moved_since() {
    let shop = stocked();
    let watermark = shop.cell("tea", "A").watermark;
    shop.receive("tea", "A", 5);
    shop.ok(count(Some(watermark), vec![], 8));
    assert_eq!(shop.cell("tea", "A").on_hand.units(), 13, "8 counted and 5 received since");
    shop.ok(count(None, vec![], 12));
    assert_eq!(shop.cell("tea", "A").on_hand.units(), 12);
    shop.check();
}

#[test]
fn a_count_may_name_movements_it_has_not_seen() {
    let shop = stocked();
    shop.receive("tea", "A", 5);
    let unseen = shop.engine.seq();
    shop.receive("tea", "A", 1);
    shop.ok(count(Some(shop.engine.seq()), vec![unseen], 11));
    assert_eq!(shop.cell("tea", "A").on_hand.units(), 16);
    shop.check();
}

#[test]
fn a_count_includes_held_paid_and_packed_units_and_names_the_orders_it_shorts() {
    let shop = stocked();
    let placed = shop.placed(order("1", &[("tea", 9)]));
    let Reply::Moved(moved) = shop.ok(count(None, vec![], 7)) else { panic!() };
    assert_eq!(moved.short, Units(2));
    let cell = shop.cell("tea", "A");
    assert_eq!((cell.on_hand.units(), cell.short, cell.affected), (7, Units(2), vec![placed.order]));
    assert_eq!(shop.available("web", "tea"), 0);
    shop.receive("tea", "A", 3);
    assert_eq!(shop.available("web", "tea"), 1, "3 received, 2 of them make up for the short ones");
    let cell = shop.cell("tea", "A");
    assert_eq!(
        (cell.on_hand.units(), cell.short, cell.affected),
        (10, Units(0), vec![]),
        "nobody misses anything any more"
    );
    shop.ok(count(None, vec![], 10));
    assert_eq!((shop.cell("tea", "A").short, shop.available("web", "tea")), (Units(0), 1));
    shop.ok(count(None, vec![], 12));
    assert_eq!((shop.cell("tea", "A").short, shop.available("web", "tea")), (Units(0), 3));
    shop.check();
}

/// However many orders are open in a warehouse, a query looks at the latest of them only, and says that it did.
#[test]
fn a_stock_query_looks_for_affected_orders_among_a_bounded_number_of_them() {
    let shop = stocked();
    shop.skus(&["pin"]);
    shop.receive("pin", "A", 1_000_000);
    let old = shop.placed(order("old", &[("tea", 9)]));
    let pins = |from: usize, to: usize| {
        (from..to).for_each(|n| drop(shop.placed(order(&format!("pin-{n}"), &[("pin", 1)]))));
    };
    pins(0, AFFECTED_LOOKS_MAX - 1);
    shop.ok(count(None, vec![], 7));
    let cell = shop.cell("tea", "A");
    assert_eq!((cell.affected, cell.affected_more), (vec![old.order], false), "it is the last one looked at");
    pins(AFFECTED_LOOKS_MAX - 1, AFFECTED_LOOKS_MAX);
    let cell = shop.cell("tea", "A");
    assert_eq!((cell.short, cell.affected, cell.affected_more), (Units(2), vec![], true));
    shop.ok(shop.pay("old"));
    for action in [StepAction::Pick, StepAction::Pack, StepAction::Scan(None)] {
        shop.ok(shop.step("old", 1, action));
    }
    let cell = shop.cell("tea", "A");
    assert_eq!((cell.short, cell.affected, cell.affected_more), (Units(2), vec![], false), "all others were looked at");
    shop.check();
}

#[test]
fn a_count_from_the_future_is_refused() {
    let shop = stocked();
    assert!(matches!(shop.no(count(Some(Seq(999)), vec![], 1)), Reject::Invalid { .. }));
}

#[test]
fn transfers_are_in_transit_at_their_destination_until_they_arrive() {
    let shop = stocked();
    let transfer = Transfer { from: code("A"), to: code("B"), pool: None, lines: vec![line("tea", 4)] };
    let Reply::Moved(moved) = shop.ok(Command::Transfer(transfer.clone())) else { panic!() };
    assert_eq!(moved.units, Units(4), "a transfer of 4 moves 4");
    assert_eq!((shop.cell("tea", "A").on_hand.units(), shop.cell("tea", "B").in_transit), (6, Units(4)));
    assert_eq!(shop.available("web", "tea"), 6);
    let arrive = |units| Command::Arrive(Arrive { warehouse: code("B"), pool: None, lines: vec![line("tea", units)] });
    assert!(matches!(shop.no(arrive(5)), Reject::NotEnoughUnits { .. }));
    shop.ok(arrive(4));
    assert_eq!(shop.available("web", "tea"), 10);
    let more = Transfer { lines: vec![line("tea", 7)], ..transfer };
    assert!(matches!(shop.no(Command::Transfer(more)), Reject::NotEnoughUnits { .. }));
    shop.check();
}

#[test]
fn expected_receipts_are_not_for_sale_until_they_arrive() {
    let shop = stocked();
    let day = Day::from_date(2026, 12, 1).unwrap();
    shop.ok(shop.announce("PO-1", "tea", "A", day, 20));
    assert!(matches!(shop.no(shop.announce("PO-1", "tea", "A", day, 20)), Reject::Invalid { .. }));
    shop.ok(shop.expect("PO-1", "tea", "A", Expectation::Change { day: None, units: Some(Units(15)) }));
    let inbound = |shop: &Shop| -> Vec<(String, u64)> {
        let cell = shop.cell("tea", "A");
        cell.inbound.iter().map(|r| (r.reference.to_string(), r.free.0)).collect()
    };
    assert_eq!(inbound(&shop), [("PO-1".to_owned(), 15)]);
    assert_eq!(shop.available("web", "tea"), 10);
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 10)], true));
    assert_eq!(inbound(&shop), [("PO-1".to_owned(), 5)]);
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 10)], false));
    assert!(inbound(&shop).is_empty());
    assert!(matches!(shop.no(shop.fulfil("PO-1", "A", &[("tea", 1)], false)), Reject::Invalid { .. }));
    assert_eq!(shop.available("web", "tea"), 30);
    shop.check();
}

#[test]
fn adjustments_need_a_reason_and_move_between_pools_needs_units() {
    let shop = stocked();
    let adjust = |delta, reason: &str| {
        let (sku, warehouse) = (code("tea"), code("A"));
        Command::Adjust(Adjust { sku, warehouse, pool: None, delta, reason: reason.into() })
    };
    assert!(matches!(shop.no(adjust(1, " ")), Reject::Invalid { .. }));
    assert!(matches!(shop.no(adjust(-11, "broken")), Reject::NotEnoughUnits { .. }));
    shop.ok(adjust(-3, "broken"));
    let move_pool = |units| {
        let (from, to) = (code("regular"), code("promo"));
        Command::MovePool(MovePool { sku: code("tea"), warehouse: code("A"), from, to, units: Units(units) })
    };
    assert!(matches!(shop.no(move_pool(8)), Reject::NotEnoughUnits { .. }));
    shop.ok(move_pool(5));
    assert_eq!((shop.available("web", "tea"), shop.available("live", "tea")), (2, 7));
    shop.check();
}

#[test]
fn a_movement_key_is_remembered() {
    let shop = stocked();
    let receive = |units| {
        let lines = vec![line("tea", units)];
        Command::Receive(Receive { warehouse: code("A"), pool: None, expected: None, lines })
    };
    let Ok(Reply::Moved(first)) = shop.run_as("grn-1", receive(5)).result else { panic!() };
    let Ok(Reply::Moved(again)) = shop.run_as("grn-1", receive(5)).result else { panic!() };
    assert_eq!(again, Moved { replayed: true, ..first });
    assert!(matches!(shop.run_as("grn-1", receive(6)).result, Err(Reject::Conflict { .. })));
    assert_eq!(shop.available("web", "tea"), 15);
    shop.check();
}

#[test]
fn two_callers_who_use_the_same_key_do_not_get_each_others_answer() {
    let shop = stocked();
    let (hgh, can) = (Actor::Named(code("hgh-scanners")), Actor::Named(code("can-scanners")));
    let send = |actor: &Actor, command: &Command| {
        let request = Request { key: Some(code("1")), occurred: None, command: command.clone() };
        let outcome = shop.engine.execute(&request, actor, shop.now);
        shop.react();
        outcome.result
    };
    let receive = |units| {
        let lines = vec![line("tea", units)];
        Command::Receive(Receive { warehouse: code("A"), pool: None, expected: None, lines })
    };
    let Ok(Reply::Moved(first)) = send(&hgh, &receive(5)) else { panic!() };
    // The same content, and another one, of another caller: neither a repeat nor a conflict.
    let Ok(Reply::Moved(second)) = send(&can, &receive(5)) else { panic!() };
    assert!(!second.replayed && second.seq > first.seq);
    assert!(matches!(send(&Actor::Named(code("erp")), &receive(7)), Ok(Reply::Moved(Moved { replayed: false, .. }))));
    assert_eq!(shop.available("web", "tea"), 10 + 5 + 5 + 7);
    for (caller, answer) in [(&hgh, &first), (&can, &second)] {
        assert_eq!(send(caller, &receive(5)), Ok(Reply::Moved(Moved { replayed: true, ..*answer })));
        assert!(matches!(send(caller, &receive(6)), Err(Reject::Conflict { .. })));
    }
    // The same for the configuration.
    let define = |sku| {
        Command::DefineSkus(DefineSkus { skus: vec![SkuSpec { sku: code(sku), weight_g: None, category: None }] })
    };
    for (caller, sku) in [("merchant", "cup"), ("buyer", "pot")] {
        let caller = Actor::Named(code(caller));
        assert!(matches!(send(&caller, &define(sku)), Ok(Reply::Configured(Configured { replayed: false, .. }))));
        assert!(matches!(send(&caller, &define(sku)), Ok(Reply::Configured(Configured { replayed: true, .. }))));
    }
    shop.check();
}

#[test]
fn rules_are_swapped_while_orders_run_and_bad_ones_are_refused_whole() {
    let shop = stocked();
    shop.receive("tea", "B", 10);
    let first = shop.placed(order("1", &[("tea", 1)]));
    assert_eq!(first.plan.sub_orders[0].warehouse, code("A"));
    let rules = "[[rate]]\ncarrier = \"X\"\nfrom = \"B\"\nto = \"*\"\nparcel = \"2\"\nhours = 48\n";
    let apply = |text: &str, expect| Command::ApplyRules(ApplyRules { text: text.into(), expect });
    let bad = shop.no(apply(&rules.replace("\"2\"", "\"two\""), None));
    assert!(matches!(bad, Reject::BadFile { line: 5, .. }), "{bad}");
    let Reply::Configured(applied) = shop.ok(apply(rules, Some(first.plan.rules_version))) else { panic!() };
    assert!(matches!(shop.no(apply(rules, Some(first.plan.rules_version))), Reject::StaleRules { .. }));
    let second = shop.placed(order("2", &[("tea", 1)]));
    assert_eq!(second.plan.sub_orders[0].warehouse, code("B"));
    assert_eq!(second.plan.rules_version, applied.rules_version);
    assert!(matches!(shop.no(Command::Place(order("3", &[("tea", 11)]))), Reject::Unroutable { .. }));
    shop.check();
}

#[test]
fn a_world_may_add_and_change_but_not_remove() {
    let shop = stocked();
    let apply = |text: &str| Command::ApplyWorld(ApplyWorld { text: text.into() });
    let without = WORLD.replace("code = \"B\"", "code = \"C\"").replace("from = \"B\"", "from = \"C\"");
    assert!(matches!(shop.no(apply(&without)), Reject::BadFile { line: 0, .. }));
    let more = format!("{WORLD}\n[[warehouse]]\ncode = \"C\"\nzone = \"north\"\n");
    shop.ok(apply(&more));
    shop.receive("tea", "C", 1);
    shop.check();
}

#[test]
fn an_unlimited_warehouse_serves_what_others_lack() {
    let world = WORLD.replace("code = \"B\"", "code = \"B\"\nunlimited = true");
    let shop = Shop::with_world(&world);
    shop.skus(&["tea"]);
    shop.receive("tea", "A", 10);
    assert_eq!(shop.available("web", "tea"), u64::MAX);
    let placed = shop.placed(order("1", &[("tea", 400)]));
    assert_eq!(placed.plan.sub_orders.iter().map(|s| s.warehouse.as_str()).collect::<Vec<_>>(), ["B"]);
    shop.ok(shop.pay("1"));
    shop.ok(Command::Cancel(Cancel { order: web("1"), scope: CancelScope::Units(line("tea", 100)), reason: None }));
    shop.ok(shop.step("1", 1, StepAction::Pick));
    shop.ok(shop.step("1", 1, StepAction::Short(vec![line("tea", 295)])));
    shop.check();
}
