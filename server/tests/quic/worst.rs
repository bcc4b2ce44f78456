//! The most that a valid request of each kind can be, repeated by one caller, and what another feels of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use stockade_client::core::Actor;
use stockade_client::core::command::*;
use stockade_client::core::engine::{Engine, Outcome};
use stockade_client::core::ids::SubNo;
use stockade_client::core::log::Gate;
use stockade_client::core::orders::OrderState;
use stockade_client::core::query::{AvailabilityQuery, InboundQuery, Query, Quote, StockQuery};
use stockade_client::core::time::{Span, Time};
use stockade_client::{Client, Stockade};
use stockade_server::service::{Ask, Decide, MEMORY_BYTES};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::host::{Host, code, line, number, place};

const ENOUGH: Duration = Duration::from_secs(30);
/// Lines of a large order.
const LARGE: usize = 300;

/// An engine in which everything but the placing of small orders takes until it is let go, once it is held up.
struct Stuck {
    engine: Arc<Engine>,
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Default)]
struct Held {
    is_on: bool,
    begun: usize,
}

impl Stuck {
    fn around(engine: Arc<Engine>) -> Arc<Stuck> {
        Arc::new(Stuck { engine, held: Mutex::default(), changed: Condvar::new() })
    }

    fn hold(&self, is_on: bool) {
        *self.held.lock() = Held { is_on, begun: 0 };
        self.changed.notify_all();
    }

    async fn until_begun(&self) {
        let begun = async {
            while self.held.lock().begun == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(ENOUGH, begun).await.expect("it is decided");
    }

    fn wait(&self) {
        let mut held = self.held.lock();
        held.begun += 1;
        // Where this holds everybody up, the test fails rather than never ends.
        while held.is_on && !self.changed.wait_for(&mut held, 2 * ENOUGH).timed_out() {}
    }
}

impl Decide for Stuck {
    fn execute(&self, request: &Request, actor: &Actor, now: Time) -> Outcome {
        if !matches!(&request.command, Command::Place(place) if place.lines.len() < 10) {
            self.wait();
        }
        self.engine.execute(request, actor, now)
    }

    fn query(&self, query: &Query, now: Time) -> Outcome {
        self.wait();
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

/// So many SKUs, with much stock of each, and orders of all of them: one unpaid, one paid, and others not paid in time.
async fn large_orders(host: &Host, lines: usize, late: &[String]) {
    let admin = host.client(&host.admin).await;
    let all = |units| (0..lines).map(|n| line(&format!("L-{n}"), units)).collect::<Vec<_>>();
    let sku = |n| SkuSpec { sku: code(&format!("L-{n}")), weight_g: Some(100), category: None };
    admin.define_skus((0..lines).map(sku).collect()).await.unwrap();
    admin.receive(Receive { warehouse: code("A"), pool: None, expected: None, lines: all(1_000) }).await.unwrap();
    let held = |hold| move |name: &str| Place { hold: Some(hold), ..place(name, all(1)) };
    for name in ["unpaid", "paid"] {
        admin.place(held(Span::from_secs(3_600))(name)).await.unwrap();
    }
    admin.pay(number("paid")).await.unwrap();
    for name in late {
        admin.place(held(Span::from_millis(1))(name)).await.unwrap();
        while admin.order(number(name)).await.unwrap().state != OrderState::Expired {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The most of each kind that a caller may repeat as often as it likes, whether it is carried out or refused.
fn worst(lines: usize, late: &str) -> Vec<(&'static str, Ask)> {
    let all = |units| (0..lines).map(|n| line(&format!("L-{n}"), units)).collect::<Vec<_>>();
    let skus = || (0..lines).map(|n| code(&format!("L-{n}"))).collect::<Vec<_>>();
    let command = |command| Ask::Command(Request { key: None, occurred: None, command });
    let query = |query| Ask::Query { query, provisional: false };
    let step = |order, action| command(Command::Step(TakeStep { order: number(order), sub: SubNo(1), action }));
    let cancel = |order, scope| command(Command::Cancel(Cancel { order: number(order), scope, reason: None }));
    let expect = |change| {
        let (reference, sku, warehouse) = (code("PO-1"), code("L-1"), code("A"));
        command(Command::Expect(Expect { reference, sku, warehouse, change }))
    };
    let too_much = CancelScope::Units(line("L-1", 1_000));
    vec![
        ("a late payment", command(Command::Pay(Pay { order: number(late), payment: None, amount: None }))),
        ("a payment", command(Command::Pay(Pay { order: number("unpaid"), payment: None, amount: None }))),
        ("a second payment", command(Command::Pay(Pay { order: number("paid"), payment: None, amount: None }))),
        ("an extension", command(Command::ExtendHold(ExtendHold { order: number("unpaid"), until: Time(1) }))),
        ("a cancellation of units", cancel("paid", too_much)),
        ("a step", step("paid", StepAction::Unpack)),
        ("a return", step("paid", StepAction::Return(vec![]))),
        ("an inspection", step("paid", StepAction::Inspect(vec![]))),
        ("a short pick", step("paid", StepAction::Short(vec![]))),
        ("a reroute", command(Command::Reroute(Reroute { order: number("paid") }))),
        ("a withdrawn receipt", expect(Expectation::Withdraw)),
        (
            "a count",
            command(Command::Count(Count { warehouse: code("A"), as_of: None, except: vec![], lines: all(1_000) })),
        ),
        ("a shelf count", command(Command::CountShelf(CountShelf { warehouse: code("A"), lines: all(1_000) }))),
        ("an order", query(Query::Order(number("paid")))),
        (
            "stock of one SKU",
            query(Query::Stock(StockQuery {
                skus: vec![code("L-1")],
                warehouse: Some(code("A")),
                after: None,
                limit: 1,
            })),
        ),
        ("availability", query(Query::Availability(AvailabilityQuery { channel: code("web"), skus: skus() }))),
        (
            "what is expected",
            query(Query::Inbound(InboundQuery {
                skus: skus(),
                warehouse: None,
                reference: None,
                after: None,
                limit: 1,
            })),
        ),
        ("a quote", query(Query::Quote(Quote(place("new", all(1)))))),
        ("a cancellation", cancel("unpaid", CancelScope::Order)),
    ]
}

async fn say(client: &Client, ask: Ask) {
    let call = client.defaults();
    // Whether it is carried out or refused makes no difference here.
    let _ = match ask {
        Ask::Command(request) => client.command(request, &call).await,
        Ask::Query { query, .. } => client.query(query, &call).await,
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worst_of_each_kind_of_one_caller_does_not_hold_up_another() {
    let mut stuck = None;
    let around = |engine| Arc::clone(stuck.insert(Stuck::around(engine)));
    let host = Host::deciding(around, MEMORY_BYTES, |_| ()).await;
    let stuck = stuck.expect("it was asked for");
    large_orders(&host, LARGE, &["late".to_owned()]).await;
    let shop = host.client(&host.storefront).await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(host.client(&host.admin).await);
    }
    for (n, (what, ask)) in worst(LARGE, "late").into_iter().enumerate() {
        let begun = Instant::now();
        stuck.hold(true);
        // As many as would take every thread that reads requests.
        let mut greedy = JoinSet::new();
        for client in &clients {
            let (client, ask) = (client.clone(), ask.clone());
            greedy.spawn(async move { say(&client, ask).await });
        }
        stuck.until_begun().await;
        for m in 0..5 {
            let order = place(&format!("o-{n}-{m}"), vec![line("TEA", 1)]);
            timeout(ENOUGH, shop.place(order)).await.expect("it is placed").unwrap();
        }
        // With every thread held up, not even a timer runs out.
        assert!(begun.elapsed() < ENOUGH, "{what} of one caller holds up another");
        stuck.hold(false);
        while timeout(ENOUGH, greedy.join_next()).await.expect("it ends").is_some() {}
    }
    host.check();
}

/// How long it takes to place orders of one line, one after the other, for all but the slowest in a hundred.
async fn p99(shop: &Client, name: &str) -> Duration {
    const ORDERS: usize = 200;
    let mut took = Vec::with_capacity(ORDERS);
    for n in 0..ORDERS {
        let begun = Instant::now();
        shop.place(place(&format!("{name}-{n}"), vec![line("TEA", 1)])).await.unwrap();
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    took[ORDERS * 99 / 100 - 1]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_callers_p99_stays_within_a_factor_while_one_repeats_the_worst() {
    /// What a caller may feel of another: it has one thread of two, and waits for locks and processors besides.
    const FACTOR: u32 = 8;
    /// Below this, a p99 is how the system shares out processors.
    const LEAST: Duration = Duration::from_millis(15);
    let host = Host::start().await;
    let late: Vec<String> = (0..4).map(|n| format!("late-{n}")).collect();
    large_orders(&host, 4 * LARGE, &late).await;
    let shop = host.client(&host.storefront).await;
    let quiet = p99(&shop, "quiet").await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut greedy = JoinSet::new();
    for late in &late {
        let (client, stop, late) = (host.client(&host.admin).await, Arc::clone(&stop), late.clone());
        greedy.spawn(async move {
            let mut asked = 0;
            while !stop.load(Ordering::SeqCst) {
                for (_, ask) in worst(4 * LARGE, &late) {
                    say(&client, ask).await;
                    asked += 1;
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                }
            }
            asked
        });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let loud = p99(&shop, "loud").await;
    stop.store(true, Ordering::SeqCst);
    let mut asked = 0;
    while let Some(of_one) = timeout(4 * ENOUGH, greedy.join_next()).await.expect("it ends") {
        asked += of_one.unwrap();
    }
    // The machine may have become busier with something else meanwhile.
    let quiet = quiet.max(p99(&shop, "quiet-again").await);
    println!("p99 {quiet:?} alone, {loud:?} next to {asked} of the worst");
    assert!(asked >= 4, "the other caller was served, too");
    assert!(loud <= FACTOR * quiet.max(LEAST), "p99 {loud:?}, and {quiet:?} alone");
    host.check();
}
