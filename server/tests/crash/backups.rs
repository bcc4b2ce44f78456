//! A backup is taken of a server under load, and its load goes on.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::book::Book;
use crate::history::History;
use crate::load::{Load, stock_up, until_acknowledged};
use crate::redis_server::RedisServer;
use crate::rig::{Home, PATIENCE, rng, run, stockade};

fn json(dir: &Path, args: &[&str]) -> Value {
    let output = stockade(dir).args(args).arg("--json").output().expect("the binary runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn of_a_server_under_load(home: &Home) {
    let mut rng = rng();
    let book = Arc::new(Book::default());
    run(async {
        let mut server = home.serve();
        let client = server.client(PATIENCE).await;
        stock_up(&client, &book).await;
        let load = Load::start(&client, &book, &mut rng);
        until_acknowledged(&book, 50).await;
        let sure = book.last();
        let folder = home.path().to_owned();
        let taking = tokio::task::spawn_blocking(move || json(&folder, &["backup", "live.stockade"]));
        let taken = taking.await.expect("the backup is taken");
        let last = taken["last"].as_u64().expect("a number");
        assert!(last >= sure.0, "event {sure} was acknowledged before the backup was begun, which ends with {last}");
        until_acknowledged(&book, 50).await;
        load.stop().await;
        assert!(book.last().0 > last, "orders were placed meanwhile");
        server.terminate();
        assert_eq!(server.ended().code, Some(0));

        // The same state as the history itself had at that event.
        json(home.path(), &["backup", "all.stockade"]);
        let to_there = last.to_string();
        let there = json(home.path(), &["restore", "all.stockade", "there", "--to-seq", &to_there, "--verify"]);
        let of_backup = json(home.path(), &["journal", "verify", "--replay", "--from", "live.stockade"]);
        assert_eq!(of_backup["digest"], there["digest"]);
        let restored = json(home.path(), &["restore", "live.stockade", "restored", "--verify"]);
        assert_eq!((&restored["digest"], &restored["last"]), (&there["digest"], &taken["last"]));
        let said = serde_json::json!({ "events": taken["last"], "digest": restored["digest"] });
        History::local(&home.path().join("restored")).hold_against(&said);
    });
}

#[test]
fn a_backup_is_taken_while_orders_are_placed_and_leads_to_the_same_state() {
    of_a_server_under_load(&Home::local());
    let redis = RedisServer::start();
    of_a_server_under_load(&Home::redis(&redis.url()));
}
