//! What happened to expected receipts, and to what is promised out of them.

use bincode::{Decode, Encode};

use crate::decision::Decision;
use crate::ids::{Code, OrderId, PoolId, ReceiptNo, SkuId, SubNo, Ticket, WarehouseId};
use crate::stock::{Bucket, Move, Promise};
use crate::time::Day;
use crate::units::Units;
use crate::vocabulary::event::{OrderPaidLate, OrderPlaced};

/// See [`crate::event::Event::OrderPromised`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderPromised {
    /// The order, with the plan for what is on hand: of no parcels when nothing is.
    pub placed: OrderPlaced,
    /// The plans for what is yet to come, by the day it is due. Their sub-orders are numbered on after the others.
    pub ahead: Vec<Decision>,
    /// The promises.
    pub made: Vec<Promised>,
}

/// See [`crate::event::Event::OrderPromisedLate`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderPromisedLate {
    /// The payment, with the plan for what is on hand: of no parcels when nothing is.
    pub late: OrderPaidLate,
    /// The plans for what is yet to come.
    pub ahead: Vec<Decision>,
    /// The promises.
    pub made: Vec<Promised>,
}

/// Units of a cell, promised to a sub-order before they have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Promised {
    /// The SKU.
    pub sku: SkuId,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// The account the units stand in from now on.
    pub ticket: Ticket,
    /// The ticket under which they were promised first: their place in the order of promise.
    pub rank: Ticket,
    /// The receipt that is to bring them; [`ReceiptNo::NONE`] when none is expected to.
    pub receipt: ReceiptNo,
    /// The pool they are drawn from.
    pub pool: PoolId,
    /// To this order.
    pub order: OrderId,
    /// To this sub-order of it.
    pub sub: SubNo,
    /// Promised units.
    pub units: Units,
}

impl Promised {
    /// The promise as the cell keeps it.
    pub fn promise(&self) -> Promise {
        let Promised { ticket, rank, receipt, pool, order, sub, units, .. } = *self;
        Promise { ticket, rank, receipt, pool, order, sub, units }
    }

    /// The units leave their receipt, or the supplier, for the promise.
    pub fn movement(&self) -> Move {
        Move {
            sku: self.sku,
            warehouse: self.warehouse,
            from: Bucket::unpromised(self.receipt),
            to: Bucket::Promised(self.ticket),
            units: self.units,
        }
    }
}

/// Why what is expected changed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum InboundReason {
    /// A receipt was announced.
    Announced,
    /// Its day or its units changed.
    Changed,
    /// It will not come.
    Withdrawn,
    /// Goods came.
    Received,
    /// Units that were here went to whom they were promised.
    Handed,
}

/// See [`crate::event::Event::InboundChanged`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct InboundChanged {
    /// What changed it.
    pub reason: InboundReason,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// What the receipt is called; `None` for goods that nobody had announced.
    pub reference: Option<Code>,
    /// What it was about: units announced, expected from now on, withdrawn, received, or handed over.
    pub units: Units,
    /// A new receipt.
    pub opened: Option<Opened>,
    /// Another day for a receipt.
    pub dated: Option<Dated>,
    /// The movements, promises kept and withdrawn among them.
    pub moves: Vec<Move>,
    /// Promises that move to another receipt, or to none. Applied after the movements.
    pub made: Vec<Promised>,
    /// Promised units that were handed over, by sub-order.
    pub arrived: Vec<Arrived>,
}

impl InboundChanged {
    /// Units that are promised and that no receipt is expected to bring any more.
    pub fn overdue(&self) -> Units {
        let made = self.made.iter().filter(|made| made.receipt == ReceiptNo::NONE).map(|made| made.units);
        let missing = self.moves.iter().filter(|m| matches!(m.from, Bucket::Missing(_))).map(|m| m.units);
        made.chain(missing).sum()
    }
}

/// A receipt that is expected from now on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Opened {
    /// The SKU.
    pub sku: SkuId,
    /// Its number in the cell.
    pub receipt: ReceiptNo,
    /// The day it is due.
    pub day: Day,
    /// The pool its units are for.
    pub pool: PoolId,
}

/// A receipt that is expected on another day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Dated {
    /// The SKU.
    pub sku: SkuId,
    /// Its number in the cell.
    pub receipt: ReceiptNo,
    /// The day it is due from now on.
    pub day: Day,
}

/// Promised units of a sub-order that came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Arrived {
    /// The order.
    pub order: OrderId,
    /// The sub-order.
    pub sub: SubNo,
    /// Units that it was handed.
    pub units: Units,
}
