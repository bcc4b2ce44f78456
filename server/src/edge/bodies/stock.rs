//! Stock: receiving, correcting, counting, reading.

use serde::{Deserialize, Serialize};
use stockade_core::command::{Adjust, Count, Fulfils, Receive};
use stockade_core::ids::{Code, Seq};
use stockade_core::reply::{CellView, Moved, PoolView};

use super::inbound::ReceiptBody;
use super::quantity::{LineBody, limited, lines};

/// The body of a receipt.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiveBody {
    /// The warehouse they arrive at.
    pub warehouse: Code,
    /// The pool they join; that of the expected receipt, or else `regular`, when not given.
    pub pool: Option<Code>,
    /// The reference of the expected receipt they fulfil.
    pub expected: Option<Code>,
    /// Whether the rest of the expected receipt is still to come.
    #[serde(default)]
    pub more: bool,
    /// What arrives.
    pub lines: Vec<LineBody>,
}

/// The body of a correction by hand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustBody {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// The pool; `regular` when not given.
    pub pool: Option<Code>,
    /// Units found, or lost when negative.
    pub delta: i64,
    /// Why.
    pub reason: String,
}

/// The body of a count.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountBody {
    /// The warehouse counted.
    pub warehouse: Code,
    /// The last event that the count includes; now when not given.
    pub as_of: Option<u64>,
    /// Events up to it that the count does not include.
    #[serde(default)]
    pub except: Vec<u64>,
    /// Units physically there, by SKU: on shelves, picked, packed, in inspection and damaged.
    pub lines: Vec<LineBody>,
}

/// The reply to a movement of stock.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MovedBody {
    /// The event.
    pub seq: u64,
    /// Units that moved, or that are announced, still to come, withdrawn or kept back, as the command says.
    pub qty: u64,
    /// Units that are promised and not there.
    pub short: u64,
    /// Whether this is the first answer to the key, given again.
    pub replayed: bool,
}

/// Every bucket of a SKU at a warehouse, in units.
#[derive(Clone, Debug, Serialize)]
pub struct CellBody<'a> {
    /// The SKU.
    pub sku: &'a Code,
    /// The warehouse.
    pub warehouse: &'a Code,
    /// Everything physically there, less the short units. Below zero when units left that stood as missing.
    pub on_hand: i64,
    /// Free and held units of each pool.
    pub pools: Vec<PoolBody<'a>>,
    /// Paid, not yet on a pick ticket.
    pub allocated: u64,
    /// On a pick ticket or packed.
    pub picked: u64,
    /// Out with couriers.
    pub shipped: u64,
    /// Delivered, not confirmed.
    pub awaiting: u64,
    /// Returned, not inspected.
    pub inspection: u64,
    /// Not fit for sale.
    pub damaged: u64,
    /// On the way here from another warehouse.
    pub in_transit: u64,
    /// The expected receipts, the earliest first.
    pub inbound: Vec<ReceiptBody<'a>>,
    /// Claimed and not there.
    pub short: u64,
    /// Ids of the orders that the short units affect.
    pub affected: Vec<String>,
    /// Whether older orders may be affected, too; absent when these are all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub affected_more: bool,
    /// Of the regular pool, kept back from orders.
    pub safety: u64,
    /// The last event that changed the cell.
    pub watermark: u64,
    /// Promised, and no receipt is expected to bring them; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue: Option<u64>,
}

/// A pool of a cell.
#[derive(Clone, Debug, Serialize)]
pub struct PoolBody<'a> {
    /// The pool.
    pub pool: &'a Code,
    /// Units that orders may take; `null` for unlimited.
    pub available: Option<u64>,
    /// Units held for unpaid orders.
    pub held: u64,
}

impl From<ReceiveBody> for Receive {
    fn from(body: ReceiveBody) -> Receive {
        let expected = body.expected.map(|reference| Fulfils { reference, more: body.more });
        Receive { warehouse: body.warehouse, pool: body.pool, expected, lines: lines(body.lines) }
    }
}

impl From<AdjustBody> for Adjust {
    fn from(body: AdjustBody) -> Adjust {
        Adjust { sku: body.sku, warehouse: body.warehouse, pool: body.pool, delta: body.delta, reason: body.reason }
    }
}

impl From<CountBody> for Count {
    fn from(body: CountBody) -> Count {
        Count {
            warehouse: body.warehouse,
            as_of: body.as_of.map(Seq),
            except: body.except.into_iter().map(Seq).collect(),
            lines: lines(body.lines),
        }
    }
}

impl From<Moved> for MovedBody {
    fn from(moved: Moved) -> MovedBody {
        let Moved { seq, units, short, replayed } = moved;
        MovedBody { seq: seq.0, qty: units.0, short: short.0, replayed }
    }
}

impl<'a> From<&'a CellView> for CellBody<'a> {
    fn from(cell: &'a CellView) -> CellBody<'a> {
        CellBody {
            sku: &cell.sku,
            warehouse: &cell.warehouse,
            on_hand: cell.on_hand.units(),
            pools: cell.pools.iter().map(PoolBody::from).collect(),
            allocated: cell.allocated.0,
            picked: cell.picked.0,
            shipped: cell.shipped.0,
            awaiting: cell.awaiting.0,
            inspection: cell.inspection.0,
            damaged: cell.damaged.0,
            in_transit: cell.in_transit.0,
            inbound: cell.inbound.iter().map(ReceiptBody::from).collect(),
            short: cell.short.0,
            affected: cell.affected.iter().map(ToString::to_string).collect(),
            affected_more: cell.affected_more,
            safety: cell.safety.0,
            watermark: cell.watermark.0,
            overdue: (!cell.overdue.is_zero()).then_some(cell.overdue.0),
        }
    }
}

impl<'a> From<&'a PoolView> for PoolBody<'a> {
    fn from(pool: &'a PoolView) -> PoolBody<'a> {
        PoolBody { pool: &pool.pool, available: limited(pool.available), held: pool.held.0 }
    }
}
