//! Plays a day against a server: storefronts place, pay and cancel; warehouses ship and take returns.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stockade_client::{Client, ClientError, Stockade};
use stockade_core::command::{CancelScope, Line, OrderRef, Place, Receive, StepAction};
use stockade_core::ids::{Code, SubNo};
use stockade_core::orders::Stage;
use stockade_core::reply::OrderView;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::books::{Books, Known};
use super::day::Day;
use super::generator::{Action, Timed};
use super::house::House;
use crate::failure::Failure;

/// Orders under way at once: each has one call in flight.
const LANES: usize = 384;
/// Actions that may wait for a lane.
const LANE_QUEUE: usize = 16;
/// How long a server that cannot be reached is asked again, and how often.
const ASK_PATIENCE: Duration = Duration::from_secs(20);
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// Lines of one stock command.
const CHUNK: usize = 2_000;

/// The clients of the day: storefronts, warehouse and administrator.
pub struct Crew {
    storefronts: HashMap<Code, Client>,
    warehouse: Client,
    admin: Client,
}

/// A day being played.
pub struct Lanes {
    lanes: Vec<mpsc::Sender<Timed>>,
    tasks: Vec<JoinHandle<()>>,
    orders_done: Arc<AtomicU64>,
}

impl Crew {
    /// Connects every client.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn connect(house: &House, channels: &[Code]) -> Result<Crew, Failure> {
        let mut storefronts = HashMap::new();
        for channel in channels {
            storefronts.insert(channel.clone(), house.client(channel.as_str()).await?);
        }
        Ok(Crew { storefronts, warehouse: house.client("warehouse").await?, admin: house.client("admin").await? })
    }

    /// Applies the day's world and defines its SKUs and stock.
    ///
    /// # Errors
    /// When the server refuses any of it.
    pub async fn open_shop(&self, day: &Day) -> Result<(), Failure> {
        self.admin.apply_world(day.world()).await.map_err(Failure::failed)?;
        for skus in day.catalog().chunks(CHUNK) {
            self.admin.define_skus(skus.to_vec()).await.map_err(Failure::failed)?;
        }
        let mut cells: HashMap<(Code, Option<Code>), Vec<Line>> = HashMap::new();
        for stock in day.stock() {
            let lines = cells.entry((stock.warehouse, stock.pool)).or_default();
            lines.push(Line { sku: stock.sku, units: stock.units });
        }
        for ((warehouse, pool), lines) in cells {
            for lines in lines.chunks(CHUNK) {
                let (warehouse, pool) = (warehouse.clone(), pool.clone());
                let receive = Receive { warehouse, pool, expected: None, lines: lines.to_vec() };
                self.admin.receive(receive).await.map_err(Failure::failed)?;
            }
        }
        Ok(())
    }

    /// An order as the server knows it. Asks again while the server cannot be reached, because it may be restarting.
    ///
    /// # Errors
    /// When the server does not know the order, or cannot be reached for too long.
    pub async fn order(&self, channel: &Code, number: &Code) -> Result<OrderView, ClientError> {
        let began = Instant::now();
        loop {
            match self.admin.order_by_number(channel.clone(), number.clone()).await {
                Err(ClientError::Unreachable { .. } | ClientError::TimedOut(_)) if began.elapsed() < ASK_PATIENCE => {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                answer => return answer,
            }
        }
    }
}

impl Lanes {
    /// Opens the lanes. All actions of an order use the same lane and so keep their order.
    pub fn open(crew: &Arc<Crew>, books: &Arc<Books>) -> Lanes {
        let orders_done = Arc::new(AtomicU64::new(0));
        let mut lanes = Vec::with_capacity(LANES);
        let mut tasks = Vec::with_capacity(LANES);
        for _ in 0..LANES {
            let (sender, mut actions) = mpsc::channel::<Timed>(LANE_QUEUE);
            let (crew, books, done) = (Arc::clone(crew), Arc::clone(books), Arc::clone(&orders_done));
            tasks.push(tokio::spawn(async move {
                while let Some(timed) = actions.recv().await {
                    let is_order = matches!(timed.action, Action::Place(_));
                    act(&crew, &books, timed.action).await;
                    done.fetch_add(u64::from(is_order), Ordering::Relaxed);
                }
            }));
            lanes.push(sender);
        }
        Lanes { lanes, tasks, orders_done }
    }

    /// Hands an action to its order's lane; waits while that is busy.
    pub async fn play(&self, timed: Timed) {
        let lane = timed.order as usize % self.lanes.len();
        // A lane ends only when this does.
        let _ = self.lanes[lane].send(timed).await;
    }

    /// Placements answered so far.
    pub fn orders_done(&self) -> u64 {
        self.orders_done.load(Ordering::Relaxed)
    }

    /// Waits until every action is done; returns how many placements were answered.
    pub async fn finish(self, mut seen: impl FnMut(u64)) -> u64 {
        drop(self.lanes);
        for task in self.tasks {
            // A lane that panicked shows as orders that are missing at the end.
            let _ = task.await;
            seen(self.orders_done.load(Ordering::Relaxed));
        }
        self.orders_done.load(Ordering::Relaxed)
    }
}

async fn act(crew: &Crew, books: &Books, action: Action) {
    match action {
        Action::Place(place) => place_order(crew, books, place).await,
        Action::Pay(order) => {
            let Some((channel, number)) = known(books, &order) else { return };
            note(books, &number, Some(Known::Paid), crew.storefronts[&channel].pay(order).await);
        }
        Action::Cancel(order) => {
            let Some((channel, number)) = known(books, &order) else { return };
            let cancelled = crew.storefronts[&channel].cancel(order, CancelScope::Order, None).await;
            note(books, &number, Some(Known::Cancelled), cancelled);
        }
        Action::Ship { order, upto } => ship(crew, books, &order, upto).await,
        Action::Return(order) => take_back(crew, books, &order).await,
    }
}

async fn place_order(crew: &Crew, books: &Books, place: Place) {
    let (channel, number) = (place.channel.clone(), place.number.clone());
    let began = Instant::now();
    match crew.storefronts[&channel].place(place).await {
        Ok(placed) => books.placed(&channel, &number, &placed, began.elapsed()),
        Err(error) => books.refused(name(&error)),
    }
}

/// Advances every sub-order step by step to a stage.
async fn ship(crew: &Crew, books: &Books, order: &OrderRef, upto: Stage) {
    let Some((_, number)) = known(books, order) else { return };
    let Some(start) = books.order(&number) else { return };
    for (at, stage) in start.stages.iter().enumerate() {
        let mut stage = *stage;
        while let Some((step, next)) = following(stage).filter(|(_, next)| *next <= upto) {
            let sub = SubNo(u16::try_from(at + 1).unwrap_or(u16::MAX));
            if !note(books, &number, None, crew.warehouse.step(order.clone(), sub, step).await) {
                break;
            }
            stage = next;
        }
    }
}

async fn take_back(crew: &Crew, books: &Books, order: &OrderRef) {
    let Some((_, number)) = known(books, order) else { return };
    let Some(start) = books.order(&number) else { return };
    for at in 0..start.stages.len() {
        let sub = SubNo(u16::try_from(at + 1).unwrap_or(u16::MAX));
        let returned = crew.warehouse.step(order.clone(), sub, StepAction::Return(Vec::new())).await;
        if note(books, &number, None, returned) {
            let inspected = crew.warehouse.step(order.clone(), sub, StepAction::Inspect(Vec::new())).await;
            note(books, &number, None, inspected);
        }
    }
}

/// The step after a stage, and the stage it reaches.
fn following(stage: Stage) -> Option<(StepAction, Stage)> {
    match stage {
        Stage::Allocated => Some((StepAction::Pick, Stage::Picking)),
        Stage::Picking => Some((StepAction::Pack, Stage::Packed)),
        Stage::Packed => Some((StepAction::Scan(None), Stage::Outbound)),
        Stage::Outbound => Some((StepAction::Pickup, Stage::PickedUp)),
        Stage::PickedUp => Some((StepAction::Deliver, Stage::Delivered)),
        Stage::Delivered => Some((StepAction::Confirm, Stage::Confirmed)),
        Stage::Undelivered => Some((StepAction::Deliver, Stage::Delivered)),
        Stage::Held
        | Stage::Promised
        | Stage::Waiting
        | Stage::Confirmed
        | Stage::Cancelled
        | Stage::Expired
        | Stage::Lost => None,
    }
}

/// Records an answer; returns whether the command succeeded.
fn note(
    books: &Books,
    number: &Code,
    known: Option<Known>,
    answer: Result<stockade_core::reply::Changed, ClientError>,
) -> bool {
    match &answer {
        Ok(changed) => books.changed(number, known, &changed.stages),
        Err(error) => books.refused(name(error)),
    }
    answer.is_ok()
}

/// Channel and number of an order that was placed.
fn known(books: &Books, order: &OrderRef) -> Option<(Code, Code)> {
    match order {
        OrderRef::Number { channel, number } => books.order(number).map(|_| (channel.clone(), number.clone())),
        OrderRef::Id(_) => None,
    }
}

fn name(error: &ClientError) -> &'static str {
    match error {
        ClientError::Rejected(reject) => reject.code(),
        ClientError::OutcomeUnknown { .. } => "outcome_unknown",
        ClientError::TimedOut(_) => "timed_out",
        ClientError::Unreachable { .. }
        | ClientError::Refused(_)
        | ClientError::OtherProtocol { .. }
        | ClientError::Untrusted { .. }
        | ClientError::Closed
        | ClientError::Unsendable(_)
        | ClientError::Config { .. }
        | ClientError::Protocol(_) => "unreachable",
    }
}
