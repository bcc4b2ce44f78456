//! A folder with a small shop in it, what is acknowledged there, and whether all of it is still known.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::redis_server::RedisServer;
use crate::rig::{Run, Server, run};

/// Lets writes beyond a limit fail, as on a full disk, instead of ending the process.
pub const AS_ON_A_FULL_DISK: &str = "trap '' XFSZ";

/// A folder made by `stockade init` with this journal.
pub fn folder(journal: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    run(dir.path(), &[&["init"], journal].concat()).ended(0);
    dir
}

/// A folder whose journal is a file in it.
pub fn local() -> TempDir {
    folder(&[])
}

/// A folder whose journal is in this Redis.
pub fn in_redis(redis: &RedisServer) -> TempDir {
    folder(&["--journal", &redis.url()])
}

/// A server in the folder.
pub fn serve(dir: TempDir) -> Server {
    Server::start_again_for_real(dir, &[])
}

/// Brings a world and goods to a new server, and places the first order.
pub fn open(server: &Server) {
    server.run(&["world", "apply", "world.toml"]).ended(0);
    server.run(&["sku", "define", "TEE"]).ended(0);
    server.run(&["receive", "HGH", "TEE:100", "--key", "first-goods"]).ended(0);
    place(server, 1);
}

/// Places an order of one unit, which must be acknowledged.
#[track_caller]
pub fn place(server: &Server, number: u32) {
    server.run(&["place", &format!("web/{number}"), "TEE:1"]).ended(0);
}

/// Places an order that cannot be acknowledged now.
#[track_caller]
pub fn place_in_vain(server: &Server, number: u32) {
    let tried = server.run(&["place", &format!("web/{number}"), "TEE:1", "--timeout", "700ms"]);
    assert!(matches!(tried.code, 3 | 4), "{}: {}{}", tried.code, tried.out, tried.err);
}

/// Checks that the orders from 1 to the last are there, each once, that their units are taken, and that a repeat gets the
/// first answer.
#[track_caller]
pub fn all_there(server: &Server, last: u32) {
    for number in 1..=last {
        let order = server.json(&["order", &format!("web/{number}")]);
        assert_eq!(order["state"], "held", "{order}");
    }
    let again = server.json(&["place", "web/1", "TEE:1"]);
    assert_eq!(again["replayed"], true, "{again}");
    let again = server.json(&["receive", "HGH", "TEE:100", "--key", "first-goods"]);
    assert_eq!(again["replayed"], true, "{again}");
    let available = server.http("GET", "/v1/availability?channel=web&sku=TEE", &[], "").json(200);
    assert_eq!(available[0]["available"], 100 - last, "{available}");
}

/// Stops a server, which must end in order, and hands back its log and its folder.
#[track_caller]
pub fn stop(server: Server) -> (String, TempDir) {
    server.terminate();
    let (code, log, dir) = server.ended_by_itself();
    assert_eq!(code, 0, "{log}");
    (log, dir)
}

/// Tries to serve, which must be refused with this code, for a reason that has these words.
#[track_caller]
pub fn refused(dir: &Path, code: i32, words: &str) -> Run {
    let refused = crate::rig::refused_to_serve(dir, &[]).ended(code);
    assert!(refused.err.contains(words), "no `{words}` in {}", refused.err);
    refused
}

/// Waits until the server is ready.
pub fn ready(server: &Server) {
    server.readyz_until(|body| body["ready"] == true);
}

/// Copies a folder with what is in it.
pub fn copied(from: &Path) -> TempDir {
    let to = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        if entry.path().is_file() {
            fs::copy(entry.path(), to.path().join(entry.file_name())).expect("a copy");
        }
    }
    to
}

/// Longer than the mark lags behind the journal.
pub fn until_marked() {
    std::thread::sleep(Duration::from_millis(2_500));
}
