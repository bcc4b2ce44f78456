//! Files for a running server: receipts, counts, catalogs and imports.

use serde_json::Value;

use crate::rig::Server;

fn write(server: &Server, name: &str, text: &str) {
    std::fs::write(server.dir.path().join(name), text).unwrap();
}

/// Units on hand of SKUs, over all warehouses.
fn on_hand(server: &Server, sku: &str) -> u64 {
    let cells = server.run(&["stock", sku, "--json"]).ended(0).out;
    cells.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["on_hand"].as_u64().unwrap()).sum()
}

#[test]
fn rows_of_no_units_do_not_stop_a_receipt() {
    let server = Server::start();
    let before = (on_hand(&server, "TEE"), on_hand(&server, "LAMP"));
    write(&server, "stock.csv", "sku,warehouse,on_hand\nTEE,CAN,1\nMUG,HGH,0\nLAMP,HGH,2\n");
    let args = ["receive", "--file", "stock.csv", "--key", "opening-stock"];
    let first = server.run(&args).ended(0);
    assert!(first.err.contains("1 row of 0 units: nothing moves by that"), "{}", first.err);
    server.run(&args).ended(0);
    assert_eq!((on_hand(&server, "TEE"), on_hand(&server, "LAMP")), (before.0 + 1, before.1 + 2));
}

#[test]
fn a_refusal_in_the_middle_of_a_file_names_its_line_and_the_corrected_file_does_the_rest() {
    let server = Server::start();
    let before = (on_hand(&server, "TEE"), on_hand(&server, "LAMP"));
    let args = ["receive", "--file", "in.csv", "--key", "delivery-1"];
    write(&server, "in.csv", "sku,warehouse,qty\nTEE,CAN,1\nLAMP,HGH,2\nCHAIR,HGH,1\n");
    let refused = server.run(&args).ended(1);
    assert!(refused.err.contains("in.csv, line 4, column `sku`") && refused.err.contains("CHAIR"), "{}", refused.err);
    assert_eq!(on_hand(&server, "TEE"), before.0, "everything is checked before anything is sent");

    // A pool is not known before it is used, so the first warehouse is done.
    write(&server, "in.csv", "sku,warehouse,qty,pool\nTEE,CAN,1,\nLAMP,HGH,2,vip\n");
    let refused = server.run(&args).ended(6);
    assert!(refused.err.contains("in.csv, line 3, column `pool`"), "{}", refused.err);
    assert!(refused.err.contains("1 of 2 parts are done"), "{}", refused.err);
    write(&server, "in.csv", "sku,warehouse,qty,pool\nLAMP,HGH,2,\nTEE,CAN,1,\n");
    server.run(&args).ended(0);
    assert_eq!((on_hand(&server, "TEE"), on_hand(&server, "LAMP")), (before.0 + 1, before.1 + 2));
}

#[test]
fn counts_and_catalogs_are_read_under_other_headers() {
    let server = Server::start();
    write(&server, "catalog.csv", "Variant SKU,Variant Grams\nCW4,250\n");
    let refused = server.run(&["sku", "define", "--file", "catalog.csv"]).ended(2);
    assert!(refused.err.contains("there is no column `sku`, only Variant SKU, Variant Grams"), "{}", refused.err);
    let columns = ["--column", "sku=Variant SKU", "--column", "weight_g=Variant Grams"];
    server.run(&[&["sku", "define", "--file", "catalog.csv"][..], &columns].concat()).ended(0);
    write(&server, "counted.csv", "Sku Code,Counted\nCW4,5.0\nTotal,5\n");
    let count = ["count", "HGH", "--file", "counted.csv", "--as-of", "now", "--skip-where", "sku=Total"];
    let counted = server.run(&[&count[..], &["--column", "sku=Sku Code", "--column", "qty=Counted"]].concat()).ended(0);
    assert!(counted.err.contains("1 row passed over"), "{}", counted.err);
    assert_eq!(on_hand(&server, "CW4"), 5);
    write(&server, "twice.csv", "sku,qty\nCW4,5\nTEE,1\nCW4,2\n");
    let twice = server.run(&["count", "HGH", "--file", "twice.csv", "--as-of", "now"]).ended(2);
    assert!(twice.err.contains("twice.csv, line 4: CW4 is counted in line 2 already"), "{}", twice.err);
}

#[test]
fn orders_are_imported_once_and_refused_ones_are_corrected_and_imported_again() {
    let server = Server::start();
    write(
        &server,
        "orders.csv",
        "Name,Lineitem sku,Lineitem quantity,State\n#1,TEE,1,paid\n#1,MUG,1,\n#2,CHAIR,1,paid\n#3,TEE,0,paid\n#4,TEE,1,paid\n#4,,,void\n",
    );
    let args = [
        "import",
        "orders",
        "orders.csv",
        "--channel",
        "web",
        "--paid",
        "--column",
        "order_id=Name",
        "--column",
        "sku=Lineitem sku",
        "--column",
        "qty=Lineitem quantity",
        "--column",
        "kind=State",
        "--sale",
        "paid",
        "--cancel",
        "void",
    ];
    let dry = server.run(&[&args[..], &["--dry-run"]].concat()).ended(1);
    assert_eq!(dry.out, "5 orders: 3 would be done, 0 done before, 2 refused\n");
    server.run(&["order", "web/#1"]).ended(1);

    let first = server.run(&args).ended(6);
    assert_eq!(first.out, "5 orders: 3 done, 0 done before, 2 refused\n");
    assert!(first.err.contains("orders.refused.csv"), "{}", first.err);
    let refused = std::fs::read_to_string(server.dir.path().join("orders.refused.csv")).unwrap();
    let rows: Vec<&str> = refused.lines().collect();
    assert_eq!(rows[0], "order_id,sku,qty,ts,channel,customer,zone,kind,payment,amount,line,reason");
    assert!(rows[1].starts_with("#2,CHAIR,1,,web,,,sale,,,4,") && rows[1].contains("CHAIR"), "{refused}");
    assert!(rows[2].starts_with("#3,TEE,0,,web,,,sale,,,5,"), "{refused}");
    assert!(server.run(&["order", "web/#1"]).ended(0).out.contains("paid"));
    assert!(server.run(&["order", "web/#4"]).ended(0).out.contains("cancelled"));

    let again = server.run(&args).ended(6);
    assert_eq!(again.out, "5 orders: 0 done, 3 done before, 2 refused\n");
    write(&server, "corrected.csv", &refused.replace("CHAIR", "LAMP").replace("TEE,0", "TEE,2"));
    let corrected = server.json(&["import", "orders", "corrected.csv", "--paid"]);
    assert_eq!((corrected["done"].as_u64(), corrected["refused"].as_u64()), (Some(2), Some(0)));
}

#[test]
fn stock_and_catalog_are_imported_and_again_changes_nothing() {
    let server = Server::start();
    write(&server, "catalog.csv", "sku,weight_g\nPEN,10\nINK,80\n");
    assert_eq!(
        server.run(&["import", "catalog", "catalog.csv"]).ended(0).out,
        "2 SKUs: 2 done, 0 done before, 0 refused\n"
    );
    write(&server, "stock.csv", "sku,warehouse,on_hand,safety\nPEN,HGH,7,2\nINK,CAN,0,\nCHAIR,HGH,1,\nPEN,XXX,1,\n");
    for _ in 0..2 {
        let imported = server.run(&["import", "stock", "stock.csv"]).ended(6);
        assert_eq!(imported.out, "4 cells: 2 done, 0 done before, 2 refused\n");
        assert_eq!((on_hand(&server, "PEN"), on_hand(&server, "INK")), (7, 0));
    }
    let refused = std::fs::read_to_string(server.dir.path().join("stock.refused.csv")).unwrap();
    assert!(refused.contains("CHAIR,HGH,1,,4,") && refused.contains("PEN,XXX,1,,5,"), "{refused}");
    let available = server.run(&["available", "web", "PEN"]).ended(0).out;
    assert!(available.ends_with(" 5\n"), "{available}");
    write(&server, "pools.csv", "sku,warehouse,on_hand,pool\nPEN,HGH,7,live\n");
    let pools = server.run(&["import", "stock", "pools.csv"]).ended(2);
    assert!(pools.err.contains("line 2, column `pool`"), "{}", pools.err);
}
