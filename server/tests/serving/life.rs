//! Starting, stopping, being killed, and starting again.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use stockade_core::ids::Seq;
use stockade_core::log::{Admission, ChainHash, Journal, Log, SealedBatch};
use stockade_server::journal::LocalJournal;

use crate::rig::{Server, run};

fn order(number: u32) -> String {
    format!(r#"{{"channel":"web","number":"{number}","lines":[{{"sku":"MUG","qty":1}}]}}"#)
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let server = Server::start();
    for number in 1..=20 {
        server.http("POST", "/v1/orders", &[], &order(number)).json(201);
    }
    let dir = server.kill();
    let server = Server::start_in(dir, &[]);
    assert_eq!(server.said["events"], 24, "world, goods, two receipts and twenty orders");
    for number in 1..=20 {
        assert_eq!(server.http("GET", &format!("/v1/orders/web/{number}"), &[], "").json(200)["state"], "held");
    }
}

#[test]
fn sigterm_answers_or_refuses_what_is_in_flight_and_loses_nothing() {
    let server = Server::start();
    let (stopping, acknowledged) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        for lane in 0..4 {
            let (server, stopping, acknowledged) = (&server, &stopping, &acknowledged);
            scope.spawn(move || {
                for n in 0.. {
                    let placed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        server.http("POST", "/v1/orders", &[], &order(lane * 1_000 + n))
                    }));
                    match placed {
                        Ok(answer) if answer.status == 201 => acknowledged.fetch_add(1, Ordering::Relaxed),
                        Ok(answer) if answer.status == 409 => break,
                        Ok(answer) => {
                            assert_eq!(answer.status, 503, "{}", answer.text);
                            break;
                        }
                        // Nobody listens any more: refused before anything was sent.
                        Err(_) => {
                            assert!(stopping.load(Ordering::Relaxed));
                            break;
                        }
                    };
                }
            });
        }
        thread::sleep(Duration::from_millis(30));
        stopping.store(true, Ordering::Relaxed);
        server.terminate();
    });
    let (code, log, dir) = server.wait();
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("everything decided is in the journal"), "{log}");
    assert!(!dir.path().join("stockade-dev/local.toml").exists());
    let server = Server::start_in(dir, &[]);
    let events = server.said["events"].as_u64().unwrap();
    assert!(events >= 4 + u64::from(acknowledged.load(Ordering::Relaxed)), "{events} events");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = Server::start();
    // A client that has begun a request and does not finish it keeps the server draining.
    let addr = server.said["http"].as_str().unwrap();
    let mut slow = std::net::TcpStream::connect(addr).unwrap();
    let token = server.local_token();
    let head = format!(
        "POST /v1/quote HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {token}\r\ncontent-length: 100\r\n\r\n{{"
    );
    std::io::Write::write_all(&mut slow, head.as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    server.terminate();
    thread::sleep(Duration::from_millis(300));
    server.terminate();
    let (code, log, _dir) = server.wait();
    assert_eq!(code, 130, "{log}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_folder_made_by_init_serves_outside_dev() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["init"]).ended(0);
    let mut child = Command::new(env!("CARGO_BIN_EXE_stockade"));
    child.current_dir(dir.path()).args(["serve", "--json", "--listen", "127.0.0.1:0", "--http", "off"]);
    let mut child = child.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let checked = std::panic::catch_unwind(|| {
        assert!(line.contains("fingerprint"), "{line}");
        let early = run(dir.path(), &["quote", "web/1", "TEE"]).ended(3);
        assert!(early.err.contains("stockade world apply"), "{}", early.err);
        run(dir.path(), &["world", "apply", "world.toml"]).ended(0);
        run(dir.path(), &["sku", "define", "TEE"]).ended(0);
        run(dir.path(), &["receive", "HGH", "TEE:5"]).ended(0);
        run(dir.path(), &["place", "web/1", "TEE:2"]).ended(0);
    });
    child.kill().unwrap();
    child.wait().unwrap();
    checked.unwrap();
}

#[test]
fn two_servers_do_not_share_a_journal() {
    let server = Server::start();
    let args = ["serve", "--dev", "--listen", "127.0.0.1:0", "--http", "off"];
    let second = server.run(&args).ended(5);
    assert!(second.err.contains("is in use by the server in process"), "{}", second.err);
    let path = server.dir.path().join("stockade-dev/journal.redb");
    let setting = format!("journal.path={}", path.display());
    let second = server.run(&[&args[..], &["--data-dir", "other", "--set", &setting]].concat()).ended(5);
    assert!(second.err.contains("journal.redb"), "{}", second.err);
}

#[test]
fn a_journal_of_another_build_is_refused_by_its_path_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stockade-dev/journal.redb");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let log = Log::new(Seq(0), ChainHash::GENESIS);
    log.append(log.reserve(3, Admission::Ordinary).unwrap(), b"old").unwrap().applied();
    let batch = log.next_batch(Duration::ZERO).unwrap();
    let mut bytes = batch.bytes.to_vec();
    bytes[4] = 2;
    LocalJournal::open(&path).unwrap().append(&SealedBatch { bytes: bytes.into(), ..batch }).unwrap();
    let before = std::fs::read(&path).unwrap();
    let args = ["serve", "--dev", "--listen", "127.0.0.1:0", "--http", "off"];
    let refused = run(dir.path(), &args).ended(5);
    for words in ["stockade-dev/journal.redb", "journal format 2", "unharmed", "journal.path"] {
        assert!(refused.err.contains(words), "`{words}` is missing in: {}", refused.err);
    }
    assert!(!refused.err.contains("damaged"), "{}", refused.err);
    assert!(std::fs::read(&path).unwrap() == before);
}

#[test]
fn a_server_without_tokens_or_with_unsafe_settings_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let bare = run(dir.path(), &["serve"]).ended(2);
    assert!(bare.err.contains("stockade token add"), "{}", bare.err);
    run(dir.path(), &["init"]).ended(0);
    let forgetful = run(dir.path(), &["serve", "--journal", "memory"]).ended(2);
    assert!(forgetful.err.contains("loses every order"), "{}", forgetful.err);
}
