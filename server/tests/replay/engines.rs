//! The same bytes from every engine and journal.

use std::fmt::Write;

use serde_json::Value;
use stockade_server::invent::Draw;

use crate::reader::check;
use crate::redis_server::RedisServer;
use crate::rig::{Rig, WORLD};

const STOCK_SKUS: u64 = 12;

/// Orders over some hours, more than there is stock for.
fn generated(seed: u64, orders: usize) -> (String, String) {
    let mut draw = Draw::new(seed);
    let mut stock = "sku,warehouse,on_hand\n".to_owned();
    for sku in 0..STOCK_SKUS {
        for warehouse in ["A", "B"] {
            if draw.chance(0.8) {
                writeln!(stock, "S{sku},{warehouse},{}", draw.below(orders as u64)).unwrap();
            }
        }
    }
    let mut text = "order_id,ts,sku,qty,zone,channel\n".to_owned();
    for order in 0..orders {
        let minute = order * 240 / orders;
        let (zone, channel) =
            (["east", "west", "north"][draw.below(3) as usize], ["web", "live"][draw.below(2) as usize]);
        for _ in 0..=draw.below(4) {
            let (sku, qty) = (draw.below(STOCK_SKUS + 1), draw.below(4) + 1);
            let (hour, minute) = (minute / 60, minute % 60);
            writeln!(text, "N{order},2026-11-11T{hour:02}:{minute:02},S{sku},{qty},{zone},{channel}").unwrap();
        }
    }
    (stock, text)
}

fn count(summary: &Value, what: &str) -> u64 {
    summary[what].as_u64().unwrap_or_else(|| panic!("{what} in {summary}"))
}

#[test]
fn lines_hold_against_the_files_however_orders_are_paid() {
    for seed in 1..=3 {
        let (stock, orders) = generated(seed, 300);
        let rig = Rig::new(WORLD, &stock, &orders);
        for pay in ["immediate", "never", "after:4m", "after:20m", "after:45m"] {
            let (lines, summary) = rig.replay(&["--pay", pay]);
            check(&lines, WORLD, &stock, &orders, true);
            assert_eq!(count(&summary, "placed") + count(&summary, "refused"), 300, "seed {seed}, {pay}: {summary}");
            assert!(count(&summary, "refused") > 0 || pay == "never", "seed {seed}, {pay}: {summary}");
            assert_eq!(count(&summary, "expired") > 0, ["never", "after:20m", "after:45m"].contains(&pay), "{summary}");
            assert_eq!(count(&summary, "paid_late") > 0, ["after:20m", "after:45m"].contains(&pay), "{summary}");
        }
    }
}

#[test]
fn every_engine_and_journal_writes_the_same_bytes() {
    let (stock, orders) = generated(7, 150);
    let rig = Rig::new(WORLD, &stock, &orders);
    let redis = RedisServer::start();
    let dir = format!("local:{}", rig.path("journal").display());
    let (expected, summary) = rig.replay(&["--pay", "after:20m"]);
    for flags in [
        vec![],
        vec!["--engine", "quic"],
        vec!["--journal", "local"],
        vec!["--journal", &dir],
        vec!["--journal", &redis.url()],
        vec!["--journal", &redis.url(), "--engine", "quic"],
    ] {
        let (lines, other) = rig.replay(&[&["--pay", "after:20m"], &flags[..]].concat());
        assert_eq!(lines, expected, "{flags:?}");
        assert_eq!((&other["digest"], &other["events"]), (&summary["digest"], &summary["events"]), "{flags:?}");
    }
    let left: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut redis.connection()).unwrap();
    assert!(left.is_empty(), "{left:?}");
    let failure = rig.try_replay(&["--journal", &dir]).unwrap_err();
    assert!(failure.message.contains("a history exists already"), "{failure}");
}

#[test]
fn parallel_orders_keep_every_promise() {
    let (stock, orders) = generated(11, 400);
    let rig = Rig::new(WORLD, &stock, &orders);
    for engine in ["embedded", "quic"] {
        for pay in ["immediate", "never", "after:20m"] {
            let (lines, summary) = rig.replay(&["--parallel", "4", "--pay", pay, "--engine", engine]);
            check(&lines, WORLD, &stock, &orders, false);
            assert_eq!(count(&summary, "oversold_units"), 0);
            assert_eq!(summary["ledger"], "sound");
        }
    }
}
