//! Batches and long frames at their bounds: what is answered, and what is held for them.

use std::time::Duration;

use stockade_client::Stockade;
use stockade_client::core::query::{Query, World};
use stockade_client::core::reject::Reject;
use stockade_client::core::reply::Reply;
use stockade_client::core::time::Time;
use stockade_client::core::wire::body::BATCH_MESSAGES_MAX;
use stockade_client::core::wire::{ClientMessage, FrameKind, Header, ServerMessage};

use crate::faults::place_message;
use crate::host::{Host, WORLD, line, number, place, reject_code};
use crate::raw::{Raw, header};

fn world_query() -> ClientMessage {
    ClientMessage::Query { query: Query::World(World), provisional: false }
}

fn is_overloaded(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Reply(Err(Reject::Overloaded { .. })))
}

#[tokio::test]
async fn a_batch_stops_at_its_bound_and_what_was_placed_is_answered_as_placed() {
    let host = Host::start().await;
    let admin = host.client(&host.admin).await;
    let long = format!("{WORLD}# {}\n", "x".repeat(5 * 1024 * 1024));
    admin.apply_world(long).await.unwrap();
    let before = host.service.counted();
    let mut raw = Raw::greeted(host.addr, &host.admin).await;
    let mut messages = vec![place_message("first")];
    messages.extend((0..4_000).map(|_| world_query()));
    messages.push(place_message("last"));
    raw.say_batch(header(1, Time(0)), &messages).await;
    let answers = raw.hear_batch().await;
    assert_eq!(answers.len(), messages.len());
    assert!(matches!(answers[0], ServerMessage::Reply(Ok(Reply::Placed(_)))), "{:?}", answers[0]);
    assert!(matches!(answers[3], ServerMessage::Reply(Ok(Reply::Text(_)))));
    assert!(answers[4..].iter().all(is_overloaded));
    let asked = host.service.counted().queries - before.queries;
    assert_eq!(asked, 3, "no more answers are made than leave");
    let desk = host.client(&host.support).await;
    assert!(desk.order(number("first")).await.is_ok());
    assert_eq!(reject_code(&desk.order(number("last")).await.unwrap_err()), "unknown_order");
    assert_eq!(host.service.memory().answers.held(), 0);
}

#[tokio::test]
async fn a_batch_that_is_too_long_empty_or_unreadable_gets_an_error() {
    let host = Host::start().await;
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    let too_many = [&[251][..], &u16::try_from(BATCH_MESSAGES_MAX + 1).unwrap().to_le_bytes()[..]].concat();
    for (correlation, body) in [(1, &too_many[..]), (2, &[0][..]), (3, &[1, 250, 250][..])] {
        raw.say_bytes(FrameKind::RequestBatch, correlation, body).await;
        let (head, message) = raw.reply().await;
        assert_eq!(head.correlation, correlation);
        assert!(matches!(message, ServerMessage::Reply(Err(Reject::Invalid { .. }))), "{message:?}");
    }
    raw.say(header(4, Time(0)), &ClientMessage::Ping).await;
    assert_eq!(raw.reply().await.1, ServerMessage::Pong);
}

#[tokio::test]
async fn a_batch_whose_count_lies_ends_the_connection_and_does_nothing() {
    let host = Host::start().await;
    let before = host.engine.seq();
    let mut body = Vec::new();
    stockade_client::core::wire::body::put_batch(&mut body, header(1, Time(0)), &[place_message("1")]).unwrap();
    for count in [0, 2] {
        let mut lying = body[stockade_client::core::wire::HEADER_BYTES..].to_vec();
        lying[0] = count;
        let mut raw = Raw::greeted(host.addr, &host.storefront).await;
        raw.say_bytes(FrameKind::RequestBatch, 1, &lying).await;
        assert_eq!(raw.closed().await.0, 2);
    }
    assert_eq!(host.engine.seq(), before);
}

#[tokio::test]
async fn half_sent_frames_have_a_time_limit() {
    let host = Host::with(|config| config.frame_timeout = Duration::from_millis(200)).await;
    for bytes in [5, 100, 30_000] {
        let mut raw = Raw::greeted(host.addr, &host.storefront).await;
        let mut frame = header(1, Time(0)).to_bytes(100_000).to_vec();
        frame.resize(100_024, 0);
        raw.send.write_all(&frame[..bytes]).await.unwrap();
        let (code, reason) = raw.closed().await;
        assert_eq!(code, 2);
        assert!(reason.contains("not complete 0.2 s after its first byte"), "{reason}");
    }
    // Silence between frames is another matter.
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    for n in 0..4 {
        raw.say(header(n, Time(0)), &ClientMessage::Ping).await;
        assert_eq!(raw.reply().await.1, ServerMessage::Pong);
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
}

#[tokio::test]
async fn long_frames_beyond_the_memory_of_a_connection_are_refused_and_not_kept() {
    let host = Host::with(|config| config.memory = 4 * 1024 * 1024).await;
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    let half = |length: u32| Header { kind: FrameKind::RequestBatch, ..header(7, Time(0)) }.to_bytes(length);
    raw.send.write_all(&half(1_500_000)).await.unwrap();
    raw.send.write_all(&[0; 100_000]).await.unwrap();
    let received = || host.service.memory().received.held();
    while received() == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(received(), 1_500_024);
    // A second lane of the connection asks for more than is left.
    let (send, receive) = raw.connection.open_bi().await.unwrap();
    let (mut first, _kept) = (std::mem::replace(&mut raw.send, send), std::mem::replace(&mut raw.receive, receive));
    raw.send.write_all(&half(1_000_000)).await.unwrap();
    let (head, message) = raw.reply().await;
    assert!(head.correlation == 7 && is_overloaded(&message), "{message:?}");
    assert_eq!(received(), 1_500_024);
    // The lane goes on behind the frame that was not kept.
    raw.send.write_all(&vec![0; 1_000_000]).await.unwrap();
    raw.say(header(8, Time(0)), &ClientMessage::Ping).await;
    assert_eq!(raw.reply().await.1, ServerMessage::Pong);
    // Others are served meanwhile, and what is given up is given back.
    let shop = host.client(&host.storefront).await;
    shop.place(place("1", vec![line("TEA", 1)])).await.unwrap();
    first.reset(quinn::VarInt::from_u32(0)).unwrap();
    while received() > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_batch_refused_as_a_whole_is_sent_again_order_by_order() {
    let host = Host::with(|config| config.memory = 100_000).await;
    let shop = host.client(&host.storefront).await;
    let lines = |n: usize| {
        let line_of = |line_no: usize| line(&format!("{:>060}-{}", line_no, n % 10), 1);
        (0..60).map(line_of).collect::<Vec<_>>()
    };
    let orders: Vec<_> = (0..20).map(|n| place(&format!("b-{n}"), lines(n))).collect();
    let refused = shop.place_many(orders).await;
    assert_eq!(refused.len(), 20);
    for result in refused {
        assert_eq!(reject_code(&result.unwrap_err()), "unknown_sku", "each was decided");
    }
}
