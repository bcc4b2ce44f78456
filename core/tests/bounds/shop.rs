//! A shop, and how it comes to stand near its bounds.

use crate::support::*;
use stockade_core::Actor;
use stockade_core::command::*;
use stockade_core::engine::Engine;
use stockade_core::event::*;
use stockade_core::ids::*;
use stockade_core::reject::Reject;
use stockade_core::stock::{Bucket, Move, Outside};
use stockade_core::units::Units;

pub const SUPPLIER: Bucket = Bucket::Outside(Outside::Supplier);
pub const FREE: Bucket = Bucket::Available(PoolId::REGULAR);

/// The ordinary world, whose channel `web` sells presale, with a warehouse `D` that always has enough and is the dearest.
pub fn shop() -> Shop {
    let dropship = "[[warehouse]]\ncode = \"D\"\nunlimited = true\n[[rate]]\ncarrier = \"X\"\nfrom = \"D\"\nto = \"*\"\n\
                    parcel = \"900\"\nhours = 24\n[[channel]]\ncode = \"web\"\npresale = true\n";
    let shop = Shop::with_world(&WORLD.replace("[[channel]]\ncode = \"web\"\n", dropship));
    shop.skus(&["tea", "cup"]);
    shop
}

/// The shop after events that its engine did not decide itself.
pub fn after(shop: &Shop, events: Vec<Event>) -> Shop {
    let engine = Engine::new();
    let mut last = Seq(0);
    for (seq, envelope) in shop.journal() {
        engine.recover(seq, &envelope).unwrap();
        last = seq;
    }
    for event in events {
        last = last.next();
        let key = code(&format!("before-{last}"));
        let cause = Cause::Key { key, digest: 0 };
        let envelope = Envelope { actor: Actor::Engine, arrived: START, occurred: None, cause, event };
        engine.recover(last, &envelope).unwrap();
    }
    engine.log().resume(last, Default::default());
    Shop::standing(engine)
}

pub fn moved(moves: Vec<Move>) -> Event {
    Event::StockMoved(StockMoved { reason: MoveReason::Receipt, note: None, moves })
}

pub fn tea(from: Bucket, to: Bucket, units: u64) -> Move {
    Move { sku: SkuId(0), warehouse: WarehouseId(0), from, to, units: Units(units) }
}

pub fn receive(warehouse: &str, lines: Vec<Line>) -> Command {
    Command::Receive(Receive { warehouse: code(warehouse), pool: None, expected: None, lines })
}

pub fn count(except: Vec<Seq>, lines: Vec<Line>) -> Command {
    Command::Count(Count { warehouse: code("A"), as_of: None, except, lines })
}

pub fn adjust(delta: i64, reason: String) -> Command {
    Command::Adjust(Adjust { sku: code("tea"), warehouse: code("A"), pool: None, delta, reason })
}

pub fn field(reject: &Reject) -> &str {
    if let Reject::Invalid { field, .. } = reject { field } else { "" }
}

pub fn specs(count: usize) -> Command {
    let spec = |n| SkuSpec { sku: code(&format!("d{n}")), weight_g: Some(u32::MAX), category: None };
    Command::DefineSkus(DefineSkus { skus: (0..count).map(spec).collect() })
}

pub trait CheckLive {
    fn check_live(&self);
}

impl CheckLive for Shop {
    fn check_live(&self) {
        assert_eq!(self.engine.log().halted(), None);
        self.engine.check().unwrap();
    }
}
