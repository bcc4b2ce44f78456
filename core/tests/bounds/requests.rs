//! What comes from outside: lists, numbers, texts, days and times.

use crate::samples;
use crate::shop::*;
use crate::support::*;
use stockade_core::command::*;
use stockade_core::ids::*;
use stockade_core::limits::*;
use stockade_core::money::Money;
use stockade_core::query::*;
use stockade_core::reject::Reject;
use stockade_core::time::{Day, Span, Time};
use stockade_core::units::Units;

fn cancelled(reason: String) -> Command {
    Command::Cancel(Cancel { order: web("1"), scope: CancelScope::Order, reason: Some(reason) })
}

fn paid(micros: i64) -> Command {
    Command::Pay(Pay { amount: Some(Money(micros)), ..Pay::new(web("1")) })
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

fn back_to(lines: Vec<Line>) -> StepAction {
    StepAction::ReturnTo(ReturnTo { warehouse: code("B"), lines })
}

fn seen_at(lines: Vec<Inspected>) -> StepAction {
    StepAction::InspectAt(InspectAt { warehouse: code("B"), lines })
}

fn raised(units: u64) -> Command {
    Command::Raise(Raise { order: web("1"), line: line("tea", units) })
}

fn parted(lines: Vec<Line>) -> Command {
    Command::Split(Split { order: web("1"), sub: SubNo(1), lines })
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
        ("lines", step(back_to(many(named, 1))), step(back_to(many(named + 1, 1)))),
        ("lines[0]", step(back_to(one(1))), step(back_to(one(0)))),
        ("lines", step(seen_at(inspected(named, 1))), step(seen_at(inspected(named + 1, 1)))),
        ("lines[0]", step(seen_at(inspected(1, 1))), step(seen_at(inspected(1, 0)))),
        ("units", raised(1), raised(0)),
        ("units", raised(1), raised(u64::MAX)),
        ("units", raised(LINE_UNITS_MAX - 4), raised(LINE_UNITS_MAX - 3)),
        ("lines", parted(many(named, 1)), parted(many(named + 1, 1))),
        ("lines[0]", parted(one(1)), parted(one(0))),
        ("day", day(DAY_MAX), day(next_day)),
        ("day", again(DAY_MAX), again(Day(u32::MAX))),
        ("units", more(units), more(units + 1)),
        ("amount", paid(AMOUNT_MICROS_MAX), paid(AMOUNT_MICROS_MAX + 1)),
        ("amount", paid(0), paid(-1)),
        ("reason", cancelled(reason(REASON_BYTES_MAX)), cancelled(reason(REASON_BYTES_MAX + 1))),
    ]
}

#[test]
fn what_comes_from_outside_is_taken_at_its_bound_and_refused_one_past_it() {
    let shop = shop();
    shop.receive("tea", "A", 5);
    shop.ok(shop.announce("PO", "tea", "A", Day(21_000), 1));
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
fn a_time_outside_is_taken_as_far_as_clocks_differ_and_as_old_as_orders_may_be() {
    let shop = shop();
    assert_eq!((DAY_MAX.to_string(), TIME_MAX.to_string()), ("9999-12-31".into(), "9999-12-31T23:59:59.999Z".into()));
    let told = |key: &str, occurred| {
        let request =
            Request { key: Some(code(key)), occurred: Some(occurred), command: receive("A", vec![line("tea", 1)]) };
        shop.engine.execute(&request, &shop.actor(), shop.now).result
    };
    told("ahead", shop.now + SKEW).unwrap();
    told("old", shop.now - PAST_MAX).unwrap();
    for past in [shop.now + SKEW + Span(1), shop.now - PAST_MAX - Span(1), TIME_MAX, Time(TIME_MAX.0 + 1), Time::NEVER]
    {
        assert_eq!(field(&told("past", past).unwrap_err()), "occurred");
    }
    shop.engine.allow_skew(SKEW_MAX);
    told("further ahead", shop.now + SKEW_MAX).unwrap();
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

#[test]
fn a_command_without_a_key_is_told_so_whatever_else_is_wrong_with_it() {
    let shop = shop();
    let nameless = |command: &Command, occurred| {
        let request = Request { key: None, occurred, command: command.clone() };
        shop.engine.execute(&request, &shop.actor(), shop.now).result
    };
    let mut kinds: Vec<&str> = Vec::new();
    let past = at_and_past(&shop).into_iter().map(|(_, _, past)| past);
    for command in samples::commands().into_iter().map(|(_, command)| command).chain(past) {
        kinds.push(command.name());
        for occurred in [None, Some(Time::NEVER)] {
            let told = nameless(&command, occurred).err();
            let of_its_key = told.as_ref().is_some_and(|reject| field(reject) == "key");
            assert_eq!(of_its_key, command.needs_key(), "{}: {told:?}", command.name());
        }
    }
    assert!(Command::KINDS.iter().all(|kind| kinds.contains(&kind.name)), "every kind is among them: {kinds:?}");
}

/// A code that looks like another one, as a program may send it past the reader of texts.
fn hidden(text: &str) -> Code {
    let bytes = bincode::encode_to_vec(text, bincode::config::standard()).unwrap();
    bincode::decode_from_slice(&bytes, bincode::config::standard()).unwrap().0
}

#[test]
fn no_code_with_what_cannot_be_seen_comes_to_stay() {
    let shop = shop();
    let (zero_width, unseen) = ("te\u{200b}a", hidden("te\u{200b}a"));
    assert!(Code::new(zero_width).is_err());
    let spec = |sku: &Code, category| SkuSpec { sku: sku.clone(), weight_g: None, category };
    let define = |spec| Command::DefineSkus(DefineSkus { skus: vec![spec] });
    let place = |place| Command::Place(place);
    let announce = Expectation::Announce { day: Day(30_000), units: Units(1), pool: None };
    let expect = Expect { reference: unseen.clone(), sku: code("tea"), warehouse: code("A"), change: announce };
    let cases = [
        ("skus[0].sku", define(spec(&unseen, None))),
        ("skus[0].category", define(spec(&code("new"), Some(unseen.clone())))),
        ("number", place(Place { number: unseen.clone(), ..order("p", &[("tea", 1)]) })),
        ("customer", place(Place { customer: Some(unseen.clone()), ..order("p", &[("tea", 1)]) })),
        ("reference", Command::Expect(expect)),
        ("waybill", shop.step("1", 1, StepAction::Label(unseen.clone()))),
    ];
    for (field, command) in cases {
        let Reject::Invalid { field: named, reason } = shop.no(command) else { panic!("{field}: another refusal") };
        assert_eq!(named, field);
        assert!(reason.contains("U+200B ZERO WIDTH SPACE"), "{reason}");
    }
    let twin = WORLD.replacen("[[warehouse]]", "[[warehouse]]\ncode = \"A\u{200b}\"\n[[warehouse]]", 1);
    let Reject::Invalid { field, reason } = Shop::new().no(Command::ApplyWorld(ApplyWorld { text: twin })) else {
        panic!("no refusal of a code")
    };
    assert_eq!(field, "warehouse");
    assert!(reason.contains("U+200B"), "{reason}");
}
