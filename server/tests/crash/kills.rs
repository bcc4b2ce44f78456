//! SIGKILL at any moment, again and again.

use std::sync::Arc;
use std::time::Duration;

use crate::book::Book;
use crate::history::History;
use crate::load::{Load, stock_up};
use crate::redis_server::RedisServer;
use crate::rig::{Home, PATIENCE, rng, run};
use crate::settle::{check_all, settle};

const KILLS: u32 = 20;
/// The whole history is replayed by the model after every so many.
const LOOK_EVERY: u32 = 7;

#[test]
fn kills_on_a_local_journal_lose_nothing_acknowledged() {
    let home = Home::local();
    killed_again_and_again(&home, || History::local(home.path()));
}

#[test]
fn kills_on_redis_lose_nothing_acknowledged() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    killed_again_and_again(&home, || History::redis(redis.connection()));
}

fn killed_again_and_again(home: &Home, history: impl Fn() -> History) {
    let mut rng = rng();
    let book = Arc::new(Book::default());
    run(async {
        for kill in 0..KILLS {
            let before = (kill > 0 && kill.is_multiple_of(LOOK_EVERY)).then(&history);
            let server = home.serve();
            if let Some(before) = before {
                before.hold_against(&server.said);
            }
            assert!(server.said["events"].as_u64() >= Some(book.last().0), "acknowledged events are missing");
            let client = server.client(PATIENCE).await;
            if kill == 0 {
                stock_up(&client, &book).await;
            }
            settle(&client, &book).await;
            let load = Load::start(&client, &book, &mut rng);
            tokio::time::sleep(Duration::from_millis(rng.within(20, 300))).await;
            server.kill();
            load.cut().await;
        }
        let last = history();
        let server = home.serve();
        last.hold_against(&server.said);
        let client = server.client(PATIENCE).await;
        settle(&client, &book).await;
        check_all(&client, &book).await;
    });
    let (orders, acknowledged) = (book.orders().len(), book.acknowledged());
    println!(
        "{KILLS} kills, {orders} orders, {acknowledged} answers that promised something, up to event {}",
        book.last()
    );
    assert!(acknowledged > u64::from(KILLS) * 3, "there was no load to speak of: {acknowledged} answers");
}
