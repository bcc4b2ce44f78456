//! Redis goes away under load: callers wait or are told that nobody knows, and afterwards it all goes on by itself.

use std::sync::Arc;
use std::time::Duration;

use stockade_client::{Call, Stockade};

use crate::book::Book;
use crate::history::History;
use crate::load::{Load, stock_up, until_acknowledged};
use crate::redis_server::RedisServer;
use crate::rig::{Home, PATIENCE, rng, run};
use crate::settle::{check_all, settle};

const OUTAGE: Duration = Duration::from_secs(3);
/// Shorter than the outage: such a caller hears that the outcome is not known.
const IMPATIENCE: Duration = Duration::from_secs(1);

#[test]
fn redis_frozen_under_load() {
    gone_for_a_while(|redis| redis.freeze(), |redis| redis.thaw());
}

#[test]
fn redis_killed_under_load() {
    gone_for_a_while(RedisServer::kill, RedisServer::restart);
}

fn gone_for_a_while(goes: fn(&mut RedisServer), comes_back: fn(&mut RedisServer)) {
    let mut rng = rng();
    let mut redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let book = Arc::new(Book::default());
    run(async {
        let server = home.serve();
        let (patient, impatient) = (server.client(PATIENCE).await, server.client(IMPATIENCE).await);
        stock_up(&patient, &book).await;
        let load = [Load::start(&patient, &book, &mut rng), Load::start(&impatient, &book, &mut rng)];
        until_acknowledged(&book, 50).await;
        goes(&mut redis);
        tokio::time::sleep(OUTAGE).await;
        let (status, _) = server.until_journal_is("retrying").await;
        assert_eq!(status, 503);
        comes_back(&mut redis);
        let (status, _) = server.until_journal_is("working").await;
        assert_eq!(status, 200);
        until_acknowledged(&book, 50).await;
        for load in load {
            load.stop().await;
        }
        settle(&patient, &book).await;
        check_all(&patient, &book).await;
        server.kill();
        let server = home.serve();
        History::redis_until(redis.connection(), &server.said).hold_against(&server.said);
        check_all(&server.client(PATIENCE).await, &book).await;
    });
}

#[test]
fn nothing_is_acknowledged_while_redis_is_frozen() {
    let mut rng = rng();
    let mut redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let book = Arc::new(Book::default());
    run(async {
        let server = home.serve();
        let client = server.client(IMPATIENCE).await;
        stock_up(&server.client(PATIENCE).await, &book).await;
        let load = Load::start(&client, &book, &mut rng);
        until_acknowledged(&book, 50).await;
        redis.freeze();
        tokio::time::sleep(OUTAGE).await;
        // Both die: what only the server's memory holds is gone, and only that.
        server.kill();
        load.cut().await;
        redis.kill();
        redis.restart();
        let server = home.serve();
        History::redis_until(redis.connection(), &server.said).hold_against(&server.said);
        let client = server.client(PATIENCE).await;
        settle(&client, &book).await;
        check_all(&client, &book).await;
    });
}

/// Longer than the ownership of the partition lasts.
const LONG_OUTAGE: Duration = Duration::from_secs(11);

#[test]
fn what_another_server_may_have_changed_is_not_told_as_durable() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let book = Arc::new(Book::default());
    run(async {
        let server = home.serve();
        stock_up(&server.client(PATIENCE).await, &book).await;
        let client = server.client(IMPATIENCE).await;
        let rules = || client.rules();
        rules().await.expect("it is the owner");
        redis.freeze();
        rules().await.expect("nobody else can be the owner yet");
        tokio::time::sleep(LONG_OUTAGE).await;
        let mut told = String::new();
        // On a busy machine, the time of so impatient a call may pass before it is looked at.
        for _ in 0..20 {
            told = rules().await.expect_err("another server may own the history by now").to_string();
            if told.contains("not available now") {
                break;
            }
        }
        assert!(told.contains("not available now"), "{told}");
        let call = Call { provisional: true, timeout: IMPATIENCE, ..Call::default() };
        client.with(call).rules().await.expect("a provisional answer claims nothing");
        redis.thaw();
        let (status, _) = server.until_journal_is("working").await;
        assert_eq!(status, 200);
        rules().await.expect("it is the owner still");
    });
}
