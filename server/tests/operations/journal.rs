//! Failures of the journal while a server runs.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::preload::FailingSyncs;
use crate::redis_server::RedisServer;
use crate::rig::{Server, run};
use crate::shop::{
    AS_ON_A_FULL_DISK, all_there, copied, in_redis, local, open, place, place_in_vain, ready, serve, stop,
};

#[test]
fn readyz_503_retrying() {
    // The disk is full, and is repaired.
    let server = Server::start_after(AS_ON_A_FULL_DISK, local(), &[]);
    open(&server);
    server.limit_files("4096");
    place_in_vain(&server, 2);
    server.until_journal_is("retrying");
    assert_eq!(server.http_plain("GET", "/readyz", &[], "").status, 503);
    server.limit_files("unlimited");
    server.until_journal_is("working");
    place(&server, 2);
    all_there(&server, 2);
    all_there(&serve(stop(server).1), 2);
    // Redis is away, and comes back.
    let mut redis = RedisServer::start();
    let server = serve(in_redis(&redis));
    open(&server);
    redis.kill();
    place_in_vain(&server, 2);
    server.until_journal_is("retrying");
    thread::sleep(Duration::from_secs(10));
    let token = server.local_token();
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("stockade-timeout", "300ms")];
    let asked = server.http_plain("GET", "/v1/orders/web/1", &headers, "");
    assert_eq!(asked.status, 503, "{}", asked.text);
    let provisional = [&headers[..], &[("stockade-provisional", "true")]].concat();
    assert_eq!(server.http_plain("GET", "/v1/orders/web/1", &provisional, "").status, 200);
    redis.restart();
    server.until_journal_is("working");
    place(&server, 2);
    all_there(&server, 2);
}

#[test]
fn readyz_503_sync_failed() {
    let syncs = FailingSyncs::new();
    let server = Server::start_after(&syncs.shell(), local(), &[]);
    open(&server);
    syncs.fail();
    place_in_vain(&server, 2);
    server.until_journal_is("sync_failed");
    // The disk works again: the server continues by itself.
    syncs.work();
    server.until_journal_is("working");
    place(&server, 2);
    all_there(&server, 2);
    // The disk is changed: the server is stopped, its folder copied, and a server started from the copy.
    syncs.fail();
    place_in_vain(&server, 3);
    server.until_journal_is("sync_failed");
    server.terminate();
    let (code, log, dir) = server.ended_by_itself();
    assert_eq!(code, 5, "{log}");
    assert!(dir.path().join("emergency.stockade").exists(), "{log}");
    let server = serve(copied(dir.path()));
    place(&server, 3);
    all_there(&server, 3);
}

#[test]
fn readyz_503_history_lost() {
    // The file of the local journal is moved away, and put back.
    let server = serve(local());
    open(&server);
    let (path, aside) = (server.dir.path().join("journal.redb"), server.dir.path().join("aside"));
    fs::rename(&path, &aside).unwrap();
    server.until_journal_is("history_lost");
    assert!(server.dir.path().join("emergency.stockade").exists());
    fs::rename(&aside, &path).unwrap();
    server.until_journal_is("working");
    place(&server, 2);
    all_there(&serve(stop(server).1), 2);
    // Redis is emptied, and put back as it was some time before.
    let mut redis = RedisServer::start();
    let server = serve(in_redis(&redis));
    open(&server);
    let backup = redis.backup();
    place(&server, 2);
    redis.run(&["FLUSHALL"]);
    server.until_journal_is("history_lost");
    let refused = server.run(&["place", "web/3", "TEE:1", "--timeout", "700ms"]).ended(3);
    assert!(refused.err.contains("lost history"), "{}", refused.err);
    redis.kill();
    redis.restore(&backup);
    redis.restart();
    server.until_journal_is("working");
    place(&server, 3);
    all_there(&server, 3);
    all_there(&serve(stop(server).1), 3);
}

#[test]
fn readyz_503_no_commands_are_taken() {
    let redis = RedisServer::start();
    let server = serve(in_redis(&redis));
    open(&server);
    redis.run(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    server.readyz_until(|body| body["reasons"].to_string().contains("no commands are taken"));
    assert_eq!(server.http_plain("GET", "/readyz", &[], "").status, 503);
    server.run(&["place", "web/2", "TEE:1", "--timeout", "700ms"]).ended(3);
    assert_eq!(server.json(&["order", "web/1"])["state"], "held", "queries are answered");
    redis.run(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    ready(&server);
    place(&server, 2);
    all_there(&server, 2);
}

#[test]
fn what_could_be_lost_changed_and_a_warning_in_the_log() {
    let redis = RedisServer::start();
    let server = serve(in_redis(&redis));
    open(&server);
    let lost = |words: &'static str| {
        server.readyz_until(|body| body["journal"]["what_could_be_lost"].to_string().contains(words));
    };
    lost("appendfsync always");
    redis.run(&["CONFIG", "SET", "appendonly", "no"]);
    lost("no append-only file");
    place(&server, 2);
    redis.run(&["CONFIG", "SET", "appendonly", "yes"]);
    lost("appendfsync always");
    all_there(&server, 2);
    let (log, _dir) = stop(server);
    assert!(log.contains("WARN") && log.contains("the settings of Redis changed"), "{log}");
}

#[test]
fn exit_5_another_engine_owns_the_journal() {
    let redis = RedisServer::start();
    let deposed = serve(in_redis(&redis));
    open(&deposed);
    let second = tempfile::tempdir().unwrap();
    for name in ["stockade.toml", "tokens.toml", "partition.id"] {
        fs::copy(deposed.dir.path().join(name), second.path().join(name)).unwrap();
    }
    let refused = run(second.path(), &["serve", "--listen", "127.0.0.1:0", "--http", "off"]).ended(5);
    assert!(refused.err.contains("--take-over"), "{}", refused.err);
    // It was intended, and nothing is missing: there is nothing to do.
    let successor = Server::start_again_for_real(second, &["--take-over"]);
    let (code, log, dir) = deposed.ended_by_itself();
    assert_eq!(code, 5, "{log}");
    assert!(log.contains("another engine owns the journal now"), "{log}");
    assert!(log.contains("with everything that was acknowledged here"), "{log}");
    assert!(!dir.path().join("emergency.stockade").exists(), "{log}");
    place(&successor, 2);
    all_there(&successor, 2);
}

/// The other server took over from a Redis that had gone back.
fn deposed_by_one_that_lacks_something(commits: bool) -> (RedisServer, Server, tempfile::TempDir) {
    let mut redis = RedisServer::start();
    let deposed = serve(in_redis(&redis));
    open(&deposed);
    let second = tempfile::tempdir().unwrap();
    for name in ["stockade.toml", "tokens.toml", "partition.id"] {
        fs::copy(deposed.dir.path().join(name), second.path().join(name)).unwrap();
    }
    let backup = redis.backup();
    place(&deposed, 2);
    deposed.signal("-STOP");
    redis.kill();
    redis.restore(&backup);
    redis.restart();
    let successor = Server::start_again_for_real(second, &["--take-over"]);
    if commits {
        place(&successor, 3);
    }
    deposed.signal("-CONT");
    let (code, log, dir) = deposed.ended_by_itself();
    assert_eq!(code, 5, "{log}");
    let lacks = log.contains("without events") && log.contains("which were acknowledged here");
    assert!(log.contains("another engine owns the journal") && lacks, "{log}");
    assert!(dir.path().join("emergency.stockade").exists(), "{log}");
    (redis, successor, dir)
}

#[test]
fn deposed_by_a_server_that_lacks_something_and_is_given_it() {
    let (_redis, successor, dir) = deposed_by_one_that_lacks_something(false);
    let (_, second) = stop(successor);
    fs::copy(dir.path().join("emergency.stockade"), second.path().join("emergency.stockade")).unwrap();
    let server = serve(second);
    all_there(&server, 2);
}

#[test]
fn findings_in_readyz_and_an_error_in_the_log() {
    let (_redis, successor, dir) = deposed_by_one_that_lacks_something(true);
    let findings = || {
        let ready = successor.http("GET", "/readyz", &[], "");
        assert_eq!(ready.status, 200, "it goes on serving: {}", ready.text);
        serde_json::from_str::<serde_json::Value>(&ready.text).unwrap()["journal"]["findings"].clone()
    };
    let begun = Instant::now();
    while findings().as_array().is_none_or(Vec::is_empty) {
        assert!(begun.elapsed() < Duration::from_secs(20), "no finding");
        thread::sleep(Duration::from_millis(100));
    }
    let file = dir.path().join("emergency.stockade");
    let compared = successor.run(&["journal", "compare", "--from", file.to_str().unwrap()]);
    assert!(compared.out.contains("it contradicts the journal"), "{} {}", compared.out, compared.err);
    assert!(compared.out.contains("order_placed") && compared.out.contains("acknowledged"), "{}", compared.out);
    // What is listed is done again by hand.
    place(&successor, 2);
    successor.run(&["journal", "settle"]).ended(0);
    let begun = Instant::now();
    while findings().as_array().is_some_and(|findings| !findings.is_empty()) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", findings());
        thread::sleep(Duration::from_millis(100));
    }
    all_there(&successor, 3);
    let (log, _) = stop(successor);
    assert!(log.contains("ERROR"), "{log}");
}

#[test]
fn exit_5_ended_by_a_panic() {
    let server = serve(local());
    open(&server);
    server.fault("panic expiry");
    let (code, log, dir) = server.ended_by_itself();
    assert_eq!(code, 5, "{log}");
    assert!(log.contains("ended by a panic") && log.contains("backtrace"), "{log}");
    crate::rig::set_fault(dir.path(), "");
    let server = serve(dir);
    place(&server, 2);
    all_there(&server, 2);
}

#[test]
fn exit_5_at_the_start_is_alive() {
    let redis = RedisServer::start();
    let owner = serve(in_redis(&redis));
    open(&owner);
    let second = tempfile::tempdir().unwrap();
    for name in ["stockade.toml", "tokens.toml", "partition.id"] {
        fs::copy(owner.dir.path().join(name), second.path().join(name)).unwrap();
    }
    let refused = run(second.path(), &["serve", "--listen", "127.0.0.1:0", "--http", "off"]).ended(5);
    assert!(refused.err.contains("is alive"), "{}", refused.err);
    place(&owner, 2);
    stop(owner);
    let server = Server::start_again_for_real(second, &[]);
    all_there(&server, 2);
}

#[test]
fn deposed_by_a_server_that_lacks_something_and_went_on() {
    let (_redis, successor, dir) = deposed_by_one_that_lacks_something(true);
    let (_, second) = stop(successor);
    let file = second.path().join("emergency.stockade");
    fs::copy(dir.path().join("emergency.stockade"), &file).unwrap();
    crate::shop::refused(second.path(), 5, "emergency.stockade");
    fs::remove_file(&file).unwrap();
    // Every client sends again what it was answered.
    let server = serve(second);
    place(&server, 2);
    all_there(&server, 3);
}
