//! Parameters that a call does not have.

use std::collections::BTreeSet;
use std::path::Path;

use crate::http::{Site, Visitor};

/// The paths of all calls, as the sources name them.
fn paths() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/edge/api");
    let mut paths = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let found = text.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
        paths.extend(found.map(|path| path.replace("{channel}", "web").replace("{number}", "m1")));
    }
    paths
}

#[tokio::test]
async fn a_parameter_that_a_call_does_not_have_is_refused_by_every_call() {
    let site = Site::with(|_| ()).await;
    let paths = paths();
    assert!(paths.len() >= 20, "{paths:?}");
    let mut calls = 0;
    for path in &paths {
        let mut served = 0;
        for method in ["GET", "POST"] {
            let mut one = site.visit().await;
            let more = "idempotency-key: k\r\ncontent-length: 0\r\nconnection: close\r\n";
            one.say(site.head_of(&site.host.admin, method, &format!("{path}?x=1"), more)).await;
            let answer = one.hear().await;
            if answer.0.starts_with("http/1.1 405") {
                continue;
            }
            Visitor::problem(&answer, 400);
            assert!(answer.1.contains("there is no parameter `x` here"), "{method} {path}: {}", answer.1);
            served += 1;
        }
        assert!(served > 0, "{path} is no path");
        calls += served;
    }
    assert!(calls >= 25, "{calls} calls");
}

#[tokio::test]
async fn every_parameter_that_a_call_has_is_read() {
    let site = Site::with(|_| ()).await;
    for (method, path) in [
        ("GET", "/v1/orders?warehouse=A&channel=web&stage=held&state=held&customer=c&after=0&limit=1"),
        ("GET", "/v1/stock?sku=TEA&sku=POT&warehouse=A&after=TEA&limit=1"),
        ("GET", "/v1/inbound?sku=TEA&warehouse=A&reference=r&after=TEA&limit=1"),
        ("GET", "/v1/availability?channel=web&sku=TEA&sku=POT"),
        ("GET", "/v1/times?channel=web"),
    ] {
        let mut one = site.visit().await;
        one.say(site.head_of(&site.host.admin, method, path, "")).await;
        let answer = one.hear().await;
        assert!(answer.0.starts_with("http/1.1 200"), "{path}: {answer:?}");
    }
    let quote = r#"{"channel":"web","number":"1","lines":[{"sku":"TEA","qty":1}]}"#;
    let mut one = site.visit().await;
    let length = format!("content-length: {}\r\n", quote.len());
    one.say(site.head_of(&site.host.admin, "POST", "/v1/quote?exact=true", &length) + quote).await;
    assert!(one.hear().await.0.starts_with("http/1.1 200"));
    let mut one = site.visit().await;
    one.say(site.head_of(&site.host.admin, "GET", "/v1/orders/web/m1/explain?decision=x", "")).await;
    let answer = one.hear().await;
    Visitor::problem(&answer, 400);
    assert!(answer.1.contains("decision: `x` is not a whole number"), "{}", answer.1);
}
