use std::sync::Arc;
use std::time::Duration;

use stockade_core::Durability;
use stockade_core::ids::Seq;
use stockade_core::limits::LOG_BACKLOG_BYTES;
use stockade_core::log::{Admission, Log};
use stockade_server::journal::{Driver, DriverConfig, Health, RedisJournal};

use crate::load::{Load, PATIENCE, assert_holds, events, eventually, new_log};
use crate::redis_fencing::config;
use crate::redis_server::RedisServer;

fn start(redis: &RedisServer) -> (Arc<Log>, Driver<Log>) {
    let log = new_log();
    let journal = RedisJournal::open(config(redis, "a")).unwrap();
    let driver = Driver::start(Arc::clone(&log), Box::new(journal), DriverConfig::default()).unwrap();
    (log, driver)
}

/// Ends load and driver, and checks that the journal holds the whole history once.
fn check(redis: &RedisServer, log: &Log, driver: Driver<Log>, load: Load) {
    let acknowledged = load.stop();
    let last = log.last();
    let stopped = driver.stop(PATIENCE);
    assert!(stopped.drained, "{stopped:?}");
    let read = events(&mut RedisJournal::open(config(redis, "reader")).unwrap());
    assert_holds(&read, &acknowledged);
    assert_eq!(read.len() as u64, last.0);
}

#[test]
fn a_redis_frozen_for_three_seconds_under_load_delays_and_loses_nothing() {
    let redis = RedisServer::start();
    let (log, driver) = start(&redis);
    let load = Load::start(&log);
    load.wait_for(200);
    redis.freeze();
    eventually("trouble", || driver.status().health == Health::Retrying);
    let acknowledged = || log.gate().watermark(Durability::Journaled);
    let before = acknowledged();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(acknowledged(), before, "acknowledged while Redis could not");
    redis.thaw();
    load.wait_for(200);
    eventually("health", || driver.status().is_connected());
    check(&redis, &log, driver, load);
}

#[test]
fn a_redis_killed_again_and_again_under_load_loses_nothing() {
    let mut redis = RedisServer::start();
    let (log, driver) = start(&redis);
    let load = Load::start(&log);
    for round in 0..5 {
        load.wait_for(100);
        redis.kill();
        std::thread::sleep(Duration::from_millis(if round == 0 { 3_000 } else { 50 }));
        redis.restart();
    }
    load.wait_for(100);
    check(&redis, &log, driver, load);
}

#[test]
fn a_full_redis_refuses_batches_until_there_is_room_and_admission_stays_bounded() {
    let redis = RedisServer::start();
    let (log, driver) = start(&redis);
    redis.run(&["CONFIG", "SET", "maxmemory", "1"]);
    let event = vec![7u8; 1 << 20];
    let mut appended = Seq(0);
    while let Ok(room) = log.reserve(event.len(), Admission::Ordinary) {
        appended = log.append(room, &event).unwrap().applied();
        assert!(log.backlog_bytes() <= LOG_BACKLOG_BYTES);
    }
    assert!(appended >= Seq(60));
    eventually("trouble", || driver.status().health == Health::Retrying);
    assert!(driver.status().last_error.unwrap().contains("OOM"));
    assert_eq!(log.gate().watermark(Durability::Journaled), Seq(0));
    redis.run(&["CONFIG", "SET", "maxmemory", "0"]);
    assert!(log.gate().wait(appended, Durability::Journaled, PATIENCE));
    assert!(log.reserve(event.len(), Admission::Ordinary).is_ok());
    assert!(driver.stop(PATIENCE).drained);
    assert_eq!(events(&mut RedisJournal::open(config(&redis, "reader")).unwrap()).len() as u64, appended.0);
}
