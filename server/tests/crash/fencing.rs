//! Two servers on one partition: one goes on, the other says why it does not.

use std::sync::Arc;
use std::time::Duration;

use crate::book::Book;
use crate::history::History;
use crate::load::{Load, stock_up, until_acknowledged};
use crate::redis_server::RedisServer;
use crate::rig::{Home, PATIENCE, rng, run};
use crate::settle::{check_all, settle};

#[test]
fn of_two_servers_that_start_together_one_serves() {
    let redis = RedisServer::start();
    let first = Home::redis(&redis.url());
    let second = first.second();
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| first.try_serve(&[]));
        let other = second.try_serve(&[]);
        (one.join().expect("it ends"), other)
    });
    let (serving, refused) = match (one, other) {
        (Ok(serving), Err(refused)) | (Err(refused), Ok(serving)) => (serving, refused),
        (one, other) => panic!("one of two serves, not {:?} and {:?}", one.is_ok(), other.is_ok()),
    };
    assert_eq!(serving.readyz().0, 200);
    assert_eq!(refused.code, Some(5), "{}", refused.log);
    assert!(refused.log.contains("--take-over"), "{}", refused.log);
}

#[test]
fn a_server_that_is_deposed_under_load_ends_and_its_successor_has_everything() {
    let mut rng = rng();
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let second = home.second();
    let book = Arc::new(Book::default());
    run(async {
        let mut deposed = home.serve();
        let client = deposed.client(Duration::from_secs(1)).await;
        stock_up(&deposed.client(PATIENCE).await, &book).await;
        let load = Load::start(&client, &book, &mut rng);
        until_acknowledged(&book, 50).await;
        let successor = second.try_serve(&["--take-over"]).expect("it takes over");
        let ended = deposed.ended();
        load.stop().await;
        assert_eq!(ended.code, Some(5), "{}", ended.log);
        assert!(ended.log.contains("another engine"), "{}", ended.log);
        let client = successor.client(PATIENCE).await;
        settle(&client, &book).await;
        check_all(&client, &book).await;
        successor.kill();
        let again = second.serve();
        History::redis_until(redis.connection(), &again.said).hold_against(&again.said);
    });
}
