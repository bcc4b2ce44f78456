//! Requests at their bounds: refused in words or carried out, and never a halt.

mod support;

use stockade_core::command::*;
use stockade_core::ids::SubNo;
use stockade_core::limits::*;
use stockade_core::orders::OrderState;
use stockade_core::reject::Reject;
use stockade_core::time::{Day, Span, Time};
use stockade_core::units::Units;
use support::*;

/// Weights and prices as large as they can be written.
fn dear(w_money: &str, kg_step_g: &str) -> Shop {
    let price = "\"1000000000\"";
    let dear = format!("parcel = {price}\nunit = {price}\nfirst_kg = {price}\nfurther_kg = {price}");
    let world = WORLD.replace("parcel = \"5\"", &dear).replace("parcel = \"6\"", &dear);
    let world = world.replace("w_money = 1.0", &format!("w_money = {w_money}\nw_time = 1000000\nw_balance = 1000000"));
    let world = world.replace("kg_step_g = 1000", &format!("kg_step_g = {kg_step_g}"));
    let shop = Shop::with_world(&world.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n"));
    let spec = |n| SkuSpec { sku: code(&format!("s{n}")), weight_g: Some(u32::MAX), category: None };
    shop.ok(Command::DefineSkus(DefineSkus { skus: (0..ORDER_LINES_MAX).map(spec).collect() }));
    shop
}

fn lines(count: usize, units: u64) -> Vec<Line> {
    (0..count).map(|n| line(&format!("s{n}"), units)).collect()
}

#[test]
fn the_heaviest_and_dearest_orders_are_placed_paid_and_given_up() {
    for (w_money, kg_step_g) in [("1.0", "1000"), ("1000000", "0"), ("1000000", "1000")] {
        let shop = dear(w_money, kg_step_g);
        for count in [1, 2, 4, 5, 40, ORDER_LINES_MAX] {
            let receive = |warehouse, units| {
                let lines = lines(count, units);
                shop.ok(Command::Receive(Receive { warehouse: code(warehouse), pool: None, expected: None, lines }));
            };
            // Both warehouses have to send.
            receive("A", LINE_UNITS_MAX - 1);
            receive("B", 1);
            let number = count.to_string();
            let place = |number: &str| Place { lines: lines(count, LINE_UNITS_MAX), ..order(number, &[]) };
            let placed = shop.placed(place(&number));
            assert_eq!(placed.plan.sub_orders.len(), 2);
            assert!(matches!(shop.no(Command::Place(place("more"))), Reject::InsufficientStock { .. }));
            shop.changed(shop.pay(&number));
            shop.changed(shop.step(&number, 1, StepAction::Pick));
            shop.changed(shop.step(&number, 1, StepAction::Short(vec![line("s0", 0)])));
            let reply =
                shop.changed(Command::Cancel(Cancel { order: web(&number), scope: CancelScope::Order, reason: None }));
            assert_eq!(reply.present, OrderState::Cancelled);
            for (warehouse, units) in [("A", LINE_UNITS_MAX - 1), ("B", 1)] {
                let found = lines(count, 0);
                let count = Count { warehouse: code(warehouse), as_of: None, except: Vec::new(), lines: found };
                shop.ok(Command::Count(count));
                assert_eq!(shop.cell("s0", warehouse).on_hand.units(), 0, "{units} were there");
            }
        }
        shop.check();
    }
}

#[test]
fn more_units_than_an_order_has_are_not_given_up_and_the_refusal_says_how_many_could_be() {
    let shop = Shop::new();
    shop.skus(&["tea"]);
    shop.receive("tea", "A", 9);
    shop.placed(order("1", &[("tea", 3)]));
    for units in [4, LINE_UNITS_MAX, u64::MAX - 1, u64::MAX] {
        let scope = CancelScope::Units(line("tea", units));
        let refused = shop.no(Command::Cancel(Cancel { order: web("1"), scope, reason: None })).to_string();
        assert!(refused.contains("3 can still be cancelled"), "{units}: {refused}");
    }
    let scope = CancelScope::Units(line("tea", 3));
    shop.ok(Command::Cancel(Cancel { order: web("1"), scope, reason: None }));
    shop.check();
}

/// A SKU that is named on many lines comes in one movement, which carries no more than a movement may.
#[test]
fn one_receipt_brings_no_more_of_a_sku_than_a_movement_may_carry() {
    let shop = Shop::new();
    shop.skus(&["tea", "cup"]);
    let receive = |lines| Command::Receive(Receive { warehouse: code("A"), pool: None, expected: None, lines });
    let refused = shop.no(receive(vec![line("tea", MOVEMENT_UNITS_MAX), line("cup", 1), line("tea", 1)]));
    assert!(matches!(&refused, Reject::Invalid { field, .. } if field == "lines"), "{refused}");
    shop.ok(receive(vec![line("tea", MOVEMENT_UNITS_MAX - 1), line("cup", 1), line("tea", 1)]));
    assert_eq!(shop.cell("tea", "A").on_hand.units(), MOVEMENT_UNITS_MAX as i64);
    shop.check();
}

#[test]
fn numbers_at_their_ends_are_refused_or_taken_and_nothing_halts() {
    let mut shop = Shop::with_world(&WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n"));
    shop.skus(&["tea"]);
    shop.receive("tea", "A", 5);
    shop.placed(order("1", &[("tea", 2)]));
    let ends = [0, 1, MOVEMENT_UNITS_MAX, MOVEMENT_UNITS_MAX + 1, i64::MAX as u64, u64::MAX];
    let (warehouse, sku) = (|| code("A"), || code("tea"));
    let mut commands = Vec::new();
    for units in ends {
        let lines = || vec![line("tea", units)];
        let reference = format!("PO-{units}");
        commands.extend([
            Command::Receive(Receive { warehouse: warehouse(), pool: None, expected: None, lines: lines() }),
            Command::Count(Count { warehouse: warehouse(), as_of: None, except: Vec::new(), lines: lines() }),
            Command::Transfer(Transfer { from: warehouse(), to: code("B"), pool: None, lines: lines() }),
            Command::Arrive(Arrive { warehouse: code("B"), pool: None, lines: lines() }),
            Command::SetSafety(SetSafety { warehouse: warehouse(), sku: sku(), units: Units(units) }),
            shop.announce(&reference, "tea", "A", Day(u32::MAX), units),
            Command::Place(order(&format!("o{units}"), &[("tea", units)])),
            shop.expect(&reference, "tea", "A", Expectation::Change { day: Some(Day(0)), units: Some(Units(units)) }),
            shop.fulfil(&reference, "A", &[("tea", units)], false),
            shop.step("1", 1, StepAction::Return(lines())),
            shop.step("1", u16::MAX, StepAction::Short(lines())),
            shop.step("1", 0, StepAction::Pick),
            Command::Cancel(Cancel { order: web("1"), scope: CancelScope::Units(line("tea", units)), reason: None }),
            Command::Cancel(Cancel { order: web("1"), scope: CancelScope::Sub(SubNo(u16::MAX)), reason: None }),
            Command::ExtendHold(ExtendHold { order: web("1"), until: Time(units) }),
        ]);
    }
    for delta in [i64::MIN, -1, 0, 1, i64::MAX] {
        let reason = "seen".to_owned();
        commands.push(Command::Adjust(Adjust { warehouse: warehouse(), pool: None, sku: sku(), delta, reason }));
    }
    for as_of in [0, u64::MAX] {
        let (as_of, except) = (Some(stockade_core::ids::Seq(as_of)), vec![stockade_core::ids::Seq(as_of)]);
        let lines = vec![line("tea", 1)];
        commands.push(Command::Count(Count { warehouse: warehouse(), as_of, except, lines }));
    }
    for command in commands {
        let outcome = shop.run(command.clone());
        assert_eq!(shop.engine.log().halted(), None, "{command:?}: {outcome:?}");
        shop.engine.check().unwrap_or_else(|wrong| panic!("{command:?}: {wrong:?}"));
    }
    // At the end of time.
    shop.now = Time(u64::MAX - 1);
    shop.engine.expire_due(shop.now, 100);
    shop.react();
    let _ = shop.run(Command::Place(Place { hold: Some(Span(HOLD_TTL_MAX.0)), ..order("last", &[("tea", 1)]) }));
    assert_eq!(shop.engine.log().halted(), None);
    shop.check();
}
