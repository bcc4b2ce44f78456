//! All descriptors that callers may use are used: the journal, the file of tokens and the probes have theirs.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::rig::{Server, run};

/// Descriptors of the server's process.
const LIMIT: usize = 200;

/// Connects without a token, and says something that is no request, or nothing.
fn stranger(server: &Server, says: &str) -> Option<TcpStream> {
    let addr = server.said["http"].as_str().unwrap().parse().unwrap();
    let mut stream = TcpStream::connect_timeout(&addr, Duration::from_millis(200)).ok()?;
    // It may have been closed to make room for newer ones.
    let _ = stream.write_all(says.as_bytes());
    Some(stream)
}

/// A connection that stays, of a caller with this token; none when there is no more room.
fn caller(server: &Server, token: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(server.said["http"].as_str().unwrap()).unwrap();
    let status = ask(&mut stream, token);
    (status == 200).then_some(stream)
}

/// Asks on a connection: the status of the answer.
fn ask(stream: &mut TcpStream, token: &str) -> u16 {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!("GET /v1/stock HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut more = [0; 4_096];
        let read = stream.read(&mut more).unwrap();
        bytes.extend_from_slice(&more[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if read == 0 || body.len() >= length.unwrap_or(0) {
            return head.split(' ').nth(1).unwrap().parse().unwrap();
        }
    }
}

fn descriptors(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count()
}

#[test]
fn with_all_descriptors_of_callers_in_use_journal_tokens_and_probes_go_on() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["init"]).ended(0);
    let token = |name: &str| {
        let added = run(dir.path(), &["token", "add", "--role", "warehouse", "--name", name]).ended(0);
        added.out.trim().to_owned()
    };
    let (dock, thief) = (token("dock"), token("thief"));
    let server = Server::start_after(&format!("ulimit -n {LIMIT}"), dir, &[]);
    server.run(&["world", "apply", "world.toml"]).ended(0);
    server.run(&["sku", "define", "TEE"]).ended(0);
    let mut thiefs = caller(&server, &thief).expect("there is room");

    // Callers, until no more of them are let in.
    let mut callers: Vec<TcpStream> = (0..LIMIT).map_while(|_| caller(&server, &dock)).collect();
    assert!((8..LIMIT - 100).contains(&callers.len()), "{} callers", callers.len());
    // Strangers of all kinds, many times as many as there are descriptors, most of them at the same time.
    let mut most = 0;
    let mut strangers = Vec::new();
    for n in 0..1_500 {
        let says = ["", "GET /livez HTTP/1.1\r\nhost:", "nonsense\r\n\r\n", "GET /v1/stock HTTP/1.1\r\n\r\n"][n % 4];
        strangers.extend(stranger(&server, says));
        if strangers.len() > 500 {
            strangers.remove(0);
        }
        if n % 20 == 0 {
            most = most.max(descriptors(&server));
        }
    }
    assert!(strangers.len() > 400, "they are accepted, and older ones closed: {}", strangers.len());
    assert!(most + 20 < LIMIT, "{most} of {LIMIT} descriptors are in use");

    // The strangers have used up what their address may open at once; a probe from there is let in a moment later.
    thread::sleep(Duration::from_secs(3));
    for path in ["/livez", "/readyz"] {
        let answer = server.http_plain("GET", path, &[], "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
    server.run(&["receive", "HGH", "TEE:5"]).ended(0);
    assert_eq!(ask(&mut callers[0], &dock), 200, "a caller keeps its connection");
    assert_eq!(ask(&mut thiefs, &thief), 200);
    server.run(&["token", "revoke", "thief"]).ended(0);
    thiefs.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(thiefs.read(&mut [0]).unwrap(), 0, "the connection of a revoked token is closed");
    assert_eq!(ask(&mut TcpStream::connect(server.said["http"].as_str().unwrap()).unwrap(), &thief), 401);
    drop((callers, strangers));
    server.terminate();
    let (code, log, dir) = server.ended_by_itself();
    assert_eq!(code, 0, "{log}");
    assert!(!log.contains("Too many open files") && log.lines().count() < 100, "{log}");
    let server = Server::start_again_for_real(dir, &[]);
    assert_eq!(server.json(&["stock", "TEE"])["on_hand"].as_u64(), Some(5));
}

#[cfg(debug_assertions)]
#[test]
fn a_start_has_its_descriptors_whatever_strangers_do_meanwhile() {
    let server = Server::start_for_real();
    server.run(&["world", "apply", "world.toml"]).ended(0);
    for sku in ["TEE", "MUG", "CUP", "POT"] {
        server.run(&["sku", "define", sku]).ended(0);
    }
    let dir = server.kill();
    crate::rig::set_fault(dir.path(), "slow 600");
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let starting = std::thread::spawn(move || {
        Server::start_after(&format!("ulimit -n {LIMIT}"), dir, &["--set", &format!("listen.http={addr}")])
    });
    let mut strangers = Vec::new();
    while !starting.is_finished() {
        let Ok(mut stream) = TcpStream::connect_timeout(&addr, Duration::from_millis(200)) else { continue };
        let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nhost:");
        strangers.push(stream);
        if strangers.len() > 500 {
            strangers.remove(0);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let server = starting.join().expect("it comes up");
    assert!(strangers.len() > 100, "{} strangers", strangers.len());
    assert_eq!(server.http_plain("GET", "/readyz", &[], "").status, 200);
    server.run(&["receive", "HGH", "TEE:5"]).ended(0);
    server.terminate();
    let (code, log, _dir) = server.ended_by_itself();
    assert_eq!(code, 0, "{log}");
    assert!(!log.contains("Too many open files"), "{log}");
}

#[test]
fn strangers_who_are_not_let_in_do_not_flood_the_log() {
    let server = Server::start();
    let begun = Instant::now();
    for _ in 0..40 {
        server.run(&["order", "web/1", "--token", "stk_nobody", "--timeout", "300ms"]);
        stranger(&server, "nonsense\r\n\r\n");
    }
    let seconds = begun.elapsed().as_secs() as usize;
    server.terminate();
    let (_, log, _dir) = server.ended_by_itself();
    let told = log.lines().filter(|line| line.contains("a client was not let in")).count();
    assert!((1..=11 + seconds).contains(&told) && told < 40, "{told} lines in {seconds} s");
    assert!(!log.contains("nonsense"), "{log}");
}
