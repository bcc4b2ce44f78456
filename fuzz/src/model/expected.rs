//! What is expected of a cell, as plain records: receipts from suppliers and promises made out of them.

use std::collections::BTreeMap;

use stockade_core::ids::{Code, OrderId, PoolId, ReceiptNo, SubNo, Ticket};
use stockade_core::time::Day;

/// A receipt that is expected. How many units it brings, the ledger knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// What supplier and warehouse call it.
    pub reference: Code,
    /// The day it is due.
    pub day: Day,
    /// The pool its units are for.
    pub pool: PoolId,
}

/// A promise. How many units, the ledger knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Promise {
    /// Its place in the order of promise.
    pub rank: Ticket,
    /// The receipt that brings them.
    pub receipt: ReceiptNo,
    /// The pool they were drawn from.
    pub pool: PoolId,
    /// To this order.
    pub order: OrderId,
    /// To this sub-order.
    pub sub: SubNo,
}

/// What is expected of one SKU at one warehouse.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inbound {
    /// By number.
    pub receipts: BTreeMap<ReceiptNo, Receipt>,
    /// By ticket.
    pub promises: BTreeMap<Ticket, Promise>,
    /// The last number that was given.
    pub last_receipt: u32,
    /// The last ticket that was given.
    pub last_ticket: u32,
}
