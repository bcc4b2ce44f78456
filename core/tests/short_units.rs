//! Units that are promised and not there: what may still be sold, moved and corrected, and which orders miss goods.

mod support;

use stockade_core::command::*;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::units::Units;
use support::*;

/// `tea` at A, with so many units.
fn stocked(units: u64) -> Shop {
    let shop = Shop::new();
    shop.skus(&["tea"]);
    shop.receive("tea", "A", units);
    shop
}

fn counted(units: u64) -> Command {
    Command::Count(Count { warehouse: code("A"), as_of: None, except: vec![], lines: vec![line("tea", units)] })
}

fn adjusted(delta: i64) -> Command {
    let (sku, warehouse, reason) = (code("tea"), code("A"), "seen".to_owned());
    Command::Adjust(Adjust { sku, warehouse, pool: None, delta, reason })
}

fn cancelled(number: &str) -> Command {
    Command::Cancel(Cancel { order: web(number), scope: CancelScope::Order, reason: None })
}

fn paid(shop: &Shop, number: &str, units: u64) -> Placed {
    let placed = shop.placed(order(number, &[("tea", units)]));
    shop.ok(shop.pay(number));
    placed
}

/// On hand, free, short, and the orders that miss goods.
fn books(shop: &Shop) -> (i64, u64, u64, usize) {
    let cell = shop.cell("tea", "A");
    let free = cell.pools.iter().map(|pool| pool.available.0).sum();
    (cell.on_hand.units(), free, cell.short.0, cell.affected.len())
}

#[test]
fn a_loss_that_a_short_pick_booked_is_not_booked_again() {
    let shop = stocked(5);
    paid(&shop, "1", 5);
    shop.ok(shop.step("1", 1, StepAction::Pick));
    shop.ok(shop.step("1", 1, StepAction::Short(vec![line("tea", 3)])));
    assert_eq!(books(&shop), (3, 0, 0, 0), "the picker holds 3, and nothing else is there");
    assert!(matches!(shop.no(adjusted(-2)), Reject::NotEnoughUnits { available: Units(0), .. }));
    shop.ok(counted(3));
    assert_eq!(books(&shop), (3, 0, 0, 0));
    shop.receive("tea", "A", 10);
    assert_eq!((books(&shop), shop.available("web", "tea")), ((13, 10, 0, 0), 10));
    shop.check();
}

#[test]
fn a_short_pick_does_not_lose_again_what_a_count_missed() {
    let shop = stocked(5);
    paid(&shop, "1", 3);
    paid(&shop, "2", 2);
    shop.ok(counted(3));
    assert_eq!(books(&shop), (3, 0, 2, 1));
    shop.ok(shop.step("1", 1, StepAction::Pick));
    shop.ok(shop.step("1", 1, StepAction::Short(vec![line("tea", 2)])));
    assert_eq!(books(&shop), (3, 0, 1, 1), "one of the two missing ones is known by name now");
    shop.ok(shop.step("2", 1, StepAction::Pick));
    shop.ok(shop.step("2", 1, StepAction::Short(vec![line("tea", 1)])));
    assert_eq!(books(&shop), (3, 0, 0, 0));
    shop.ok(counted(3));
    assert_eq!(books(&shop), (3, 0, 0, 0));
    shop.check();
}

#[test]
fn what_is_received_makes_up_for_what_is_short_and_nobody_is_affected_any_more() {
    let shop = stocked(5);
    paid(&shop, "1", 3);
    shop.ok(counted(1));
    assert_eq!(books(&shop), (1, 0, 2, 1));
    shop.receive("tea", "A", 1);
    assert_eq!(books(&shop), (2, 0, 1, 1));
    shop.receive("tea", "A", 1);
    assert_eq!(books(&shop), (3, 0, 0, 0), "3 on hand, 3 promised");
    shop.check();
}

#[test]
fn units_that_a_cancelled_order_frees_are_for_sale_only_when_they_are_there() {
    let shop = stocked(5);
    shop.placed(order("1", &[("tea", 3)]));
    shop.ok(counted(1));
    shop.ok(cancelled("1"));
    assert_eq!((books(&shop), shop.available("web", "tea")), ((1, 1, 0, 0), 1));
    shop.placed(order("2", &[("tea", 1)]));
    shop.ok(counted(1));
    assert_eq!(books(&shop), (1, 0, 0, 0));
    shop.check();
}

#[test]
fn a_loss_that_a_count_booked_is_not_booked_again_below_zero() {
    let shop = stocked(3);
    shop.placed(order("1", &[("tea", 3)]));
    shop.ok(counted(0));
    shop.ok(cancelled("1"));
    assert_eq!(books(&shop), (0, 0, 0, 0));
    assert!(matches!(shop.no(adjusted(-3)), Reject::NotEnoughUnits { .. }));
    shop.receive("tea", "A", 4);
    assert_eq!((books(&shop), shop.available("web", "tea")), ((4, 4, 0, 0), 4));
    shop.check();
}

#[test]
fn books_that_go_below_zero_are_shown_below_zero_until_a_count_sets_them_right() {
    let shop = stocked(3);
    paid(&shop, "1", 3);
    shop.ok(counted(0));
    for action in [StepAction::Pick, StepAction::Pack, StepAction::Scan(None)] {
        shop.ok(shop.step("1", 1, action));
    }
    assert_eq!(books(&shop), (-3, 0, 3, 0), "3 left that the count did not see");
    shop.ok(counted(0));
    assert_eq!(books(&shop), (0, 0, 0, 0));
    shop.check();
}

/// Before the free units of a cell have made up for the short ones, no movement takes any of them away.
#[test]
fn nothing_that_is_missing_moves_between_pools_or_warehouses_or_is_written_off() {
    let shop = stocked(5);
    paid(&shop, "1", 4);
    shop.ok(counted(2));
    assert_eq!(books(&shop), (2, 0, 2, 1));
    let receive = Receive { warehouse: code("A"), pool: None, expected: None, lines: vec![line("tea", 3)] };
    shop.run_alone(Command::Receive(receive)).result.unwrap();
    assert_eq!(books(&shop), (5, 3, 2, 0), "due, and not done yet");
    let transfer = |units| Transfer { from: code("A"), to: code("B"), pool: None, lines: vec![line("tea", units)] };
    let (from, to) = (code("regular"), code("promo"));
    let move_pool = MovePool { sku: code("tea"), warehouse: code("A"), from, to, units: Units(2) };
    for command in [Command::Transfer(transfer(2)), Command::MovePool(move_pool), adjusted(-2)] {
        let refused = shop.run_alone(command).result.unwrap_err();
        assert!(matches!(refused, Reject::NotEnoughUnits { available: Units(1), .. }), "{refused}");
    }
    shop.run_alone(Command::Transfer(transfer(1))).result.unwrap();
    shop.react();
    assert_eq!(books(&shop), (4, 0, 0, 0));
    shop.check();
}

#[test]
fn free_units_of_all_pools_make_up_for_short_ones_regular_ones_first() {
    let shop = stocked(4);
    paid(&shop, "1", 4);
    shop.ok(counted(0));
    for (pool, units) in [("promo", 3), ("regular", 3)] {
        let lines = vec![line("tea", units)];
        let receive = Receive { warehouse: code("A"), pool: Some(code(pool)), expected: None, lines };
        shop.run_alone(Command::Receive(receive)).result.unwrap();
    }
    shop.react();
    let cell = shop.cell("tea", "A");
    let free: Vec<_> = cell.pools.iter().map(|pool| (pool.pool.as_str(), pool.available.0)).collect();
    assert_eq!((free, cell.short), (vec![("regular", 0), ("promo", 2)], Units(0)));
    shop.check();
}

#[test]
fn a_count_that_finds_everything_clears_every_mark() {
    let shop = stocked(6);
    paid(&shop, "1", 4);
    shop.ok(counted(1));
    assert_eq!(books(&shop), (1, 0, 3, 1));
    shop.ok(counted(6));
    assert_eq!((books(&shop), shop.available("web", "tea")), ((6, 2, 0, 0), 2));
    shop.check();
}

/// Whoever packed an order had its goods in hand: another one misses them.
#[test]
fn a_packed_order_is_not_said_to_miss_goods_while_others_can() {
    let shop = stocked(5);
    let first = paid(&shop, "1", 2);
    paid(&shop, "2", 2);
    for action in [StepAction::Pick, StepAction::Pack] {
        shop.ok(shop.step("2", 1, action));
    }
    shop.ok(counted(3));
    assert_eq!(shop.cell("tea", "A").affected, vec![first.order]);
    shop.ok(counted(0));
    assert_eq!(shop.cell("tea", "A").affected.len(), 2, "more is missing than the open ones claim");
    shop.check();
}
