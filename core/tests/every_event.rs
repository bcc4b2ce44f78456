//! Every kind of event, made by commands: applying the history event by event leads to the state of the engine that
//! decided it, after each of them.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::command::*;
use stockade_core::engine::Engine;
use stockade_core::event::{Envelope, Event};
use stockade_core::ids::{Code, RefundNo, Seq, SubNo};
use stockade_core::log::{decode_envelope, encode_envelope};
use stockade_core::orders::{OrderState, Stage};
use stockade_core::query::*;
use stockade_core::reply::*;
use stockade_core::time::{Day, Span, Time};
use stockade_core::units::Units;
use support::*;

/// Everything of an engine that can be seen from outside, and its digest.
#[derive(Clone, PartialEq, Debug)]
struct Picture {
    digest: u128,
    lists: Vec<OrdersPage>,
    orders: Vec<OrderView>,
    cells: Vec<CellView>,
    inbound: Vec<InboundCell>,
    refunds: Vec<RefundsPage>,
}

/// A shop, what happened in it, and how its engine stood after each event.
struct Life {
    shop: Shop,
    history: Vec<(Seq, Envelope)>,
    pictures: BTreeMap<Seq, Picture>,
}

impl Picture {
    fn of(engine: &Engine, now: Time) -> Picture {
        engine.check().unwrap();
        let ask = |query| engine.query(&query, now).result.unwrap();
        let page = |query: OrdersQuery| match ask(Query::Orders(OrdersQuery { limit: 1_000, ..query })) {
            Reply::Orders(page) => page,
            other => panic!("{other:?}"),
        };
        let lists: Vec<OrdersPage> = filters().into_iter().map(page).collect();
        let ids: BTreeSet<_> = lists.iter().flat_map(|list| list.orders.iter().map(|row| row.order)).collect();
        let view = |id| match ask(Query::Order(OrderRef::Id(id))) {
            Reply::Order(order) => *order,
            other => panic!("{other:?}"),
        };
        let orders = ids.into_iter().map(view).collect();
        let (skus, limit) = (Vec::new(), 100);
        let stock = StockQuery { skus: skus.clone(), warehouse: None, after: None, limit };
        let Reply::Stock(cells) = ask(Query::Stock(stock)) else { panic!() };
        let inbound = InboundQuery { skus, warehouse: None, reference: None, after: None, limit };
        let Reply::Inbound(inbound) = ask(Query::Inbound(inbound)) else { panic!() };
        let refunds = [false, true].map(|closed| {
            let Reply::Refunds(page) = ask(Query::Refunds(RefundsQuery { closed, limit: 100, ..Default::default() }))
            else {
                panic!()
            };
            page
        });
        Picture { digest: engine.digest(), lists, orders, cells, inbound, refunds: refunds.into() }
    }
}

/// All orders, and for every value of every filter those that it shows.
fn filters() -> Vec<OrdersQuery> {
    let all = OrdersQuery::default;
    let channels = ["web", "live"].map(|channel| OrdersQuery { channel: Some(code(channel)), ..all() });
    let warehouses = ["A", "B"].map(|warehouse| OrdersQuery { warehouse: Some(code(warehouse)), ..all() });
    let stages = Stage::ALL.map(|stage| OrdersQuery { stage: Some(stage), ..all() });
    let states = OrderState::ALL.map(|state| OrdersQuery { state: Some(state), ..all() });
    let customers = ["ann", "bob"].map(|customer| OrdersQuery { customer: Some(code(customer)), ..all() });
    [vec![all()], channels.into(), warehouses.into(), stages.into(), states.into(), customers.into()].concat()
}

impl Life {
    /// A world whose channel `web` sells presale, and two SKUs.
    fn begin() -> Life {
        let shop = Shop::with_world(&WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n"));
        let mut life = Life { shop, history: Vec::new(), pictures: BTreeMap::new() };
        life.look();
        let spec = |sku: &str| SkuSpec { sku: code(sku), weight_g: None, category: None };
        life.does(Command::DefineSkus(DefineSkus { skus: vec![spec("tea"), spec("cup"), spec("pen")] }));
        life
    }

    /// Takes down what happened since the last look, and how things stand.
    fn look(&mut self) {
        self.history.extend(self.shop.journal());
        let last = self.history.last().expect("something happened").0;
        self.pictures.insert(last, Picture::of(&self.shop.engine, self.shop.now));
    }

    /// Runs a command that must go through, then what it made due, step by step.
    #[track_caller]
    fn does(&mut self, command: Command) {
        if let Err(refused) = self.shop.run_alone(command.clone()).result {
            panic!("{command:?}: {refused}");
        }
        self.look();
        while self.shop.engine.has_reactions() {
            self.shop.engine.react(self.shop.now, 1);
            self.look();
        }
    }

    fn receives(&mut self, sku: &str, warehouse: &str, units: u64) {
        let lines = vec![line(sku, units)];
        self.does(Command::Receive(Receive { warehouse: code(warehouse), pool: None, expected: None, lines }));
    }

    fn expects(&mut self, reference: &str, change: Expectation) {
        self.does(self.shop.expect(reference, "tea", "A", change));
    }

    fn announces(&mut self, reference: &str, day: u32, units: u64) {
        self.expects(reference, Expectation::Announce { day: december(day), units: Units(units), pool: None });
    }

    #[track_caller]
    fn places(&mut self, number: &str, lines: &[(&str, u64)]) {
        let customer = Some(code(if number.len() > 1 { "ann" } else { "bob" }));
        self.does(Command::Place(Place { customer, ..order(number, lines) }));
    }

    #[track_caller]
    fn pays(&mut self, number: &str) {
        self.does(self.shop.pay(number));
    }

    #[track_caller]
    fn steps(&mut self, number: &str, actions: &[StepAction]) {
        actions.iter().for_each(|action| self.does(self.shop.step(number, 1, action.clone())));
    }

    fn cancels(&mut self, number: &str, scope: CancelScope) {
        self.does(Command::Cancel(Cancel { order: web(number), scope, reason: Some("changed their mind".into()) }));
    }

    /// The holds of all unpaid orders run out.
    fn lets_expire(&mut self) {
        self.shop.wait(Span::from_mins(31));
        while !self.shop.engine.expire_due(self.shop.now, 1).is_empty() {
            self.look();
        }
        while self.shop.engine.has_reactions() {
            self.shop.engine.react(self.shop.now, 1);
            self.look();
        }
    }

    /// An order with everything on hand, paid and delivered.
    fn delivers(&mut self, number: &str) {
        self.receives("tea", "A", 5);
        self.places(number, &[("tea", 3)]);
        self.pays(number);
        self.steps(number, &[StepAction::Pick, StepAction::Pack, StepAction::Scan(None), StepAction::Pickup]);
        self.steps(number, &[StepAction::Deliver]);
    }
}

fn december(day: u32) -> Day {
    Day::from_date(2026, 12, day).unwrap()
}

fn configures(life: &mut Life) {
    life.receives("tea", "A", 9);
    life.places("1", &[("tea", 2)]);
    life.does(Command::ApplyWorld(ApplyWorld {
        text: format!("{WORLD}\n[[warehouse]]\ncode = \"C\"\nzone = \"south\"\n"),
    }));
    life.does(Command::ApplyRules(ApplyRules { text: "[[ban]]\nwarehouse = \"A\"\n".to_owned(), expect: None }));
    life.receives("tea", "B", 9);
    life.places("2", &[("tea", 2)]);
    let spec = |sku: &str| SkuSpec { sku: code(sku), weight_g: Some(700), category: Some(code("hot")) };
    life.does(Command::DefineSkus(DefineSkus { skus: vec![spec("pot"), spec("tea")] }));
    life.places("3", &[("tea", 1)]);
}

fn moves_stock(life: &mut Life) {
    let sku = || code("tea");
    life.receives("tea", "A", 9);
    let adjust = |delta| Adjust { warehouse: code("A"), pool: None, sku: code("tea"), delta, reason: "seen".into() };
    life.does(Command::Adjust(adjust(-2)));
    life.does(Command::Adjust(adjust(1)));
    let (from, to, lines) = (code("A"), code("B"), vec![line("tea", 3)]);
    life.does(Command::Transfer(Transfer { from, to, pool: None, lines: lines.clone() }));
    life.does(Command::Arrive(Arrive { warehouse: code("B"), pool: None, lines }));
    let (from, to, units) = (code("regular"), code("promo"), Units(2));
    life.does(Command::MovePool(MovePool { warehouse: code("A"), sku: sku(), from, to, units }));
    life.does(Command::SetSafety(SetSafety { warehouse: code("A"), sku: sku(), units: Units(1) }));
    life.places("1", &[("tea", 2)]);
    let as_of = Some(life.shop.engine.seq());
    life.pays("1");
    life.steps("1", &[StepAction::Pick, StepAction::Pack, StepAction::Scan(None)]);
    let count =
        |as_of, units| Count { warehouse: code("A"), as_of, except: Vec::new(), lines: vec![line("tea", units)] };
    life.does(Command::Count(count(as_of, 4)));
    life.does(Command::Count(count(None, 0)));
    life.does(Command::Count(count(None, 7)));
    life.places("2", &[("tea", 7)]);
    life.does(Command::Count(count(None, 4)));
    life.receives("tea", "A", 2);
    life.cancels("2", CancelScope::Order);
    let loss = |loss, at: &str| BookLoss {
        warehouse: code(at),
        pool: None,
        loss,
        reason: "seen".into(),
        lines: vec![line("tea", 1)],
    };
    life.does(Command::BookLoss(loss(Loss::Damaged, "A")));
    life.does(Command::BookLoss(loss(Loss::Scrapped, "A")));
    let (from, to, lines) = (code("A"), code("B"), vec![line("tea", 3)]);
    life.does(Command::Transfer(Transfer { from: from.clone(), to: to.clone(), pool: None, lines }));
    life.does(Command::BookLoss(loss(Loss::LostInTransit, "B")));
    life.does(Command::BookLoss(loss(Loss::DamagedInTransit, "B")));
    life.does(Command::Recall(Recall { from, to, pool: None, lines: vec![line("tea", 1)] }));
    life.does(Command::CountShelf(CountShelf { warehouse: code("A"), lines: vec![line("tea", 1), line("cup", 2)] }));
}

fn pays_in_time_and_late(life: &mut Life) {
    life.receives("tea", "A", 4);
    life.places("1", &[("tea", 1)]);
    life.does(Command::ExtendHold(ExtendHold { order: web("1"), until: life.shop.now + Span::from_mins(90) }));
    life.places("2", &[("tea", 1)]);
    life.places("3", &[("tea", 2)]);
    life.pays("2");
    life.lets_expire();
    life.pays("3");
    life.receives("cup", "A", 1);
    life.places("4", &[("cup", 1)]);
    life.lets_expire();
    life.places("5", &[("cup", 1)]);
    life.pays("4");
    life.pays("1");
    // Twice, after cancellation, and for a number that no order has yet.
    let by = |number: &str, payment: &str| Command::Pay(Pay::by(web(number), code(payment)));
    let close = |number: &str, refund, reference: &str| {
        Command::CloseRefund(CloseRefund { order: web(number), refund: RefundNo(refund), reference: code(reference) })
    };
    life.receives("tea", "A", 9);
    life.places("6", &[("tea", 1)]);
    life.does(by("6", "R-1"));
    life.does(by("6", "R-2"));
    life.places("7", &[("tea", 1)]);
    life.cancels("7", CancelScope::Order);
    life.does(by("7", "R-3"));
    life.does(by("8", "R-4"));
    life.does(by("8", "R-5"));
    life.does(by("9", "R-6"));
    life.does(close("8", 2, "B-1"));
    life.places("8", &[("tea", 1)]);
    life.does(by("8", "R-4"));
    life.does(close("9", 1, "B-2"));
    life.does(close("6", 1, "B-3"));
    life.does(close("4", 1, "B-4"));
}

fn gives_up(life: &mut Life) {
    life.receives("tea", "A", 3);
    life.receives("tea", "B", 3);
    life.places("1", &[("tea", 6)]);
    life.cancels("1", CancelScope::Units(line("tea", 1)));
    life.cancels("1", CancelScope::Sub(SubNo(1)));
    life.pays("1");
    life.cancels("1", CancelScope::Order);
}

fn goes_all_the_way(life: &mut Life) {
    life.delivers("1");
    life.steps("1", &[StepAction::Return(vec![line("tea", 2)])]);
    let inspected = Inspected { sku: code("tea"), intact: Units(1), damaged: Units(1) };
    life.steps("1", &[StepAction::Inspect(vec![inspected]), StepAction::Confirm]);
    life.places("20", &[("tea", 1)]);
    life.pays("20");
    life.steps("20", &[StepAction::Pick, StepAction::Weigh(750), StepAction::Label(code("SF-1")), StepAction::Pack]);
}

fn comes_back(life: &mut Life) {
    life.receives("tea", "A", 6);
    for number in ["1", "2"] {
        life.places(number, &[("tea", 2)]);
        life.pays(number);
        life.steps(number, &[StepAction::Pick, StepAction::Pack, StepAction::Label(code("SF-1")), StepAction::Unpack]);
        life.steps(number, &[StepAction::Pack, StepAction::Scan(None), StepAction::Unscan, StepAction::Scan(None)]);
    }
    life.steps("1", &[StepAction::Undelivered, StepAction::Pickup, StepAction::Refused, StepAction::Return(vec![])]);
    life.steps("2", &[StepAction::Pickup, StepAction::Return(vec![line("tea", 1)]), StepAction::Lost]);
    life.does(Command::Reroute(Reroute { order: web("2") }));
}

fn comes_back_elsewhere(life: &mut Life) {
    life.delivers("1");
    let to = |units| StepAction::ReturnTo(ReturnTo { warehouse: code("B"), lines: vec![line("tea", units)] });
    life.steps("1", &[to(1), StepAction::Return(vec![line("tea", 1)]), StepAction::Confirm, to(1)]);
    let one = Inspected { sku: code("tea"), intact: Units(0), damaged: Units(1) };
    life.steps("1", &[StepAction::InspectAt(InspectAt { warehouse: code("B"), lines: vec![one] })]);
    life.steps("1", &[StepAction::Inspect(vec![])]);
}

fn changes_its_mind(life: &mut Life) {
    life.receives("tea", "A", 4);
    life.receives("tea", "B", 4);
    life.places("1", &[("tea", 3)]);
    let raise = |units| Command::Raise(Raise { order: web("1"), line: line("tea", units) });
    life.does(raise(3));
    life.does(raise(1));
    life.pays("1");
    let split = |units| Command::Split(Split { order: web("1"), sub: SubNo(1), lines: vec![line("tea", units)] });
    life.does(split(1));
    life.steps("1", &[StepAction::Pick, StepAction::Label(code("SF-1"))]);
    life.does(split(1));
    life.steps("1", &[StepAction::Pack, StepAction::Scan(None)]);
}

fn picks_short(life: &mut Life) {
    life.receives("tea", "A", 4);
    life.receives("tea", "B", 1);
    life.places("1", &[("tea", 3)]);
    life.pays("1");
    // One is served from elsewhere, then nothing is left, so a person has to look.
    life.steps("1", &[StepAction::Pick, StepAction::Short(vec![line("tea", 2)])]);
    life.steps("1", &[StepAction::Short(vec![line("tea", 0)])]);
    life.receives("tea", "B", 5);
    life.does(Command::Reroute(Reroute { order: web("1") }));
    // All of a parcel is missing, and all of it is elsewhere.
    life.receives("cup", "A", 2);
    life.receives("cup", "B", 2);
    life.places("2", &[("cup", 2)]);
    life.pays("2");
    life.steps("2", &[StepAction::Short(vec![line("cup", 0)])]);
    // Two parcels at most, of which one is lost and found again.
    life.receives("pen", "A", 3);
    life.does(Command::Place(Place { max_parcels: Some(2), ..order("3", &[("pen", 3)]) }));
    life.pays("3");
    life.steps("3", &[StepAction::Short(vec![line("pen", 2)])]);
    life.receives("pen", "B", 1);
    life.does(Command::Reroute(Reroute { order: web("3") }));
}

fn promises(life: &mut Life) {
    life.announces("PO-1", 1, 5);
    life.announces("PO-2", 9, 2);
    life.places("1", &[("tea", 2)]);
    life.places("20", &[("tea", 2)]);
    life.pays("1");
    life.expects("PO-1", Expectation::Change { day: Some(december(3)), units: Some(Units(3)) });
    life.expects("PO-2", Expectation::Withdraw);
    life.announces("PO-3", 10, 4);
    life.does(life.shop.fulfil("PO-1", "A", &[("tea", 2)], true));
    life.does(life.shop.fulfil("PO-1", "A", &[("tea", 1)], false));
    life.lets_expire();
    life.places("3", &[("tea", 1)]);
    // Its hold ran out, and what is on hand no longer serves all of it.
    life.pays("20");
    life.does(life.shop.fulfil("PO-3", "A", &[("tea", 3)], false));
}

/// What happens in a shop, and the kinds of events that must come of it.
type Case = (fn(&mut Life), &'static [&'static str]);

/// The lives of shops in which every kind of event happens.
const LIVES: &[Case] = &[
    (configures, &["world_applied", "rules_applied", "skus_defined"]),
    (moves_stock, &["stock_moved", "stock_counted", "safety_set", "shelf_counted"]),
    (
        pays_in_time_and_late,
        &[
            "order_placed",
            "order_paid",
            "order_paid_late",
            "refund_due",
            "order_expired",
            "hold_extended",
            "unplaced_paid",
            "refund_closed",
        ],
    ),
    (gives_up, &["order_cancelled", "sub_order_cancelled", "units_cancelled"]),
    (goes_all_the_way, &["sub_stepped", "return_received", "return_inspected"]),
    (comes_back, &[]),
    (comes_back_elsewhere, &["return_received_elsewhere", "return_inspected_elsewhere"]),
    (changes_its_mind, &["order_raised", "sub_order_split"]),
    (picks_short, &["pick_shorted", "review_routed", "parcel_shorted", "review_routed_within"]),
    (promises, &["order_promised", "order_promised_late", "inbound_changed"]),
];

#[test]
fn every_kind_of_event_has_a_life_of_a_shop_in_which_it_happens() {
    let named: Vec<&str> = LIVES.iter().flat_map(|(_, kinds)| kinds.iter().copied()).collect();
    for kind in Event::KINDS {
        assert!(named.contains(&kind.name), "no life of a shop comes to an event of kind {}: add one", kind.name);
    }
    assert_eq!(named.len(), Event::KINDS.len());
}

#[test]
fn every_kind_of_event_is_recovered_as_it_was_applied() {
    for (live, kinds) in LIVES {
        let mut life = Life::begin();
        live(&mut life);
        let Life { shop, history, pictures } = &life;
        for kind in *kinds {
            assert!(history.iter().any(|(_, e)| e.event.name() == *kind), "{kind} did not happen");
        }
        assert_eq!(pictures.len(), history.len(), "there is a picture after each event");
        let engine = Engine::new();
        for (seq, envelope) in history {
            engine.recover(*seq, &again(envelope)).unwrap();
            engine.log().resume(*seq, Default::default());
            let (now, then) = (Picture::of(&engine, shop.now), &pictures[seq]);
            assert_eq!(now.digest, then.digest, "after event {seq}, {}", envelope.event.name());
            assert_eq!(&now, then, "after event {seq}, {}", envelope.event.name());
        }
    }
}

/// An event that was written and read, checked to be written in the same bytes once more.
fn again(envelope: &Envelope) -> Envelope {
    let (mut bytes, mut twice) = (Vec::new(), Vec::new());
    encode_envelope(envelope, &mut bytes).unwrap();
    let read = decode_envelope(&bytes).unwrap();
    encode_envelope(&read, &mut twice).unwrap();
    assert_eq!(bytes, twice, "{envelope:?}");
    read
}

/// A repeat of any command is answered by the recovered engine as by the one that decided it.
#[test]
fn what_was_answered_under_a_key_is_answered_again_after_recovery() {
    let keyed = |shop: &Shop| -> Vec<(Code, Command)> {
        let receive = Receive { warehouse: code("A"), pool: None, expected: None, lines: vec![line("tea", 4)] };
        vec![
            (code("r"), Command::Receive(receive)),
            (code("o"), Command::Place(order("1", &[("tea", 2)]))),
            (code("p"), shop.pay("1")),
            (code("s"), shop.step("1", 1, StepAction::Pick)),
        ]
    };
    let shop = Shop::with_world(WORLD);
    shop.skus(&["tea"]);
    let first: Vec<_> = keyed(&shop).into_iter().map(|(key, c)| shop.run_as(key.as_str(), c).result.unwrap()).collect();
    let (history, engine) = (shop.journal(), Engine::new());
    history.iter().for_each(|(seq, envelope)| engine.recover(*seq, envelope).unwrap());
    engine.log().resume(history.last().unwrap().0, Default::default());
    let recovered = Shop::standing(engine);
    for ((key, command), first) in keyed(&shop).into_iter().zip(first) {
        let (here, there) = (shop.run_as(key.as_str(), command.clone()), recovered.run_as(key.as_str(), command));
        assert_eq!(here, there);
        assert_ne!(here.result.unwrap(), first, "it says that it is a repeat");
    }
}
