//! How large a plan may be, so that every event of its order fits into the journal, whatever happens to it later.

use crate::decision::Decision;
use crate::engine::outcome::invalid;
use crate::engine::plan::ahead::Parts;
use crate::limits::{CELL_PROMISES_EVER, ORDER_PARTS_MAX, ORDER_SUBS_MAX};
use crate::orders::SubOrder;
use crate::reject::Reject;
use crate::units::counted;

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
    cut(count, parts)
}

/// Refuses a sub-order of so many lines beside those that an order has.
pub(in crate::engine) fn one_more_sized(subs: &[SubOrder], lines: usize) -> Result<(), Reject> {
    cut(subs.len() + 1, subs.iter().map(|sub| sub.lines.len()).sum::<usize>() + lines)
}

fn cut(count: usize, parts: usize) -> Result<(), Reject> {
    if count <= ORDER_SUBS_MAX && parts <= ORDER_PARTS_MAX {
        return Ok(());
    }
    let reason = format!(
        "would be cut into {} of {} in all, an order has at most {ORDER_SUBS_MAX} of \
         {ORDER_PARTS_MAX}: split it",
        counted(count, "sub-order"),
        counted(parts, "line")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{CostParts, PlannedLine, PlannedSub, SubKind};
    use crate::event::Promised;
    use crate::ids::{CarrierId, OrderId, PoolId, ReceiptNo, RulesVersion, SkuId, SubNo, Ticket, WarehouseId};
    use crate::orders::Stage;
    use crate::units::Units;

    fn planned(lines: usize) -> PlannedSub {
        let line = PlannedLine { sku: SkuId(0), pool: PoolId::REGULAR, units: Units(1) };
        PlannedSub {
            warehouse: WarehouseId(0),
            carrier: CarrierId(0),
            kind: SubKind::Regular,
            hours: 1,
            weight_g: 1,
            parts: CostParts::default(),
            from_supplier: false,
            lines: vec![line; lines],
        }
    }

    fn plan(subs: usize, lines: usize) -> Decision {
        Decision { subs: vec![planned(lines); subs], ..Decision::none(RulesVersion(1)) }
    }

    #[test]
    fn an_order_is_cut_into_as_many_parts_as_its_bounds_say_and_no_more() {
        let has = |subs: usize, lines| vec![SubOrder::new(&planned(lines), Stage::Allocated); subs];
        sized(&[], [&plan(ORDER_SUBS_MAX, 1)]).unwrap();
        sized(&has(1, 1), [&plan(ORDER_SUBS_MAX - 1, 1)]).unwrap();
        sized(&has(1, 1), [&plan(ORDER_SUBS_MAX, 1)]).unwrap_err();
        let lines = ORDER_PARTS_MAX / 10;
        sized(&has(1, lines), [&plan(5, lines), &plan(4, lines)]).unwrap();
        sized(&has(1, lines), [&plan(5, lines), &plan(4, lines), &plan(1, 1)]).unwrap_err();
    }

    #[test]
    fn promises_are_made_as_often_as_their_bounds_say_and_no_more() {
        let made = |ticket, count| {
            let (ticket, receipt, order) = (Ticket(ticket), ReceiptNo(1), OrderId(1));
            let (sku, warehouse, pool, sub, units) = (SkuId(0), WarehouseId(0), PoolId(0), SubNo(1), Units(1));
            let made = Promised { sku, warehouse, ticket, rank: ticket, receipt, pool, order, sub, units };
            Parts { decision: plan(0, 0), ahead: Vec::new(), made: vec![made; count], days: Vec::new() }
        };
        promises_sized(&[], &made(CELL_PROMISES_EVER, ORDER_PARTS_MAX)).unwrap();
        promises_sized(&[], &made(1, ORDER_PARTS_MAX + 1)).unwrap_err();
        promises_sized(&[], &made(CELL_PROMISES_EVER + 1, 1)).unwrap_err();
    }
}
