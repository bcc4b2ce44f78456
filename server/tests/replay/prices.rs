//! Prices of stock in a replay: learned by the time of the rows, the same in every run.

use std::fmt::Write as _;

use crate::rig::{Rig, WORLD, parsed};

/// Three days, every twenty minutes an order for tea or for tea and a cup; cups lie in B only, tea in both.
fn orders() -> String {
    let mut text = "order_id,ts,sku,qty,zone\n".to_owned();
    for n in 0..216 {
        let ts = format!("2026-11-{:02}T{:02}:{:02}", 11 + n / 72, n % 72 / 3, n % 3 * 20);
        let _ = writeln!(text, "{n},{ts},tea,1,north");
        if n % 2 == 0 {
            let _ = writeln!(text, "{n},{ts},cup,1,north");
        }
    }
    text
}

const STOCK: &str = "sku,warehouse,on_hand\ntea,A,130\ntea,B,130\ncup,B,130\n";

/// Both warehouses are as dear, but for a cent: B is cheaper, so that all tea would come from there.
fn world(prices: &str) -> String {
    let cheaper = "[[rate]]\ncarrier = \"ECO\"\nfrom = \"B\"\nto = \"north\"\nparcel = \"1.49\"\nunit = \"0.25\"\nfirst_kg = \"4\"\n";
    let ban = "[[ban]]\ncarrier = \"FAST\"\n";
    format!("{WORLD}{cheaper}{ban}{prices}")
}

const PRICES: &str = "[prices]\ncover = \"72h\"\nrecompute_every = \"20m\"\n";

fn parcels(lines: &str) -> usize {
    parsed(lines).iter().map(|line| line["sub_orders"].as_array().unwrap().len()).sum()
}

#[test]
fn two_runs_learn_the_same_prices_and_save_parcels() {
    let priced = Rig::new(&world(PRICES), STOCK, &orders());
    let (first, summary) = priced.replay(&[]);
    let (second, _) = priced.replay(&["--journal", "local"]);
    assert_eq!(first, second);
    assert_eq!(summary["placed"], 216);
    let (plain, _) = Rig::new(&world(""), STOCK, &orders()).replay(&[]);
    assert!(parcels(&first) + 10 < parcels(&plain), "{} parcels, without prices {}", parcels(&first), parcels(&plain));
}
