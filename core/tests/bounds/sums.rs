//! What adds up in the state: units of cells, counters, changes, plans.

use crate::shop::*;
use crate::support::*;
use stockade_core::Actor;
use stockade_core::command::*;
use stockade_core::engine::Engine;
use stockade_core::event::*;
use stockade_core::ids::*;
use stockade_core::limits::*;
use stockade_core::query::*;
use stockade_core::stock::{Bucket, Move, Outside};
use stockade_core::time::{Day, Time};
use stockade_core::units::Units;

/// A cell that holds as many units as it may takes no more of them in any way, and lets everything else go on.
#[test]
fn sums_of_a_cell_are_bounded_before_anything_is_applied() {
    let shop = shop();
    shop.receive("tea", "B", 10);
    let shop = after(&shop, vec![moved(vec![tea(SUPPLIER, FREE, CELL_UNITS_MAX - 1)])]);
    let one = || vec![line("tea", 1)];
    shop.ok(receive("A", one()));
    let counted = shop.cell("tea", "A").on_hand.units().unsigned_abs();
    assert_eq!(counted, CELL_UNITS_MAX);
    let transfer = Command::Transfer(Transfer { from: code("B"), to: code("A"), pool: None, lines: one() });
    let full = [
        receive("A", one()),
        receive("A", vec![line("tea", MOVEMENT_UNITS_MAX)]),
        adjust(1, "found".into()),
        shop.announce("PO-1", "tea", "A", Day(21_000), 1),
        transfer,
    ];
    for command in full {
        let refused = shop.no(command);
        assert_eq!(field(&refused), "units", "{refused}");
        assert!(refused.to_string().contains("tea at A"), "{refused}");
    }
    shop.placed(order("1", &[("tea", 3)]));
    shop.changed(shop.pay("1"));
    shop.changed(shop.step("1", 1, StepAction::Pick));
    shop.ok(adjust(-5, "lost".into()));
    shop.ok(shop.announce("PO-1", "tea", "A", Day(21_000), 5));
    shop.no(shop.expect("PO-1", "tea", "A", Expectation::Change { day: None, units: Some(Units(6)) }));
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 5)], false));
    assert_eq!(shop.engine.log().halted(), None);
    shop.engine.check().unwrap();
}

/// Units of an unlimited warehouse come in with the order that takes them.
#[test]
fn an_unlimited_warehouse_holds_no_more_than_a_cell_may() {
    let shop = shop();
    let dropship = shop.journal();
    let shop = Shop::standing(Engine::new());
    for (seq, envelope) in &dropship {
        shop.engine.recover(*seq, envelope).unwrap();
    }
    let full = Move { warehouse: WarehouseId(2), ..tea(SUPPLIER, FREE, CELL_UNITS_MAX - 2) };
    let cause = Cause::Key { key: code("full"), digest: 0 };
    let event = moved(vec![full]);
    let envelope = Envelope { actor: Actor::Engine, arrived: START, occurred: None, cause, event };
    let last = dropship.last().unwrap().0.next();
    shop.engine.recover(last, &envelope).unwrap();
    shop.engine.log().resume(last, Default::default());
    let refused = shop.no(Command::Place(order("3", &[("tea", 3)])));
    assert_eq!(field(&refused), "units", "{refused}");
    shop.placed(order("2", &[("tea", 2)]));
    shop.engine.check().unwrap();
}

/// What came in and went out again counts for nothing, however much it was.
#[test]
fn units_that_came_and_went_never_fill_a_cell() {
    let shop = shop();
    let (lost, units) = (Bucket::Outside(Outside::WriteOff), u64::MAX - 5);
    let turn = || moved(vec![tea(SUPPLIER, FREE, units), tea(FREE, lost, units)]);
    let shop = after(&shop, vec![turn(), turn(), turn()]);
    shop.receive("tea", "A", MOVEMENT_UNITS_MAX);
    assert_eq!(shop.cell("tea", "A").on_hand.units(), MOVEMENT_UNITS_MAX as i64);
    shop.engine.check().unwrap();
}

/// A receipt of `tea` at `A`, announced by an event that no engine decided.
fn opened(receipt: u32, reference: String, units: u64, made: Vec<Promised>) -> Event {
    let opened = Opened { sku: SkuId(0), receipt: ReceiptNo(receipt), day: Day(21_009), pool: PoolId::REGULAR };
    Event::InboundChanged(Box::new(InboundChanged {
        reason: InboundReason::Announced,
        warehouse: WarehouseId(0),
        reference: Some(code(&reference)),
        units: Units(units),
        opened: Some(opened),
        dated: None,
        moves: vec![tea(SUPPLIER, Bucket::Inbound(ReceiptNo(receipt)), units)],
        made,
        arrived: Vec::new(),
    }))
}

#[test]
fn receipts_and_promises_of_a_cell_are_numbered_up_to_their_bounds() {
    let (shop, standing) = (shop(), shop());
    let many = (1..CELL_RECEIPTS_MAX as u32).map(|no| opened(no, format!("PO-{no}"), 1, Vec::new())).collect();
    let full = after(&shop, many);
    full.ok(full.announce("last", "tea", "A", Day(21_009), 1));
    let refused = full.no(full.announce("more", "tea", "A", Day(21_009), 1));
    assert!(refused.to_string().contains("expected already"), "{refused}");
    full.check_live();

    let used = after(&standing, vec![opened(CELL_RECEIPTS_EVER - 1, "PO".to_owned(), 1, Vec::new())]);
    used.ok(used.announce("last", "tea", "A", Day(21_009), 1));
    let refused = used.no(used.announce("more", "tea", "A", Day(21_009), 1));
    assert!(refused.to_string().contains("numbered"), "{refused}");
    used.check_live();
}

#[test]
fn versions_of_rules_are_numbered_up_to_their_bound() {
    let shop = shop();
    let text = WORLD.to_owned();
    let rules = "[policy]\nw_money = 1.0\n";
    let event = Event::RulesApplied(RulesApplied { text: rules.to_owned(), version: RulesVersion(RULES_EVER - 1) });
    let shop = after(&shop, vec![event]);
    let apply = || Command::ApplyRules(ApplyRules { text: rules.to_owned(), expect: None });
    shop.ok(apply());
    for command in [apply(), Command::ApplyWorld(ApplyWorld { text })] {
        assert_eq!(field(&shop.no(command)), "rules");
    }
    shop.check_live();
}

#[test]
fn an_order_is_changed_as_often_as_its_bound_says_and_no_more() {
    let shop = shop();
    shop.receive("tea", "A", 5);
    let placed = shop.placed(order("1", &[("tea", 2)]));
    let extended = |n: usize| {
        Event::HoldExtended(HoldExtended { order: placed.order, until: Time(placed.expires_at.0 + n as u64) })
    };
    let shop = after(&shop, (1..ORDER_CHANGES_MAX).map(extended).collect());
    shop.changed(shop.pay("1"));
    assert_eq!(field(&shop.no(shop.step("1", 1, StepAction::Pick))), "order");
    shop.check_live();
}

/// A large order over many places: refused before it is planned, let alone written.
#[test]
fn an_order_over_more_places_than_a_plan_may_look_at_is_refused() {
    const SITES: usize = PLAN_CELLS_MAX / ORDER_LINES_MAX + 1;
    let site = |n: usize| {
        format!(
            "[[warehouse]]\ncode = \"W{n}\"\n[[rate]]\ncarrier = \"X\"\nfrom = \"W{n}\"\nto = \"*\"\nparcel = \"6\"\nhours = 9\n"
        )
    };
    let sites: String = (0..SITES).map(site).collect();
    let shop = Shop::with_world(
        &WORLD.replace("[[channel]]\ncode = \"web\"\n", &format!("{sites}[[channel]]\ncode = \"web\"\n")),
    );
    shop.ok(specs(ORDER_LINES_MAX));
    let lines = |units| (0..ORDER_LINES_MAX).map(|n| line(&format!("d{n}"), units)).collect::<Vec<_>>();
    for n in 0..SITES {
        shop.ok(receive(&format!("W{n}"), lines(1)));
    }
    let everything = |number: &str| Place { lines: lines(SITES as u64), ..order(number, &[]) };
    let refused = shop.no(Command::Place(everything("1")));
    assert!(refused.to_string().contains("split the order"), "{refused}");
    let quoted = shop.engine.query(&Query::Quote(Quote(everything("1"))), shop.now).result.unwrap_err();
    assert_eq!(field(&quoted), "lines");
    shop.placed(order("2", &[("d0", SITES as u64)]));
    shop.check_live();
}

/// Units that are lost out of many pools take a movement for each.
#[test]
fn a_count_makes_as_many_movements_as_its_bound_says_and_no_more() {
    let pools: Vec<String> = (1..POOLS_MAX).map(|n| format!("p{n}")).collect();
    let granted = pools.iter().map(|pool| format!("\"{pool}\", ")).collect::<String>();
    let shop = Shop::with_world(&WORLD.replace("pools = [\"promo\", ", &format!("pools = [{granted}")));
    let most = COUNT_MOVES_MAX / pools.len();
    shop.ok(specs(most + 1));
    let lines = |count, units| (0..count).map(|n| line(&format!("d{n}"), units)).collect::<Vec<_>>();
    for pool in &pools {
        let (warehouse, pool) = (code("A"), Some(code(pool)));
        shop.ok(Command::Receive(Receive { warehouse, pool, expected: None, lines: lines(most + 1, 1) }));
    }
    assert_eq!(field(&shop.no(count(Vec::new(), lines(most + 1, 0)))), "lines");
    shop.ok(count(Vec::new(), lines(most, 0)));
    shop.check_live();
}

/// Promises are numbered in their cell; the last numbers are kept for those that change their receipt.
#[test]
fn promises_of_a_cell_are_made_and_moved_up_to_their_bounds() {
    // Nothing on hand, and no warehouse that always has enough.
    let world = WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n");
    let used = |ticket: u32| {
        let (ticket, receipt, order) = (Ticket(ticket), ReceiptNo(1), OrderId(1));
        let (sku, warehouse, pool, sub, units) = (SkuId(0), WarehouseId(0), PoolId::REGULAR, SubNo(1), Units(1));
        let made = Promised { sku, warehouse, ticket, rank: ticket, receipt, pool, order, sub, units };
        let shop = Shop::with_world(&world);
        shop.skus(&["tea"]);
        after(&shop, vec![opened(1, "PO".to_owned(), 9, vec![made])])
    };
    let shop = used(CELL_PROMISES_EVER - 1);
    shop.placed(order("last", &[("tea", 1)]));
    assert_eq!(field(&shop.no(Command::Place(order("more", &[("tea", 1)])))), "lines");
    let withdraw = |shop: &Shop| shop.expect("PO", "tea", "A", Expectation::Withdraw);
    shop.ok(withdraw(&shop));
    let shop = used(CELL_RECEIPTS_PROMISED_EVER);
    for command in [withdraw(&shop), shop.fulfil("PO", "A", &[("tea", 1)], true)] {
        assert_eq!(field(&shop.no(command)), "reference");
    }
    assert_eq!(shop.engine.log().halted(), None);
}
