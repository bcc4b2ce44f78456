//! The wire, as a client in another language meets it: in Python, written from the pages of the book alone.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use stockade_core::Durability;
use stockade_core::command::{self, OrderRef, Pay, Request};
use stockade_core::ids::Code;
use stockade_core::time::Time;
use stockade_core::wire::body::{put_batch, put_frame};
use stockade_core::wire::{ClientMessage, FrameKind, Header};

use crate::rig::Server;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}

/// Python with what these modules bring; `None`, with a line that says so, where there is none. `TEST_PYTHON` names another
/// one than `python3`.
fn python(modules: &str) -> Option<Command> {
    let python = std::env::var("TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if !found.as_ref().is_ok_and(|found| found.status.success()) {
        println!("SKIPPED: {python} with {modules} is not installed here, so nothing was tried");
        return None;
    }
    let mut command = Command::new(python);
    command.current_dir(root().join("server/tests/python")).env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

fn page() -> PathBuf {
    root().join("docs/src/internals/wire-messages.md")
}

/// The lines `name: hex` of the frames whose bytes never change.
fn golden() -> String {
    let mut lines = String::new();
    for part in ["greetings", "requests", "replies"] {
        let path = root().join(format!("core/tests/wire/snapshots/wire__{part}.snap"));
        let text = std::fs::read_to_string(path).expect("a snapshot");
        let (_, frames) = text.trim_start_matches("---").split_once("---\n").expect("a head");
        lines.push_str(frames.trim());
        lines.push('\n');
    }
    lines
}

#[test]
fn python_reads_and_writes_every_golden_frame_as_the_pages_say() {
    let Some(mut python) = python("struct") else { return };
    let golden = golden();
    let mut child = python
        .arg("golden.py")
        .arg(page())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(golden.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let (again, made): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| !line.starts_with("made "));
    assert!(golden.lines().count() > 100);
    assert_eq!(again, golden.lines().collect::<Vec<_>>());

    // Frames that Python made from their fields.
    let header =
        Header { kind: FrameKind::Request, durability: Durability::Memory, correlation: 0, time: Time::default() };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (channel, number) = (Code::new("web").unwrap(), Code::new("1001").unwrap());
    let pay = command::Command::Pay(Pay::new(OrderRef::Number { channel, number }));
    let (mut alone, mut batch) = (Vec::new(), Vec::new());
    let pay = ClientMessage::Command(Request { key: None, occurred: None, command: pay });
    put_frame(&mut alone, header, &pay).unwrap();
    put_batch(&mut batch, header, &[ClientMessage::Ping, ClientMessage::Ping]).unwrap();
    let known = |name: &str| golden.lines().find(|line| line.starts_with(&format!("{name}: "))).unwrap().to_owned();
    let expected = [
        format!("made {}", known("hello")),
        format!("made {}", known("version")),
        format!("made pay_without_a_key: {}", hex(&alone)),
        format!("made two_pings: {}", hex(&batch)),
    ];
    assert_eq!(made, expected);
}

#[test]
fn a_client_that_was_written_from_the_pages_alone_sells_over_quic() {
    let Some(mut python) = python("aioquic") else { return };
    let server = Server::start();
    let text = |key: &str| server.said[key].as_str().expect("in the announcement").to_owned();
    let (quic, pin) = (text("quic"), text("fingerprint"));
    let (host, port) = quic.rsplit_once(':').unwrap();
    python.arg("client.py").arg(page()).args([host, port, &pin, &server.local_token()]);
    let output = python.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["welcome"].as_str().unwrap().starts_with("stockade "), "{said}");
    // An answer is an array of what it is and what it holds.
    let refused = &said["refused"][1];
    assert_eq!((&refused[0], &refused[1][0]), (&"refused".into(), &"InsufficientStock".into()), "{said}");
    assert_eq!(refused[1][1]["short"][0]["sku"], "MUG");
    let placed = &said["placed"][1][1];
    assert_eq!((placed[0].as_str(), said["level"].as_u64()), (Some("Placed"), Some(1)), "{said}");
    assert_eq!(placed[1]["plan"]["sub_orders"][0]["lines"][0]["sku"], "TEE");
    let paid = &said["paid"][1][1];
    assert_eq!((&paid[0], &paid[1]["present"][0]), (&"Changed".into(), &"Paid".into()), "{said}");
    let order = &said["order"][1][1][1];
    assert_eq!((&order["number"], &order["customer"]), (&"py/1".into(), &"上海-7".into()), "{said}");
    let [stock, repeat] = said["batch"].as_array().unwrap().as_slice() else { panic!("{said}") };
    assert_eq!((&stock[1][1][0], &said["ping"][0]), (&"Stock".into(), &"Pong".into()), "{said}");
    assert_eq!(repeat[1][1][1]["replayed"], true, "{said}");
    // The same order, as our own client sees it.
    let seen = server.json(&["order", "web/py/1"]);
    assert_eq!((&seen["state"], &seen["customer"]), (&"paid".into(), &"上海-7".into()), "{seen}");
}
