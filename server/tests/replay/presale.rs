//! A presale channel's day: announcements and deliveries come among the orders.

use serde_json::{Value, json};

use crate::rig::{Rig, WORLD, parsed};

const ORDERS: &str = "order_id,ts,sku,qty,zone,channel\n\
    1,2026-11-11T00:00,S,2,east,web\n\
    2,2026-11-11T00:02,S,3,east,web\n\
    3,2026-11-11T00:04,S,2,east,live\n\
    4,2026-11-11T00:06,S,3,east,web\n\
    5,2026-11-11T02:00,S,1,east,live\n";

const INBOUND: &str = "ts,kind,reference,warehouse,sku,qty,day\n\
    2026-11-11T00:01,announce,PO-1,A,S,5,2026-12-01\n\
    2026-11-11T00:05,change,PO-1,A,S,6,2026-12-02\n\
    2026-11-11T01:00,receive_part,PO-1,A,S,2,\n\
    2026-11-11T01:30,receive,PO-1,A,S,7,\n\
    2026-11-11T03:00,receive,,A,S,1,\n";

fn rig() -> Rig {
    let world = WORLD.replace("code = \"web\"\n", "code = \"web\"\npresale = true\n");
    let rig = Rig::new(&world, "sku,warehouse,on_hand\nS,A,2\n", ORDERS);
    rig.write("inbound.csv", INBOUND);
    rig
}

fn inbound(rig: &Rig) -> String {
    rig.path("inbound.csv").to_str().unwrap().to_owned()
}

/// What a line says: whom or what it is about, what happened, and the units it moves.
fn gist(line: &Value) -> String {
    let name = line["order"].as_str().or(line["reference"].as_str()).unwrap_or("-");
    let what = line.get("event").or(line.get("outcome")).unwrap().as_str().unwrap();
    let kinds: Vec<&str> =
        line["sub_orders"].as_array().into_iter().flatten().filter_map(|s| s["kind"].as_str()).collect();
    let units: Vec<String> = line["lines"].as_array().into_iter().flatten().map(|l| l["qty"].to_string()).collect();
    format!("{name} {what} {}{}", kinds.join("+"), units.join("+"))
}

#[test]
fn announcements_and_deliveries_come_at_their_time() {
    let rig = rig();
    let path = inbound(&rig);
    let (lines, summary) = rig.replay(&["--inbound", &path, "--pay", "after:1m"]);
    let gists: Vec<String> = parsed(&lines).iter().map(gist).collect();
    assert_eq!(
        gists,
        [
            "1 placed regular",
            "PO-1 announced 5",
            "2 placed presale",
            "3 refused ",
            "PO-1 changed 1",
            "4 placed presale",
            "PO-1 received 0",
            "PO-1 received 3",
            "5 placed regular",
            "- received 1",
        ]
    );
    assert_eq!(
        summary["presale"],
        json!({
            "orders": 2, "units_promised_at_the_end": 0, "units_overdue_at_the_end": 0,
        })
    );
    assert_eq!((&summary["ledger"], &summary["oversold_units"]), (&json!("sound"), &json!(0)));
}

#[test]
fn a_presale_day_is_the_same_on_every_engine() {
    let rig = rig();
    let path = inbound(&rig);
    let (first, _) = rig.replay(&["--inbound", &path, "--pay", "never"]);
    let (quic, _) = rig.replay(&["--inbound", &path, "--pay", "never", "--engine", "quic", "--journal", "local"]);
    let (parallel, summary) = rig.replay(&["--inbound", &path, "--pay", "never", "--parallel", "3"]);
    assert_eq!(first, quic);
    // Orders 2 and 3 are decided at the same time, and whichever is first has the first line. No other two are: a block ends
    // where a delivery comes.
    let sorted = |lines: &str| {
        let mut lines: Vec<String> = lines.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&first), sorted(&parallel));
    let names = |lines: &str| parsed(lines).iter().map(gist).filter(|gist| !gist.starts_with('3')).collect::<Vec<_>>();
    assert_eq!(names(&first), names(&parallel));
    assert_eq!(summary["ledger"], "sound");
}

#[test]
fn promises_that_run_out_are_given_back_in_the_lines() {
    let rig = rig();
    rig.write("inbound.csv", "reference,warehouse,sku,qty,day\nPO-1,A,S,6,2026-12-01\n");
    let path = inbound(&rig);
    let (lines, summary) = rig.replay(&["--inbound", &path, "--pay", "never"]);
    let gists: Vec<String> = parsed(&lines).iter().map(gist).collect();
    assert_eq!(
        gists,
        [
            "PO-1 announced 6",
            "1 placed regular",
            "2 placed presale",
            "3 refused ",
            "4 placed presale",
            "1 expired 2",
            "2 expired 3",
            "4 expired 3",
            "5 placed regular",
        ]
    );
    assert_eq!(summary["ledger"], "sound");
}

#[test]
fn a_delivery_that_does_not_come_leaves_promises_overdue_and_nothing_oversold() {
    let rig = rig();
    rig.write(
        "inbound.csv",
        "ts,kind,reference,warehouse,sku,qty,day\n,,PO-1,A,S,6,2026-12-01\n2026-11-11T01:00,cancel,PO-1,A,S,,\n\
         2026-11-11T01:00,cancel,PO-2,A,S,,\n",
    );
    let path = inbound(&rig);
    let (_, summary) = rig.replay(&["--inbound", &path]);
    assert_eq!(summary["presale"]["units_overdue_at_the_end"], 6);
    assert_eq!((&summary["ledger"], &summary["oversold_units"]), (&json!("sound"), &json!(0)));
    assert_eq!(summary["reported_lines"], 1, "PO-2 was never announced: told by line");
}

#[test]
fn rows_that_cannot_be_are_refused_before_anything_is_decided() {
    let rig = rig();
    let path = inbound(&rig);
    let fault = |text: &str| {
        rig.write("inbound.csv", text);
        rig.try_replay(&["--inbound", &path]).unwrap_err().to_string()
    };
    let unknown = fault("reference,warehouse,sku,qty,day\nPO-1,X,S,6,2026-12-01\n");
    assert!(unknown.contains("inbound.csv, line 2: warehouse `X` is not in the world"), "{unknown}");
    let pool = fault("reference,warehouse,sku,qty,day,pool\nPO-1,A,S,6,2026-12-01,vip\n");
    assert!(pool.contains("pool `vip` is not in the world"), "{pool}");
    rig.write("orders.csv", "order_id,sku,qty\n1,S,1\n");
    let untimed = fault(INBOUND);
    assert!(untimed.contains("line 2: the row has a `ts`, the orders have none"), "{untimed}");
}
