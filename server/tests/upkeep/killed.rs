//! Backups and restores that are killed at each of their steps.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::redis_server::RedisServer;
use crate::restored::{json, without_history};
use crate::rig::run;
use crate::shop::{all_there, local, open, place, serve, stop};

/// More steps than any of this has.
const STEPS_MAX: u32 = 1_000;

/// Runs a command that dies at a step; `None` when it had fewer.
fn killed(dir: &Path, args: &[&str], step: u32) -> Option<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockade"));
    command.current_dir(dir).args(args).env("FAULTS_DIE_AT", step.to_string());
    for name in ["STOCKADE_ADDR", "STOCKADE_TOKEN", "STOCKADE_PIN", "STOCKADE_CONFIG"] {
        command.env_remove(name);
    }
    let output = command.output().expect("the binary runs");
    output.status.code()?;
    assert!(output.status.success(), "step {step}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output)
}

/// A stopped shop of two orders.
fn shop() -> (TempDir, Value) {
    let server = serve(local());
    open(&server);
    place(&server, 2);
    let (_, dir) = stop(server);
    let verified = json(dir.path(), &["journal", "verify", "--replay"]);
    (dir, verified)
}

#[test]
fn a_backup_killed_at_each_step_leaves_none_or_a_whole_one() {
    let (dir, before) = shop();
    let to = dir.path().join("b.stockade");
    for step in 1..STEPS_MAX {
        let is_done = killed(dir.path(), &["backup", "b.stockade"], step).is_some();
        if to.exists() {
            let found = json(dir.path(), &["journal", "verify", "--replay", "--from", "b.stockade"]);
            assert_eq!(found["digest"], before["digest"], "step {step}");
            fs::remove_file(&to).unwrap();
        }
        run(dir.path(), &["backup", "b.stockade"]).ended(0);
        fs::remove_file(&to).unwrap();
        if is_done {
            println!("a backup has {} steps", step - 1);
            assert!(step > 8, "nothing was killed");
            return;
        }
    }
    panic!("it does not end");
}

#[test]
fn a_restore_killed_at_each_step_leaves_no_history_or_a_whole_one() {
    let (dir, before) = shop();
    run(dir.path(), &["backup", "b.stockade"]).ended(0);
    let backup = dir.path().join("b.stockade");
    let backup = backup.to_str().unwrap();
    for step in 1..STEPS_MAX {
        let to = without_history(dir.path(), "local");
        let is_done = killed(to.path(), &["restore", backup], step).is_some();
        if !to.path().join("journal.redb").exists() {
            run(to.path(), &["restore", backup]).ended(0);
        }
        let found = json(to.path(), &["journal", "verify", "--replay"]);
        assert_eq!(found["digest"], before["digest"], "step {step}");
        if is_done {
            println!("a restore has {} steps", step - 1);
            assert!(step > 15, "nothing was killed");
            all_there(&serve(to), 2);
            return;
        }
    }
    panic!("it does not end");
}

#[test]
fn a_restore_into_redis_killed_at_each_step_leaves_no_partition_or_a_whole_one() {
    let redis = RedisServer::start();
    let (dir, before) = shop();
    run(dir.path(), &["backup", "b.stockade"]).ended(0);
    let backup = dir.path().join("b.stockade");
    let backup = backup.to_str().unwrap();
    for step in 1..STEPS_MAX {
        redis.run(&["FLUSHALL"]);
        let to = without_history(dir.path(), &redis.url());
        let is_done = killed(to.path(), &["restore", backup], step).is_some();
        let mut connection = redis.connection();
        let there: u64 = redis::cmd("EXISTS")
            .arg(&["stockade:{main}:wal", "stockade:{main}:own"])
            .query(&mut connection)
            .expect("Redis answers");
        assert!(there == 0 || there == 2, "step {step}: a part of a partition");
        if there == 2 {
            let found = json(to.path(), &["journal", "verify", "--replay"]);
            assert_eq!(found["digest"], before["digest"], "step {step}");
        }
        if !to.path().join("partition.id").exists() {
            run(to.path(), &["restore", backup]).ended(0);
        }
        // What a killed one left goes by itself.
        let left: Vec<String> = redis::cmd("KEYS").arg("*:made:*").query(&mut connection).expect("Redis answers");
        for key in left {
            let ms: i64 = redis::cmd("PTTL").arg(&key).query(&mut connection).expect("Redis answers");
            assert!(ms > 0, "step {step}: {key} stays for ever");
        }
        let found = json(to.path(), &["journal", "verify", "--replay"]);
        let id = fs::read_to_string(to.path().join("partition.id")).unwrap();
        assert_eq!((&found["digest"], &found["identity"]), (&before["digest"], &Value::from(id.trim())), "step {step}");
        let ms: i64 = redis::cmd("PTTL").arg("stockade:{main}:wal").query(&mut connection).expect("Redis answers");
        assert_eq!(ms, -1, "the history stays");
        if is_done {
            println!("a restore into Redis has {} steps", step - 1);
            assert!(step > 15, "nothing was killed");
            all_there(&serve(to), 2);
            return;
        }
    }
    panic!("it does not end");
}
