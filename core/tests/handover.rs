//! Units on hand go to the orders they were promised to: immediately, in order of promise, a bounded number at a time.

mod support;

use std::collections::BTreeSet;

use stockade_core::command::*;
use stockade_core::engine::Engine;
use stockade_core::event::{Envelope, Event, InboundReason};
use stockade_core::ids::{Seq, SubNo};
use stockade_core::orders::*;
use stockade_core::query::*;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::stock::HANDED_MAX;
use stockade_core::time::{Day, Span};
use stockade_core::units::Units;
use support::*;

/// The ordinary world, whose channel `web` sells presale; `live` does not.
fn shop() -> Shop {
    let world = WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n");
    let shop = Shop::with_world(&world);
    shop.skus(&["tea", "cup"]);
    shop
}

fn day(of_december: u32) -> Day {
    Day::from_date(2026, 12, of_december).unwrap()
}

fn stages(shop: &Shop, number: &str) -> Vec<Stage> {
    shop.order(number).sub_orders.iter().map(|sub| sub.stage).collect()
}

fn cancel(number: &str, scope: CancelScope) -> Command {
    Command::Cancel(Cancel { order: web(number), scope, reason: None })
}

fn withdraw(shop: &Shop, reference: &str) {
    shop.ok(shop.expect(reference, "tea", "A", Expectation::Withdraw));
}

/// One unit on hand goes to order `h`, then orders `1`, `2`, … are promised one each, and their receipt is withdrawn.
fn overdue(waiting: u64) -> Shop {
    let shop = shop();
    shop.receive("tea", "A", 1);
    shop.placed(order("h", &[("tea", 1)]));
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), waiting));
    for n in 1..=waiting {
        shop.placed(order(&n.to_string(), &[("tea", 1)]));
    }
    withdraw(&shop, "PO-1");
    assert_eq!(shop.cell("tea", "A").overdue, Units(waiting));
    shop
}

#[test]
fn a_cancelled_order_serves_the_first_overdue_promise_at_once() {
    let shop = overdue(2);
    shop.ok(cancel("h", CancelScope::Order));
    assert_eq!((stages(&shop, "1"), stages(&shop, "2")), (vec![Stage::Held], vec![Stage::Promised]));
    assert_eq!((shop.cell("tea", "A").overdue, shop.available("web", "tea")), (Units(1), 0));
    let last = shop.order("1").timeline.pop().unwrap();
    assert_eq!((last.what.as_str(), last.actor.as_str()), ("goods_arrived", "engine"));
    shop.check();
}

#[test]
fn an_expired_hold_serves_the_first_overdue_promise_at_once() {
    let mut shop = shop();
    shop.receive("tea", "A", 1);
    shop.placed(order("h", &[("tea", 1)]));
    shop.wait(Span::from_mins(10));
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 1));
    shop.placed(order("1", &[("tea", 1)]));
    withdraw(&shop, "PO-1");
    shop.wait(Span::from_mins(21));
    assert_eq!(shop.engine.expire_due(shop.now, 10).len(), 1);
    shop.react();
    assert_eq!(stages(&shop, "1"), [Stage::Held]);
    shop.check();
}

#[test]
fn returned_found_and_moved_units_serve_overdue_promises_at_once() {
    let shop = overdue(4);
    shop.changed(shop.pay("h"));
    for action in [StepAction::Pick, StepAction::Pack, StepAction::Scan(None), StepAction::Pickup, StepAction::Deliver]
    {
        shop.changed(shop.step("h", 1, action));
    }
    shop.changed(shop.step("h", 1, StepAction::Return(Vec::new())));
    assert_eq!(stages(&shop, "1"), [Stage::Promised], "it is in inspection");
    shop.changed(shop.step("h", 1, StepAction::Inspect(Vec::new())));
    assert_eq!(stages(&shop, "1"), [Stage::Held]);
    let found = Adjust { warehouse: code("A"), pool: None, sku: code("tea"), delta: 1, reason: "found".to_owned() };
    shop.ok(Command::Adjust(found));
    assert_eq!(stages(&shop, "2"), [Stage::Held]);
    shop.receive_into("tea", "A", "promo", 1);
    assert_eq!(stages(&shop, "3"), [Stage::Promised], "they were promised units of another pool");
    shop.ok(Command::MovePool(MovePool {
        warehouse: code("A"),
        sku: code("tea"),
        from: code("promo"),
        to: code("regular"),
        units: Units(1),
    }));
    assert_eq!((stages(&shop, "3"), stages(&shop, "4")), (vec![Stage::Held], vec![Stage::Promised]));
    shop.check();
}

#[test]
fn what_lies_on_the_shelf_serves_promises_whose_receipt_is_withdrawn() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 3));
    shop.placed(order("1", &[("tea", 3)]));
    shop.receive("tea", "A", 2);
    assert_eq!((stages(&shop, "1"), shop.available("web", "tea")), (vec![Stage::Promised], 2), "its delivery is due");
    withdraw(&shop, "PO-1");
    assert_eq!((shop.cell("tea", "A").overdue, shop.available("web", "tea")), (Units(1), 0));
    assert_eq!(shop.order("1").sub_orders[0].awaits[0].units, Units(1));
    shop.check();
}

#[test]
fn safety_stock_serves_no_promise_until_it_is_lowered() {
    let shop = overdue(2);
    let safety = |units| {
        shop.ok(Command::SetSafety(SetSafety { warehouse: code("A"), sku: code("tea"), units: Units(units) }));
    };
    safety(3);
    shop.receive("tea", "A", 3);
    assert_eq!((stages(&shop, "1"), shop.available("web", "tea")), (vec![Stage::Promised], 0));
    safety(2);
    assert_eq!((stages(&shop, "1"), stages(&shop, "2")), (vec![Stage::Held], vec![Stage::Promised]));
    safety(0);
    assert_eq!((stages(&shop, "2"), shop.available("web", "tea")), (vec![Stage::Held], 1));
    shop.check();
}

#[test]
fn a_promise_that_is_given_up_makes_room_for_an_overdue_one() {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 2));
    shop.ok(shop.announce("PO-2", "tea", "A", day(9), 1));
    for number in ["1", "2", "3"] {
        shop.placed(order(number, &[("tea", 1)]));
    }
    withdraw(&shop, "PO-1");
    let receipt = |number| shop.order(number).sub_orders[0].awaits[0].receipt.clone().map(|(no, _)| no.to_string());
    assert_eq!((receipt("1"), receipt("2"), receipt("3")), (None, None, Some("PO-2".to_owned())));
    shop.ok(cancel("3", CancelScope::Order));
    assert_eq!((receipt("1"), receipt("2")), (Some("PO-2".to_owned()), None));
    shop.check();
}

#[test]
fn a_cancelled_part_serves_another_part_of_the_same_order() {
    let shop = shop();
    shop.receive("tea", "A", 1);
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 1));
    shop.placed(order("1", &[("tea", 2)]));
    withdraw(&shop, "PO-1");
    assert_eq!(stages(&shop, "1"), [Stage::Held, Stage::Promised]);
    shop.ok(cancel("1", CancelScope::Sub(SubNo(1))));
    assert_eq!(stages(&shop, "1"), [Stage::Cancelled, Stage::Held]);
    shop.check();
}

#[test]
fn nobody_else_can_draw_what_is_about_to_be_handed_over() {
    let events = overdue(1);
    events.ok(cancel("h", CancelScope::Order));
    let mut history = events.journal();
    let (_, handed) = history.pop().unwrap();
    assert_eq!(reason(&handed), Some(InboundReason::Handed));
    let engine = recovered(&history);
    let query = AvailabilityQuery { channel: code("live"), skus: vec![code("tea")] };
    let Reply::Availability(answers) = engine.query(&Query::Availability(query), START).result.unwrap() else {
        panic!()
    };
    assert_eq!(answers[0].units, Units(0), "the unit on the shelf is order 1's");
    let place = Request { key: None, occurred: None, command: Command::Place(order_by("live", "2", &[("tea", 1)])) };
    let refused = engine.execute(&place, &events.actor(), START).result.unwrap_err();
    assert!(matches!(refused, Reject::InsufficientStock { .. }), "{refused}");
    engine.check().unwrap();
}

fn reason(envelope: &Envelope) -> Option<InboundReason> {
    if let Event::InboundChanged(e) = &envelope.event { Some(e.reason) } else { None }
}

fn recovered(history: &[(Seq, Envelope)]) -> Engine {
    let engine = Engine::new();
    for (seq, envelope) in history {
        engine.recover(*seq, envelope).unwrap();
    }
    let last = history.last().map_or(Seq(0), |(seq, _)| *seq);
    engine.log().resume(last, Default::default());
    engine
}

/// Orders `0`, `1`, … wait for one unit each; every third has paid.
fn many(orders: usize) -> Shop {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), orders as u64));
    for n in 0..orders {
        shop.placed(order(&n.to_string(), &[("tea", 1)]));
        if n % 3 == 0 {
            shop.changed(shop.pay(&n.to_string()));
        }
    }
    shop
}

#[test]
fn a_receipt_for_ten_thousand_orders_is_handed_over_in_bounded_steps() {
    let shop = many(10_000);
    shop.journal();
    let Reply::Moved(moved) = shop.ok(shop.fulfil("PO-1", "A", &[("tea", 9_990)], false)) else { panic!() };
    assert_eq!((moved.units, moved.short), (Units(9_990), Units(10)));
    let events = shop.journal();
    let steps: Vec<usize> = events
        .iter()
        .map(|(_, e)| if let Event::InboundChanged(e) = &e.event { e.arrived.len() } else { panic!("{e:?}") })
        .collect();
    assert_eq!(steps[0], 0, "goods are taken in without a lock on any order");
    assert_eq!((steps.iter().sum::<usize>(), steps[1..].iter().max()), (9_990, Some(&HANDED_MAX)));
    assert_eq!(events.len(), 1 + 9_990_usize.div_ceil(HANDED_MAX));
    for n in [0, 255, 256, 5_000, 9_989] {
        let stage = if n % 3 == 0 { Stage::Allocated } else { Stage::Held };
        assert_eq!(stages(&shop, &n.to_string()), [stage], "order {n}");
    }
    assert_eq!((stages(&shop, "9990"), shop.cell("tea", "A").overdue), (vec![Stage::Waiting], Units(10)));
    shop.engine.check().unwrap();
}

#[test]
fn after_a_crash_between_two_steps_the_handover_goes_on_by_itself() {
    let shop = many(3 * HANDED_MAX);
    let waiting = shop.journal();
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 3 * HANDED_MAX as u64 - 5)], false));
    let steps = shop.journal();
    assert_eq!(steps.len(), 4);
    for kept in 1..=steps.len() {
        let cut: Vec<_> = waiting.iter().chain(&steps[..kept]).cloned().collect();
        let engine = recovered(&cut);
        engine.check().unwrap();
        // What a server does when it comes up: look for what is due, and take it.
        assert!(engine.has_reactions() || kept == steps.len(), "units wait to be handed over");
        while engine.react(shop.now, 1).more {}
        assert!(engine.expire_due(shop.now, 10).is_empty());
        engine.check().unwrap();
        assert_eq!(engine.digest(), shop.engine.digest(), "the same as if nothing had happened, after step {kept}");
    }
}

/// What an event may move to another receipt, or hand over, is bounded; so is a withdrawal, in steps of its own.
#[test]
fn a_receipt_promised_to_many_orders_is_withdrawn_and_announced_again_in_bounded_steps() {
    let orders = 3 * HANDED_MAX + 7;
    let shop = many(orders);
    let before = shop.journal();
    let Reply::Moved(moved) = shop.ok(shop.expect("PO-1", "tea", "A", Expectation::Withdraw)) else { panic!() };
    assert_eq!((moved.units, moved.short), (Units(orders as u64), Units(orders as u64)));
    assert_eq!(shop.cell("tea", "A").overdue, Units(orders as u64));
    shop.engine.check().unwrap();
    let steps = shop.journal();
    assert_eq!(steps.len(), 1 + orders.div_ceil(HANDED_MAX));
    let made = |(_, e): &(Seq, Envelope)| if let Event::InboundChanged(e) = &e.event { e.made.len() } else { panic!() };
    assert!(steps.iter().map(made).all(|made| made <= HANDED_MAX));
    for kept in 1..=steps.len() {
        let cut: Vec<_> = before.iter().chain(&steps[..kept]).cloned().collect();
        let engine = recovered(&cut);
        engine.check().unwrap();
        while engine.react(shop.now, 1).more {}
        engine.check().unwrap();
        assert_eq!(engine.digest(), shop.engine.digest(), "the same as if nothing had happened, after step {kept}");
    }
    shop.ok(shop.announce("PO-2", "tea", "A", day(2), orders as u64 - 2));
    assert!(shop.journal().iter().map(made).all(|made| made <= HANDED_MAX));
    assert_eq!(shop.cell("tea", "A").overdue, Units(2), "the last ones are expected from no receipt");
    shop.ok(shop.fulfil("PO-2", "A", &[("tea", orders as u64)], false));
    let waiting = (0..orders).filter(|n| stages(&shop, &n.to_string())[0].is_ahead()).count();
    assert_eq!((waiting, shop.cell("tea", "A").overdue), (0, Units::ZERO));
    shop.engine.check().unwrap();
}

/// Units that a receipt will not bring are for nobody new, and those given up meanwhile make the rest fewer.
#[test]
fn between_two_steps_of_a_withdrawal_nobody_gets_ahead_and_orders_may_be_given_up() {
    let orders = 2 * HANDED_MAX;
    let shop = many(orders);
    let mut history = shop.journal();
    shop.ok(shop.expect("PO-1", "tea", "A", Expectation::Withdraw));
    history.push(shop.journal().remove(0));
    let shop = Shop::standing(recovered(&history));
    assert_eq!(shop.cell("tea", "A").overdue, Units(orders as u64));
    let new = shop.run_alone(Command::Place(order("new", &[("tea", 1)]))).result.unwrap_err();
    assert!(matches!(new, Reject::InsufficientStock { .. }), "{new}");
    shop.run_alone(cancel("1", CancelScope::Order)).result.unwrap();
    shop.run_alone(cancel(&(orders - 1).to_string(), CancelScope::Order)).result.unwrap();
    shop.engine.check().unwrap();
    shop.react();
    assert_eq!(shop.cell("tea", "A").overdue, Units(orders as u64 - 2));
    shop.engine.check().unwrap();
    shop.receive("tea", "A", orders as u64 - 2);
    let waiting = (0..orders).filter(|n| stages(&shop, &n.to_string())[0].is_ahead()).count();
    assert_eq!(waiting, 0);
    shop.engine.check().unwrap();
}

#[test]
fn between_two_steps_orders_may_be_given_up_and_the_rest_moves_up() {
    let shop = many(2 * HANDED_MAX);
    let mut history = shop.journal();
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 2 * HANDED_MAX as u64 - 2)], true));
    history.push(shop.journal().remove(0));
    let engine = recovered(&history);
    let run = |key: &str, command| {
        let request = Request { key: Some(code(key)), occurred: None, command };
        engine.execute(&request, &shop.actor(), shop.now).result.unwrap();
        engine.react(shop.now, usize::MAX);
    };
    // After the first command the goods are handed over, and all orders but two have theirs.
    run("c1", cancel("1", CancelScope::Order));
    run("c2", cancel("4", CancelScope::Order));
    let view = |number: usize| match engine.query(&Query::Order(web(&number.to_string())), shop.now).result.unwrap() {
        Reply::Order(order) => order.sub_orders[0].stage,
        other => panic!("{other:?}"),
    };
    let stages: BTreeSet<_> = (0..2 * HANDED_MAX).map(|n| (view(n), n)).collect();
    let waiting: Vec<usize> = stages.iter().filter(|(stage, _)| stage.is_ahead()).map(|(_, n)| *n).collect();
    assert_eq!(waiting, [2 * HANDED_MAX - 1], "the last one: one of those given up had its unit still to come");
    engine.check().unwrap();
}
