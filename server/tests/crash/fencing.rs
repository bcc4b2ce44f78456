//! Two servers on one partition: one goes on, the other says why it does not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use stockade_client::Stockade;
use stockade_core::command::SkuSpec;
use stockade_core::ids::Code;

use crate::book::Book;
use crate::history::History;
use crate::load::{Load, stock_up, until_acknowledged};
use crate::redis_server::RedisServer;
use crate::rig::{Home, PATIENCE, Server, rng, run};
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

/// On a busy machine Redis may be slow to answer, and the journal tries again for a moment.
async fn goes_on(server: &mut Server) {
    let (status, body) = server.until_journal_is("working").await;
    assert!(status == 200 && server.runs(), "{body} {}", server.log());
}

/// Redis fails over without its tail, and another server opens what is left while the first one does not notice.
#[test]
fn a_new_owner_is_told_what_its_history_lacks_and_the_rest_is_listed_event_by_event() {
    let mut rng = rng();
    let mut redis = RedisServer::start();
    let home = Home::redis(&redis.url());
    let second = home.second();
    let book = Arc::new(Book::default());
    run(async {
        let mut deposed = home.serve();
        let client = deposed.client(PATIENCE).await;
        stock_up(&client, &book).await;
        let older = redis.backup();
        let load = Load::start(&client, &book, &mut rng);
        until_acknowledged(&book, 50).await;
        load.stop().await;
        let last = deposed.readyz().1["journal"]["journaled"].as_u64().expect("a number");
        deposed.signal("-STOP");
        redis.kill();
        redis.restore(&older);
        redis.restart();
        let mut successor = second.try_serve(&["--take-over"]).expect("it takes over");
        let kept = successor.said["events"].as_u64().expect("a number");
        let sku = SkuSpec { sku: Code::new("ANOTHER").expect("a code"), weight_g: Some(100), category: None };
        successor.client(PATIENCE).await.define_skus(vec![sku]).await.expect("it goes on");
        deposed.signal("-CONT");
        let ended = deposed.ended();
        assert_eq!(ended.code, Some(5), "{}", ended.log);
        // What it decided by itself after the load ended is told as well.
        let gap = format!("events {} to ", kept + 1);
        let told = ended.log.rsplit_once(&gap).and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next());
        let told: u64 = told.and_then(|last| last.parse().ok()).unwrap_or_else(|| panic!("{gap}: {}", ended.log));
        assert!(told >= last && ended.log.contains("emergency.stockade"), "{last}: {}", ended.log);
        let (gap, last) = (format!("{gap}{told}"), told);

        // Its successor knows, says so, and goes on.
        let findings = |server: &Server| server.readyz().1["journal"]["findings"].to_string();
        let until = Instant::now() + PATIENCE;
        while !findings(&successor).contains(&gap) {
            assert!(Instant::now() < until, "{gap}: {}", successor.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        goes_on(&mut successor).await;
        assert!(successor.log().contains(&gap), "{}", successor.log());

        let file = home.path().join("emergency.stockade");
        let from = file.to_str().expect("a path");
        let listed = second.stockade(&["--json", "journal", "compare", "--from", from]);
        let listed: Value = serde_json::from_slice(&listed.stdout).expect("one JSON object");
        assert_eq!((&listed["verdict"], &listed["missing_acknowledged"]), (&"conflicts".into(), &(last - kept).into()));
        let events = listed["events"].as_array().expect("events");
        // After it was let go on it may have decided something by itself, as that a hold ran out.
        assert!(listed["missing"] == events.len() && events.len() as u64 >= last - kept, "{listed}");
        assert_eq!((&events[0]["seq"], &events[0]["acknowledged"]), (&(kept + 1).into(), &true.into()));
        assert_eq!(events[0]["journal"]["kind"], "skus_defined", "what is there instead");
        let placed: Vec<&Value> = events.iter().filter(|event| event["kind"] == "order_placed").collect();
        assert!(placed.iter().all(|event| event["order"].is_u64() && event["number"].is_string()), "{placed:?}");
        assert!(!placed.is_empty() && events.iter().all(|event| event["decided"].is_string()));

        // The deposed one does not start over it, and says what is in the file.
        let refused = home.try_serve(&["--take-over"]).err().expect("it is refused");
        assert!(refused.log.contains("stockade journal compare"), "{}", refused.log);
        assert!(refused.log.contains(&format!("event {} (acknowledged)", kept + 1)), "{}", refused.log);

        // Not even this takes the history from a server that can go on with it.
        tokio::time::sleep(Duration::from_secs(4)).await;
        goes_on(&mut successor).await;
        std::fs::rename(&file, home.path().join("aside")).expect("it is moved away");
        let refused = home.try_serve(&["--take-over"]).err().expect("its mark knows another history");
        assert!(refused.log.contains("journal.mark"), "{}", refused.log);
        tokio::time::sleep(Duration::from_secs(4)).await;
        goes_on(&mut successor).await;

        let settled = second.stockade(&["journal", "settle"]);
        assert!(String::from_utf8_lossy(&settled.stdout).contains(&gap));
    });
}
