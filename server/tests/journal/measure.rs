//! Not a proof but a measurement: `cargo test --release -p stockade-server --test journal measure -- --ignored --nocapture`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use stockade_core::Durability;
use stockade_core::ids::Seq;
use stockade_core::log::{Admission, Journal, Log, MemoryJournal};
use stockade_server::journal::{Driver, DriverConfig, LocalJournal, RedisJournal};

use crate::load::new_log;
use crate::redis_fencing::config;
use crate::redis_server::RedisServer;

const EVENT: [u8; 200] = [7; 200];

/// Two threads append as fast as admission allows; then one event at a time waits to be durable.
fn measure(name: &str, journal: impl Journal + 'static) {
    let log = new_log();
    let driver = Driver::start(Arc::clone(&log), Box::new(journal), DriverConfig::default()).unwrap();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while begin.elapsed() < Duration::from_secs(3) {
                    for _ in 0..64 {
                        match log.reserve(EVENT.len(), Admission::Ordinary) {
                            Ok(room) => {
                                log.append(room, &EVENT).unwrap().applied();
                            }
                            Err(_) => std::thread::sleep(Duration::from_micros(200)),
                        }
                    }
                }
            });
        }
    });
    wait(&log, log.last());
    let (elapsed, status) = (begin.elapsed().as_secs_f64(), driver.status());
    let mut waits: Vec<_> = (0..200)
        .map(|_| {
            let begin = Instant::now();
            wait(&log, log.append(log.reserve(EVENT.len(), Admission::Ordinary).unwrap(), &EVENT).unwrap().applied());
            begin.elapsed()
        })
        .collect();
    waits.sort();
    println!(
        "{name:16} {:>10.0} events/s {:>8.0} batches/s {:>6.0} MB/s, {:>4.0} KiB a batch; one event alone: p50 {:?} p99 {:?}",
        status.journaled.0 as f64 / elapsed,
        status.batches as f64 / elapsed,
        status.bytes as f64 / elapsed / 1e6,
        status.bytes as f64 / status.batches as f64 / 1024.0,
        waits[100],
        waits[198],
    );
    driver.stop(Duration::from_secs(20));
}

fn wait(log: &Log, seq: Seq) {
    assert!(log.gate().wait(seq, Durability::Journaled, Duration::from_secs(60)));
}

#[test]
#[ignore = "a measurement"]
fn measure_every_journal() {
    measure("memory", MemoryJournal::forgetful());
    let folder = tempfile::tempdir().unwrap();
    measure("local", LocalJournal::open(folder.path().join("journal.redb")).unwrap());
    for (name, fsync) in [("redis everysec", "everysec"), ("redis always", "always")] {
        let redis = RedisServer::start_with(&["--appendfsync", fsync]);
        measure(name, RedisJournal::open(config(&redis, "a")).unwrap());
    }
}

#[test]
#[ignore = "a measurement"]
fn measure_the_append() {
    for threads in [1, 2] {
        let log = new_log();
        const EACH: u32 = 200_000;
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        let Ok(room) = log.reserve(100, Admission::Reserved) else { panic!("no room") };
                        log.append(room, &EVENT[..100]).unwrap().applied();
                    }
                });
            }
        });
        println!("reserve + append of 100 bytes, {threads} thread(s): {:?} each", begin.elapsed() / EACH);
    }
}
