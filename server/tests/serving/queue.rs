//! Connections that come faster than they are accepted.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::rig::Server;

#[test]
fn hundreds_of_connections_wait_to_be_accepted_and_none_is_lost() {
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap_or_default();
    if most.trim().parse::<usize>().unwrap_or(0) < 512 {
        eprintln!("not checked: the system lets fewer than 512 connections wait");
        return;
    }
    let server = Server::start();
    let addr: SocketAddr = server.said["http"].as_str().unwrap().parse().unwrap();
    server.signal("-STOP");
    let waiting: Vec<_> = (0..400).map(|_| TcpStream::connect_timeout(&addr, Duration::from_millis(500))).collect();
    server.signal("-CONT");
    let lost = waiting.iter().filter(|connection| connection.is_err()).count();
    assert_eq!(lost, 0, "of 400");
}
