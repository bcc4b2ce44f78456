//! Orders as large as they may be, over many warehouses, and with prices that were learned.

use std::fmt::Write as _;

use crate::support::*;
use proptest::prelude::*;
use stockade_core::command::*;
use stockade_core::decision::Decision;
use stockade_core::event::Event;
use stockade_core::ids::*;
use stockade_core::limits::*;
use stockade_core::orders::{OrderState, Stage};
use stockade_core::time::Span;
use stockade_core::units::Units;

/// SKUs: as many as an order may name.
const SKUS: usize = ORDER_LINES_MAX;
/// Warehouses. Ids from 64 on are written differently from those below.
const SITES: usize = 70;
/// Warehouses that have a SKU.
const NEAR: usize = 4;

/// Learns prices every hour out of what was sold, as stock has to last for five days.
const PRICES: &str = "[prices]\ncover = \"120h\"\nrecompute_every = \"1h\"\nsample = 100\n";

fn world(rules: &str) -> String {
    let mut text = "[policy]\nw_money = 1.0\n[[carrier]]\ncode = \"X\"\n[[channel]]\ncode = \"web\"\n".to_owned();
    for n in 0..SITES {
        let parcel = 100 + n * 7 % 50;
        let _ =
            write!(text, "[[warehouse]]\ncode = \"W{n}\"\n[[rate]]\ncarrier = \"X\"\nfrom = \"W{n}\"\nto = \"*\"\n");
        let _ = write!(text, "parcel = \"{parcel}\"\nunit = \"0.{:02}\"\nhours = 24\n", n * 13 % 97);
    }
    text + rules
}

/// A shop whose SKUs lie in a few warehouses each, and all of them in the last one.
fn shop(rules: &str) -> Shop {
    let shop = Shop::with_world(&world(rules));
    let spec = |n| SkuSpec { sku: code(&format!("d{n}")), weight_g: Some(1 + n as u32 % 900), category: None };
    shop.ok(Command::DefineSkus(DefineSkus { skus: (0..SKUS).map(spec).collect() }));
    for site in 0..SITES {
        let has = |n: &usize| site == SITES - 1 || (site + SITES - n % SITES) % SITES < NEAR;
        let lines = (0..SKUS).filter(has).map(|n| line(&format!("d{n}"), 20)).collect();
        let warehouse = code(&format!("W{site}"));
        shop.ok(Command::Receive(Receive { warehouse, pool: None, expected: None, lines }));
    }
    shop
}

fn lines(from: usize, count: usize, units: u64) -> Vec<Line> {
    (0..count).map(|n| line(&format!("d{}", (from + n) % SKUS), units)).collect()
}

fn place(number: &str, lines: Vec<Line>) -> Command {
    Command::Place(Place { lines, ..order(number, &[]) })
}

/// Sells a little of everything, hour by hour, and learns prices of it.
fn trade(shop: &mut Shop) {
    for hour in 0..24 {
        shop.wait(Span::from_mins(60));
        shop.engine.learn_prices(shop.now);
        for basket in 0..4 {
            let lines = lines(hour * 83 + basket * 500, 20, 2);
            let _ = shop.run(place(&format!("t{hour}-{basket}"), lines)).result;
        }
    }
}

/// One large order and what is done with it.
#[derive(Clone, Debug)]
struct Draw {
    lines: usize,
    from: usize,
    units: u64,
    most: Option<u16>,
    fate: usize,
}

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let lines = prop::sample::select(vec![3, 300, SKUS - 1, SKUS, SKUS, SKUS + 1]);
    let units = prop::sample::select(vec![1, 1, 2, 21, LINE_UNITS_MAX]);
    let most = prop::sample::select(vec![None, None, None, Some(1), Some(2), Some(u16::MAX)]);
    let draw = (lines, 0..SKUS, units, most, 0usize..6);
    prop::collection::vec(
        draw.prop_map(|(lines, from, units, most, fate)| Draw { lines, from, units, most, fate }),
        2..4,
    )
}

impl Draw {
    fn run(&self, shop: &mut Shop, at: usize) {
        let number = format!("n{at}");
        let place = Place { max_parcels: self.most, ..order(&number, &[]) };
        let placed = shop.run(Command::Place(Place { lines: lines(self.from, self.lines, self.units), ..place }));
        if placed.result.is_err() {
            return;
        }
        if self.fate == 0 {
            let scope = CancelScope::Order;
            shop.ok(Command::Cancel(Cancel { order: web(&number), scope, reason: None }));
            return;
        }
        if self.fate == 1 {
            shop.wait(HOLD_TTL);
        }
        shop.ok(shop.pay(&number));
        if shop.order(&number).state != OrderState::Paid || self.fate < 3 {
            return;
        }
        let largest = |stage| {
            let subs = shop.order(&number).sub_orders.into_iter().zip(1u16..).filter(|(sub, _)| sub.stage == stage);
            subs.max_by_key(|(sub, _)| sub.promised.lines.len())
        };
        let Some((sub, no)) = largest(Stage::Allocated) else { return };
        shop.ok(shop.step(&number, no, StepAction::Pick));
        if self.fate == 3 {
            let found = sub.promised.lines.iter().map(|line| Line { sku: line.sku.clone(), units: Units::ZERO });
            shop.ok(shop.step(&number, no, StepAction::Short(found.collect())));
            return;
        }
        let label = StepAction::Label(code(&format!("wb-{at}")));
        for action in [StepAction::Pack, label, StepAction::Scan(None), StepAction::Pickup] {
            shop.ok(shop.step(&number, no, action));
        }
        shop.ok(shop.step(&number, no, StepAction::Return(Vec::new())));
        shop.ok(shop.step(&number, no, StepAction::Inspect(Vec::new())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 8, ..ProptestConfig::default() })]

    /// Orders of up to two thousand lines over seventy warehouses, without prices of stock and with learned ones: placed,
    /// paid in time and late, cancelled, short and returned. They are carried out or refused, and nothing halts the engine.
    #[test]
    fn no_huge_order_halts_the_engine(draws in draws(), priced in any::<bool>()) {
        let mut shop = shop(if priced { PRICES } else { "" });
        if priced {
            trade(&mut shop);
        }
        for (at, draw) in draws.iter().enumerate() {
            draw.run(&mut shop, at);
            prop_assert_eq!(shop.engine.log().halted(), None, "{:?}", draw);
        }
        prop_assert_eq!(shop.engine.check(), Ok(()));
    }
}

/// What the property draws is there: prices are learned, and a decision about two thousand lines holds them.
#[test]
fn an_order_of_two_thousand_lines_is_decided_by_learned_prices() {
    let mut shop = shop(PRICES);
    trade(&mut shop);
    let prices = shop.engine.prices().map(|table| table.all().len()).unwrap_or_default();
    assert!(prices > 0, "no prices were learned");
    shop.ok(place("all", lines(0, SKUS, 1)));
    let decisions = |envelope: stockade_core::event::Envelope| match envelope.event {
        Event::OrderPlaced(placed) => Some(placed.decision),
        _ => None,
    };
    let all: Vec<Decision> = shop.journal().into_iter().filter_map(|(_, envelope)| decisions(envelope)).collect();
    let last = all.last().expect("the order was placed");
    assert_eq!(last.seen.len(), SKUS);
    assert!(!last.prices.is_empty(), "{prices} prices, none of them seen");
    assert!(last.subs.iter().any(|sub| sub.warehouse >= WarehouseId(64)), "none of the later warehouses took part");
    assert_eq!(shop.engine.log().halted(), None);
    shop.engine.check().unwrap();
}
