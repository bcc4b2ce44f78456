//! The HTTP side at its bounds: connections, heads, bodies and answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stockade_server::edge::{self, Http, HttpLimits};
use stockade_server::journal::{Health, JournalStatus};
use stockade_server::metrics::Metrics;
use stockade_server::quality::Tally;
use stockade_server::service::{Follow, Rate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::host::Host;

const ENOUGH: Duration = Duration::from_secs(10);

pub struct Site {
    pub host: Host,
    pub addr: SocketAddr,
}

impl Site {
    pub async fn with(adjust: impl FnOnce(&mut HttpLimits)) -> Site {
        Site::of(Host::start().await, adjust).await
    }

    pub async fn of(host: Host, adjust: impl FnOnce(&mut HttpLimits)) -> Site {
        let status = || JournalStatus {
            kind: "memory",
            health: Health::Working,
            last_error: None,
            journaled: stockade_client::core::ids::Seq(0),
            backlog_bytes: 0,
            kept_bytes: 0,
            best: stockade_client::core::Durability::Memory,
            what_could_be_lost: String::new(),
            batches: 0,
            bytes: 0,
        };
        let http = Http {
            findings: Box::new(Vec::new),
            service: host.service.clone(),
            metrics: Arc::new(Metrics::new(Arc::new(Tally::default()))),
            engine: host.engine.clone(),
            journal: Box::new(status),
            connections: Box::new(|| 0),
            backups: edge::Backups::of(stockade_server::journal::Live::Memory),
            failures: Box::new(Vec::new),
            follow: Arc::new(Follow::new(host.engine.clone(), host.service.clock().clone(), None)),
        };
        let mut limits = HttpLimits::default();
        adjust(&mut limits);
        let listener = edge::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(edge::serve(listener, Arc::new(http), limits, std::future::pending()));
        Site { host, addr }
    }

    pub async fn visit(&self) -> Visitor {
        Visitor { stream: TcpStream::connect(self.addr).await.unwrap(), read: Vec::new() }
    }

    /// The head of a request with the shop's token.
    pub fn head(&self, method: &str, path: &str, more: &str) -> String {
        self.head_of(&self.host.storefront, method, path, more)
    }

    pub fn head_of(&self, token: &str, method: &str, path: &str, more: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n{more}\r\n")
    }
}

pub struct Visitor {
    pub stream: TcpStream,
    read: Vec<u8>,
}

impl Visitor {
    pub async fn say(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).await.unwrap();
    }

    /// The next answer: its head in lower case, and its body.
    pub async fn hear(&mut self) -> (String, String) {
        timeout(ENOUGH, async {
            loop {
                let text = String::from_utf8_lossy(&self.read).into_owned();
                if let Some((head, rest)) = text.split_once("\r\n\r\n") {
                    let head = head.to_lowercase();
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                    let length: usize = length.expect("a length").parse().unwrap();
                    if rest.len() >= length {
                        let body = rest[..length].to_owned();
                        self.read.drain(..text.len() - rest.len() + length);
                        return (head, body);
                    }
                }
                let mut bytes = [0; 4_096];
                let read = self.stream.read(&mut bytes).await.unwrap();
                assert!(read > 0, "the connection ended before the answer: {text}");
                self.read.extend_from_slice(&bytes[..read]);
            }
        })
        .await
        .expect("an answer in time")
    }

    /// A refusal with this status, as a problem document.
    #[track_caller]
    pub fn problem(answer: &(String, String), status: u16) {
        let (head, body) = answer;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(head.contains("content-type: application/problem+json"), "{head}");
        assert!(body.contains("\"detail\":"), "{body}");
    }

    pub async fn is_closed(&mut self) -> bool {
        let mut bytes = [0; 64];
        matches!(timeout(ENOUGH, self.stream.read(&mut bytes)).await.expect("closed in time"), Ok(0) | Err(_))
    }
}

#[tokio::test]
async fn a_refusal_before_the_body_was_read_leaves_the_connection_in_step() {
    let site = Site::with(|_| ()).await;
    let mut one = site.visit().await;
    for n in 0..200 {
        let body = "x".repeat(if n % 2 == 0 { 10 } else { 20_000 });
        let length = body.len();
        one.say(format!("POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n")).await;
        one.say(&body).await;
        let refused = one.hear().await;
        Visitor::problem(&refused, 401);
        assert!(!refused.0.contains("connection: close"));
    }
    one.say("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(one.hear().await.1, "ok\n");
    // One that is too long to be read for nothing ends the connection, and the answer says so and arrives.
    for sent in [0, 100_000] {
        let mut one = site.visit().await;
        one.say("POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n").await;
        one.say("x".repeat(sent)).await;
        let refused = one.hear().await;
        Visitor::problem(&refused, 401);
        assert!(refused.0.contains("connection: close"), "{}", refused.0);
        assert!(one.is_closed().await);
    }
    // A caller that waits for leave to send its body is not asked for it in vain.
    let mut one = site.visit().await;
    one.say("POST /v1/orders HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 30\r\n\r\n").await;
    let refused = one.hear().await;
    assert!(refused.0.starts_with("http/1.1 401") && refused.0.contains("connection: close"), "{}", refused.0);
}

#[tokio::test]
async fn heads_bodies_and_idle_connections_have_a_time_limit() {
    let site = Site::with(|limits| {
        limits.head = Duration::from_millis(300);
        limits.body = Duration::from_millis(300);
    })
    .await;
    let mut silent = site.visit().await;
    let mut half_head = site.visit().await;
    half_head.say("GET /livez HTTP/1.1\r\nhost:").await;
    let mut idle = site.visit().await;
    idle.say("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    idle.hear().await;
    let mut half_body = site.visit().await;
    half_body.say(site.head("POST", "/v1/quote", "content-length: 100\r\n")).await;
    half_body.say("{").await;
    let refused = half_body.hear().await;
    Visitor::problem(&refused, 408);
    assert!(refused.0.contains("connection: close"), "{}", refused.0);
    for visitor in [&mut silent, &mut idle, &mut half_body] {
        assert!(visitor.is_closed().await);
    }
    let mut rest = Vec::new();
    timeout(ENOUGH, half_head.stream.read_to_end(&mut rest)).await.expect("closed in time").unwrap();
}

#[tokio::test]
async fn a_thousand_sockets_without_a_token_silence_neither_probes_nor_callers() {
    let site = Site::with(|limits| {
        limits.strangers = 16;
        limits.known = 2;
    })
    .await;
    let ask = site.head("GET", "/v1/availability?channel=web&sku=TEA", "");
    let mut caller = site.visit().await;
    caller.say(&ask).await;
    assert!(caller.hear().await.0.starts_with("http/1.1 200"));
    let mut sockets = Vec::new();
    for _ in 0..300 {
        sockets.push(site.visit().await);
    }
    let mut probe = site.visit().await;
    probe.say("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(probe.hear().await.0.starts_with("http/1.1 200"));
    caller.say(&ask).await;
    assert!(caller.hear().await.0.starts_with("http/1.1 200"), "the caller keeps its place");
    assert!(sockets[0].is_closed().await, "the oldest had to go");
    let mut second = site.visit().await;
    second.say(&ask).await;
    assert!(second.hear().await.0.starts_with("http/1.1 200"), "there is room for who is known");
    let mut third = site.visit().await;
    third.say(&ask).await;
    let refused = third.hear().await;
    Visitor::problem(&refused, 429);
    assert!(refused.0.contains("retry-after: 1"), "{}", refused.0);
}

#[tokio::test]
async fn bodies_beyond_the_memory_of_a_connection_are_refused_and_given_back() {
    let site = Site::with(|limits| limits.memory = 300_000).await;
    let received = || site.host.service.memory().received.held();
    let mut half = site.visit().await;
    half.say(site.head("POST", "/v1/quote", "content-length: 140000\r\n")).await;
    half.say(" ".repeat(120_000)).await;
    while received() < 120_000 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    drop(half);
    while received() > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut one = site.visit().await;
    one.say(site.head("POST", "/v1/quote", "content-length: 160000\r\n")).await;
    one.say(" ".repeat(160_000)).await;
    Visitor::problem(&one.hear().await, 429);
    assert_eq!(received(), 0);
}

#[tokio::test]
async fn what_http_leaves_to_the_server_is_refused_as_a_problem() {
    let site = Site::with(|_| ()).await;
    let token = format!("authorization: Bearer {}\r\n", site.host.storefront);
    for (lines, word) in [
        (String::new(), "host is missing"),
        ("host: x\r\nhost: y\r\n".to_owned(), "host is given more than once"),
        (format!("host: x\r\n{token}{token}"), "authorization is given more than once"),
        (format!("host: x\r\n{token}authorization: Bearer stk_other\r\n"), "authorization is given more than once"),
    ] {
        let mut one = site.visit().await;
        one.say(format!("GET /v1/stock HTTP/1.1\r\n{lines}\r\n")).await;
        let refused = one.hear().await;
        Visitor::problem(&refused, 400);
        assert!(refused.1.contains(word) && refused.0.contains("connection: close"), "{refused:?}");
    }
}

#[tokio::test]
async fn bare_line_feeds_and_heads_the_parser_refuses_get_a_problem_and_the_end() {
    let site = Site::with(|_| ()).await;
    let token = format!("authorization: Bearer {}", site.host.storefront);
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    for (request, status) in [
        (format!("GET /v1/stock HTTP/1.1\nhost: x\r\n{token}\r\n\r\n"), 400),
        (format!("GET /v1/stock HTTP/1.1\r\nhost: x\n{token}\r\n\r\n"), 400),
        (format!("GET /v1/stock HTTP/1.1\r\nhost: x\r\n{token}\n\n"), 400),
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", "x".repeat(100_000)), 431),
    ] {
        let mut one = site.visit().await;
        one.say(request).await;
        let refused = one.hear().await;
        Visitor::problem(&refused, status);
        assert!(refused.0.contains("connection: close"), "{refused:?}");
        assert!(one.is_closed().await);
    }
    // A body may hold what it likes, and the next request on the connection is watched again.
    let mut one = site.visit().await;
    one.say(site.head("POST", "/v1/quote", "content-length: 5\r\n") + "{\n\n\n}").await;
    Visitor::problem(&one.hear().await, 400);
    one.say("GET /livez HTTP/1.1\nhost: x\n\n").await;
    Visitor::problem(&one.hear().await, 400);
    assert!(one.is_closed().await);
}

#[tokio::test]
async fn bodies_beyond_the_memory_of_a_token_are_refused_and_another_token_is_served() {
    // 1 MiB each way, half of that for one token.
    let host = Host::deciding(|engine| engine, 2 * 1024 * 1024, |_| ()).await;
    let site = Site::of(host, |_| ()).await;
    let received = || site.host.service.memory().received.held();
    let mut half = site.visit().await;
    half.say(site.head("POST", "/v1/quote", "content-length: 500000\r\n")).await;
    half.say(" ".repeat(450_000)).await;
    while received() < 450_000 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // A second connection of the same token waits a while for room, and is told to come back.
    let mut second = site.visit().await;
    second.say(site.head("POST", "/v1/quote", "content-length: 200000\r\n")).await;
    second.say(" ".repeat(200_000)).await;
    let refused = second.hear().await;
    Visitor::problem(&refused, 429);
    assert!(refused.0.contains("retry-after: 1") && refused.1.contains("\"overloaded\""), "{refused:?}");
    // Another token has its own.
    let mut other = site.visit().await;
    let quote = r#"{"channel":"web","number":"1","lines":[{"sku":"TEA","qty":1}]}"#;
    let body = format!("{}{quote}", " ".repeat(200_000));
    let head = site.head_of(&site.host.admin, "POST", "/v1/quote", &format!("content-length: {}\r\n", body.len()));
    other.say(head).await;
    other.say(&body).await;
    let answer = other.hear().await;
    assert!(answer.0.starts_with("http/1.1 200"), "{answer:?}");
    // A body that no memory would do for is another matter.
    let mut long = site.visit().await;
    long.say(site.head("POST", "/v1/quote", "content-length: 9000000\r\n")).await;
    let refused = long.hear().await;
    Visitor::problem(&refused, 413);
    assert!(refused.0.contains("connection: close"), "{refused:?}");
    drop(half);
    while received() > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_body_waits_for_room_and_is_taken_when_there_is_some() {
    let host = Host::deciding(|engine| engine, 2 * 1024 * 1024, |_| ()).await;
    let site = Site::of(host, |_| ()).await;
    let received = || site.host.service.memory().received.held();
    let mut half = site.visit().await;
    half.say(site.head("POST", "/v1/quote", "content-length: 500000\r\n")).await;
    half.say(" ".repeat(450_000)).await;
    while received() < 450_000 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let quote = r#"{"channel":"web","number":"1","lines":[{"sku":"TEA","qty":1}]}"#;
    let body = format!("{}{quote}", " ".repeat(200_000));
    let mut second = site.visit().await;
    second.say(site.head("POST", "/v1/quote", &format!("content-length: {}\r\n", body.len()))).await;
    second.say(&body).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(half);
    let answer = second.hear().await;
    assert!(answer.0.starts_with("http/1.1 200"), "{answer:?}");
}

#[tokio::test]
async fn an_order_that_is_placed_and_not_durable_in_time_is_an_unknown_outcome_and_no_refusal() {
    let site = Site::with(|_| ()).await;
    site.host.hold_journal(true);
    let order = r#"{"channel":"web","number":"late","lines":[{"sku":"TEA","qty":1}]}"#;
    let head = |more: &str| site.head("POST", "/v1/orders", &format!("{more}content-length: {}\r\n", order.len()));
    let mut one = site.visit().await;
    one.say(head("stockade-timeout: 200ms\r\n") + order).await;
    let unknown = one.hear().await;
    Visitor::problem(&unknown, 504);
    let body: serde_json::Value = serde_json::from_str(&unknown.1).unwrap();
    assert_eq!(body["code"], "outcome_unknown");
    let id = body["order_id"].clone();
    assert!(!id.is_null(), "{body}");
    site.host.hold_journal(false);
    one.say(head("") + order).await;
    let (head, body) = one.hear().await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["order_id"], &body["replayed"]), (&id, &true.into()), "it was placed once");
}

#[tokio::test]
async fn answers_to_an_address_without_a_token_come_at_a_bounded_rate_and_probes_and_callers_do_not_wait() {
    let site = Site::with(|limits| limits.refusals = Rate { burst: 4, per_second: 10 }).await;
    let mut strangers = tokio::task::JoinSet::new();
    let (done, begun) = (Arc::new(AtomicUsize::new(0)), std::time::Instant::now());
    for _ in 0..8 {
        let (mut visitor, done) = (site.visit().await, Arc::clone(&done));
        strangers.spawn(async move {
            loop {
                visitor.say("GET /v1/orders HTTP/1.1\r\nhost: x\r\n\r\n").await;
                Visitor::problem(&visitor.hear().await, 401);
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    while done.load(Ordering::SeqCst) < 12 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut probe = site.visit().await;
    probe.say("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let asked = std::time::Instant::now();
    assert!(probe.hear().await.0.starts_with("http/1.1 200"));
    let mut caller = site.visit().await;
    for _ in 0..30 {
        caller.say(site.head("GET", "/v1/availability?channel=web&sku=TEA", "")).await;
        assert!(caller.hear().await.0.starts_with("http/1.1 200"));
    }
    // 31 answers at the strangers' rate would take three seconds.
    assert!(asked.elapsed() < Duration::from_millis(2_500), "{:?}", asked.elapsed());
    let (answers, most) = (done.load(Ordering::SeqCst), 4.0 + 10.0 * begun.elapsed().as_secs_f64() + 1.0);
    assert!(answers as f64 <= most, "{answers} answers, at most {most}");
}

#[tokio::test]
async fn an_address_that_opens_connections_without_end_is_cut_off_and_known_callers_are_not() {
    let site = Site::with(|limits| limits.arrivals = Rate { burst: 10, per_second: 1 }).await;
    // Whoever shows its token gives back what its connection took.
    for _ in 0..40 {
        let mut caller = site.visit().await;
        caller.say(site.head("GET", "/v1/availability?channel=web&sku=TEA", "connection: close\r\n")).await;
        assert!(caller.hear().await.0.starts_with("http/1.1 200"));
    }
    let mut cut = 0;
    for _ in 0..40 {
        let mut silent = site.visit().await;
        let mut byte = [0];
        let read = timeout(Duration::from_millis(20), silent.stream.read(&mut byte)).await;
        cut += usize::from(matches!(read, Ok(Ok(0) | Err(_))));
    }
    assert!(cut >= 20, "{cut} of 40 were cut off");
}
