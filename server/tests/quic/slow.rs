//! Callers that read their answers slowly, and callers that do not read them.

use std::time::{Duration, Instant};

use stockade_client::Stockade;
use stockade_client::core::query::{Query, World};
use stockade_client::core::time::Time;
use stockade_client::core::wire::ClientMessage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::host::{Host, WORLD};
use crate::http::Site;
use crate::raw::{Raw, header};

const PATIENCE: Duration = Duration::from_millis(500);
const LONG: usize = 6 * 1024 * 1024;

/// A server with a world of six megabytes, that waits half a second for who reads nothing.
async fn host() -> Host {
    let host = Host::with(|config| config.frame_timeout = PATIENCE).await;
    let admin = host.client(&host.admin).await;
    admin.apply_world(format!("{WORLD}# {}\n", "x".repeat(LONG))).await.unwrap();
    host
}

async fn ask_for_the_world(raw: &mut Raw) {
    raw.say(header(1, Time(0)), &ClientMessage::Query { query: Query::World(World), provisional: false }).await;
}

#[tokio::test]
async fn a_slow_reader_that_goes_on_reading_gets_its_whole_answer() {
    let host = host().await;
    let mut raw = Raw::greeted(host.addr, &host.admin).await;
    ask_for_the_world(&mut raw).await;
    let (begun, mut read) = (Instant::now(), 0);
    let mut bytes = vec![0; 128 * 1024];
    while read < LONG {
        let some = raw.receive.read(&mut bytes).await.expect("the connection stays");
        read += some.expect("the answer goes on");
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    assert!(begun.elapsed() > 2 * PATIENCE, "it was slow: {:?}", begun.elapsed());
}

#[tokio::test]
async fn who_does_not_read_its_answer_or_only_a_trickle_is_cut_off() {
    let host = host().await;
    let mut raw = Raw::greeted(host.addr, &host.admin).await;
    ask_for_the_world(&mut raw).await;
    let (code, reason) = raw.closed().await;
    assert_eq!(code, 2);
    assert!(reason.contains("its answers were not read for 0.5 s"), "{reason}");
}

#[tokio::test]
async fn a_slow_reader_over_http_goes_on_and_one_that_stops_is_cut_off() {
    let site = Site::of(host().await, |limits| limits.unread = PATIENCE).await;
    // Many stock rows are a long answer.
    let ask = site.head_of(&site.host.admin, "GET", "/v1/stock", "").repeat(30_000);
    let slow = site.visit().await;
    let mut stopped = site.visit().await;
    let (mut reads, writes) = slow.stream.into_split();
    let asking = tokio::spawn({
        let ask = ask.clone();
        async move {
            let mut writes = writes;
            let _ = writes.write_all(ask.as_bytes()).await;
            writes
        }
    });
    // It is cut off amid its requests.
    let _ = tokio::time::timeout(Duration::from_secs(2), stopped.stream.write_all(ask.as_bytes())).await;
    let (begun, mut bytes) = (Instant::now(), vec![0; 64 * 1024]);
    while begun.elapsed() < 4 * PATIENCE {
        assert!(reads.read(&mut bytes).await.expect("the connection stays") > 0);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(asking);
    assert!(ends(&mut stopped.stream).await, "who reads nothing is cut off");
}

/// Whether a stream ends, with an error or without, behind what was on its way.
async fn ends(stream: &mut tokio::net::TcpStream) -> bool {
    let rest = async {
        let mut bytes = vec![0; 64 * 1024];
        while matches!(stream.read(&mut bytes).await, Ok(1..)) {}
    };
    tokio::time::timeout(Duration::from_secs(20), rest).await.is_ok()
}
