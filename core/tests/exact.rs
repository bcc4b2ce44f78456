//! Plans that are searched for to the end.

mod support;

use std::fmt::Write as _;

use stockade_core::command::*;
use stockade_core::engine::{Engine, Outcome};
use stockade_core::query::*;
use stockade_core::reply::{PlanView, Reply};
use support::*;

const WAREHOUSES: u64 = 16;
const SKUS: u64 = 22;
const GRAMS: [u32; 8] = [120, 250, 400, 500, 730, 1_000, 1_600, 3_200];

/// Numbers that look drawn by lot.
fn mixed(seed: u64, low: u64, high: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    low + (z ^ (z >> 31)) % (high - low + 1)
}

/// Sixteen warehouses that each lack something, two carriers with steps of half a kilogram, an hour at 0.10.
fn world() -> String {
    let mut text = "kg_step_g = 500\n[[channel]]\ncode = \"web\"\n[policy]\nw_money = 1.0\nw_time = 0.1\n".to_owned();
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

fn shop(engine: Engine) -> (Shop, Place) {
    let shop = Shop::run_by(engine, &world());
    let names: Vec<String> = (0..SKUS).map(|sku| format!("S{sku}")).collect();
    for (at, name) in names.iter().enumerate() {
        let weight_g = Some(GRAMS[mixed(at as u64 + 7, 0, 7) as usize]);
        shop.ok(Command::DefineSkus(DefineSkus { skus: vec![SkuSpec { sku: code(name), weight_g, category: None }] }));
        for warehouse in 0..WAREHOUSES {
            let units = mixed(at as u64 * 100 + warehouse, 0, 6).saturating_sub(2);
            if units > 0 {
                shop.receive(name, &format!("W{warehouse}"), units);
            }
        }
    }
    let lines: Vec<(&str, u64)> =
        names.iter().enumerate().map(|(at, name)| (name.as_str(), mixed(at as u64 + 99, 1, 4))).collect();
    (shop, order("1", &lines))
}

fn plan(outcome: Outcome) -> PlanView {
    match outcome.result {
        Ok(Reply::Quoted(plan)) => *plan,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_exact_quote_proves_what_a_quick_one_leaves_open() {
    let (shop, place) = shop(Engine::new());
    let before = shop.engine.digest();
    let quick = plan(shop.engine.query(&Query::Quote(stockade_core::query::Quote(place.clone())), shop.now));
    let exact = plan(shop.engine.query(&Query::QuoteExact(stockade_core::query::QuoteExact(place.clone())), shop.now));
    assert!(!quick.proven && exact.proven, "{} and {}", quick.proven, exact.proven);
    assert!(quick.bound <= exact.bound && exact.bound == exact.score && exact.score <= quick.score);
    assert_eq!(shop.engine.digest(), before, "a quote holds nothing");
    // The order itself is placed within the usual budget, as the quick quote said.
    assert_eq!(shop.placed(place).plan.score, quick.score);
}

#[test]
fn an_exact_engine_proves_every_order_it_places() {
    let (quick, place) = shop(Engine::new());
    let (exact, _) = shop(Engine::exact());
    let quoted =
        plan(quick.engine.query(&Query::QuoteExact(stockade_core::query::QuoteExact(place.clone())), quick.now));
    let placed = exact.placed(place).plan;
    assert!(placed.proven);
    assert_eq!(placed.score, quoted.score);
}
