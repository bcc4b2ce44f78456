//! Goods that break, go missing on a lorry, come back from it, or are counted on their shelf.

mod support;

use stockade_core::command::*;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::units::{Balance, Units};
use support::*;

/// 10 `tea` at A.
fn stocked() -> Shop {
    let shop = Shop::new();
    shop.skus(&["tea"]);
    shop.receive("tea", "A", 10);
    shop
}

fn loss(warehouse: &str, loss: Loss, units: u64) -> Command {
    let (lines, reason) = (vec![line("tea", units)], "lorry burnt".to_owned());
    Command::BookLoss(BookLoss { warehouse: code(warehouse), pool: None, loss, reason, lines })
}

fn between(units: u64) -> (Command, Command) {
    let (from, to, pool, lines) = (code("A"), code("B"), None, vec![line("tea", units)]);
    let transfer = Transfer { from: from.clone(), to: to.clone(), pool: None, lines: lines.clone() };
    (Command::Transfer(transfer), Command::Recall(Recall { from, to, pool, lines }))
}

fn arrive(units: u64) -> Command {
    Command::Arrive(Arrive { warehouse: code("B"), pool: None, lines: vec![line("tea", units)] })
}

fn count_shelf(units: u64) -> Command {
    Command::CountShelf(CountShelf { warehouse: code("A"), lines: vec![line("tea", units)] })
}

/// On hand, damaged and in transit.
fn books(shop: &Shop, warehouse: &str) -> (i64, u64, u64) {
    let cell = shop.cell("tea", warehouse);
    (cell.on_hand.units(), cell.damaged.0, cell.in_transit.0)
}

fn moved(reply: Reply) -> u64 {
    let Reply::Moved(moved) = reply else { panic!("{reply:?}") };
    moved.units.0
}

#[test]
fn units_that_break_on_the_shelf_are_damaged_until_they_are_scrapped() {
    let shop = stocked();
    assert_eq!(moved(shop.ok(loss("A", Loss::Damaged, 3))), 3);
    assert_eq!((books(&shop, "A"), shop.available("web", "tea")), ((10, 3, 0), 7));
    assert!(matches!(shop.no(loss("A", Loss::Scrapped, 4)), Reject::NotEnoughUnits { available: Units(3), .. }));
    shop.ok(loss("A", Loss::Scrapped, 2));
    assert_eq!((books(&shop, "A"), shop.available("web", "tea")), ((8, 1, 0), 7));
    shop.check();
}

#[test]
fn units_that_are_promised_cannot_be_booked_as_damaged() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 8)]));
    assert!(matches!(shop.no(loss("A", Loss::Damaged, 3)), Reject::NotEnoughUnits { available: Units(2), .. }));
    shop.ok(loss("A", Loss::Damaged, 2));
    assert_eq!(shop.available("web", "tea"), 0);
    shop.check();
}

#[test]
fn a_transfer_that_never_arrives_is_written_off() {
    let shop = stocked();
    assert_eq!(moved(shop.ok(between(4).0)), 4, "a transfer of 4 says 4");
    assert!(matches!(shop.no(loss("B", Loss::LostInTransit, 5)), Reject::NotEnoughUnits { .. }));
    assert_eq!(moved(shop.ok(loss("B", Loss::LostInTransit, 4))), 4);
    assert_eq!((books(&shop, "A"), books(&shop, "B")), ((6, 0, 0), (0, 0, 0)));
    shop.check();
}

#[test]
fn a_transfer_arrives_short_and_partly_broken() {
    let shop = stocked();
    shop.ok(between(4).0);
    shop.ok(arrive(2));
    shop.ok(loss("B", Loss::DamagedInTransit, 1));
    shop.ok(loss("B", Loss::LostInTransit, 1));
    assert_eq!((books(&shop, "B"), shop.available("web", "tea")), ((3, 1, 0), 8));
    shop.check();
}

#[test]
fn a_transfer_is_taken_back_as_far_as_it_has_not_arrived() {
    let shop = stocked();
    shop.ok(between(4).0);
    shop.ok(arrive(1));
    assert!(matches!(shop.no(between(4).1), Reject::NotEnoughUnits { available: Units(3), .. }));
    assert_eq!(moved(shop.ok(between(3).1)), 3);
    assert_eq!((books(&shop, "A"), books(&shop, "B"), shop.available("web", "tea")), ((9, 0, 0), (1, 0, 0), 10));
    let (Command::Recall(recall), _) = (between(1).1, ()) else { panic!() };
    let same = Recall { from: code("B"), ..recall };
    assert!(matches!(shop.no(Command::Recall(same)), Reject::Invalid { field, .. } if field == "to"));
    shop.check();
}

/// Units that come back make up for short ones there first.
#[test]
fn units_that_are_taken_back_serve_what_was_short_where_they_left() {
    let shop = stocked();
    shop.ok(between(4).0);
    shop.placed(order("1", &[("tea", 6)]));
    shop.ok(count_shelf(4));
    assert_eq!(shop.cell("tea", "A").short, Units(2));
    shop.ok(between(3).1);
    assert_eq!((shop.cell("tea", "A").short, shop.available("web", "tea")), (Units(0), 1));
    shop.check();
}

#[test]
fn a_loss_that_is_of_no_pool_names_none() {
    let shop = stocked();
    let Command::BookLoss(scrap) = loss("A", Loss::Scrapped, 1) else { panic!() };
    let named = BookLoss { pool: Some(code("promo")), ..scrap };
    assert!(matches!(shop.no(Command::BookLoss(named)), Reject::Invalid { field, .. } if field == "pool"));
    shop.check();
}

/// Who counts a shelf sees neither the picker's trolley nor the damaged goods.
#[test]
fn a_count_of_the_shelf_leaves_what_is_picked_and_damaged_alone() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 3)]));
    shop.placed(order("2", &[("tea", 2)]));
    shop.ok(shop.pay("1"));
    shop.ok(shop.step("1", 1, StepAction::Pick));
    shop.ok(loss("A", Loss::Damaged, 1));
    assert_eq!(moved(shop.ok(count_shelf(6))), 0, "2 held and 4 free are on the shelf");
    shop.ok(count_shelf(5));
    let cell = shop.cell("tea", "A");
    assert_eq!((cell.on_hand.units(), cell.picked, cell.damaged), (9, Units(3), Units(1)));
    assert_eq!(shop.available("web", "tea"), 3);
    shop.ok(count_shelf(1));
    let cell = shop.cell("tea", "A");
    assert_eq!((cell.on_hand.units(), cell.short, cell.affected.len()), (5, Units(1), 1));
    shop.ok(count_shelf(2));
    assert_eq!((shop.cell("tea", "A").short, shop.available("web", "tea")), (Units(0), 0));
    shop.check();
}

/// What is short is owed to somebody. Damaged units are owed to nobody: those that a count misses are written off.
#[test]
fn damaged_units_that_a_count_no_longer_finds_take_nothing_from_the_next_receipt() {
    let shop = stocked();
    let on_hand = books(&shop, "A").0;
    shop.ok(loss("A", Loss::Damaged, 2));
    let lines = vec![line("tea", 0)];
    shop.ok(Command::Count(Count { warehouse: code("A"), as_of: None, except: vec![], lines }));
    let cell = shop.cell("tea", "A");
    assert_eq!((cell.damaged, cell.short, cell.on_hand), (Units(0), Units(0), Balance::of(0)), "of {on_hand}");
    assert!(matches!(shop.no(loss("A", Loss::Scrapped, 1)), Reject::NotEnoughUnits { .. }), "it is booked already");
    shop.receive("tea", "A", 10);
    assert_eq!((books(&shop, "A"), shop.available("web", "tea")), ((10, 0, 0), 10));
    shop.check();
}

#[test]
fn a_count_misses_promised_units_before_damaged_ones() {
    let shop = stocked();
    shop.ok(loss("A", Loss::Damaged, 2));
    shop.placed(order("1", &[("tea", 3)]));
    shop.ok(shop.pay("1"));
    for (found, short, damaged) in [(2, 3, 2), (1, 3, 1), (0, 3, 0), (4, 0, 0)] {
        let lines = vec![line("tea", found)];
        shop.ok(Command::Count(Count { warehouse: code("A"), as_of: None, except: vec![], lines }));
        let cell = shop.cell("tea", "A");
        assert_eq!(
            (cell.on_hand.units(), cell.short.0, cell.damaged.0),
            (found as i64, short, damaged),
            "{found} found"
        );
    }
    shop.check();
}
