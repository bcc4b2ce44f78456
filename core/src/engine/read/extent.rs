//! How large an order is, for whoever decides where and when a command on it is carried out.

use crate::command::OrderRef;
use crate::engine::store::Engine;
use crate::ids::RefundNo;
use crate::limits::CELL_RECEIPTS_MAX;
use crate::orders::{Account, Basis, Order, OrderState, Refund};
use crate::time::Time;

/// How much there is to an order, at the moment it was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Lines of all its sub-orders, of its review and of what waits for inspection elsewhere, and units yet to come, each of
    /// which may be promised by itself: every command on it goes through them. Counted until there are more than asked for.
    pub lines: usize,
    /// What happened to it since it was placed, in events, and its refunds with their lines: a question for it is answered
    /// with all of them. Refunds are counted until there is more than asked for.
    pub moments: usize,
    /// Whether its hold has run out: a payment plans it anew.
    pub is_late: bool,
}

impl Engine {
    /// How large an order is; `None` when there is no such order. Lines and refunds are counted until there are more than
    /// `enough`, so this takes one lock of an order shard and at most twice `enough` steps.
    pub fn extent(&self, order: &OrderRef, now: Time, enough: usize) -> Option<Extent> {
        let (shard, place) = self.locate(order).ok()?;
        self.door.with_orders(shard, |keys| {
            place.find(keys).map(|order| Extent::of(order, keys.account_of(order), now, enough))
        })
    }

    /// Lines of a refund; none when there is no such refund.
    pub fn refund_lines(&self, order: &OrderRef, refund: RefundNo) -> usize {
        let Ok((shard, place)) = self.locate(order) else { return 0 };
        self.door.with_orders(shard, |keys| {
            let account = match place.key() {
                Some(key) => keys.account(key),
                None => place.find(keys).and_then(|order| keys.account_of(order)),
            };
            account.and_then(|account| account.refund(refund)).map_or(0, lines_of)
        })
    }

    /// Warehouses and stores that the worlds so far have named: a plan looks at each of them for each of its lines.
    pub fn warehouses(&self) -> usize {
        self.config().map_or(0, |config| config.codes.given.warehouses.len())
    }
}

impl Extent {
    fn of(order: &Order, account: Option<&Account>, now: Time, enough: usize) -> Extent {
        let mut lines = order.later.review.len() + order.later.elsewhere.len();
        for sub in &order.subs {
            if lines > enough {
                break;
            }
            let promises = (sub.waiting as usize).min(sub.lines.len().saturating_mul(CELL_RECEIPTS_MAX));
            lines += sub.lines.len().max(1) + promises;
        }
        let is_late = match order.state {
            OrderState::Held => order.deadline <= now,
            OrderState::Expired => true,
            OrderState::Paid | OrderState::RefundDue | OrderState::Cancelled => false,
        };
        let mut moments = order.moments();
        for (_, refund) in account.into_iter().flat_map(Account::refunds) {
            if moments > enough {
                break;
            }
            moments += 1 + lines_of(refund);
        }
        Extent { lines, moments, is_late }
    }
}

fn lines_of(refund: &Refund) -> usize {
    match &refund.basis {
        Basis::Payment(_) => 0,
        Basis::Units(units) => units.len(),
    }
}
