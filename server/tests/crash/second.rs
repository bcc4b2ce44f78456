//! A second server in a folder, or on the ports, of one that runs: refused before it touches the history.

use std::sync::Arc;
use std::time::Duration;

use stockade_client::{Call, Stockade};
use stockade_core::command::{Command, DefineSkus, Request, SkuSpec};
use stockade_core::ids::Code;

use crate::book::Book;
use crate::load::stock_up;
use crate::redis_server::RedisServer;
use crate::rig::{Home, PATIENCE, Server, run};

/// Starts a second server that must be refused with these words, while the first goes on as if nothing had been.
pub fn refused_without_harm(home: &Home, first: &mut Server, second: &Home, flags: &[&str], words: &str) {
    let ended = second.try_serve(flags).err().expect("it must not come up");
    assert_eq!(ended.code, Some(5), "{}", ended.log);
    assert!(ended.log.contains(words), "no `{words}` in {}", ended.log);
    // Longer than a heartbeat: a first server that lost its partition would have noticed.
    std::thread::sleep(Duration::from_secs(4));
    assert!(first.runs());
    assert_eq!(first.readyz().0, 200, "{:?}", first.readyz());
    run(async {
        let client = first.client(PATIENCE).await;
        client.command(define("ONE-MORE"), &Call::default()).await.expect("it journals");
    });
    assert!(!home.path().join("emergency.stockade").exists());
}

/// A command with a key of its own.
fn define(name: &str) -> Request {
    let sku = SkuSpec { sku: Code::new(name).unwrap(), weight_g: Some(100), category: None };
    Request { key: None, occurred: None, command: Command::DefineSkus(DefineSkus { skus: vec![sku] }) }
}

/// A first server with a world.
pub fn first(home: &Home) -> Server {
    let server = home.serve();
    run(async { stock_up(&server.client(PATIENCE).await, &Arc::new(Book::default())).await });
    server
}

#[test]
fn a_second_server_in_the_same_folder_is_refused_and_disturbs_nothing_on_disk() {
    let home = Home::local();
    let mut first = first(&home);
    refused_without_harm(&home, &mut first, &home, &[], "is in use by the server in process");
    first.kill();
    home.serve();
}

#[test]
fn a_second_server_in_the_same_folder_is_refused_and_disturbs_nothing_in_redis() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let mut first = first(&home);
    let log = first.log();
    refused_without_harm(&home, &mut first, &home, &[], "is in use by the server in process");
    refused_without_harm(&home, &mut first, &home, &["--take-over"], "is in use by the server in process");
    assert!(!log.contains("deposed"));
    first.kill();
    home.serve();
}

#[test]
fn a_server_whose_port_is_taken_does_not_take_the_history_either() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let mut first = first(&home);
    for (port, key) in [("quic", "listen.quic"), ("http", "listen.http")] {
        let taken = format!("{key}={}", first.said[port].as_str().unwrap());
        let other = home.second();
        let flags = ["--take-over", "--set", &taken];
        refused_without_harm(&home, &mut first, &other, &flags, "cannot listen on");
    }
}

/// A copy of a folder with everything in it, as a backup or a cloned machine has it.
fn copy(home: &Home) -> Home {
    let copy = home.second();
    for entry in std::fs::read_dir(home.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

#[test]
fn a_copied_folder_does_not_depose_the_living_server_nor_in_turn() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let mut first = first(&home);
    let copied = copy(&home);
    for _ in 0..2 {
        refused_without_harm(&home, &mut first, &copied, &[], "is alive");
    }
    assert!(!first.log().contains("deposed"));

    // Once the first is dead and its heartbeat has run out, the copy serves, and is respected in turn.
    first.kill();
    let begun = std::time::Instant::now();
    let mut second = copied.serve();
    assert!(begun.elapsed() > Duration::from_secs(3), "it waits for the heartbeat");
    assert!(second.log().contains("waiting for its heartbeat to run out"), "{}", second.log());
    refused_without_harm(&copied, &mut second, &home, &[], "is alive");
}

#[test]
fn a_server_that_was_killed_starts_again_at_once() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    first(&home).kill();
    let again = home.serve();
    assert!(!again.log().contains("waiting for its heartbeat"), "{}", again.log());
}
