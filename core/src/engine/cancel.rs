//! Giving up an order, a sub-order, or units of a line, as long as they have not left the warehouse.

use crate::command::{Cancel, CancelScope, Line};
use crate::engine::demand::invalid;
use crate::engine::lookup::{allowed, illegal};
use crate::engine::{Asked, Decided, Engine};
use crate::event::{Event, Move, OrderCancelled, SubTake};
use crate::ids::{SkuId, SubNo};
use crate::limits::REASON_BYTES_MAX;
use crate::orders::{Action, Order, SubOrder, Verdict, bucket_of, verdict};
use crate::reject::{CodeKind, Reject};
use crate::stock::Bucket;
use crate::units::Units;

/// What a cancellation takes.
#[derive(Default)]
struct Taken {
    takes: Vec<SubTake>,
    review: Vec<(SkuId, Units)>,
    moves: Vec<Move>,
}

impl Engine {
    /// Gives units back. Races with the outbound scan are decided here: whichever is first in the history wins.
    pub(super) fn cancel(&self, cancel: &Cancel, asked: Asked<'_>) -> Decided {
        if cancel.reason.as_ref().is_some_and(|reason| reason.len() > REASON_BYTES_MAX) {
            return Err(invalid("reason", format!("has at most {REASON_BYTES_MAX} bytes")).into());
        }
        self.change_order(&cancel.order, b'C', &(&cancel.scope, &cancel.reason), asked, |context| {
            let order = context.order;
            allowed(order, Action::Cancel)?;
            let taken = match &cancel.scope {
                CancelScope::Order => whole(order)?,
                CancelScope::Sub(no) => one(order, *no)?,
                CancelScope::Units(line) => self.units(order, line)?,
            };
            let Taken { takes, review, moves } = taken;
            let reason = cancel.reason.clone();
            Ok(Event::OrderCancelled(OrderCancelled { order: order.id, takes, review, moves, reason }))
        })
    }

    fn units(&self, order: &Order, line: &Line) -> Result<Taken, Reject> {
        let unknown = || Reject::Unknown { kind: CodeKind::Sku, codes: vec![line.sku.clone()] };
        let sku = self.skus.find(&line.sku).ok_or_else(unknown)?.id;
        if line.units.is_zero() {
            return Err(invalid("units", "must be at least 1".to_owned()));
        }
        let (mut taken, mut left) = (Taken::default(), line.units);
        if let Some((_, waiting)) = order.review.iter().find(|(waits, _)| *waits == sku) {
            let units = left.min(*waiting);
            taken.review.push((sku, units));
            left = left.saturating_sub(units);
        }
        for (no, sub) in order.numbered().rev() {
            if matches!(verdict(sub.stage, Action::Cancel), Verdict::To(_)) {
                left = left.saturating_sub(taken.take(no, sub, Some(sku), left));
            }
        }
        if left.is_zero() {
            return Ok(taken);
        }
        let can = line.units.saturating_sub(left);
        let reason = format!("{} units of {} were asked, {can} can still be cancelled", line.units, line.sku);
        Err(illegal(Action::Cancel, order, None, reason))
    }
}

fn whole(order: &Order) -> Result<Taken, Reject> {
    let live = || order.numbered().filter(|(_, sub)| !sub.is_gone());
    let stuck = live().find_map(|(no, sub)| match verdict(sub.stage, Action::Cancel) {
        Verdict::To(_) => None,
        Verdict::No(reason) => Some((no, sub, reason)),
    });
    if let Some((no, sub, reason)) = stuck {
        let open: Vec<String> = live()
            .filter(|(_, sub)| matches!(verdict(sub.stage, Action::Cancel), Verdict::To(_)))
            .map(|(no, _)| no.to_string())
            .collect();
        let rest = if open.is_empty() {
            String::new()
        } else {
            format!("; sub-orders that can still be cancelled one by one: {}", open.join(", "))
        };
        return Err(illegal(Action::Cancel, order, Some(sub.stage), format!("sub-order {no}: {reason}{rest}")));
    }
    let mut taken = Taken { review: order.review.clone(), ..Taken::default() };
    for (no, sub) in live() {
        taken.take(no, sub, None, Units::UNLIMITED);
    }
    Ok(taken)
}

fn one(order: &Order, no: SubNo) -> Result<Taken, Reject> {
    let count = u16::try_from(order.subs.len()).unwrap_or(u16::MAX);
    let sub = order.sub(no).ok_or(Reject::UnknownSubOrder { sub: no, count })?;
    match verdict(sub.stage, Action::Cancel) {
        Verdict::No(reason) => Err(illegal(Action::Cancel, order, Some(sub.stage), reason)),
        Verdict::To(_) => {
            let mut taken = Taken::default();
            taken.take(no, sub, None, Units::UNLIMITED);
            Ok(taken)
        }
    }
}

impl Taken {
    /// Takes up to `most` units of a SKU, or of every SKU, out of a sub-order; answers how many.
    fn take(&mut self, no: SubNo, sub: &SubOrder, sku: Option<SkuId>, most: Units) -> Units {
        let mut left = most;
        for line in sub.lines.iter().filter(|line| sku.is_none_or(|sku| line.sku == sku)) {
            let units = line.units.min(left);
            let Some(from) = bucket_of(sub.stage, line.pool).filter(|_| !units.is_zero()) else { continue };
            left = if most == Units::UNLIMITED { most } else { left.saturating_sub(units) };
            self.takes.push(SubTake { sub: no, sku: line.sku, pool: line.pool, units });
            let to = Bucket::free(sub.from_supplier, line.pool);
            self.moves.push(Move { sku: line.sku, warehouse: sub.warehouse, from, to, units });
        }
        most.saturating_sub(left)
    }
}
