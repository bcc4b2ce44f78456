//! `stockade init` with a history in Redis, when Redis is away at first.

use std::path::Path;
use std::process::{Command, Output};

use crate::redis_server::RedisServer;

fn init(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockade"));
    let Output { status, stdout, stderr } = command.current_dir(dir).arg("init").args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn the_same_init_again_finishes_what_failed_and_shows_the_token() {
    let mut redis = RedisServer::start();
    let dir = tempfile::tempdir().unwrap();
    let args = ["shop", "--journal", &redis.url()];
    redis.kill();
    let (code, out, err) = init(dir.path(), &args);
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(err.contains("no token was made yet") && err.contains("`stockade init` again"), "{err}");
    assert!(!dir.path().join("shop/tokens.toml").exists(), "a token that nobody saw");

    redis.restart();
    let (code, out, err) = init(dir.path(), &args);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("Admin token, shown this once: stk_"), "{out}");
    let (code, out, _) = init(dir.path(), &args);
    assert!(code == 0 && out.contains("Tokens exist already"), "{out}");

    let (code, _, err) = init(dir.path(), &["shop", "--journal", "local"]);
    assert!(code == 2 && err.contains("without --journal"), "{err}");
    // Another folder does not take the history of this one, and keeps no id that is not its own.
    let (code, _, err) = init(dir.path(), &["other", "--journal", &redis.url()]);
    assert!(code == 5 && err.contains("exists already") && err.contains("journal.partition"), "{err}");
    assert_eq!(std::fs::read_dir(dir.path().join("other")).unwrap().filter(|f| named(f, "partition.id")).count(), 0);
}

fn named(entry: &std::io::Result<std::fs::DirEntry>, name: &str) -> bool {
    entry.as_ref().is_ok_and(|entry| entry.file_name() == name)
}
