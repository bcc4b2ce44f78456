//! Backups and what is restored of them, in both homes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::redis_server::RedisServer;
use crate::rig::{Server, refused_to_serve, run};
use crate::shop::{all_there, in_redis, local, open, place, serve, stop};

/// Runs a command that must succeed, and reads its one JSON object.
#[track_caller]
pub fn json(dir: &Path, args: &[&str]) -> Value {
    let run = run(dir, &[args, &["--json"]].concat()).ended(0);
    serde_json::from_str(&run.out).expect("one JSON object")
}

/// A folder with a server's settings and tokens, and no history.
pub fn without_history(of: &Path, journal: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["tokens.toml", "world.toml"] {
        fs::copy(of.join(name), dir.path().join(name)).unwrap();
    }
    let text = fs::read_to_string(of.join("stockade.toml")).unwrap();
    let with_home =
        |line: &str| if line.starts_with("home = ") { format!("home = \"{journal}\"") } else { line.to_owned() };
    let text: Vec<String> = text.lines().map(with_home).collect();
    fs::write(dir.path().join("stockade.toml"), text.join("\n")).unwrap();
    dir
}

/// A stopped shop with three orders, one of them paid, and its digest.
fn shop(dir: TempDir) -> (TempDir, Value) {
    let server = serve(dir);
    open(&server);
    place(&server, 2);
    place(&server, 3);
    server.run(&["raise", "web/3", "TEE", "--by", "2"]).ended(0);
    server.run(&["cancel", "web/3", "--units", "TEE:2"]).ended(0);
    let (_, dir) = stop(server);
    let verified = json(dir.path(), &["journal", "verify", "--replay"]);
    (dir, verified)
}

/// Every file of a folder with its bytes.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_backup_of_a_history_in_redis_is_restored_on_disk_and_the_other_way_round() {
    let redis = RedisServer::start();
    let (from_redis, before) = shop(in_redis(&redis));
    run(from_redis.path(), &["backup", "shop.stockade"]).ended(0);
    let on_disk = without_history(from_redis.path(), "local");
    let backup = from_redis.path().join("shop.stockade");
    let restored = json(on_disk.path(), &["restore", backup.to_str().unwrap(), "--verify"]);
    assert_eq!((&restored["digest"], &restored["taken_of"]), (&before["digest"], &before["identity"]));
    assert_ne!(restored["identity"], before["identity"]);
    let server = serve(on_disk);
    assert_eq!(server.said["digest"], before["digest"]);
    all_there(&server, 3);
    place(&server, 4);

    let (_, on_disk) = stop(server);
    let after = json(on_disk.path(), &["journal", "verify", "--replay"]);
    run(on_disk.path(), &["backup", "again.stockade"]).ended(0);
    let other = RedisServer::start();
    let in_other = without_history(on_disk.path(), &other.url());
    let backup = on_disk.path().join("again.stockade");
    let restored = json(in_other.path(), &["restore", backup.to_str().unwrap()]);
    assert_eq!(restored["last"], after["last"]);
    let there = json(in_other.path(), &["journal", "verify", "--replay"]);
    for key in ["digest", "chain", "last"] {
        assert_eq!(there[key], after[key], "{key}");
    }
    assert_eq!(there["identity"], restored["identity"]);
    let server = serve(in_other);
    all_there(&server, 4);
    place(&server, 5);
    all_there(&serve(stop(server).1), 5);
}

#[test]
fn a_restored_history_is_never_taken_for_the_one_it_came_from() {
    let (dir, before) = shop(local());
    let backup = dir.path().join("shop.stockade");
    run(dir.path(), &["backup", "shop.stockade"]).ended(0);
    // Put in the place of the history it came from, it is refused by the mark.
    run(dir.path(), &["restore", "shop.stockade", "elsewhere"]).ended(0);
    let path = dir.path().join("journal.redb");
    fs::rename(&path, dir.path().join("aside")).unwrap();
    fs::copy(dir.path().join("elsewhere/journal.redb"), &path).unwrap();
    let refused = refused_to_serve(dir.path(), &[]).ended(5);
    let identity = before["identity"].as_str().unwrap();
    assert!(refused.err.contains("this server wrote the journal") && refused.err.contains(identity), "{}", refused.err);
    // Put there under a running server, nothing is written to it.
    fs::rename(dir.path().join("aside"), &path).unwrap();
    let server = serve(dir);
    let restored = fs::read(server.dir.path().join("elsewhere/journal.redb")).unwrap();
    fs::rename(server.dir.path().join("journal.redb"), server.dir.path().join("aside")).unwrap();
    fs::copy(server.dir.path().join("elsewhere/journal.redb"), server.dir.path().join("journal.redb")).unwrap();
    server.until_journal_is("history_lost");
    assert_eq!(fs::read(server.dir.path().join("journal.redb")).unwrap(), restored);
    drop(server);

    // In Redis, the id in the folder of the server it came from does not open it.
    let redis = RedisServer::start();
    let (dir, before) = shop(in_redis(&redis));
    run(dir.path(), &["backup", "shop.stockade"]).ended(0);
    let emptied = without_history(dir.path(), &redis.url());
    redis.run(&["FLUSHALL"]);
    let restored = json(emptied.path(), &["restore", dir.path().join("shop.stockade").to_str().unwrap()]);
    assert_ne!(restored["identity"], before["identity"]);
    let refused = refused_to_serve(dir.path(), &[]).ended(5);
    assert!(refused.err.contains("correct the partition id"), "{}", refused.err);
    assert_eq!(json(emptied.path(), &["journal", "verify"])["identity"], restored["identity"]);
    drop(backup);
}

#[test]
fn a_running_server_writes_nothing_to_a_history_that_was_restored_in_its_place() {
    let redis = RedisServer::start();
    // One server was the first owner, as a restored partition says of itself; the other the second.
    for starts in [1, 2] {
        redis.run(&["FLUSHALL"]);
        let mut server = serve(in_redis(&redis));
        open(&server);
        for _ in 1..starts {
            server = serve(stop(server).1);
        }
        server.run(&["backup", "shop.stockade"]).ended(0);
        place(&server, 2);
        redis.run(&["FLUSHALL"]);
        server.until_journal_is("history_lost");
        let backup = server.dir.path().join("shop.stockade");
        let other = without_history(server.dir.path(), &redis.url());
        let restored = json(other.path(), &["restore", backup.to_str().unwrap()]);
        let refused = server.run(&["place", "web/3", "TEE:1", "--timeout", "2s"]);
        assert!(matches!(refused.code, 3 | 4), "{}{}", refused.out, refused.err);
        std::thread::sleep(Duration::from_secs(2));
        let there = json(other.path(), &["journal", "verify", "--replay"]);
        assert_eq!((&there["last"], &there["identity"]), (&restored["last"], &restored["identity"]), "{starts}");
        drop(server);
        all_there(&serve(other), 1);
    }
}

#[test]
fn no_history_and_no_file_that_is_there_is_touched() {
    let redis = RedisServer::start();
    for dir in [local(), in_redis(&redis)] {
        let (dir, before) = shop(dir);
        run(dir.path(), &["backup", "shop.stockade"]).ended(0);
        fs::remove_file(dir.path().join("serve.lock")).unwrap();
        let there = files(dir.path());
        // A backup under a name that is taken, or whose temporary name is.
        run(dir.path(), &["backup", "shop.stockade"]).ended(2);
        fs::write(dir.path().join("mine.new"), "mine").unwrap();
        let refused = run(dir.path(), &["backup", "mine"]).ended(2);
        assert!(refused.err.contains("is in the way"), "{}", refused.err);
        assert_eq!(fs::read_to_string(dir.path().join("mine.new")).unwrap(), "mine");
        fs::remove_file(dir.path().join("mine.new")).unwrap();
        // A history, its mark, its id.
        for gone in ["", "journal.mark", "partition.id"] {
            let aside = dir.path().join("aside");
            let moved = !gone.is_empty() && fs::rename(dir.path().join(gone), &aside).is_ok();
            let refused = run(dir.path(), &["restore", "shop.stockade"]);
            assert!(matches!(refused.code, 2 | 5), "without {gone}: {}", refused.out);
            if moved {
                fs::rename(&aside, dir.path().join(gone)).unwrap();
            }
        }
        // Neither the mark nor the id protects what is in the place.
        let alone = without_history(dir.path(), &redis.url());
        if dir.path().join("partition.id").exists() {
            let backup = dir.path().join("shop.stockade");
            let refused = run(alone.path(), &["restore", backup.to_str().unwrap()]).ended(5);
            assert!(refused.err.contains("is there already"), "{}", refused.err);
            assert!(!alone.path().join("partition.id").exists());
        }
        let _ = fs::remove_file(dir.path().join("serve.lock"));
        assert_eq!(files(dir.path()), there);
        assert_eq!(json(dir.path(), &["journal", "verify", "--replay"]), before);
    }
}

#[test]
fn a_restore_over_a_file_of_a_journal_leaves_it() {
    let (dir, _) = shop(local());
    run(dir.path(), &["backup", "shop.stockade"]).ended(0);
    fs::remove_file(dir.path().join("journal.mark")).unwrap();
    let before = fs::read(dir.path().join("journal.redb")).unwrap();
    let refused = run(dir.path(), &["restore", "shop.stockade"]).ended(5);
    assert!(refused.err.contains("stays as it is"), "{}", refused.err);
    assert_eq!(fs::read(dir.path().join("journal.redb")).unwrap(), before);
    // A note about the journal that was there, too.
    fs::rename(dir.path().join("journal.redb"), dir.path().join("aside")).unwrap();
    fs::write(dir.path().join("journal.redb.unsynced"), "a note").unwrap();
    run(dir.path(), &["restore", "shop.stockade"]).ended(5);
    fs::remove_file(dir.path().join("journal.redb.unsynced")).unwrap();
    run(dir.path(), &["restore", "shop.stockade"]).ended(0);
    all_there(&serve(dir), 3);
}

#[test]
fn a_point_in_time_is_an_event_or_a_time() {
    let (dir, before) = shop(local());
    run(dir.path(), &["backup", "shop.stockade"]).ended(0);
    let exported = run(dir.path(), &["journal", "export"]).ended(0).out;
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = before["last"].as_u64().unwrap();
    for line in &lines {
        let seq = line["seq"].as_u64().unwrap();
        let to = format!("event-{seq}");
        let restored = json(dir.path(), &["restore", "shop.stockade", &to, "--to-seq", &seq.to_string(), "--verify"]);
        assert_eq!(restored["last"], seq);
        let data_dir = dir.path().join(&to);
        let again = run(dir.path(), &["journal", "export", "--data-dir", data_dir.to_str().unwrap()]).ended(0).out;
        assert_eq!(again.lines().count() as u64, seq);
        assert!(exported.starts_with(&again), "the events up to {seq} are the same");
    }
    // A time is between two events: both sides of it, to the millisecond.
    let order = lines.iter().find(|line| line["event"] == "order_placed").unwrap();
    let (seq, at) = (order["seq"].as_u64().unwrap(), order["arrived"].as_str().unwrap());
    let to_time =
        |to: &str, time: &str| run(dir.path(), &["restore", "shop.stockade", to, "--to-time", time, "--json"]);
    let earlier: Value = serde_json::from_str(&to_time("before", at).ended(0).out).unwrap();
    assert!(earlier["last"].as_u64().unwrap() < seq, "it was decided some microseconds after {at}");
    let much_later: Value = serde_json::from_str(&to_time("later", "2100-01-01T00:00:00Z").ended(0).out).unwrap();
    assert_eq!(much_later["last"], last);
    assert!(to_time("never", "2001-01-01T00:00:00Z").ended(2).err.contains("nothing was decided until"));
    let beyond = (last + 1).to_string();
    let refused = run(dir.path(), &["restore", "shop.stockade", "beyond", "--to-seq", &beyond]).ended(2);
    assert!(refused.err.contains(&format!("ends with event {last}")), "{}", refused.err);
    for wrong in [&["--to-seq", "0"][..], &["--to-seq", "2", "--to-time", at], &["--to-time", "yesterday"]] {
        run(dir.path(), &[&["restore", "shop.stockade", "wrong"], wrong].concat()).ended(2);
    }
    for place in ["never", "beyond", "wrong"] {
        assert!(!dir.path().join(place).join("journal.redb").exists(), "{place}");
    }
}

#[test]
fn a_point_in_time_is_not_undone_by_an_emergency_file() {
    let server = serve(local());
    open(&server);
    place(&server, 2);
    server.run(&["backup", "shop.stockade"]).ended(0);
    place(&server, 3);
    // The file is moved away under the server, which leaves what it has in memory next to it.
    let journal = server.dir.path().join("journal.redb");
    fs::rename(&journal, server.dir.path().join("aside")).unwrap();
    server.until_journal_is("history_lost");
    server.terminate();
    let (_, log, dir) = server.ended_by_itself();
    let (file, mark) = (dir.path().join("emergency.stockade"), dir.path().join("journal.mark"));
    assert!(file.exists(), "{log}");
    let refused = run(dir.path(), &["restore", "shop.stockade"]).ended(5);
    assert!(refused.err.contains("this server wrote") && !refused.err.contains("  "), "{}", refused.err);
    fs::remove_file(mark).unwrap();
    for point in [["--to-seq", "4"], ["--to-time", "2100-01-01T00:00:00Z"]] {
        let refused = run(dir.path(), &[&["restore", "shop.stockade"][..], &point].concat()).ended(5);
        assert!(refused.err.contains("emergency.stockade") && refused.err.contains("move it away"), "{}", refused.err);
        assert!(!journal.exists());
    }
    // Without it, the history ends where it was told to.
    let aside = dir.path().join("emergency.aside");
    fs::rename(&file, &aside).unwrap();
    let restored = json(dir.path(), &["restore", "shop.stockade", "--to-seq", "4"]);
    assert_eq!((&restored["last"], &restored["emergency"]), (&Value::from(4), &Value::Null));
    fs::remove_file(&journal).unwrap();
    // A whole history is continued, and that is said.
    fs::rename(&aside, &file).unwrap();
    let restored = run(dir.path(), &["restore", "shop.stockade"]).ended(0);
    let told = "the next start takes in what";
    assert!(restored.out.contains(told) && restored.out.contains("emergency.stockade"), "{}", restored.out);
    all_there(&serve(dir), 3);
}

#[test]
fn a_backup_is_taken_from_another_machine_by_its_url() {
    let server = serve(local());
    open(&server);
    let url = format!("http://{}", server.said["http"].as_str().unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    let token = server.local_token();
    let backup = |token: &str, to: &str| run(elsewhere.path(), &["backup", to, "--url", &url, "--token", token]);
    backup(&token, "shop.stockade").ended(0);
    run(elsewhere.path(), &["journal", "verify", "--replay", "--from", "shop.stockade"]).ended(0);
    assert!(backup("stk_wrong", "refused.stockade").ended(1).err.contains("401"));
    let run_token = server.run(&["token", "add", "--role", "support", "--name", "reader", "--json"]).ended(0);
    let added: Value = serde_json::from_str(&run_token.out).unwrap();
    let reader = added["token"].as_str().unwrap().to_owned();
    let begun = std::time::Instant::now();
    loop {
        let refused = backup(&reader, "refused.stockade").ended(1);
        if refused.err.contains("only admin tokens take backups") {
            break;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{}", refused.err);
    }
    assert_eq!(files(elsewhere.path()).len(), 1, "no other file");
    run(elsewhere.path(), &["backup", "x", "--url", "http://127.0.0.1:1", "--token", "t"]).ended(3);
    run(elsewhere.path(), &["backup", "x", "--url", "https://example.com", "--token", "t"]).ended(2);
}

/// An entry of a stream: its id and its fields.
type Entry = (String, Vec<(String, Vec<u8>)>);

#[test]
fn a_history_in_redis_that_lost_its_last_events_is_neither_backed_up_nor_found_whole() {
    let redis = RedisServer::start();
    let server = serve(in_redis(&redis));
    open(&server);
    (2..=6).for_each(|number| place(&server, number));
    let last = server.json(&["journal", "verify"])["last"].as_u64().unwrap();
    let entries: Vec<Entry> = redis::cmd("XREVRANGE")
        .arg("stockade:{main}:wal")
        .arg("+")
        .arg("-")
        .arg("COUNT")
        .arg(3)
        .query(&mut redis.connection())
        .unwrap();
    for (id, _) in entries {
        redis.run(&["XDEL", "stockade:{main}:wal", &id]);
    }
    let url = format!("http://{}", server.said["http"].as_str().unwrap());
    let token = server.local_token();
    let refused = server.run(&["backup", "served.stockade", "--url", &url, "--token", &token]).ended(3);
    assert!(refused.err.contains("is not whole"), "{}", refused.err);
    let told = format!("events up to {last}");
    for command in [&["backup", "read.stockade"][..], &["journal", "verify"], &["journal", "inspect"]] {
        let refused = server.run(command).ended(5);
        assert!(refused.err.contains("lost acknowledged history") && refused.err.contains(&told), "{}", refused.err);
    }
    for name in ["served.stockade", "read.stockade"] {
        assert!(!server.dir.path().join(name).exists(), "{name}");
    }
}

#[test]
fn a_backup_that_is_not_read_disturbs_nobody_and_makes_room_when_it_ends() {
    let server = serve(local());
    open(&server);
    // More than the sockets on the way hold.
    let rules = fs::read_to_string(server.dir.path().join("world.toml")).unwrap();
    let text = format!("{rules}\n{}", "# a comment\n".repeat(60_000));
    fs::write(server.dir.path().join("large.toml"), text).unwrap();
    for _ in 0..24 {
        server.run(&["world", "apply", "large.toml"]).ended(0);
    }
    let mut unread = TcpStream::connect(server.said["http"].as_str().unwrap()).unwrap();
    let token = server.local_token();
    write!(unread, "GET /v1/backup HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n").unwrap();
    let mut first = [0; 12];
    unread.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let refused = server.run(&["backup", "second.stockade"]).ended(3);
    assert!(refused.err.contains("another backup is being taken"), "{}", refused.err);
    place(&server, 2);
    all_there(&server, 2);
    drop(unread);
    let begun = Instant::now();
    while server.run(&["backup", "second.stockade"]).code != 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing makes room");
    }
    server.run(&["journal", "verify", "--replay", "--from", "second.stockade"]).ended(0);
    // The server ends although a backup is under way; what was sent of it is no backup.
    let mut unread = TcpStream::connect(server.said["http"].as_str().unwrap()).unwrap();
    write!(unread, "GET /v1/backup HTTP/1.0\r\nauthorization: Bearer {token}\r\n\r\n").unwrap();
    let mut sent = vec![0; 2_000];
    unread.read_exact(&mut sent).unwrap();
    let at = sent.windows(8).position(|eight| eight == b"STKBACKU").expect("the beginning of a backup");
    server.terminate();
    // The connection may be cut, too.
    let _ = unread.read_to_end(&mut sent);
    let (code, log, dir) = server.ended_by_itself();
    assert_eq!(code, 0, "{log}");
    fs::write(dir.path().join("sent"), &sent[at..]).unwrap();
    let refused = run(dir.path(), &["restore", "sent", "elsewhere"]);
    assert!(refused.code == 0 || refused.err.contains("it is cut short"), "{}", refused.err);
}

#[test]
fn a_history_in_memory_has_no_backup() {
    let server = Server::start_in(tempfile::tempdir().unwrap(), &["--journal", "memory"]);
    let answer = server.http("GET", "/v1/backup", &[], "");
    assert_eq!(answer.status, 409, "{}", answer.text);
}
