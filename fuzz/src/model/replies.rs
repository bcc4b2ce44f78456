//! What must be answered to a command, worked out from the event it made and the state after it.

use stockade_core::decision::Decision;
use stockade_core::event::{Event, OrderPlaced};
use stockade_core::ids::{OrderId, ReceiptNo, Seq, SubNo};
use stockade_core::orders::Change;
use stockade_core::reply::{Changed, Configured, Moved, Placed, PlanView, Reply};
use stockade_core::stock::{Bucket, Move};
use stockade_core::units::Units;

use super::Model;

/// The answer to the command that made an event.
pub(super) fn expected_reply(after: &Model, seq: Seq, event: &Event) -> Result<Reply, String> {
    let changed = |order, change| changed(after, seq, order, change);
    match event {
        Event::WorldApplied(_) | Event::RulesApplied(_) | Event::SkusDefined(_) => {
            Ok(Reply::Configured(Configured { seq, rules_version: after.rules_version, replayed: false }))
        }
        Event::SafetySet(e) => Ok(moved(seq, e.units, Units::ZERO)),
        Event::InboundChanged(e) => {
            let lost = e.made.iter().filter(|made| made.receipt == ReceiptNo::NONE);
            Ok(moved(seq, e.units, lost.map(|made| made.units).sum()))
        }
        Event::StockMoved(e) => Ok(moved_by(seq, &e.moves)),
        Event::StockCounted(e) => Ok(moved_by(seq, &e.moves)),
        Event::OrderPlaced(e) => placed(after, seq, e, &e.decision),
        Event::OrderPromised(e) => placed(after, seq, &e.placed, &e.placed.decision.joined(&e.ahead)),
        Event::OrderPaid(e) => changed(e.order, Change::Paid),
        Event::OrderPaidLate(e) => changed(e.order, paid_late(after, e.order, e.decision.subs.len())?),
        Event::OrderPromisedLate(e) => {
            let late = e.late.decision.subs.len() + e.ahead.iter().map(|d| d.subs.len()).sum::<usize>();
            changed(e.late.order, paid_late(after, e.late.order, late)?)
        }
        Event::RefundDue(e) => changed(e.order, Change::RefundDue),
        Event::HoldExtended(e) => changed(e.order, Change::Extended { until: e.until }),
        Event::OrderCancelled(e) => {
            let units = e.takes.iter().map(|t| t.units).chain(e.review.iter().map(|(_, n)| *n)).sum();
            changed(e.order, Change::Cancelled { units })
        }
        Event::SubStepped(e) => changed(e.order, Change::Stepped { sub: e.sub, stage: e.stage }),
        Event::PickShorted(e) => {
            let missing = e.missing.iter().map(|t| t.units).sum();
            let rerouted = e.decision.as_ref().map(planned).unwrap_or_default();
            let review = e.review.iter().map(|(_, n)| *n).sum();
            changed(e.order, Change::Shorted { missing, rerouted, review })
        }
        Event::ReturnReceived(e) => changed(e.order, Change::Returned { units: e.takes.iter().map(|t| t.units).sum() }),
        Event::ReturnInspected(e) => changed(e.order, Change::Inspected { intact: e.intact, damaged: e.damaged }),
        Event::ReviewRouted(e) => changed(e.order, Change::Rerouted { units: planned(&e.decision) }),
        Event::OrderExpired(_) => Err(format!("{} answers no command", event.name())),
    }
}

fn placed(after: &Model, seq: Seq, e: &OrderPlaced, decision: &Decision) -> Result<Reply, String> {
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

fn changed(after: &Model, seq: Seq, order: OrderId, change: Change) -> Result<Reply, String> {
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

fn moved(seq: Seq, units: Units, short: Units) -> Reply {
    Reply::Moved(Moved { seq, units, short, replayed: false })
}

fn moved_by(seq: Seq, moves: &[Move]) -> Reply {
    let short = moves.iter().filter(|m| m.from == Bucket::Short).map(|m| m.units).sum();
    moved(seq, moves.iter().map(|m| m.units).sum(), short)
}

/// The change of an order whose last sub-orders, this many, were planned by a late payment.
fn paid_late(after: &Model, order: OrderId, late: usize) -> Result<Change, String> {
    let first = after.order(order)?.subs.len() + 1 - late;
    Ok(Change::PaidLate { first_sub: SubNo(first as u16) })
}

/// Units that a decision serves.
fn planned(decision: &Decision) -> Units {
    decision.subs.iter().flat_map(|sub| &sub.lines).map(|line| line.units).sum()
}
