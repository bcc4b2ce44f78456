//! A small world and a driver for scenario tests.

#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::atomic::{AtomicU64, Ordering};

use stockade_core::Actor;
use stockade_core::command::*;
use stockade_core::engine::{Engine, Outcome};
use stockade_core::event::Envelope;
use stockade_core::ids::{Code, Seq, SubNo};
use stockade_core::log::Batch;
use stockade_core::log::decode_envelope;
use stockade_core::query::*;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::time::{Day, Span, Time};
use stockade_core::units::Units;

/// Two warehouses, a drop-shipper nobody uses, two carriers, three channels.
pub const WORLD: &str = r#"
currency = "CNY"
default_weight_g = 500
kg_step_g = 1000
[[warehouse]]
code = "A"
zone = "east"
[[warehouse]]
code = "B"
zone = "west"
[[carrier]]
code = "X"
[[rate]]
carrier = "X"
from = "A"
to = "*"
parcel = "5"
hours = 24
[[rate]]
carrier = "X"
from = "B"
to = "*"
parcel = "6"
hours = 48
[[channel]]
code = "web"
pools = ["regular"]
[[channel]]
code = "live"
pools = ["promo", "regular"]
hold_ttl = "5m"
[policy]
w_money = 1.0
"#;

/// 2026-11-18, eleven in the morning.
pub const START: Time = Time(1_795_000_000_000_000);

pub fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

pub struct Shop {
    pub engine: Engine,
    pub now: Time,
    keys: AtomicU64,
}

impl Shop {
    pub fn new() -> Shop {
        Shop::with_world(WORLD)
    }

    pub fn with_world(world: &str) -> Shop {
        Shop::run_by(Engine::new(), world)
    }

    /// A shop over an engine as it stands. Its keys are others than those of the shop that made its history.
    pub fn standing(engine: Engine) -> Shop {
        let keys = AtomicU64::new(engine.seq().0 << 32);
        Shop { engine, now: START, keys }
    }

    pub fn run_by(engine: Engine, world: &str) -> Shop {
        let shop = Shop::standing(engine);
        shop.ok(Command::ApplyWorld(ApplyWorld { text: world.to_owned() }));
        shop
    }

    pub fn actor(&self) -> Actor {
        Actor::Named(code("tester"))
    }

    pub fn run(&self, command: Command) -> Outcome {
        let key = format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed));
        self.run_as(&key, command)
    }

    pub fn run_as(&self, key: &str, command: Command) -> Outcome {
        let outcome = self.run_alone_as(key, command);
        self.react();
        outcome
    }

    /// Runs a command and leaves due what it makes due.
    pub fn run_alone(&self, command: Command) -> Outcome {
        let key = format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed));
        self.run_alone_as(&key, command)
    }

    pub fn run_alone_as(&self, key: &str, command: Command) -> Outcome {
        let request = Request { key: Some(code(key)), occurred: None, command };
        self.engine.execute(&request, &self.actor(), self.now)
    }

    /// Lets everything happen that is due because of what happened.
    pub fn react(&self) {
        assert!(!self.engine.react(self.now, usize::MAX).more);
    }

    #[track_caller]
    pub fn ok(&self, command: Command) -> Reply {
        let outcome = self.run(command.clone());
        outcome.result.unwrap_or_else(|reject| panic!("{command:?} was refused: {reject}"))
    }

    #[track_caller]
    pub fn no(&self, command: Command) -> Reject {
        let before = self.engine.seq();
        let reject = self.run(command.clone()).result.expect_err("should be refused");
        assert_eq!(before, self.engine.seq(), "a refused command leaves no event: {command:?}");
        reject
    }

    pub fn skus(&self, codes: &[&str]) {
        let skus = codes.iter().map(|c| SkuSpec { sku: code(c), weight_g: None, category: None }).collect();
        self.ok(Command::DefineSkus(DefineSkus { skus }));
    }

    pub fn receive(&self, sku: &str, warehouse: &str, units: u64) {
        self.receive_into(sku, warehouse, "regular", units);
    }

    pub fn receive_into(&self, sku: &str, warehouse: &str, pool: &str, units: u64) {
        self.ok(Command::Receive(Receive {
            warehouse: code(warehouse),
            pool: Some(code(pool)),
            expected: None,
            lines: vec![line(sku, units)],
        }));
    }

    pub fn expect(&self, reference: &str, sku: &str, warehouse: &str, change: Expectation) -> Command {
        Command::Expect(Expect { reference: code(reference), sku: code(sku), warehouse: code(warehouse), change })
    }

    pub fn announce(&self, reference: &str, sku: &str, warehouse: &str, day: Day, units: u64) -> Command {
        self.expect(reference, sku, warehouse, Expectation::Announce { day, units: Units(units), pool: None })
    }

    /// Goods of an expected receipt arrive; `more` of it may still come.
    pub fn fulfil(&self, reference: &str, warehouse: &str, lines: &[(&str, u64)], more: bool) -> Command {
        Command::Receive(Receive {
            warehouse: code(warehouse),
            pool: None,
            expected: Some(Fulfils { reference: code(reference), more }),
            lines: lines.iter().map(|(sku, units)| line(sku, *units)).collect(),
        })
    }

    #[track_caller]
    pub fn placed(&self, place: Place) -> Placed {
        match self.ok(Command::Place(place)) {
            Reply::Placed(placed) => *placed,
            other => panic!("{other:?}"),
        }
    }

    pub fn pay(&self, number: &str) -> Command {
        Command::Pay(Pay::new(web(number)))
    }

    pub fn step(&self, number: &str, sub: u16, action: StepAction) -> Command {
        Command::Step(TakeStep { order: web(number), sub: SubNo(sub), action })
    }

    #[track_caller]
    pub fn changed(&self, command: Command) -> Changed {
        match self.ok(command) {
            Reply::Changed(changed) => *changed,
            other => panic!("{other:?}"),
        }
    }

    pub fn order(&self, number: &str) -> OrderView {
        match self.engine.query(&Query::Order(web(number)), self.now).result.unwrap() {
            Reply::Order(order) => *order,
            other => panic!("{other:?}"),
        }
    }

    pub fn cell(&self, sku: &str, warehouse: &str) -> CellView {
        let query = StockQuery { skus: vec![code(sku)], warehouse: Some(code(warehouse)), after: None, limit: 10 };
        match self.engine.query(&Query::Stock(query), self.now).result.unwrap() {
            Reply::Stock(mut cells) => cells.pop().expect("the SKU has a cell there"),
            other => panic!("{other:?}"),
        }
    }

    pub fn available(&self, channel: &str, sku: &str) -> u64 {
        let query = AvailabilityQuery { channel: code(channel), skus: vec![code(sku)] };
        match self.engine.query(&Query::Availability(query), self.now).result.unwrap() {
            Reply::Availability(answers) => answers[0].units.0,
            other => panic!("{other:?}"),
        }
    }

    /// Every event so far, drained from the log as a journal would.
    pub fn journal(&self) -> Vec<(Seq, Envelope)> {
        let mut events = Vec::new();
        while let Some(batch) = self.engine.log().next_batch(std::time::Duration::ZERO) {
            let decoded = Batch::decode(&batch.bytes).unwrap();
            events.extend(decoded.events().map(|(seq, bytes)| (seq, decode_envelope(bytes).unwrap())));
            self.engine.log().journaled(batch.last);
        }
        events
    }

    /// Checks every invariant, and that a recovered engine is the same.
    #[track_caller]
    pub fn check(&self) {
        self.engine.check().unwrap();
        let recovered = Engine::new();
        for (seq, envelope) in self.journal() {
            recovered.recover(seq, &envelope).unwrap();
        }
        recovered.check().unwrap();
        assert_eq!(recovered.digest(), self.engine.digest(), "recovery gives the same state");
    }

    pub fn wait(&mut self, span: Span) {
        self.now = self.now + span;
    }
}

pub fn line(sku: &str, units: u64) -> Line {
    Line { sku: code(sku), units: Units(units) }
}

pub fn web(number: &str) -> OrderRef {
    OrderRef::Number { channel: code("web"), number: code(number) }
}

pub fn order(number: &str, lines: &[(&str, u64)]) -> Place {
    order_by("web", number, lines)
}

pub fn order_by(channel: &str, number: &str, lines: &[(&str, u64)]) -> Place {
    Place {
        channel: code(channel),
        number: code(number),
        zone: Some(code("Z")),
        customer: None,
        carrier: None,
        ship_complete: false,
        max_parcels: None,
        hold: None,
        lines: lines.iter().map(|(sku, units)| line(sku, *units)).collect(),
    }
}
