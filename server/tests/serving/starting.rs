//! Probes while a long history is replayed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::rig::{Server, set_fault, spawn};

#[test]
fn livez_answers_during_the_replay_and_says_how_far_it_is() {
    let server = Server::start();
    for number in 1..=6 {
        server.run(&["place", &format!("web/{number}"), "TEE"]).ended(0);
    }
    let dir = server.kill();
    set_fault(dir.path(), "slow 300");
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let starting = std::thread::spawn(move || Server::start_in(dir, &["--set", &format!("listen.http={addr}")]));

    let begun = Instant::now();
    let mut seen = Vec::new();
    while begun.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(50));
        let Some((200, alive)) = get(addr, "/livez") else { continue };
        if alive == "ok\n" {
            break;
        }
        if alive.contains("the history is being replayed: ") {
            let (status, ready) = get(addr, "/readyz").expect("an answer");
            if status == 503 && seen.is_empty() {
                assert!(ready.contains("\"ready\":false") && ready.contains("\"events\":"), "{ready}");
                let (status, _) = get(addr, "/v1/stock").expect("an answer");
                assert_eq!(status, 503);
            }
            seen.push(alive);
        }
    }
    assert!(seen.len() > 3, "{seen:?}");
    assert_ne!(seen.first(), seen.last(), "it goes on");
    let server = starting.join().unwrap();
    assert_eq!(server.readyz_until(|body| body["ready"] == true)["ready"], true);
    assert_eq!(get(addr, "/livez"), Some((200, "ok\n".to_owned())));
}

#[test]
fn a_signal_ends_a_start_without_waiting_for_the_replay() {
    let server = Server::start();
    let dir = server.kill();
    // The sample alone would take minutes.
    set_fault(dir.path(), "slow 60000");
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut starting = spawn(&dir, &["--set", &format!("listen.http={addr}")]);
    let begun = Instant::now();
    while get(addr, "/livez").is_none() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    let sent = Command::new("kill").args(["-TERM", &starting.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(starting.wait().unwrap().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(30));
    set_fault(dir.path(), "");
    Server::start_in(dir, &[]);
}

fn get(addr: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(addr).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
