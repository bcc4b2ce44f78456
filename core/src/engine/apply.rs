//! What each event does to the state. The same code runs live and in recovery, and it reads nothing but the event and
//! the state it changes: no rules, no clock, no configuration.

use crate::engine::commit::EngineLocked;
use crate::event::{Arrived, Envelope, Event, Move, OrderCancelled, PickShorted, PlainStep, SubTake};
use crate::ids::{OrderId, SkuId, WarehouseId};
use crate::orders::{KeyShard, Order};
use crate::reply::{OrderState, Stage};
use crate::rules::WarehouseStep;
use crate::stock::{Inbound, Overdrawn, StockShard};
use crate::units::Units;

/// An event that does not fit the state: a bug when it was just decided, a damaged history in recovery.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("SKU {sku} at warehouse {warehouse}: {error}")]
    Overdrawn { sku: SkuId, warehouse: WarehouseId, error: Overdrawn },
    #[error("SKU {0} was never defined")]
    UnknownSku(SkuId),
    #[error("order {0} does not exist")]
    UnknownOrder(OrderId),
    #[error("order {0} exists already")]
    OrderTaken(OrderId),
    #[error("order {order}: {what}")]
    Order { order: OrderId, what: &'static str },
    #[error("expected receipts: {0}")]
    Inbound(&'static str),
}

/// Applies an event to everything it touches.
pub(super) fn apply(locked: &mut EngineLocked<'_>, event: &Event, envelope: &Envelope) -> Result<(), Broken> {
    apply_stock(locked, event)?;
    if let Event::InboundChanged(e) = event {
        return e.arrived.iter().try_for_each(|arrived| arrive(locked, arrived));
    }
    match event.order() {
        Some(id) => apply_order(locked, id, event, envelope),
        None => Ok(()),
    }
}

fn apply_stock(locked: &mut EngineLocked<'_>, event: &Event) -> Result<(), Broken> {
    match event {
        Event::SkusDefined(e) => {
            for sku in &e.skus {
                let shard = locked.stock_mut(StockShard::of(sku.id));
                if !shard.has(sku.id) {
                    shard.define(sku.id);
                }
            }
        }
        Event::SafetySet(e) => {
            let shard = locked.stock_mut(StockShard::of(e.sku));
            if !shard.has(e.sku) {
                return Err(Broken::UnknownSku(e.sku));
            }
            shard.sku_mut(e.sku).set_safety(e.warehouse, e.units);
        }
        Event::InboundChanged(e) => {
            if let Some(opened) = &e.opened {
                let reference = e.reference.clone().ok_or(Broken::Inbound("a receipt without a reference"))?;
                let inbound = inbound(locked, opened.sku, e.warehouse)?;
                inbound.open(opened.receipt, reference, opened.day, opened.pool);
            }
            if let Some(dated) = &e.dated {
                let inbound = inbound(locked, dated.sku, e.warehouse)?;
                inbound.date(dated.receipt, dated.day).ok_or(Broken::Inbound("no such receipt to be dated"))?;
            }
        }
        _ => {}
    }
    for made in event.promises() {
        let inbound = inbound(locked, made.sku, made.warehouse)?;
        inbound.register(made.promise()).ok_or(Broken::Inbound("a ticket that was given before"))?;
    }
    let mut result = Ok(());
    event.each_move(|m| {
        if result.is_ok() {
            result = apply_move(locked, &m, event.corrects(&m));
        }
    });
    result
}

fn inbound<'a>(
    locked: &'a mut EngineLocked<'_>,
    sku: SkuId,
    warehouse: WarehouseId,
) -> Result<&'a mut Inbound, Broken> {
    let shard = locked.stock_mut(StockShard::of(sku));
    if !shard.has(sku) {
        return Err(Broken::UnknownSku(sku));
    }
    Ok(shard.sku_mut(sku).inbound_mut(warehouse))
}

/// Promised units of a sub-order come.
fn arrive(locked: &mut EngineLocked<'_>, arrived: &Arrived) -> Result<(), Broken> {
    let id = arrived.order;
    let order = locked.key_mut(KeyShard::of_id(id)).order_mut(id).ok_or(Broken::UnknownOrder(id))?;
    let waited = order.sub_mut(arrived.sub).and_then(|sub| sub.wait_less(arrived.units));
    waited.ok_or(Broken::Order { order: id, what: "it does not wait for the units that came" })
}

fn apply_move(locked: &mut EngineLocked<'_>, m: &Move, corrects: bool) -> Result<(), Broken> {
    let shard = locked.stock_mut(StockShard::of(m.sku));
    if !shard.has(m.sku) {
        return Err(Broken::UnknownSku(m.sku));
    }
    let overdrawn = |error| Broken::Overdrawn { sku: m.sku, warehouse: m.warehouse, error };
    let stock = shard.sku_mut(m.sku);
    if corrects { stock.correct(m) } else { stock.apply(m) }.map_err(overdrawn)
}

fn apply_order(locked: &mut EngineLocked<'_>, id: OrderId, event: &Event, envelope: &Envelope) -> Result<(), Broken> {
    let shard = locked.key_mut(KeyShard::of_id(id));
    if let Event::OrderPlaced(e) = event {
        let order = Order::place(e, envelope.arrived, envelope.occurred_at(), &envelope.actor);
        return shard.insert(order).ok_or(Broken::OrderTaken(id));
    }
    if let Event::OrderPromised(e) = event {
        let order = Order::promise(e, envelope.arrived, envelope.occurred_at(), &envelope.actor);
        return shard.insert(order).ok_or(Broken::OrderTaken(id));
    }
    let order = shard.order_mut(id).ok_or(Broken::UnknownOrder(id))?;
    let wrong = |what| Broken::Order { order: id, what };
    match event {
        Event::OrderPaid(_) => {
            order.state = OrderState::Paid;
            advance(order, Stage::Held, Stage::Allocated);
            advance(order, Stage::Promised, Stage::Waiting);
        }
        Event::OrderPaidLate(e) => {
            order.state = OrderState::Paid;
            order.append(&e.decision, Stage::Allocated);
        }
        Event::OrderPromisedLate(e) => {
            order.state = OrderState::Paid;
            order.append(&e.late.decision, Stage::Allocated);
            for decision in &e.ahead {
                order.append(decision, Stage::Waiting);
            }
        }
        Event::RefundDue(_) => order.state = OrderState::RefundDue,
        Event::OrderExpired(_) => {
            order.state = OrderState::Expired;
            advance(order, Stage::Held, Stage::Expired);
            order.subs.iter_mut().filter(|sub| sub.stage == Stage::Promised).for_each(|sub| sub.waiting = 0);
            advance(order, Stage::Promised, Stage::Expired);
        }
        Event::HoldExtended(e) => order.deadline = e.until,
        Event::OrderCancelled(e) => cancel(order, e).ok_or(wrong("it has not the units that are cancelled"))?,
        Event::SubStepped(e) => {
            let sub = order.sub_mut(e.sub).ok_or(wrong("it has no such sub-order"))?;
            sub.stage = e.stage;
            sub.steps |= e.step.warehouse_step().map_or(0, |step| 1 << step as u8);
            if let PlainStep::Label(waybill) = &e.step {
                sub.waybill = Some(waybill.clone());
            }
        }
        Event::PickShorted(e) => short(order, e).ok_or(wrong("it has not the units that are missing"))?,
        Event::ReturnReceived(e) => {
            each_line(order, &e.takes, |line, units| {
                line.returned = line.returned.saturating_add(units);
                line.in_inspection = line.in_inspection.saturating_add(units);
                (line.returned <= line.units).then_some(())
            })
            .ok_or(wrong("more came back than went out"))?;
        }
        Event::ReturnInspected(e) => {
            each_line(order, &e.takes, |line, units| {
                line.in_inspection = line.in_inspection.checked_sub(units)?;
                Some(())
            })
            .ok_or(wrong("more was inspected than came back"))?;
        }
        Event::ReviewRouted(e) => {
            take_review(order, &e.units).ok_or(wrong("its review has not the units that are routed"))?;
            order.append(&e.decision, Stage::Allocated);
        }
        Event::WorldApplied(_)
        | Event::RulesApplied(_)
        | Event::SkusDefined(_)
        | Event::StockMoved(_)
        | Event::StockCounted(_)
        | Event::SafetySet(_)
        | Event::OrderPlaced(_)
        | Event::OrderPromised(_)
        | Event::InboundChanged(_) => {}
    }
    Ok(())
}

fn advance(order: &mut Order, from: Stage, to: Stage) {
    for sub in &mut order.subs {
        if sub.stage == from {
            sub.stage = to;
        }
    }
}

fn cancel(order: &mut Order, event: &OrderCancelled) -> Option<()> {
    event.takes.iter().try_for_each(|take| order.remove(take))?;
    take_review(order, &event.review)?;
    drop_empty(order);
    for (no, units) in &event.waiting {
        order.sub_mut(*no)?.wait_less(*units)?;
    }
    if order.later.review.is_empty() && order.subs.iter().all(|sub| sub.is_gone()) {
        order.state = OrderState::Cancelled;
    }
    Some(())
}

fn short(order: &mut Order, event: &PickShorted) -> Option<()> {
    event.missing.iter().try_for_each(|take| order.remove(take))?;
    drop_empty(order);
    if let Some(decision) = &event.decision {
        order.append(decision, Stage::Allocated);
    }
    for (sku, units) in &event.review {
        match order.later.review.iter_mut().find(|(known, _)| known == sku) {
            Some((_, waiting)) => *waiting = waiting.saturating_add(*units),
            None => order.later.review.push((*sku, *units)),
        }
    }
    Some(())
}

/// A sub-order without units has nothing left to ship.
fn drop_empty(order: &mut Order) {
    for sub in &mut order.subs {
        if !sub.is_gone() && sub.units().is_zero() {
            sub.stage = Stage::Cancelled;
        }
    }
}

fn take_review(order: &mut Order, units: &[(SkuId, Units)]) -> Option<()> {
    for (sku, taken) in units {
        let (_, waiting) = order.later.review.iter_mut().find(|(known, _)| known == sku)?;
        *waiting = waiting.checked_sub(*taken)?;
    }
    order.later.review.retain(|(_, waiting)| !waiting.is_zero());
    Some(())
}

fn each_line(
    order: &mut Order,
    takes: &[SubTake],
    f: impl Fn(&mut crate::orders::SubLine, Units) -> Option<()>,
) -> Option<()> {
    takes.iter().try_for_each(|take| f(order.sub_mut(take.sub)?.line_mut(take.sku, take.pool)?, take.units))
}

impl PlainStep {
    /// The configurable warehouse step it is, if it is one.
    pub(crate) fn warehouse_step(&self) -> Option<WarehouseStep> {
        Some(match self {
            PlainStep::Pick => WarehouseStep::Pick,
            PlainStep::Pack => WarehouseStep::Pack,
            PlainStep::Weigh(_) => WarehouseStep::Weigh,
            PlainStep::Label(_) => WarehouseStep::Label,
            PlainStep::Scan => WarehouseStep::Scan,
            PlainStep::Pickup | PlainStep::Deliver | PlainStep::Confirm => return None,
        })
    }
}
