//! Redis goes back to an older state while no server runs: what it lost was acknowledged, and nobody is told otherwise.

use std::sync::Arc;

use crate::book::Book;
use crate::load::{Load, stock_up, until_acknowledged};
use crate::redis_server::RedisServer;
use crate::rig::{Home, PATIENCE, rng, run};

#[test]
fn a_redis_that_went_back_while_no_server_ran_is_not_served() {
    let mut rng = rng();
    let mut redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let book = Arc::new(Book::default());
    run(async {
        let mut server = home.serve();
        let client = server.client(PATIENCE).await;
        stock_up(&client, &book).await;
        let older = redis.backup();
        let load = Load::start(&client, &book, &mut rng);
        until_acknowledged(&book, 50).await;
        load.stop().await;
        server.terminate();
        assert_eq!(server.ended().code, Some(0));
        redis.kill();
        redis.restore(&older);
        redis.restart();

        let refused = home.try_serve(&[]).err().expect("it is refused");
        assert_eq!(refused.code, Some(5), "{}", refused.log);
        let named = refused.log.rsplit_once("--accept-lost-events ").expect("the flag").1;
        let gap = named.split(':').next().expect("the gap");
        let last: u64 = gap.split_once('-').and_then(|(_, last)| last.parse().ok()).expect("its end");
        assert!(last >= book.last().0, "{gap} does not cover event {}", book.last());
        let server = home.try_serve(&["--accept-lost-events", gap]).expect("it serves what is left");
        assert!(server.said["events"].as_u64() < Some(book.last().0));
        assert!(server.log().contains("Every client must check"), "{}", server.log());
        let found = server.readyz().1["journal"]["findings"].to_string();
        assert!(found.contains(&format!("events {gap} were acknowledged and are missing")), "{found}");
    });
}
