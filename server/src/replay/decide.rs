//! One order decided, paid or cancelled by the engine.

use std::time::{Duration, Instant};

use stockade_core::command::{Cancel, CancelScope, Command, Line, OrderRef, Pay, Place, Request};
use stockade_core::ids::{Code, OrderId, Seq};
use stockade_core::orders::{Change, Stage};
use stockade_core::query::Query;
use stockade_core::reject::{Reject, Short};
use stockade_core::reply::{Changed, OrderView, Placed, Reply, SubOrderNow};
use stockade_core::time::Time;
use stockade_core::units::Units;

use super::lines::{CellChange, Verdict};
use super::target::Target;
use crate::failure::Failure;
use crate::files::OrderRecord;

/// The decision on an order.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) verdict: Verdict,
    /// The refusal's stable code.
    pub(super) code: Option<&'static str>,
    /// The refusal in words.
    pub(super) reason: Option<String>,
    /// The short SKUs of a refusal.
    pub(super) short: Vec<Short>,
    /// The promise, new or repeated.
    pub(super) placed: Option<Box<Placed>>,
    /// The latest event it depends on.
    pub(super) seen: Seq,
    /// How long the engine took; `None` when it was not asked.
    pub(super) took: Option<Duration>,
}

/// The outcome of a payment.
#[derive(Debug)]
pub(super) enum PaymentDone {
    /// Paid in time.
    Paid,
    /// Paid late, and held again: these units were taken.
    PaidLate(Seq, Vec<CellChange>),
    /// The money is owed back, as the stock was gone.
    RefundDue,
}

/// The outcome of a cancellation.
#[derive(Debug)]
pub(super) enum CancelDone {
    /// These units of the order are claimed no longer.
    Cancelled(OrderId, Seq, Vec<CellChange>),
    /// Nothing was done, for this reason.
    Not(Reject),
}

impl Decided {
    /// A decision made without the engine.
    pub(super) fn without_engine(verdict: Verdict, code: Option<&'static str>, reason: Option<String>) -> Decided {
        Decided { verdict, code, reason, short: Vec::new(), placed: None, seen: Seq(0), took: None }
    }
}

/// Places an order. Quantities that are not a number of units are refused here.
pub(super) fn place(target: &dyn Target, order: &OrderRecord, channel: &Code, now: Time) -> Result<Decided, Failure> {
    let units = |qty: i64| u64::try_from(qty).ok().filter(|qty| *qty > 0).map(Units);
    let line = |row: &crate::files::OrderRow| Some(Line { sku: row.sku.clone(), units: units(row.qty)? });
    let Some(lines) = order.lines.iter().map(line).collect::<Option<Vec<Line>>>() else {
        let bad = order.lines.iter().find(|row| row.qty <= 0).map_or(0, |row| row.qty);
        let reason = format!("the order is refused whole: a quantity of {bad} cannot be sold");
        return Ok(Decided::without_engine(Verdict::Refused, Some("invalid"), Some(reason)));
    };
    let place = Place {
        channel: channel.clone(),
        number: order.number.clone(),
        zone: order.zone.clone(),
        customer: order.customer.clone(),
        carrier: None,
        ship_complete: false,
        max_parcels: None,
        hold: None,
        lines,
    };
    let request = Request { key: None, occurred: None, command: Command::Place(place) };
    let begun = Instant::now();
    let answer = target.execute(&request, now)?;
    let took = Some(begun.elapsed());
    let code = answer.result.as_ref().err().map(Reject::code);
    let reason = answer.result.as_ref().err().map(ToString::to_string);
    let decided = |verdict, short, placed| Decided { verdict, code, reason, short, placed, seen: answer.seen, took };
    match answer.result {
        Ok(reply) => {
            let Reply::Placed(placed) = reply else { return Err(unexpected(&reply)) };
            let verdict = if placed.replayed { Verdict::Duplicate } else { Verdict::Placed };
            Ok(decided(verdict, Vec::new(), Some(placed)))
        }
        Err(reject) => {
            if !is_decision(&reject) {
                return Err(reject.into());
            }
            let conflicts = matches!(reject, Reject::Conflict { .. });
            let verdict = if conflicts { Verdict::Conflict } else { Verdict::Refused };
            let short = if let Reject::InsufficientStock { short } = reject { short } else { Vec::new() };
            Ok(decided(verdict, short, None))
        }
    }
}

/// Pays an order under a key of the replay.
pub(super) fn pay(target: &dyn Target, order: OrderId, nth: u64, now: Time) -> Result<PaymentDone, Failure> {
    let command = Command::Pay(Pay::new(OrderRef::Id(order)));
    let changed = changed(target.execute(&keyed("pay", nth, command)?, now)?.result?)?;
    match changed.change {
        Change::Paid => Ok(PaymentDone::Paid),
        Change::RefundDue { .. } => Ok(PaymentDone::RefundDue),
        Change::PaidLate { first_sub } => {
            let view = view(target, &OrderRef::Id(order), now)?.map_err(Failure::from)?;
            let subs = view.sub_orders.iter().filter(|sub| sub.promised.no >= first_sub);
            let mut cells = cells(subs);
            cells.iter_mut().for_each(|cell| cell.2 = -cell.2);
            Ok(PaymentDone::PaidLate(changed.seq, cells))
        }
        Change::Cancelled { .. }
        | Change::Extended { .. }
        | Change::Stepped { .. }
        | Change::Shorted { .. }
        | Change::Returned { .. }
        | Change::Inspected { .. }
        | Change::Rerouted { .. }
        | Change::Raised { .. }
        | Change::Split { .. } => {
            Err(Failure::failed(format!("the engine answered a payment with {:?}", changed.change)))
        }
    }
}

/// Cancels a whole order and returns what came free: the difference between the order before and after.
pub(super) fn cancel(
    target: &dyn Target,
    channel: &Code,
    number: &Code,
    nth: u64,
    now: Time,
) -> Result<CancelDone, Failure> {
    let order = OrderRef::Number { channel: channel.clone(), number: number.clone() };
    let before = match view(target, &order, now)? {
        Ok(view) => live(&view),
        Err(reject) => return Ok(CancelDone::Not(reject)),
    };
    let command = Command::Cancel(Cancel { order: order.clone(), scope: CancelScope::Order, reason: None });
    let changed = match target.execute(&keyed("cancel", nth, command)?, now)?.result {
        Ok(reply) => changed(reply)?,
        Err(reject) if is_decision(&reject) => return Ok(CancelDone::Not(reject)),
        Err(reject) => return Err(reject.into()),
    };
    let after = view(target, &order, now)?.map_err(Failure::from)?;
    let after = live(&after);
    let left = |sku: &Code, warehouse: &Code| {
        after.iter().find(|cell| cell.0 == *sku && cell.1 == *warehouse).map_or(0, |cell| cell.2)
    };
    let freed = before.into_iter().map(|(sku, warehouse, units)| {
        let left = left(&sku, &warehouse);
        (sku, warehouse, units - left)
    });
    Ok(CancelDone::Cancelled(changed.order, changed.seq, freed.filter(|cell| cell.2 != 0).collect()))
}

/// Whether a refusal is about what was asked, not about who asked nor about the state of the service.
pub(crate) fn is_decision(reject: &Reject) -> bool {
    match reject {
        Reject::InsufficientStock { .. }
        | Reject::Unroutable { .. }
        | Reject::CarrierNotEligible { .. }
        | Reject::Unknown { .. }
        | Reject::UnknownOrder { .. }
        | Reject::UnknownSubOrder { .. }
        | Reject::IllegalStep { .. }
        | Reject::NotEnoughUnits { .. }
        | Reject::CountTooOld { .. }
        | Reject::Conflict { .. }
        | Reject::Invalid { .. } => true,
        Reject::BadFile { .. }
        | Reject::StaleRules { .. }
        | Reject::Forbidden { .. }
        | Reject::Unauthenticated
        | Reject::TooLate
        | Reject::Overloaded { .. }
        | Reject::Unavailable { .. }
        | Reject::DurabilityUnavailable { .. }
        | Reject::OutcomeUnknown { .. }
        | Reject::Halted { .. } => false,
    }
}

pub(super) fn keyed(what: &str, nth: u64, command: Command) -> Result<Request, Failure> {
    let key = Code::new(&format!("replay-{what}-{nth}")).map_err(Failure::failed)?;
    Ok(Request { key: Some(key), occurred: None, command })
}

fn changed(reply: Reply) -> Result<Box<Changed>, Failure> {
    let Reply::Changed(changed) = reply else { return Err(unexpected(&reply)) };
    Ok(changed)
}

fn view(target: &dyn Target, order: &OrderRef, now: Time) -> Result<Result<Box<OrderView>, Reject>, Failure> {
    match target.query(&Query::Order(order.clone()), now)?.result {
        Ok(reply) => {
            let Reply::Order(view) = reply else { return Err(unexpected(&reply)) };
            Ok(Ok(view))
        }
        Err(reject) if is_decision(&reject) => Ok(Err(reject)),
        Err(reject) => Err(reject.into()),
    }
}

/// The units that lie in an order's sub-orders, or are yet to come to them, by SKU and warehouse.
fn live(view: &OrderView) -> Vec<CellChange> {
    cells(view.sub_orders.iter().filter(|sub| !matches!(sub.stage, Stage::Cancelled | Stage::Expired)))
}

fn cells<'a>(subs: impl Iterator<Item = &'a SubOrderNow>) -> Vec<CellChange> {
    let mut cells: std::collections::BTreeMap<(Code, Code), i64> = std::collections::BTreeMap::new();
    for sub in subs {
        for line in &sub.promised.lines {
            let units = i64::try_from(line.units.0).unwrap_or(i64::MAX);
            *cells.entry((line.sku.clone(), sub.promised.warehouse.clone())).or_default() += units;
        }
    }
    cells.into_iter().map(|((sku, warehouse), units)| (sku, warehouse, units)).collect()
}

pub(super) fn unexpected(reply: &Reply) -> Failure {
    Failure::failed(format!("the engine answered with {reply:?}"))
}
