//! The life of orders and stock, by the command line.

use serde_json::Value;

use crate::rig::Server;

#[test]
fn an_order_goes_from_quote_to_a_return_that_is_back_on_sale() {
    let server = Server::start();
    let quoted = server.json(&["quote", "web/1", "TEE:2", "MUG", "--zone", "CN-33"]);
    let exact = server.json(&["quote", "web/1", "TEE:2", "MUG", "--zone", "CN-33", "--exact"]);
    assert_eq!((&exact["cost"], exact["proven"].as_bool()), (&quoted["cost"], Some(true)));
    let placed = server.json(&["place", "web/1", "TEE:2", "MUG", "--zone", "CN-33"]);
    assert_eq!(placed["cost"], quoted["cost"]);
    assert_eq!(placed["state"], "held");
    assert_eq!(placed["sub_orders"][0]["warehouse"], "HGH");
    let again = server.json(&["place", "web/1", "TEE:2", "MUG", "--zone", "CN-33"]);
    assert_eq!((again["replayed"].as_bool(), &again["order_id"]), (Some(true), &placed["order_id"]));
    assert_eq!(server.json(&["pay", "web/1"])["state"], "paid");
    for (action, stage) in [
        (&["pick"][..], "picking"),
        (&["weigh", "750"], "picking"),
        (&["label", "ZTO-7"], "picking"),
        (&["pack"], "packed"),
        (&["scan", "ZTO-7"], "outbound"),
        (&["pickup"], "picked_up"),
        (&["deliver"], "delivered"),
        (&["return", "TEE:2"], "delivered"),
        (&["inspect", "TEE:1:1"], "delivered"),
    ] {
        let changed = server.json(&[&["step", "web/1"], action].concat());
        assert_eq!(changed["stages"][0], stage, "{action:?}: {changed}");
    }
    let cells = server.run(&["stock", "TEE", "--warehouse", "HGH", "--json"]).ended(0).out;
    let cell: Value = serde_json::from_str(&cells).unwrap();
    assert_eq!((cell["pools"][0]["available"].as_u64(), cell["damaged"].as_u64()), (Some(99), Some(1)));
    let shown = server.run(&["order", "web/1"]).ended(0).out;
    assert!(shown.contains("ZTO-7") && shown.contains("order placed"), "{shown}");
}

#[test]
fn an_order_is_explained_by_the_rules_that_decided_it() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:2", "LAMP", "--zone", "CN-33"]).ended(0);
    std::fs::write(server.dir.path().join("rules.toml"), "[[ban]]\nwarehouse = \"HGH\"\n").unwrap();
    server.json(&["rules", "apply", "rules.toml"]);
    let told = server.run(&["order", "explain", "web/1"]).ended(0).out;
    for words in [
        "ships from HGH with ZTO for 5.50 in 24 h; no plan scores less (proven)",
        "next best: HGH with SF, which scores 19.62 more (money +19.50, time +0.12)",
        "by rules version 1",
        "CAN        TEE 2 of 2  lacks LAMP (0 of 1)",
        "no stock of it at: SHA-01",
    ] {
        assert!(told.contains(words), "`{words}` is missing in:\n{told}");
    }
    let json = server.json(&["order", "explain", "web/1", "--decision", "1"]);
    assert_eq!((json["rules_version"].as_u64(), json["differs"].is_null()), (Some(1), true));
    assert_eq!(json["candidates"][0]["roles"][0], "chosen");
    assert_eq!(json["warehouses"][1]["out"][0]["why"], "lacks");
    let same = server.http("GET", "/v1/orders/web/1/explain", &[], "").json(200);
    assert_eq!(same, json, "HTTP tells the same");
    server.http("GET", "/v1/orders/web/1/explain?decision=2", &[], "").json(422);
    server.run(&["order", "explain", "web/none"]).ended(1);
    assert!(server.run(&["order", "web/1"]).ended(0).out.contains("order placed"));
}

#[test]
fn the_gap_of_live_decisions_is_measured_beside_the_traffic() {
    let server = Server::start_in(tempfile::tempdir().unwrap(), &["--set", "routing.gap_sample=1"]);
    for n in 0..12 {
        server.run(&["place", &format!("web/{n}"), "TEE:2", "MUG:3", "--zone", "CN-44"]).ended(0);
    }
    // 20 are here, 41 there: no warehouse has all of them.
    server.run(&["place", "web/split", "TEE:40", "MUG:50", "--zone", "CN-44"]).ended(0);
    let measured = |report: &Value| report["gap"]["measured"].as_u64().unwrap();
    let mut report = server.json(&["report"]);
    for _ in 0..200 {
        if measured(&report) == 13 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        report = server.json(&["report"]);
    }
    assert_eq!(measured(&report), 13, "{report}");
    assert_eq!((report["orders"].as_u64(), report["split_orders"].as_u64()), (Some(13), Some(1)));
    assert_eq!(report["gap"]["optimal"], 13, "small orders are decided at their optimum: {report}");
    assert_eq!(report["gap"]["dropped"], 0);
    let said = server.run(&["report"]).ended(0).out;
    assert!(said.contains("13 decisions solved again: 100.0 % best to the last millionth"), "{said}");
    assert_eq!(server.http("GET", "/v1/routing", &[], "").json(200), report);
    let metrics = server.http_plain("GET", "/metrics", &[], "").text;
    for line in
        ["stockade_routing_orders_total 13", "stockade_routing_split_orders_total 1", "stockade_routing_gap_count 13"]
    {
        assert!(metrics.contains(line), "`{line}` is missing in\n{metrics}");
    }
}

#[test]
fn refusals_are_1_and_say_why() {
    let server = Server::start();
    let short = server.run(&["place", "web/2", "LAMP:9"]).ended(1);
    assert_eq!(short.err, "stockade: too little stock, nothing is held: 9 of LAMP wanted, 5 available\n");
    let unknown = server.run(&["place", "web/2", "CHAIR", "--json"]).ended(1);
    let failure: Value = serde_json::from_str(&unknown.err).unwrap();
    assert_eq!((failure["error"].as_str(), failure["exit"].as_u64()), (Some("unknown_sku"), Some(1)));
    server.run(&["place", "web/2", "TEE"]).ended(0);
    let early = server.run(&["step", "web/2", "pick"]).ended(1);
    assert!(early.err.contains("held"), "{}", early.err);
    server.run(&["place", "web/2", "TEE:2"]).ended(1);
    for (verb, named) in [("order", "web/nobody"), ("pay", "id:77")] {
        let refused = server.run(&[verb, named]).ended(1).err;
        assert_eq!(refused, format!("stockade: no such order: {named}\n"));
    }
}

#[test]
fn stock_is_received_from_a_spreadsheet_and_counted() {
    let server = Server::start();
    let dir = server.dir.path();
    std::fs::write(dir.join("catalog.csv"), "sku;weight_g;category\r\nPEN;10;office\r\nINK;80;office\r\n").unwrap();
    server.run(&["sku", "define", "--file", "catalog.csv"]).ended(0);
    std::fs::write(dir.join("in.csv"), "\u{feff}sku,qty,warehouse\r\nPEN,50,HGH\r\nINK,5,CAN\r\n").unwrap();
    let received = server.run(&["receive", "--file", "in.csv", "--key", "delivery-1"]).ended(0);
    assert_eq!(received.out.lines().count(), 2, "{}", received.out);
    let again = server.run(&["receive", "--file", "in.csv", "--key", "delivery-1"]).ended(0);
    assert!(again.out.contains("given again"), "{}", again.out);
    let available = server.run(&["available", "web", "PEN", "INK"]).ended(0).out;
    assert_eq!(available, "SKU  available\nPEN         50\nINK          5\n");

    server.json(&["transfer", "HGH", "CAN", "PEN:20"]);
    server.json(&["arrive", "CAN", "PEN:20"]);
    server.json(&["adjust", "PEN", "HGH", "-5", "--reason", "broken"]);
    server.json(&["move", "PEN", "HGH", "10", "--to", "live"]);
    server.json(&["safety", "PEN", "CAN", "4"]);
    server.json(&["inbound", "announce", "PO-9", "HGH", "2036-12-24", "PEN:100"]);
    let counted = server.json(&["count", "HGH", "PEN:24", "--as-of", "now"]);
    assert_eq!(counted["short"], 0);
    let cells = server.run(&["stock", "PEN", "--json"]).ended(0).out;
    let on_hand: Vec<u64> =
        cells.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["on_hand"].as_u64().unwrap()).collect();
    assert_eq!(on_hand, [24, 20]);
    let available = server.run(&["available", "web", "PEN"]).ended(0).out;
    assert!(available.ends_with(" 30\n"), "14 at HGH outside the pool live, 16 at CAN above safety: {available}");
}

#[test]
fn a_partial_cancel_is_told_as_one_with_its_reason_and_new_figures() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:6", "--zone", "CN-33"]).ended(0);
    let first = server.json(&["order", "web/1"]);
    server.run(&["cancel", "web/1", "--units", "TEE:4", "--reason", "wants\ntwo only"]).ended(0);
    let json = server.json(&["order", "web/1"]);
    assert_eq!(json, server.http("GET", "/v1/orders/web/1", &[], "").json(200), "HTTP tells the same");
    let last = json["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["what"], &last["reason"]), (&Value::from("units_cancelled"), &Value::from("wants\ntwo only")));
    let (now, before) = (&json["sub_orders"][0], &first["sub_orders"][0]);
    assert_eq!(now["weight_g"].as_u64().map(|grams| grams * 3), before["weight_g"].as_u64());
    assert_eq!((&now["first"]["weight_g"], &now["first"]["cost"]), (&before["weight_g"], &before["cost"]));
    assert!(before["first"].is_null() && json["timeline"][0]["reason"].is_null());
    let page = server.run(&["order", "web/1"]).ended(0).out;
    for words in ["units cancelled", "wants two only", "sub-order 1 was first promised with TEE:6: "] {
        assert!(page.contains(words), "`{words}` is missing in:\n{page}");
    }
}

#[test]
fn a_person_decides_about_what_a_limit_of_parcels_leaves_in_review() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:3", "--zone", "CN-33", "--ship-complete"]).ended(0);
    server.run(&["pay", "web/1"]).ended(0);
    let shorted = server.json(&["step", "web/1", "short", "TEE:2"]);
    assert_eq!(
        (shorted["change"]["rerouted"].as_u64(), shorted["change"]["review"].as_u64()),
        (Some(0), Some(1)),
        "{shorted}"
    );
    let page = server.run(&["order", "web/1"]).ended(0).out;
    assert!(page.contains("the order ships complete, and no other parcel may follow"), "{page}");
    let refused = server.run(&["reroute", "web/1"]).ended(1).err;
    assert!(refused.contains("`reroute --apart`") && refused.contains("`cancel --units`"), "{refused}");
    let apart = [("idempotency-key", "apart")];
    server.http("POST", "/v1/orders/web/1/reroute", &apart, r#"{"apart":true}"#).json(200);
    let order = server.json(&["order", "web/1"]);
    let last = order["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(last["reason"], "the order was to ship complete; it ships in 2 parcels");
    for decision in ["1", "2"] {
        let explained = server.json(&["order", "explain", "web/1", "--decision", decision]);
        assert!(explained["differs"].is_null(), "{explained}");
        assert_eq!(explained["asked"]["ship_complete"], decision == "1");
    }
}

#[test]
fn what_is_routed_again_within_a_limit_is_explained_with_it() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:3", "MUG:2", "--zone", "CN-33", "--max-parcels", "2"]).ended(0);
    server.run(&["pay", "web/1"]).ended(0);
    let shorted = server.json(&["step", "web/1", "short", "TEE:1", "MUG:1"]);
    assert_eq!(shorted["change"]["review"].as_u64(), Some(0), "{shorted}");
    let explained = server.json(&["order", "explain", "web/1", "--decision", "2"]);
    assert!(explained["differs"].is_null(), "{explained}");
    assert_eq!(explained["asked"]["max_parcels"], 1, "one parcel is left");
}

#[test]
fn lists_come_as_tables_and_as_csv() {
    let server = Server::start();
    for n in 1..=3 {
        server.run(&["place", &format!("web/{n}"), "TEE", "--zone", "CN-33"]).ended(0);
    }
    server.run(&["cancel", "web/2", "--reason", "changed mind"]).ended(0);
    let csv = server.run(&["orders", "--warehouse", "HGH", "--state", "held", "--csv"]).ended(0).out;
    let numbers: Vec<&str> = csv.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    assert_eq!(numbers, ["1", "3"]);
    let all = server.run(&["orders", "--channel", "web"]).ended(0).out;
    assert!(all.lines().count() == 4 && all.contains("cancelled"), "{all}");
    let one = server.run(&["orders", "--limit", "1"]).ended(0);
    assert!(one.err.contains("there are more"), "{}", one.err);
}

#[test]
fn a_list_that_is_cut_says_so_and_how_to_go_on() {
    let server = Server::start();
    for n in 1..=4 {
        server.run(&["place", &format!("web/{n}"), "TEE", "--zone", "CN-33"]).ended(0);
    }
    // More than any one warehouse has: two sub-orders.
    server.run(&["place", "web/split", "TEE:110", "--zone", "CN-44"]).ended(0);
    let numbers = |csv: &str| -> Vec<String> {
        csv.lines().skip(1).filter_map(|line| Some(line.split(',').nth(1)?.to_owned())).collect()
    };
    let cut = server.run(&["orders", "--csv", "--limit", "3"]).ended(0);
    assert_eq!(numbers(&cut.out), ["1", "2", "3"]);
    let cursor = cut.err.trim().rsplit(' ').next().unwrap();
    assert!(cut.err.contains("there are more: this is a list of the first 3 orders"), "{}", cut.err);
    let rest = server.run(&["orders", "--csv", "--after", cursor]).ended(0);
    assert_eq!((numbers(&rest.out), rest.err.as_str()), (vec!["4".into(), "split".into(), "split".into()], ""));

    let json = server.json(&["orders", "--limit", "3"]);
    assert_eq!(json["next"].to_string(), cursor, "{json}");
    assert!(server.json(&["orders", "--limit", "5"])["next"].is_null(), "all five are there");
    let of_web = server.json(&["orders", "--state", "held", "--stage", "held", "--limit", "5"]);
    assert!(of_web["next"].is_null() && of_web["orders"].as_array().unwrap().len() == 6, "{of_web}");
    // The cursor of the last match is no promise of another one.
    server.run(&["cancel", "web/4"]).ended(0);
    server.run(&["cancel", "web/split"]).ended(0);
    let held = server.run(&["orders", "--state", "held", "--limit", "3"]).ended(0);
    assert_eq!((held.out.lines().count(), held.err.as_str()), (4, ""), "{}", held.out);

    let cells = server.run(&["stock", "--limit", "2", "--json"]).ended(0);
    assert_eq!(cells.out.lines().count(), 2);
    assert!(cells.err.contains("there are more: this is a list of the first 2 cells"), "{}", cells.err);
    for (reference, sku) in [("PO-1", "TEE"), ("PO-2", "TEE"), ("PO-3", "MUG")] {
        server.run(&["inbound", "announce", reference, "HGH", "2030-12-01", &format!("{sku}:5")]).ended(0);
    }
    let expected = server.run(&["inbound", "list", "--limit", "1"]).ended(0);
    assert_eq!(expected.out.lines().count(), 3, "{}", expected.out);
    assert!(expected.err.contains("there are more: this is a list of the first 1 SKU"), "{}", expected.err);
    assert_eq!(server.run(&["inbound", "list", "--limit", "2"]).ended(0).err, "");
}

#[test]
fn flags_may_follow_the_action_of_a_step() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE", "--zone", "CN-33"]).ended(0);
    server.run(&["pay", "web/1"]).ended(0);
    let first = server.json(&["step", "web/1", "pick", "--key", "p1", "--timeout", "5s"]);
    let again = server.json(&["step", "web/1", "--key", "p1", "pick"]);
    assert_eq!((first["replayed"].as_bool(), again["replayed"].as_bool()), (Some(false), Some(true)));
    for args in [
        &["order", "explain", "web/1", "--timeout", "5s", "--decision", "1"][..],
        &["order", "--timeout", "5s", "explain", "web/1"],
        &["order", "web/1", "explain"],
        &["order", "web/1", "explain", "web/1", "--timeout", "5s"],
    ] {
        let told = server.run(args).ended(0).out;
        assert!(told.contains("no plan scores less"), "{args:?}: {told}");
    }
    let shown = server.run(&["order", "--timeout", "5s", "web/1", "--json"]).ended(0).out;
    assert!(shown.contains("timeline"), "{shown}");
    assert!(server.run(&["order", "web/1", "explain", "web/2"]).ended(2).err.contains("name one order"));
    server.run(&["order", "explain"]).ended(2);
    server.run(&["order"]).ended(2);
}

#[test]
fn rules_change_while_it_runs_and_a_bad_file_is_refused_whole() {
    let server = Server::start();
    let dir = server.dir.path();
    std::fs::write(dir.join("rules.toml"), "[[ban]]\nwarehouse = \"HGH\"\n").unwrap();
    let applied = server.json(&["rules", "apply", "rules.toml", "--expect", "1"]);
    assert_eq!(applied["rules_version"], 2);
    let quoted = server.json(&["quote", "web/1", "TEE", "--zone", "CN-33"]);
    assert_eq!(quoted["sub_orders"][0]["warehouse"], "CAN");
    server.run(&["rules", "apply", "rules.toml", "--expect", "1"]).ended(1);
    std::fs::write(dir.join("bad.toml"), "[[ban]]\n\nwarehouse = \"NOWHERE\"\n").unwrap();
    let refused = server.run(&["rules", "apply", "bad.toml"]).ended(1);
    for word in ["bad.toml", "line 3", "NOWHERE"] {
        assert!(refused.err.contains(word), "{word} in {}", refused.err);
    }
    assert!(server.run(&["rules", "show"]).ended(0).out.contains("HGH"));
    assert!(server.run(&["world", "show"]).ended(0).out.contains("Hangzhou"));
    std::fs::write(dir.join("empty.toml"), "# nothing\n").unwrap();
    let emptied = server.run(&["rules", "apply", "empty.toml"]).ended(0);
    assert!(emptied.out.contains("version 3") && emptied.out.contains("says nothing"), "{}", emptied.out);
}

#[test]
fn a_storefront_token_reaches_its_own_channel_only() {
    let server = Server::start();
    let added = server.run(&["token", "add", "--role", "storefront", "--channel", "web"]).ended(0);
    let token = added.out.trim();
    let mut tries = 0;
    let own = loop {
        let run = server.run(&["place", "web/1", "TEE", "--token", token]);
        tries += 1;
        if run.code == 0 || tries > 30 {
            break run;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    own.ended(0);
    let foreign = server.run(&["place", "live/1", "TEE", "--token", token]).ended(1);
    assert!(foreign.err.contains("channel web, not live"), "{}", foreign.err);
    server.run(&["stock", "--token", token]).ended(1);
}

#[test]
fn goods_that_are_short_are_sold_once_and_lost_once() {
    let server = Server::start();
    server.run(&["sku", "define", "POT"]).ended(0);
    server.run(&["receive", "HGH", "POT:5"]).ended(0);
    server.run(&["place", "web/short", "POT:5", "--zone", "CN-33"]).ended(0);
    server.run(&["pay", "web/short"]).ended(0);
    server.run(&["step", "web/short", "pick"]).ended(0);
    server.run(&["step", "web/short", "short", "POT:3"]).ended(0);
    let again = server.run(&["adjust", "POT", "HGH", "-2", "--reason", "the picker found 3 of 5"]).ended(1);
    assert!(again.err.contains("0 can be taken"), "{}", again.err);
    server.run(&["receive", "HGH", "POT:10"]).ended(0);
    assert_eq!(server.json(&["available", "web", "POT"])["available"], 10);
    let counted = server.run(&["count", "HGH", "POT:1", "--as-of", "now"]).ended(0).out;
    assert!(counted.starts_with("12 units corrected by a count of all in the building"), "{counted}");
    server.run(&["step", "web/short", "pack"]).ended(0);
    server.run(&["step", "web/short", "scan"]).ended(0);
    let cell = server.json(&["stock", "POT", "--warehouse", "HGH"]);
    assert_eq!((&cell["on_hand"], &cell["short"]), (&serde_json::json!(-2), &serde_json::json!(2)));
    assert!(server.run(&["stock", "POT"]).ended(0).out.contains(" -2 "));
}

#[test]
fn units_on_a_lorry_are_taken_back_lost_or_broken_by_the_command_line() {
    let server = Server::start();
    assert!(server.run(&["transfer", "HGH", "CAN", "MUG:9"]).ended(0).out.starts_with("9 units moved"));
    let why = ["--reason", "wet"];
    for (verb, says) in [
        (&["recall", "HGH", "CAN", "MUG:4"][..], "4 units are back"),
        (&[&["lose", "CAN", "MUG:2"][..], &why].concat(), "2 units are lost in transit"),
        (&[&["damage", "CAN", "MUG:3", "--in-transit"][..], &why].concat(), "3 units are damaged"),
        (&[&["damage", "HGH", "MUG"][..], &why].concat(), "1 unit is damaged"),
        (&[&["scrap", "CAN", "MUG:2"][..], &why].concat(), "2 units are scrapped"),
        (&["count", "CAN", "--shelf", "MUG:60"], "0 units corrected by a count of what is on shelves"),
    ] {
        let said = server.run(verb).ended(0).out;
        assert!(said.starts_with(says), "{verb:?}: {said}");
    }
    let late = server.run(&["count", "CAN", "--shelf", "--as-of", "5", "MUG:60"]).ended(2);
    assert!(late.err.contains("leave --as-of out"), "{}", late.err);
}
