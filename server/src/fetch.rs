//! One question to the HTTP side of a server, and its answer as it comes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Exit, Failure};

/// A server, and the token that is shown to it.
#[derive(Clone, Debug)]
pub struct Server {
    /// `host:port` of its HTTP side.
    pub address: String,
    /// The token.
    pub token: String,
}

impl Server {
    /// The server at a URL like `http://10.0.0.7:7412`.
    ///
    /// # Errors
    /// When it is no such URL.
    pub fn at(url: &str, token: String) -> Result<Server, Failure> {
        let wrong = |why: &str| Failure::usage(format!("{url}: {why}: write it like http://10.0.0.7:7412"));
        let Some(rest) = url.strip_prefix("http://") else {
            return Err(wrong("the server speaks plain HTTP, and so does this command"));
        };
        let address = rest.trim_end_matches('/');
        if address.is_empty() || address.contains('/') || address.contains('@') {
            return Err(wrong("it is not a host and a port"));
        }
        let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Ok(Server { address: if has_port { address.to_owned() } else { format!("{address}:80") }, token })
    }
}

/// Asks, and returns the body of the answer. It ends with the connection, so whoever reads it has to know its end.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub fn get(server: &Server, path: &str) -> Result<impl Read + use<>, Failure> {
    let Server { address, token } = server;
    let away = |error: std::io::Error| Failure::unavailable(format!("the server at {address}: {error}"));
    let mut stream = connect(address).map_err(away)?;
    stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE))).map_err(away)?;
    // In HTTP/1.0 a body comes as it is.
    let request = format!("GET {path} HTTP/1.0\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(away)?;
    let mut answer = BufReader::new(stream);
    let status = head(&mut answer).map_err(away)?;
    if status == 200 {
        return Ok(answer);
    }
    let mut body = Vec::new();
    answer.take(PROBLEM_BYTES_MAX).read_to_end(&mut body).map_err(away)?;
    Err(problem(address, status, &body))
}

fn connect(address: &str) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::other("there is no such host");
    for place in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&place, CONNECTING) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Reads the head of an answer, and returns its status.
fn head(answer: &mut impl BufRead) -> std::io::Result<u16> {
    let mut left = HEAD_BYTES_MAX;
    let mut status = None;
    loop {
        let mut line = Vec::new();
        let read = answer.take(left).read_until(b'\n', &mut line)?;
        left -= read as u64;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !line.ends_with(b"\n") {
            return Err(std::io::Error::other("its answer cannot be read as HTTP"));
        }
        if text.to_ascii_lowercase().starts_with("transfer-encoding:") {
            return Err(std::io::Error::other("what is between it and this command does not pass HTTP/1.0 on"));
        }
        match status {
            None => status = Some(text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)),
            Some(status) if text.is_empty() => return Ok(status),
            Some(_) => {}
        }
    }
}

/// The failure that a refusal makes.
fn problem(address: &str, status: u16, body: &[u8]) -> Failure {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let detail = body["detail"].as_str().unwrap_or("it does not say why");
    let exit = match status {
        429 | 503 => Exit::Unavailable,
        400..500 => Exit::Refused,
        _ => Exit::Failed,
    };
    Failure { exit, ..Failure::failed(format!("the server at {address} answers {status}: {detail}")) }
}

const CONNECTING: Duration = Duration::from_secs(10);
/// How long the server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
const HEAD_BYTES_MAX: u64 = 32 * 1024;
const PROBLEM_BYTES_MAX: u64 = 64 * 1024;
