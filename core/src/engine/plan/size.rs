//! How large a plan may be, so that every event of its order fits into the journal, whatever happens to it later.

use crate::decision::Decision;
use crate::engine::outcome::invalid;
use crate::limits::{CELL_PROMISES_EVER, ORDER_PARTS_MAX, ORDER_SUBS_MAX};
use crate::orders::SubOrder;
use crate::reject::Reject;

use crate::engine::plan::ahead::Parts;

/// Refuses a plan that would cut an order, with the sub-orders it has, into too many.
pub(in crate::engine) fn sized<'d>(
    subs: &[SubOrder],
    plans: impl IntoIterator<Item = &'d Decision>,
) -> Result<(), Reject> {
    let (mut count, mut parts) = (subs.len(), subs.iter().map(|sub| sub.lines.len()).sum::<usize>());
    for plan in plans {
        count += plan.subs.len();
        parts += plan.subs.iter().map(|sub| sub.lines.len()).sum::<usize>();
    }
    if count <= ORDER_SUBS_MAX && parts <= ORDER_PARTS_MAX {
        return Ok(());
    }
    let reason = format!(
        "would be cut into {count} sub-orders of {parts} lines, an order has at most {ORDER_SUBS_MAX} of \
         {ORDER_PARTS_MAX}: split it"
    );
    Err(invalid("lines", reason))
}

/// The same for a plan that makes promises, which are numbered in each cell.
pub(in crate::engine) fn promises_sized(subs: &[SubOrder], parts: &Parts) -> Result<(), Reject> {
    sized(subs, parts.ahead.iter().chain([&parts.decision]))?;
    if parts.made.len() > ORDER_PARTS_MAX {
        let count = parts.made.len();
        let reason =
            format!("would be promised out of {count} receipts, at most {ORDER_PARTS_MAX} are allowed: split it");
        return Err(invalid("lines", reason));
    }
    if parts.made.iter().any(|made| made.ticket.0 > CELL_PROMISES_EVER) {
        let reason =
            format!("one of its SKUs was promised {CELL_PROMISES_EVER} times at one warehouse: no more are made");
        return Err(invalid("lines", reason));
    }
    Ok(())
}
