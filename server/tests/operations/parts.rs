//! Parts of the server that end by themselves, which only a bug does: here a test asks them to.

use crate::redis_server::RedisServer;
use crate::rig::{Server, set_fault};
use crate::shop::{all_there, in_redis, local, open, place, ready, serve};

/// The engine halts and the process ends with exit code 5; what was acknowledged is there after the next start.
fn ends_the_process(thread: &str, words: &str) {
    let server = serve(local());
    open(&server);
    server.fault(&format!("panic {thread}"));
    let (code, log, dir) = server.ended_by_itself();
    assert_eq!(code, 5, "{log}");
    for evidence in [words, "a test asked the thread", "backtrace", "faults.rs:"] {
        assert!(log.contains(evidence), "no `{evidence}` in {log}");
    }
    set_fault(dir.path(), "");
    let server = serve(dir);
    place(&server, 2);
    all_there(&server, 2);
}

/// `/readyz` answers 503 and names the part; a restarted server has all of it again.
fn is_named(server: Server, thread: &str, words: &str) {
    open(&server);
    server.fault(&format!("panic {thread}"));
    // The part that accepts connections has its next turn when one comes.
    std::thread::sleep(std::time::Duration::from_millis(200));
    server.run(&["order", "web/1", "--timeout", "300ms"]);
    server.readyz_until(|body| body["reasons"].to_string().contains(words));
    assert_eq!(server.http_plain("GET", "/readyz", &[], "").status, 503);
    server.terminate();
    let (_, log, dir) = server.ended_by_itself();
    assert!(log.contains("a test asked the thread"), "{log}");
    set_fault(dir.path(), "");
    let server = serve(dir);
    ready(&server);
    place(&server, 2);
    all_there(&server, 2);
}

#[test]
fn the_thread_journal() {
    ends_the_process("journal", "the journal thread ended by a panic");
}

#[test]
fn the_thread_expiry() {
    ends_the_process("expiry", "the thread expiry ended by a panic");
}

#[test]
fn the_thread_reactions() {
    ends_the_process("reactions", "the thread reactions ended by a panic");
}

#[test]
fn the_thread_redis_settings() {
    let redis = RedisServer::start();
    is_named(serve(in_redis(&redis)), "redis-settings", "nobody looks at its settings");
}

#[test]
fn the_task_that_accepts_connections() {
    is_named(serve(local()), "quic-accept", "no further QUIC connection is accepted");
}

#[test]
fn the_task_that_follows_the_file_of_tokens() {
    is_named(serve(local()), "tokens", "changes of the file of tokens do not take effect");
}
