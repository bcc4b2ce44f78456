//! Stock that goes to other warehouses, is lost, or is counted on the shelves alone.

use serde::Deserialize;
use stockade_core::command::{Arrive, BookLoss, CountShelf, Loss, Recall, Transfer};
use stockade_core::ids::Code;

use super::quantity::{LineBody, lines};

/// The body of a transfer, or of one that is taken back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BetweenBody {
    /// The warehouse that they leave, or left.
    pub from: Code,
    /// The warehouse that they go to.
    pub to: Code,
    /// The pool at `from` that they leave, or join again; `regular` when not given.
    pub pool: Option<Code>,
    /// What goes, or comes back.
    pub lines: Vec<LineBody>,
}

/// The body of an arrival.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArriveBody {
    /// The warehouse that takes them in.
    pub warehouse: Code,
    /// The pool they join; `regular` when not given.
    pub pool: Option<Code>,
    /// What arrives.
    pub lines: Vec<LineBody>,
}

/// The body of a loss.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossBody {
    /// The warehouse where they are, or to which they were on the way.
    pub warehouse: Code,
    /// The pool that damaged units leave; `regular` when not given.
    pub pool: Option<Code>,
    /// What happened to them.
    pub loss: LossName,
    /// Why.
    pub reason: String,
    /// How many of what.
    pub lines: Vec<LineBody>,
}

/// What happened to units that are lost to sale.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossName {
    /// Free units are not fit for sale.
    Damaged,
    /// Damaged units leave for good.
    Scrapped,
    /// Units in transit do not arrive.
    LostInTransit,
    /// Units in transit arrive and are not fit for sale.
    DamagedInTransit,
}

/// The body of a count of the shelves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountShelfBody {
    /// The warehouse counted.
    pub warehouse: Code,
    /// Units on the shelves, by SKU: free, held and paid; nothing that is picked, packed, in inspection or damaged.
    pub lines: Vec<LineBody>,
}

impl From<BetweenBody> for Transfer {
    fn from(body: BetweenBody) -> Transfer {
        Transfer { from: body.from, to: body.to, pool: body.pool, lines: lines(body.lines) }
    }
}

impl From<BetweenBody> for Recall {
    fn from(body: BetweenBody) -> Recall {
        Recall { from: body.from, to: body.to, pool: body.pool, lines: lines(body.lines) }
    }
}

impl From<ArriveBody> for Arrive {
    fn from(body: ArriveBody) -> Arrive {
        Arrive { warehouse: body.warehouse, pool: body.pool, lines: lines(body.lines) }
    }
}

impl From<LossBody> for BookLoss {
    fn from(body: LossBody) -> BookLoss {
        let loss = match body.loss {
            LossName::Damaged => Loss::Damaged,
            LossName::Scrapped => Loss::Scrapped,
            LossName::LostInTransit => Loss::LostInTransit,
            LossName::DamagedInTransit => Loss::DamagedInTransit,
        };
        BookLoss { warehouse: body.warehouse, pool: body.pool, loss, reason: body.reason, lines: lines(body.lines) }
    }
}

impl From<CountShelfBody> for CountShelf {
    fn from(body: CountShelfBody) -> CountShelf {
        CountShelf { warehouse: body.warehouse, lines: lines(body.lines) }
    }
}
