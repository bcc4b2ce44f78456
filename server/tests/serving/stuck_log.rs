//! A log that is open and not read: nobody waits for it.

use std::time::{Duration, Instant};

use crate::rig::{Server, run};

/// What a shell does to fill the pipe of the log: it is cut off when nothing more goes in.
const FILLED: &str = "timeout 1 head -c 2000000 /dev/zero >&2";

fn filled(more: &[&str]) -> Server {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["init"]).ended(0);
    Server::start_after(FILLED, dir, more)
}

/// Lines of the log that were dropped, as `/metrics` says.
fn dropped(server: &Server) -> u64 {
    let metrics = server.http_plain("GET", "/metrics", &[], "").text;
    let line = metrics.lines().find_map(|line| line.strip_prefix("stockade_log_lines_dropped_total "));
    line.expect("the metric").parse().unwrap()
}

/// More than waits for a log to be read.
fn drop_some(server: &Server) {
    server.fault("log 20000");
    let begun = Instant::now();
    while dropped(server) < 1_000 {
        assert!(begun.elapsed() < Duration::from_secs(30), "no line is dropped");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_whose_log_is_not_read_serves_follows_its_tokens_and_stops() {
    let server = filled(&["--set", "drain.timeout=5s"]);
    server.run(&["world", "apply", "world.toml"]).ended(0);
    server.run(&["sku", "define", "TEE"]).ended(0);
    server.run(&["receive", "HGH", "TEE:5"]).ended(0);
    server.run(&["place", "web/1", "TEE:2"]).ended(0);
    drop_some(&server);
    let desk = server.run(&["token", "add", "--role", "support", "--name", "desk"]).ended(0).out;
    let header = format!("Bearer {}", desk.trim());
    let status = || server.http_plain("GET", "/v1/stock", &[("authorization", &header)], "").status;
    let until = |wanted: u16| {
        let begun = Instant::now();
        while status() != wanted {
            assert!(begun.elapsed() < Duration::from_secs(10), "the file of tokens is not followed");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    until(200);
    server.run(&["token", "revoke", "desk"]).ended(0);
    until(401);
    server.run(&["place", "web/2", "TEE:2"]).ended(0);
    server.terminate();
    let begun = Instant::now();
    let (code, _, dir) = server.ended_by_itself();
    assert_eq!(code, 0);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let server = Server::start_again_for_real(dir, &[]);
    server.run(&["order", "web/2"]).ended(0);
}

#[test]
fn a_log_that_is_read_again_says_how_many_lines_are_missing_and_what_was_said_last() {
    let server = filled(&[]);
    server.run(&["world", "apply", "world.toml"]).ended(0);
    drop_some(&server);
    server.terminate();
    // It is read from here on.
    let (code, log, _dir) = server.wait();
    assert_eq!(code, 0);
    let log = log.trim_start_matches('\0');
    assert!(log.contains("lines of the log were dropped"), "{} bytes", log.len());
    let last: Vec<&str> = log.lines().rev().take(200).collect();
    assert!(last.iter().any(|line| line.contains("everything decided is in the journal")), "{last:?}");
}

#[test]
fn a_failure_is_told_at_the_end_of_a_log_that_is_read_again() {
    let server = filled(&[]);
    server.run(&["world", "apply", "world.toml"]).ended(0);
    drop_some(&server);
    server.fault("panic expiry");
    // It is read from here on.
    let (code, log, _dir) = server.wait();
    assert_eq!(code, 5);
    let last = log.lines().last().unwrap_or_default();
    assert!(last.starts_with(r#"{"error":"failed""#) && last.contains("ended by a panic"), "{last}");
    assert!(log.contains("a test asked the thread expiry to panic"), "the panic itself is told");
}
