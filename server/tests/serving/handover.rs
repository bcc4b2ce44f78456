//! Goods that come are handed over by the server itself: nobody who asks waits for it, and no command is needed for it.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use stockade_client::{Client, ClientConfig, Stockade, Trust, code};
use stockade_core::command::{Line, Place};
use stockade_core::units::Units;
use tokio::task::JoinSet;

use crate::rig::Server;

/// How long the handover may take on a loaded machine; usually it is a few milliseconds.
const SOON: Duration = Duration::from_secs(10);

/// A world whose channel `web` sells presale; orders `1`, `2`, … wait for one pot each out of `PO-1`.
fn waiting(orders: u64) -> Server {
    let server = Server::start();
    let sample = include_str!("../../src/serve/sample_world.toml");
    let world = sample.replacen("code = \"web\"\n", "code = \"web\"\npresale = true\n", 1);
    std::fs::write(server.dir.path().join("presale.toml"), world).unwrap();
    server.json(&["world", "apply", "presale.toml"]);
    server.json(&["sku", "define", "POT"]);
    server.json(&["inbound", "announce", "PO-1", "HGH", "2036-12-01", &format!("POT:{orders}")]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(place(&server, orders));
    assert_eq!(count(&server, "promised"), orders);
    server
}

/// Places the orders, many at a time.
async fn place(server: &Server, orders: u64) {
    let text = |key: &str| server.said[key].as_str().unwrap();
    let pin = text("fingerprint").parse().unwrap();
    let config = ClientConfig::new(text("quic"), Trust::Pinned(pin), server.local_token());
    let client = Client::connect(config).await.unwrap();
    let mut lanes = JoinSet::new();
    for lane in 0..64 {
        let client = client.clone();
        lanes.spawn(async move {
            for number in (1..=orders).filter(|number| number % 64 == lane) {
                let lines = vec![Line { sku: code("POT").unwrap(), units: Units(1) }];
                let order = Place::new(code("web").unwrap(), code(&number.to_string()).unwrap(), lines);
                client.place(order).await.unwrap();
            }
        });
    }
    while let Some(ended) = lanes.join_next().await {
        ended.unwrap();
    }
}

fn receive(server: &Server, units: u64) {
    let body = format!(r#"{{"warehouse":"HGH","expected":"PO-1","lines":[{{"sku":"POT","qty":{units}}}]}}"#);
    let moved = server.http("POST", "/v1/stock/receive", &[("idempotency-key", "r1")], &body).json(200);
    assert_eq!(moved["qty"], units);
}

/// How many sub-orders are in a stage, page by page.
fn count(server: &Server, stage: &str) -> u64 {
    let (mut found, mut after) = (0, 0);
    loop {
        let path = format!("/v1/orders?channel=web&stage={stage}&limit=1000&after={after}");
        let page = server.http("GET", &path, &[], "").json(200);
        found += page["orders"].as_array().unwrap().len() as u64;
        match &page["next"] {
            Value::Null => return found,
            next => after = next.as_u64().unwrap(),
        }
    }
}

/// Looks, without a command, until every order has its goods.
fn until_handed_over(server: &Server, orders: u64) {
    let begun = Instant::now();
    while count(server, "promised") > 0 {
        assert!(begun.elapsed() < SOON, "{} of {orders} orders still wait", count(server, "promised"));
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(count(server, "held"), orders);
    let cells = server.http("GET", "/v1/stock?sku=POT&warehouse=HGH", &[], "").json(200);
    assert_eq!((&cells[0]["on_hand"], &cells[0]["pools"][0]["available"]), (&orders.into(), &0.into()), "{cells}");
}

#[test]
fn what_comes_reaches_the_orders_that_wait_without_another_command() {
    let orders = 600;
    let server = waiting(orders);
    receive(&server, orders);
    until_handed_over(&server, orders);
}

#[test]
fn a_handover_that_a_kill_cut_off_is_finished_after_the_restart() {
    let orders = 3_000;
    let server = waiting(orders);
    receive(&server, orders);
    let server = Server::start_in(server.kill(), &[]);
    let left = count(&server, "promised");
    println!("{} events recovered, {left} orders still waited at the first look", server.said["events"]);
    until_handed_over(&server, orders);
}
