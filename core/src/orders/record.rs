//! An order in as few bytes as it needs: how it is kept while nobody looks at it.
//!
//! Most numbers are written as the difference to something beside them: a sub-order's SKUs to each other, instants to the
//! one at which the order was placed. What identifies an order comes first, so that it can be found without being read as a
//! whole.

use crate::decision::{CostParts, Figures, SubKind};
use crate::ids::{CarrierId, ChannelId, OrderId, PoolId, RulesVersion, Seq, SkuId, SubNo, WarehouseId};
use crate::money::Money;
use crate::orders::packed::{READABLE, Reader, Writer};
use crate::orders::trail::Trail;
use crate::orders::{Elsewhere, Later, Order, OrderState, Since, Stage, StepSet, SubLine, SubOrder, SubTake};
use crate::time::{Day, Time};
use crate::units::Units;

/// A packed order, or nothing in place of one that is not packed.
#[derive(Debug)]
pub(super) struct Record(Box<[u8]>);

impl Record {
    /// Stands for an order that is not packed.
    pub fn pending() -> Record {
        Record(Box::default())
    }

    /// Whether it stands for an order that is not packed.
    #[inline]
    pub fn is_pending(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of memory.
    #[inline]
    pub fn memory(&self) -> u32 {
        self.0.len() as u32
    }

    /// Packs an order.
    pub fn pack(order: &Order) -> Record {
        let mut writer = Writer::new();
        put_order(&mut writer, order);
        Record(writer.finish())
    }

    /// The order with this id that was packed.
    pub fn open(&self, id: OrderId) -> Order {
        take_order(&mut Reader::new(&self.0), id).expect(READABLE)
    }

    /// Where the order stands, and its deadline: read without the rest.
    pub fn hold(&self) -> (OrderState, Time) {
        take_hold(&mut Reader::new(&self.0)).expect(READABLE)
    }

    /// Whether it is the order of a channel with a number.
    #[inline]
    pub fn is_of(&self, channel: ChannelId, number: &str) -> bool {
        let mut reader = Reader::new(&self.0);
        reader.u16() == Some(channel.0) && reader.text() == Some(number)
    }
}

fn put_order(to: &mut Writer, order: &Order) {
    to.number(order.channel.0);
    to.code(&order.number);
    to.digest(order.digest.into());
    to.option(order.zone.as_ref(), Writer::code);
    to.option(order.customer.as_ref(), Writer::code);
    to.option(order.carrier, |to, carrier| to.number(carrier.0));
    to.flag(order.ship_complete);
    to.option(order.max_parcels, |to, parcels| to.number(parcels));
    to.number(order.state as u16);
    to.flag(order.refund_due);
    to.number(order.placed.0);
    to.number(order.placed_at.0);
    to.since(order.placed_occurred.0, order.placed_at.0);
    to.actor(&order.placed_by, None);
    to.since(order.first_deadline.0, order.placed_at.0);
    to.since(order.deadline.0, order.first_deadline.0);
    to.number(order.first_rules.0);
    to.since(order.rules_version.0.into(), order.first_rules.0.into());
    to.signed(order.score.0);
    to.signed(order.bound.0.wrapping_sub(order.score.0));
    to.number(order.first_subs);
    to.since(order.version.0, order.placed.0);
    to.since(order.last_time.0, order.placed_at.0);
    to.list(&order.subs, put_sub);
    order.trail.put(to);
    to.option(order.later.as_ref(), put_since);
}

fn take_order(from: &mut Reader<'_>, id: OrderId) -> Option<Order> {
    let channel = ChannelId(from.u16()?);
    let number = from.code()?;
    let digest = from.digest()?.into();
    let zone = from.option(Reader::code)?;
    let customer = from.option(Reader::code)?;
    let carrier = from.option(Reader::u16)?.map(CarrierId);
    let ship_complete = from.flag()?;
    let max_parcels = from.option(Reader::u16)?;
    let state = *OrderState::ALL.get(usize::from(from.u16()?))?;
    let refund_due = from.flag()?;
    let placed = Seq(from.number()?);
    let placed_at = Time(from.number()?);
    let placed_occurred = Time(from.since(placed_at.0)?);
    let placed_by = from.actor(None)?;
    let first_deadline = Time(from.since(placed_at.0)?);
    let deadline = Time(from.since(first_deadline.0)?);
    let first_rules = from.u32()?;
    let rules_version = RulesVersion(u32::try_from(from.since(first_rules.into())?).ok()?);
    let score = Money(from.signed()?);
    let bound = Money(from.signed()?.wrapping_add(score.0));
    let first_subs = from.u16()?;
    let version = Seq(from.since(placed.0)?);
    let last_time = Time(from.since(placed_at.0)?);
    let order = Order {
        id,
        channel,
        number,
        digest,
        zone,
        customer,
        carrier,
        ship_complete,
        max_parcels,
        state,
        refund_due,
        placed,
        placed_at,
        placed_occurred,
        placed_by,
        first_deadline,
        deadline,
        first_rules: RulesVersion(first_rules),
        rules_version,
        score,
        bound,
        first_subs,
        subs: from.list(take_sub)?,
        trail: Trail::take(from)?,
        later: from.option(take_since)?.map(Later::new).unwrap_or_default(),
        version,
        last_time,
    };
    from.end()?;
    Some(order)
}

/// The state and the deadline, as [`put_order`] wrote them.
fn take_hold(from: &mut Reader<'_>) -> Option<(OrderState, Time)> {
    let (_channel, _number, _digest) = (from.u16()?, from.text()?, from.digest()?);
    let (_zone, _customer) = (from.option(Reader::text)?, from.option(Reader::text)?);
    let (_carrier, _ship_complete, _max_parcels) = (from.option(Reader::u16)?, from.flag()?, from.option(Reader::u16)?);
    let state = *OrderState::ALL.get(usize::from(from.u16()?))?;
    let (_refund_due, _placed, placed_at) = (from.flag()?, from.number()?, from.number()?);
    let (_placed_occurred, _placed_by) = (from.signed()?, from.actor(None)?);
    let first_deadline = from.since(placed_at)?;
    Some((state, Time(from.since(first_deadline)?)))
}

fn put_sub(to: &mut Writer, sub: &SubOrder) {
    to.number(sub.warehouse.0);
    to.number(sub.carrier.0);
    to.option(sub.kind.due(), |to, day| to.number(day.0));
    to.number(sub.hours);
    put_figures(to, &Figures { weight_g: sub.weight_g, parts: sub.parts });
    to.option(sub.first.as_deref(), put_figures);
    to.flag(sub.from_supplier);
    to.number(sub.stage as u16);
    to.number(sub.steps.bits());
    to.number(sub.waiting);
    to.option(sub.waybill.as_ref(), Writer::code);
    let mut last = 0;
    to.list(&sub.lines, |to, line| {
        to.since(line.sku.0.into(), std::mem::replace(&mut last, line.sku.0.into()));
        put_line(to, line);
    });
}

fn take_sub(from: &mut Reader<'_>) -> Option<SubOrder> {
    let (warehouse, carrier) = (WarehouseId(from.u16()?), CarrierId(from.u16()?));
    let kind = from.option(Reader::u32)?.map_or(SubKind::Regular, |day| SubKind::Presale(Day(day)));
    let hours = from.u32()?;
    let Figures { weight_g, parts } = take_figures(from)?;
    let first = from.option(take_figures)?.map(Box::new);
    let from_supplier = from.flag()?;
    let stage = *Stage::ALL.get(usize::from(from.u16()?))?;
    let steps = StepSet::of_bits(from.u32()?);
    let waiting = from.u32()?;
    let waybill = from.option(Reader::code)?;
    let mut last = 0;
    let lines = from.list(|from| {
        last = from.since(last)?;
        take_line(from, SkuId(u32::try_from(last).ok()?))
    })?;
    Some(SubOrder {
        warehouse,
        carrier,
        kind,
        hours,
        weight_g,
        parts,
        first,
        from_supplier,
        stage,
        steps,
        waiting,
        waybill,
        lines,
    })
}

/// What is not its SKU. Nothing is said of what was taken out or came back when nothing was, nor did.
fn put_line(to: &mut Writer, line: &SubLine) {
    let is_whole = SubLine::new(line.sku, line.pool, line.promised) == *line;
    to.number(u32::from(line.pool.0) << 1 | u32::from(!is_whole));
    to.number(line.promised.0);
    if !is_whole {
        [line.units, line.in_inspection, line.returned].iter().for_each(|units| to.number(units.0));
    }
}

fn take_line(from: &mut Reader<'_>, sku: SkuId) -> Option<SubLine> {
    let pool = from.u32()?;
    let mut line = SubLine::new(sku, PoolId(u16::try_from(pool >> 1).ok()?), Units(from.number()?));
    if pool & 1 == 1 {
        for units in [&mut line.units, &mut line.in_inspection, &mut line.returned] {
            *units = Units(from.number()?);
        }
    }
    Some(line)
}

fn put_figures(to: &mut Writer, figures: &Figures) {
    to.number(figures.weight_g);
    let CostParts { parcel, unit, first_kg, further_kg } = figures.parts;
    [parcel, unit, first_kg, further_kg].iter().for_each(|part| to.signed(part.0));
}

fn take_figures(from: &mut Reader<'_>) -> Option<Figures> {
    let weight_g = from.number()?;
    let mut part = || from.signed().map(Money);
    Some(Figures {
        weight_g,
        parts: CostParts { parcel: part()?, unit: part()?, first_kg: part()?, further_kg: part()? },
    })
}

fn put_since(to: &mut Writer, since: &Since) {
    to.list(&since.review, |to, (sku, units)| {
        to.number(sku.0);
        to.number(units.0);
    });
    to.list(&since.elsewhere, put_elsewhere);
}

fn take_since(from: &mut Reader<'_>) -> Option<Since> {
    let review = from.list(|from| Some((SkuId(from.u32()?), Units(from.number()?))))?;
    Some(Since { review, elsewhere: from.list(take_elsewhere)? })
}

fn put_elsewhere(to: &mut Writer, Elsewhere { warehouse, take }: &Elsewhere) {
    to.number(warehouse.0);
    to.number(take.sub.0);
    to.number(take.sku.0);
    to.number(take.pool.0);
    to.number(take.units.0);
}

fn take_elsewhere(from: &mut Reader<'_>) -> Option<Elsewhere> {
    let warehouse = WarehouseId(from.u16()?);
    let (sub, sku) = (SubNo(from.u16()?), SkuId(from.u32()?));
    let (pool, units) = (PoolId(from.u16()?), Units(from.number()?));
    Some(Elsewhere { warehouse, take: SubTake { sub, sku, pool, units } })
}

#[cfg(test)]
mod tests;
