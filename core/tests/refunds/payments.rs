//! Payments: which pay an order, and which are owed back.

use super::*;

#[test]
fn a_payment_after_cancellation_is_owed_back() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 2)]));
    shop.ok(cancel("1"));
    let pay = Command::Pay(Pay { amount: Some(Money(12_500_000)), ..Pay::by(web("1"), code("R-1")) });
    let owed = shop.changed(pay);
    assert_eq!(owed.change, Change::RefundDue { refund: RefundNo(1), reason: RefundReason::Cancelled });
    assert_eq!(owed.present, OrderState::Cancelled);
    let view = shop.order("1");
    let last = view.timeline.last().unwrap();
    assert_eq!(
        (last.what.as_str(), last.reason.as_deref()),
        ("refund_due", Some("refund 1: cancelled, payment R-1, 12.50"))
    );
    let payment = Payment { reference: Some(code("R-1")), amount: Some(Money(12_500_000)) };
    assert_eq!(view.refunds[0].payment, Some(payment));
    assert_eq!(open(&shop), view.refunds);
    shop.check();
}

#[test]
fn an_order_that_was_cancelled_after_its_hold_ran_out_is_not_brought_back_by_its_payment() {
    for fires in [true, false] {
        let mut shop = stocked();
        shop.placed(order("1", &[("tea", 2)]));
        shop.wait(Span::from_mins(31));
        if fires {
            shop.engine.expire_due(shop.now, 10);
        }
        let part = CancelScope::Units(Line { sku: code("tea"), units: Units(1) });
        for scope in [CancelScope::Sub(SubNo(1)), part] {
            let refused =
                shop.run(Command::Cancel(Cancel { order: web("1"), scope, reason: None })).result.unwrap_err();
            assert!(refused.to_string().contains("`cancel` it as a whole"), "{refused}");
        }
        let given_up = shop.changed(cancel("1"));
        assert_eq!(given_up.change, Change::Cancelled { units: Units(0) });
        assert_eq!((given_up.present, given_up.stages), (OrderState::Cancelled, vec![Stage::Expired]));
        for (payment, refund) in [(shop.pay("1"), RefundNo(1)), (paid_by("1", "R-1"), RefundNo(2))] {
            let owed = shop.changed(payment.clone());
            assert_eq!(owed.change, Change::RefundDue { refund, reason: RefundReason::Cancelled });
            assert!(shop.changed(payment).replayed);
        }
        assert_eq!(shop.order("1").state, OrderState::Cancelled);
        assert_eq!((shop.available("web", "tea"), open(&shop).len()), (20, 2));
        shop.check();
    }
}

#[test]
fn a_second_payment_under_another_reference_is_owed_back_and_the_same_again_changes_nothing() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 2)]));
    let first = shop.changed(paid_by("1", "R-1"));
    for again in [paid_by("1", "R-1"), shop.pay("1")] {
        let again = shop.changed(again);
        assert!(again.replayed && again.seq == first.seq && again.change == Change::Paid);
    }
    let second = shop.changed(paid_by("1", "R-2"));
    assert_eq!(second.change, Change::RefundDue { refund: RefundNo(1), reason: RefundReason::PaidTwice });
    let again = shop.changed(paid_by("1", "R-2"));
    assert!(again.replayed && again.seq == second.seq && again.change == second.change);
    assert_eq!(shop.order("1").state, OrderState::Paid);
    assert_eq!(open(&shop).len(), 1);
    shop.check();
}

#[test]
fn a_payment_that_is_told_again_with_another_amount_is_a_conflict_that_names_both() {
    let shop = stocked();
    let paid = |number: &str, amount: Option<i64>| {
        Command::Pay(Pay { amount: amount.map(Money), ..Pay::by(web(number), code("R-1")) })
    };
    let (much, little) = (Some(129_000_000), Some(12_900_000));
    for number in ["1", "2", "3", "4"] {
        shop.placed(order(number, &[("tea", 1)]));
    }
    shop.ok(cancel("2"));
    // Of an order that it pays, of one that is cancelled, and of a number that no order has.
    for number in ["1", "2", "9"] {
        shop.ok(paid(number, much));
        let refused = shop.no(paid(number, little));
        let says = refused.to_string();
        assert!(
            matches!(refused, Reject::Conflict { .. }) && says.contains("129.00") && says.contains("12.90"),
            "{says}"
        );
        for same in [much, None] {
            let again = match shop.ok(paid(number, same)) {
                Reply::Changed(changed) => changed.replayed,
                Reply::Refunded(told) => told.replayed,
                other => panic!("{other:?}"),
            };
            assert!(again, "{number}");
        }
    }
    // What came before its order is not told anew with another amount, and stays known when none is told.
    shop.placed(order("9", &[("tea", 1)]));
    assert!(matches!(shop.no(paid("9", little)), Reject::Conflict { .. }));
    assert_eq!(shop.changed(paid("9", None)).change, Change::Paid);
    assert!(matches!(shop.no(paid("9", little)), Reject::Conflict { .. }));
    // Without an amount there is nothing that differs.
    shop.ok(paid("3", None));
    assert!(shop.changed(paid("3", much)).replayed);
    shop.check();
}

#[test]
fn a_payment_without_a_reference_that_is_told_again_is_the_same_payment() {
    let shop = stocked();
    shop.placed(order("1", &[("tea", 2)]));
    shop.ok(cancel("1"));
    let first = shop.changed(shop.pay("1"));
    let again = shop.changed(shop.pay("1"));
    assert!(again.replayed && !first.replayed && again.seq == first.seq);
    assert_eq!(open(&shop).len(), 1);
    shop.check();
}

#[test]
fn only_a_payment_without_a_reference_is_told_to_name_it() {
    let shop = stocked();
    let id = OrderRef::Id(shop.placed(order("1", &[("tea", 1)])).order);
    let OrderRef::Id(id) = id else { unreachable!() };
    let nobody = OrderRef::Id(stockade_core::ids::OrderId(id.0 + 1));
    assert!(shop.no(shop.pay("9")).to_string().contains("name the payment"));
    let others = [
        cancel("9"),
        close("9", 1, "B-1"),
        shop.step("9", 1, StepAction::Pick),
        // Under an id nothing can be recorded, whatever the payment is called.
        Command::Pay(Pay::new(nobody.clone())),
        Command::Pay(Pay::by(nobody, code("R-1"))),
    ];
    for command in others {
        let refused = shop.no(command.clone());
        assert!(matches!(refused, Reject::UnknownOrder { .. }), "{command:?}: {refused}");
        assert!(!refused.to_string().contains("payment"), "{command:?}: {refused}");
    }
    let asked = shop.engine.query(&Query::Order(web("9")), shop.now).result.unwrap_err();
    assert_eq!(asked.to_string(), "no such order: web/9");
}

#[test]
fn a_payment_for_an_order_that_was_never_placed_is_recorded_under_its_number() {
    let shop = stocked();
    assert!(matches!(shop.no(shop.pay("1")), Reject::UnknownOrder { .. }));
    let owed = refunded(&shop, paid_by("1", "R-1"));
    assert_eq!((owed.refund.reason, owed.refund.order), (RefundReason::UnknownOrder, None));
    let again = refunded(&shop, paid_by("1", "R-1"));
    assert!(again.replayed && again.refund == owed.refund);
    refunded(&shop, paid_by("1", "R-2"));
    assert_eq!(open(&shop).len(), 2);
    let closed = refunded(&shop, close("1", 1, "B-1"));
    assert_eq!(closed.refund.closed.as_ref().map(|closed| closed.reference.clone()), Some(code("B-1")));
    assert_eq!(open(&shop).len(), 1);
    shop.check();
}

#[test]
fn a_payment_that_came_before_its_order_pays_it_when_it_is_told_again() {
    let shop = stocked();
    refunded(&shop, paid_by("1", "R-1"));
    refunded(&shop, paid_by("1", "R-2"));
    shop.placed(order("1", &[("tea", 2)]));
    assert_eq!(in_state(&shop, OrderState::RefundDue), ["1"]);
    assert_eq!(shop.changed(paid_by("1", "R-1")).change, Change::Paid);
    assert_eq!(open(&shop).iter().map(|refund| refund.refund).collect::<Vec<_>>(), [RefundNo(2)]);
    assert_eq!(shop.order("1").refunds[0].closed.as_ref().map(|closed| closed.reference.clone()), Some(code("R-1")));
    // The other one went back before it was told again: it pays nothing.
    refunded(&shop, close("1", 2, "B-1"));
    assert!(refunded(&shop, paid_by("1", "R-2")).replayed);
    assert!(in_state(&shop, OrderState::RefundDue).is_empty());
    shop.check();
}

#[test]
fn payments_for_a_number_without_an_order_are_bounded() {
    let shop = stocked();
    (0..UNPLACED_PAYMENTS_MAX).for_each(|n| drop(refunded(&shop, paid_by("1", &format!("R-{n}")))));
    assert!(matches!(shop.no(paid_by("1", "R-x")), Reject::Invalid { .. }));
    assert!(refunded(&shop, paid_by("1", "R-0")).replayed);
    shop.check();
}

#[test]
fn payments_for_all_numbers_without_orders_are_bounded_while_their_refunds_are_open() {
    let shop = stocked();
    let number = |n: u64| format!("N-{n}");
    for n in 0..UNPLACED_OPEN_MAX {
        refunded(&shop, paid_by(&number(n), "R"));
    }
    let Reject::Unavailable { reason } = shop.no(paid_by("more", "R")) else { panic!("another refusal") };
    assert!(reason.contains("tell it again") && reason.contains("Place its order first"), "{reason}");
    assert!(refunded(&shop, paid_by(&number(7), "R")).replayed, "what was recorded may be told again");
    // The order first, and the payment is no longer one for a number without an order.
    shop.placed(order("more", &[("tea", 1)]));
    assert_eq!(shop.changed(paid_by("more", "R")).change, Change::Paid);
    // A refund that is closed makes room for one.
    refunded(&shop, close(&number(7), 1, "B"));
    refunded(&shop, paid_by("other", "R"));
    shop.no(paid_by("another", "R"));
    // So does an order that is paid by what was recorded.
    shop.placed(order(&number(8), &[("tea", 1)]));
    assert_eq!(shop.changed(paid_by(&number(8), "R")).change, Change::Paid);
    refunded(&shop, paid_by("another", "R"));
    shop.engine.check().unwrap();
}
