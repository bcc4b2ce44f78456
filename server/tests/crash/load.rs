//! Several tasks that order, pay, cancel, step and receive, and write everything down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use stockade_client::{Call, Client, Stockade, by_number, code};
use stockade_core::command::{
    Cancel, CancelScope, Command, ExtendHold, Line, Pay, Place, Receive, SkuSpec, StepAction, TakeStep,
};
use stockade_core::ids::{Code, SubNo};
use stockade_core::reply::{Changed, Placed};
use stockade_core::time::Span;
use stockade_core::units::Units;
use stockade_fuzz::sim::Rng;
use stockade_server::serve::sample;
use tokio::task::JoinSet;

use crate::book::{Book, Fate};

const SKUS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
const WAREHOUSES: [&str; 3] = ["HGH", "CAN", "SHA-01"];
const ZONES: [&str; 3] = ["CN-33", "CN-44", "CN-11"];
const TASKS: usize = 6;

/// Tasks at work.
pub struct Load {
    tasks: JoinSet<()>,
    stop: Arc<AtomicBool>,
}

/// Puts the world into force and the first goods into its warehouses.
pub async fn stock_up(client: &Client, book: &Book) {
    client.apply_world(sample::WORLD.to_owned()).await.expect("the world is applied");
    let sku = |sku: &&str| SkuSpec { sku: text(sku), weight_g: Some(300), category: None };
    client.define_skus(SKUS.iter().map(sku).collect()).await.expect("the goods are defined");
    for warehouse in WAREHOUSES {
        let lines = SKUS.iter().map(|sku| Line { sku: text(sku), units: Units(20_000) }).collect();
        receive(client, book, warehouse, lines).await;
    }
}

impl Load {
    /// Sets tasks to work.
    pub fn start(client: &Client, book: &Arc<Book>, rng: &mut Rng) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let worker = Worker { client: client.clone(), book: Arc::clone(book), rng: rng.split() };
            let stop = Arc::clone(&stop);
            tasks.spawn(worker.work(stop));
        }
        Load { tasks, stop }
    }

    /// Lets every task finish what it has begun.
    pub async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("a task ends well");
        }
    }

    /// Ends the tasks in the middle of whatever they do.
    pub async fn cut(mut self) {
        self.tasks.abort_all();
        while let Some(ended) = self.tasks.join_next().await {
            assert!(!ended.is_err_and(|error| error.is_panic()), "a task panicked");
        }
    }
}

struct Worker {
    client: Client,
    book: Arc<Book>,
    rng: Rng,
}

impl Worker {
    async fn work(mut self, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) {
            match self.rng.below(10) {
                0 => self.receive().await,
                1 | 2 => self.disturb().await,
                _ => self.order().await,
            }
        }
    }

    async fn receive(&mut self) {
        let warehouse = self.one_of(&WAREHOUSES);
        let line = Line { sku: text(self.one_of(&SKUS)), units: Units(self.rng.within(1, 50)) };
        receive(&self.client, &self.book, warehouse, vec![line]).await;
    }

    /// An order and some of the way that orders go.
    async fn order(&mut self) {
        let place = self.wish();
        let order = self.book.ordered(place.clone());
        let placed = self.client.place(place).await;
        let subs = placed.as_ref().map_or(0, |placed| placed.plan.sub_orders.len());
        self.book.placed(order, Fate::of(placed));
        if subs == 0 || self.rng.percent(25) || !self.act(order, Deed::Pay).await {
            return;
        }
        for action in
            [StepAction::Pick, StepAction::Pack, StepAction::Scan(None), StepAction::Pickup, StepAction::Deliver]
        {
            for sub in 1..=subs {
                if self.rng.percent(15) || !self.act(order, Deed::Step(SubNo(sub as u16), action.clone())).await {
                    return;
                }
            }
        }
    }

    /// Something asked of any order, sensible or not.
    async fn disturb(&mut self) {
        let count = self.book.orders().len() as u64;
        if count == 0 {
            return;
        }
        let order = self.rng.below(count) as usize;
        let deed = match self.rng.below(4) {
            0 => Deed::Cancel,
            1 => Deed::Extend,
            2 => Deed::Pay,
            _ => Deed::Step(SubNo(1), StepAction::Pick),
        };
        self.act(order, deed).await;
    }

    /// Does it; whether it was done.
    async fn act(&mut self, order: usize, deed: Deed) -> bool {
        let (channel, number, expires) = {
            let orders = self.book.orders();
            let ordered = &orders[order];
            let expires = match &ordered.fate {
                Fate::Done(Placed { expires_at, .. }) => *expires_at,
                Fate::Asked | Fate::Refused => return false,
            };
            (ordered.place.channel.clone(), ordered.place.number.clone(), expires)
        };
        let order_ref = by_number(channel, number);
        let command = match deed {
            Deed::Pay => Command::Pay(Pay::new(order_ref)),
            Deed::Cancel => Command::Cancel(Cancel { order: order_ref, scope: CancelScope::Order, reason: None }),
            Deed::Extend => {
                let until = expires + Span::from_secs(60) + Span::from_millis(self.rng.below(1_000_000));
                Command::ExtendHold(ExtendHold { order: order_ref, until })
            }
            Deed::Step(sub, action) => Command::Step(TakeStep { order: order_ref, sub, action }),
        };
        let key = new_key();
        let act = self.book.acted(order, key.clone(), command.clone());
        let changed = send(&self.client, key, command).await;
        let fate = Fate::of(changed);
        let done = matches!(fate, Fate::Done(_));
        self.book.changed(order, act, fate);
        done
    }

    fn wish(&mut self) -> Place {
        let mut lines: Vec<Line> = Vec::new();
        for _ in 0..self.rng.within(1, 3) {
            let sku = text(self.one_of(&SKUS));
            if lines.iter().all(|line| line.sku != sku) {
                lines.push(Line { sku, units: Units(self.rng.within(1, 4)) });
            }
        }
        let channel = self.one_of(&["web", "live"]);
        let hold = self.rng.percent(5).then(|| Span::from_millis(self.rng.within(50, 1_500)));
        let zone = Some(text(self.one_of(&ZONES)));
        Place { zone, hold, ..Place::new(text(channel), new_key(), lines) }
    }

    fn one_of(&mut self, from: &[&'static str]) -> &'static str {
        self.rng.pick(from).expect("there is one")
    }
}

enum Deed {
    Pay,
    Cancel,
    Extend,
    Step(SubNo, StepAction),
}

/// Sends a command on an order under a key.
pub async fn send(client: &Client, key: Code, command: Command) -> Result<Changed, stockade_client::ClientError> {
    let with = client.with(Call { key: Some(key), ..client.defaults() });
    match command {
        Command::Pay(pay) => with.pay(pay.order).await,
        Command::Cancel(cancel) => with.cancel(cancel.order, cancel.scope, cancel.reason).await,
        Command::ExtendHold(extend) => with.extend_hold(extend.order, extend.until).await,
        Command::Step(step) => with.step(step.order, step.sub, step.action).await,
        other => panic!("not a command on an order: {other:?}"),
    }
}

async fn receive(client: &Client, book: &Book, warehouse: &str, lines: Vec<Line>) {
    let receive = Receive { warehouse: text(warehouse), pool: None, expected: None, lines };
    let key = new_key();
    let receipt = book.received(key.clone(), receive.clone());
    let moved = client.with(Call { key: Some(key), ..client.defaults() }).receive(receive).await;
    book.moved(receipt, Fate::of(moved));
}

/// A code; the texts here are good ones.
pub fn text(text: &str) -> Code {
    code(text).expect("a code")
}

/// A key that nothing else in this process has. Every test has a journal of its own.
fn new_key() -> Code {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    text(&format!("k-{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// Waits until so many more answers came than there were.
pub async fn until_acknowledged(book: &Book, more: u64) {
    let (from, begun) = (book.acknowledged(), std::time::Instant::now());
    while book.acknowledged() < from + more {
        assert!(begun.elapsed() < crate::rig::PATIENCE, "no more answers come: {} since", book.acknowledged() - from);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
