//! Lives of orders, as a shop sees them.

mod support;

use stockade_core::command::*;
use stockade_core::ids::{RefundNo, SubNo};
use stockade_core::limits::SKEW;
use stockade_core::orders::*;
use stockade_core::query::*;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::time::{Day, Span, Time};
use stockade_core::units::Units;
use support::*;

fn stocked() -> Shop {
    let shop = Shop::new();
    shop.skus(&["tea", "cup"]);
    shop.receive("tea", "A", 10);
    shop.receive("tea", "B", 5);
    shop.receive("cup", "B", 3);
    shop
}

#[test]
fn placing_holds_all_lines_in_one_commit_and_splits_when_needed() {
    let shop = stocked();
    let before = shop.engine.seq();
    let placed = shop.placed(order("1", &[("tea", 12), ("cup", 1)]));
    assert_eq!(shop.engine.seq(), before.next(), "one event");
    assert_eq!(placed.seq, shop.engine.seq());
    assert_eq!(placed.plan.cost.to_string(), "11.00");
    assert!(placed.plan.proven);
    assert_eq!(placed.expires_at, shop.now + Span::from_mins(30));
    assert_eq!(shop.available("web", "tea"), 3);
    assert_eq!(shop.available("web", "cup"), 2);
    shop.check();
}

#[test]
fn all_or_nothing_and_each_short_sku_is_listed() {
    let shop = stocked();
    let reject = shop.no(Command::Place(order("1", &[("tea", 16), ("cup", 4)])));
    let Reject::InsufficientStock { short } = reject else { panic!("{reject}") };
    let told: Vec<(&str, u64, u64)> = short.iter().map(|s| (s.sku.as_str(), s.wanted.0, s.available.0)).collect();
    assert_eq!(told, [("tea", 16, 15), ("cup", 4, 3)]);
    assert_eq!(shop.available("web", "tea"), 15);
    shop.check();
}

#[test]
fn nothing_happens_to_an_order_before_it_existed_or_in_the_future() {
    let shop = stocked();
    let at = |key: &str, occurred, command: Command| {
        let request = Request { key: Some(code(key)), occurred: Some(occurred), command };
        shop.engine.execute(&request, &shop.actor(), shop.now).result
    };
    // Imported: it was placed outside a year ago.
    let placed = shop.now - Span::from_mins(60 * 24 * 365);
    at("old", placed, Command::Place(order("1", &[("tea", 1)]))).unwrap();
    for wrong in [placed - SKEW - Span(1), shop.now + SKEW + Span(1), Time(0)] {
        let refused = at("pay", wrong, shop.pay("1")).unwrap_err();
        assert!(matches!(&refused, Reject::Invalid { field, .. } if field == "occurred"), "{wrong}: {refused}");
    }
    at("pay", placed - SKEW, shop.pay("1")).unwrap();
    at("pay", placed - SKEW, shop.pay("1")).unwrap();
    let pick = shop.step("1", 1, StepAction::Pick);
    at("pick", shop.now + SKEW, pick).unwrap();
    assert_eq!(shop.order("1").timeline.len(), 3);
    shop.check();
}

#[test]
fn a_receipt_comes_today_or_later() {
    let shop = stocked();
    let today = shop.now.day();
    let yesterday = Day(today.0 - 1);
    let change = |day| shop.expect("PO", "tea", "A", Expectation::Change { day: Some(day), units: None });
    for (late, fits) in [
        (shop.announce("PO", "tea", "A", yesterday, 1), shop.announce("PO", "tea", "A", today, 1)),
        (change(yesterday), change(today)),
    ] {
        let refused = shop.no(late);
        assert!(matches!(&refused, Reject::Invalid { field, .. } if field == "day"), "{refused}");
        shop.ok(fits);
    }
    shop.check();
}

#[test]
fn the_same_sku_twice_is_one_demand() {
    let shop = stocked();
    assert!(matches!(shop.no(Command::Place(order("1", &[("cup", 2), ("cup", 2)]))), Reject::InsufficientStock { .. }));
    let placed = shop.placed(order("2", &[("cup", 1), ("cup", 2)]));
    assert_eq!(placed.plan.sub_orders[0].lines[0].units, Units(3));
    shop.check();
}

#[test]
fn the_same_order_again_gets_the_first_answer_and_other_content_a_conflict() {
    let shop = stocked();
    let first = shop.placed(order("1", &[("tea", 2), ("cup", 1)]));
    let again = shop.placed(order("1", &[("cup", 1), ("tea", 1), ("tea", 1)]));
    assert!(again.replayed);
    assert_eq!((again.order, again.seq, &again.plan), (first.order, first.seq, &first.plan));
    assert!(matches!(shop.no(Command::Place(order("1", &[("tea", 3)]))), Reject::Conflict { .. }));
    shop.ok(shop.pay("1"));
    assert_eq!(shop.placed(order("1", &[("tea", 2), ("cup", 1)])).present, OrderState::Paid);
    assert_eq!(shop.available("web", "tea"), 13);
    shop.check();
}

#[test]
fn refusals_for_stock_are_not_remembered() {
    let shop = stocked();
    shop.no(Command::Place(order("1", &[("cup", 4)])));
    shop.receive("cup", "A", 1);
    assert!(!shop.placed(order("1", &[("cup", 4)])).replayed);
    shop.check();
}

#[test]
fn channels_draw_from_their_pools_in_order() {
    let shop = stocked();
    shop.receive_into("tea", "A", "promo", 4);
    assert_eq!((shop.available("web", "tea"), shop.available("live", "tea")), (15, 19));
    let placed = shop.placed(order_by("live", "1", &[("tea", 6)]));
    let drawn: Vec<(&str, u64)> =
        placed.plan.sub_orders[0].lines.iter().map(|l| (l.pool.as_str(), l.units.0)).collect();
    assert_eq!(drawn, [("promo", 4), ("regular", 2)]);
    assert_eq!(placed.expires_at, shop.now + Span::from_mins(5));
    shop.check();
}

#[test]
fn safety_stock_is_not_promised() {
    let shop = stocked();
    let safety = SetSafety { sku: code("tea"), warehouse: code("A"), units: Units(8) };
    shop.ok(Command::SetSafety(safety));
    assert_eq!(shop.available("web", "tea"), 7);
    assert!(matches!(shop.no(Command::Place(order("1", &[("tea", 8)]))), Reject::InsufficientStock { .. }));
    shop.check();
}

#[test]
fn an_unpaid_hold_expires_by_itself_and_names_what_came_free() {
    let mut shop = stocked();
    shop.placed(order("1", &[("tea", 12)]));
    shop.wait(Span::from_millis(30 * 60 * 1_000 - 1));
    assert!(shop.engine.expire_due(shop.now, 10).is_empty());
    shop.wait(Span::from_millis(1));
    assert_eq!(shop.engine.next_deadline(), Some(shop.now));
    let released = shop.engine.expire_due(shop.now, 10);
    assert_eq!(released.len(), 1);
    assert_eq!(released[0].lines.iter().map(|(_, _, units)| units.0).sum::<u64>(), 12);
    assert_eq!(shop.order("1").state, OrderState::Expired);
    assert_eq!(shop.available("web", "tea"), 15);
    assert_eq!(shop.engine.next_deadline(), None);
    shop.check();
}

#[test]
fn holds_run_out_by_deadline_however_few_are_expired_at_once() {
    let mut shop = stocked();
    shop.receive("tea", "A", 1_000);
    let mut expected = Vec::new();
    for n in 0..300u64 {
        // Deadlines of many shards, out of the order of placing, some the same.
        let hold = Span::from_secs(60 + n * 37 % 100);
        let placed = shop.placed(Place { hold: Some(hold), ..order(&format!("h{n}"), &[("tea", 1)]) });
        expected.push((placed.expires_at, placed.seq, placed.order));
    }
    let paid = expected.swap_remove(150).2;
    shop.ok(Command::Pay(Pay::new(OrderRef::Id(paid))));
    expected.sort_unstable();
    shop.wait(Span::from_secs(120));
    expected.retain(|(deadline, ..)| *deadline <= shop.now);
    let mut released = Vec::new();
    loop {
        let some = shop.engine.expire_due(shop.now, 7);
        released.extend(some.iter().map(|release| release.order));
        if some.len() < 7 {
            break;
        }
    }
    assert_eq!(released, expected.iter().map(|(.., order)| *order).collect::<Vec<_>>());
    assert!(shop.engine.next_deadline().unwrap() > shop.now);
    shop.check();
}

#[test]
fn payment_at_the_deadline_is_late_and_holds_anew() {
    let mut shop = stocked();
    shop.placed(order("1", &[("tea", 12)]));
    shop.wait(Span::from_mins(30));
    let changed = shop.changed(shop.pay("1"));
    assert_eq!(changed.change, Change::PaidLate { first_sub: SubNo(3) });
    assert_eq!(changed.present, OrderState::Paid);
    assert!(shop.engine.expire_due(shop.now, 10).is_empty());
    assert_eq!(shop.available("web", "tea"), 3);
    shop.check();
}

#[test]
fn late_payment_without_stock_owes_a_refund_exactly_once() {
    let mut shop = stocked();
    shop.placed(order("1", &[("cup", 3)]));
    shop.wait(Span::from_mins(31));
    shop.engine.expire_due(shop.now, 10);
    shop.placed(order("2", &[("cup", 1)]));
    let pay = shop.pay("1");
    let first = shop.run_as("payment-7", pay.clone()).result.unwrap();
    let Reply::Changed(first) = first else { panic!("{first:?}") };
    assert_eq!(first.change, Change::RefundDue { refund: RefundNo(1), reason: RefundReason::StockGone });
    let again = shop.run_as("payment-7", pay.clone()).result.unwrap();
    let Reply::Changed(again) = again else { panic!("{again:?}") };
    assert!(again.replayed && again.seq == first.seq);
    let retold = shop.changed(pay);
    assert!(retold.replayed && retold.seq == first.seq && retold.change == first.change);
    assert_eq!(shop.order("1").refunds.len(), 1);
    shop.check();
}

#[test]
fn late_payment_may_draw_from_any_pool() {
    let mut shop = stocked();
    shop.receive_into("cup", "A", "promo", 3);
    shop.placed(order("1", &[("cup", 3)]));
    shop.wait(Span::from_mins(31));
    shop.engine.expire_due(shop.now, 10);
    shop.placed(order("2", &[("cup", 3)]));
    assert!(matches!(shop.changed(shop.pay("1")).change, Change::PaidLate { .. }));
    assert_eq!(shop.available("live", "cup"), 0);
    shop.check();
}

#[test]
fn a_hold_can_be_extended_and_then_lasts_longer() {
    let mut shop = stocked();
    shop.placed(order("1", &[("cup", 3)]));
    let until = shop.now + Span::from_mins(60);
    shop.ok(Command::ExtendHold(ExtendHold { order: web("1"), until }));
    shop.wait(Span::from_mins(45));
    assert!(shop.engine.expire_due(shop.now, 10).is_empty());
    assert_eq!(shop.changed(shop.pay("1")).change, Change::Paid);
    shop.check();
}

#[test]
fn a_parcel_goes_all_the_way_and_comes_back() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 4)]));
    assert!(matches!(shop.no(shop.step("1", 1, StepAction::Pick)), Reject::IllegalStep { .. }));
    shop.ok(shop.pay("1"));
    assert!(matches!(shop.no(shop.step("1", 1, StepAction::Scan(None))), Reject::IllegalStep { .. }));
    let way = [
        (StepAction::Pick, Stage::Picking),
        (StepAction::Pack, Stage::Packed),
        (StepAction::Weigh(2_100), Stage::Packed),
        (StepAction::Label(code("W1")), Stage::Packed),
        (StepAction::Scan(Some(code("W1"))), Stage::Outbound),
        (StepAction::Pickup, Stage::PickedUp),
        (StepAction::Deliver, Stage::Delivered),
    ];
    for (step, stage) in way {
        assert_eq!(shop.changed(shop.step("1", 1, step)).stages, [stage]);
    }
    assert_eq!((shop.cell("tea", "A").awaiting, shop.cell("tea", "A").on_hand.units()), (Units(4), 6));
    shop.ok(shop.step("1", 1, StepAction::Return(vec![line("tea", 1)])));
    shop.ok(shop.step("1", 1, StepAction::Confirm));
    shop.ok(shop.step("1", 1, StepAction::Return(vec![line("tea", 2)])));
    assert_eq!((shop.cell("tea", "A").inspection, shop.available("web", "tea")), (Units(3), 11));
    let inspected = vec![Inspected { sku: code("tea"), intact: Units(2), damaged: Units(1) }];
    shop.ok(shop.step("1", 1, StepAction::Inspect(inspected)));
    let cell = shop.cell("tea", "A");
    assert_eq!((cell.inspection, cell.damaged, shop.available("web", "tea")), (Units(0), Units(1), 13));
    assert!(matches!(shop.no(shop.step("1", 1, StepAction::Return(vec![line("tea", 2)]))), Reject::Invalid { .. }));
    assert_eq!(shop.order("1").timeline.len(), 13);
    shop.check();
}

#[test]
fn a_wrong_parcel_is_stopped_at_the_scan() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 1)]));
    shop.ok(shop.pay("1"));
    for step in [StepAction::Pick, StepAction::Pack, StepAction::Label(code("W1"))] {
        shop.ok(shop.step("1", 1, step));
    }
    let reject = shop.no(shop.step("1", 1, StepAction::Scan(Some(code("W2")))));
    assert!(reject.to_string().contains("wrong parcel"), "{reject}");
}

#[test]
fn cancel_and_scan_have_one_winner_and_both_are_told() {
    let shop = stocked();
    let cancel = |scope| Command::Cancel(Cancel { order: web("1"), scope, reason: None });
    shop.placed(order("1", &[("tea", 12)]));
    shop.ok(shop.pay("1"));
    for step in [StepAction::Pick, StepAction::Pack, StepAction::Scan(None)] {
        shop.ok(shop.step("1", 1, step));
    }
    let reject = shop.no(cancel(CancelScope::Order));
    assert!(reject.to_string().contains("still be cancelled one by one: 2"), "{reject}");
    shop.ok(cancel(CancelScope::Sub(SubNo(2))));
    let reject = shop.no(shop.step("1", 2, StepAction::Scan(None)));
    assert!(reject.to_string().contains("cancelled"), "{reject}");
    shop.check();
}

#[test]
fn units_of_a_line_are_cancelled_from_the_last_sub_order_first() {
    let shop = stocked();
    let cancel = |units| {
        let scope = CancelScope::Units(line("tea", units));
        Command::Cancel(Cancel { order: web("1"), scope, reason: Some("too much".into()) })
    };
    shop.placed(order("1", &[("tea", 12)]));
    assert_eq!(shop.changed(cancel(3)).change, Change::Cancelled { units: Units(3) });
    assert_eq!(shop.available("web", "tea"), 6);
    assert!(matches!(shop.no(cancel(10)), Reject::IllegalStep { .. }));
    let changed = shop.changed(cancel(9));
    assert_eq!(changed.present, OrderState::Cancelled);
    assert_eq!(shop.available("web", "tea"), 15);
    shop.check();
}

#[test]
fn units_are_given_up_where_the_least_work_was_done() {
    let shop = stocked();
    let give_up = |units| {
        let scope = CancelScope::Units(line("tea", units));
        shop.changed(Command::Cancel(Cancel { order: web("1"), scope, reason: None })).stages
    };
    shop.placed(order("1", &[("tea", 9)]));
    shop.ok(shop.pay("1"));
    for (sub, units) in [(1, 6), (2, 4), (3, 2)] {
        shop.ok(Command::Split(Split { order: web("1"), sub: SubNo(sub), lines: vec![line("tea", units)] }));
    }
    // Sub-order 1 waits, 2 is picked, 3 is labelled as well and 4 is packed: the more work, the higher the number.
    for sub in 2..=4 {
        shop.ok(shop.step("1", sub, StepAction::Pick));
    }
    shop.ok(shop.step("1", 3, StepAction::Label(code("W-3"))));
    shop.ok(shop.step("1", 4, StepAction::Pack));
    let units = || shop.order("1").sub_orders.iter().map(|sub| sub.promised.lines[0].units.0).collect::<Vec<_>>();
    assert_eq!(units(), [3, 2, 2, 2]);
    give_up(1);
    assert_eq!(units(), [2, 2, 2, 2]);
    assert_eq!(give_up(3), [Stage::Cancelled, Stage::Picking, Stage::Picking, Stage::Packed]);
    assert_eq!(units(), [0, 1, 2, 2]);
    assert_eq!(give_up(4), [Stage::Cancelled, Stage::Cancelled, Stage::Cancelled, Stage::Picking]);
    assert_eq!(units(), [0, 0, 0, 1]);
    shop.check();
}

#[test]
fn a_short_pick_is_rerouted_or_put_to_review_in_one_commit() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 8)]));
    shop.ok(shop.pay("1"));
    shop.ok(shop.step("1", 1, StepAction::Pick));
    let before = shop.engine.seq();
    let changed = shop.changed(shop.step("1", 1, StepAction::Short(vec![line("tea", 5)])));
    assert_eq!(shop.engine.seq(), before.next());
    assert_eq!(changed.change, Change::Shorted { missing: Units(3), rerouted: Units(3), review: Units(0) });
    assert_eq!(changed.stages, [Stage::Picking, Stage::Allocated]);
    let cell = shop.cell("tea", "A");
    assert_eq!((cell.short, cell.on_hand.units()), (Units(0), 7));
    assert_eq!(shop.available("web", "tea"), 4, "2 at A, where 3 are lost, and 2 at B");

    let changed = shop.changed(shop.step("1", 1, StepAction::Short(vec![line("tea", 0)])));
    assert_eq!(changed.change, Change::Shorted { missing: Units(5), rerouted: Units(0), review: Units(5) });
    assert_eq!(shop.order("1").review, [(code("tea"), Units(5))]);
    shop.receive("tea", "B", 10);
    let changed = shop.changed(Command::Reroute(Reroute { order: web("1") }));
    assert_eq!(changed.change, Change::Rerouted { units: Units(5) });
    assert!(shop.order("1").review.is_empty());
    shop.check();
}

#[test]
fn keys_of_later_commands_are_remembered_too() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 1)]));
    let pay = shop.pay("1");
    let Ok(Reply::Changed(first)) = shop.run_as("k", pay.clone()).result else { panic!() };
    let by_id = Command::Pay(Pay::new(OrderRef::Id(first.order)));
    for again in [pay, by_id] {
        let Ok(Reply::Changed(again)) = shop.run_as("k", again).result else { panic!() };
        assert!(again.replayed);
    }
    let other = Command::Cancel(Cancel { order: web("1"), scope: CancelScope::Order, reason: None });
    assert!(matches!(shop.run_as("k", other).result, Err(Reject::Conflict { .. })));
    shop.check();
}

#[test]
fn orders_are_found_by_warehouse_and_stage() {
    let shop = stocked();
    for number in ["1", "2", "3"] {
        shop.placed(order(number, &[("tea", 1)]));
    }
    shop.ok(shop.pay("2"));
    let query = OrdersQuery { warehouse: Some(code("A")), stage: Some(Stage::Allocated), ..everything() };
    let page = orders(&shop, query);
    assert_eq!(page.orders.iter().map(|r| r.number.as_str()).collect::<Vec<_>>(), ["2"]);
    assert_eq!(page.next, None);
}

/// A list of nine orders at most, whichever they are.
fn everything() -> OrdersQuery {
    OrdersQuery { warehouse: None, channel: None, stage: None, state: None, customer: None, after: None, limit: 9 }
}

fn orders(shop: &Shop, query: OrdersQuery) -> OrdersPage {
    let Ok(Reply::Orders(page)) = shop.engine.query(&Query::Orders(query), shop.now).result else { panic!() };
    page
}

#[test]
fn lists_are_in_the_order_of_placing_and_a_cursor_goes_on_where_the_page_ended() {
    let shop = stocked();
    let numbers: Vec<String> = (0..7).map(|n| format!("n{n}")).collect();
    for number in &numbers {
        shop.placed(order(number, &[("tea", 1)]));
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = orders(&shop, OrdersQuery { channel: Some(code("web")), after, limit: 2, ..everything() });
        seen.extend(page.orders.iter().map(|row| row.number.to_string()));
        // Orders that move on between two pages are neither skipped nor repeated.
        shop.ok(shop.pay(seen.last().unwrap()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, numbers);
    let held = orders(&shop, OrdersQuery { state: Some(OrderState::Held), ..everything() });
    let paid = orders(&shop, OrdersQuery { state: Some(OrderState::Paid), ..everything() });
    assert_eq!((held.orders.len() + paid.orders.len(), paid.orders.is_empty()), (7, false));
    let nobody = orders(&shop, OrdersQuery { customer: Some(code("nobody")), ..everything() });
    assert!(nobody.orders.is_empty());
    shop.check();
}

#[test]
fn holds_that_ran_while_the_server_was_away_get_time_and_ended_ones_do_not() {
    let mut shop = stocked();
    shop.placed(order("ended", &[("tea", 1)]));
    shop.wait(Span::from_mins(20));
    shop.placed(order("running", &[("tea", 2)]));
    shop.placed(order("paid", &[("tea", 2)]));
    shop.ok(shop.pay("paid"));
    shop.wait(Span::from_mins(10));
    // The last event of the history is from now; the server comes back two hours later.
    let (last, back) = (shop.now, shop.now + Span::from_mins(120));
    let until = back + Span::from_mins(10);
    let extended = shop.engine.extend_due(last, until);
    assert_eq!((extended.holds, extended.more), (1, false));
    let seq = shop.engine.seq();
    assert_eq!(shop.engine.extend_due(last, until).holds, 0, "a second pass finds nothing");
    assert_eq!(shop.engine.seq(), seq);
    shop.now = back;
    assert_eq!(shop.engine.expire_due(shop.now, 10).len(), 1, "the one whose time had ended before");
    assert_eq!(shop.order("running").expires_at, until, "what is shown is what counts");
    assert!(!shop.engine.any_hold_ends_before(until));
    shop.now = until;
    assert!(shop.engine.any_hold_ends_before(until + Span(1)));
    assert_eq!(shop.engine.expire_due(shop.now, 10).len(), 1);
    assert!(!shop.engine.any_hold_ends_before(until + Span(1)));
    let states = ["ended", "running", "paid"].map(|number| shop.order(number).state);
    assert_eq!(states, [OrderState::Expired, OrderState::Expired, OrderState::Paid]);
    shop.check();
}
