//! What comes from outside: lists, numbers, texts, days and times.

use crate::shop::*;
use crate::support::*;
use stockade_core::command::*;
use stockade_core::ids::*;
use stockade_core::limits::*;
use stockade_core::query::*;
use stockade_core::time::{Day, Span, Time};
use stockade_core::units::Units;

fn cancelled(reason: String) -> Command {
    Command::Cancel(Cancel { order: web("1"), scope: CancelScope::Order, reason: Some(reason) })
}

/// Distinct SKUs, none of which is defined.
fn many(count: usize, units: u64) -> Vec<Line> {
    (0..count).map(|n| line(&format!("n{n}"), units)).collect()
}

fn place(units: u64, hold: Option<u64>) -> Command {
    Command::Place(Place { hold: hold.map(Span), ..order("p", &[("tea", units)]) })
}

fn inspected(count: usize, units: u64) -> Vec<Inspected> {
    let result = |n| Inspected { sku: code(&format!("n{n}")), intact: Units(units), damaged: Units::ZERO };
    (0..count).map(result).collect()
}

/// For each bound: the field, a command at the bound, and one past it.
fn at_and_past(shop: &Shop) -> Vec<(&'static str, Command, Command)> {
    let (file, reason) = (|bytes: usize| "#".repeat(bytes), |bytes: usize| "x".repeat(bytes));
    let world = |bytes| Command::ApplyWorld(ApplyWorld { text: file(bytes) });
    let rules = |bytes| Command::ApplyRules(ApplyRules { text: file(bytes), expect: None });
    let (one, events) = (|units| vec![line("tea", units)], |count| vec![Seq(1); count]);
    let (lines, units) = (COMMAND_LINES_MAX, MOVEMENT_UNITS_MAX);
    let transfer = |lines| Command::Transfer(Transfer { from: code("A"), to: code("B"), pool: None, lines });
    let arrive = |lines| Command::Arrive(Arrive { warehouse: code("A"), pool: None, lines });
    let recall = |lines| Command::Recall(Recall { from: code("A"), to: code("B"), pool: None, lines });
    let shelf = |lines| Command::CountShelf(CountShelf { warehouse: code("A"), lines });
    let loss = |reason, lines| {
        Command::BookLoss(BookLoss { warehouse: code("A"), pool: None, loss: Loss::Damaged, reason, lines })
    };
    let to = || code("promo");
    let pool = |units| {
        let (sku, warehouse, from) = (code("tea"), code("A"), code("regular"));
        Command::MovePool(MovePool { sku, warehouse, from, to: to(), units: Units(units) })
    };
    let safety = |units| Command::SetSafety(SetSafety { sku: code("tea"), warehouse: code("A"), units: Units(units) });
    let until = |until| Command::ExtendHold(ExtendHold { order: web("1"), until });
    let ordered = |count| Command::Place(Place { lines: many(count, 1), ..order("many", &[]) });
    let parcels = |most| Command::Place(Place { max_parcels: Some(most), ..order("p", &[("tea", 1)]) });
    let day = |day: Day| shop.announce(&format!("PO-{}", day.0), "tea", "A", day, 1);
    let again = |day: Day| shop.expect("PO", "tea", "A", Expectation::Change { day: Some(day), units: None });
    let more = |units| shop.expect("PO", "tea", "A", Expectation::Change { day: None, units: Some(Units(units)) });
    let step = |action| shop.step("1", 1, action);
    let (next_day, next_time) = (Day(DAY_MAX.0 + 1), Time(TIME_MAX.0 + 1));
    let named = ORDER_LINES_MAX;
    vec![
        ("world", world(RULES_BYTES_MAX), world(RULES_BYTES_MAX + 1)),
        ("rules", rules(RULES_BYTES_MAX), rules(RULES_BYTES_MAX + 1)),
        ("lines", specs(lines), specs(lines + 1)),
        ("lines", receive("A", many(lines, 1)), receive("A", many(lines + 1, 1))),
        ("lines", receive("A", one(1)), receive("A", Vec::new())),
        ("lines[0].units", receive("A", one(units)), receive("A", one(units + 1))),
        ("lines[0].units", receive("A", one(1)), receive("A", one(0))),
        ("reason", adjust(1, reason(REASON_BYTES_MAX)), adjust(1, reason(REASON_BYTES_MAX + 1))),
        ("delta", adjust(units as i64, "x".into()), adjust(units as i64 + 1, "x".into())),
        ("delta", adjust(-(units as i64), "x".into()), adjust(i64::MIN, "x".into())),
        ("lines", count(Vec::new(), many(lines, 1)), count(Vec::new(), many(lines + 1, 1))),
        ("except", count(events(COUNT_EXCEPT_MAX), one(1)), count(events(COUNT_EXCEPT_MAX + 1), one(1))),
        ("lines[0].units", count(Vec::new(), one(units)), count(Vec::new(), one(units + 1))),
        ("lines", transfer(many(lines, 1)), transfer(many(lines + 1, 1))),
        ("lines[0].units", transfer(one(units)), transfer(one(u64::MAX))),
        ("lines", arrive(many(lines, 1)), arrive(many(lines + 1, 1))),
        ("lines[0].units", arrive(one(units)), arrive(one(u64::MAX))),
        ("lines", recall(many(lines, 1)), recall(many(lines + 1, 1))),
        ("lines[0].units", recall(one(units)), recall(one(u64::MAX))),
        ("lines", shelf(many(lines, 1)), shelf(many(lines + 1, 1))),
        ("lines[0].units", shelf(one(units)), shelf(one(units + 1))),
        ("lines", loss("x".into(), many(lines, 1)), loss("x".into(), many(lines + 1, 1))),
        ("lines[0].units", loss("x".into(), one(units)), loss("x".into(), one(units + 1))),
        ("reason", loss(reason(REASON_BYTES_MAX), one(1)), loss(reason(REASON_BYTES_MAX + 1), one(1))),
        ("units", pool(units), pool(units + 1)),
        ("units", safety(units), safety(units + 1)),
        ("lines", ordered(named), ordered(named + 1)),
        ("lines[0].units", place(LINE_UNITS_MAX, None), place(LINE_UNITS_MAX + 1, None)),
        ("hold", place(1, Some(HOLD_TTL_MAX.0)), place(1, Some(HOLD_TTL_MAX.0 + 1))),
        ("hold", place(1, Some(1)), place(1, Some(0))),
        ("max_parcels", parcels(1), parcels(0)),
        ("until", until(START + HOLD_TTL_MAX), until(START + HOLD_TTL_MAX + Span(1))),
        ("until", specs(1), until(next_time)),
        ("found", step(StepAction::Short(many(named, 0))), step(StepAction::Short(many(named + 1, 0)))),
        ("lines", step(StepAction::Return(many(named, 1))), step(StepAction::Return(many(named + 1, 1)))),
        ("lines[0]", step(StepAction::Return(one(1))), step(StepAction::Return(one(0)))),
        ("lines", step(StepAction::Inspect(inspected(named, 1))), step(StepAction::Inspect(inspected(named + 1, 1)))),
        ("lines[0]", step(StepAction::Inspect(inspected(1, 1))), step(StepAction::Inspect(inspected(1, 0)))),
        ("day", day(DAY_MAX), day(next_day)),
        ("day", again(DAY_MAX), again(Day(u32::MAX))),
        ("units", more(units), more(units + 1)),
        ("reason", cancelled(reason(REASON_BYTES_MAX)), cancelled(reason(REASON_BYTES_MAX + 1))),
    ]
}

#[test]
fn what_comes_from_outside_is_taken_at_its_bound_and_refused_one_past_it() {
    let shop = shop();
    shop.receive("tea", "A", 5);
    shop.ok(shop.announce("PO", "tea", "A", Day(20_000), 1));
    shop.placed(order("1", &[("tea", 2)]));
    for (name, at, past) in at_and_past(&shop) {
        let kind = at.name();
        let refused = shop.no(past);
        assert_eq!(field(&refused), name, "{kind}: {refused}");
        if let Err(reject) = shop.run(at).result {
            assert_ne!(field(&reject), name, "{kind}: {reject}");
        }
        assert_eq!(shop.engine.log().halted(), None, "{kind}");
    }
    shop.check();
}

#[test]
fn a_time_outside_is_taken_up_to_the_last_that_can_be_named() {
    let shop = shop();
    assert_eq!((DAY_MAX.to_string(), TIME_MAX.to_string()), ("9999-12-31".into(), "9999-12-31T23:59:59.999Z".into()));
    let told = |key: &str, occurred| {
        let request =
            Request { key: Some(code(key)), occurred: Some(occurred), command: receive("A", vec![line("tea", 1)]) };
        shop.engine.execute(&request, &shop.actor(), shop.now).result
    };
    told("at", TIME_MAX).unwrap();
    for past in [Time(TIME_MAX.0 + 1), Time::NEVER] {
        assert_eq!(field(&told("past", past).unwrap_err()), "occurred");
    }
    shop.check();
}

#[test]
fn a_query_names_as_many_skus_as_its_bound_says_and_no_more() {
    let shop = shop();
    let ask = |query| shop.engine.query(&query, shop.now).result.unwrap_err();
    let codes = |count| vec![code("tea"); count];
    let (channel, warehouse, after, reference) = (code("web"), None, None, None);
    let past = COMMAND_LINES_MAX + 1;
    let (skus, limit) = (codes(past), 1);
    let stock = StockQuery { skus: skus.clone(), warehouse: warehouse.clone(), after: after.clone(), limit };
    let inbound = InboundQuery { skus: skus.clone(), warehouse, reference, after, limit };
    let available = |skus| Query::Availability(AvailabilityQuery { channel: channel.clone(), skus });
    for query in [Query::Stock(stock), Query::Inbound(inbound), available(skus), available(Vec::new())] {
        assert_eq!(field(&ask(query)), "skus");
    }
    let at = shop.engine.query(&available(codes(COMMAND_LINES_MAX)), shop.now);
    assert!(at.result.is_ok());
    let Command::Place(past) = place(LINE_UNITS_MAX + 1, None) else { unreachable!() };
    for query in [Query::Quote(Quote(past.clone())), Query::QuoteExact(QuoteExact(past))] {
        assert_eq!(field(&ask(query)), "lines[0].units");
    }
}
