//! Goods sold before they have come, by the command line over QUIC and by JSON over HTTP.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::rig::Server;

/// The sample world, whose channel `web` sells presale, and a SKU of which nothing is there.
fn selling_presale() -> Server {
    let server = Server::start();
    let world = server.dir.path().join("presale.toml");
    let sample = include_str!("../../src/serve/sample_world.toml");
    std::fs::write(&world, sample.replacen("code = \"web\"\n", "code = \"web\"\npresale = true\n", 1)).unwrap();
    server.json(&["world", "apply", "presale.toml"]);
    server.json(&["sku", "define", "POT"]);
    server
}

#[test]
fn teapots_on_their_way_are_sold_promised_and_sent() {
    let server = selling_presale();
    server.json(&["receive", "HGH", "POT:2"]);
    server.json(&["inbound", "announce", "PO-17", "HGH", "2036-12-01", "POT:10"]);
    let available = server.run(&["available", "web", "POT"]).ended(0).out;
    assert!(available.contains("POT: on presale 10 due 2036-12-01"), "{available}");

    let placed = server.json(&["place", "web/1", "POT:5", "--zone", "CN-33"]);
    assert_eq!((&placed["sub_orders"][0]["kind"], placed["sub_orders"][0]["due"].is_null()), (&json!("regular"), true));
    assert_eq!(
        (&placed["sub_orders"][1]["kind"], &placed["sub_orders"][1]["due"]),
        (&json!("presale"), &json!("2036-12-01"))
    );
    assert_eq!(server.json(&["pay", "web/1"])["stages"], json!(["allocated", "waiting"]));
    let refused = server.run(&["step", "web/1/2", "pick"]).ended(1).err;
    assert!(refused.contains("waiting") && refused.contains("yet to come"), "{refused}");

    server.json(&["inbound", "change", "PO-17", "HGH", "POT", "--day", "2036-12-05"]);
    let shown = server.run(&["order", "web/1"]).ended(0).out;
    assert!(shown.contains("sub-order 2 waits for 3 of POT due 2036-12-05 with PO-17"), "{shown}");
    let listed = server.run(&["inbound", "list"]).ended(0).out;
    let row: Vec<&str> = listed.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(row, ["POT", "HGH", "PO-17", "2036-12-05", "regular", "7", "3"]);

    server.json(&["receive", "HGH", "POT:4", "--inbound", "PO-17"]);
    in_stage(&server, 1, "allocated");
    assert_eq!(server.json(&["step", "web/1/2", "pick"])["stages"], json!(["allocated", "picking"]));
    assert_eq!(server.run(&["inbound", "list"]).ended(0).out.trim(), "nothing is expected");
    assert_eq!(server.json(&["available", "web", "POT"])["available"], 1);
    let told = server.run(&["order", "explain", "web/1", "--decision", "2"]).ended(0).out;
    assert!(told.contains("presale"), "{told}");
}

/// Order `web/1` once the reactions thread has handed its sub-order the goods that came.
#[track_caller]
fn in_stage(server: &Server, sub: usize, stage: &str) -> Value {
    let begun = Instant::now();
    loop {
        let read = server.http("GET", "/v1/orders/web/1", &[], "").json(200);
        if read["sub_orders"][sub]["stage"] == stage {
            return read;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{read}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn answers_say_that_units_moved_only_where_they_did() {
    let server = selling_presale();
    for (args, says) in [
        (&["inbound", "announce", "PO-1", "HGH", "2036-12-01", "POT:10"][..], "10 units are announced; watermark "),
        (&["inbound", "change", "PO-1", "HGH", "POT", "--units", "8"], "8 units are still to come; watermark "),
        (&["inbound", "change", "PO-1", "HGH", "POT", "--day", "2036-12-02"], "8 units are still to come; watermark "),
        (&["receive", "HGH", "POT:3", "--inbound", "PO-1", "--more"], "3 units moved; watermark "),
        (&["inbound", "cancel", "PO-1", "HGH", "POT"], "5 units are no longer expected; watermark "),
        (&["safety", "POT", "HGH", "1"], "1 unit is kept back from orders; watermark "),
        (&["adjust", "POT", "HGH", "-1", "--reason", "broken"], "1 unit moved; watermark "),
    ] {
        let said = server.run(args).ended(0).out;
        assert!(said.starts_with(says), "{args:?}: {said}");
    }
}

#[test]
fn expected_receipts_have_calls_of_their_own() {
    let server = selling_presale();
    let post = |path: &str, key: &str, body: &str| server.http("POST", path, &[("idempotency-key", key)], body);
    let announce = r#"{"reference":"PO-1","sku":"POT","warehouse":"HGH","day":"2036-12-01","qty":4}"#;
    let announced = post("/v1/inbound", "a1", announce).json(200);
    assert_eq!((announced["qty"].as_u64(), announced["replayed"].as_bool()), (Some(4), Some(false)));
    assert_eq!(post("/v1/inbound", "a1", announce).json(200)["replayed"], true);
    assert_eq!(post("/v1/inbound", "a2", announce).json(422)["code"], "invalid");

    let order = r#"{"channel":"web","number":"1","zone":"CN-33","lines":[{"sku":"POT","qty":3}]}"#;
    let placed = server.http("POST", "/v1/orders", &[], order).json(201);
    assert_eq!(placed["sub_orders"][0]["due"], "2036-12-01");
    let available = server.http("GET", "/v1/availability?channel=web&sku=POT", &[], "").json(200);
    assert_eq!(available, json!([{"sku":"POT","available":0,"presale":[{"due":"2036-12-01","qty":1}]}]));

    let change = r#"{"reference":"PO-1","sku":"POT","warehouse":"HGH","qty":2}"#;
    assert_eq!(post("/v1/inbound/change", "c1", change).json(200)["short"], 1);
    let listed = server.http("GET", "/v1/inbound?reference=PO-1", &[], "").json(200);
    assert_eq!(listed[0]["receipts"][0]["promised"], 2);
    let read = server.http("GET", "/v1/orders/web/1", &[], "").json(200);
    let awaits = &read["sub_orders"][0]["awaits"];
    assert_eq!((&awaits[0]["reference"], awaits[1]["reference"].is_null()), (&json!("PO-1"), true));

    let receive = r#"{"warehouse":"HGH","expected":"PO-1","lines":[{"sku":"POT","qty":5}]}"#;
    assert_eq!(post("/v1/stock/receive", "r1", receive).json(200)["qty"], 5);
    let read = in_stage(&server, 0, "held");
    assert!(read["sub_orders"][0]["awaits"].is_null(), "{read}");
    let withdraw = r#"{"reference":"PO-1","sku":"POT","warehouse":"HGH"}"#;
    assert_eq!(post("/v1/inbound/cancel", "w1", withdraw).json(422)["code"], "invalid");
}
