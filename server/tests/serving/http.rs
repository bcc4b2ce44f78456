//! The JSON calls, probes and metrics.

use serde_json::json;
use stockade_core::heap::Room;

use crate::rig::Server;

const ORDER: &str = r#"{"channel":"web","number":"A/1","zone":"CN-33","lines":[{"sku":"TEE","qty":2}]}"#;

#[test]
fn an_order_is_placed_paid_stepped_and_read() {
    let server = Server::start();
    let quoted = server.http("POST", "/v1/quote", &[], ORDER).json(200);
    assert_eq!(server.http("POST", "/v1/quote?exact=true", &[], ORDER).json(200), quoted);
    assert!(
        server.http("POST", "/v1/quote?exact=maybe", &[], ORDER).json(400)["detail"]
            .as_str()
            .unwrap()
            .contains("maybe")
    );
    let placed = server.http("POST", "/v1/orders", &[], ORDER);
    assert!(placed.head.contains("stockade-durability: journaled"), "{}", placed.head);
    let placed = placed.json(201);
    assert_eq!(placed["cost"], quoted["cost"]);
    let again = server.http("POST", "/v1/orders", &[], ORDER).json(200);
    assert_eq!((&again["order_id"], again["replayed"].as_bool()), (&placed["order_id"], Some(true)));

    let keyless = server.http("POST", "/v1/orders/web/A%2F1/pay", &[], "").json(400);
    assert!(keyless["detail"].as_str().unwrap().contains("Idempotency-Key"));
    let key = [("idempotency-key", "pay-1")];
    let paid = server.http("POST", "/v1/orders/web/A%2F1/pay", &key, "").json(200);
    assert_eq!((paid["state"].as_str(), paid["replayed"].as_bool()), (Some("paid"), Some(false)));
    let paid = server.http("POST", "/v1/orders/web/A%2F1/pay", &key, "").json(200);
    assert_eq!(paid["replayed"], true);
    let step = r#"{"action":"pick"}"#;
    let stepped = server.http("POST", "/v1/orders/web/A%2F1/steps", &[("idempotency-key", "s1")], step).json(200);
    assert_eq!(stepped["stages"], json!(["picking"]));
    let order = server.http("GET", "/v1/orders/web/A%2F1", &[], "").json(200);
    assert_eq!(order["timeline"].as_array().unwrap().len(), 3);
    let listed = server.http("GET", "/v1/orders?warehouse=HGH&stage=picking", &[], "").json(200);
    assert_eq!(listed["orders"][0]["number"], "A/1");
    let cancel = server.http("POST", "/v1/orders/web/A%2F1/cancel", &[("idempotency-key", "c1")], "").json(200);
    assert_eq!(cancel["state"], "cancelled");
}

#[test]
fn stock_is_received_and_read() {
    let server = Server::start();
    let body = r#"{"warehouse":"HGH","lines":[{"sku":"LAMP","qty":10}]}"#;
    let moved = server.http("POST", "/v1/stock/receive", &[("idempotency-key", "r1")], body).json(200);
    assert_eq!(moved["qty"], 10);
    let available = server.http("GET", "/v1/availability?channel=web&sku=LAMP&sku=MUG", &[], "").json(200);
    assert_eq!(available, json!([{"sku":"LAMP","available":15},{"sku":"MUG","available":90}]));
    let many = r#"{"channel":"web","skus":["LAMP"]}"#;
    assert_eq!(server.http("POST", "/v1/availability", &[], many).json(200)[0]["available"], 15);
    let cells = server.http("GET", "/v1/stock?sku=LAMP", &[], "").json(200);
    assert_eq!(cells[0]["on_hand"], 15);
}

#[test]
fn a_transfer_is_lost_broken_taken_back_and_counted_on_the_shelf() {
    let server = Server::start();
    let post = |path: &str, key: &str, body: &str| {
        server.http("POST", &format!("/v1/stock/{path}"), &[("idempotency-key", key)], body).json(200)
    };
    let lines = |qty: u64| format!(r#""lines":[{{"sku":"MUG","qty":{qty}}}]"#);
    let between = |qty| format!(r#"{{"from":"HGH","to":"CAN",{}}}"#, lines(qty));
    assert_eq!(post("transfer", "t", &between(10))["qty"], 10);
    assert_eq!(post("recall", "b", &between(4))["qty"], 4);
    let at_can = |rest: &str, qty| format!(r#"{{"warehouse":"CAN",{rest}{}}}"#, lines(qty));
    assert_eq!(post("arrive", "a", &at_can("", 3))["qty"], 3);
    let loss = |loss: &str, qty| at_can(&format!(r#""loss":"{loss}","reason":"wet","#), qty);
    for (key, name, qty) in [("1", "damaged_in_transit", 2), ("2", "lost_in_transit", 1), ("3", "damaged", 5)] {
        assert_eq!(post("loss", key, &loss(name, qty))["qty"], qty);
    }
    assert_eq!(post("loss", "4", &loss("scrapped", 6))["qty"], 6);
    assert_eq!(post("count-shelf", "c", &at_can("", 50))["qty"], 8, "63 less 5 damaged are on the books");
    let cell = server.http("GET", "/v1/stock?sku=MUG&warehouse=CAN", &[], "").json(200)[0].clone();
    assert_eq!((&cell["on_hand"], &cell["damaged"], &cell["in_transit"]), (&json!(51), &json!(1), &json!(0)));
    let more = server.http("POST", "/v1/stock/recall", &[("idempotency-key", "b2")], &between(1)).json(409);
    assert_eq!(more["code"], "not_enough_units");
}

#[test]
fn two_tokens_that_use_the_same_key_do_not_meet() {
    let server = Server::start_for_real();
    server.run(&["world", "apply", "world.toml"]).ended(0);
    server.run(&["sku", "define", "TEE"]).ended(0);
    let tokens = ["hgh", "can"].map(|name| {
        let added = server.run(&["token", "add", "--role", "warehouse", "--name", name]).ended(0);
        format!("Bearer {}", added.out.trim())
    });
    let send = |token: &str, body: &str| {
        let headers = [("authorization", token), ("idempotency-key", "1")];
        server.http_plain("POST", "/v1/stock/receive", &headers, body)
    };
    // The server follows the file within a second.
    while send(&tokens[1], "{").status == 401 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let bodies = ["HGH", "CAN"].map(|site| format!(r#"{{"warehouse":"{site}","lines":[{{"sku":"TEE","qty":5}}]}}"#));
    for replayed in [false, true] {
        for (token, body) in tokens.iter().zip(&bodies) {
            assert_eq!(send(token, body).json(200)["replayed"], replayed);
        }
    }
    assert_eq!(send(&tokens[0], &bodies[1]).json(409)["code"], "conflict");
}

#[test]
fn refusals_are_problem_details() {
    let server = Server::start();
    let short = r#"{"channel":"web","number":"2","lines":[{"sku":"LAMP","qty":6}]}"#;
    let answer = server.http("POST", "/v1/orders", &[], short);
    assert!(answer.head.contains("content-type: application/problem+json"), "{}", answer.head);
    let problem = answer.json(409);
    assert_eq!(problem["type"], "urn:stockade:insufficient_stock");
    assert_eq!(problem["short"], json!([{"sku":"LAMP","wanted":6,"available":5}]));

    let conflict = ORDER.replace("\"qty\":2", "\"qty\":3");
    server.http("POST", "/v1/orders", &[], ORDER).json(201);
    assert_eq!(server.http("POST", "/v1/orders", &[], &conflict).json(409)["code"], "conflict");
    let unknown = server.http("GET", "/v1/orders/web/none", &[], "").json(404);
    assert_eq!((&unknown["code"], &unknown["order"]), (&"unknown_order".into(), &"web/none".into()), "{unknown}");
    assert_eq!(server.http_plain("GET", "/v1/stock", &[], "").json(401)["code"], "unauthenticated");
    let stranger = [("authorization", "Bearer stk_nobody")];
    assert_eq!(server.http_plain("GET", "/v1/stock", &stranger, "").json(401)["code"], "unauthenticated");
    let replicated = [("stockade-durability", "replicated")];
    assert_eq!(server.http("GET", "/v1/stock", &replicated, "").json(422)["code"], "durability_unavailable");
}

#[test]
fn an_array_where_an_object_belongs_is_refused_in_every_body() {
    let server = Server::start();
    server.http("POST", "/v1/orders", &[], ORDER).json(201);
    let key = [("idempotency-key", "a-1")];
    for (path, body) in [
        ("/v1/orders", r#"["web","B/1",[{"sku":"TEE","qty":1}]]"#),
        ("/v1/orders", r#"{"channel":"web","number":"B/1","lines":[["TEE",1]]}"#),
        ("/v1/quote", r#"{"channel":"web","number":"B/1","lines":[["TEE",1]]}"#),
        ("/v1/availability", r#"["web",["TEE"]]"#),
        ("/v1/stock/receive", r#"["HGH",null,null,[{"sku":"LAMP","qty":10}]]"#),
        ("/v1/stock/receive", r#"{"warehouse":"HGH","lines":[["LAMP",10]]}"#),
        ("/v1/stock/adjust", r#"["HGH","LAMP",null,1,"found"]"#),
        ("/v1/stock/count", r#"{"warehouse":"HGH","lines":[["LAMP",10]]}"#),
        ("/v1/orders/web/A%2F1/cancel", "[]"),
        ("/v1/orders/web/A%2F1/extend", r#"["10m"]"#),
        ("/v1/orders/web/A%2F1/steps", r#"[1,"pick"]"#),
        ("/v1/orders/web/A%2F1/steps", r#"{"action":"short","lines":[["TEE",1]]}"#),
        ("/v1/inbound", r#"["PO-1","HGH","2036-12-01","TEE",10]"#),
        ("/v1/inbound/change", r#"["PO-1","HGH","TEE"]"#),
        ("/v1/inbound/cancel", r#"["PO-1","HGH","TEE"]"#),
    ] {
        let refused = server.http("POST", path, &key, body);
        assert!(refused.head.contains("content-type: application/problem+json"), "{path}: {}", refused.head);
        let detail = refused.json(400)["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("an array stands where an object belongs"), "{path} {body}: {detail}");
    }
    assert_eq!(server.http("GET", "/v1/orders/web/A%2F1", &[], "").json(200)["state"], "held");
    let paths = ["/v1/orders/web/%FF", "/v1/orders/%C3%28/1", "/v1/orders/web/%FF/explain"];
    for path in paths {
        let refused = server.http("GET", path, &[], "");
        assert!(refused.head.contains("content-type: application/problem+json"), "{path}: {}", refused.head);
        assert!(refused.json(400)["detail"].as_str().unwrap().contains("the path: "), "{path}");
    }
}

#[test]
fn what_cannot_be_understood_is_400_and_names_the_place() {
    let server = Server::start();
    let detail = |method: &str, path: &str, headers: &[(&str, &str)], body: &str, status: u16| {
        let problem = server.http(method, path, headers, body).json(status);
        assert_eq!(problem["code"], "bad_request");
        problem["detail"].as_str().unwrap().to_owned()
    };
    assert!(detail("POST", "/v1/orders", &[], "{", 400).contains("line 1"));
    let misspelt = ORDER.replace("zone", "zoen");
    assert!(detail("POST", "/v1/orders", &[], &misspelt, 400).contains("zoen"));
    let negative = ORDER.replace("\"qty\":2", "\"qty\":-2");
    assert!(detail("POST", "/v1/orders", &[], &negative, 400).contains("-2"));
    assert!(detail("GET", "/v1/orders?colour=red", &[], "", 400).contains("colour"));
    assert!(detail("GET", "/v1/availability?sku=A", &[], "", 400).contains("channel"));
    assert!(detail("GET", "/v1/stock", &[("stockade-durability", "eternal")], "", 400).contains("journaled"));
    assert!(detail("GET", "/v2/orders", &[], "", 404).contains("/v1"));
    assert!(detail("DELETE", "/v1/stock", &[], "", 405).contains("DELETE"));
    for path in [
        "/v1/orders?limit=1&limit=2",
        "/v1/orders?channel=web&channel=live",
        "/v1/stock?limit=1&limit=1",
        "/v1/inbound?warehouse=HGH&warehouse=CAN",
        "/v1/availability?channel=web&channel=live&sku=TEE",
        "/v1/orders/web/1/explain?decision=1&decision=2",
    ] {
        assert!(detail("GET", path, &[], "", 400).contains("more than once"), "{path}");
    }
    assert!(detail("POST", "/v1/quote?exact=true&exact=false", &[], ORDER, 400).contains("more than once"));
    let two_keys = [("idempotency-key", "a"), ("idempotency-key", "b")];
    assert!(detail("POST", "/v1/orders/web/1/pay", &two_keys, "", 400).contains("more than once"));
    for path in ["/v1/orders?limit=0", "/v1/stock?limit=0", "/v1/inbound?limit=0"] {
        assert!(detail("GET", path, &[], "", 400).contains("limit: write a whole number from 1"), "{path}");
    }
    let huge = "x".repeat(9 * 1024 * 1024);
    assert_eq!(server.http("POST", "/v1/orders", &[], &huge).status, 413);
}

#[test]
fn probes_and_metrics_tell_how_it_stands() {
    let server = Server::start();
    assert_eq!(server.http_plain("GET", "/livez", &[], "").status, 200);
    let ready = server.http_plain("GET", "/readyz", &[], "").json(200);
    assert_eq!((ready["ready"].as_bool(), ready["journal"]["kind"].as_str()), (Some(true), Some("local")));
    assert!(ready["journal"]["what_could_be_lost"].as_str().is_some_and(|text| !text.is_empty()));
    server.http("POST", "/v1/orders", &[], ORDER).json(201);
    server.http("POST", "/v1/orders", &[], &ORDER.replace("A/1", "A/2").replace("\"qty\":2", "\"qty\":999")).json(409);
    let text = server.http_plain("GET", "/metrics", &[], "").text;
    for line in [
        "stockade_requests_total{kind=\"place\",outcome=\"done\"} 1",
        "stockade_requests_total{kind=\"place\",outcome=\"refused\"} 1",
        "stockade_refusals_total{code=\"insufficient_stock\"} 1",
        "stockade_orders_total{event=\"placed\"} 1",
        "stockade_decide_seconds_count 2",
        "stockade_decide_seconds_bucket{le=\"+Inf\"} 2",
        "stockade_routing_gap_bucket{le=\"+Inf\"}",
        "stockade_journal_lag_events 0",
        "stockade_journal_working 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn every_metric_in_the_docs_is_there() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/guide/operations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let server = Server::start();
    server.http("GET", "/v1/orders/web/none", &[], "").json(404);
    let text = server.http_plain("GET", "/metrics", &[], "").text;
    let named: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `stockade_")?.split('`').next()).collect();
    assert!(named.len() > 10);
    for name in named {
        assert!(text.contains(&format!("\nstockade_{name}")), "stockade_{name} is not in\n{text}");
    }
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(page.contains(name), "{name} is not in the docs");
    }
}

#[test]
fn what_only_grows_is_a_counter() {
    let server = Server::start();
    server.http("POST", "/v1/orders", &[], ORDER).json(201);
    server.http("GET", "/v1/orders/web/none", &[], "").json(404);
    let text = server.http_plain("GET", "/metrics", &[], "").text;
    let gauges: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE stockade_")?.strip_suffix(" gauge")).collect();
    let expected = [
        "quic_connections",
        "locked_work_max",
        "clock_offset_seconds",
        "gate_watermark",
        "journal_lag_events",
        "journal_backlog_bytes",
        "journal_working",
        "routing_gap_waiting",
        "refunds_open",
        "memory_bytes",
    ];
    assert_eq!(gauges, expected, "{text}");
    for line in
        ["stockade_refused_requests_total 1", "stockade_routing_orders_total 1", "stockade_routing_cost_total 3.5"]
    {
        assert!(text.contains(&format!("\n{line}\n")), "{line} is not in\n{text}");
    }
}

#[test]
fn every_room_tells_its_memory() {
    let server = Server::start();
    server.http("POST", "/v1/orders", &[], ORDER).json(201);
    let text = server.http_plain("GET", "/metrics", &[], "").text;
    for room in Room::ALL {
        let line = format!("\nstockade_memory_bytes{{room=\"{}\"}} ", room.name());
        let bytes = text.split(&line).nth(1).and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
        // Nothing was paid with a reference, and stock has no prices here.
        let is_empty = matches!(room, Room::Accounts | Room::Prices);
        assert_eq!(bytes.map(|bytes| bytes > 0), Some(!is_empty), "{line:?} in\n{text}");
    }
}

#[test]
fn an_unpaid_order_expires_and_is_counted() {
    let server = Server::start();
    let brief = ORDER.replace("\"zone\"", "\"hold\":\"100ms\",\"zone\"");
    server.http("POST", "/v1/orders", &[], &brief).json(201);
    let expired = || server.http("GET", "/v1/orders/web/A%2F1", &[], "").json(200)["state"] == "expired";
    assert!((0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        expired()
    }));
    let text = server.http_plain("GET", "/metrics", &[], "").text;
    assert!(text.contains("stockade_orders_total{event=\"expired\"} 1"), "{text}");
}
