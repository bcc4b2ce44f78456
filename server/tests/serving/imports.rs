//! Files of other systems for a running server: what an import does, says and leaves behind when not everything goes in.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rig::Server;

fn write(server: &Server, name: &str, text: &str) {
    std::fs::write(server.dir.path().join(name), text).unwrap();
}

fn read(server: &Server, name: &str) -> Option<String> {
    std::fs::read_to_string(server.dir.path().join(name)).ok()
}

/// A number of a SKU's cell.
fn cell(server: &Server, sku: &str, warehouse: &str, field: &str) -> u64 {
    server.json(&["stock", sku, "--warehouse", warehouse])[field].as_u64().unwrap()
}

/// A token of a role that the server knows by now.
fn token(server: &Server, role: &[&str]) -> String {
    let added = server.run(&[&["token", "add", "--dev", "--role"], role].concat()).ended(0);
    let token = added.out.trim().to_owned();
    let until = Instant::now() + Duration::from_secs(30);
    while server.run(&["available", "web", "TEE", "--token", &token]).code != 0 {
        assert!(Instant::now() < until, "the server never knew the token");
        std::thread::sleep(Duration::from_millis(50));
    }
    token
}

#[test]
fn a_missing_right_to_set_safety_stock_shows_before_anything_is_counted() {
    let server = Server::start();
    let token = token(&server, &["warehouse"]);
    let units = || (cell(&server, "TEE", "CAN", "on_hand"), cell(&server, "TEE", "HGH", "on_hand"));
    let before = units();
    // The cell that needs no right but that to count comes first.
    write(&server, "stock.csv", "sku,warehouse,on_hand,safety\nTEE,CAN,907,\nTEE,HGH,909,2\n");
    let refused = server.run(&["import", "stock", "stock.csv", "--token", &token]).ended(1);
    assert!(refused.err.contains("warehouse tokens") && refused.err.contains("(nothing is changed"), "{}", refused.err);
    assert_eq!(units(), before);

    write(&server, "counted.csv", "sku,warehouse,on_hand\nTEE,CAN,907\nTEE,HGH,909\n");
    server.run(&["import", "stock", "counted.csv", "--token", &token]).ended(0);
    assert_eq!(units(), (907, 909));
}

#[test]
fn a_cell_whose_safety_stock_is_set_and_whose_count_is_refused_says_so() {
    let server = Server::start();
    server.run(&["sku", "define", "PEN"]).ended(0);
    write(&server, "stock.csv", "sku,warehouse,on_hand,safety\nPEN,HGH,10,2\n");
    let refused = server.run(&["import", "stock", "stock.csv", "--as-of", "99999999"]).ended(6);
    assert_eq!(refused.out, "1 cell: 0 done, 0 done before, 1 refused\n");
    assert_eq!((cell(&server, "PEN", "HGH", "on_hand"), cell(&server, "PEN", "HGH", "safety")), (0, 2));
    let rows = read(&server, "stock.refused.csv").unwrap();
    assert!(rows.contains("PEN,HGH,10,2,2,") && rows.contains("safety stock is set, but units are not: "), "{rows}");
}

#[test]
fn stock_imported_again_as_of_the_same_watermark_keeps_what_was_corrected_since() {
    let server = Server::start();
    server.run(&["sku", "define", "PEN", "INK"]).ended(0);
    write(&server, "stock.csv", "sku,warehouse,on_hand,safety\nPEN,HGH,10,2\nINK,CAN,5,\n");
    let first = server.run(&["import", "stock", "stock.csv", "--json"]).ended(0);
    let as_of = serde_json::from_str::<Value>(&first.out).unwrap()["as_of"].to_string();
    assert!(first.err.contains(&format!("say --as-of {as_of}")), "{}", first.err);

    server.run(&["adjust", "PEN", "HGH", "--reason", "broken", "-3"]).ended(0);
    server.run(&["safety", "PEN", "HGH", "5"]).ended(0);
    let again = server.run(&["import", "stock", "stock.csv", "--as-of", &as_of]).ended(0);
    assert_eq!(again.out, "2 cells: 0 done, 2 done before, 0 refused\n");
    assert_eq!((cell(&server, "PEN", "HGH", "on_hand"), cell(&server, "PEN", "HGH", "safety")), (7, 5));

    // A new watermark says that the figures are those of now.
    let anew = server.run(&["import", "stock", "stock.csv"]).ended(0);
    assert_eq!(anew.out, "2 cells: 2 done, 0 done before, 0 refused\n");
    assert_eq!((cell(&server, "PEN", "HGH", "on_hand"), cell(&server, "PEN", "HGH", "safety")), (10, 2));
}

#[test]
fn goods_that_arrive_after_the_watermark_of_an_import_are_added_to_its_figures() {
    let server = Server::start();
    server.run(&["sku", "define", "PEN"]).ended(0);
    write(&server, "stock.csv", "sku,warehouse,on_hand\nPEN,HGH,10\n");
    let first = server.json(&["import", "stock", "stock.csv"]);
    server.run(&["receive", "HGH", "PEN:4"]).ended(0);
    write(&server, "stock.csv", "sku,warehouse,on_hand\nPEN,HGH,11\n");
    server.run(&["import", "stock", "stock.csv", "--as-of", &first["as_of"].to_string()]).ended(0);
    assert_eq!(cell(&server, "PEN", "HGH", "on_hand"), 15);
}

#[test]
fn a_dry_run_finds_what_the_real_run_refuses_and_says_what_it_cannot_find() {
    let server = Server::start();
    let dry = |name: &str, channel: &str| server.run(&["import", "orders", name, "--dry-run", "--channel", channel]);
    write(&server, "one.csv", "order_id,sku,qty\n1,TEE,1\n");
    let nope = dry("one.csv", "nope").ended(1);
    assert_eq!(nope.out, "1 order: 0 would be done, 0 done before, 1 refused\n");
    assert!(nope.err.contains("nope"), "{}", nope.err);
    assert_eq!(dry("one.csv", "web").ended(0).out, "1 order: 1 would be done, 0 done before, 0 refused\n");

    server.run(&["import", "orders", "one.csv", "--channel", "web"]).ended(0);
    let sales = "1,TEE,1,sale\n2,TEE,9999,sale\n3,CHAIR,1,sale\n4,TEE,1,sale\n";
    write(&server, "many.csv", &format!("order_id,sku,qty,kind\n{sales}4,,,cancel\n5,,,cancel\n"));
    let many = dry("many.csv", "web").ended(1);
    assert_eq!(many.out, "6 orders: 2 would be done, 1 done before, 3 refused\n");
    assert!(many.err.contains("not checked by a dry run: whether the stock is enough for all"), "{}", many.err);
    server.run(&["order", "web/4"]).ended(1);
    let real = server.run(&["import", "orders", "many.csv", "--channel", "web"]).ended(6);
    assert_eq!(real.out, "6 orders: 2 done, 1 done before, 3 refused\n");

    write(&server, "catalog.csv", "sku,weight_g\nPEN,10\n");
    let catalog = server.run(&["import", "catalog", "catalog.csv", "--dry-run"]).ended(0);
    assert!(catalog.err.contains("only the file is checked"), "{}", catalog.err);
}

#[test]
fn the_exit_code_tells_a_part_from_nothing() {
    let server = Server::start();
    write(&server, "none.csv", "order_id,sku,qty\n1,CHAIR,1\n");
    server.run(&["import", "orders", "none.csv", "--channel", "web"]).ended(1);
    write(&server, "part.csv", "order_id,sku,qty\n1,CHAIR,1\n2,TEE,1\n");
    server.run(&["import", "orders", "part.csv", "--channel", "web"]).ended(6);
    server.run(&["import", "orders", "part.csv", "--channel", "web", "--dry-run"]).ended(1);
    write(&server, "nowhere.csv", "sku,warehouse,on_hand\nTEE,XXX,1\n");
    server.run(&["import", "stock", "nowhere.csv"]).ended(1);
}

#[test]
fn an_import_that_ends_early_counts_every_order_that_is_done() {
    let server = Server::start();
    let token = token(&server, &["storefront", "--channel", "web"]);
    // Both orders travel together, and the first one is not allowed.
    write(&server, "orders.csv", "order_id,sku,qty,channel\n1,TEE,1,live\n2,TEE,1,web\n");
    let ended = server.run(&["import", "orders", "orders.csv", "--token", &token]).ended(6);
    assert!(ended.err.contains("(done: 1 order; the same import again does the rest)"), "{}", ended.err);
    server.run(&["order", "web/2"]).ended(0);
}

#[test]
fn a_paid_order_whose_hold_ran_out_is_paid_late_or_refused_and_never_told_as_done() {
    let server = Server::start();
    let world = server.run(&["world", "show"]).ended(0).out;
    let hurried: Vec<&str> =
        world.lines().map(|line| if line.starts_with("hold_ttl") { "hold_ttl = \"3s\"" } else { line }).collect();
    write(&server, "hurry.toml", &hurried.join("\n"));
    server.run(&["world", "apply", "hurry.toml"]).ended(0);
    write(&server, "orders.csv", "order_id,sku,qty\n1,TEE,1\n2,TEE,1\n");
    let place = ["import", "orders", "orders.csv", "--channel", "web"];
    server.run(&place).ended(0);
    server.run(&["cancel", "web/2"]).ended(0);
    let begun = Instant::now();
    while server.json(&["order", "web/1"])["state"] != "expired" {
        assert!(begun.elapsed() < Duration::from_secs(20), "its hold does not run out");
        std::thread::sleep(Duration::from_millis(100));
    }
    let paid = server.run(&[&place[..], &["--paid"]].concat()).ended(6);
    assert!(paid.out.contains("1 refused"), "{} {}", paid.out, paid.err);
    let refused = read(&server, "orders.refused.csv").unwrap();
    assert!(refused.contains("the order is cancelled: the money is owed back, refund 1"), "{refused}");
    assert_eq!(server.json(&["order", "web/1"])["state"], "paid");
}

#[test]
fn money_for_an_order_that_was_cancelled_is_owed_back_once_however_often_its_file_is_imported() {
    let server = Server::start();
    let owed = || server.json(&["refunds"])["refunds"].as_array().unwrap().len();
    let import = ["import", "orders", "orders.csv", "--channel", "web", "--paid"];
    // One that was cancelled before, and nothing in the file says so.
    write(&server, "orders.csv", "order_id,sku,qty\n1,TEE,1\n");
    server.run(&["place", "web/1", "TEE:1"]).ended(0);
    server.run(&["cancel", "web/1"]).ended(0);
    for exit in [6, 1, 1] {
        let paid = server.run(&import).ended(exit);
        assert_eq!(paid.out, "1 order: 0 done, 0 done before, 1 refused\n");
        let refused = read(&server, "orders.refused.csv").unwrap();
        assert!(refused.contains("the order is cancelled: the money is owed back, refund 1"), "{refused}");
        assert_eq!(owed(), 1);
    }
    // One that the file itself cancels, placed and cancelled by an import that told nothing of money.
    write(&server, "orders.csv", "order_id,sku,qty,kind\n2,TEE,1,sale\n2,,,cancel\n");
    let unpaid = server.run(&import[..5]).ended(0);
    assert_eq!(unpaid.out, "2 orders: 2 done, 0 done before, 0 refused\n");
    assert_eq!(owed(), 1);
    for _ in 0..2 {
        let paid = server.run(&import).ended(0);
        assert_eq!(paid.out, "2 orders: 0 done, 2 done before, 0 refused\n");
        assert_eq!(owed(), 2);
    }
    // One that is paid and cancelled by the file at once: its units are owed back.
    write(&server, "orders.csv", "order_id,sku,qty,kind\n3,TEE,1,sale\n3,,,cancel\n");
    for done in ["2 done, 0 done before", "0 done, 2 done before"] {
        let paid = server.run(&import).ended(0);
        assert_eq!(paid.out, format!("2 orders: {done}, 0 refused\n"));
        assert_eq!(owed(), 3);
    }
}

#[test]
fn payments_of_a_file_are_told_with_their_references_and_amounts() {
    let server = Server::start();
    let rows = "Name,Sku,Qty,Payment Reference,Total\n1,TEE,1,PSP-1,129.00\n1,MUG,1,,\n2,TEE,1,PSP-2,12.50\n";
    write(&server, "orders.csv", rows);
    server.run(&["place", "web/2", "TEE:1"]).ended(0);
    server.run(&["cancel", "web/2"]).ended(0);
    let names = ["--column", "order_id=Name", "--column", "sku=Sku", "--column", "qty=Qty"];
    let money = ["--column", "payment=Payment Reference", "--column", "amount=Total", "--paid"];
    let import = [&["import", "orders", "orders.csv", "--channel", "web"][..], &names, &money].concat();
    let quiet = server.run(&[&import[..import.len() - 1], &["--dry-run"]].concat());
    assert!(quiet.err.contains("say --paid if the orders are paid"), "{}", quiet.err);
    for _ in 0..2 {
        server.run(&import).ended(6);
        let timeline = server.run(&["order", "web/1"]).ended(0).out;
        assert!(timeline.contains("payment PSP-1, 129.00"), "{timeline}");
        let owed = server.json(&["refunds"]);
        assert_eq!(owed["refunds"].as_array().unwrap().len(), 1, "{owed}");
        assert_eq!(owed["refunds"][0]["payment"], serde_json::json!({"reference": "PSP-2", "amount": "12.50"}));
    }
    let refused = read(&server, "orders.refused.csv").unwrap();
    assert!(refused.contains(",sale,PSP-2,12.50,4,"), "{refused}");
    // The payment that the shop tells again is the same one.
    assert_eq!(server.json(&["pay", "web/1", "--payment", "PSP-1"])["replayed"], true);
    for (rows, says) in [
        ("3,TEE,1,A,1\n3,MUG,1,B,1\n", "column `Payment Reference`: `B` here, but `A` in line 2"),
        ("3,TEE,1,A,1\n3,MUG,1,A,2\n", "column `Total`: `2.00` here, but `1.00` in line 2"),
        ("3,TEE,1,A,\"1,000.00\"\n", "without separators"),
        ("3,TEE,1,A,-5\n", "below zero"),
    ] {
        write(&server, "orders.csv", &format!("Name,Sku,Qty,Payment Reference,Total\n{rows}"));
        let refused = server.run(&import).ended(2);
        assert!(refused.err.contains(says), "{}", refused.err);
    }
}

#[test]
fn items_packed_into_one_cell_are_refused_by_name() {
    let server = Server::start();
    for items in [
        "name:Tee|product_id:7|sku:TEE|quantity:2|total:18.00",
        "sku:TEE|quantity:2; sku:MUG|quantity:1",
        "[{\"\"sku\"\":\"\"TEE\"\",\"\"quantity\"\":2}]",
    ] {
        write(&server, "woo.csv", &format!("order_id,line_items,items\n1,\"{items}\",3\n"));
        let import = ["import", "orders", "woo.csv", "--channel", "web", "--column", "sku=line_items"];
        let refused = server.run(&[&import[..], &["--column", "qty=items"]].concat()).ended(2);
        let says = "line 2, column `line_items`: holds the items of an order packed into one cell";
        assert!(refused.err.contains(says) && refused.err.contains("one row for each item"), "{}", refused.err);
    }
    let import = ["import", "orders", "woo.csv", "--channel", "web", "--column", "qty=items"];
    let missing = server.run(&import).ended(2);
    assert!(missing.err.contains("`line_items` seems to hold the items packed into one cell"), "{}", missing.err);
    server.run(&["order", "web/1"]).ended(1);
}

#[test]
fn a_cancellation_of_an_order_that_is_cancelled_was_done_before() {
    let server = Server::start();
    server.run(&["place", "web/1", "TEE:1"]).ended(0);
    server.run(&["cancel", "web/1"]).ended(0);
    write(&server, "orders.csv", "order_id,sku,qty,kind\n1,,,cancel\n");
    for flags in [&["--dry-run"][..], &[]] {
        let import = [&["import", "orders", "orders.csv", "--channel", "web"], flags].concat();
        assert!(server.run(&import).ended(0).out.contains("1 done before, 0 refused"));
    }
}

#[test]
fn a_dry_run_of_orders_tells_the_refusals_of_the_real_run() {
    let server = Server::start();
    for number in ["sent", "over", "old", "soon", "gone"] {
        server.run(&["place", &format!("web/{number}"), "TEE:1"]).ended(0);
    }
    server.run(&["pay", "web/sent"]).ended(0);
    for step in ["pick", "pack", "scan"] {
        server.run(&["step", "web/sent", step]).ended(0);
    }
    server.run(&["cancel", "web/over"]).ended(0);
    server.run(&["cancel", "web/gone"]).ended(0);
    let rows = [
        "sent,,,,cancel",
        "over,TEE,1,,sale",
        "old,TEE,1,2024-01-01T00:00:00Z,sale",
        "soon,,,2024-01-01T00:00:00Z,cancel",
        "gone,,,,cancel",
        "ahead,TEE,1,2100-01-01T00:00:00Z,sale",
        "ancient,TEE,1,1990-01-01T00:00:00Z,sale",
        "both,TEE,1,2024-01-02T00:00:00Z,sale",
        "both,,,2024-01-02T00:00:00Z,cancel",
        "early,TEE,1,2024-01-02T00:00:00Z,sale",
        "early,,,2024-01-01T00:00:00Z,cancel",
        "nobody,,,,cancel",
        "new,TEE,1,,sale",
    ];
    write(&server, "orders.csv", &format!("order_id,sku,qty,ts,kind\n{}\n", rows.join("\n")));
    let import = ["import", "orders", "orders.csv", "--channel", "web", "--paid"];
    let dry = server.run(&[&import[..], &["--dry-run"]].concat()).ended(1);
    // Row by row, so that each reason is told.
    let told: Vec<String> = rows.iter().map(|row| first_refusal(&server, row)).collect();
    let real = server.run(&import).ended(6);
    assert_eq!(dry.out.replace("would be done", "done"), real.out);
    let refused = read(&server, "orders.refused.csv").unwrap();
    assert_eq!(
        refused.lines().count() - 1,
        told.iter().filter(|reason| !reason.is_empty()).count(),
        "{refused}{told:?}"
    );
    for (line, reason) in (2..).zip(told).filter(|(_, reason)| !reason.is_empty()) {
        let row = refused.lines().find(|row| row.contains(&format!(",{line},"))).unwrap_or_else(|| panic!("{reason}"));
        let told = reason.replace("would be owed back", "is owed back");
        // Times of the engine differ between the runs.
        let begin = told.split(", more than 5m after").next().unwrap();
        assert!(row.replace('"', "").contains(begin), "{row}\n{told}");
    }
}

/// Why a dry run refuses a row that stands alone in its file; nothing when it does not. A cancellation whose order is placed
/// by the row before stands behind it.
fn first_refusal(server: &Server, row: &str) -> String {
    let before = match row.split_once(',').map(|(number, _)| number) {
        Some(number @ ("early" | "both")) if row.ends_with("cancel") => {
            format!("{number},TEE,1,2024-01-02T00:00:00Z,sale\n")
        }
        _ => String::new(),
    };
    write(server, "one.csv", &format!("order_id,sku,qty,ts,kind\n{before}{row}\n"));
    let run = server.run(&["import", "orders", "one.csv", "--channel", "web", "--paid", "--dry-run"]);
    let reason = run.err.split_once(&format!("in line {}: ", if before.is_empty() { 2 } else { 3 }));
    reason.map_or_else(String::new, |(_, reason)| reason.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn refused_rows_of_an_earlier_import_do_not_stay_and_a_dry_run_leaves_them() {
    let server = Server::start();
    let import = ["import", "orders", "orders.csv", "--channel", "web"];
    write(&server, "orders.csv", "order_id,sku,qty\n1,CHAIR,1\n");
    server.run(&[&import[..], &["--dry-run"]].concat()).ended(1);
    assert_eq!(read(&server, "orders.refused.csv"), None, "a dry run writes nothing");
    server.run(&import).ended(1);
    let refused = read(&server, "orders.refused.csv").unwrap();
    write(&server, "orders.csv", "order_id,sku,qty\n1,TEE,1\n");
    server.run(&[&import[..], &["--dry-run"]].concat()).ended(0);
    assert_eq!(read(&server, "orders.refused.csv"), Some(refused.clone()), "a dry run removes nothing");
    server.run(&import).ended(0);
    assert_eq!(read(&server, "orders.refused.csv"), None);

    // Neither what is imported nor what another wrote is removed.
    write(&server, "orders.refused.csv", "my,own\n");
    server.run(&import).ended(0);
    assert_eq!(read(&server, "orders.refused.csv").as_deref(), Some("my,own\n"));
    let corrected = refused.replace("CHAIR", "TEE");
    write(&server, "again.csv", &corrected);
    server.run(&["import", "orders", "again.csv", "--refused", "again.csv"]).ended(0);
    assert_eq!(read(&server, "again.csv"), Some(corrected));
}

#[test]
fn orders_whose_rows_stand_apart_are_refused_before_anything_is_sent() {
    let server = Server::start();
    write(&server, "torn.csv", "order_id,sku,qty,channel\n1,TEE,1,\n2,TEE,1,\n1,MUG,1,web\n");
    let import = ["import", "orders", "torn.csv", "--channel", "web"];
    let torn = server.run(&import).ended(2);
    assert!(
        torn.err.contains("torn.csv, line 4: order 1 begins in line 2") && torn.err.contains("--gather"),
        "{}",
        torn.err
    );
    server.run(&["order", "web/1"]).ended(1);
    let gathered = server.run(&[&import[..], &["--gather"]].concat()).ended(0);
    assert_eq!(gathered.out, "2 orders: 2 done, 0 done before, 0 refused\n");
}

#[test]
fn refused_rows_go_through_a_spreadsheet_and_are_imported_as_they_are() {
    let server = Server::start();
    let rows = "Nr,sku,qty,note\n020261111001,CHAIR,1,\u{8bf7}\u{5feb}\n020261111001,MUG,1,\n";
    write(&server, "orders.csv", rows);
    let first = ["import", "orders", "orders.csv", "--channel", "web", "--column", "order_id=Nr"];
    server.run(&first).ended(1);
    let refused = read(&server, "orders.refused.csv").unwrap();
    assert!(
        refused.starts_with("\u{feff}order_id,sku,qty,ts,channel,customer,zone,kind,payment,amount,line,reason,note\n"),
        "{refused}"
    );
    assert!(refused.contains("\"=\"\"020261111001\"\"\",CHAIR,1,,web,,,sale,,,2,"), "{refused}");
    assert!(
        refused.contains(",MUG,1,,web,,,sale,,,3,see line 2,\n") && refused.contains("\u{8bf7}\u{5feb}\n"),
        "{refused}"
    );
    write(&server, "orders.refused.csv", &refused.replace("CHAIR", "LAMP"));
    let again = server.run(&["import", "orders", "orders.refused.csv"]).ended(0);
    assert_eq!(again.out, "1 order: 1 done, 0 done before, 0 refused\n");
    server.run(&["order", "web/020261111001"]).ended(0);
}

#[test]
fn a_flag_for_a_column_that_is_not_there_is_refused_and_so_is_the_standard_input() {
    let server = Server::start();
    write(&server, "orders.csv", "order_id,sku,qty\n1,TEE,1\n");
    for (flags, says) in [
        (["--skip-without", "zone"], "--skip-without zone: there is no column `zone`, only order_id, sku, qty"),
        (["--skip-where", "kind=fee"], "--skip-where kind=fee: there is no column `kind`"),
        (["--sale", "paid"], "--sale paid: there is no column `kind`"),
        (["--skip-kind", "refunded"], "--skip-kind refunded: there is no column `kind`"),
        (["--value", "zone:x=y"], "--value zone:x=y: there is no column `zone`"),
    ] {
        let args = [&["import", "orders", "orders.csv", "--channel", "web"], &flags[..]].concat();
        let refused = server.run(&args).ended(2);
        assert!(refused.err.contains(says), "{}", refused.err);
    }
    let piped = server.run(&["import", "orders", "-", "--channel", "web"]).ended(2);
    assert!(piped.err.contains("standard input"), "{}", piped.err);
    server.run(&["order", "web/1"]).ended(1);
}

#[test]
fn a_movement_of_units_on_the_way_is_refused_with_what_to_type_instead() {
    let server = Server::start();
    server.run(&["sku", "define", "X"]).ended(0);
    server.run(&["receive", "HGH", "X:10"]).ended(0);
    server.run(&["transfer", "HGH", "CAN", "X:4"]).ended(0);
    for (args, says) in [
        (
            &["adjust", "X", "CAN", "-4", "--reason", "lorry burnt"][..],
            "say `stockade lose --reason 'lorry burnt' CAN X:4`",
        ),
        (&["arrive", "HGH", "X:4"], "as in `stockade arrive CAN X:4`"),
        (&["lose", "HGH", "X:4", "--reason", "burnt"], "as in `stockade lose --reason burnt CAN X:4`"),
    ] {
        let refused = server.run(args).ended(1);
        assert!(refused.err.contains(says), "{}", refused.err);
    }
    server.run(&["arrive", "CAN", "X:4"]).ended(0);
    let nothing = server.run(&["arrive", "CAN", "X:4"]).ended(1);
    assert!(nothing.err.contains("`stockade receive CAN X:4`"), "{}", nothing.err);
}

#[test]
fn what_a_refused_movement_says_to_type_can_be_typed() {
    let server = Server::start();
    server.run(&["sku", "define", "X Y"]).ended(0);
    server.run(&["receive", "HGH", "X Y:40"]).ended(0);
    let ways: [&[&str]; 8] = [
        &["adjust", "X Y", "CAN", "-4", "--reason", "the driver's lorry burnt"],
        &["damage", "CAN", "X Y:4", "--reason", "wet"],
        &["scrap", "CAN", "X Y:4", "--reason", "wet"],
        &["arrive", "HGH", "X Y:4", "--pool", "live"],
        &["lose", "HGH", "X Y:4", "--reason", "the driver's lorry burnt"],
        &["damage", "HGH", "X Y:4", "--in-transit", "--reason", "wet"],
        &["recall", "HGH", "SHA-01", "X Y:4", "--pool", "live"],
        &["arrive", "CAN", "X Y:4", "--pool", "live"],
    ];
    for (n, way) in ways.into_iter().enumerate() {
        if n + 1 < ways.len() {
            server.run(&["transfer", "HGH", "CAN", "X Y:4"]).ended(0);
        }
        let refused = server.run(way).ended(1);
        let advised =
            refused.err.split('`').nth(1).unwrap_or_else(|| panic!("{way:?} advises nothing: {}", refused.err));
        // As a shell reads it.
        let shell = format!("set -- {advised}; for word in \"$@\"; do printf '%s\\n' \"$word\"; done");
        let words = std::process::Command::new("sh").args(["-c", &shell]).output().unwrap().stdout;
        let words = String::from_utf8(words).unwrap();
        let words: Vec<&str> = words.lines().collect();
        assert_eq!(words[0], "stockade", "{advised}");
        let typed = server.run(&words[1..]);
        assert_eq!(typed.code, 0, "{way:?} advises {advised}: {}", typed.err);
    }
}

#[test]
fn a_catalog_without_a_column_leaves_what_is_known_of_a_sku() {
    let server = Server::start();
    let grams = |sku: &str| {
        server.json(&["quote", "web/1", &format!("{sku}:1")])["sub_orders"][0]["weight_g"].as_u64().unwrap()
    };
    write(&server, "full.csv", "sku,weight_g,category\nTEE,250,shirts\nMUG,400,\n");
    server.run(&["import", "catalog", "full.csv"]).ended(0);
    write(&server, "categories.csv", "sku,category\nTEE,soft\n");
    let noted = server.run(&["import", "catalog", "categories.csv"]).ended(0);
    assert!(noted.err.contains("weights stay as they are"), "{}", noted.err);
    assert_eq!(grams("TEE"), 250);
    write(&server, "empty.csv", "sku,weight_g\nTEE,\nMUG,410\n");
    server.run(&["sku", "define", "--file", "empty.csv"]).ended(0);
    server.run(&["sku", "define", "TEE", "--category", "hard"]).ended(0);
    assert_eq!((grams("TEE"), grams("MUG")), (250, 410));
    // What is known can be forgotten, and that is all that empty cells do not do.
    server.run(&["sku", "clear", "TEE", "MUG", "--weight"]).ended(0);
    server.run(&["sku", "define", "NEW"]).ended(0);
    server.run(&["receive", "HGH", "NEW:5"]).ended(0);
    assert_eq!((grams("TEE"), grams("MUG")), (grams("NEW"), grams("NEW")));
    assert!(server.run(&["sku", "clear", "TEE"]).ended(2).err.contains("--weight"));
    assert!(server.run(&["sku", "clear", "NOBODY", "--category"]).ended(1).err.contains("NOBODY"));
    write(&server, "foreign.csv", "sku,Grams\nTEE,260\n");
    let foreign = server.run(&["import", "catalog", "foreign.csv"]).ended(2);
    assert!(foreign.err.contains("there is no column `weight_g` or `category`"), "{}", foreign.err);
}
