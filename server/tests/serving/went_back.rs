//! A history that went back, or is another one, is not served in silence.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::rig::{Server, refused_to_serve, run};

/// A folder whose server stopped after so many events, and a copy of its journal of that time.
fn stopped(server: Server) -> (tempfile::TempDir, PathBuf) {
    server.terminate();
    let (code, log, dir) = server.wait();
    assert_eq!(code, 0, "{log}");
    let copy = dir.path().join("backup");
    fs::copy(journal(dir.path()), &copy).unwrap();
    (dir, copy)
}

fn journal(dir: &Path) -> PathBuf {
    dir.join("journal.redb")
}

fn stock_up(server: &Server) {
    server.run(&["world", "apply", "world.toml"]).ended(0);
    server.run(&["sku", "define", "TEE"]).ended(0);
}

fn receive(server: &Server, times: usize) {
    for _ in 0..times {
        server.run(&["receive", "HGH", "TEE:5"]).ended(0);
    }
}

#[test]
fn an_older_journal_is_refused_until_its_gap_is_named() {
    let server = Server::start_for_real();
    stock_up(&server);
    let (dir, _) = stopped(server);
    let server = Server::start_again_for_real(dir, &[]);
    let before = server.said["events"].as_u64().unwrap();
    receive(&server, 3);
    let (dir, backup) = stopped(server);
    let server = Server::start_again_for_real(dir, &[]);
    receive(&server, 2);
    server.terminate();
    let (_, _, dir) = server.wait();
    fs::copy(backup, journal(dir.path())).unwrap();
    let gap = format!("{}-{}", before + 4, before + 5);
    let refused = refused_to_serve(dir.path(), &[]).ended(5);
    assert!(refused.err.contains(&format!("events {gap} are missing")), "{}", refused.err);
    assert!(refused.err.contains(&format!("--accept-lost-events {gap}")), "{}", refused.err);
    refused_to_serve(dir.path(), &["--accept-lost-events", &format!("{}-{}", before + 4, before + 4)]).ended(5);
    refused_to_serve(dir.path(), &["--accept-lost-events", "some"]).ended(2);

    let server = Server::start_again_for_real(dir, &["--accept-lost-events", &gap]);
    assert_eq!(server.said["events"].as_u64().unwrap(), before + 3);
    receive(&server, 1);
    server.terminate();
    let (_, log, dir) = server.wait();
    assert!(log.contains("Every client must check what it was answered since"), "{log}");
    Server::start_again_for_real(dir, &[]);
}

#[test]
fn a_mark_is_on_disk_a_second_after_the_acknowledgement() {
    let server = Server::start_for_real();
    stock_up(&server);
    let (dir, backup) = stopped(server);
    let server = Server::start_again_for_real(dir, &[]);
    receive(&server, 1);
    std::thread::sleep(Duration::from_millis(2_500));
    let dir = server.kill();
    fs::copy(&backup, journal(dir.path())).unwrap();
    let refused = refused_to_serve(dir.path(), &[]).ended(5);
    assert!(refused.err.contains("--accept-lost-events"), "{}", refused.err);
}

#[test]
fn a_journal_that_is_gone_is_not_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["init"]).ended(0);
    assert!(journal(dir.path()).exists());
    fs::remove_file(journal(dir.path())).unwrap();
    let refused = refused_to_serve(dir.path(), &[]).ended(2);
    assert!(refused.err.contains("`stockade init` creates it"), "{}", refused.err);
    run(dir.path(), &["init"]).ended(0);

    let server = Server::start_again_for_real(dir, &[]);
    stock_up(&server);
    let (dir, _) = stopped(server);
    fs::remove_file(journal(dir.path())).unwrap();
    for refused in [run(dir.path(), &["init"]), refused_to_serve(dir.path(), &[])] {
        let refused = refused.ended(5);
        assert!(refused.err.contains("events up to") && refused.err.contains("journal.mark"), "{}", refused.err);
        assert!(!journal(dir.path()).exists());
    }
}

#[test]
fn the_journal_of_another_server_is_refused() {
    let (one, other) = (Server::start_for_real(), Server::start_for_real());
    stock_up(&one);
    stock_up(&other);
    let ((one, _), (_other, journal_of_other)) = (stopped(one), stopped(other));
    fs::copy(journal_of_other, journal(one.path())).unwrap();
    let refused = refused_to_serve(one.path(), &[]).ended(5);
    assert!(refused.err.contains("restore the right one"), "{}", refused.err);
}

#[test]
fn a_journal_that_disappears_under_a_running_server_is_lost_history() {
    let server = Server::start_for_real();
    stock_up(&server);
    let (path, aside) = (journal(server.dir.path()), server.dir.path().join("aside"));
    fs::rename(&path, &aside).unwrap();
    // The heartbeat notices; nobody has to send anything.
    let body = server.until_journal_is("history_lost");
    assert!(body["journal"]["last_error"].to_string().contains("removed or replaced"), "{body}");
    assert!(server.dir.path().join("emergency.stockade").exists());
    fs::rename(&aside, &path).unwrap();
    server.until_journal_is("working");
    receive(&server, 1);
}
