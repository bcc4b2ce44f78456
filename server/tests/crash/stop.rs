//! SIGTERM under load: what is in flight is answered or refused, and what was not acknowledged was not done.

use std::sync::Arc;
use std::time::Duration;

use crate::book::Book;
use crate::history::History;
use crate::load::{Load, stock_up, until_acknowledged};
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
