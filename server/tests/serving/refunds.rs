//! Money that arrives is never lost sight of, by the command line and over HTTP.

use serde_json::json;

use crate::rig::Server;

#[test]
fn a_second_payment_is_listed_as_a_refund_and_closed_by_the_command_line() {
    let server = Server::start();
    server.json(&["place", "web/1", "TEE:2", "--zone", "CN-33"]);
    assert_eq!(server.json(&["pay", "web/1", "--payment", "PSP-1", "--amount", "129.00"])["change"]["what"], "paid");
    let owed = server.json(&["pay", "web/1", "--payment", "PSP-2", "--amount", "129.00"]);
    assert_eq!(owed["change"], json!({"what": "refund_due", "refund": 1, "reason": "paid_twice"}));
    assert_eq!(server.json(&["pay", "web/1", "--payment", "PSP-2"])["replayed"], true);
    let listed = server.run(&["refunds"]).ended(0).out;
    assert!(listed.contains("paid_twice") && listed.contains("PSP-2") && listed.contains("129.00"), "{listed}");
    let orders = server.run(&["orders", "--state", "refund_due"]).ended(0).out;
    assert!(orders.contains("web/1"), "{orders}");
    let shown = server.run(&["order", "web/1"]).ended(0).out;
    assert!(shown.contains("refund 1: paid_twice, payment PSP-2, 129.00"), "{shown}");
    let closed = server.json(&["refund", "close", "web/1", "1", "--reference", "BACK-1"]);
    assert_eq!((closed["closed"]["reference"].as_str(), closed["replayed"].as_bool()), (Some("BACK-1"), Some(false)));
    assert_eq!(server.json(&["refund", "close", "web/1", "1", "--reference", "BACK-1"])["replayed"], true);
    let refused = server.run(&["refund", "close", "web/1", "1", "--reference", "BACK-2"]).ended(1);
    assert!(refused.err.contains("closed with BACK-1 before"), "{}", refused.err);
    assert!(server.run(&["refunds"]).ended(0).out.contains("no refunds like that"));
    assert_eq!(server.json(&["refunds", "--closed", "--channel", "web"])["refunds"][0]["reason"], "paid_twice");
    assert!(server.run(&["orders", "--state", "refund_due"]).ended(0).out.contains("no orders like that"));
}

#[test]
fn an_order_number_that_was_paid_and_never_placed_shows_what_came() {
    let server = Server::start();
    server.run(&["order", "web/404"]).ended(1);
    for payment in ["PSP-1", "PSP-2"] {
        server.run(&["pay", "web/404", "--payment", payment, "--amount", "12.50"]).ended(0);
    }
    server.run(&["refund", "close", "web/404", "1", "--reference", "BACK-1"]).ended(0);
    let shown = server.run(&["order", "web/404"]).ended(0).out;
    for part in ["no order has this number", "PSP-1", "PSP-2", "12.50", "BACK-1", "unknown_order"] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    let json = server.json(&["order", "web/404"]);
    assert_eq!(json["refunds"].as_array().unwrap().len(), 2);
    server.run(&["pay", "web/405", "--payment", "PSP-3"]).ended(0);
    let one = server.json(&["refunds", "--channel", "web", "--number", "404"]);
    assert_eq!((one["refunds"].as_array().unwrap().len(), &one["refunds"][0]["refund"]), (1, &json!(2)));
    let path = "/v1/refunds?channel=web&number=404&closed=true";
    assert_eq!(server.http("GET", path, &[], "").json(200)["refunds"][0]["refund"], 1);
    server.http("GET", "/v1/refunds?number=404", &[], "").json(422);
}

#[test]
fn payments_of_unknown_and_cancelled_orders_are_owed_back_over_http_and_counted() {
    let server = Server::start();
    let pay = |number: &str, key: &str, body: &str| {
        server.http("POST", &format!("/v1/orders/web/{number}/pay"), &[("idempotency-key", key)], body)
    };
    let unnamed = pay("404", "k0", "").json(404);
    assert!(unnamed["detail"].as_str().unwrap().contains("name the payment"), "{unnamed}");
    let owed = pay("404", "k1", r#"{"payment":"PSP-9","amount":"12.50"}"#).json(200);
    assert_eq!((owed["reason"].as_str(), owed["order_id"].is_null()), (Some("unknown_order"), true));
    assert_eq!(owed["payment"], json!({"reference": "PSP-9", "amount": "12.50"}));
    let order = r#"{"channel":"web","number":"5","zone":"CN-33","lines":[{"sku":"TEE","qty":2}]}"#;
    server.http("POST", "/v1/orders", &[], order).json(201);
    server.http("POST", "/v1/orders/web/5/cancel", &[("idempotency-key", "c")], "").json(200);
    let owed = pay("5", "k2", r#"{"payment":"PSP-9"}"#).json(200);
    assert_eq!(owed["change"]["reason"], "cancelled");
    let first = server.http("GET", "/v1/refunds?limit=1&channel=web", &[], "").json(200);
    assert_eq!(first["refunds"][0]["number"], "404");
    let next = first["next"].as_u64().unwrap();
    let second = server.http("GET", &format!("/v1/refunds?limit=5&after={next}"), &[], "").json(200);
    assert_eq!((second["refunds"][0]["number"].as_str(), second["next"].is_null()), (Some("5"), true));
    let close = |body| server.http("POST", "/v1/orders/web/404/refunds/1/close", &[], body);
    assert_eq!(close(r#"{"reference":"B-1"}"#).json(200)["closed"]["reference"], "B-1");
    assert_eq!(close(r#"{"reference":"B-2"}"#).json(422)["code"], "invalid");
    assert_eq!(server.http("GET", "/v1/refunds?closed=true", &[], "").json(200)["refunds"][0]["number"], "404");
    let metrics = server.http_plain("GET", "/metrics", &[], "").text;
    for line in [
        "stockade_refunds_open 1",
        "stockade_refunds_due_total{reason=\"unknown_order\"} 1",
        "stockade_refunds_due_total{reason=\"cancelled\"} 1",
        "stockade_refunds_closed_total{reason=\"unknown_order\"} 1",
    ] {
        assert!(metrics.contains(line), "`{line}` is missing in\n{metrics}");
    }
}
