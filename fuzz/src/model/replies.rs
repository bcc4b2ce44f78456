//! What must be answered to commands, in the shapes that several events share.

use stockade_core::decision::Decision;
use stockade_core::event::OrderPlaced;
use stockade_core::ids::{OrderId, Seq, SubNo};
use stockade_core::orders::Change;
use stockade_core::reply::{Changed, Configured, Moved, Placed, PlanView, Reply};
use stockade_core::stock::{Bucket, Move, Outside};
use stockade_core::units::Units;

use super::Model;

/// The event that an answer to a command speaks of, and whether the answer repeats an earlier one; `None` for an answer to
/// a query.
pub fn receipt(reply: &mut Reply) -> Option<(Seq, &mut bool)> {
    match reply {
        Reply::Placed(placed) => Some((placed.seq, &mut placed.replayed)),
        Reply::Changed(changed) => Some((changed.seq, &mut changed.replayed)),
        Reply::Refunded(told) => {
            let seq = told.refund.closed.as_ref().map_or(told.refund.seq, |closed| closed.seq);
            Some((seq, &mut told.replayed))
        }
        Reply::Moved(moved) => Some((moved.seq, &mut moved.replayed)),
        Reply::Configured(configured) => Some((configured.seq, &mut configured.replayed)),
        Reply::Quoted(_)
        | Reply::Availability(_)
        | Reply::Stock(_)
        | Reply::Order(_)
        | Reply::Orders(_)
        | Reply::Text(_)
        | Reply::Explained(_)
        | Reply::Routing(_)
        | Reply::Inbound(_)
        | Reply::Refunds(_)
        | Reply::Times(_) => None,
    }
}

/// To an order.
pub(super) fn placed(after: &Model, seq: Seq, e: &OrderPlaced, decision: &Decision) -> Result<Reply, String> {
    let order = after.order(e.order)?;
    let view = after.order_view(order).ok_or("an order without a name")?;
    Ok(Reply::Placed(Box::new(Placed {
        order: e.order,
        seq,
        expires_at: order.expires_at,
        plan: PlanView {
            rules_version: decision.rules_version,
            cost: view.cost,
            score: decision.score,
            bound: decision.bound,
            proven: decision.score == decision.bound,
            sub_orders: view.sub_orders.into_iter().map(|s| s.promised).collect(),
        },
        present: order.state,
        replayed: false,
    })))
}

/// To a later command on an order.
pub(super) fn changed(after: &Model, seq: Seq, order: OrderId, change: Change) -> Result<Reply, String> {
    let order = after.order(order)?;
    Ok(Reply::Changed(Box::new(Changed {
        order: order.id,
        seq,
        change,
        present: order.state,
        stages: order.subs.iter().map(|s| s.stage).collect(),
        replayed: false,
    })))
}

/// To a late payment that planned the last `late` sub-orders.
pub(super) fn paid_late(after: &Model, seq: Seq, order: OrderId, late: usize) -> Result<Reply, String> {
    let first = after.order(order)?.subs.len() + 1 - late;
    changed(after, seq, order, Change::PaidLate { first_sub: SubNo(first as u16) })
}

/// To a command on stock.
pub(super) fn moved(seq: Seq, units: Units, short: Units) -> Reply {
    Reply::Moved(Moved { seq, units, short, replayed: false })
}

/// To a command on stock that made these movements. What comes from another warehouse was counted when it left that.
pub(super) fn moved_by(seq: Seq, moves: &[Move]) -> Reply {
    let short = moves.iter().filter(|m| m.from == Bucket::Short).map(|m| m.units).sum();
    let units = moves.iter().filter(|m| m.from != Bucket::Outside(Outside::Transfer)).map(|m| m.units).sum();
    moved(seq, units, short)
}

/// To a command on configuration.
pub(super) fn configured(after: &Model, seq: Seq) -> Reply {
    Reply::Configured(Configured { seq, rules_version: after.rules_version, replayed: false })
}

/// Units that a decision serves.
pub(super) fn planned(decision: &Decision) -> Units {
    decision.subs.iter().flat_map(|sub| &sub.lines).map(|line| line.units).sum()
}
