//! Who is let in: what one token may take from others, what a stranger may leave, and what callers behind a proxy share.

use std::time::{Duration, Instant};

use stockade_client::Stockade;
use stockade_client::core::query::{Query, World};
use stockade_client::core::reject::Reject;
use stockade_client::core::time::Time;
use stockade_client::core::wire::{ClientMessage, FrameKind, Header, HelloAnswer, HelloRefusal, ServerMessage};
use stockade_server::service::Rate;
use tokio::time::timeout;

use crate::host::{Host, WORLD};
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
async fn a_token_that_connects_too_often_is_not_let_in_and_is_told_why() {
    let rare = Rate { burst: 1, per_second: 1 };
    let host = Host::with(|config| (config.arrivals_of_token, config.connections_of_token) = (rare, 3)).await;
    // As many as it may have, one after the other, are let in at once.
    for _ in 0..3 {
        let mut peer = Raw::connect(host.addr).await;
        peer.say(header(0, Time(0)), &hello(&host.storefront)).await;
        assert!(matches!(peer.hear::<HelloAnswer>().await.1, HelloAnswer::Welcome(_)));
    }
    let mut often = Raw::connect(host.addr).await;
    often.say(header(0, Time(0)), &hello(&host.storefront)).await;
    let (_, answer) = often.hear::<HelloAnswer>().await;
    assert!(matches!(answer, HelloAnswer::Refused(HelloRefusal::Full { .. })), "{answer:?}");
    let (_, reason) = often.closed().await;
    assert!(reason.contains("the token shop connects too often"), "{reason}");
    let _desk = host.client(&host.support).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let _shop = host.client(&host.storefront).await;
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

/// Bytes that a peer gets rid of on a stream until nothing more is taken for a while.
async fn poured(send: &mut quinn::SendStream) -> usize {
    let (bytes, mut sent) = (vec![0; 64 * 1024], 0);
    while let Ok(Ok(written)) = timeout(Duration::from_millis(300), send.write(&bytes)).await {
        sent += written;
    }
    sent
}

#[tokio::test]
async fn a_peer_that_has_not_said_who_it_is_leaves_a_few_kilobytes_with_the_server() {
    let host = Host::start().await;
    let mut raw = Raw::connect(host.addr).await;
    let half = Header { kind: FrameKind::Hello, ..header(0, Time(0)) }.to_bytes(4_000);
    raw.send.write_all(&half).await.unwrap();
    let second = timeout(Duration::from_millis(500), raw.connection.open_bi()).await;
    assert!(second.is_err(), "it has the one stream of its hello");
    let mut silent = Raw::connect(host.addr).await;
    let sent = poured(&mut silent.send).await;
    assert!(sent <= 16 * 1024, "{sent} bytes");
    // With a hello it has more, at once.
    let raw = Raw::greeted(host.addr, &host.storefront).await;
    for _ in 0..15 {
        timeout(Duration::from_secs(5), raw.connection.open_bi()).await.expect("a lane").unwrap();
    }
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
async fn a_peer_that_reads_nothing_leaves_little_on_each_further_connection_of_its_token() {
    let host = Host::start().await;
    let admin = host.client(&host.admin).await;
    admin.apply_world(format!("{WORLD}# {}\n", "x".repeat(6 << 20))).await.unwrap();
    let mut left = Vec::new();
    let mut open = Vec::new();
    for n in 2..=5 {
        let mut raw = Raw::greeted(host.addr, &host.admin).await;
        // The lane holds so long an answer that it reads nothing more.
        let before = host.service.memory().answers.held();
        raw.say(header(1, Time(0)), &ClientMessage::Query { query: Query::World(World), provisional: false }).await;
        let begun = Instant::now();
        while host.service.memory().answers.held() < before + (6 << 20) {
            assert!(begun.elapsed() < Duration::from_secs(10), "connection {n} has no answer");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        raw.send.write_all(&header(2, Time(0)).to_bytes(8 << 20)).await.unwrap();
        left.push(poured(&mut raw.send).await);
        open.push(raw);
    }
    assert!(left[..3].iter().all(|wide| (300 << 10..=600 << 10).contains(wide)), "{left:?}");
    assert!((64 << 10..=128 << 10).contains(&left[3]), "{left:?}");
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
