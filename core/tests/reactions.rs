//! What a commit makes due for others: nobody's answer waits for it, it comes in bounded steps, and nothing loses it.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use stockade_core::command::*;
use stockade_core::engine::{Engine, Reacted};
use stockade_core::event::{Envelope, Event};
use stockade_core::ids::Seq;
use stockade_core::limits::{LOG_BACKLOG_BYTES, LOG_RESERVED_BYTES};
use stockade_core::log::{Admission, Room};
use stockade_core::orders::Stage;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::stock::HANDED_MAX;
use stockade_core::time::Day;
use stockade_core::units::Units;
use support::*;

/// The ordinary world, whose channel `web` sells presale; `live` does not.
fn shop() -> Shop {
    let shop = Shop::with_world(&WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n"));
    shop.skus(&["tea", "cup"]);
    shop
}

fn day(of_december: u32) -> Day {
    Day::from_date(2026, 12, of_december).unwrap()
}

/// Orders `1`, `2`, … wait for one unit of tea each out of `PO-1`.
fn waiting(orders: usize) -> Shop {
    let shop = shop();
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), orders as u64));
    (1..=orders).for_each(|n| drop(shop.placed(order(&n.to_string(), &[("tea", 1)]))));
    shop
}

fn stages(shop: &Shop, number: usize) -> Vec<Stage> {
    shop.order(&number.to_string()).sub_orders.iter().map(|sub| sub.stage).collect()
}

/// How many sub-orders each event handed goods to.
fn handed(events: &[(Seq, Envelope)]) -> Vec<usize> {
    let arrived = |event: &Event| match event {
        Event::InboundChanged(changed) => changed.arrived.len(),
        other => panic!("{other:?}"),
    };
    events.iter().map(|(_, envelope)| arrived(&envelope.event)).collect()
}

fn recovered(history: &[(Seq, Envelope)]) -> Engine {
    let engine = Engine::new();
    history.iter().for_each(|(seq, envelope)| engine.recover(*seq, envelope).unwrap());
    engine.log().resume(history.last().map_or(Seq(0), |(seq, _)| *seq), Default::default());
    engine
}

/// One parcel of two kilograms costs more than two of one, so an order for two units goes with both carriers.
#[test]
fn two_parcels_of_one_order_that_wait_at_the_same_warehouse_both_get_their_goods() {
    let mut world = WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n");
    world = world.replace("code = \"X\"\n", "code = \"X\"\n[[carrier]]\ncode = \"Y\"\n");
    for carrier in ["X", "Y"] {
        let rate =
            format!("carrier = \"{carrier}\"\nfrom = \"A\"\nto = \"near\"\nfirst_kg = \"1\"\nfurther_kg = \"50\"\n");
        world.push_str(&format!("[[rate]]\n{rate}"));
    }
    let shop = Shop::with_world(&world);
    let heavy = SkuSpec { sku: code("tea"), weight_g: Some(1_000), category: None };
    shop.ok(Command::DefineSkus(DefineSkus { skus: vec![heavy] }));
    shop.ok(shop.announce("PO-1", "tea", "A", day(1), 5));
    let placed = shop.placed(Place { zone: Some(code("near")), ..order("1", &[("tea", 2)]) });
    let parcels: Vec<_> = placed.plan.sub_orders.iter().map(|sub| sub.warehouse.as_str()).collect();
    assert_eq!(parcels, ["A", "A"], "{:?}", placed.plan);
    shop.ok(shop.fulfil("PO-1", "A", &[("tea", 5)], false));
    assert_eq!(stages(&shop, 1), [Stage::Held, Stage::Held]);
    shop.check();
}

#[test]
fn a_delivery_for_thousands_of_orders_is_answered_before_any_of_them_is_served() {
    const ORDERS: usize = 3_000;
    let shop = waiting(ORDERS);
    shop.ok(shop.announce("PO-2", "tea", "A", day(9), 1));
    shop.journal();
    let Reply::Moved(moved) = shop.run_alone(shop.fulfil("PO-1", "A", &[("tea", 3_000)], false)).result.unwrap() else {
        panic!()
    };
    assert_eq!((moved.units, moved.short), (Units(3_000), Units::ZERO));
    assert_eq!(handed(&shop.journal()), [0], "the goods are taken in, and that is all");
    assert!(shop.engine.has_reactions() && shop.engine.await_reaction(Duration::ZERO));
    let mut steps = 0;
    loop {
        let nth = |what: &str| format!("{what}-{steps}");
        assert_eq!(shop.available("live", "tea"), 0, "the goods are spoken for, after {steps} steps");
        let refused = shop.run_alone(Command::Place(order_by("live", &nth("l"), &[("tea", 1)]))).result.unwrap_err();
        assert!(matches!(refused, Reject::InsufficientStock { .. }), "{refused}");
        if steps == 1 {
            // A channel that sells presale gets what is yet to come, and nothing of what is here.
            let placed = shop.run_alone(Command::Place(order(&nth("w"), &[("tea", 1)]))).result.unwrap();
            let Reply::Placed(placed) = placed else { panic!() };
            assert_eq!(shop.order(&nth("w")).sub_orders[0].stage, Stage::Promised, "{placed:?}");
        }
        shop.engine.check().unwrap();
        shop.journal();
        let reacted = shop.engine.react(shop.now, 1);
        let events = handed(&shop.journal());
        assert!(events.len() == reacted.steps && events.iter().all(|orders| *orders <= HANDED_MAX), "{events:?}");
        if !reacted.more {
            break;
        }
        steps += 1;
    }
    assert_eq!(steps, ORDERS.div_ceil(HANDED_MAX), "and one look that finds nothing left");
    assert!((1..=ORDERS).all(|n| stages(&shop, n) == [Stage::Held]));
    assert_eq!(shop.engine.react(shop.now, 1), Reacted { steps: 0, more: false });
}

#[test]
fn a_restart_between_any_two_steps_finds_the_same_cells_due() {
    let shop = shop();
    let cells = [("tea", "A"), ("tea", "B"), ("cup", "A")];
    let units = HANDED_MAX + 40;
    for (at, (sku, warehouse)) in cells.into_iter().enumerate() {
        shop.ok(shop.announce("PO-1", sku, warehouse, day(1), units as u64));
        // The only receipt that is announced so far and not promised yet.
        (0..units).for_each(|n| drop(shop.placed(order(&format!("{at}-{n}"), &[(sku, 1)]))));
    }
    let mut history = shop.journal();
    for (sku, warehouse) in cells {
        shop.run_alone(shop.fulfil("PO-1", warehouse, &[(sku, units as u64 - 1)], false)).result.unwrap();
    }
    history.extend(shop.journal());
    let mut ends = Vec::new();
    loop {
        let engine = recovered(&history);
        engine.check().unwrap();
        assert_eq!(engine.digest(), shop.engine.digest());
        while engine.react(shop.now, 1).more {}
        ends.push(engine.digest());
        engine.check().unwrap();
        let more = shop.engine.react(shop.now, 1).more;
        history.extend(shop.journal());
        if !more {
            break;
        }
    }
    assert_eq!(ends.len(), 1 + 2 * cells.len(), "two steps a cell");
    // How many steps were done before the restart shows only in the numbers of the later ones.
    assert!(ends.iter().all(|end| *end == shop.engine.digest()), "{ends:x?}");
}

/// A command on a cell whose goods are being handed over takes a bounded share of that; with more to do it is refused for
/// now, and a retry under the same key goes through in the end.
#[test]
fn a_second_delivery_or_announcement_serves_a_share_and_is_refused_until_the_rest_is_served() {
    const SHARE: usize = 4;
    let orders = 3 * SHARE * HANDED_MAX;
    let more = |shop: &Shop| shop.fulfil("PO-2", "A", &[("tea", 5)], false);
    let announced = |shop: &Shop| shop.announce("PO-3", "tea", "A", day(9), 5);
    let withdrawn = |shop: &Shop| shop.expect("PO-2", "tea", "A", Expectation::Withdraw);
    let unexpected = |_: &Shop| {
        let lines = vec![line("cup", 2), line("tea", 5)];
        Command::Receive(Receive { warehouse: code("A"), pool: None, expected: None, lines })
    };
    let commands: [&dyn Fn(&Shop) -> Command; 4] = [&more, &announced, &withdrawn, &unexpected];
    let base = waiting(orders);
    base.ok(base.announce("PO-2", "tea", "A", day(2), 5));
    let mut history = base.journal();
    base.run_alone(base.fulfil("PO-1", "A", &[("tea", orders as u64)], false)).result.unwrap();
    history.extend(base.journal());
    for command in commands {
        let shop = Shop::standing(recovered(&history));
        let command = command(&shop);
        let mut refusals = 0;
        let reply = loop {
            match shop.run_alone_as("again", command.clone()).result {
                Ok(reply) => break reply,
                Err(Reject::Overloaded { retry_after }) => assert!(retry_after.0.0 > 0),
                Err(other) => panic!("{other}"),
            }
            refusals += 1;
            let steps = handed(&shop.journal());
            assert_eq!(steps, [HANDED_MAX; SHARE], "its share of the work, and no more");
            assert_eq!(shop.engine.log().halted(), None);
            shop.engine.check().unwrap();
        };
        assert_eq!(refusals, 2, "the third call does the last share: {reply:?}");
        assert_eq!(shop.journal().len(), SHARE + 1);
        assert!((1..=orders).step_by(97).all(|n| stages(&shop, n) == [Stage::Held]));
        shop.react();
        assert!(shop.journal().is_empty(), "nothing was left");
        let Reply::Moved(again) = shop.run_alone_as("again", command).result.unwrap() else { panic!() };
        assert!(again.replayed);
        shop.engine.check().unwrap();
    }
}

/// Takes all room there is, but for `left` bytes of the share that reactions may use.
fn fill(shop: &Shop, left: usize) -> Vec<Room<'_>> {
    let log = shop.engine.log();
    let mut rooms = Vec::new();
    loop {
        let free = LOG_BACKLOG_BYTES + LOG_RESERVED_BYTES - log.backlog_bytes();
        let Some(bytes) = free.checked_sub(left + 4).filter(|bytes| *bytes > 0) else { return rooms };
        rooms.push(log.reserve(bytes.min(8 << 20), Admission::Reserved).unwrap());
    }
}

#[test]
fn a_full_log_leaves_what_is_due_for_later_and_loses_nothing() {
    let orders = 5 * HANDED_MAX;
    let shop = waiting(orders);
    shop.journal();
    shop.run_alone(shop.fulfil("PO-1", "A", &[("tea", orders as u64)], false)).result.unwrap();
    let full = fill(&shop, 0);
    let before = (shop.engine.digest(), shop.engine.seq());
    for _ in 0..3 {
        assert_eq!(shop.engine.react(shop.now, usize::MAX), Reacted { steps: 0, more: true });
        shop.engine.check().unwrap();
    }
    assert_eq!((shop.engine.digest(), shop.engine.seq()), before);
    let refused = shop.run_alone(shop.fulfil("PO-1", "A", &[("tea", 1)], false)).result.unwrap_err();
    assert!(matches!(refused, Reject::Overloaded { .. }), "{refused}");
    drop(full);
    // Room for one or two steps, which the journal does not take.
    let tight = fill(&shop, 30_000);
    let reacted = shop.engine.react(shop.now, usize::MAX);
    assert!((1..5).contains(&reacted.steps) && reacted.more, "{reacted:?}");
    shop.engine.check().unwrap();
    drop(tight);
    while shop.engine.react(shop.now, 1).more {}
    assert!((1..=orders).all(|n| stages(&shop, n) == [Stage::Held]));
    shop.engine.check().unwrap();
}

/// One thread reacts; others bring goods, give orders up and place new ones. When all is quiet, nothing that is here is owed
/// to anybody.
#[test]
fn nothing_due_is_forgotten_while_several_threads_make_it_due() {
    const THREADS: usize = 3;
    const ROUNDS: usize = 150;
    let shop = shop();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reacting = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                if shop.engine.await_reaction(Duration::from_millis(1)) {
                    shop.engine.react(shop.now, 3);
                }
            }
        });
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let shop = &shop;
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let sku = ["tea", "cup"][(thread + round) % 2];
                        let reference = format!("PO-{thread}-{round}");
                        let number = |n: usize| format!("{thread}-{round}-{n}");
                        until(shop, shop.announce(&reference, sku, "A", day(1 + (round % 20) as u32), 4));
                        for n in 0..4 {
                            // Others may be faster: then there is nothing left to promise.
                            let _ = shop.run_alone(Command::Place(order(&number(n), &[(sku, 1)])));
                        }
                        let give_up = |n| Cancel { order: web(&number(n)), scope: CancelScope::Order, reason: None };
                        let _ = shop.run_alone(Command::Cancel(give_up(round % 4)));
                        match round % 3 {
                            0 => until(shop, shop.expect(&reference, sku, "A", Expectation::Withdraw)),
                            1 => until(shop, shop.fulfil(&reference, "A", &[(sku, 3)], false)),
                            _ => until(shop, shop.fulfil(&reference, "A", &[(sku, 5)], true)),
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        done.store(true, Ordering::Release);
        reacting.join().unwrap();
    });
    shop.engine.check().unwrap();
    shop.react();
    shop.check();
}

/// Sends a command until it is not refused for now.
fn until(shop: &Shop, command: Command) {
    loop {
        match shop.run_alone(command.clone()).result {
            Ok(_) => return,
            Err(Reject::Overloaded { .. }) => thread::yield_now(),
            // What it was to bring came in place of what others had announced.
            Err(Reject::Invalid { field, .. }) if field == "reference" => return,
            Err(other) => panic!("{command:?}: {other}"),
        }
    }
}
