//! Files as shop systems, marketplaces and spreadsheets write them. Contents are invented.

use crate::rig::{Rig, WORLD, parsed};

const STOCK: &str = "sku,warehouse,on_hand\nTEE-S,A,9\nMUG,A,9\n红色T恤,A,9\n";

/// The orders placed, with the units of each line.
fn placed(lines: &str) -> Vec<String> {
    let units = |line: &serde_json::Value| -> String {
        let subs = line["sub_orders"].as_array().unwrap().iter();
        let lines = subs.flat_map(|sub| sub["lines"].as_array().unwrap());
        let mut each: Vec<String> =
            lines.map(|line| format!("{}:{}", line["sku"].as_str().unwrap(), line["qty"])).collect();
        each.sort();
        each.join(" ")
    };
    let placed = parsed(lines).into_iter().filter(|line| line["outcome"] == "placed");
    placed.map(|line| format!("{} {}", line["order"].as_str().unwrap(), units(&line))).collect()
}

fn orders(bytes: &[u8], flags: &[&str]) -> Result<Vec<String>, String> {
    let rig = Rig::new(WORLD, STOCK, "");
    std::fs::write(rig.path("orders.csv"), bytes).unwrap();
    rig.try_replay(flags).map(|(lines, _)| placed(&lines)).map_err(|failure| failure.message)
}

/// What is left of a stock file, by what one order may take of `TEE-S`.
fn stock(bytes: &[u8], flags: &[&str]) -> Result<Vec<String>, String> {
    let rig = Rig::new(WORLD, "", "order_id,sku,qty\n1,TEE-S,10\n2,TEE-S,1\n");
    std::fs::write(rig.path("stock.csv"), bytes).unwrap();
    rig.try_replay(flags).map(|(lines, _)| placed(&lines)).map_err(|failure| failure.message)
}

#[test]
fn orders_of_a_marketplace_in_gbk_with_wrapped_numbers() {
    let text = "订单编号,买家会员名,订单创建时间,商家编码,购买数量,订单状态\r\n\
                =\"2026111100000000001\",张三,2026-11-11 00:00:01,TEE-S,2,买家已付款\r\n\
                =\"2026111100000000001\",张三,2026-11-11 00:00:01,MUG,1,买家已付款\r\n\
                =\"2026111100000000002\",李四,2026/11/11 0:05,红色T恤,1,等待买家付款\r\n\
                =\"2026111100000000003\",李四,2026/11/11 0:06,红色T恤,1,买家已付款\r\n";
    let (gbk, ..) = encoding_rs::GBK.encode(text);
    let flags = [
        "--column",
        "order_id=订单编号",
        "--column",
        "orders.sku=商家编码",
        "--column",
        "orders.qty=购买数量",
        "--column",
        "ts=订单创建时间",
        "--column",
        "kind=订单状态",
        "--sale",
        "买家已付款",
        "--skip-kind",
        "等待买家付款",
        "--time-zone",
        "+08:00",
    ];
    let found = orders(&gbk, &[&flags[..], &["--encoding", "orders=gbk"]].concat()).unwrap();
    assert_eq!(found, ["2026111100000000001 MUG:1 TEE-S:2", "2026111100000000003 红色T恤:1"]);
    assert!(orders(&gbk, &flags).unwrap_err().contains("say --encoding"));
}

#[test]
fn orders_of_a_shop_with_notes_over_several_lines_and_a_state_in_the_first_row_only() {
    let text = "Name,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem sku,Notes\n\
                #1001,paid,2026-11-11 08:00:00 +0800,2,Red Tee - S,TEE-S,\"please\nring twice, \"\"Bob\"\"\"\n\
                #1001,,2026-11-11 08:00:00 +0800,1,Mug,MUG,\n\
                #1002,refunded,2026-11-11 08:01:00 +0800,1,Mug,MUG,\n\
                #1002,,2026-11-11 08:01:00 +0800,1,Red Tee - S,TEE-S,\n";
    let flags = [
        "--column",
        "order_id=Name",
        "--column",
        "orders.sku=Lineitem sku",
        "--column",
        "qty=Lineitem quantity",
        "--column",
        "ts=Created at",
        "--column",
        "kind=Financial Status",
        "--sale",
        "paid",
        "--skip-kind",
        "refunded",
    ];
    assert_eq!(orders(text.as_bytes(), &flags).unwrap(), ["#1001 MUG:1 TEE-S:2"]);
    let unknown = orders(text.as_bytes(), &flags[..12]).unwrap_err();
    assert!(unknown.contains("line 5, column `Financial Status`: `refunded` is neither sale nor cancel"), "{unknown}");
}

#[test]
fn what_only_the_first_row_of_an_order_says_holds_when_that_row_is_passed_over() {
    let text = "order_id,sku,qty,kind,zone,channel\n1,,1,refunded,west,\n1,TEE-S,1,,,\n2,,1,paid,west,live\n2,MUG,2,,,\n\
                2,TEE-S,1,,,\nTotal,,5,5 paid,,\n";
    let rig = Rig::new(WORLD, STOCK, text);
    let flags = ["--sale", "paid", "--skip-kind", "refunded", "--skip-without", "orders.sku"];
    let (lines, _) = rig.try_replay(&flags).unwrap();
    assert_eq!(placed(&lines), ["2 MUG:2 TEE-S:1"]);
    assert_eq!(parsed(&lines)[0]["channel"], "live");
    let unknown = rig.try_replay(&flags[..2]).unwrap_err().message;
    assert!(unknown.contains("line 2, column `kind`: `refunded` is neither"), "{unknown}");
}

#[test]
fn orders_separated_by_tabs_with_quotes_that_are_inches() {
    let text = "order-id\tsku\tproduct-name\tquantity-purchased\n\
                111-1\tTEE-S\tPipe 12\" long\t2\n111-1\tMUG\t\"Mug\" blue\t1\n111-2\tMUG\tCaf\u{e9}\t1\n";
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(text);
    let flags =
        ["--column", "order_id=order-id", "--column", "qty=quantity-purchased", "--encoding", "orders=windows-1252"];
    assert_eq!(orders(&latin, &flags).unwrap(), ["111-1 MUG:1 TEE-S:2", "111-2 MUG:1"]);
    let open = text.replace("\tMug\t", "\t").replace("Pipe 12\" long", "\"12 inch");
    let fault = orders(open.as_bytes(), &flags[..4]).unwrap_err();
    assert!(fault.contains("orders.csv, line 2, column `product-name`") && fault.contains("--quotes no"), "{fault}");
    assert_eq!(orders(open.as_bytes(), &[&flags[..4], &["--quotes", "no"]].concat()).unwrap().len(), 2);
}

#[test]
fn rows_of_an_order_are_gathered_on_request_wherever_they_stand() {
    let text = "order_id,sku,qty\nA\t,TEE-S,1\nB,MUG,2\nA,MUG,1\n";
    let torn = orders(text.as_bytes(), &[]).unwrap_err();
    assert!(torn.contains("orders.csv, line 4: order A begins in line 2") && torn.contains("--gather"), "{torn}");
    assert_eq!(orders(text.as_bytes(), &["--gather"]).unwrap(), ["A MUG:1 TEE-S:1", "B MUG:2"]);
}

#[test]
fn orders_of_two_channels_with_one_number_stay_two() {
    let text = "order_id,sku,qty,channel\n1,TEE-S,1,web\n1,TEE-S,2,live\n2,MUG,1,web\n2,TEE-S,1,\n";
    assert_eq!(orders(text.as_bytes(), &[]).unwrap(), ["1 TEE-S:1", "1 TEE-S:2", "2 MUG:1 TEE-S:1"]);
}

#[test]
fn a_cancellation_needs_neither_sku_nor_quantity() {
    let text = "order_id,sku,qty,kind\nA,MUG,9,sale\nA,,,cancel\nB,MUG,9,sale\n";
    assert_eq!(orders(text.as_bytes(), &[]).unwrap(), ["A MUG:9", "B MUG:9"]);
}

#[test]
fn numbers_that_a_spreadsheet_has_shortened_are_refused_as_ids_and_skus() {
    let fault = orders(b"order_id,sku,qty\n2.02611E+18,MUG,1\n2.02611E+18,TEE-S,1\n", &[]).unwrap_err();
    assert!(fault.contains("line 2, column `order_id`") && fault.contains("may have become one"), "{fault}");
    let fault = stock(b"sku,warehouse,on_hand\n1.23E+11,A,5\n1.23E+11,B,7\n", &[]).unwrap_err();
    assert!(fault.contains("line 2, column `sku`") && fault.contains("may have become one"), "{fault}");
}

#[test]
fn stock_of_another_system_is_read_under_its_own_headers_and_values() {
    let text = "source_code,sku,status,quantity\nNorth,TEE-S,1,10.0000\nA,MUG,1,not stocked\n";
    let flags = [
        "--column",
        "warehouse=source_code",
        "--column",
        "on_hand=quantity",
        "--value",
        "warehouse:North=A",
        "--value",
        "on_hand:not stocked=3",
    ];
    assert_eq!(stock(text.as_bytes(), &flags).unwrap(), ["1 TEE-S:10"]);
    let unmapped = stock(text.as_bytes(), &[]).unwrap_err();
    assert!(unmapped.contains("there is no column `warehouse`") && unmapped.contains("--column warehouse=HEADER"));
}

#[test]
fn stock_is_read_in_every_encoding_and_with_every_line_end() {
    let text = "sku,warehouse,on_hand\nTEE-S,A,10\n";
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{text}").replace(',', "\t").encode_utf16().flat_map(bytes).collect()
    };
    for bytes in [
        text.replace('\n', "\r").into_bytes(),
        text.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}{text}").into_bytes(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
    ] {
        assert_eq!(stock(&bytes, &[]).unwrap(), ["1 TEE-S:10"]);
    }
}

#[test]
fn what_cannot_be_seen_in_a_code_is_named() {
    let fault = stock("sku,warehouse,on_hand\nTEE-S\u{200b},A,5\n".as_bytes(), &[]).unwrap_err();
    assert!(fault.contains("line 2, column `sku`") && fault.contains("U+200B ZERO WIDTH SPACE"), "{fault}");
    let fault = stock("sku,warehouse,on_hand\nTEE-S\u{a0},A,5\n".as_bytes(), &[]).unwrap_err();
    assert!(fault.contains("U+00A0 NO-BREAK SPACE"), "{fault}");
}
