//! Money that arrives is never lost sight of.

#[path = "../support/mod.rs"]
mod support;

mod payments;

use proptest::prelude::*;
use stockade_core::command::*;
use stockade_core::event::Event;
use stockade_core::ids::{RefundNo, Seq, SubNo};
use stockade_core::limits::{UNPLACED_OPEN_MAX, UNPLACED_PAYMENTS_MAX};
use stockade_core::money::Money;
use stockade_core::orders::{Change, OrderState, Payment, RefundReason, Stage};
use stockade_core::query::*;
use stockade_core::reject::Reject;
use stockade_core::reply::*;
use stockade_core::time::Span;
use stockade_core::units::Units;
use support::*;

fn stocked() -> Shop {
    let shop = Shop::with_world(WORLD);
    shop.skus(&["tea"]);
    shop.receive("tea", "A", 20);
    shop
}

fn paid_by(number: &str, payment: &str) -> Command {
    Command::Pay(Pay::by(web(number), code(payment)))
}

fn close(number: &str, refund: u32, reference: &str) -> Command {
    Command::CloseRefund(CloseRefund { order: web(number), refund: RefundNo(refund), reference: code(reference) })
}

fn refunded(shop: &Shop, command: Command) -> Refunded {
    match shop.ok(command) {
        Reply::Refunded(refunded) => *refunded,
        other => panic!("{other:?}"),
    }
}

fn refunds(shop: &Shop, query: RefundsQuery) -> RefundsPage {
    match shop.engine.query(&Query::Refunds(query), shop.now).result.unwrap() {
        Reply::Refunds(page) => page,
        other => panic!("{other:?}"),
    }
}

fn open(shop: &Shop) -> Vec<RefundView> {
    refunds(shop, RefundsQuery { limit: 100, ..RefundsQuery::default() }).refunds
}

fn in_state(shop: &Shop, state: OrderState) -> Vec<String> {
    let query = OrdersQuery { state: Some(state), limit: 100, ..OrdersQuery::default() };
    match shop.engine.query(&Query::Orders(query), shop.now).result.unwrap() {
        Reply::Orders(page) => page.orders.iter().map(|row| row.number.to_string()).collect(),
        other => panic!("{other:?}"),
    }
}

fn cancel(number: &str) -> Command {
    Command::Cancel(Cancel { order: web(number), scope: CancelScope::Order, reason: None })
}

fn owed_units(shop: &Shop) -> Vec<(RefundReason, Vec<(String, u64)>)> {
    let lines = |refund: &RefundView| refund.lines.iter().map(|(sku, units)| (sku.to_string(), units.0)).collect();
    open(shop).iter().map(|refund| (refund.reason, lines(refund))).collect()
}

#[test]
fn paid_units_that_are_given_up_are_owed_back_and_unpaid_ones_are_not() {
    let shop = stocked();
    shop.skus(&["cup"]);
    shop.receive("cup", "A", 5);
    let units = |number: &str, sku: &str, units| {
        let scope = CancelScope::Units(line(sku, units));
        Command::Cancel(Cancel { order: web(number), scope, reason: None })
    };
    shop.placed(order("1", &[("tea", 4), ("cup", 2)]));
    shop.ok(units("1", "tea", 1));
    assert_eq!(owed_units(&shop), []);
    shop.ok(shop.pay("1"));
    shop.ok(units("1", "tea", 2));
    shop.ok(cancel("1"));
    let expected = [
        (RefundReason::Cancelled, vec![("tea".to_owned(), 2)]),
        (RefundReason::Cancelled, vec![("tea".to_owned(), 1), ("cup".to_owned(), 2)]),
    ];
    assert_eq!(owed_units(&shop), expected);
    assert_eq!(
        (shop.order("1").state, in_state(&shop, OrderState::RefundDue)),
        (OrderState::Cancelled, vec!["1".into()])
    );
    shop.ok(close("1", 2, "B-1"));
    shop.ok(close("1", 1, "B-1"));
    assert!(in_state(&shop, OrderState::RefundDue).is_empty());
    shop.check();
}

#[test]
fn what_a_picker_or_a_carrier_lost_is_owed_back_once_it_is_given_up() {
    let shop = stocked();
    shop.receive("tea", "B", 1);
    shop.placed(order("1", &[("tea", 20)]));
    shop.ok(shop.pay("1"));
    // One of the two that are missing is at the other warehouse.
    shop.ok(shop.step("1", 1, StepAction::Short(vec![line("tea", 17)])));
    assert_eq!(owed_units(&shop), []);
    for action in [StepAction::Pick, StepAction::Pack, StepAction::Scan(None), StepAction::Lost] {
        shop.ok(shop.step("1", 1, action));
    }
    assert_eq!(owed_units(&shop), []);
    let missing = shop.order("1").review.iter().map(|(_, units)| units.0).sum();
    shop.ok(Command::Cancel(Cancel { order: web("1"), scope: CancelScope::Units(line("tea", missing)), reason: None }));
    assert_eq!(owed_units(&shop), [(RefundReason::Cancelled, vec![("tea".to_owned(), missing)])]);
    shop.check();
}

#[test]
fn what_came_back_is_owed_back_once_it_is_inspected() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 3)]));
    shop.ok(shop.pay("1"));
    for action in [
        StepAction::Pick,
        StepAction::Pack,
        StepAction::Scan(None),
        StepAction::Deliver,
        StepAction::Return(vec![line("tea", 2)]),
    ] {
        shop.ok(shop.step("1", 1, action));
    }
    assert_eq!(owed_units(&shop), []);
    let inspected = Inspected { sku: code("tea"), intact: Units(1), damaged: Units(1) };
    shop.ok(shop.step("1", 1, StepAction::Inspect(vec![inspected])));
    assert_eq!(owed_units(&shop), [(RefundReason::Returned, vec![("tea".to_owned(), 2)])]);
    assert_eq!(in_state(&shop, OrderState::RefundDue), ["1"]);
    shop.check();
}

#[test]
fn a_refund_is_closed_once() {
    let mut shop = stocked();
    shop.receive("tea", "A", 1);
    shop.placed(order("1", &[("tea", 21)]));
    shop.wait(Span::from_mins(31));
    shop.engine.expire_due(shop.now, 10);
    shop.placed(order("2", &[("tea", 1)]));
    shop.ok(paid_by("1", "R-1"));
    assert_eq!(
        (shop.order("1").state, in_state(&shop, OrderState::RefundDue)),
        (OrderState::RefundDue, vec!["1".into()])
    );
    let closed = refunded(&shop, close("1", 1, "B-1"));
    assert!(!closed.replayed);
    let again = refunded(&shop, close("1", 1, "B-1"));
    assert!(again.replayed && again.refund == closed.refund);
    let other = shop.no(close("1", 1, "B-2"));
    assert!(other.to_string().contains("B-1"), "{other}");
    assert!(matches!(shop.no(close("1", 2, "B-2")), Reject::Invalid { .. }));
    assert!(matches!(shop.no(close("9", 1, "B-2")), Reject::UnknownOrder { .. }));
    assert_eq!((shop.order("1").state, in_state(&shop, OrderState::RefundDue)), (OrderState::Cancelled, vec![]));
    assert!(shop.changed(shop.pay("1")).replayed);
    shop.check();
}

#[test]
fn an_order_is_listed_under_refund_due_while_anything_of_it_is_owed_back() {
    let shop = stocked();
    for number in ["1", "2", "3"] {
        shop.placed(order(number, &[("tea", 1)]));
        shop.ok(paid_by(number, "R-1"));
    }
    shop.ok(paid_by("2", "R-2"));
    shop.ok(paid_by("2", "R-3"));
    assert_eq!(in_state(&shop, OrderState::RefundDue), ["2"]);
    assert_eq!(in_state(&shop, OrderState::Paid), ["1", "2", "3"]);
    refunded(&shop, close("2", 1, "B-1"));
    assert_eq!(in_state(&shop, OrderState::RefundDue), ["2"]);
    refunded(&shop, close("2", 2, "B-2"));
    assert!(in_state(&shop, OrderState::RefundDue).is_empty());
    assert_eq!(in_state(&shop, OrderState::Paid), ["1", "2", "3"]);
    shop.check();
}

#[test]
fn pages_of_refunds_neither_skip_nor_repeat_while_they_are_closed() {
    let shop = stocked();
    let page = |closed, after| {
        refunds(&shop, RefundsQuery { closed, after, limit: 2, channel: Some(code("web")), number: None })
    };
    (1..=6).for_each(|number: u32| drop(refunded(&shop, paid_by(&number.to_string(), "R"))));
    shop.ok(Command::Pay(Pay::by(OrderRef::Number { channel: code("live"), number: code("1") }, code("R"))));
    let numbers = |page: &RefundsPage| page.refunds.iter().map(|r| r.number.to_string()).collect::<Vec<_>>();
    let first = page(false, None);
    assert_eq!(numbers(&first), ["1", "2"]);
    refunded(&shop, close("1", 1, "B"));
    refunded(&shop, close("4", 1, "B"));
    let second = page(false, first.next);
    assert_eq!(numbers(&second), ["3", "5"]);
    let third = page(false, second.next);
    assert_eq!(numbers(&third), ["6"]);
    let closed = page(true, None);
    assert_eq!(numbers(&closed), ["1", "4"]);
    refunded(&shop, close("2", 1, "B"));
    assert_eq!(numbers(&page(true, closed.next)), ["2"]);
    assert_eq!(open(&shop).len(), 4);
    shop.check();
}

/// What is told depends on the event that closed a refund, or made it due, and leaves when that is durable.
#[test]
fn what_is_told_of_an_account_waits_for_its_latest_event() {
    let shop = stocked();
    let told = |command: Command| shop.run(command).seen;
    let first = told(paid_by("1", "R-1"));
    let second = told(paid_by("1", "R-2"));
    assert_eq!(told(paid_by("1", "R-1")), first);
    let closed = told(close("1", 1, "B-1"));
    assert!(first < second && second < closed);
    assert_eq!(told(paid_by("1", "R-1")), closed, "it shows the closing");
    assert_eq!(told(paid_by("1", "R-2")), second);
    for command in [close("1", 7, "B-7"), close("1", 1, "B-2")] {
        let refused = shop.run(command);
        assert!(refused.result.is_err());
        assert_eq!(refused.seen, closed, "{:?}", refused.result);
    }
    let placed = shop.placed(order("1", &[("tea", 1)]));
    assert_eq!(told(close("1", 1, "B-1")), placed.seq, "it shows the order");
    (0..UNPLACED_PAYMENTS_MAX).for_each(|n| drop(shop.run(paid_by("2", &format!("R-{n}")))));
    let last = shop.engine.seq();
    let full = shop.run(paid_by("2", "R-x"));
    assert!(full.result.is_err());
    assert_eq!(full.seen, last);
}

/// What a shop does with one of four order numbers.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Place,
    Pay(Option<u8>),
    Cancel,
    Wait,
    Close(u32, u8),
}

fn deeds() -> impl Strategy<Value = Vec<(u8, Deed)>> {
    let deed = prop_oneof![
        2 => Just(Deed::Place),
        5 => prop::option::of(0u8..4).prop_map(Deed::Pay),
        1 => Just(Deed::Cancel),
        1 => Just(Deed::Wait),
        2 => (1u32..4, 0u8..3).prop_map(|(no, reference)| Deed::Close(no, reference)),
    ];
    prop::collection::vec((0u8..4, deed), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Every payment that was not refused is in the history once: it pays an order, or is owed back, or went back.
    #[test]
    fn every_payment_pays_an_order_or_is_owed_back_or_went_back(deeds in deeds()) {
        let mut shop = Shop::with_world(WORLD);
        shop.skus(&["tea"]);
        shop.receive("tea", "A", 6);
        let mut came = std::collections::BTreeSet::new();
        for (number, deed) in deeds {
            let named = number.to_string();
            let command = match deed {
                Deed::Place => Command::Place(order(&named, &[("tea", 3)])),
                Deed::Pay(None) => shop.pay(&named),
                Deed::Pay(Some(payment)) => paid_by(&named, &format!("R-{payment}")),
                Deed::Cancel => cancel(&named),
                Deed::Close(no, reference) => close(&named, no, &format!("B-{reference}")),
                Deed::Wait => {
                    shop.wait(Span::from_mins(31));
                    shop.engine.expire_due(shop.now, 10);
                    continue;
                }
            };
            let answer = shop.run(command).result;
            match (deed, answer) {
                (Deed::Pay(Some(payment)), answer) => {
                    answer.unwrap();
                    came.insert((number, payment));
                }
                (Deed::Pay(None), Err(refused)) => {
                    prop_assert!(matches!(refused, Reject::UnknownOrder { .. }), "{refused}");
                }
                _ => {}
            }
        }
        prop_assert_eq!(shop.engine.check(), Ok(()));
        let mut paid = std::collections::BTreeMap::new();
        let events = shop.journal();
        for (_, envelope) in &events {
            let payment = match &envelope.event {
                Event::OrderPaid(paid) => &paid.payment,
                Event::OrderPaidLate(paid) => &paid.payment,
                _ => continue,
            };
            *paid.entry(payment.reference.clone()).or_insert(0usize) += usize::from(payment.reference.is_some());
        }
        let all = |closed| refunds(&shop, RefundsQuery { closed, limit: 1_000, ..Default::default() }).refunds;
        let owed: Vec<RefundView> = all(false).into_iter().chain(all(true)).collect();
        // What paid a later order after all is closed with the payment's own reference.
        let named = owed.iter().filter(|refund| {
            let reference = refund.payment.as_ref().and_then(|payment| payment.reference.clone());
            reference.is_some() && refund.closed.as_ref().is_none_or(|closed| Some(&closed.reference) != reference.as_ref())
        });
        prop_assert_eq!(named.count() + paid.values().sum::<usize>(), came.len());
        let recovered = stockade_core::engine::Engine::new();
        for (seq, envelope) in events {
            recovered.recover(seq, &envelope).unwrap();
        }
        prop_assert_eq!(recovered.check(), Ok(()));
        prop_assert_eq!(recovered.digest(), shop.engine.digest());
        prop_assert!(shop.engine.seq() > Seq(0));
    }
}
