//! Somebody empties Redis under load.

use std::sync::Arc;
use std::time::Duration;

use stockade_client::{Call, Stockade};
use stockade_core::Durability;

use crate::book::Book;
use crate::history::{Entry, History};
use crate::load::{Load, stock_up, until_acknowledged};
use crate::redis_server::RedisServer;
use crate::rig::{Home, PATIENCE, rng, run};
use crate::settle::{check_all, settle};

#[test]
fn after_flushall_nothing_is_acknowledged_and_nothing_begun_anew() {
    let mut rng = rng();
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let book = Arc::new(Book::default());
    run(async {
        let mut server = home.try_serve(&["--set", "drain.timeout=2s"]).expect("it comes up");
        let client = server.client(Duration::from_secs(1)).await;
        stock_up(&server.client(PATIENCE).await, &book).await;
        let load = Load::start(&client, &book, &mut rng);
        until_acknowledged(&book, 50).await;
        let last = emptied(&mut redis.connection());
        let (status, body) = server.until_journal_is("history_lost").await;
        assert_eq!(status, 503);
        assert!(body["reasons"].to_string().contains("lost acknowledged history"), "{body}");
        assert!(home.path().join("emergency.stockade").exists());
        let in_memory =
            Call { durability: Some(Durability::Memory), timeout: Duration::from_secs(1), ..Call::default() };
        let told = client.with(in_memory).define_skus(Vec::new()).await.expect_err("nothing is added").to_string();
        assert!(told.contains("lost history"), "{told}");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(server.runs(), "its memory is the last copy");
        load.stop().await;
        assert!(book.last().0 <= last, "event {} was acknowledged, Redis had {last}", book.last());
        let keys: u64 = redis::cmd("DBSIZE").query(&mut redis.connection()).expect("the number of keys");
        assert_eq!(keys, 0, "something was begun anew");

        server.terminate();
        let ended = server.ended();
        assert_eq!(ended.code, Some(5), "{}", ended.log);
        assert!(ended.log.contains("emergency.stockade"), "{}", ended.log);
        let refused = home.try_serve(&[]).err().expect("there is no history to serve");
        assert!(refused.log.contains("stockade journal rebuild"), "{}", refused.log);

        // What the message names leads to a good end, once.
        let rebuilt = home.stockade(&["--json", "journal", "rebuild"]);
        assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
        let again = home.stockade(&["journal", "rebuild"]);
        assert_eq!(again.status.code(), Some(5), "{}", String::from_utf8_lossy(&again.stderr));
        let server = home.serve();
        History::redis_until(redis.connection(), &server.said).hold_against(&server.said);
        let client = server.client(PATIENCE).await;
        settle(&client, &book).await;
        check_all(&client, &book).await;
    });
}

/// Empties Redis, and answers the last event it had at that moment.
fn emptied(connection: &mut redis::Connection) -> u64 {
    let mut together = redis::pipe();
    together.atomic().cmd("XREVRANGE").arg("stockade:{main}:wal").arg("+").arg("-").arg("COUNT").arg(1);
    together.cmd("FLUSHALL").ignore();
    let (entries,): (Vec<Entry>,) = together.query(connection).expect("the last entry");
    entries[0].0.split_once('-').and_then(|(_, seq)| seq.parse().ok()).expect("its id")
}
