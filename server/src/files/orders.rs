//! `orders.csv`: `order_id,sku,qty` and optional `ts,channel,customer,zone,priority,kind,payment,amount`.

use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::time::Time;

use super::columns::{Column, TableKind};

/// What the rows of an order ask for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OrderKind {
    /// Place the order.
    Sale,
    /// Cancel the order of that id.
    Cancel,
}

/// Rows of one id, kind and channel. They agree on customer and zone; the first that names a time counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderRecord {
    /// The line of its first row.
    pub line: u64,
    /// The id.
    pub number: Code,
    /// What it asks for.
    pub kind: OrderKind,
    /// When it happens, if the file says.
    pub ts: Option<Time>,
    /// The channel: that of the file, or else the one of orders that name none.
    pub channel: Option<Code>,
    /// The customer, if the file says.
    pub customer: Option<Code>,
    /// The destination zone, if the file says.
    pub zone: Option<Code>,
    /// What its payment is called, if the file says.
    pub payment: Option<Code>,
    /// What arrived by it, if the file says.
    pub amount: Option<Money>,
    /// SKUs and quantities in file order; without meaning for a cancellation.
    pub lines: Vec<OrderRow>,
}

/// A row of an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The SKU.
    pub sku: Code,
    /// The quantity as written, which may be zero or negative.
    pub qty: i64,
}

/// The table of orders.
pub const ORDERS: TableKind = TableKind {
    name: "orders",
    columns: &[
        Column { name: "order_id", required: true },
        Column { name: "sku", required: true },
        Column { name: "qty", required: true },
        Column { name: "ts", required: false },
        Column { name: "channel", required: false },
        Column { name: "customer", required: false },
        Column { name: "zone", required: false },
        Column { name: "priority", required: false },
        Column { name: "kind", required: false },
        Column { name: "payment", required: false },
        Column { name: "amount", required: false },
    ],
};

pub(super) const ORDER_ID: usize = ORDERS.place("order_id");
pub(super) const SKU: usize = ORDERS.place("sku");
pub(super) const QTY: usize = ORDERS.place("qty");
pub(super) const TS: usize = ORDERS.place("ts");
pub(super) const CHANNEL: usize = ORDERS.place("channel");
pub(super) const CUSTOMER: usize = ORDERS.place("customer");
pub(super) const ZONE: usize = ORDERS.place("zone");
pub(super) const KIND: usize = ORDERS.place("kind");
pub(super) const PAYMENT: usize = ORDERS.place("payment");
pub(super) const AMOUNT: usize = ORDERS.place("amount");
