//! Who is let in: what one token may take from others, what half a request takes, and what callers behind a proxy share.

use std::time::{Duration, Instant};

use stockade_client::core::reject::Reject;
use stockade_client::core::time::Time;
use stockade_client::core::wire::{ClientMessage, HelloAnswer, HelloRefusal, ServerMessage};
use stockade_server::service::Rate;

use crate::host::Host;
use crate::http::{Site, Visitor};
use crate::raw::{Raw, header, hello};

const AVAILABILITY: &str = "/v1/availability?channel=web&sku=TEA";

#[tokio::test]
async fn one_token_does_not_take_all_http_connections_and_is_told_why() {
    let site = Site::with(|limits| (limits.known, limits.known_of_token) = (4, 2)).await;
    let ask = site.head("GET", AVAILABILITY, "");
    let mut shops = [site.visit().await, site.visit().await];
    for shop in &mut shops {
        shop.say(&ask).await;
        assert!(shop.hear().await.0.starts_with("http/1.1 200"));
    }
    let mut third = site.visit().await;
    third.say(&ask).await;
    let refused = third.hear().await;
    Visitor::problem(&refused, 503);
    assert!(refused.1.contains("the token shop has 2 connections"), "{}", refused.1);
    // Those it has go on, and another token has its own.
    shops[0].say(&ask).await;
    assert!(shops[0].hear().await.0.starts_with("http/1.1 200"));
    let mut desks = [site.visit().await, site.visit().await];
    for desk in &mut desks {
        desk.say(site.head_of(&site.host.support, "GET", "/v1/stock", "")).await;
        assert!(desk.hear().await.0.starts_with("http/1.1 200"));
    }
    drop(shops);
    let begun = Instant::now();
    loop {
        third.say(&ask).await;
        if third.hear().await.0.starts_with("http/1.1 200") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "a place is not given back");
    }
}

#[tokio::test]
async fn a_revoked_token_loses_its_http_connections_and_their_places() {
    let site = Site::with(|limits| limits.known = 3).await;
    let ask = site.head("GET", AVAILABILITY, "");
    let mut visitors = [site.visit().await, site.visit().await, site.visit().await];
    for visitor in &mut visitors {
        visitor.say(&ask).await;
        assert!(visitor.hear().await.0.starts_with("http/1.1 200"));
    }
    let [idle, half_head, half_body] = &mut visitors;
    half_head.say("GET /v1/stock HTTP/1.1\r\nhost:").await;
    half_body.say(site.head("POST", "/v1/quote", "content-length: 100\r\n")).await;
    half_body.say("{").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    site.host.revoke("shop");
    let begun = Instant::now();
    for visitor in [idle, half_head, half_body] {
        assert!(visitor.is_closed().await);
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    for _ in 0..3 {
        let mut desk = site.visit().await;
        desk.say(site.head_of(&site.host.support, "GET", "/v1/stock", "")).await;
        assert!(desk.hear().await.0.starts_with("http/1.1 200"), "the places are free");
    }
}

#[tokio::test]
async fn one_token_does_not_take_all_quic_connections_and_is_told_why() {
    let host = Host::with(|config| (config.connections, config.connections_of_token) = (5, 2)).await;
    let _shops = [host.client(&host.storefront).await, host.client(&host.storefront).await];
    let mut third = Raw::connect(host.addr).await;
    third.say(header(0, Time(0)), &hello(&host.storefront)).await;
    let (_, answer) = third.hear::<HelloAnswer>().await;
    assert!(matches!(answer, HelloAnswer::Refused(HelloRefusal::Full { .. })), "{answer:?}");
    let (code, reason) = third.closed().await;
    assert_eq!(code, 1);
    assert!(reason.contains("the token shop has 2 connections"), "{reason}");
    let _desks = [host.client(&host.support).await, host.client(&host.support).await];
}

#[tokio::test]
async fn callers_behind_a_trusted_proxy_are_not_counted_by_its_address() {
    let rare = Rate { burst: 4, per_second: 1 };
    let site = Site::with(|limits| {
        (limits.arrivals, limits.refusals) = (rare, rare);
        limits.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    })
    .await;
    let begun = Instant::now();
    // Strangers who come and are refused, as many as an address by itself may not send in a minute.
    for n in 0..60 {
        let mut stranger = site.visit().await;
        let path = ["/v1/stock", "/livez"][n % 2];
        stranger.say(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        let (head, _) = stranger.hear().await;
        assert!(head.starts_with(["http/1.1 401", "http/1.1 200"][n % 2]), "{head}");
    }
    let mut caller = site.visit().await;
    caller.say(site.head("GET", AVAILABILITY, "")).await;
    assert!(caller.hear().await.0.starts_with("http/1.1 200"));
    assert!(begun.elapsed() < Duration::from_secs(20), "nobody waits: {:?}", begun.elapsed());
}

#[tokio::test]
async fn half_frames_are_counted_however_short_they_are() {
    let host = Host::with(|config| config.memory = 100_000).await;
    let received = || host.service.memory().received.held();
    let frame = header(7, Time(0)).to_bytes(40_000);
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    raw.send.write_all(&frame).await.unwrap();
    let begun = Instant::now();
    while received() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "it is not counted");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(received(), 40_024);
    // A second one is beyond what the connection may have, and beyond what a modest one has in any case.
    let (send, receive) = raw.connection.open_bi().await.unwrap();
    let (mut first, _kept) = (std::mem::replace(&mut raw.send, send), std::mem::replace(&mut raw.receive, receive));
    raw.send.write_all(&frame).await.unwrap();
    let (_, message) = raw.reply().await;
    assert!(matches!(message, ServerMessage::Reply(Err(Reject::Overloaded { .. }))), "{message:?}");
    assert_eq!(received(), 40_024);
    // Another connection is modest: its half frame is taken.
    let mut other = Raw::greeted(host.addr, &host.support).await;
    other.say(header(8, Time(0)), &ClientMessage::Ping).await;
    assert_eq!(other.reply().await.1, ServerMessage::Pong);
    other.send.write_all(&frame).await.unwrap();
    while received() < 80_048 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", received());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    first.reset(quinn::VarInt::from_u32(0)).unwrap();
    drop(other);
    while received() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", received());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn half_a_body_over_http_is_counted_however_short_it_is() {
    let site = Site::with(|_| ()).await;
    let received = || site.host.service.memory().received.held();
    let mut visitor = site.visit().await;
    visitor.say(site.head("POST", "/v1/quote", "content-length: 40000\r\n")).await;
    visitor.say([b' '; 30_000]).await;
    let begun = Instant::now();
    while received() != 30_000 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", received());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    drop(visitor);
    while received() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", received());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
