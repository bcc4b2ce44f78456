//! Settings of Redis that somebody changes while the server runs.

use std::time::{Duration, Instant};

use serde_json::Value;
use stockade_client::{Client, ClientError, Stockade};
use stockade_core::command::{Command, DefineSkus, Request, SkuSpec};
use stockade_core::ids::Code;
use stockade_core::reject::Reject;

use crate::redis_server::RedisServer;
use crate::rig::{Home, PATIENCE, Server, run};

/// How soon it must be told.
const SOON: Duration = Duration::from_secs(15);

async fn until(server: &Server, what: &str, wanted: impl Fn(u16, &Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let (status, body) = server.readyz();
        if wanted(status, &body) {
            return body;
        }
        assert!(begun.elapsed() < SOON, "{what} is not told: {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn define(client: &Client, name: &str) -> Result<(), ClientError> {
    let sku = SkuSpec { sku: Code::new(name).unwrap(), weight_g: Some(100), category: None };
    let request = Request { key: None, occurred: None, command: Command::DefineSkus(DefineSkus { skus: vec![sku] }) };
    let call = stockade_client::Call { timeout: Duration::from_secs(2), ..stockade_client::Call::default() };
    client.command(request, &call).await.map(drop)
}

#[test]
fn an_eviction_policy_that_becomes_unsafe_closes_admission_until_it_is_safe_again() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let server = &home.serve();
    run(async {
        let client = server.client(PATIENCE).await;
        until(server, "readiness", |status, _| status == 200).await;
        redis.run(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
        let body = until(server, "the policy", |status, _| status == 503).await;
        let reasons = body["reasons"].to_string();
        assert!(reasons.contains("no commands are taken") && reasons.contains("allkeys-lru"), "{reasons}");
        let refused = define(&client, "TEE").await.expect_err("no command is taken");
        let told = refused.to_string();
        assert!(
            matches!(&refused, ClientError::Rejected(Reject::Unavailable { .. }) | ClientError::TimedOut(_)),
            "{told}: a refusal, not an unknown outcome"
        );
        until(server, "the loss", |_, body| {
            body["journal"]["what_could_be_lost"].as_str().unwrap().contains("allkeys-lru")
        })
        .await;
        redis.run(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
        until(server, "the policy's return", |status, _| status == 200).await;
    });
}

#[test]
fn an_append_only_file_that_is_switched_off_is_told_within_seconds() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let server = home.serve();
    run(async {
        let told = |words: &'static str| {
            move |_: u16, body: &Value| body["journal"]["what_could_be_lost"].as_str().unwrap().contains(words)
        };
        until(&server, "the file", told("appendfsync always")).await;
        redis.run(&["CONFIG", "SET", "appendonly", "no"]);
        until(&server, "the missing file", told("no append-only file")).await;
        redis.run(&["CONFIG", "SET", "appendonly", "yes"]);
        redis.run(&["CONFIG", "SET", "appendfsync", "everysec"]);
        until(&server, "the file that is back", told("appendfsync everysec")).await;
        assert!(server.log().contains("the settings of Redis changed"));
    });
}

#[cfg(debug_assertions)]
#[test]
fn when_nobody_looks_at_the_settings_any_more_no_commands_are_taken() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let server = home.serve();
    std::fs::write(home.path().join("faults"), "panic redis-settings").unwrap();
    run(async {
        let body = until(&server, "the panic", |status, _| status == 503).await;
        assert!(body["reasons"].to_string().contains("nobody looks at its settings"), "{body}");
    });
}
