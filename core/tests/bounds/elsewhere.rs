//! Units that wait for inspection at other warehouses than the one that shipped them.

use std::fmt::Write as _;

use crate::support::*;
use stockade_core::command::*;
use stockade_core::engine::Extent;
use stockade_core::limits::*;
use stockade_core::reject::Reject;
use stockade_core::units::Units;

/// Warehouses, at each of which every line of an order may wait, until there are as many places as there may be.
const SITES: usize = ORDER_PARTS_MAX / ORDER_LINES_MAX;

fn sku(n: usize) -> String {
    format!("s{n}")
}

fn every_sku(units: u64) -> Vec<Line> {
    (0..ORDER_LINES_MAX).map(|n| line(&sku(n), units)).collect()
}

/// A shop whose customer has an order of as many lines as one may have, with more units each than there are warehouses.
fn delivered() -> Shop {
    let mut world = WORLD.to_owned();
    for n in 0..=SITES {
        let _ = write!(world, "\n[[warehouse]]\ncode = \"W{n}\"\n");
    }
    let shop = Shop::with_world(&world);
    let spec = |n| SkuSpec { sku: code(&sku(n)), weight_g: None, category: None };
    shop.ok(Command::DefineSkus(DefineSkus { skus: (0..ORDER_LINES_MAX).map(spec).collect() }));
    let units = SITES as u64 + 5;
    shop.ok(Command::Receive(Receive { warehouse: code("A"), pool: None, expected: None, lines: every_sku(units) }));
    shop.placed(Place { lines: every_sku(units), ..order("1", &[]) });
    shop.ok(shop.pay("1"));
    for step in [StepAction::Pick, StepAction::Pack, StepAction::Scan(None), StepAction::Pickup, StepAction::Deliver] {
        shop.ok(shop.step("1", 1, step));
    }
    shop
}

fn back_to(shop: &Shop, site: usize, lines: Vec<Line>) -> Command {
    shop.step("1", 1, StepAction::ReturnTo(ReturnTo { warehouse: code(&format!("W{site}")), lines }))
}

fn extent(shop: &Shop) -> Extent {
    shop.engine.extent(&web("1"), shop.now, usize::MAX).expect("it was placed")
}

#[test]
fn units_in_inspection_elsewhere_are_bounded_before_anything_is_applied() {
    let shop = delivered();
    let before = extent(&shop).lines;
    for site in 0..SITES {
        let all = if site + 1 < SITES { every_sku(1) } else { every_sku(1).split_off(1) };
        shop.ok(back_to(&shop, site, all));
    }
    assert_eq!(extent(&shop).lines - before, ORDER_PARTS_MAX - 1, "they are walked, and so they are counted");
    let past = |site, lines| match shop.no(back_to(&shop, site, lines)) {
        Reject::Invalid { field, reason } => {
            assert!(field == "to" && reason.contains("name A, which shipped these"), "{field}: {reason}");
        }
        other => panic!("{other}"),
    };
    // One place is left.
    past(SITES, vec![line("s1", 1), line("s2", 1)]);
    shop.ok(back_to(&shop, SITES, vec![line("s1", 1), line("s1", 1)]));
    past(SITES, vec![line("s2", 1)]);
    past(SITES - 1, vec![line("s1", 1), line("s0", 1)]);
    // No further place is needed where some of the SKU wait, or at home.
    shop.ok(back_to(&shop, SITES, vec![line("s1", 1)]));
    shop.ok(shop.step("1", 1, StepAction::Return(vec![line("s2", 1)])));
    // What is inspected makes room.
    let seen = vec![Inspected { sku: code("s7"), intact: Units(1), damaged: Units::ZERO }];
    shop.ok(shop.step("1", 1, StepAction::InspectAt(InspectAt { warehouse: code("W3"), lines: seen })));
    shop.ok(back_to(&shop, SITES, vec![line("s2", 1)]));
    past(SITES, vec![line("s3", 1)]);
    // As much as one inspection may ever be.
    shop.ok(shop.step("1", 1, StepAction::Inspect(Vec::new())));
    assert_eq!(extent(&shop).lines, before);
    assert!(extent(&shop).moments > ORDER_LINES_MAX, "the lines of its refunds are in every answer to it");
    shop.check();
}
