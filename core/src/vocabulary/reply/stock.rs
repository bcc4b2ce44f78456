//! Answers about stock.

use bincode::{Decode, Encode};

use super::inbound::InboundView;
use crate::ids::{Code, OrderId, Seq};
use crate::time::Day;
use crate::units::{Balance, Units};

/// The answer to a stock command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Moved {
    /// The sequence of the event: the watermark of the cells it touched.
    pub seq: Seq,
    /// Units that moved, over all lines.
    pub units: Units,
    /// Units a count found missing beyond what was free, or promised units that no receipt is expected to bring any more,
    /// over all lines.
    pub short: Units,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// What a channel may sell of a SKU.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Available {
    /// The SKU.
    pub sku: Code,
    /// Units over all warehouses; [`Units::UNLIMITED`] when an unlimited warehouse serves it.
    pub units: Units,
    /// Units that are yet to come and that the channel may promise in addition, by the day they are due. None when the
    /// channel sells no presale.
    pub presale: Vec<(Day, Units)>,
}

/// Every bucket of one SKU at one warehouse.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct CellView {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// Free and held units by pool.
    pub pools: Vec<PoolView>,
    /// Paid, not yet on a pick ticket.
    pub allocated: Units,
    /// On a pick ticket or packed.
    pub picked: Units,
    /// Out with couriers.
    pub shipped: Units,
    /// Delivered, not confirmed.
    pub awaiting: Units,
    /// Returned, not inspected.
    pub inspection: Units,
    /// Not fit for sale.
    pub damaged: Units,
    /// On the way here from another warehouse.
    pub in_transit: Units,
    /// Expected receipts, the earliest first.
    pub inbound: Vec<InboundView>,
    /// Promised units that no receipt is expected to bring.
    pub overdue: Units,
    /// Claimed units that are not there.
    pub short: Units,
    /// Units of the regular pool that orders may not take.
    pub safety: Units,
    /// Physically here: free, held, allocated, picked, in inspection and damaged units, less the short ones. Below zero when
    /// units left that stood as missing: the next count sets it right.
    pub on_hand: Balance,
    /// The last event that touched the cell.
    pub watermark: Seq,
    /// Orders affected by the short units, the latest first, when there are any.
    pub affected: Vec<OrderId>,
    /// Whether older orders than these may be affected, too: the search for them is bounded by
    /// [`AFFECTED_LOOKS_MAX`](crate::limits::AFFECTED_LOOKS_MAX).
    pub affected_more: bool,
}

/// Free and held units of a pool.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct PoolView {
    /// The pool.
    pub pool: Code,
    /// Free.
    pub available: Units,
    /// Held by unpaid orders.
    pub held: Units,
}
