//! Which lists an order belongs to.

use smallvec::SmallVec;

use crate::ids::{ChannelId, Code, WarehouseId};
use crate::orders::lists::groups::Kinds;
use crate::orders::lists::list::Entry;
use crate::orders::{Order, OrderState, Stage};

/// Order states: lists of one channel.
pub(super) const STATES: usize = OrderState::Cancelled as usize + 1;
/// Stages: lists of one warehouse.
pub(super) const STAGES: usize = Stage::ALL.len();

/// What decides which lists an order belongs to, copied from the order: once when it is placed or removed, before and
/// after when it changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub(super) entry: Entry,
    pub(super) channel: ChannelId,
    pub(super) customer: Option<Code>,
    /// The lists of its channel: by its state, and `refund_due` while money is owed back.
    pub(super) states: Kinds,
    /// Sorted by warehouse, each once, with one stage at least.
    pub(super) stages: SmallVec<[(WarehouseId, Kinds); 2]>,
}

/// Where an order stood before an event changed it. Its id, its channel, its customer and the event that placed it stay the
/// same.
#[derive(Clone, Debug)]
pub struct Stood {
    pub(super) states: Kinds,
    /// Where each of its sub-orders stood, by number.
    pub(super) subs: SmallVec<[(WarehouseId, Stage); 2]>,
}

/// The lists of its channel that an order belongs to.
#[inline]
pub(super) fn states_of(order: &Order) -> Kinds {
    1 << order.state as Kinds | Kinds::from(order.refund_due) << OrderState::RefundDue as Kinds
}

impl Stood {
    /// Where an order stands, before it changes.
    #[inline]
    pub fn of(order: &Order) -> Stood {
        Stood { states: states_of(order), subs: order.subs.iter().map(|sub| (sub.warehouse, sub.stage)).collect() }
    }

    /// The lists of the order as it stood.
    pub(super) fn listed(&self, order: &Order) -> Listed {
        let entry = Entry { placed: order.placed, order: order.id };
        Listed::new(entry, order.channel, order.customer.clone(), self.states, self.subs.iter().copied())
    }
}

impl Listed {
    /// The lists of an order whose placing event has its sequence.
    pub fn of(order: &Order) -> Listed {
        let entry = Entry { placed: order.placed, order: order.id };
        let subs = order.subs.iter().map(|sub| (sub.warehouse, sub.stage));
        Listed::new(entry, order.channel, order.customer.clone(), states_of(order), subs)
    }

    /// The lists of an order with these sub-orders.
    pub(super) fn new(
        entry: Entry,
        channel: ChannelId,
        customer: Option<Code>,
        states: Kinds,
        subs: impl IntoIterator<Item = (WarehouseId, Stage)>,
    ) -> Listed {
        let mut stages: SmallVec<[(WarehouseId, Kinds); 2]> =
            subs.into_iter().map(|(warehouse, stage)| (warehouse, 1 << stage as Kinds)).collect();
        // Most orders are one parcel.
        if stages.len() > 1 {
            stages.sort_unstable();
            stages.dedup_by(|next, kept| {
                let is_same = next.0 == kept.0;
                kept.1 |= if is_same { next.1 } else { 0 };
                is_same
            });
        }
        Listed { entry, channel, customer, states, stages }
    }

    /// The stages at a warehouse.
    #[inline]
    pub(super) fn stages_at(&self, warehouse: WarehouseId) -> Kinds {
        if let [(only, kinds)] = self.stages[..] {
            return if only == warehouse { kinds } else { 0 };
        }
        let at = self.stages.binary_search_by_key(&warehouse, |(known, _)| *known);
        at.map_or(0, |at| self.stages[at].1)
    }
}
