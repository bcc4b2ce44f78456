//! Orders that change their minds and goods that come back elsewhere, by the command line and over HTTP.

use serde_json::{Value, json};

use crate::rig::Server;

/// What a sub-order of an order says under this name.
fn of_sub(order: &Value, at: usize, name: &str) -> Value {
    order["sub_orders"][at][name].clone()
}

fn last_of(order: &Value) -> Value {
    order["timeline"].as_array().unwrap().last().unwrap().clone()
}

#[test]
fn an_unpaid_order_is_raised_and_its_addition_explained() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:2", "--zone", "CN-33"]).ended(0);
    let before = server.json(&["order", "web/1"]);
    let raised = server.json(&["raise", "web/1", "TEE", "--by", "3"]);
    assert_eq!(raised["change"], json!({"what": "raised", "qty": 3, "first_sub": 2}));
    let key = [("idempotency-key", "one-more")];
    for replayed in [false, true] {
        let raised = server.http("POST", "/v1/orders/web/1/raise", &key, r#"{"sku":"TEE","qty":1}"#).json(200);
        assert_eq!((&raised["change"]["first_sub"], raised["replayed"].as_bool()), (&json!(3), Some(replayed)));
    }
    let order = server.json(&["order", "web/1"]);
    assert_eq!(order["expires_at"], before["expires_at"]);
    assert_eq!(last_of(&order)["what"], "order_raised");
    let explained = server.json(&["order", "explain", "web/1", "--decision", "2"]);
    assert!(explained["differs"].is_null() && explained["candidates"][0]["roles"][0] == "chosen", "{explained}");
    let refused = server.run(&["raise", "web/1", "MUG", "--by", "1"]).ended(1).err;
    assert!(refused.contains("MUG is not in it; place another order for it"), "{refused}");
    server.run(&["raise", "web/1", "TEE", "--by", "1000"]).ended(1);
    assert_eq!(server.json(&["order", "web/1"]), order, "what is refused changes nothing");
    server.run(&["pay", "web/1"]).ended(0);
    let refused = server.run(&["raise", "web/1", "TEE", "--by", "1"]).ended(1).err;
    assert!(refused.contains("place another order for more"), "{refused}");
}

#[test]
fn a_part_of_a_parcel_goes_ahead_by_its_own_number() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:3", "MUG:2", "--zone", "CN-33"]).ended(0);
    let first = server.json(&["order", "web/1"]);
    server.run(&["pay", "web/1"]).ended(0);
    let split = server.json(&["split", "web/1", "--sub", "1", "TEE:1", "MUG:2"]);
    assert_eq!(split["change"], json!({"what": "split", "sub": 2, "qty": 3}));
    for step in ["pick", "pack", "scan"] {
        server.run(&["step", "web/1/2", step]).ended(0);
    }
    let key = [("idempotency-key", "again")];
    let body = r#"{"sub":1,"lines":[{"sku":"TEE","qty":1}]}"#;
    let split = server.http("POST", "/v1/orders/web/1/split", &key, body).json(200);
    assert_eq!(
        (&split["change"]["sub"], &split["stages"]),
        (&json!(3), &json!(["allocated", "outbound", "allocated"]))
    );
    let order = server.json(&["order", "web/1"]);
    assert_eq!(
        of_sub(&order, 0, "first")["weight_g"],
        of_sub(&first, 0, "weight_g"),
        "the first promise stays visible"
    );
    let grams: u64 = (0..3).map(|at| of_sub(&order, at, "weight_g").as_u64().unwrap()).sum();
    assert_eq!(Some(grams), of_sub(&first, 0, "weight_g").as_u64(), "the parts weigh what the whole weighed");
    assert_eq!(last_of(&order)["what"], "sub_order_split");
    let refused = server.run(&["split", "web/1/2", "TEE"]).ended(1).err;
    assert!(refused.contains("`unscan` it if it is still here"), "{refused}");
    let page = server.run(&["order", "web/1"]).ended(0).out;
    assert!(page.contains("sub-order 1 was first promised with ") && page.contains("sub order split"), "{page}");
}

#[test]
fn goods_come_back_to_another_warehouse_and_are_on_sale_there() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:3", "--zone", "CN-33"]).ended(0);
    server.run(&["pay", "web/1"]).ended(0);
    for step in ["pick", "pack", "scan", "pickup", "deliver"] {
        server.run(&["step", "web/1", step]).ended(0);
    }
    let stands = |warehouse: &str, name: &str| {
        let cell = server.json(&["stock", "TEE", "--warehouse", warehouse]);
        cell[name].as_u64().or_else(|| cell["pools"][0][name].as_u64()).unwrap()
    };
    let (here, there) = (stands("HGH", "available"), stands("CAN", "available"));
    server.run(&["step", "web/1", "return", "TEE:2", "--to", "CAN"]).ended(0);
    let key = [("idempotency-key", "here")];
    server.http("POST", "/v1/orders/web/1/steps", &key, r#"{"action":"return","to":"HGH"}"#).json(200);
    assert_eq!((stands("HGH", "inspection"), stands("CAN", "inspection")), (1, 2));
    let order = server.json(&["order", "web/1"]);
    assert_eq!(of_sub(&order, 0, "elsewhere"), json!([{"warehouse": "CAN", "qty": 2}]));
    assert_eq!(order["timeline"].as_array().unwrap().iter().rev().nth(1).unwrap()["reason"], "it came back to CAN");
    let page = server.run(&["order", "web/1"]).ended(0).out;
    assert!(page.contains("2 units of sub-order 1 came back to CAN and must be inspected there"), "{page}");
    let refused = server.run(&["step", "web/1", "inspect", "TEE:1:1"]).ended(1).err;
    assert!(refused.contains("units of TEE wait at HGH and CAN: say at which it was"), "{refused}");
    let key = [("idempotency-key", "there")];
    let body = r#"{"action":"inspect","at":"CAN","lines":[{"sku":"TEE","intact":1,"damaged":1}]}"#;
    server.http("POST", "/v1/orders/web/1/steps", &key, body).json(200);
    server.run(&["step", "web/1", "inspect"]).ended(0);
    assert_eq!((stands("HGH", "available"), stands("CAN", "available")), (here + 1, there + 1));
    assert_eq!((stands("CAN", "damaged"), stands("HGH", "damaged")), (1, 0));
    assert!(server.json(&["order", "web/1"])["sub_orders"][0]["elsewhere"].is_null());
    server.run(&["step", "web/1", "return", "--to", "NOWHERE"]).ended(1);
}
