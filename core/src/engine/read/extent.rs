//! How large an order is, for whoever decides where and when a command on it is carried out.

use crate::command::OrderRef;
use crate::engine::store::Engine;
use crate::limits::CELL_RECEIPTS_MAX;
use crate::orders::{Order, OrderState};
use crate::time::Time;

/// How much there is to an order, at the moment it was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Lines of all its sub-orders and of its review, and units yet to come, each of which may be promised by itself: every
    /// command on it goes through them. Counted until there are more than asked for.
    pub lines: usize,
    /// What happened to it since it was placed, in events: a question for it is answered with each of them.
    pub moments: usize,
    /// Whether its hold has run out: a payment plans it anew.
    pub is_late: bool,
}

impl Engine {
    /// How large an order is; `None` when there is no such order. Lines are counted up to the first sub-order with which
    /// there are more than `enough`, so this takes one lock of an order shard and at most `enough` steps.
    pub fn extent(&self, order: &OrderRef, now: Time, enough: usize) -> Option<Extent> {
        let (shard, place) = self.locate(order).ok()?;
        self.door.with_orders(shard, |keys| place.find(keys).map(|order| Extent::of(order, now, enough)))
    }

    /// Warehouses and stores that the worlds so far have named: a plan looks at each of them for each of its lines.
    pub fn warehouses(&self) -> usize {
        self.config().map_or(0, |config| config.codes.given.warehouses.len())
    }
}

impl Extent {
    fn of(order: &Order, now: Time, enough: usize) -> Extent {
        let mut lines = order.later.review.len();
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
        Extent { lines, moments: order.later.moments.len(), is_late }
    }
}
