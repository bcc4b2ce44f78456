//! An order is found by what it is called, whatever its number looks like.

use crate::rig::Server;

/// Order numbers as shops write them, and as they are written in a path.
const NUMBERS: [(&str, &str); 10] = [
    ("2026/11/2", "2026%2F11%2F2"),
    ("#1001", "%231001"),
    ("1001.2", "1001.2"),
    ("A 7", "A%207"),
    ("😀-1", "%F0%9F%98%80-1"),
    ("100%", "100%25"),
    ("a+b?c&d=e", "a+b%3Fc&d=e"),
    ("id:5", "id%3A5"),
    ("7/pay", "7%2Fpay"),
    ("订单/1001", "%E8%AE%A2%E5%8D%95%2F1001"),
];

fn places(server: &Server, number: &str) -> String {
    let placed = server.json(&["place", &format!("web/{number}"), "TEE:1", "--zone", "CN-33"]);
    placed["order_id"].as_str().unwrap().to_owned()
}

#[test]
fn every_verb_and_every_call_means_the_same_order() {
    let server = Server::start();
    for (number, path) in NUMBERS {
        let id = places(&server, number);
        let (order, path) = (format!("web/{number}"), format!("/v1/orders/web/{path}"));
        let shown = server.json(&["order", &order]);
        assert_eq!((&shown["order_id"], &shown["number"]), (&id.as_str().into(), &number.into()));
        assert_eq!(server.http("GET", &path, &[], "").json(200)["order_id"], id.as_str(), "{number}");
        assert_eq!(server.json(&["extend", &order, "--until", &in_ten_hours()])["order_id"], id.as_str(), "{number}");
        let key = format!("pay-{id}");
        let paid = server.http("POST", &format!("{path}/pay"), &[("idempotency-key", &key)], "").json(200);
        assert_eq!(paid["order_id"], id.as_str(), "{number}");
        assert_eq!(server.json(&["step", &order, "pick"])["order_id"], id.as_str(), "{number}");
        let key = format!("pack-{id}");
        let packed =
            server.http("POST", &format!("{path}/steps"), &[("idempotency-key", &key)], r#"{"action":"pack"}"#);
        assert_eq!(packed.json(200)["order_id"], id.as_str(), "{number}");
        assert_eq!(server.json(&["order", "explain", &order])["order_id"], id.as_str(), "{number}");
        assert_eq!(server.json(&["cancel", &order])["order_id"], id.as_str(), "{number}");
    }
    let listed = server.http("GET", "/v1/orders?channel=web&state=cancelled", &[], "").json(200);
    assert_eq!(listed["orders"].as_array().unwrap().len(), NUMBERS.len());
    let lost = server.http("GET", "/v1/orders/web/2026/11/2", &[], "").json(404);
    assert!(lost["detail"].as_str().unwrap().contains("%2F"), "{lost}");
}

fn in_ten_hours() -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 36_000;
    stockade_core::time::Time(seconds * 1_000_000).to_string()
}

#[test]
fn a_text_that_may_be_an_order_or_a_sub_order_is_never_silently_another_order() {
    let server = Server::start();
    // No warehouse has as many: it needs two parcels.
    server.json(&["place", "web/1001", "TEE:120", "--zone", "CN-44"]);
    server.json(&["pay", "web/1001"]);
    let stepped = server.json(&["step", "web/1001/2", "pick"]);
    assert_eq!(stepped["stages"], serde_json::json!(["allocated", "picking"]), "no order is called 1001/2");

    let other = places(&server, "1001/2");
    server.json(&["pay", "web/1001/2"]);
    for args in [&["step", "web/1001/2", "pack"][..], &["cancel", "web/1001/2"]] {
        let asked = server.run(args).ended(2).err;
        assert!(asked.contains("web/1001 --sub 2") && asked.contains("nothing is done"), "{asked}");
    }
    assert_eq!(server.json(&["order", "web/1001"])["state"], "paid");
    assert_eq!(server.json(&["order", "web/1001/2"])["state"], "paid");
    let stages = |args: &[&str]| server.json(args)["stages"].clone();
    assert_eq!(stages(&["step", "web/1001", "--sub", "2", "pack"]), serde_json::json!(["allocated", "packed"]));
    assert_eq!(stages(&["step", "web/1001/2", "--sub", "1", "pick"]), serde_json::json!(["picking"]));
    let cancelled = server.json(&["cancel", "web/1001/2", "--whole"]);
    assert_eq!((&cancelled["order_id"], &cancelled["state"]), (&other.as_str().into(), &"cancelled".into()));
    assert_eq!(stages(&["cancel", "web/1001", "--sub", "2"]), serde_json::json!(["allocated", "cancelled"]));

    // No parcel of 1001 has this number, so only the order can be meant.
    let third = places(&server, "1001/3");
    assert_eq!(server.json(&["cancel", "web/1001/3"])["order_id"], third.as_str());
    let nobody = server.run(&["cancel", "web/1001/4"]).ended(1).err;
    assert!(nobody.contains('4'), "{nobody}");
}
