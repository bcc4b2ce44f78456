//! Configurations that come at the same time: each waits for its turn, and a repeated one gets the answer of its first attempt.

mod support;

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use stockade_core::command::{ApplyRules, ClearSkus, Command, DefineSkus, SkuSpec};
use stockade_core::event::Event;
use stockade_core::ids::RulesVersion;
use stockade_core::query::{OrdersQuery, Query};
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use support::*;

/// A rules file that takes a while to resolve.
fn rules(rates: usize) -> String {
    let rate =
        |n: usize| format!("[[rate]]\ncarrier = \"X\"\nfrom = \"A\"\nto = \"Z{n}\"\nparcel = \"{}\"\n", n % 50 + 1);
    (0..rates).map(rate).collect()
}

fn define(skus: impl Iterator<Item = String>) -> Command {
    let sku = |name: String| SkuSpec { sku: code(&name), weight_g: None, category: None };
    Command::DefineSkus(DefineSkus { skus: skus.map(sku).collect() })
}

/// Each round one caller sends the same rules from several threads at once, or a little later, under one key.
fn repeats_get_the_first_answer(text: &str, rounds: u32, stagger: Duration) {
    let shop = Shop::new();
    for round in 1..=rounds {
        let command = Command::ApplyRules(ApplyRules { text: text.to_owned(), expect: Some(RulesVersion(round)) });
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for n in 0..4 {
                let (shop, command, barrier) = (&shop, command.clone(), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    thread::sleep(stagger * n * (round % 8));
                    let answer = shop.run_alone_as(&format!("rules-{round}"), command).result;
                    assert!(matches!(answer, Ok(Reply::Configured(_))), "round {round}: {answer:?}");
                });
            }
        });
    }
}

#[test]
fn a_repeat_of_rules_with_an_expected_version_gets_the_first_answer() {
    repeats_get_the_first_answer(&rules(400), 16, Duration::from_micros(700));
    repeats_get_the_first_answer("ban = []", 1_000, Duration::ZERO);
}

#[test]
fn definitions_in_parallel_are_all_taken() {
    let shop = Shop::new();
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for caller in 0..8 {
            let (shop, barrier) = (&shop, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for n in 0..6 {
                    let answer = shop.run_alone(define((0..200).map(|sku| format!("s-{caller}-{n}-{sku}"))));
                    assert!(answer.result.is_ok(), "{:?}", answer.result);
                }
            });
        }
    });
    shop.engine.check().unwrap();
}

#[test]
fn rules_are_taken_while_a_catalog_is_imported() {
    let shop = Shop::new();
    let text = rules(1_000);
    let (done, defined) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let name = format!("s-{}", defined.fetch_add(1, Ordering::Relaxed));
                assert!(shop.run_alone(define([name].into_iter())).result.is_ok());
            }
        });
        let apply = |_| shop.run_alone(Command::ApplyRules(ApplyRules { text: text.clone(), expect: None })).result;
        let answers: Vec<_> = (0..5).map(apply).collect();
        done.store(true, Ordering::Relaxed);
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    });
    assert!(defined.into_inner() > 0);
}

/// While others place orders, so that there are always events being applied.
#[test]
fn an_order_is_in_the_list_that_its_caller_asks_for_next() {
    let shop = Shop::new();
    shop.skus(&["tea", "cup"]);
    shop.receive("tea", "A", 100_000);
    shop.receive("cup", "A", 1_000_000);
    let done = AtomicBool::new(false);
    let missing = thread::scope(|scope| {
        for other in 0..3 {
            let (shop, done) = (&shop, &done);
            scope.spawn(move || {
                for n in 0.. {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    drop(shop.run_alone(Command::Place(order(&format!("o-{other}-{n}"), &[("cup", 1)]))));
                }
            });
        }
        let missing = (0..2_000).filter(|n| {
            let customer = code(&format!("c-{n}"));
            let mut place = order(&format!("mine-{n}"), &[("tea", 1)]);
            place.customer = Some(customer.clone());
            shop.run_alone(Command::Place(place)).result.unwrap();
            let query = OrdersQuery { customer: Some(customer), limit: 10, ..OrdersQuery::default() };
            let Reply::Orders(page) = shop.engine.query(&Query::Orders(query), shop.now).result.unwrap() else {
                panic!("orders answer with orders");
            };
            page.orders.len() != 1
        });
        let missing = missing.count();
        done.store(true, Ordering::Relaxed);
        missing
    });
    assert_eq!(missing, 0, "orders acknowledged in memory are in no list");
}

#[test]
fn a_definition_keeps_what_it_leaves_out() {
    let shop = Shop::new();
    let define = |weight_g, category: Option<&str>| {
        let spec = SkuSpec { sku: code("tea"), weight_g, category: category.map(code) };
        shop.ok(Command::DefineSkus(DefineSkus { skus: vec![spec] }));
        let defined = shop.journal().into_iter().rev().find_map(|(_, entry)| {
            if let Event::SkusDefined(defined) = entry.event { Some(defined.skus[0].clone()) } else { None }
        });
        let defined = defined.unwrap();
        (defined.weight_g, defined.category.map(|category| category.to_string()))
    };
    assert_eq!(define(Some(250), Some("drinks")), (Some(250), Some("drinks".to_owned())));
    assert_eq!(define(None, Some("hot")), (Some(250), Some("hot".to_owned())));
    assert_eq!(define(Some(300), None), (Some(300), Some("hot".to_owned())));
    assert_eq!(define(None, None), (Some(300), Some("hot".to_owned())));
    shop.engine.check().unwrap();
}

#[test]
fn weight_and_category_of_a_sku_can_be_forgotten() {
    let shop = Shop::new();
    let spec = SkuSpec { sku: code("tea"), weight_g: Some(250), category: Some(code("hot")) };
    shop.ok(Command::DefineSkus(DefineSkus { skus: vec![spec] }));
    let clear = |skus: &[&str], weight, category| {
        Command::ClearSkus(ClearSkus { skus: skus.iter().map(|sku| code(sku)).collect(), weight, category })
    };
    let mut known = Vec::new();
    for (weight, category) in [(true, false), (false, true), (true, true)] {
        shop.ok(clear(&["tea"], weight, category));
        let mut events = shop.journal().into_iter().filter_map(|(_, entry)| match entry.event {
            Event::SkusDefined(defined) => Some(defined.skus[0].clone()),
            _ => None,
        });
        known.extend(events.next_back().map(|sku| (sku.weight_g, sku.category.map(|category| category.to_string()))));
    }
    assert_eq!(known, [(None, Some("hot".to_owned())), (None, None), (None, None)]);
    for wrong in [clear(&["tea"], false, false), clear(&[], true, true), clear(&["tea", "tea"], true, true)] {
        assert!(matches!(shop.no(wrong), Reject::Invalid { .. }));
    }
    assert!(matches!(shop.no(clear(&["tea", "pot"], true, true)), Reject::Unknown { .. }));
    shop.engine.check().unwrap();
}
