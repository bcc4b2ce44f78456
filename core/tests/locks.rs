//! What is done while locks are held is little, whatever is asked: one caller does not stop the others.

mod support;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use stockade_core::command::*;
use stockade_core::decision::SubKind;
use stockade_core::engine::Engine;
use stockade_core::event::Event;
use stockade_core::ids::SubNo;
use stockade_core::limits::{APPLY_WORK, LOCKED_WORK_MAX, ORDER_LINES_MAX, PLAN_UNDER_LOCKS_WORK};
use stockade_core::orders::OrderState;
use stockade_core::query::*;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::time::{Day, Span};
use stockade_core::units::Units;
use support::*;

const WAREHOUSES: u64 = 24;

/// Numbers that look drawn by lot.
fn mixed(seed: u64, low: u64, high: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    low + (z ^ (z >> 31)) % (high - low + 1)
}

/// Warehouses with two carriers each, charged by steps of half a kilogram. Channel `web` sells presale, `live` does not and
/// draws from two pools.
fn world() -> String {
    let mut text = "kg_step_g = 500\ndefault_weight_g = 300\n[policy]\nw_money = 1.0\nw_time = 0.1\n\
                    [[channel]]\ncode = \"web\"\npresale = true\nhold_ttl = \"30m\"\n\
                    [[channel]]\ncode = \"live\"\npools = [\"promo\", \"regular\"]\n"
        .to_owned();
    for carrier in 0..2 {
        let _ = write!(text, "[[carrier]]\ncode = \"C{carrier}\"\n");
    }
    for warehouse in 0..WAREHOUSES {
        let _ = write!(text, "[[warehouse]]\ncode = \"W{warehouse}\"\n");
        for carrier in 0..2 {
            let draw = |what: u64, low, high| mixed(1_000 * warehouse + 100 * carrier + what, low, high);
            let _ = write!(
                text,
                "[[rate]]\ncarrier = \"C{carrier}\"\nfrom = \"W{warehouse}\"\nto = \"*\"\nparcel = \"{}\"\n\
                 first_kg = \"{}\"\nfurther_kg = \"{}\"\nhours = {}\n",
                draw(1, 1, 4),
                draw(2, 2, 8),
                draw(3, 1, 5),
                draw(4, 12, 96)
            );
        }
    }
    text
}

fn name(sku: u64) -> String {
    format!("S{sku}")
}

/// A shop with `skus` SKUs, each in about a third of the warehouses.
fn shop(skus: u64) -> Shop {
    let shop = Shop::with_world(&world());
    let spec = |sku| SkuSpec { sku: code(&name(sku)), weight_g: None, category: None };
    for first in (0..skus).step_by(1_000) {
        let some = first..skus.min(first + 1_000);
        shop.ok(Command::DefineSkus(DefineSkus { skus: some.map(spec).collect() }));
    }
    for warehouse in 0..WAREHOUSES {
        for pool in ["regular", "promo"] {
            let seed = |sku: u64| sku * 1_000 + warehouse * 2 + u64::from(pool == "promo");
            let units = |sku| mixed(seed(sku), 0, 9).saturating_sub(if pool == "promo" { 8 } else { 6 });
            let lines: Vec<Line> = (0..skus).filter(|s| units(*s) > 0).map(|s| line(&name(s), units(s))).collect();
            if lines.is_empty() {
                continue;
            }
            let (warehouse, pool) = (code(&format!("W{warehouse}")), Some(code(pool)));
            shop.ok(Command::Receive(Receive { warehouse, pool, expected: None, lines }));
        }
    }
    shop
}

fn wants(channel: &str, number: &str, skus: impl Iterator<Item = u64>, units: u64) -> Place {
    Place { lines: skus.map(|sku| line(&name(sku), units)).collect(), ..order_by(channel, number, &[]) }
}

fn quote(shop: &Shop, place: Place) -> Result<PlanView, Reject> {
    match shop.engine.query(&Query::Quote(Quote(place)), shop.now).result? {
        Reply::Quoted(plan) => Ok(*plan),
        other => panic!("{other:?}"),
    }
}

/// Units that an order may take so that none of its SKUs is short.
fn some(shop: &Shop, channel: &str, skus: u64) -> Vec<u64> {
    (0..skus).filter(|sku| shop.available(channel, &name(*sku)) > 0).collect()
}

#[test]
fn a_quote_of_two_thousand_lines_does_next_to_nothing_under_locks() {
    let most = ORDER_LINES_MAX as u64;
    let shop = shop(most + 200);
    let skus: Vec<u64> = some(&shop, "live", most + 200).into_iter().take(ORDER_LINES_MAX).collect();
    assert_eq!(skus.len(), ORDER_LINES_MAX);
    let plan = quote(&shop, wants("live", "q", skus.iter().copied(), 1)).unwrap();
    assert!(plan.sub_orders.len() > 1, "there is something to search for");
    assert!(shop.engine.locked_work() <= 2 * WAREHOUSES, "{} units of work", shop.engine.locked_work());
}

/// Places and cancels small orders of these SKUs while `work` is done, a few times; how many were placed during most of
/// them: hundreds when it stops nobody. Where it holds the locks of these SKUs, one order or two end while it lasts: one
/// that was under way, and one that came first afterwards.
fn others_go_on(shop: &Shop, skus: &[u64], work: impl Fn()) -> u64 {
    let (stop, placed) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for at in 0.. {
                if stop.load(Ordering::Acquire) {
                    break;
                }
                let (sku, number) = (name(skus[at % skus.len()]), format!("small-{at}"));
                let place = request("p", order_by("live", &number, &[(&sku, 1)]));
                shop.engine.execute(&place, &shop.actor(), shop.now).result.unwrap();
                placed.fetch_add(1, Ordering::AcqRel);
                let cancel = Cancel { order: by("live", &number), scope: CancelScope::Order, reason: None };
                let cancel = Request { key: Some(code("c")), occurred: None, command: Command::Cancel(cancel) };
                shop.engine.execute(&cancel, &shop.actor(), shop.now).result.unwrap();
            }
        });
        // Also when `work` panics.
        let _stop = Stop(&stop);
        let during = |_| {
            let before = placed.load(Ordering::Acquire);
            work();
            placed.load(Ordering::Acquire) - before
        };
        let mut rounds: Vec<u64> = (0..3).map(during).collect();
        rounds.sort_unstable();
        rounds[1]
    })
}

#[test]
fn others_go_on_while_a_large_quote_is_worked_out() {
    let shop = shop(40);
    let skus = some(&shop, "live", 40);
    let large = wants("live", "q", skus.iter().copied(), 1);
    assert!(others_go_on(&shop, &skus, || drop(quote(&shop, large.clone()))) >= 10);
}

#[test]
fn others_go_on_while_an_exact_quote_of_what_is_yet_to_come_is_worked_out() {
    let shop = shop(6);
    for (sku, warehouse) in (0..6).flat_map(|sku| (0..4).map(move |warehouse| (sku, warehouse))) {
        let (reference, warehouse) = (format!("PO-{sku}-{warehouse}"), format!("W{warehouse}"));
        shop.ok(shop.announce(&reference, &name(sku), &warehouse, Day::from_date(2027, 1, 5).unwrap(), 4));
    }
    let place = wants("web", "q", 0..6, shop.available("web", &name(0)) + 8);
    let exact = || match shop.engine.query(&Query::QuoteExact(QuoteExact(place.clone())), shop.now).result {
        Ok(Reply::Quoted(plan)) => assert!(plan.sub_orders.iter().any(|sub| sub.kind != SubKind::Regular)),
        other => panic!("{other:?}"),
    };
    exact();
    assert!(shop.engine.locked_work() <= 2 * WAREHOUSES, "{} units of work", shop.engine.locked_work());
    assert!(others_go_on(&shop, &some(&shop, "live", 6), exact) >= 10);
}

#[test]
fn others_go_on_while_a_large_order_is_tried_in_vain() {
    let shop = shop(40);
    let skus = some(&shop, "live", 40);
    let place = Place { max_parcels: Some(2), ..wants("live", "vain", skus.iter().copied(), 1) };
    let placed = others_go_on(&shop, &skus[..1], || {
        let refused = shop.engine.execute(&request("v", place.clone()), &shop.actor(), shop.now).result;
        assert!(matches!(refused, Err(Reject::Unroutable { .. } | Reject::Overloaded { .. })), "{refused:?}");
    });
    // It is planned several times.
    assert!(placed >= 100, "{placed}");
}

#[test]
fn a_large_order_that_is_refused_was_not_planned_under_locks() {
    let shop = shop(300);
    let skus = some(&shop, "live", 300);
    let lines = skus.len() as u64;
    let complete = Place { ship_complete: true, ..wants("live", "1", skus.iter().copied(), 1) };
    assert!(matches!(shop.no(Command::Place(complete)), Reject::Unroutable { .. }));
    let short = |reject| match reject {
        Reject::InsufficientStock { short } => short.len(),
        other => panic!("{other}"),
    };
    assert_eq!(short(shop.no(Command::Place(wants("live", "2", skus.iter().copied(), 900)))), skus.len());
    assert_eq!(short(shop.no(Command::Place(wants("web", "3", skus.iter().copied(), 900)))), skus.len());
    assert!(shop.engine.locked_work() <= lines + 2 * WAREHOUSES, "{} units of work", shop.engine.locked_work());
    shop.placed(wants("live", "2", skus.iter().copied(), 1));
    shop.check();
}

#[test]
fn a_large_order_of_what_is_yet_to_come_is_promised_what_it_was_quoted() {
    let shop = shop(60);
    for sku in 0..60 {
        let day = Day::from_date(2027, 1, 1 + (sku % 3) as u32).unwrap();
        shop.ok(shop.announce(&format!("PO-{sku}"), &name(sku), &format!("W{}", sku % WAREHOUSES), day, 80));
    }
    for round in 0..3 {
        let place = wants("web", &format!("n{round}"), 0..60, 20);
        let quoted = quote(&shop, place.clone()).unwrap();
        assert_eq!(shop.placed(place).plan, quoted);
    }
    assert!(shop.engine.locked_work() <= 60 * 60, "{} units of work", shop.engine.locked_work());
    shop.check();
}

#[test]
fn late_payments_reroutes_and_short_picks_of_large_orders_are_not_planned_under_locks() {
    let mut shop = shop(200);
    let skus = some(&shop, "live", 200);
    let lines = skus.len() as u64;
    let placed = shop.placed(wants("web", "late", skus.iter().copied().take(120), 1));
    assert!(placed.plan.sub_orders.len() > 1);
    shop.wait(Span::from_mins(31));
    shop.ok(shop.pay("late"));
    assert_eq!(shop.order("late").state, OrderState::Paid);

    // The first sub-order that is now to be packed lacks all its units.
    let view = shop.order("late");
    let (at, sub) = view
        .sub_orders
        .iter()
        .enumerate()
        .filter(|(_, sub)| sub.promised.lines.len() > 4 && sub.stage == stockade_core::orders::Stage::Allocated)
        .max_by_key(|(_, sub)| sub.promised.lines.len())
        .expect("a large part of it goes in one parcel");
    let found: Vec<Line> =
        sub.promised.lines.iter().map(|missing| Line { sku: missing.sku.clone(), units: Units(0) }).collect();
    let number = SubNo(at as u16 + 1);
    shop.ok(Command::Step(TakeStep { order: web("late"), sub: number, action: StepAction::Pick }));
    let shorted =
        shop.changed(Command::Step(TakeStep { order: web("late"), sub: number, action: StepAction::Short(found) }));
    let review = shop.order("late").review;
    if !review.is_empty() {
        for warehouse in 0..WAREHOUSES {
            let lines = review.iter().map(|(sku, units)| Line { sku: sku.clone(), units: *units }).collect();
            let warehouse = code(&format!("W{warehouse}"));
            shop.ok(Command::Receive(Receive { warehouse, pool: None, expected: None, lines }));
        }
        shop.ok(Command::Reroute(Reroute { order: web("late") }));
        assert!(shop.order("late").review.is_empty(), "{shorted:?}");
    }
    assert!(shop.engine.locked_work() <= 2 * lines + 2 * WAREHOUSES, "{} units of work", shop.engine.locked_work());
    shop.check();
}

#[test]
fn small_orders_get_what_they_are_quoted_and_little_work_is_done_for_them_under_locks() {
    let shop = shop(30);
    for sku in 0..30 {
        let day = Day::from_date(2027, 1, 1 + (sku % 3) as u32).unwrap();
        shop.ok(shop.announce(&format!("PO-{sku}"), &name(sku), &format!("W{}", sku % WAREHOUSES), day, 6));
    }
    for at in 0..400_u64 {
        let lines = mixed(at, 1, 7);
        let first = mixed(at + 1_000, 0, 29);
        let units = mixed(at + 2_000, 1, 4);
        let channel = if at % 2 == 0 { "web" } else { "live" };
        let place = Place {
            max_parcels: (at % 5 == 0).then_some(2),
            ship_complete: at % 7 == 0,
            ..wants(channel, &at.to_string(), (first..first + lines).map(|sku| sku % 30), units)
        };
        let quoted = quote(&shop, place.clone());
        let placed = shop.run(Command::Place(place)).result.map(|reply| match reply {
            Reply::Placed(placed) => placed.plan,
            other => panic!("{other:?}"),
        });
        assert_eq!(placed, quoted, "order {at}");
    }
    assert!(shop.engine.locked_work() <= LOCKED_WORK_MAX, "{} units of work", shop.engine.locked_work());
    shop.check();
}

#[test]
fn a_small_order_that_is_hard_to_plan_is_planned_without_locks() {
    let shop = shop(4);
    let place = wants("live", "1", 0..4, (0..4).map(|sku| shop.available("live", &name(sku))).min().unwrap() - 1);
    let quoted = quote(&shop, place.clone()).unwrap();
    assert!(quoted.sub_orders.len() > 4);
    assert_eq!(shop.placed(place).plan, quoted);
    let work = shop.engine.locked_work();
    assert!((PLAN_UNDER_LOCKS_WORK..=LOCKED_WORK_MAX).contains(&work), "{work} units of work");
    shop.check();
}

#[test]
fn orders_that_overtake_each_other_while_they_are_planned_neither_oversell_nor_break() {
    let shop = shop(12);
    for sku in 0..12 {
        shop.ok(shop.announce(&format!("PO-{sku}"), &name(sku), "W1", Day::from_date(2027, 1, 2).unwrap(), 40));
    }
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let shop = &shop;
            scope.spawn(move || {
                for at in 0..60_u64 {
                    let number = format!("{thread}-{at}");
                    let channel = if mixed(thread * 100 + at, 0, 2) == 0 { "live" } else { "web" };
                    let lines = if at % 3 == 0 { 2 } else { 12 };
                    let place = wants(channel, &number, 0..lines, mixed(thread * 1_000 + at, 1, 3));
                    match shop.engine.execute(&request(&number, place), &shop.actor(), shop.now).result {
                        Ok(_) if at % 4 != 0 => {
                            let order = by(channel, &number);
                            let cancel = Cancel { order, scope: CancelScope::Order, reason: None };
                            let command = Command::Cancel(cancel);
                            let request = Request { key: Some(code("cancel")), occurred: None, command };
                            shop.engine.execute(&request, &shop.actor(), shop.now).result.unwrap();
                        }
                        Ok(_) | Err(Reject::InsufficientStock { .. } | Reject::Unroutable { .. }) => {}
                        Err(Reject::Overloaded { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
    });
    assert!(shop.engine.log().halted().is_none());
    shop.react();
    shop.check();
}

/// Weights may change while a payment that came too late is planned anew. Its plan must weigh what its goods weigh when it
/// is committed, or the history does not explain itself.
#[test]
fn a_late_payment_is_planned_by_the_weights_that_hold_when_it_is_committed() {
    const ROUNDS: u64 = 16;
    let mut shop = shop(40);
    let skus: Vec<u64> = some(&shop, "live", 40).into_iter().take(20).collect();
    let all = |weight_g| {
        let spec = |sku: &u64| SkuSpec { sku: code(&name(*sku)), weight_g: Some(weight_g), category: None };
        Command::DefineSkus(DefineSkus { skus: skus.iter().map(spec).collect() })
    };
    for round in 0..ROUNDS {
        shop.placed(wants("live", &format!("n{round}"), skus.iter().copied(), 1));
        shop.wait(Span::from_mins(31));
        let (shop, order) = (&shop, by("live", &format!("n{round}")));
        thread::scope(|scope| {
            scope.spawn(move || {
                thread::sleep(std::time::Duration::from_micros(round * 400));
                shop.ok(all(300 + round as u32));
            });
            shop.ok(Command::Pay(Pay::new(order.clone())));
        });
        let cancel = Cancel { order, scope: CancelScope::Order, reason: None };
        shop.ok(Command::Cancel(cancel));
    }
    let (mut weight_g, mut paid) = (300, 0);
    for (seq, envelope) in shop.journal() {
        match envelope.event {
            Event::SkusDefined(e) => weight_g = e.skus[0].weight_g.map_or(300, u64::from),
            Event::OrderPaidLate(e) => {
                paid += 1;
                for sub in &e.decision.subs {
                    let units: u64 = sub.lines.iter().map(|line| line.units.0).sum();
                    assert_eq!(sub.weight_g, units * weight_g, "event {seq}");
                }
            }
            _ => {}
        }
    }
    assert_eq!(paid, ROUNDS);
    shop.engine.check().unwrap();
}

/// What a large event takes to apply counts as time under locks, too: an order's own, however well it was planned before.
#[test]
fn the_work_of_applying_two_thousand_lines_is_part_of_what_is_done_under_locks() {
    let most = ORDER_LINES_MAX as u64;
    let shop = shop(most + 200);
    let before = shop.engine.applied_work();
    let skus: Vec<u64> = some(&shop, "live", most + 200).into_iter().take(ORDER_LINES_MAX).collect();
    assert!(before < most * APPLY_WORK, "no delivery was as large");
    shop.placed(wants("live", "1", skus.iter().copied(), 1));
    let applied = shop.engine.applied_work();
    assert_eq!(applied, most * APPLY_WORK);
    shop.placed(wants("live", "2", skus[..1].iter().copied(), 1));
    assert_eq!(shop.engine.applied_work(), applied, "the most at once, not the sum");
    let cancel = Cancel { order: by("live", "1"), scope: CancelScope::Order, reason: None };
    shop.ok(Command::Cancel(cancel));
    assert_eq!(shop.engine.applied_work(), applied);
    let recovered = Engine::new();
    shop.journal().iter().for_each(|(seq, envelope)| recovered.recover(*seq, envelope).unwrap());
    assert_eq!(recovered.applied_work(), 0, "no one waits for a recovery");
}

/// So does a count that finds everything as it should be.
#[test]
fn the_work_of_a_count_that_corrects_nothing_is_counted() {
    let shop = Shop::new();
    let (cells, at_once) = (2_000, 500);
    let spec = |sku| SkuSpec { sku: code(&name(sku)), weight_g: None, category: None };
    for first in (0..cells).step_by(at_once) {
        let some = first..first + at_once as u64;
        shop.ok(Command::DefineSkus(DefineSkus { skus: some.map(spec).collect() }));
    }
    assert!(shop.engine.applied_work() < cells * APPLY_WORK);
    let lines = (0..cells).map(|sku| line(&name(sku), 0)).collect();
    shop.ok(Command::Count(Count { warehouse: code("A"), as_of: None, except: Vec::new(), lines }));
    assert!(shop.engine.applied_work() >= cells * APPLY_WORK, "{}", shop.engine.applied_work());
}

#[test]
fn an_engine_counts_no_work_under_locks_before_it_does_any() {
    assert_eq!((Engine::new().locked_work(), Engine::new().applied_work()), (0, 0));
}

/// Stops others when it is dropped.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn by(channel: &str, number: &str) -> OrderRef {
    OrderRef::Number { channel: code(channel), number: code(number) }
}

fn request(key: &str, place: Place) -> Request {
    Request { key: Some(code(key)), occurred: None, command: Command::Place(place) }
}
