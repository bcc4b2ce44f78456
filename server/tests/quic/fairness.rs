//! One caller's heavy work, and what others feel of it. Nothing here depends on how fast anything is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use stockade_client::core::Actor;
use stockade_client::core::command::Request;
use stockade_client::core::engine::{Engine, Outcome};
use stockade_client::core::log::Gate;
use stockade_client::core::orders::OrderState;
use stockade_client::core::query::{AvailabilityQuery, OrdersQuery, Query, StockQuery};
use stockade_client::core::reject::Reject;
use stockade_client::core::reply::Reply;
use stockade_client::core::time::Time;
use stockade_client::core::wire::{ClientMessage, HelloRefusal, ServerMessage};
use stockade_client::{Client, ClientError, Stockade};
use stockade_server::service::{Decide, FREE_BYTES, MEMORY_BYTES, Rate};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::faults::place_message;
use crate::host::{Host, code, line, place};
use crate::raw::{Raw, header};

const ENOUGH: Duration = Duration::from_secs(20);

/// An engine whose lists take until they are let go.
struct Slow {
    engine: Arc<Engine>,
    lists: Mutex<Lists>,
    changed: Condvar,
    /// What `noted` was at each question for what is available.
    noted: AtomicUsize,
    notes: Mutex<Vec<usize>>,
}

#[derive(Default)]
struct Lists {
    /// Lists that may end.
    let_go: usize,
    running: usize,
    most: usize,
    /// The limit of each list, in the order in which they began.
    begun: Vec<u32>,
}

impl Slow {
    fn around(engine: Arc<Engine>) -> Arc<Slow> {
        let (lists, changed, notes) = (Mutex::default(), Condvar::new(), Mutex::default());
        Arc::new(Slow { engine, lists, changed, noted: AtomicUsize::new(0), notes })
    }

    fn let_go(&self, lists: usize) {
        self.lists.lock().let_go += lists;
        self.changed.notify_all();
    }

    fn begun(&self) -> Vec<u32> {
        self.lists.lock().begun.clone()
    }

    async fn until_begun(&self, count: usize) {
        let begun = async {
            while self.begun().len() < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(ENOUGH, begun).await.expect("the list begins");
    }

    fn wait(&self, limit: u32) {
        let mut lists = self.lists.lock();
        lists.running += 1;
        lists.most = lists.most.max(lists.running);
        lists.begun.push(limit);
        // Where lists hold everybody up, the test fails rather than never ends.
        while lists.let_go == 0 && !self.changed.wait_for(&mut lists, 2 * ENOUGH).timed_out() {}
        lists.let_go = lists.let_go.saturating_sub(1);
        lists.running -= 1;
    }
}

impl Decide for Slow {
    fn execute(&self, request: &Request, actor: &Actor, now: Time) -> Outcome {
        self.engine.execute(request, actor, now)
    }

    fn query(&self, query: &Query, now: Time) -> Outcome {
        if let Query::Orders(orders) = query {
            self.wait(orders.limit);
        }
        if let Query::Availability(_) = query {
            self.notes.lock().push(self.noted.load(Ordering::SeqCst));
            std::thread::sleep(Duration::from_micros(50));
        }
        self.engine.query(query, now)
    }

    fn next_deadline(&self) -> Option<Time> {
        self.engine.next_deadline()
    }

    fn expire_due(&self, now: Time, max: usize) -> usize {
        self.engine.expire_due(now, max).len()
    }

    fn gate(&self) -> &Gate {
        self.engine.log().gate()
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// A server whose lists take until they are let go, and its lists.
async fn slow_host() -> (Host, Arc<Slow>) {
    let mut slow = None;
    let around = |engine| Arc::clone(slow.insert(Slow::around(engine)));
    let host = Host::deciding(around, MEMORY_BYTES, |_| ()).await;
    (host, slow.expect("it was asked for"))
}

/// How many lists run at one time.
fn places() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1)
}

fn list(limit: u32) -> OrdersQuery {
    OrdersQuery { limit, ..OrdersQuery::default() }
}

fn message(query: Query) -> ClientMessage {
    ClientMessage::Query { query, provisional: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heavy_lists_of_one_caller_do_not_delay_another() {
    let (host, slow) = slow_host().await;
    let mut greedy = JoinSet::new();
    for _ in 0..4 {
        let client = host.client(&host.admin).await;
        for _ in 0..10 {
            let client = client.clone();
            greedy.spawn(async move { client.orders(list(1)).await.is_ok() });
        }
    }
    slow.until_begun(places()).await;
    // Orders of another caller are placed although not one list ends.
    let shop = host.client(&host.storefront).await;
    for n in 0..50 {
        let placed = timeout(ENOUGH, shop.place(place(&format!("o-{n}"), vec![line("TEA", 1)]))).await;
        assert_eq!(placed.expect("in time").unwrap().present, OrderState::Held);
    }
    assert_eq!(slow.begun().len(), places(), "fewer lists than processors at one time");
    // A list of another caller is the next but one, whatever number of the first caller's wait.
    let desk = host.client(&host.support).await;
    let asked = tokio::spawn(async move { desk.orders(list(77)).await.is_ok() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    for let_go in 1..=places() + 1 {
        slow.let_go(1);
        slow.until_begun(places() + let_go).await;
    }
    let begun = slow.begun();
    let place = begun.iter().position(|limit| *limit == 77);
    assert!(place.is_some_and(|place| place <= places() + 1), "{begun:?}");
    slow.let_go(100);
    assert!(timeout(ENOUGH, asked).await.expect("in time").unwrap());
    while let Some(listed) = timeout(ENOUGH, greedy.join_next()).await.expect("in time") {
        assert!(listed.unwrap(), "all are answered in the end");
    }
    assert_eq!(slow.lists.lock().most, places());
    host.check();
}

#[tokio::test]
async fn answers_before_heavy_work_leave_while_it_lasts_and_those_behind_it_keep_their_order() {
    let (host, slow) = slow_host().await;
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    raw.say(header(1, Time(0)), &place_message("first")).await;
    raw.say(header(2, Time(0)), &message(Query::Orders(OrdersQuery { channel: Some(code("web")), ..list(5) }))).await;
    raw.say(header(3, Time(0)), &place_message("second")).await;
    let (head, placed) = raw.reply().await;
    assert!(head.correlation == 1 && matches!(placed, ServerMessage::Reply(Ok(Reply::Placed(_)))), "{placed:?}");
    slow.until_begun(1).await;
    slow.let_go(1);
    let (head, listed) = raw.reply().await;
    let ServerMessage::Reply(Ok(Reply::Orders(page))) = listed else { panic!("{listed:?}") };
    assert_eq!((head.correlation, page.orders.len()), (2, 1), "the order behind the list is placed after it");
    assert_eq!(raw.reply().await.0.correlation, 3);
    // The same within a batch: the answers are in order, and the batch is answered as a whole.
    let lists = message(Query::Orders(OrdersQuery { channel: Some(code("web")), ..list(5) }));
    raw.say_batch(header(4, Time(0)), &[place_message("third"), lists.clone(), place_message("fourth"), lists]).await;
    slow.let_go(2);
    let answers = raw.hear_batch().await;
    let rows = |at: usize| match &answers[at] {
        ServerMessage::Reply(Ok(Reply::Orders(page))) => page.orders.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((rows(1), rows(3)), (3, 4));
    host.check();
}

#[tokio::test]
async fn a_long_batch_is_decided_in_slices_and_others_have_a_turn_between_them() {
    let (host, slow) = slow_host().await;
    // Another task of the only thread there is counts how often it gets it.
    let counting = Arc::clone(&slow);
    let other = tokio::spawn(async move {
        loop {
            counting.noted.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    });
    let mut raw = Raw::greeted(host.addr, &host.storefront).await;
    let ask = AvailabilityQuery { channel: code("web"), skus: vec![code("TEA")] };
    raw.say_batch(header(1, Time(0)), &vec![message(Query::Availability(ask)); 400]).await;
    assert_eq!(raw.hear_batch().await.len(), 400);
    other.abort();
    let notes = slow.notes.lock();
    let slices = notes.chunk_by(|one, next| one == next).map(<[usize]>::len).collect::<Vec<_>>();
    assert!(slices.len() > 20, "{} slices", slices.len());
    assert!(slices.iter().all(|slice| *slice <= 8), "a slice is a third of a millisecond: {slices:?}");
}

#[tokio::test]
async fn answers_that_one_caller_does_not_read_leave_memory_to_the_others() {
    const MEMORY: usize = 2 * 1024 * 1024;
    let host = Host::deciding(|engine| engine, MEMORY, |_| ()).await;
    let admin = host.client(&host.admin).await;
    let sku =
        |n| stockade_client::core::command::SkuSpec { sku: code(&format!("S-{n}")), weight_g: None, category: None };
    admin.define_skus((0..500).map(sku).collect()).await.unwrap();
    let lines = (0..500).map(|n| line(&format!("S-{n}"), 1)).collect();
    let receive = stockade_client::core::command::Receive { warehouse: code("A"), pool: None, expected: None, lines };
    admin.receive(receive).await.unwrap();
    drop(admin);
    let ask = message(Query::Stock(StockQuery { skus: vec![], warehouse: None, after: None, limit: 10_000 }));
    let mut deaf = Vec::new();
    for _ in 0..6 {
        let mut raw = Raw::greeted(host.addr, &host.warehouse).await;
        for n in 0..100 {
            raw.say(header(n, Time(0)), &ask).await;
        }
        deaf.push(raw);
    }
    // What one token may hold, and one answer more for each of its lanes.
    let (held, most) = (|| host.service.memory().answers.held(), MEMORY / 4 + 6 * FREE_BYTES);
    let desk = host.client(&host.support).await;
    let until = tokio::time::Instant::now() + ENOUGH;
    let mut full = 0;
    while full < 10 {
        assert!(tokio::time::Instant::now() < until, "answers are not left unread");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(held() <= most, "{} bytes are held", held());
        full += usize::from(held() >= MEMORY / 4);
        assert!(desk.world().await.is_ok(), "another caller is served");
    }
    // Whoever begins to read gets an answer to everything, at least that it was too much.
    for raw in &mut deaf {
        for n in 0..100 {
            let (head, answer) = raw.reply().await;
            assert_eq!(head.correlation, n);
            let fits = matches!(answer, ServerMessage::Reply(Ok(Reply::Stock(_)) | Err(Reject::Overloaded { .. })));
            assert!(fits, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_flood_of_handshakes_with_bad_tokens_is_cut_off() {
    let host = Host::with(|config| config.handshakes_of_address = Rate { burst: 12, per_second: 1 }).await;
    let shop = host.client(&host.storefront).await;
    let begun = std::time::Instant::now();
    let mut flood = JoinSet::new();
    for _ in 0..60 {
        let mut config = host.config("stk_nobody");
        config.connect_timeout = Duration::from_secs(4);
        flood.spawn(async move { Client::connect(config).await.map(drop) });
    }
    let mut judged = 0;
    while let Some(refused) = flood.join_next().await {
        match refused.unwrap().unwrap_err() {
            ClientError::Refused(HelloRefusal::Unauthenticated) => judged += 1,
            other => assert!(other.is_transient(), "{other}"),
        }
    }
    let most = 12 + begun.elapsed().as_secs() + 1;
    assert!(judged > 0 && judged <= most, "{judged} handshakes, at most {most}");
    shop.place(place("1", vec![line("TEA", 1)])).await.unwrap();
    // A caller with a token comes in as soon as there is room again, and takes nothing from anybody.
    let desk = async {
        loop {
            if let Ok(desk) = Client::connect(host.config(&host.support)).await {
                return desk;
            }
        }
    };
    assert!(timeout(ENOUGH, desk).await.expect("let in").world().await.is_ok());
}
