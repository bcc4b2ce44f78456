//! The ways in which a server ends when it is told to.

use std::thread;
use std::time::{Duration, Instant};

use crate::rig::Server;
use crate::shop::{AS_ON_A_FULL_DISK, all_there, local, open, place, place_in_vain, serve};

#[test]
fn sigterm_or_ctrl_c() {
    let mut dir = local();
    for (n, signal) in ["-TERM", "-INT"].into_iter().enumerate() {
        let server = serve(dir);
        if n == 0 {
            open(&server);
        }
        place(&server, n as u32 + 2);
        server.signal(signal);
        let (code, log, folder) = server.ended_by_itself();
        assert_eq!(code, 0, "{log}");
        assert!(log.contains("everything decided is in the journal"), "{log}");
        dir = folder;
    }
    all_there(&serve(dir), 3);
}

/// On a disk that is full, with callers who wait for an answer, and with one who has sent half a request.
#[test]
fn drain_timeout_passes() {
    let patience = Duration::from_secs(6);
    let server = Server::start_after(AS_ON_A_FULL_DISK, local(), &["--set", "drain.timeout=6s"]);
    open(&server);
    let mut half = std::net::TcpStream::connect(server.said["http"].as_str().unwrap()).unwrap();
    let token = server.local_token();
    let head =
        format!("POST /v1/quote HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 9\r\n\r\n{{");
    std::io::Write::write_all(&mut half, head.as_bytes()).unwrap();
    // The emergency file still fits, the journal does not.
    server.limit_files("65536");
    let took = thread::scope(|scope| {
        for n in 2..=4 {
            let server = &server;
            let number = format!("web/{n}");
            scope.spawn(move || server.run(&["place", &number, "TEE:1", "--timeout", "25s"]));
        }
        server.until_journal_is("retrying");
        for number in 2..=4 {
            let decided =
                || server.http("GET", &format!("/v1/orders/web/{number}"), &[("stockade-provisional", "true")], "");
            while decided().status != 200 {
                thread::sleep(Duration::from_millis(20));
            }
        }
        let begun = Instant::now();
        server.terminate();
        while std::fs::metadata(format!("/proc/{}/exe", server.pid())).is_ok() && begun.elapsed() < 3 * patience {
            thread::sleep(Duration::from_millis(20));
        }
        begun.elapsed()
    });
    let (code, log, dir) = server.ended_by_itself();
    assert_eq!(code, 5, "{log}");
    assert!(took < patience * 3 / 2 + Duration::from_secs(1), "it took {took:?}: {log}");
    assert!(log.contains("not everything was flushed") && log.contains("is taken in at the next start"), "{log}");
    let server = serve(dir);
    assert_eq!(server.said["events"], 7, "{}", server.said);
    all_there(&server, 4);
}

/// On a disk that does not take the emergency file either.
#[test]
fn a_disk_that_takes_nothing_keeps_nobody_waiting() {
    let patience = Duration::from_secs(3);
    let server = Server::start_after(AS_ON_A_FULL_DISK, local(), &["--set", "drain.timeout=3s"]);
    open(&server);
    server.limit_files("0");
    place_in_vain(&server, 2);
    server.until_journal_is("retrying");
    let begun = Instant::now();
    server.terminate();
    let (code, log, dir) = server.ended_by_itself();
    assert!(begun.elapsed() < 3 * patience, "it took {:?}", begun.elapsed());
    assert_eq!(code, 5, "{log}");
    assert!(log.contains("could not be written") && log.contains("the rest is lost"), "{log}");
    let server = serve(dir);
    all_there(&server, 1);
    place(&server, 2);
    all_there(&server, 2);
}

#[test]
fn a_second_signal() {
    let server = serve(local());
    open(&server);
    let addr = server.said["http"].as_str().unwrap();
    let mut half = std::net::TcpStream::connect(addr).unwrap();
    let token = server.local_token();
    let head =
        format!("POST /v1/quote HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 9\r\n\r\n{{");
    std::io::Write::write_all(&mut half, head.as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(200));
    server.terminate();
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    server.terminate();
    let (code, log, dir) = server.ended_by_itself();
    assert_eq!(code, 130, "{log}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    all_there(&serve(dir), 1);
}
