//! What the engine says of its memory is what it asked of the allocator, and open orders and stock take little of it.

mod support;

use allocation_counter::measure;
use stockade_core::command::*;
use stockade_core::engine::Engine;
use stockade_core::heap::{Room, Rooms};
use stockade_core::ids::ChannelId;
use stockade_core::limits::KEY_SHARDS;
use stockade_core::orders::{KeyShard, OrderKey};
use stockade_core::query::Query;
use stockade_core::reply::{OrderView, Reply};
use stockade_core::time::Span;
use support::{Shop, code, line, web};

/// As many as an ordinary shop has of each SKU.
const SITES: usize = 8;
const SKUS: usize = 500;
/// Shards of orders that are filled, where all would take too many orders.
const FULL_SHARDS: usize = 32;
const CARRIERS: [&str; 2] = ["X", "Y"];

fn world() -> String {
    let mut text = "currency = \"CNY\"\nkg_step_g = 1000\n[policy]\nw_money = 1.0\n".to_owned();
    for site in 0..SITES {
        text += &format!("[[warehouse]]\ncode = \"W{site}\"\nzone = \"Z{site}\"\n");
    }
    for carrier in CARRIERS {
        text += &format!("[[carrier]]\ncode = \"{carrier}\"\n");
        for site in 0..SITES {
            text +=
                &format!("[[rate]]\ncarrier = \"{carrier}\"\nfrom = \"W{site}\"\nto = \"*\"\nparcel = {}\n", 5 + site);
        }
    }
    text + "[[channel]]\ncode = \"web\"\npools = [\"regular\"]\n"
}

fn sku(number: usize) -> String {
    format!("SKU-{:05}", number % SKUS)
}

/// A shop that sells every SKU from every site.
fn shop() -> Shop {
    let shop = Shop::with_world(&world());
    shop.skus(&(0..SKUS).map(sku).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>());
    for site in 0..SITES {
        let lines = (0..SKUS).map(|number| line(&sku(number), 1_000_000)).collect();
        let warehouse = code(&format!("W{site}"));
        shop.ok(Command::Receive(Receive { warehouse, pool: None, expected: None, lines }));
    }
    shop
}

/// An order of so many lines.
fn order(number: &str, at: usize, lines: usize) -> Place {
    let lines = (0..lines).map(|line_no| line(&sku(at * 7 + line_no), 1 + (at % 3) as u64)).collect();
    Place { zone: Some(code("Z3")), ..Place::new(code("web"), code(number), lines) }
}

fn view(shop: &Shop, number: &str) -> OrderView {
    match shop.engine.query(&Query::Order(web(number)), shop.now).result {
        Ok(Reply::Order(order)) => *order,
        other => panic!("{other:?}"),
    }
}

fn cancel(number: &str, reason: Option<String>) -> Command {
    Command::Cancel(Cancel { order: web(number), scope: CancelScope::Order, reason })
}

/// Takes a step with every parcel.
fn step(shop: &Shop, number: &str, action: &StepAction) {
    for sub in 1..=view(shop, number).sub_orders.len() {
        shop.ok(shop.step(number, u16::try_from(sub).unwrap(), action.clone()));
    }
}

/// One order of one of several shapes, at one of several ends.
fn live(shop: &Shop, at: usize) {
    let number =
        if at.is_multiple_of(5) { format!("a number longer than what lies inline {at}") } else { at.to_string() };
    let lines = [1, 3, 3, 3, 6, 40, 180][at % 7];
    let mut place = order(&number, at, lines);
    if at.is_multiple_of(4) {
        place.customer = Some(code(&format!("a customer whose name is long {}", at % 300)));
    }
    shop.placed(place);
    let payment = |reference: String| Command::Pay(Pay { payment: Some(code(&reference)), ..Pay::new(web(&number)) });
    match at % 6 {
        0 => {}
        1 => drop(shop.ok(shop.pay(&number))),
        2 => {
            shop.ok(payment(format!("a reference longer than what lies inline {at}")));
            shop.ok(payment(format!("once more {at}")));
        }
        3 => {
            shop.ok(shop.pay(&number));
            for action in [StepAction::Pick, StepAction::Pack, StepAction::Scan(None)] {
                step(shop, &number, &action);
            }
        }
        4 => drop(shop.ok(cancel(&number, None))),
        _ => {
            shop.ok(shop.pay(&number));
            shop.ok(cancel(&number, Some("the customer has changed their mind about it".to_owned())));
        }
    }
}

/// What rooms grew by, and what was asked of the allocator meanwhile.
fn growth(engine: &Engine, act: impl FnOnce()) -> (Rooms, Rooms, i64) {
    let before = engine.memory();
    let asked = measure(act).bytes_current;
    (before, engine.memory(), asked)
}

fn assert_near((before, after, asked): (Rooms, Rooms, i64), share: f64) {
    let grown = after.total() as f64 - before.total() as f64;
    let difference = grown / asked as f64 - 1.0;
    let rooms: Vec<_> = after.iter().map(|(room, bytes)| (room.name(), bytes - before.of(room).min(bytes))).collect();
    assert!(difference.abs() <= share, "rooms grew by {grown} bytes, {asked} were asked for: {rooms:?}");
}

#[test]
fn rooms_hold_what_was_asked_of_the_allocator() {
    let shop = shop();
    // What planning keeps for itself comes first.
    (0..200).for_each(|at| live(&shop, at));
    shop.journal();
    assert_near(growth(&shop.engine, || (200..6_000).for_each(|at| live(&shop, at))), 0.03);
    // What waits for the journal is a large part of that; now it is gone.
    shop.journal();
    let grown = growth(&shop.engine, || {
        (6_000..12_000).for_each(|at| live(&shop, at));
        shop.journal();
    });
    assert_near(grown, 0.03);
    assert_eq!(shop.engine.check(), Ok(()));
}

#[test]
fn stock_is_counted_as_it_is_defined_received_counted_and_expected() {
    let shop = Shop::with_world(&world());
    shop.skus(&["first"]);
    shop.receive("first", "W0", 5);
    shop.journal();
    let grown = growth(&shop.engine, || {
        shop.skus(&(0..SKUS).map(sku).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>());
        let long: Vec<String> = (0..SKUS).map(|at| format!("a SKU of which the code is long {at}")).collect();
        let spec = |sku: &String| SkuSpec { sku: code(sku), weight_g: None, category: Some(code(&sku[20..])) };
        shop.ok(Command::DefineSkus(DefineSkus { skus: long.iter().map(spec).collect() }));
        for (at, sku) in (0..SKUS).map(sku).chain(long.clone()).enumerate() {
            for site in 0..1 + at % SITES {
                shop.receive(&sku, &format!("W{site}"), 5);
            }
            if at.is_multiple_of(5) {
                shop.receive_into(&sku, "W0", "regular", 7);
                let reference = format!("a reference to the purchase order {at}");
                shop.ok(shop.announce(&reference, &sku, "W1", stockade_core::time::Day(30_000), 40));
            }
        }
        shop.journal();
    });
    assert_near(grown, 0.03);
    assert_eq!(shop.engine.check(), Ok(()));
}

#[test]
fn the_world_in_force_is_counted() {
    let shop = Shop::with_world(&world());
    let mut other = world();
    for zone in 0..300 {
        other += &format!("[[rate]]\ncarrier = \"X\"\nfrom = \"W1\"\nto = \"Zone {zone}\"\nparcel = 9\n");
        other += &format!("[[ceiling]]\ncarrier = \"Y\"\nzone = \"Zone {zone}\"\nabove = 9\n");
        other += &format!("[[prefer]]\nzone = \"Zone {zone}\"\nwarehouses = [\"W1\", \"W2\"]\n");
        other += &format!("[[ban]]\nzone = \"Zone {zone}\"\nwarehouse = \"W3\"\n");
    }
    let command = Command::ApplyWorld(ApplyWorld { text: other });
    // What this thread keeps to write events into comes first.
    Shop::with_world(&world()).ok(command.clone());
    let grown = growth(&shop.engine, || {
        shop.ok(command.clone());
        shop.journal();
    });
    assert_near(grown, 0.03);
}

/// Numbers that fall into a few shards only, so that these are as full as those of millions of orders.
fn numbers() -> impl Iterator<Item = String> {
    let is_near = |number: &String| {
        let key = OrderKey { channel: ChannelId(0), number: code(number) };
        KeyShard::of_order(&key).is_multiple_of(KEY_SHARDS / FULL_SHARDS)
    };
    (0..).map(|at| format!("2026-{at}")).filter(is_near)
}

/// Tables double: how much of them is free depends on when one looks. So it is looked at all sizes between two doublings.
#[test]
fn an_open_order_of_three_lines_takes_at_most_250_bytes() {
    let shop = shop();
    let rooms = [Room::Orders, Room::OrderIndex, Room::Timers, Room::Lists];
    let taken = |shop: &Shop| rooms.map(|room| shop.engine.memory().of(room) as f64);
    let empty = taken(&shop);
    let (mut looks, mut sums) = (0.0, [0.0; 4]);
    for (at, number) in (1..=FULL_SHARDS * 512).zip(numbers()) {
        shop.placed(order(&number, at, 3));
        if at.is_multiple_of(FULL_SHARDS * 16) {
            shop.journal();
            if at >= FULL_SHARDS * 256 {
                looks += 1.0;
                let now = taken(&shop);
                sums.iter_mut().zip(now).zip(empty).for_each(|((sum, now), empty)| *sum += (now - empty) / at as f64);
            }
        }
    }
    let bytes = sums.map(|sum| (sum / looks).round());
    println!("{rooms:?} take {bytes:?}");
    assert!(bytes.iter().sum::<f64>() <= 250.0, "{rooms:?} take {bytes:?}");
}

#[test]
fn a_stock_cell_that_only_received_and_holds_takes_at_most_96_bytes() {
    let mut shop = shop();
    let cell = |shop: &Shop| shop.engine.memory().of(Room::StockCells) as f64 / (SKUS * SITES) as f64;
    assert!(cell(&shop) <= 96.0, "{} once received", cell(&shop));
    for at in 0..2_000 {
        shop.placed(order(&at.to_string(), at, 3));
    }
    assert!(cell(&shop) <= 96.0, "{} while orders are held", cell(&shop));
    for at in 0..500 {
        shop.ok(cancel(&at.to_string(), None));
    }
    shop.wait(Span::from_mins(31));
    shop.engine.expire_due(shop.now, usize::MAX);
    assert!(cell(&shop) <= 96.0, "{} after they were cancelled and expired", cell(&shop));
    shop.check();
}
