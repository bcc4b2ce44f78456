//! Expected receipts as JSON bodies.

use serde::Deserialize;
use stockade_core::command::{Expect, Expectation};
use stockade_core::ids::Code;
use stockade_core::time::Day;
use stockade_core::units::Units;

/// The body of an announced receipt.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnounceBody {
    /// What supplier and warehouse call it.
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
    /// What supplier and warehouse call it.
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
    /// What supplier and warehouse call it.
    pub reference: Code,
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
}

impl AnnounceBody {
    /// The command.
    ///
    /// # Errors
    /// A sentence, when the day is none.
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
    /// A sentence, when the day is none.
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

/// A calendar day as people write it: `2026-11-11`.
///
/// # Errors
/// A sentence, when the text is none.
pub fn parse_day(text: &str) -> Result<Day, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let numbers: Option<Vec<u32>> = parts.iter().map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some([year, month, day]) => Day::from_date(*year, *month, *day),
        _ => None,
    }
    .ok_or_else(|| format!("`{text}` is no day: write it like 2026-11-11"))
}
