//! Verbs that need a server, without one.

use std::net::UdpSocket;

use stockade_core::orders::{OrderState, Stage};

use crate::rig::{finished, run, stockade};

const PIN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

#[test]
fn without_a_known_server_the_command_says_how_to_name_one() {
    let dir = tempfile::tempdir().unwrap();
    let refused = run(dir.path(), &["order", "web/1001"]).ended(2);
    assert!(refused.err.contains("no server is known here"), "{}", refused.err);
    let mut command = stockade(dir.path());
    command.env("STOCKADE_ADDR", "127.0.0.1:1").env("STOCKADE_TOKEN", "stk_x").args(["order", "web/1001"]);
    assert!(finished(&mut command).ended(2).err.contains("STOCKADE_PIN"));
}

#[test]
fn nobody_at_the_address_is_3() {
    let dir = tempfile::tempdir().unwrap();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = silent.local_addr().unwrap().to_string();
    let args = ["stock", "--addr", &addr, "--token", "stk_x", "--pin", PIN, "--timeout", "300ms", "--json"];
    let failed = run(dir.path(), &args).ended(3);
    let failure: serde_json::Value = serde_json::from_str(&failed.err).unwrap();
    assert_eq!(failure["error"], "unavailable");
}

#[test]
fn what_is_written_wrong_is_refused_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        &["pay", "1001x"][..],
        &["pay", "1001"],
        &["cancel", "web/1001", "--whole", "--sub", "2"],
        &["step", "web/1001", "--sub", "0", "pick"],
        &["place", "web/1001"],
        &["place", "id:5", "TEE"],
        &["step", "web/1001", "fly"],
        &["orders", "--state", "lost"],
        &["orders", "--limit", "0"],
        &["stock", "--limit", "0"],
        &["inbound", "list", "--limit", "0"],
        &["count", "HGH", "TEE:5", "--as-of", "yesterday"],
        &["inbound", "announce", "PO-1", "HGH", "2026-02-30", "TEE:5"],
        &["receive", "HGH"],
        &["receive", "HGH", "TEE:5", "--file", "x.csv"],
        &["extend", "web/1001", "--until", "soon"],
    ] {
        run(dir.path(), args).ended(2);
    }
}

#[test]
fn a_wrong_stage_or_state_is_answered_with_the_names_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let help = run(dir.path(), &["orders", "--help"]).ended(0).out;
    for name in Stage::ALL.map(Stage::name).into_iter().chain(OrderState::ALL.map(OrderState::name)) {
        assert!(help.contains(name), "{name} is not in\n{help}");
    }
    assert!(help.contains("At most this many orders"), "{help}");
    let refused = run(dir.path(), &["orders", "--stage", "pickng"]).ended(2).err;
    assert!(refused.contains("allocated, picking, packed") && refused.contains("similar"), "{refused}");
    let refused = run(dir.path(), &["orders", "--state", "refund-due"]).ended(2).err;
    assert!(refused.contains("held, paid, expired, refund_due, cancelled"), "{refused}");
}

#[test]
fn usage_names_arguments_in_the_order_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    for (verb, usages) in [
        (
            &["receive"][..],
            [
                "stockade receive [OPTIONS] <WAREHOUSE> <SKU[:UNITS]>...",
                "stockade receive [OPTIONS] [WAREHOUSE] --file <CSV>",
            ],
        ),
        (
            &["count"],
            [
                "stockade count [OPTIONS] --as-of <WATERMARK|now> <WAREHOUSE> <SKU[:UNITS]>...",
                "stockade count [OPTIONS] --as-of <WATERMARK|now> [WAREHOUSE] --file <CSV>",
            ],
        ),
        (&["sku", "define"], ["stockade sku define [OPTIONS] <SKUS>...", "stockade sku define [OPTIONS] --file <CSV>"]),
    ] {
        let help = run(dir.path(), &[verb, &["--help"]].concat()).ended(0).out;
        assert!(usages.iter().all(|usage| help.contains(usage)), "{help}");
        let refused = run(dir.path(), verb).ended(2).err;
        assert!(refused.contains(usages[0]), "{refused}");
    }
}

#[test]
fn a_broken_file_is_refused_by_name_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("in.csv"), "sku;qty\r\nTEE;5\r\nMUG;five\r\n").unwrap();
    let refused = run(dir.path(), &["receive", "HGH", "--file", "in.csv"]).ended(2);
    for word in ["in.csv", "3", "qty"] {
        assert!(refused.err.contains(word), "{word} in {}", refused.err);
    }
}
