//! SIGTERM under load: what is in flight is answered or refused, and what was not acknowledged was not done.

use std::sync::Arc;
use std::time::Duration;

use stockade_client::{Call, Stockade};
use stockade_core::Durability;
use stockade_core::command::SkuSpec;
use stockade_core::ids::Code;

use crate::book::Book;
use crate::history::History;
use crate::load::{Load, stock_up, until_acknowledged};
use crate::redis_server::RedisServer;
use crate::rig::{Home, PATIENCE, rng, run};
use crate::settle::check_all;

const STOPS: u32 = 3;

#[test]
fn a_server_told_to_stop_under_load_answers_or_refuses_all_it_carries() {
    let mut rng = rng();
    let home = Home::local();
    let book = Arc::new(Book::default());
    run(async {
        for stop in 0..STOPS {
            let mut server = home.serve();
            let client = server.client(Duration::from_secs(5)).await;
            if stop == 0 {
                stock_up(&server.client(PATIENCE).await, &book).await;
            }
            let load = Load::start(&client, &book, &mut rng);
            until_acknowledged(&book, 30).await;
            tokio::time::sleep(Duration::from_millis(rng.within(0, 200))).await;
            server.terminate();
            load.stop().await;
            let ended = server.ended();
            assert_eq!(ended.code, Some(0), "{}", ended.log);
            assert!(ended.log.contains("everything decided is in the journal"), "{}", ended.log);
            assert!(!home.path().join("emergency.stockade").exists());
            let history = History::local(home.path());
            let server = home.serve();
            history.hold_against(&server.said);
            book.hold_to_answers();
            check_all(&server.client(PATIENCE).await, &book).await;
            server.kill();
        }
    });
}

#[test]
fn a_second_signal_saves_what_only_memory_has() {
    let redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    run(async {
        let mut server = home.serve();
        stock_up(&server.client(PATIENCE).await, &Arc::new(Book::default())).await;
        let journaled = server.readyz().1["journal"]["journaled"].as_u64().expect("a number");
        redis.freeze();
        let in_memory = Call { durability: Some(Durability::Memory), ..Call::default() };
        let sku = SkuSpec { sku: Code::new("ONE-MORE").expect("a code"), weight_g: Some(100), category: None };
        let client = server.client(PATIENCE).await;
        client.with(in_memory).define_skus(vec![sku]).await.expect("memory is enough");
        server.terminate();
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.terminate();
        assert_eq!(server.ended().code, Some(130), "{}", server.log());
        assert!(home.path().join("emergency.stockade").exists(), "{}", server.log());
        redis.thaw();
        let again = home.serve();
        // From the file, or because the frozen Redis had the call in its buffers.
        assert_eq!(again.said["events"].as_u64(), Some(journaled + 1), "{}", again.log());
        assert!(home.path().join("emergency.restored").exists());
    });
}
