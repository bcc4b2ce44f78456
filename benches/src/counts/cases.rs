//! What is counted.

use std::sync::Arc;

use stockade_core::Durability;
use stockade_core::command::{Cancel, CancelScope, Command, OrderRef, Pay, Request};
use stockade_core::engine::Engine;
use stockade_core::ids::{Code, OrderId};
use stockade_core::limits::FRAME_BYTES_MAX;
use stockade_core::log::Batch;
use stockade_core::log::decode_envelope;
use stockade_core::query::{AvailabilityQuery, Query};
use stockade_core::reply::Reply;
use stockade_core::time::{Span, Time};
use stockade_core::wire::body::{put_frame, read_body};
use stockade_core::wire::{ClientMessage, FrameDecoder, FrameKind, Header, ServerMessage};

use super::measured::measured;
use super::shop::{Shop, code};

/// Operations that are counted, after as many that are not: the first ones let buffers grow.
const OPERATIONS: u64 = 2_000;
/// Operations between two visits of the journal.
const DRAIN_EVERY: u64 = 50;

/// An operation on the hot path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Case {
    /// An order of one line.
    PlaceOneLine,
    /// An order of three lines that one parcel serves.
    PlaceOneParcel,
    /// An order of three lines that takes two parcels.
    PlaceTwoParcels,
    /// The payment of a held order.
    Pay,
    /// The cancellation of a held order.
    Cancel,
    /// The end of a hold.
    Expire,
    /// What a channel may sell of ten SKUs.
    Availability,
    /// A request read from its frame, and its reply written into one.
    Frame,
    /// An event that placed an order, read from the journal and applied.
    Recover,
}

impl Case {
    /// Every case.
    pub const ALL: [Case; 9] = [
        Case::PlaceOneLine,
        Case::PlaceOneParcel,
        Case::PlaceTwoParcels,
        Case::Pay,
        Case::Cancel,
        Case::Expire,
        Case::Availability,
        Case::Frame,
        Case::Recover,
    ];

    /// Its name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Case::PlaceOneLine => "place_1_line",
            Case::PlaceOneParcel => "place_3_lines_1_parcel",
            Case::PlaceTwoParcels => "place_3_lines_2_parcels",
            Case::Pay => "pay",
            Case::Cancel => "cancel",
            Case::Expire => "expire",
            Case::Availability => "availability_10_skus",
            Case::Frame => "read_request_write_reply",
            Case::Recover => "recover_placed",
        }
    }

    /// How many operations are counted.
    pub const fn operations(self) -> u64 {
        OPERATIONS
    }

    /// Runs the case once.
    pub fn run(self) {
        match self {
            Case::PlaceOneLine => place(|shop| shop.skus_together(1), 1),
            Case::PlaceOneParcel => place(|shop| shop.skus_together(3), 1),
            Case::PlaceTwoParcels => place(Shop::skus_apart, 2),
            Case::Pay => change(|order| Command::Pay(Pay::new(OrderRef::Id(order)))),
            Case::Cancel => change(|order| {
                let order = OrderRef::Id(order);
                Command::Cancel(Cancel { order, scope: CancelScope::Order, reason: None })
            }),
            Case::Expire => expire(),
            Case::Availability => availability(),
            Case::Frame => frame(),
            Case::Recover => recover(),
        }
    }
}

/// Runs an operation as often as it is to be counted, after as many times that are not.
fn repeat(shop: &mut Shop, mut once: impl FnMut(&mut Shop, bool)) {
    for n in 0..2 * OPERATIONS {
        once(shop, n >= OPERATIONS);
        if n % DRAIN_EVERY == 0 {
            shop.drain();
        }
    }
}

/// Carries a command out, counted or not.
fn execute(shop: &mut Shop, request: &Request, is_counted: bool) -> Reply {
    let answered = if is_counted { measured(|| shop.execute(request)) } else { shop.execute(request) };
    answered.unwrap_or_else(|e| panic!("{request:?} is refused: {e}"))
}

fn place(skus: impl Fn(&mut Shop) -> Vec<Code>, parcels: usize) {
    let mut shop = Shop::open(false);
    repeat(&mut shop, |shop, is_counted| {
        let skus = skus(shop);
        let request = shop.order(&skus);
        let reply = execute(shop, &request, is_counted);
        let Reply::Placed(placed) = reply else { panic!("{request:?} is answered by {reply:?}") };
        assert_eq!(placed.plan.sub_orders.len(), parcels, "{request:?}");
    });
}

fn change(command: impl Fn(OrderId) -> Command) {
    let mut shop = Shop::open(false);
    repeat(&mut shop, |shop, is_counted| {
        let skus = shop.skus_together(3);
        let request = shop.order(&skus);
        let order = shop.place(&request).order;
        let request = shop.keyed(command(order));
        let reply = execute(shop, &request, is_counted);
        assert!(matches!(reply, Reply::Changed(_)), "{request:?} is answered by {reply:?}");
    });
}

/// Holds end as the timer lets them, some at once.
fn expire() {
    let mut shop = Shop::open(false);
    for round in 0..2 {
        let mut placed = 0;
        while placed < OPERATIONS {
            let skus = shop.skus_together(3);
            let request = shop.order(&skus);
            shop.place(&request);
            placed += 1;
            if placed % DRAIN_EVERY == 0 {
                shop.drain();
            }
        }
        shop.now = shop.now + Span::from_mins(31);
        let mut expired = 0;
        while expired < OPERATIONS {
            let some = || shop.engine.expire_due(shop.now, DRAIN_EVERY as usize).len() as u64;
            let some = if round == 1 { measured(some) } else { some() };
            assert!(some > 0, "{expired} of {OPERATIONS} holds ended");
            expired += some;
            shop.drain();
        }
    }
}

fn availability() {
    let mut shop = Shop::open(false);
    repeat(&mut shop, |shop, is_counted| {
        let skus = shop.skus_together(10);
        let query = Query::Availability(AvailabilityQuery { channel: code("web"), skus });
        let ask = || shop.engine.query(&query, shop.now).result;
        let answered = if is_counted { measured(ask) } else { ask() };
        assert!(matches!(&answered, Ok(Reply::Availability(units)) if units.len() == 10), "{answered:?}");
    });
}

fn frame() {
    let mut shop = Shop::open(false);
    let header = Header { kind: FrameKind::Request, durability: Durability::Journaled, correlation: 7, time: Time(0) };
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let (mut asked, mut answer) = (Vec::new(), Vec::new());
    repeat(&mut shop, |shop, is_counted| {
        let skus = shop.skus_together(3);
        let request = shop.order(&skus);
        let reply = ServerMessage::Reply(Ok(Reply::Placed(shop.place(&request))));
        asked.clear();
        answer.clear();
        put_frame(&mut asked, header, &ClientMessage::Command(request)).unwrap_or_else(|e| panic!("{e}"));
        let mut both = || {
            decoder.extend(&asked);
            let frame = decoder.next_frame().ok().flatten().unwrap_or_else(|| panic!("a frame is not read"));
            let message = read_body::<ClientMessage>(frame.body);
            put_frame(&mut answer, Header { kind: FrameKind::Reply, ..frame.header }, &reply).map(|()| message)
        };
        let read = if is_counted { measured(both) } else { both() };
        assert!(matches!(read, Ok(Ok(ClientMessage::Command(_)))), "{read:?}");
    });
}

fn recover() {
    let mut shop = Shop::open(true);
    for n in 0..2 * OPERATIONS {
        let skus = shop.skus_together(3);
        let request = shop.order(&skus);
        shop.place(&request);
        if n % DRAIN_EVERY == 0 {
            shop.drain();
        }
    }
    shop.drain();
    let history: Vec<Arc<[u8]>> = shop.history.take().unwrap_or_default();
    let engine = Engine::new();
    let last = shop.engine.seq().0;
    for bytes in &history {
        let batch = Batch::decode(bytes).unwrap_or_else(|e| panic!("a batch is not read: {e}"));
        for (seq, bytes) in batch.events() {
            let once = || decode_envelope(bytes).map(|envelope| engine.recover(seq, &envelope).is_ok());
            let is_counted = seq.0 > last - OPERATIONS;
            let recovered = if is_counted { measured(once) } else { once() };
            assert!(matches!(recovered, Ok(true)), "event {seq} is not recovered");
        }
    }
    assert_eq!(engine.digest(), shop.engine.digest());
}
