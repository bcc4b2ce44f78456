//! Expected receipts.

use serde::{Deserialize, Serialize};
use stockade_core::command::{Expect, Expectation};
use stockade_core::ids::Code;
use stockade_core::reply::{InboundCell, InboundView};
use stockade_core::units::Units;

use crate::times::parse_day;

/// The body of an announced receipt.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnounceBody {
    /// Reference of the receipt, as supplier and warehouse know it.
    pub reference: Code,
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// The day it is due, like `2026-11-11`.
    pub day: String,
    /// How many units.
    pub qty: u64,
    /// The pool they are for; `regular` when not given.
    pub pool: Option<Code>,
}

/// The body of a change of an expected receipt.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeBody {
    /// Reference of the receipt, as supplier and warehouse know it.
    pub reference: Code,
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// Another day.
    pub day: Option<String>,
    /// How many units are still to come in all.
    pub qty: Option<u64>,
}

/// The body of a receipt that will not come.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawBody {
    /// Reference of the receipt, as supplier and warehouse know it.
    pub reference: Code,
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
}

/// What is expected of a SKU at a warehouse.
#[derive(Clone, Debug, Serialize)]
pub struct InboundCellBody<'a> {
    /// The SKU.
    pub sku: &'a Code,
    /// The warehouse.
    pub warehouse: &'a Code,
    /// The receipts, by day.
    pub receipts: Vec<ReceiptBody<'a>>,
    /// Units that are promised and that no receipt is expected to bring.
    pub overdue: u64,
}

/// An expected receipt.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiptBody<'a> {
    /// Reference of the receipt, as supplier and warehouse know it.
    pub reference: &'a Code,
    /// The day it is due, like `2026-11-11`.
    pub day: String,
    /// The pool its units join.
    pub pool: &'a Code,
    /// Units that are not promised yet.
    pub free: u64,
    /// Units that are promised to orders.
    pub promised: u64,
}

impl AnnounceBody {
    /// The command.
    ///
    /// # Errors
    /// A sentence, when the text is not a day.
    pub fn command(self) -> Result<Expect, String> {
        let AnnounceBody { reference, sku, warehouse, day, qty, pool } = self;
        let change = Expectation::Announce { day: parse_day(&day)?, units: Units(qty), pool };
        Ok(Expect { reference, sku, warehouse, change })
    }
}

impl ChangeBody {
    /// The command.
    ///
    /// # Errors
    /// A sentence, when the text is not a day.
    pub fn command(self) -> Result<Expect, String> {
        let ChangeBody { reference, sku, warehouse, day, qty } = self;
        let day = day.as_deref().map(parse_day).transpose()?;
        Ok(Expect { reference, sku, warehouse, change: Expectation::Change { day, units: qty.map(Units) } })
    }
}

impl From<WithdrawBody> for Expect {
    fn from(body: WithdrawBody) -> Expect {
        let WithdrawBody { reference, sku, warehouse } = body;
        Expect { reference, sku, warehouse, change: Expectation::Withdraw }
    }
}

impl<'a> From<&'a InboundCell> for InboundCellBody<'a> {
    fn from(cell: &'a InboundCell) -> InboundCellBody<'a> {
        InboundCellBody {
            sku: &cell.sku,
            warehouse: &cell.warehouse,
            receipts: cell.receipts.iter().map(ReceiptBody::from).collect(),
            overdue: cell.overdue.0,
        }
    }
}

impl<'a> From<&'a InboundView> for ReceiptBody<'a> {
    fn from(receipt: &'a InboundView) -> ReceiptBody<'a> {
        ReceiptBody {
            reference: &receipt.reference,
            day: receipt.day.to_string(),
            pool: &receipt.pool,
            free: receipt.free.0,
            promised: receipt.promised.0,
        }
    }
}
