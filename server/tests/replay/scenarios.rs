//! Small files, each for one thing a replay does.

use serde_json::{Value, json};

use crate::rig::{Rig, WORLD, parsed};

/// What a line says about an order, in a word or two.
fn gist(line: &Value) -> String {
    let order = line["order"].as_str().unwrap();
    let what = line.get("event").or(line.get("outcome")).unwrap().as_str().unwrap();
    match line.get("code").and_then(Value::as_str) {
        Some(code) => format!("{order} {what} {code}"),
        None => format!("{order} {what}"),
    }
}

fn gists(lines: &str) -> Vec<String> {
    parsed(lines).iter().map(gist).collect()
}

#[test]
fn a_decision_line_has_exactly_these_fields() {
    let rig = Rig::new(
        WORLD,
        "sku,warehouse,on_hand\nS,A,3\nS,B,1\n",
        "order_id,sku,qty,zone\n1,S,1,east\n1,S,2,east\n2,S,2,east\n",
    );
    let (lines, summary) = rig.replay(&[]);
    let placed = json!({
        "seq": 4, "order": "1", "channel": "web", "outcome": "placed", "code": null, "rules_version": 1,
        "cost": "4.35", "score": "4.35",
        "sub_orders": [{
            "no": 1, "warehouse": "A", "carrier": "ECO", "kind": "regular", "hours": 24, "weight_g": 1200, "cost": "4.35",
            "parts": { "parcel": "1.00", "unit": "0.00", "first_kg": "3.00", "further_kg": "0.35" },
            "lines": [{ "sku": "S", "qty": 3, "pool": "regular" }],
        }],
        "short": [],
    });
    let refused = json!({
        "order": "2", "channel": "web", "outcome": "refused", "code": "insufficient_stock", "rules_version": 1,
        "cost": null, "score": null, "sub_orders": [], "short": [{ "sku": "S", "wanted": 2, "available": 1 }],
    });
    let mut lines = parsed(&lines);
    let seq = lines[0]["seq"].clone();
    assert!(seq.as_u64().unwrap() > 0);
    lines[0]["seq"] = json!(4);
    assert_eq!(lines, [placed, refused]);
    assert_eq!((&summary["orders"], &summary["refused_by_code"]), (&json!(2), &json!({ "insufficient_stock": 1 })));
    assert_eq!(summary["short_skus"], json!([{ "sku": "S", "refusals": 1 }]));
}

#[test]
fn holds_run_out_before_the_row_that_comes_later() {
    let orders = "order_id,ts,sku,qty,zone,channel\n\
        1,2026-11-11T00:00,S,2,east,web\n\
        2,2026-11-11T00:20,S,1,east,live\n\
        3,2026-11-11T00:24,S,1,east,web\n\
        4,2026-11-11T00:25,S,1,east,web\n\
        5,2026-11-11T00:30,S,2,east,web\n";
    let rig = Rig::new(WORLD, "sku,warehouse,on_hand\nS,A,3\n", orders);
    let (lines, _) = rig.replay(&["--pay", "never"]);
    let expected =
        ["1 placed", "2 placed", "3 refused insufficient_stock", "2 expired", "4 placed", "1 expired", "5 placed"];
    assert_eq!(gists(&lines), expected);
    assert_eq!(parsed(&lines)[5]["lines"], json!([{ "sku": "S", "warehouse": "A", "qty": 2 }]));
    let (lines, _) = rig.replay(&["--pay", "after:29m"]);
    let expected = [
        "1 placed",
        "2 placed",
        "3 refused insufficient_stock",
        "2 expired",
        "4 placed",
        "5 refused insufficient_stock",
    ];
    assert_eq!(gists(&lines), expected);
}

#[test]
fn cancellations_free_stock_or_are_told_by_line() {
    let orders = "order_id,sku,qty,zone,kind\n\
        1,S,2,east,sale\n1,T,1,east,sale\n\
        9,S,1,,cancel\n\
        1,S,2,,cancel\n1,T,1,,cancel\n\
        2,S,3,east,sale\n\
        1,S,2,,cancel\n";
    let rig = Rig::new(WORLD, "sku,warehouse,on_hand\nS,A,2\nS,B,1\nT,B,1\n", orders);
    for pay in ["immediate", "never"] {
        let (lines, summary) = rig.replay(&["--pay", pay]);
        assert_eq!(gists(&lines), ["1 placed", "1 cancelled", "2 placed"]);
        let units: i64 =
            parsed(&lines)[1]["lines"].as_array().unwrap().iter().map(|l| l["qty"].as_i64().unwrap()).sum();
        assert_eq!(units, 3);
        assert_eq!((&summary["cancelled"], &summary["reported_lines"]), (&json!(1), &json!(2)));
    }
}

#[test]
fn an_order_that_was_cancelled_is_not_paid_later() {
    let orders = "order_id,ts,sku,qty,zone,kind\n1,2026-11-11T00:00,S,1,east,sale\n1,2026-11-11T00:01,S,1,east,cancel\n\
        2,2026-11-11T00:10,S,1,east,sale\n";
    let rig = Rig::new(WORLD, "sku,warehouse,on_hand\nS,A,1\n", orders);
    let (lines, summary) = rig.replay(&["--pay", "after:5m"]);
    assert_eq!(gists(&lines), ["1 placed", "1 cancelled", "2 placed"]);
    assert_eq!(summary["ledger"], "sound");
}

#[test]
fn an_order_given_up_after_its_hold_ran_out_is_not_brought_back_by_a_late_payment() {
    let orders = "order_id,ts,sku,qty,zone,kind\n1,2026-11-11T00:00,S,1,east,sale\n1,2026-11-11T00:31,S,1,east,cancel\n\
        2,2026-11-11T01:00,S,1,east,sale\n";
    let rig = Rig::new(WORLD, "sku,warehouse,on_hand\nS,A,1\n", orders);
    let (lines, summary) = rig.replay(&["--pay", "after:45m"]);
    assert_eq!(gists(&lines), ["1 placed", "1 expired", "1 cancelled", "2 placed"]);
    assert_eq!(parsed(&lines)[2]["lines"], json!([]));
    assert_eq!((&summary["cancelled"], &summary["reported_lines"]), (&json!(1), &json!(0)));
    assert_eq!(summary["ledger"], "sound");
}

#[test]
fn an_id_that_comes_again_is_refused_before_anything_is_decided() {
    let orders = "order_id,sku,qty,zone\n1,S,1,east\n2,S,9,east\n1,S,1,east\n";
    let rig = Rig::new(WORLD, "sku,warehouse,on_hand\nS,A,3\n", orders);
    for flags in [&[][..], &["--parallel", "3"]] {
        let fault = rig.try_replay(flags).unwrap_err().message;
        assert!(
            fault.contains("orders.csv, line 4: order 1 begins in line 2") && fault.contains("--gather"),
            "{fault}"
        );
    }
    let (lines, _) = rig.replay(&["--gather"]);
    assert_eq!(gists(&lines), ["1 placed", "2 refused insufficient_stock"]);
}

#[test]
fn pools_safety_and_weights_are_loaded() {
    let stock = "sku,warehouse,on_hand,pool,safety\nS,A,2,flash,\nS,A,5,,3\n";
    let orders = "order_id,sku,qty,zone,channel\n1,S,3,east,web\n2,S,4,east,live\n3,S,1,east,live\n";
    let rig = Rig::new(WORLD, stock, orders);
    rig.write("catalog.csv", "sku,weight_g,category\nS,1000,tea\nU,1,\n");
    let catalog = rig.path("catalog.csv");
    let (lines, _) = rig.replay(&["--catalog", catalog.to_str().unwrap()]);
    let lines = parsed(&lines);
    assert_eq!(lines[0]["short"], json!([{ "sku": "S", "wanted": 3, "available": 2 }]));
    let sub = &lines[1]["sub_orders"][0];
    assert_eq!(sub["weight_g"], 4_000);
    assert_eq!(
        sub["lines"],
        json!([{ "sku": "S", "qty": 2, "pool": "flash" }, { "sku": "S", "qty": 2, "pool": "regular" }])
    );
    assert_eq!(lines[2]["short"], json!([{ "sku": "S", "wanted": 1, "available": 0 }]));
}

#[test]
fn a_stock_row_of_no_units_is_no_difference_between_the_ledgers() {
    let stock = "sku,warehouse,on_hand,pool,safety\nS,A,5,,\nMUG,B,0,,\nCUP,A,0,,2\nS,B,0,flash,\n";
    let orders = "order_id,sku,qty,zone\n1,S,1,east\n2,MUG,1,east\n";
    let (lines, summary) = Rig::new(WORLD, stock, orders).replay(&[]);
    assert_eq!(gists(&lines), ["1 placed", "2 refused insufficient_stock"]);
    assert_eq!((&summary["ledger"], &summary["oversold_units"]), (&json!("sound"), &json!(0)));
}

#[test]
fn an_unlimited_warehouse_needs_no_stock() {
    let world = WORLD.replace("code = \"B\"", "code = \"B\"\nunlimited = true");
    let rig =
        Rig::new(&world, "sku,warehouse,on_hand\nS,A,1\n", "order_id,sku,qty,zone\n1,S,1000,east\n2,NEW,5,east\n");
    let (lines, summary) = rig.replay(&["--pay", "never"]);
    assert_eq!(gists(&lines), ["1 placed", "2 placed"]);
    assert_eq!(summary["oversold_units"], 0);
}

#[test]
fn quantities_that_cannot_be_sold_are_told_by_line() {
    let rig = Rig::new(
        WORLD,
        "sku,warehouse,on_hand\nS,A,9\n",
        "order_id,sku,qty,zone\n1,S,0,east\n2,S,1,east\n2,S,-1,east\n3,S,1,east\n",
    );
    let (lines, summary) = rig.replay(&[]);
    assert_eq!(gists(&lines), ["1 refused invalid", "2 refused invalid", "3 placed"]);
    assert_eq!(summary["reported_lines"], 2);
}

#[test]
fn files_that_do_not_fit_are_refused_before_anything_is_decided() {
    let stock = "sku,warehouse,on_hand\nS,A,9\n";
    let orders = "order_id,sku,qty,zone\n1,S,1,east\n";
    for (world, stock, orders, says) in [
        (
            &WORLD.replace("[[carrier]]", "[[carier]]")[..],
            stock,
            orders,
            "world.toml, line 10: the file has no key `carier`",
        ),
        (WORLD, "sku,warehouse,on_hand\nS,C,9\n", orders, "stock.csv, line 2: warehouse `C` is not in the world"),
        (WORLD, "sku,warehouse,on_hand,pool\nS,A,9,vip\n", orders, "stock.csv, line 2: pool `vip` is not in the world"),
        (
            WORLD,
            stock,
            "order_id,sku,qty,channel\n1,S,1,shop\n",
            "orders.csv, line 2: channel `shop` is not in the world",
        ),
        (WORLD, stock, "order_id,sku,qty\n1,S,one\n", "orders.csv, line 2, column `qty`"),
    ] {
        let rig = Rig::new(world, stock, orders);
        let failure = rig.try_replay(&[]).unwrap_err();
        assert!(failure.message.contains(says), "`{failure}` does not say `{says}`");
        assert_eq!(failure.exit as u8, 2);
        assert!(!rig.path("lines.jsonl").exists());
    }
}

#[test]
fn time_may_run_by_the_wall() {
    let orders = "order_id,ts,sku,qty,zone\n1,2010-01-01,S,1,east\n2,2011-01-01,S,1,east\n";
    let rig = Rig::new(WORLD, "sku,warehouse,on_hand\nS,A,1\n", orders);
    let (lines, _) = rig.replay(&["--pay", "never", "--realtime"]);
    assert_eq!(gists(&lines), ["1 placed", "2 refused insufficient_stock"]);
    let (lines, _) = rig.replay(&["--pay", "never"]);
    assert_eq!(gists(&lines), ["1 placed", "1 expired", "2 placed"]);
}

#[test]
fn an_exact_replay_decides_the_same_on_every_engine_and_leaves_no_plan_unproven() {
    let orders = "order_id,sku,qty,zone\n1,S,3,east\n1,T,2,east\n2,S,2,west\n2,T,3,west\n";
    let rig = Rig::new(WORLD, "sku,warehouse,on_hand\nS,A,3\nS,B,4\nT,A,2\nT,B,3\n", orders);
    let (lines, summary) = rig.replay(&["--exact"]);
    assert_eq!((&summary["placed"], &summary["plans_not_proven"]), (&json!(2), &json!(0)));
    assert_eq!(rig.replay(&["--exact", "--engine", "quic"]).0, lines);
}

#[test]
fn a_channel_that_may_sell_presale_decides_the_same_while_nothing_is_expected() {
    let orders = "order_id,sku,qty,zone,channel\n\
        1,S,2,east,web\n1,T,1,east,web\n2,S,9,west,live\n3,T,2,east,web\n4,S,2,,web\n5,S,1,east,live\n";
    let stock = "sku,warehouse,on_hand\nS,A,3\nS,B,2\nT,B,2\n";
    let (plain, _) = Rig::new(WORLD, stock, orders).replay(&[]);
    let presale = WORLD.replace("hold_ttl", "presale = true\nhold_ttl");
    let (lines, _) = Rig::new(&presale, stock, orders).replay(&[]);
    assert_eq!(lines, plain);
    assert!(gists(&lines).contains(&"2 refused insufficient_stock".to_owned()), "{lines}");
}
