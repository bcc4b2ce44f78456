//! `clock`: how engine time stands to the wall clock, and the confirmation of a leap, over the HTTP side of the server in
//! this folder.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::connect;
use crate::edge::bodies::clock::{ClockBody, ConfirmedBody};
use crate::failure::{Exit, Failure};
use crate::local::Local;
use crate::print;
use crate::terminal::Output;

/// See [`run`].
#[derive(Debug, Args)]
pub struct ClockArgs {
    #[command(subcommand)]
    verb: Option<ClockVerb>,
    /// The server's configuration file or folder.
    #[arg(long, global = true, env = "STOCKADE_CONFIG", value_name = "PATH")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum ClockVerb {
    /// Show how engine time stands to the wall clock.
    Show,
    /// Confirm that the wall clock is right: engine time follows it, and unpaid holds get time (holds.grace).
    Confirm,
}

/// How long the server may take: giving time to a million holds takes some seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Shows the clock, or confirms a leap of the wall clock.
pub fn run(args: &ClockArgs, out: Output) -> Result<(), Failure> {
    let local = connect::left_behind(args.config.clone())?.ok_or_else(|| {
        Failure::usage(
            "no server is known here: run this where `stockade serve` runs, or name its folder with --config",
        )
    })?;
    match args.verb.as_ref().unwrap_or(&ClockVerb::Show) {
        ClockVerb::Show => print::clock(&call::<ClockBody>(&local, "GET", "/v1/clock")?, out),
        ClockVerb::Confirm => print::clock_confirmed(&call::<ConfirmedBody>(&local, "POST", "/v1/clock/confirm")?, out),
    }
    Ok(())
}

/// One call with an empty body.
fn call<T: DeserializeOwned>(local: &Local, method: &str, path: &str) -> Result<T, Failure> {
    let addr = local.http.as_deref().ok_or_else(|| {
        Failure::usage(
            "the server in this folder has no HTTP side (listen.http = \"off\"), by which its clock is confirmed",
        )
    })?;
    let failed = |error: std::io::Error| Failure::unavailable(format!("the server at {addr} does not answer: {error}"));
    let mut stream = TcpStream::connect(addr).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    let token = &local.token;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let strange = || Failure::failed(format!("{addr} does not answer as a server of this version does"));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(strange)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).ok_or_else(strange)?;
    if status != 200 {
        return Err(refused(status, body));
    }
    serde_json::from_str(body).map_err(|_| strange())
}

fn refused(status: u16, body: &str) -> Failure {
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    let reason = problem["detail"].as_str().unwrap_or("no reason was given");
    let exit = if status < 500 { Exit::Refused } else { Exit::Unavailable };
    Failure { exit, code: "refused", ..Failure::usage(format!("the server refused ({status}): {reason}")) }
}
