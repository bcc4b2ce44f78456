//! Changes to what is expected from suppliers, and to what is promised out of it.

mod changes;
mod expect;
mod handover;
mod receive;

use crate::engine::outcome::invalid;
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::react::Progress;
use crate::ids::{SkuId, WarehouseId};
use crate::limits::CELL_RECEIPTS_PROMISED_EVER;
use crate::reject::{Reject, RetryAfter};
use crate::stock::{Cell, Inbound};
use crate::time::{Span, Time};

/// Steps of pending handovers of its own cells that a command takes, all cells together; it does not wait for the rest.
const SHARE: usize = 4;
/// When to come back while a cell's goods are handed over: a few hundred steps take so long.
const RETRY_AFTER: Span = Span::from_millis(50);

impl Engine {
    /// Hands over a bounded share of what is due of some cells, so that every receipt there is as whole as it was announced.
    fn settle(&self, skus: &[SkuId], warehouse: WarehouseId, now: Time) -> Result<(), Reject> {
        let mut left = SHARE;
        for &sku in skus {
            while left > 0 && self.hand_over(sku, warehouse, now)? == Progress::More {
                left -= 1;
            }
        }
        Ok(())
    }
}

/// Refuses a change of receipts where promises changed theirs so often that no numbers are left for more.
fn numbered(inbound: &Inbound) -> Result<(), Reject> {
    if inbound.ticket_after(0).0 > CELL_RECEIPTS_PROMISED_EVER {
        let reason = format!("promises of it were made or moved {CELL_RECEIPTS_PROMISED_EVER} times: no more can be");
        return Err(invalid("reference", reason));
    }
    Ok(())
}

/// Refuses for now while goods of a cell are being handed over.
fn settled(locked: &EngineLocked<'_>, skus: &[SkuId], warehouse: WarehouseId) -> Result<(), Reject> {
    let is_due = |sku: &SkuId| locked.sku(*sku).cell(warehouse).is_some_and(Cell::is_due);
    if skus.iter().any(is_due) {
        return Err(Reject::Overloaded { retry_after: RetryAfter(RETRY_AFTER) });
    }
    Ok(())
}
