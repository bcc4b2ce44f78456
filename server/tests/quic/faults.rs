//! Broken peers, broken connections, overload and shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quinn::Endpoint;
use rustls_pki_types::PrivateKeyDer;
use stockade_client::core::command::{Command, Receive, Request, SkuSpec};
use stockade_client::core::orders::OrderState;
use stockade_client::core::query::{Query, StockQuery};
use stockade_client::core::reject::Reject;
use stockade_client::core::reply::Reply;
use stockade_client::core::time::{Span, Time};
use stockade_client::core::wire::{
    ClientMessage, FrameKind, HelloAnswer, HelloRefusal, ServerMessage, VERSION, VERSION_OLDEST,
};
use stockade_client::{Call, Client, ClientConfig, ClientError, Stockade, Trust};
use stockade_server::failure::{Exit, Failure};
use tokio::net::UdpSocket;

use crate::host::{Host, code, line, number, place, reject_code};
use crate::raw::{Raw, header, hello};

pub fn place_message(order: &str) -> ClientMessage {
    let command = Command::Place(place(order, vec![line("TEA", 1)]));
    ClientMessage::Command(Request { key: None, occurred: None, command })
}

#[tokio::test]
async fn garbage_instead_of_a_hello_is_refused() {
    let host = Host::start().await;
    let mut raw = Raw::connect(host.addr).await;
    raw.send.write_all(b"GET / HTTP/1.1\r\nHost: stockade\r\n\r\n").await.unwrap();
    let (_, answer) = raw.hear::<HelloAnswer>().await;
    assert!(matches!(answer, HelloAnswer::Refused(HelloRefusal::Malformed { .. })), "{answer:?}");
    assert_eq!(raw.closed().await.0, 1);
    assert!(host.client(&host.storefront).await.ping(&Call::default()).await.is_ok());
}

#[tokio::test]
async fn garbage_and_oversized_frames_on_a_lane_end_the_connection() {
    let host = Host::with(|config| config.body_max = 10_000).await;
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    raw.send.write_all(&header(1, Time(0)).to_bytes(10_001)).await.unwrap();
    let (code, reason) = raw.closed().await;
    assert_eq!(code, 2);
    assert!(reason.contains("at most 10000"), "{reason}");
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    raw.send.write_all(&[0xA5; 64]).await.unwrap();
    assert_eq!(raw.closed().await.0, 2);
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    raw.say(header(1, Time(0)), &hello(&host.storefront)).await;
    let (code, reason) = raw.closed().await;
    assert_eq!((code, reason.as_str()), (2, "a Hello frame has no place on a lane"));
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_and_the_lane_goes_on() {
    let host = Host::start().await;
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    let mut bytes = header(7, Time(0)).to_bytes(3).to_vec();
    bytes.extend_from_slice(&[250, 250, 250]);
    raw.send.write_all(&bytes).await.unwrap();
    let (head, message) = raw.reply().await;
    assert_eq!(head.correlation, 7);
    assert!(matches!(message, ServerMessage::Reply(Err(Reject::Invalid { .. }))), "{message:?}");
    raw.say(header(8, Time(0)), &ClientMessage::Ping).await;
    assert_eq!(raw.reply().await.1, ServerMessage::Pong);
}

#[tokio::test]
async fn versions_that_do_not_fit_are_told_so() {
    let host = Host::start().await;
    let mut raw = Raw::connect(host.addr).await;
    let newer = stockade_client::core::wire::Hello { version: 9, oldest: 7, ..hello(&host.storefront) };
    raw.say(header(0, Time(0)), &newer).await;
    let (_, answer) = raw.hear::<HelloAnswer>().await;
    assert_eq!(answer, HelloAnswer::Refused(HelloRefusal::Version { oldest: VERSION_OLDEST, newest: VERSION }));
    assert!(Raw::with_alpn(host.addr, b"stockade/9").await.is_err());
}

/// A listener that agrees on this protocol and no other.
fn speaker_of(alpn: &[u8]) -> Endpoint {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    tls.alpn_protocols = vec![alpn.to_vec()];
    let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls).unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap()
}

#[tokio::test]
async fn a_server_of_another_build_is_named_as_such_and_not_as_unreachable() {
    let newer = speaker_of(b"stockade/9");
    let addr = newer.local_addr().unwrap();
    tokio::spawn(async move {
        while let Some(incoming) = newer.accept().await {
            assert!(incoming.await.is_err(), "no connection comes about");
        }
    });
    let pin = "00".repeat(32).parse().unwrap();
    let config = ClientConfig::new(addr.to_string(), Trust::Pinned(pin), "stk_x");
    let error = Client::connect(config.clone()).await.map(drop).unwrap_err();
    assert_eq!(error, ClientError::OtherProtocol { addr: addr.to_string() });
    let said = error.to_string();
    for words in [&*addr.to_string(), "another version of the wire protocol", "stockade/2", "of one build"] {
        assert!(said.contains(words), "`{words}` is missing in: {said}");
    }
    assert!(!error.is_transient());
    assert_eq!(Failure::from(error).exit, Exit::Refused, "trying again does not help");

    // A client that connects in the background does not wait for the end of its patience.
    let client = Client::start(config).unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(2), client.ping(&Call::default())).await;
    assert_eq!(asked.expect("told at once"), Err(ClientError::OtherProtocol { addr: addr.to_string() }));
}

#[tokio::test]
async fn silent_peers_are_shown_out() {
    let host = Host::with(|config| config.hello_timeout = Duration::from_millis(100)).await;
    let raw = Raw::connect(host.addr).await;
    assert_eq!(raw.closed().await, (1, "no hello in time".to_owned()));
}

#[tokio::test]
async fn expired_work_never_reaches_the_engine() {
    let host = Host::start().await;
    let before = host.engine.seq();
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    let now = host.service.clock().now();
    raw.say(header(1, now - Span::from_millis(1)), &place_message("late")).await;
    assert_eq!(raw.reply().await.1, ServerMessage::Reply(Err(Reject::TooLate)));
    assert_eq!(host.engine.seq(), before);
    raw.say(header(2, now + Span::from_secs(5)), &place_message("soon")).await;
    let (head, message) = raw.reply().await;
    assert!(matches!(message, ServerMessage::Reply(Ok(Reply::Placed(_)))));
    assert!(head.time >= now);
}

#[tokio::test]
async fn more_than_a_connection_may_have_in_flight_is_overload() {
    let host = Host::with(|config| config.in_flight = 4).await;
    host.hold_journal(true);
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    for n in 0..6 {
        raw.say(header(n, Time(0)), &place_message(&format!("o-{n}"))).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    host.hold_journal(false);
    let mut overloaded = Vec::new();
    for _ in 0..6 {
        if let (head, ServerMessage::Reply(Err(Reject::Overloaded { .. }))) = raw.reply().await {
            overloaded.push(head.correlation);
        }
    }
    assert_eq!(overloaded, [4, 5]);
    // The library waits for its turn instead.
    let shop = host.client(&host.storefront).await;
    let calls = (0..40).map(|n| {
        let shop = shop.clone();
        tokio::spawn(async move { shop.place(place(&format!("p-{n}"), vec![line("POT", 1)])).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_to_come_back() {
    let host = Host::with(|config| config.connections = 2).await;
    let _one = host.client(&host.storefront).await;
    let _two = host.client(&host.storefront).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let mut raw = Raw::connect(host.addr).await;
    raw.say(header(0, Time(0)), &hello(&host.storefront)).await;
    let (_, answer) = raw.hear::<HelloAnswer>().await;
    assert!(matches!(answer, HelloAnswer::Refused(HelloRefusal::Full { .. })), "{answer:?}");
}

#[tokio::test]
async fn peers_that_have_not_said_who_they_are_take_nobodys_place() {
    let host = Host::with(|config| {
        config.handshakes = 8;
        config.connections = 2;
    })
    .await;
    let shop = host.client(&host.storefront).await;
    let mut strangers = Vec::new();
    for _ in 0..40 {
        strangers.push(Raw::connect(host.addr).await);
    }
    assert_eq!(strangers[0].closed().await, (1, "too many connections wait without a hello".to_owned()));
    assert_eq!(host.available(&shop, "TEA").await, 1_000);
    // A newcomer that says who it is at once gets in although all strangers are still there.
    let _desk = host.client(&host.support).await;
    let listener = host.listener.as_ref().unwrap();
    assert_eq!(listener.connections(), 2, "only who said who it is is counted");
}

#[tokio::test]
async fn handshakes_that_pile_up_prove_their_address() {
    let host = Host::with(|config| config.handshakes_before_retry = 0).await;
    let shop = host.client(&host.storefront).await;
    assert_eq!(host.available(&shop, "TEA").await, 1_000);
}

#[tokio::test]
async fn draining_answers_what_is_in_flight_and_refuses_the_rest() {
    let mut host = Host::start().await;
    let shop = host.client(&host.storefront).await;
    host.hold_journal(true);
    let waiting = tokio::spawn({
        let shop = shop.clone();
        async move { shop.place(place("1", vec![line("TEA", 1)])).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    host.service.drain();
    raw.say(header(1, Time(0)), &place_message("2")).await;
    let refused = loop {
        if let Some(frame) = raw.decoder.next_frame().unwrap() {
            if frame.header.kind == stockade_client::core::wire::FrameKind::Reply {
                break stockade_client::core::wire::body::read_body::<ServerMessage>(frame.body).unwrap();
            }
            continue;
        }
        let chunk = raw.receive.read_chunk(1 << 16, true).await.unwrap().unwrap();
        raw.decoder.extend(&chunk.bytes);
    };
    assert!(matches!(refused, ServerMessage::Reply(Err(Reject::Unavailable { .. }))), "{refused:?}");
    assert!(!waiting.is_finished());
    host.hold_journal(false);
    assert_eq!(waiting.await.unwrap().unwrap().present, OrderState::Held);
    // Nobody new gets in, and what is left ends by itself.
    let error = Client::connect(host.config(&host.storefront)).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(host.listener.take().unwrap().drain(Duration::from_secs(3)).await, "some connection did not end");
    host.check();
}

/// Passes packets between client and server until it is cut.
struct Cable {
    addr: SocketAddr,
    cut: Arc<AtomicBool>,
}

impl Cable {
    async fn to(server: SocketAddr) -> Cable {
        let outside = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let addr = outside.local_addr().unwrap();
        let cut = Arc::new(AtomicBool::new(false));
        let broken = cut.clone();
        tokio::spawn(async move {
            let mut links: std::collections::HashMap<SocketAddr, Arc<UdpSocket>> = std::collections::HashMap::new();
            let mut packet = [0; 65_536];
            while let Ok((size, from)) = outside.recv_from(&mut packet).await {
                if broken.load(Ordering::SeqCst) {
                    links.remove(&from);
                    continue;
                }
                let inside = match links.get(&from) {
                    Some(inside) => inside.clone(),
                    None => {
                        let inside = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                        inside.connect(server).await.unwrap();
                        let (back, outside, broken) = (inside.clone(), outside.clone(), broken.clone());
                        tokio::spawn(async move {
                            let mut packet = [0; 65_536];
                            while let Ok(size) = back.recv(&mut packet).await {
                                if !broken.load(Ordering::SeqCst) {
                                    let _ = outside.send_to(&packet[..size], from).await;
                                }
                            }
                        });
                        links.insert(from, inside.clone());
                        inside
                    }
                };
                let _ = inside.send(&packet[..size]).await;
            }
        });
        Cable { addr, cut }
    }
}

#[tokio::test]
async fn a_call_outlives_its_connection_and_is_done_once() {
    let host = Host::with(|config| config.idle = Duration::from_millis(700)).await;
    let cable = Cable::to(host.addr).await;
    let mut config = host.config(&host.storefront);
    config.addr = cable.addr.to_string();
    config.connect_timeout = Duration::from_millis(500);
    let shop = Client::connect(config).await.unwrap();
    shop.place(place("before", vec![line("TEA", 1)])).await.unwrap();
    // The order is applied; its answer is lost with the cable.
    host.hold_journal(true);
    let waiting = tokio::spawn({
        let shop = shop.clone();
        async move { shop.place(place("during", vec![line("TEA", 1)])).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    cable.cut.store(true, Ordering::SeqCst);
    host.hold_journal(false);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    cable.cut.store(false, Ordering::SeqCst);
    let placed = waiting.await.unwrap().unwrap();
    assert!(placed.replayed, "the second attempt finds the order of the first");
    assert_eq!(host.available(&shop, "TEA").await, 998);
    host.check();
}

#[tokio::test]
async fn without_a_server_calls_end_in_time_and_say_what_is_known() {
    let host = Host::start().await;
    let cable = Cable::to(host.addr).await;
    let mut config = host.config(&host.storefront);
    config.addr = cable.addr.to_string();
    let shop = Client::connect(config).await.unwrap();
    cable.cut.store(true, Ordering::SeqCst);
    let hurried = shop.with(Call { timeout: Duration::from_millis(200), ..Call::default() });
    let started = std::time::Instant::now();
    let error = hurried.place(place("1", vec![line("TEA", 1)])).await.unwrap_err();
    assert_eq!(error, ClientError::OutcomeUnknown { key: code("1"), order: None });
    let error = hurried.order(number("1")).await.unwrap_err();
    assert!(matches!(error, ClientError::TimedOut(_)), "{error}");
    assert!(started.elapsed() < Duration::from_secs(1));
    let nobody = Client::connect({
        let mut config = host.config(&host.storefront);
        config.addr = "127.0.0.1:1".to_owned();
        config.connect_timeout = Duration::from_millis(200);
        config
    });
    assert!(matches!(nobody.await.unwrap_err(), ClientError::Unreachable { .. }));
}

#[tokio::test]
async fn answers_that_come_too_late_for_one_caller_reach_the_next() {
    let host = Host::start().await;
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    host.hold_journal(true);
    let now = host.service.clock().now();
    raw.say(header(1, Time(0)), &place_message("patient")).await;
    raw.say(header(2, now + Span::from_millis(80)), &place_message("hurried")).await;
    raw.say(
        header(3, now + Span::from_millis(80)),
        &ClientMessage::Query { query: Query::Order(number("hurried")), provisional: false },
    )
    .await;
    let (head, message) = raw.reply().await;
    assert_eq!(head.correlation, 2);
    assert!(matches!(message, ServerMessage::Reply(Err(Reject::OutcomeUnknown { order: Some(_) }))), "{message:?}");
    let (head, message) = raw.reply().await;
    assert_eq!(head.correlation, 3);
    let ServerMessage::Reply(Err(reject)) = message else { panic!("{message:?}") };
    assert_eq!(reject_code(&ClientError::Rejected(reject)), "unavailable");
    host.hold_journal(false);
    let (head, message) = raw.reply().await;
    assert_eq!(head.correlation, 1);
    assert!(matches!(message, ServerMessage::Reply(Ok(Reply::Placed(_)))));
    host.check();
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_waited_for_and_then_gets_everything() {
    let host = Host::start().await;
    let sku = |n| SkuSpec { sku: code(&format!("S-{n}")), weight_g: None, category: None };
    let admin = host.client(&host.admin).await;
    admin.define_skus((0..2_000).map(sku).collect()).await.unwrap();
    let lines = (0..2_000).map(|n| line(&format!("S-{n}"), 1)).collect();
    admin.receive(Receive { warehouse: code("A"), pool: None, expected: None, lines }).await.unwrap();
    let mut raw = Raw::greeted(host.addr, &host.support).await;
    let query = Query::Stock(StockQuery { skus: vec![], warehouse: None, after: None, limit: 10_000 });
    for n in 0..150 {
        raw.say(header(n, Time(0)), &ClientMessage::Query { query: query.clone(), provisional: false }).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let decided_before_reading = host.service.counted().queries;
    assert!(
        decided_before_reading < 140,
        "{decided_before_reading} large answers were made for a peer that does not read"
    );
    for n in 0..150 {
        let (head, message) = raw.reply().await;
        assert_eq!(head.correlation, n);
        let ServerMessage::Reply(Ok(Reply::Stock(cells))) = message else { panic!("{message:?}") };
        assert!(cells.len() >= 2_000);
    }
}

#[tokio::test]
async fn a_burst_of_large_datagrams_arrives() {
    let host = Host::start().await;
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    let unreadable = vec![250; 200_000];
    for round in 0..40 {
        raw.say_bytes(FrameKind::Request, round, &unreadable).await;
        assert_eq!(raw.reply().await.0.correlation, round);
    }
    let path = raw.connection.stats().path;
    assert!(path.current_mtu > 6_000, "large datagrams were found to pass: {}", path.current_mtu);
    let share = path.lost_packets as f64 / path.sent_packets as f64;
    assert!(share < 0.05, "{} of {} packets were lost", path.lost_packets, path.sent_packets);
}
