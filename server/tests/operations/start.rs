//! Starts that are refused.

use std::fs;
use std::path::Path;
use std::time::Duration;

use stockade_core::ids::Seq;
use stockade_core::log::{Admission, ChainHash, Journal, Log, SealedBatch};
use stockade_server::journal::LocalJournal;

use crate::redis_server::RedisServer;
use crate::rig::{Server, run};
use crate::shop::{all_there, in_redis, local, open, place, refused, serve, stop, until_marked};

#[test]
fn exit_2_at_the_start_there_is_no_journal() {
    // It was never created.
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["token", "add", "--role", "admin", "--name", "root"]).ended(0);
    refused(dir.path(), 2, "there is no journal");
    run(dir.path(), &["init"]).ended(0);
    let server = serve(dir);
    open(&server);
    // It is gone, and is restored.
    let (_, dir) = stop(server);
    let (journal, backup) = (dir.path().join("journal.redb"), dir.path().join("backup"));
    fs::rename(&journal, &backup).unwrap();
    refused(dir.path(), 5, "restore it from a backup");
    fs::rename(&backup, &journal).unwrap();
    let server = serve(dir);
    place(&server, 2);
    all_there(&server, 2);
}

#[test]
fn exit_5_at_the_start_events_are_missing() {
    let server = serve(local());
    open(&server);
    let (_, dir) = stop(server);
    let (journal, older, newest) =
        (dir.path().join("journal.redb"), dir.path().join("older"), dir.path().join("newest"));
    fs::copy(&journal, &older).unwrap();
    let server = serve(dir);
    place(&server, 2);
    until_marked();
    let dir = server.kill();
    fs::copy(&journal, &newest).unwrap();
    // An older journal was put there. The newest one is restored.
    fs::copy(&older, &journal).unwrap();
    refused(dir.path(), 5, "are missing");
    fs::copy(&newest, &journal).unwrap();
    let server = serve(dir);
    all_there(&server, 2);
    // There is no newer one: the loss is accepted, and clients send again what they were answered.
    let (_, dir) = stop(server);
    fs::copy(&older, &journal).unwrap();
    let told = refused(dir.path(), 5, "are missing").err;
    let gap = told.rsplit_once("--accept-lost-events ").expect("the flag").1;
    let gap = gap.split(':').next().expect("the gap").to_owned();
    let server = Server::start_again_for_real(dir, &["--accept-lost-events", &gap]);
    assert_eq!(server.run(&["order", "web/2"]).code, 1, "it is lost");
    place(&server, 2);
    all_there(&server, 2);
    all_there(&serve(stop(server).1), 2);
}

/// A server whose Redis was emptied under it, after it was stopped: its folder.
fn emptied(redis: &RedisServer, server: Server) -> tempfile::TempDir {
    redis.run(&["FLUSHALL"]);
    server.until_journal_is("history_lost");
    server.terminate();
    let (code, log, dir) = server.ended_by_itself();
    assert_eq!(code, 5, "{log}");
    refused(dir.path(), 5, "Redis has no partition `main` any more");
    dir
}

#[test]
fn exit_5_at_the_start_redis_has_no_partition_any_more() {
    let quick = ["--set", "drain.timeout=2s"];
    // There is a backup.
    let mut redis = RedisServer::start();
    let server = Server::start_again_for_real(in_redis(&redis), &quick);
    open(&server);
    let backup = redis.backup();
    place(&server, 2);
    let dir = emptied(&redis, server);
    redis.kill();
    redis.restore(&backup);
    redis.restart();
    let server = Server::start_again_for_real(dir, &quick);
    all_there(&server, 2);
    place(&server, 3);
    // There is none.
    let dir = emptied(&redis, server);
    run(dir.path(), &["journal", "rebuild"]).ended(0);
    let server = serve(dir);
    all_there(&server, 3);
    place(&server, 4);
    all_there(&serve(stop(server).1), 4);
}

#[test]
fn exit_3_at_the_start_did_not_answer_for_10_s() {
    let mut redis = RedisServer::start();
    let server = serve(in_redis(&redis));
    open(&server);
    let (_, dir) = stop(server);
    redis.kill();
    let told = refused(dir.path(), 3, "did not answer for 10 s").err;
    let address = redis.url().replace("redis://", "");
    assert!(told.contains(&address) && told.contains("trying again"), "{told}");
    redis.restart();
    let server = serve(dir);
    place(&server, 2);
    all_there(&server, 2);
}

#[test]
fn exit_5_at_the_start_refused() {
    let (server, other) = (serve(local()), serve(local()));
    open(&server);
    open(&other);
    let ((_, dir), (_, other)) = (stop(server), stop(other));
    let (journal, backup) = (dir.path().join("journal.redb"), dir.path().join("backup"));
    fs::copy(&journal, &backup).unwrap();
    // It belongs to another server.
    fs::copy(other.path().join("journal.redb"), &journal).unwrap();
    refused(dir.path(), 5, "restore the right one");
    fs::copy(&backup, &journal).unwrap();
    let server = serve(dir);
    all_there(&server, 1);
    // It is damaged: an event has other bytes than were written.
    let (_, dir) = stop(server);
    fs::copy(&journal, &backup).unwrap();
    let mut bytes = fs::read(&journal).unwrap();
    let world = |bytes: &[u8]| bytes.windows(8).position(|window| window == b"currency");
    assert!(world(&bytes).is_some(), "the world is in it");
    while let Some(at) = world(&bytes) {
        bytes[at] ^= 1;
    }
    fs::write(&journal, bytes).unwrap();
    refused(dir.path(), 5, "restore it from a backup");
    fs::copy(&backup, &journal).unwrap();
    let server = serve(dir);
    place(&server, 2);
    all_there(&server, 2);
}

/// Sets a setting of the journal in the file.
pub fn set(dir: &Path, name: &str, value: &str) {
    let settings = dir.join("stockade.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let (before, after) = text.split_once(&format!("\n{name} = ")).expect("it is in the file");
    let (_, after) = after.split_once('\n').expect("a line");
    fs::write(&settings, format!("{before}\n{name} = \"{value}\"\n{after}")).unwrap();
}

/// Puts a journal there as a build would have left it that wrote format 2.
pub fn of_an_older_build(path: &Path) {
    fs::remove_file(path).unwrap();
    let log = Log::new(Seq(0), ChainHash::GENESIS);
    log.append(log.reserve(3, Admission::Ordinary).unwrap(), b"old").unwrap().applied();
    let batch = log.next_batch(Duration::ZERO).unwrap();
    let mut bytes = batch.bytes.to_vec();
    bytes[4] = 2;
    LocalJournal::open(path).unwrap().append(&SealedBatch { bytes: bytes.into(), ..batch }).unwrap();
}

#[test]
fn exit_5_at_the_start_written_in_journal_format() {
    let server = serve(local());
    open(&server);
    let (_, dir) = stop(server);
    let journal = dir.path().join("journal.redb");
    of_an_older_build(&journal);
    let before = fs::read(&journal).unwrap();
    let told = refused(dir.path(), 5, "is written in journal format 2").err;
    assert!(told.contains("unharmed") && told.contains("journal.path"), "{told}");
    // A new journal is begun.
    fs::rename(dir.path().join("journal.mark"), dir.path().join("journal.mark.old")).unwrap();
    set(dir.path(), "path", "new.redb");
    run(dir.path(), &["init"]).ended(0);
    let server = serve(dir);
    open(&server);
    let (_, dir) = stop(server);
    assert!(fs::read(&journal).unwrap() == before, "the old one is unharmed");
    all_there(&serve(dir), 1);
}
