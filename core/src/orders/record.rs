//! An order in as few bytes as it needs: how it is kept while nobody looks at it.
//!
//! Numbers are in LEB128 (DWARF 5, section 7.6), signed ones in zigzag, and most of them as the difference to something
//! beside them: a sub-order's SKUs to each other, instants to the one at which the order was placed. What identifies an
//! order comes first, so that it can be found without being read as a whole. The form is of this process alone and may
//! change with any version.

mod reader;
mod writer;

use crate::Actor;
use crate::decision::{CostParts, Figures, SubKind};
use crate::ids::{CarrierId, ChannelId, OrderId, PoolId, RefundNo, RulesVersion, Seq, SkuId, SubNo, WarehouseId};
use crate::money::Money;
use crate::orders::record::reader::Reader;
use crate::orders::record::writer::Writer;
use crate::orders::{
    Change, Elsewhere, Later, Memo, Moment, Order, OrderState, RefundReason, Since, Stage, Step, StepSet, SubLine,
    SubOrder, SubTake, What,
};
use crate::time::{Day, Time};
use crate::units::Units;

/// A packed order, or nothing in place of one that is not packed.
#[derive(Debug)]
pub(super) struct Record(Box<[u8]>);

/// Why a record can always be read.
const READABLE: &str = "a record is what was packed";

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
    put_actor(to, &order.placed_by, None);
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
    to.option(order.later.as_ref(), |to, since| put_since(to, since, order));
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
    let placed_by = take_actor(from, None)?;
    let first_deadline = Time(from.since(placed_at.0)?);
    let deadline = Time(from.since(first_deadline.0)?);
    let first_rules = from.u32()?;
    let rules_version = RulesVersion(u32::try_from(from.since(first_rules.into())?).ok()?);
    let score = Money(from.signed()?);
    let bound = Money(from.signed()?.wrapping_add(score.0));
    let first_subs = from.u16()?;
    let version = Seq(from.since(placed.0)?);
    let last_time = Time(from.since(placed_at.0)?);
    let mut order = Order {
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
        later: Later::default(),
        version,
        last_time,
    };
    if let Some(since) = from.option(|from| take_since(from, &order))? {
        order.later = Later::new(since);
    }
    from.end()?;
    Some(order)
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

fn put_since(to: &mut Writer, since: &Since, order: &Order) {
    to.list(&since.review, |to, (sku, units)| {
        to.number(sku.0);
        to.number(units.0);
    });
    to.list(&since.elsewhere, put_elsewhere);
    let mut last = order.placed.0;
    to.list(since.memory.memos(), |to, memo| {
        to.code(&memo.key);
        to.digest(memo.digest);
        to.since(memo.seq.0, std::mem::replace(&mut last, memo.seq.0));
        put_change(to, &memo.answer);
    });
    let mut last = (order.placed.0, order.placed_at.0);
    to.list(&since.moments, |to, moment| {
        let (seq, arrived) = std::mem::replace(&mut last, (moment.seq.0, moment.arrived.0));
        to.since(moment.seq.0, seq);
        to.since(moment.arrived.0, arrived);
        put_moment(to, moment, order);
    });
}

fn take_since(from: &mut Reader<'_>, order: &Order) -> Option<Since> {
    let review = from.list(|from| Some((SkuId(from.u32()?), Units(from.number()?))))?;
    let elsewhere = from.list(take_elsewhere)?;
    let mut last = order.placed.0;
    let memos = from.list(|from| {
        let (key, digest) = (from.code()?, from.digest()?);
        last = from.since(last)?;
        Some(Memo { key, digest, seq: Seq(last), answer: take_change(from)? })
    })?;
    let mut last = (order.placed.0, order.placed_at.0);
    let moments = from.list(|from| {
        last = (from.since(last.0)?, from.since(last.1)?);
        take_moment(from, (Seq(last.0), Time(last.1)), order)
    })?;
    Some(Since { review, elsewhere, memory: memos.into_iter().collect(), moments })
}

fn put_moment(to: &mut Writer, moment: &Moment, order: &Order) {
    match moment.what {
        What::Arrival => to.number(0u32),
        What::Step(step) => to.number(u32::from(step as u16) << 1),
        What::Event(number) => to.number(u32::from(number) << 1 | 1),
    }
    to.option(moment.sub, |to, sub| to.number(sub.0));
    to.since(moment.occurred.0, moment.arrived.0);
    put_actor(to, &moment.actor, Some(&order.placed_by));
    to.option(moment.reason.as_deref(), Writer::text);
}

fn take_moment(from: &mut Reader<'_>, (seq, arrived): (Seq, Time), order: &Order) -> Option<Moment> {
    let what = match from.u32()? {
        0 => What::Arrival,
        event if event & 1 == 1 => What::Event(u16::try_from(event >> 1).ok()?),
        step => What::Step(Step::numbered(u16::try_from(step >> 1).ok()?)?),
    };
    let sub = from.option(Reader::u16)?.map(SubNo);
    let occurred = Time(from.since(arrived.0)?);
    let actor = take_actor(from, Some(&order.placed_by))?;
    let reason = from.option(Reader::text)?.map(Box::from);
    Some(Moment { seq, what, sub, occurred, arrived, actor, reason })
}

/// Says only that it is the usual actor, when it is.
fn put_actor(to: &mut Writer, actor: &Actor, usual: Option<&Actor>) {
    match actor {
        actor if usual == Some(actor) => to.number(0u32),
        Actor::Timer => to.number(1u32),
        Actor::Engine => to.number(2u32),
        Actor::Named(name) => {
            to.number(3u32);
            to.code(name);
        }
    }
}

fn take_actor(from: &mut Reader<'_>, usual: Option<&Actor>) -> Option<Actor> {
    match from.number()? {
        0 => usual.cloned(),
        1 => Some(Actor::Timer),
        2 => Some(Actor::Engine),
        3 => from.code().map(Actor::Named),
        _ => None,
    }
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

fn put_change(to: &mut Writer, change: &Change) {
    let mut put = |kind: u16, numbers: &[u64]| {
        to.number(kind);
        numbers.iter().for_each(|number| to.number(*number));
    };
    match *change {
        Change::Paid => put(0, &[]),
        Change::PaidLate { first_sub } => put(1, &[first_sub.0.into()]),
        Change::RefundDue { refund, reason } => put(2, &[refund.0.into(), reason as u64]),
        Change::Cancelled { units } => put(3, &[units.0]),
        Change::Extended { until } => put(4, &[until.0]),
        Change::Stepped { sub, stage } => put(5, &[sub.0.into(), stage as u64]),
        Change::Shorted { missing, rerouted, review } => put(6, &[missing.0, rerouted.0, review.0]),
        Change::Returned { units } => put(7, &[units.0]),
        Change::Inspected { intact, damaged } => put(8, &[intact.0, damaged.0]),
        Change::Rerouted { units } => put(9, &[units.0]),
        Change::Raised { units, first_sub } => put(10, &[units.0, first_sub.0.into()]),
        Change::Split { sub, units } => put(11, &[sub.0.into(), units.0]),
    }
}

fn take_change(from: &mut Reader<'_>) -> Option<Change> {
    let units = |from: &mut Reader<'_>| from.number().map(Units);
    Some(match from.u16()? {
        0 => Change::Paid,
        1 => Change::PaidLate { first_sub: SubNo(from.u16()?) },
        2 => Change::RefundDue {
            refund: RefundNo(from.u32()?),
            reason: *RefundReason::ALL.get(usize::from(from.u16()?))?,
        },
        3 => Change::Cancelled { units: units(from)? },
        4 => Change::Extended { until: Time(from.number()?) },
        5 => Change::Stepped { sub: SubNo(from.u16()?), stage: *Stage::ALL.get(usize::from(from.u16()?))? },
        6 => Change::Shorted { missing: units(from)?, rerouted: units(from)?, review: units(from)? },
        7 => Change::Returned { units: units(from)? },
        8 => Change::Inspected { intact: units(from)?, damaged: units(from)? },
        9 => Change::Rerouted { units: units(from)? },
        10 => Change::Raised { units: units(from)?, first_sub: SubNo(from.u16()?) },
        11 => Change::Split { sub: SubNo(from.u16()?), units: units(from)? },
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
