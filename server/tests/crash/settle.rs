//! After an accident: everything acknowledged is there, everything else whole or absent, and asking again with the same
//! key gives the same answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use stockade_client::{Call, Client, ClientError, Stockade, by_number};
use stockade_core::ids::Code;
use stockade_core::orders::Stage;
use stockade_core::query::StockQuery;
use stockade_core::reject::Reject;
use stockade_core::reply::{OrderView, Placed};
use tokio::task::JoinSet;

use crate::book::{Book, Fate, Ordered};
use crate::load::send;

const TASKS: usize = 8;

/// Checks every order and receipt that anything was asked of since the last time, and asks again what is not known, so
/// that everything is.
pub async fn settle(client: &Client, book: &Arc<Book>) {
    let open = |all: &[Ordered]| (0..all.len()).filter(|n| all[*n].open).collect::<Vec<_>>();
    let orders = open(&book.orders());
    each(orders, client, book, |client, book, order| async move { settle_order(&client, &book, order).await }).await;
    let receipts: Vec<usize> = {
        let receipts = book.receipts();
        (0..receipts.len()).filter(|n| receipts[*n].open).collect()
    };
    each(receipts, client, book, |client, book, n| async move { settle_receipt(&client, &book, n).await }).await;
    assert_eq!(book.unknown(), 0);
}

/// Checks every order there ever was, and that no unit was made or lost.
pub async fn check_all(client: &Client, book: &Arc<Book>) {
    let all = (0..book.orders().len()).collect();
    each(all, client, book, |client, book, order| async move {
        let ordered = book.orders()[order].clone();
        check(&ordered, view(&client, &ordered).await.as_ref());
    })
    .await;
    let query = StockQuery { skus: Vec::new(), warehouse: None, after: None, limit: 100 };
    let cells = client.stock(query).await.expect("the stock");
    let units: u64 =
        cells.iter().map(|c| c.on_hand.units().unsigned_abs() + c.shipped.0 + c.awaiting.0 + c.in_transit.0).sum();
    assert_eq!(units, book.units_received(), "units were made or lost");
}

async fn each<F>(items: Vec<usize>, client: &Client, book: &Arc<Book>, act: fn(Client, Arc<Book>, usize) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let items = Arc::new(std::sync::Mutex::new(items));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (client, book, items) = (client.clone(), Arc::clone(book), Arc::clone(&items));
        tasks.spawn(async move {
            loop {
                let next = items.lock().expect("no task panics with it").pop();
                let Some(item) = next else { return };
                act(client.clone(), Arc::clone(&book), item).await;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

async fn settle_order(client: &Client, book: &Book, order: usize) {
    let ordered = book.orders()[order].clone();
    let found = view(client, &ordered).await;
    check(&ordered, found.as_ref());
    if matches!(ordered.fate, Fate::Refused) {
        return;
    }
    let again = client.place(ordered.place.clone()).await;
    let fate = match (&ordered.fate, again) {
        (Fate::Done(first), Ok(again)) => {
            let repeated = Placed { present: first.present, replayed: first.replayed, ..again.clone() };
            assert!(again.replayed, "placed twice: {ordered:?}");
            assert_eq!(&repeated, first, "another answer to the same order");
            Fate::Done(first.clone())
        }
        (Fate::Done(_), Err(error)) => panic!("an acknowledged order is refused when asked again: {error:?}"),
        (_, result) => {
            let fate = known(result);
            let before = found.is_some();
            let replayed = matches!(&fate, Fate::Done(placed) if placed.replayed);
            assert_eq!(before, replayed, "an order that {before} was there: {fate:?}");
            fate
        }
    };
    if !matches!(ordered.fate, Fate::Done(_)) {
        book.placed(order, fate);
    }
    for (n, act) in ordered.acts.iter().enumerate() {
        if matches!(act.fate, Fate::Refused) {
            continue;
        }
        let again = send(client, act.key.clone(), act.command.clone()).await;
        match &act.fate {
            Fate::Asked | Fate::Refused => book.changed(order, n, known(again)),
            Fate::Done(first) => {
                let again = again.unwrap_or_else(|error| panic!("{act:?} is refused when asked again: {error:?}"));
                assert!(again.replayed, "done twice: {act:?}");
                assert_eq!((again.seq, &again.change), (first.seq, &first.change), "another answer to {act:?}");
            }
        }
    }
    let settled = {
        let mut orders = book.orders();
        orders[order].open = false;
        orders[order].clone()
    };
    check(&settled, view(client, &settled).await.as_ref());
}

async fn settle_receipt(client: &Client, book: &Book, n: usize) {
    let received = {
        let mut receipts = book.receipts();
        receipts[n].open = false;
        receipts[n].clone()
    };
    if matches!(received.fate, Fate::Refused) {
        return;
    }
    let call = Call { key: Some(received.key.clone()), ..client.defaults() };
    let again = client.with(call).receive(received.receive.clone()).await;
    match &received.fate {
        Fate::Asked | Fate::Refused => book.moved(n, known(again)),
        Fate::Done(first) => {
            let again = again.unwrap_or_else(|error| panic!("{received:?} is refused when asked again: {error:?}"));
            assert!(again.replayed, "received twice: {received:?}");
            assert_eq!((again.seq, again.units), (first.seq, first.units));
        }
    }
}

/// The answer of a server that nothing stands in the way of.
fn known<T: std::fmt::Debug>(result: Result<T, ClientError>) -> Fate<T> {
    match result {
        Ok(value) => Fate::Done(value),
        Err(ClientError::Rejected(reject)) if !reject.is_transient() => Fate::Refused,
        Err(error) => panic!("a server that nothing stands in the way of answers {error:?}"),
    }
}

async fn view(client: &Client, ordered: &Ordered) -> Option<OrderView> {
    let (channel, number) = (ordered.place.channel.clone(), ordered.place.number.clone());
    match client.order(by_number(channel, number)).await {
        Ok(view) => Some(view),
        Err(ClientError::Rejected(Reject::UnknownOrder { .. })) => None,
        Err(error) => panic!("{:?}: {error:?}", ordered.place.number),
    }
}

/// An order beside what is known of it.
fn check(ordered: &Ordered, found: Option<&OrderView>) {
    let view = match (&ordered.fate, found) {
        (Fate::Done(_), None) => panic!("an acknowledged order is lost: {ordered:?}"),
        (Fate::Refused, Some(view)) => panic!("a refused order is there: {view:?}"),
        (Fate::Asked | Fate::Refused, None) => return,
        (Fate::Done(_) | Fate::Asked, Some(view)) => view,
    };
    check_timeline(ordered, view);
    if view.timeline.iter().any(|entry| entry.what == "order_cancelled") {
        return;
    }
    check_whole(ordered, view);
    if let Fate::Done(placed) = &ordered.fate {
        assert_eq!(view.order, placed.order);
        for (now, promised) in view.sub_orders.iter().zip(&placed.plan.sub_orders) {
            assert_eq!(&now.promised, promised, "{ordered:?}");
        }
    }
}

/// Everything acknowledged stands in the timeline, and nothing that was never asked for or was refused.
fn check_timeline(ordered: &Ordered, view: &OrderView) {
    let mut promised = ordered.promised();
    let mut possible = ordered.possible();
    for entry in &view.timeline {
        match promised.remove(&entry.seq) {
            Some(name) => assert_eq!(entry.what, name, "{ordered:?}\n{view:?}"),
            None => {
                let asked = possible.iter().position(|names| names.contains(&entry.what.as_str()));
                let asked = asked.unwrap_or_else(|| panic!("nobody asked for {entry:?}: {ordered:?}"));
                possible.swap_remove(asked);
            }
        }
    }
    assert!(promised.is_empty(), "acknowledged and lost: {promised:?} of {ordered:?}\n{view:?}");
}

/// The sub-orders together hold what was ordered.
fn check_whole(ordered: &Ordered, view: &OrderView) {
    let all_expired = view.sub_orders.iter().all(|sub| sub.stage == Stage::Expired);
    let mut held: BTreeMap<&Code, u64> = BTreeMap::new();
    for sub in view.sub_orders.iter().filter(|sub| all_expired || sub.stage != Stage::Expired) {
        for line in &sub.promised.lines {
            *held.entry(&line.sku).or_default() += line.units.0;
        }
    }
    let wanted: BTreeMap<&Code, u64> = ordered.place.lines.iter().map(|line| (&line.sku, line.units.0)).collect();
    assert_eq!(held, wanted, "an order that is not whole: {view:?}");
}
