//! A small refund.

use stockade_core::ids::{OrderId, RefundNo, Seq};
use stockade_core::money::Money;
use stockade_core::orders::{Payment, RefundReason};
use stockade_core::reply::{ClosedView, RefundView};
use stockade_core::time::Time;
use stockade_core::units::Units;

use super::code;

pub fn refund() -> RefundView {
    RefundView {
        channel: code("web"),
        number: code("1001"),
        order: Some(OrderId(77)),
        refund: RefundNo(1),
        reason: RefundReason::PaidTwice,
        payment: Some(Payment { reference: Some(code("R-7")), amount: Some(Money(12_500_000)) }),
        lines: vec![(code("A"), Units(2))],
        seq: Seq(41),
        due: Time(1_500_000),
        closed: Some(ClosedView { reference: code("B-9"), seq: Seq(42), at: Time(1_600_000), by: code("shop") }),
    }
}
