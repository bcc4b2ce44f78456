//! Goods sold before they have come: announced, promised by date, and kept in order of promise.

mod support;

use stockade_core::command::*;
use stockade_core::decision::*;
use stockade_core::event::Event;
use stockade_core::ids::{RefundNo, SubNo};
use stockade_core::orders::*;
use stockade_core::query::*;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::time::{Day, Span};
use stockade_core::units::Units;
use support::*;

/// The ordinary world, whose channel `web` sells presale; `live` does not.
fn shop() -> Shop {
    let world = WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n");
    let shop = Shop::with_world(&world);
    shop.skus(&["tea", "cup", "pot"]);
    shop
}

fn day(of_december: u32) -> Day {
    Day::from_date(2026, 12, of_december).unwrap()
}

fn stages(shop: &Shop, number: &str) -> Vec<Stage> {
    shop.order(number).sub_orders.iter().map(|sub| sub.stage).collect()
}

/// Reference and units of what a sub-order waits for; no reference where no receipt is expected.
fn awaits(shop: &Shop, number: &str, sub: usize) -> Vec<(Option<String>, u64)> {
    let awaits = &shop.order(number).sub_orders[sub - 1].awaits;
    awaits.iter().map(|a| (a.receipt.as_ref().map(|(reference, _)| reference.to_string()), a.units.0)).collect()
}

fn po(reference: &str, units: u64) -> (Option<String>, u64) {
    (Some(reference.to_owned()), units)
}

/// Reference, free and promised units of what a cell expects.
fn inbound(shop: &Shop, sku: &str, warehouse: &str) -> Vec<(String, u64, u64)> {
    let cell = shop.cell(sku, warehouse);
    cell.inbound.iter().map(|r| (r.reference.to_string(), r.free.0, r.promised.0)).collect()
}

fn change(day: Option<Day>, units: Option<u64>) -> Expectation {
    Expectation::Change { day, units: units.map(Units) }
}

fn cancel(number: &str, scope: CancelScope) -> Command {
    Command::Cancel(Cancel { order: web(number), scope, reason: None })
}

#[test]
fn what_is_not_on_hand_is_promised_in_a_sub_order_of_its_own() {
    let shop = shop();
    shop.receive("tea", "A", 3);
    shop.receive("cup", "A", 9);
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 10));
    let placed = shop.placed(order("1", &[("tea", 5), ("cup", 1)]));
    let subs: Vec<_> = placed.plan.sub_orders.iter().map(|s| (s.kind, s.lines.len(), s.cost.to_string())).collect();
    assert_eq!(subs, [(SubKind::Regular, 2, "5.00".to_owned()), (SubKind::Presale(day(1)), 1, "5.00".to_owned())]);
    assert_eq!(placed.plan.cost.to_string(), "10.00");
    assert_eq!(placed.plan.sub_orders[1].lines[0].units, Units(2), "3 of the 5 are on hand");
    assert_eq!(stages(&shop, "1"), [Stage::Held, Stage::Promised]);
    assert_eq!(inbound(&shop, "tea", "A"), [("PO-1".to_owned(), 8, 2)]);
    assert_eq!(shop.cell("tea", "A").on_hand.units(), 3, "what is yet to come is not on hand");
    let Reply::Placed(again) = shop.ok(Command::Place(order("1", &[("tea", 5), ("cup", 1)]))) else { panic!() };
    assert_eq!((again.plan, again.replayed), (placed.plan, true));
    shop.check();
}

#[test]
fn units_yet_to_come_are_given_up_before_those_of_later_sub_orders() {
    let shop = shop();
    shop.receive("tea", "A", 2);
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 10));
    shop.placed(order("1", &[("tea", 5)]));
    shop.ok(shop.pay("1"));
    assert_eq!(stages(&shop, "1"), [Stage::Allocated, Stage::Waiting]);
    shop.ok(Command::Split(Split { order: web("1"), sub: SubNo(1), lines: vec![line("tea", 1)] }));
    let give_up = |units| shop.changed(cancel("1", CancelScope::Units(line("tea", units)))).stages;
    // Sub-order 3 is the last, but its goods are here.
    assert_eq!(give_up(2), [Stage::Allocated, Stage::Waiting, Stage::Allocated]);
    assert_eq!(inbound(&shop, "tea", "A"), [("PO-1".to_owned(), 9, 1)]);
    assert_eq!(give_up(2), [Stage::Allocated, Stage::Cancelled, Stage::Cancelled]);
    assert_eq!((inbound(&shop, "tea", "A"), shop.available("web", "tea")), (vec![("PO-1".to_owned(), 10, 0)], 1));
    shop.check();
}

#[test]
fn only_a_channel_that_may_sells_presale_and_never_more_than_is_announced() {
    let shop = shop();
    shop.receive("tea", "A", 1);
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 4));
    let short = |place: Place| match shop.no(Command::Place(place)) {
        Reject::InsufficientStock { short } => (short[0].wanted.0, short[0].available.0),
        other => panic!("{other}"),
    };
    assert_eq!(short(order_by("live", "1", &[("tea", 2)])), (2, 1));
    assert_eq!(short(order("1", &[("tea", 6)])), (6, 5));
    shop.placed(order("1", &[("tea", 5)]));
    assert_eq!(short(order("2", &[("tea", 1)])), (1, 0));
    shop.check();
}

#[test]
fn only_pools_that_the_channel_is_granted_may_be_promised() {
    let shop = shop();
    let announce = Expectation::Announce { day: day(1), units: Units(4), pool: Some(code("promo")) };
    shop.ok(shop.expect("PO-1", "tea", "A", announce));
    assert!(matches!(shop.no(Command::Place(order("1", &[("tea", 1)]))), Reject::InsufficientStock { .. }));
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 4)], false));
    assert_eq!((shop.available("web", "tea"), shop.available("live", "tea")), (0, 4), "they join the announced pool");
    shop.check();
}

#[test]
fn availability_keeps_what_is_on_hand_and_what_is_yet_to_come_apart() {
    let shop = shop();
    shop.receive("tea", "A", 3);
    shop.ok(shop.announce("PO-2", "tea", "A", day(9), 5));
    shop.ok(shop.announce("PO-1", "tea", "B", day(1), 4));
    let query = |channel| AvailabilityQuery { channel: code(channel), skus: vec![code("tea")] };
    let ask = |channel| match shop.engine.query(&Query::Availability(query(channel)), shop.now).result.unwrap() {
        Reply::Availability(mut all) => all.remove(0),
        other => panic!("{other:?}"),
    };
    assert_eq!((ask("web").units, ask("web").presale), (Units(3), vec![(day(1), Units(4)), (day(9), Units(5))]));
    assert_eq!((ask("live").units, ask("live").presale), (Units(3), vec![]));
}

#[test]
fn the_earliest_receipt_is_promised_first_even_where_shipping_costs_more() {
    let shop = shop();
    shop.ok(shop.announce("PO-LATE", "tea", "A", day(20), 9));
    shop.ok(shop.announce("PO-EARLY", "tea", "B", day(2), 4));
    let early = shop.placed(order("1", &[("tea", 3)]));
    assert_eq!((early.plan.sub_orders[0].warehouse.as_str(), early.plan.cost.to_string()), ("B", "6.00".to_owned()));
    assert_eq!(early.plan.sub_orders[0].kind, SubKind::Presale(day(2)));
    let late = shop.placed(order("2", &[("tea", 3)]));
    assert_eq!(late.plan.sub_orders.len(), 1, "by the 20th all of it can come from A, in one parcel");
    assert_eq!(
        (late.plan.sub_orders[0].warehouse.as_str(), late.plan.sub_orders[0].kind),
        ("A", SubKind::Presale(day(20)))
    );
    shop.check();
}

#[test]
fn lines_due_on_different_days_go_in_parcels_of_their_own_unless_one_is_asked_for() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 5));
    shop.ok(shop.announce("PO-2", "cup", "A", day(20), 5));
    let two = shop.placed(order("1", &[("tea", 1), ("cup", 1)]));
    let kinds: Vec<SubKind> = two.plan.sub_orders.iter().map(|sub| sub.kind).collect();
    assert_eq!(kinds, [SubKind::Presale(day(1)), SubKind::Presale(day(20))]);
    let one = shop.placed(Place { ship_complete: true, ..order("2", &[("tea", 1), ("cup", 1)]) });
    assert_eq!(one.plan.sub_orders.iter().map(|sub| sub.kind).collect::<Vec<_>>(), [SubKind::Presale(day(20))]);
    let bounded = shop.placed(Place { max_parcels: Some(1), ..order("3", &[("tea", 1), ("cup", 1)]) });
    assert_eq!(bounded.plan.sub_orders.len(), 1);
    shop.check();
}

#[test]
fn an_order_that_must_ship_in_one_parcel_takes_all_of_it_from_what_is_yet_to_come() {
    let shop = shop();
    shop.receive("tea", "A", 2);
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 3));
    let complete = |number, units| Place { ship_complete: true, ..order(number, &[("tea", units)]) };
    let waits = shop.placed(complete("1", 3));
    assert_eq!((waits.plan.sub_orders.len(), waits.plan.sub_orders[0].kind), (1, SubKind::Presale(day(1))));
    assert_eq!(shop.available("web", "tea"), 2);
    shop.ok(cancel("1", CancelScope::Order));
    assert!(matches!(shop.no(Command::Place(complete("2", 4))), Reject::Unroutable { .. }));
    shop.check();
}

#[test]
fn a_quote_shows_what_would_be_promised_and_promises_nothing() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 3));
    let Reply::Quoted(plan) = shop
        .engine
        .query(&Query::Quote(stockade_core::query::Quote(order("1", &[("tea", 2)]))), shop.now)
        .result
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(plan.sub_orders[0].kind, SubKind::Presale(day(1)));
    assert_eq!(inbound(&shop, "tea", "A"), [("PO-1".to_owned(), 3, 0)]);
}

#[test]
fn a_receipt_keeps_its_promises_in_the_order_in_which_they_were_made() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 10));
    for number in ["1", "2", "3"] {
        shop.placed(order(number, &[("tea", 3)]));
    }
    shop.changed(shop.pay("1"));
    assert_eq!(stages(&shop, "1"), [Stage::Waiting]);
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 4)], true));
    assert_eq!((stages(&shop, "1"), stages(&shop, "2")), (vec![Stage::Allocated], vec![Stage::Promised]));
    assert_eq!(awaits(&shop, "2", 1), [po("PO-1", 2)], "one of its three has come");
    assert_eq!(awaits(&shop, "3", 1), [po("PO-1", 3)]);
    let cell = shop.cell("tea", "A");
    assert_eq!((cell.allocated, cell.pools[0].held, cell.pools[0].available), (Units(3), Units(1), Units(0)));
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 8)], false));
    assert_eq!((stages(&shop, "2"), stages(&shop, "3")), (vec![Stage::Held], vec![Stage::Held]));
    assert_eq!(shop.available("web", "tea"), 3, "one was promised to nobody and two came beyond what was announced");
    let timeline: Vec<String> = shop.order("2").timeline.into_iter().map(|entry| entry.what).collect();
    assert_eq!(timeline, ["order_placed", "goods_arrived", "goods_arrived"]);
    shop.check();
}

#[test]
fn what_waits_cannot_be_picked_and_goes_on_as_usual_once_its_goods_are_here() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 2));
    shop.placed(order("1", &[("tea", 2)]));
    assert!(matches!(shop.no(shop.step("1", 1, StepAction::Pick)), Reject::IllegalStep { .. }), "it is unpaid");
    shop.changed(shop.pay("1"));
    let Reject::IllegalStep { stage, reason, .. } = shop.no(shop.step("1", 1, StepAction::Pick)) else { panic!() };
    assert_eq!(stage, Some(Stage::Waiting));
    assert!(reason.contains("yet to come"), "{reason}");
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 2)], false));
    for (action, stage) in [
        (StepAction::Pick, Stage::Picking),
        (StepAction::Pack, Stage::Packed),
        (StepAction::Scan(None), Stage::Outbound),
        (StepAction::Deliver, Stage::Delivered),
    ] {
        shop.changed(shop.step("1", 1, action));
        assert_eq!(stages(&shop, "1"), [stage]);
    }
    shop.check();
}

#[test]
fn a_sub_order_of_several_skus_waits_for_the_last_of_them() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 2));
    shop.ok(shop.announce("PO-1", "cup", "A", day(1), 2));
    shop.placed(order("1", &[("tea", 2), ("cup", 1)]));
    shop.changed(shop.pay("1"));
    shop.ok(shop.fulfil("PO-1", "A", &[("cup", 2)], false));
    assert_eq!((stages(&shop, "1"), awaits(&shop, "1", 1)), (vec![Stage::Waiting], vec![po("PO-1", 2)]));
    assert_eq!(shop.cell("cup", "A").allocated, Units(1));
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 2)], false));
    assert_eq!(stages(&shop, "1"), [Stage::Allocated]);
    shop.check();
}

#[test]
fn a_short_receipt_leaves_the_last_ones_waiting_for_the_next() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 6));
    for number in ["1", "2", "3"] {
        shop.placed(order(number, &[("tea", 2)]));
        shop.changed(shop.pay(number));
    }
    shop.ok(shop.announce("PO-2", "tea", "A", day(9), 3));
    let Reply::Moved(moved) = shop.ok(shop.fulfil("PO-1", "A", &[("tea", 2)], false)) else { panic!() };
    assert_eq!((moved.units, moved.short), (Units(2), Units(1)), "one unit is promised and expected from nowhere");
    assert_eq!(stages(&shop, "1"), [Stage::Allocated]);
    assert_eq!(awaits(&shop, "2", 1), [po("PO-2", 2)]);
    assert_eq!(awaits(&shop, "3", 1), [po("PO-2", 1), (None, 1)]);
    assert_eq!(shop.cell("tea", "A").overdue, Units(1));
    shop.ok(shop.announce("PO-3", "tea", "A", day(20), 5));
    assert_eq!(awaits(&shop, "3", 1), [po("PO-2", 1), po("PO-3", 1)]);
    assert_eq!(shop.cell("tea", "A").overdue, Units(0));
    shop.ok(shop.fulfil("PO-2", "A", &[("tea", 3)], false));
    shop.ok(shop.fulfil("PO-3", "A", &[("tea", 5)], false));
    assert_eq!((stages(&shop, "2"), stages(&shop, "3")), (vec![Stage::Allocated], vec![Stage::Allocated]));
    assert_eq!(shop.available("web", "tea"), 4);
    shop.check();
}

#[test]
fn goods_nobody_announced_serve_what_is_overdue_before_they_go_on_sale() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 3));
    shop.placed(order("1", &[("tea", 3)]));
    shop.ok(shop.expect("PO-1", "tea", "A", Expectation::Withdraw));
    assert_eq!(awaits(&shop, "1", 1), [(None, 3)]);
    assert!(matches!(shop.no(Command::Place(order("2", &[("tea", 1)]))), Reject::InsufficientStock { .. }));
    shop.receive("tea", "A", 2);
    assert_eq!((awaits(&shop, "1", 1), shop.available("web", "tea")), (vec![(None, 1)], 0));
    shop.receive("tea", "A", 2);
    assert_eq!((stages(&shop, "1"), shop.available("web", "tea")), (vec![Stage::Held], 1));
    shop.check();
}

#[test]
fn fewer_announced_units_displace_the_last_promised_first() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 8));
    shop.ok(shop.announce("PO-2", "tea", "A", day(5), 2));
    for number in ["1", "2"] {
        shop.placed(order(number, &[("tea", 3)]));
    }
    shop.ok(shop.expect("PO-1", "tea", "A", change(None, Some(6))));
    assert_eq!(inbound(&shop, "tea", "A")[0], ("PO-1".to_owned(), 0, 6), "the units nobody was promised go first");
    shop.ok(shop.expect("PO-1", "tea", "A", change(None, Some(2))));
    assert_eq!(awaits(&shop, "1", 1), [po("PO-1", 2), po("PO-2", 1)]);
    assert_eq!(awaits(&shop, "2", 1), [po("PO-2", 1), (None, 2)]);
    shop.ok(shop.expect("PO-2", "tea", "A", change(None, Some(4))));
    assert_eq!(awaits(&shop, "2", 1), [po("PO-2", 1), po("PO-2", 2)]);
    shop.check();
}

#[test]
fn another_day_moves_the_promised_date_and_the_first_answer_stays() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 3));
    let placed = shop.placed(order("1", &[("tea", 1)]));
    shop.ok(shop.expect("PO-1", "tea", "A", change(Some(day(12)), None)));
    let sub = shop.order("1").sub_orders.remove(0);
    assert_eq!(sub.awaits[0].receipt, Some((code("PO-1"), day(12))));
    assert_eq!(sub.promised.kind, SubKind::Presale(day(1)), "what was promised when it was ordered");
    assert_eq!(shop.placed(order("1", &[("tea", 1)])).plan, placed.plan);
    shop.check();
}

#[test]
fn what_is_given_up_can_be_promised_again() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 6));
    shop.placed(order("1", &[("tea", 4)]));
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 1)], true));
    shop.ok(cancel("1", CancelScope::Units(line("tea", 2))));
    assert_eq!(awaits(&shop, "1", 1), [po("PO-1", 1)], "what is yet to come is given up first");
    assert_eq!(inbound(&shop, "tea", "A"), [("PO-1".to_owned(), 4, 1)]);
    shop.ok(cancel("1", CancelScope::Units(line("tea", 1))));
    assert_eq!(stages(&shop, "1"), [Stage::Held], "nothing is left to wait for");
    shop.ok(cancel("1", CancelScope::Sub(SubNo(1))));
    assert_eq!((shop.order("1").state, shop.available("web", "tea")), (OrderState::Cancelled, 1));
    assert_eq!(inbound(&shop, "tea", "A"), [("PO-1".to_owned(), 5, 0)]);
    shop.check();
}

#[test]
fn an_unpaid_promise_runs_out_and_a_late_payment_is_promised_anew() {
    let mut shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 3));
    shop.placed(order("1", &[("tea", 3)]));
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 1)], true));
    shop.wait(Span::from_mins(31));
    let released = shop.engine.expire_due(shop.now, 10);
    assert_eq!(released[0].lines, [(code("tea"), code("A"), Units(1))], "only what is here comes free on the shelf");
    assert_eq!((inbound(&shop, "tea", "A"), shop.available("web", "tea")), (vec![("PO-1".to_owned(), 2, 0)], 1));
    let paid = shop.changed(shop.pay("1"));
    assert_eq!(paid.change, Change::PaidLate { first_sub: SubNo(2) });
    assert_eq!(stages(&shop, "1"), [Stage::Expired, Stage::Allocated, Stage::Waiting]);
    shop.check();
}

#[test]
fn a_late_payment_without_goods_in_sight_is_owed_back() {
    let mut shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 3));
    shop.placed(order("1", &[("tea", 3)]));
    shop.wait(Span::from_mins(31));
    shop.engine.expire_due(shop.now, 10);
    shop.ok(shop.expect("PO-1", "tea", "A", Expectation::Withdraw));
    let refund = Change::RefundDue { refund: RefundNo(1), reason: RefundReason::StockGone };
    assert_eq!(shop.changed(shop.pay("1")).change, refund);
    shop.check();
}

#[test]
fn an_order_that_stock_serves_leaves_the_same_event_as_without_presale() {
    let shop = shop();
    shop.receive("tea", "A", 3);
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 3));
    shop.placed(order("1", &[("tea", 3)]));
    let (_, last) = shop.journal().pop().unwrap();
    assert!(matches!(last.event, Event::OrderPlaced(_)), "{last:?}");
}
