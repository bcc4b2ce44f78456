//! Commands about orders.

use std::collections::BTreeMap;

use stockade_core::command::{
    Cancel, CancelScope, CloseRefund, Command, ExtendHold, InspectAt, Inspected, Line, OrderRef, Pay, Place, Raise,
    Request, Reroute, RerouteApart, ReturnTo, Split, StepAction, TakeStep,
};
use stockade_core::ids::{Code, RefundNo, Seq, SkuId, SubNo, WarehouseId};
use stockade_core::limits::{LINE_UNITS_MAX, SKEW};
use stockade_core::money::Money;
use stockade_core::orders::{OrderState, Stage};
use stockade_core::time::Span;
use stockade_core::units::Units;

use super::workload::{Make, Workload, code};
use super::world::{CHANNELS, ZONES};
use crate::model::{Model, Order, Sub, takes_returns};

/// Commands on orders, by how often they occur.
pub(super) const ORDERS: [(u64, Make); 13] = [
    (30, Workload::place),
    (14, Workload::pay),
    (1, Workload::pay_unplaced),
    (2, Workload::close_refund),
    (7, Workload::cancel),
    (2, Workload::extend),
    (26, Workload::step),
    (3, Workload::short_pick),
    (4, Workload::give_back),
    (4, Workload::inspect),
    (3, Workload::reroute),
    (2, Workload::raise),
    (2, Workload::split),
];

/// Orders looked at, at most, for one that fits.
const SEARCHED: usize = 600;

impl Workload {
    pub(super) fn place(&mut self, model: &Model) -> Option<Request> {
        let channel = self.rng.pick(&CHANNELS).copied()?;
        let lines = self.lines(model, channel)?;
        let number = self.fresh("o");
        let mut place = Place {
            channel: code(channel),
            number,
            zone: match self.rng.below(10) {
                0 => None,
                1 => Some(code("elsewhere")),
                n => Some(code(ZONES[n as usize % ZONES.len()])),
            },
            customer: self.rng.percent(30).then(|| code("someone")),
            carrier: self.rng.percent(12).then(|| code(&format!("C{}", self.rng.below(self.shape.carriers)))),
            ship_complete: self.rng.percent(10),
            max_parcels: self.rng.percent(12).then(|| self.rng.within(1, 3) as u16),
            hold: self.rng.percent(30).then(|| Span::from_secs(self.rng.within(1, 1_200))),
            lines,
        };
        match self.rng.below(200) {
            0 => place.channel = code("nobody"),
            1 => place.carrier = Some(code("nobody")),
            2 => place.lines.push(Line { sku: code("nothing"), units: Units(1) }),
            3 => place.lines.clear(),
            4 => place.lines[0].units = Units(0),
            5 => place.lines[0].units = Units(LINE_UNITS_MAX + 1),
            6 => place.hold = Some(Span::from_mins(60 * 24 * 31)),
            7 => place.max_parcels = Some(0),
            _ => {}
        }
        // A quote of the same order has no time that could be wrong.
        let occurred = self.occurred().map(|at| at.min(self.now + SKEW));
        Some(Request { key: None, occurred, command: Command::Place(place) })
    }

    /// Lines that can be served, to the last unit sometimes, or are short by a little.
    fn lines(&mut self, model: &Model, channel: &str) -> Option<Vec<Line>> {
        let channel = model.world.as_ref()?.channel_id(&code(channel))?;
        // What stock does not serve may be promised out of what is expected.
        let short = self.rng.percent(if model.inbound.is_empty() { 15 } else { 25 });
        let mut skus: Vec<SkuId> = (0..model.skus.len()).map(|n| SkuId(n as u32)).collect();
        if !short {
            skus.retain(|sku| model.sellable(*sku, channel).0 > 0);
        }
        let mut lines = Vec::new();
        for _ in 0..self.rng.within(1, 4).min(skus.len() as u64) {
            let at = self.rng.below(skus.len() as u64) as usize;
            let sku = skus.swap_remove(at);
            let there = model.sellable(sku, channel).0.min(40);
            let units = match self.rng.below(10) {
                0 | 1 => there,
                _ => self.rng.within(1, there.clamp(1, 6)),
            };
            let units = if short && lines.is_empty() { there + self.rng.within(1, 2) } else { units.max(1) };
            let sku = model.skus[sku.index()].code.clone();
            if units > 1 && self.rng.percent(10) {
                lines.push(Line { sku: sku.clone(), units: Units(1) });
                lines.push(Line { sku, units: Units(units - 1) });
            } else {
                lines.push(Line { sku, units: Units(units) });
            }
        }
        (!lines.is_empty()).then_some(lines)
    }

    fn pay(&mut self, model: &Model) -> Option<Request> {
        let order = match self.rng.below(20) {
            0..2 => self.any_order(model, |_| true),
            2..5 => self.any_order(model, |o| o.state == OrderState::Expired),
            _ => self.any_order(model, |o| o.state == OrderState::Held),
        }?;
        if order.state == OrderState::Held && self.rng.percent(8) {
            // At the deadline, or a moment before or after it.
            let at = order.expires_at + Span(self.rng.below(2)) - Span(self.rng.below(2));
            self.now = self.now.max(at);
        }
        let order = self.name(model, order);
        Some(self.payment(order))
    }

    /// A payment with a reference of a few, so that the same ones come again, or without.
    fn payment(&mut self, order: OrderRef) -> Request {
        let payment = self.rng.percent(70).then(|| code(&format!("R-{}", self.rng.below(3))));
        let amount = self.rng.percent(50).then(|| Money(self.rng.within(0, 100) as i64 * 250_000));
        let amount = if self.rng.percent(1) { Some(Money(-1)) } else { amount };
        self.keyed(Command::Pay(Pay { order, payment, amount }))
    }

    /// A payment for a number that was never placed, or is placed next.
    fn pay_unplaced(&mut self, _: &Model) -> Option<Request> {
        let number = match self.rng.percent(50) {
            true => code(&format!("u{}", self.rng.below(8))),
            false => self.upcoming("o"),
        };
        let order = OrderRef::Number { channel: code(self.rng.pick(&CHANNELS)?), number };
        Some(self.payment(order))
    }

    fn close_refund(&mut self, model: &Model) -> Option<Request> {
        let purses: Vec<_> = model.purses.iter().filter(|(_, purse)| !purse.refunds.is_empty()).collect();
        let (number, purse) = *self.rng.pick(&purses)?;
        let one_more = u64::from(self.rng.percent(5));
        let refund = RefundNo(self.rng.within(1, purse.refunds.len() as u64 + one_more) as u32);
        let reference = code(&format!("B-{}", self.rng.below(3)));
        let order = match (self.rng.percent(50), model.numbers.get(number)) {
            (true, Some(id)) => OrderRef::Id(*id),
            _ => {
                let channel = model.world.as_ref()?.channel(number.0)?.code.clone();
                OrderRef::Number { channel, number: number.1.clone() }
            }
        };
        let command = Command::CloseRefund(CloseRefund { order, refund, reference });
        // A refund and its reference are their own key.
        Some(Request { key: None, ..self.keyed(command) })
    }

    fn cancel(&mut self, model: &Model) -> Option<Request> {
        let order = match self.rng.below(20) {
            0..2 => self.any_order(model, |_| true),
            2 => self.any_order(model, |o| o.state == OrderState::Expired),
            _ => self.any_order(model, |o| {
                matches!(o.state, OrderState::Held | OrderState::Paid) && o.subs.iter().any(Sub::is_inside)
            }),
        }?;
        let scope = match self.rng.below(3) {
            0 => CancelScope::Order,
            1 => {
                let one_more = u64::from(self.rng.percent(5));
                CancelScope::Sub(SubNo(self.rng.within(1, order.subs.len() as u64 + one_more) as u16))
            }
            _ => {
                let is_open = |s: &Sub| s.is_inside() || order.state == OrderState::Expired;
                let (sku, units) = self.some_units(order, |s| is_open(s).then_some(()), |l| l.units)?;
                let units = if self.rng.percent(10) { units + 1 } else { units };
                let sku = model.skus[sku.index()].code.clone();
                CancelScope::Units(Line { sku, units: Units(units) })
            }
        };
        let reason = self.rng.percent(20).then(|| "changed my mind".to_owned());
        let order = self.name(model, order);
        Some(self.keyed(Command::Cancel(Cancel { order, scope, reason })))
    }

    fn extend(&mut self, model: &Model) -> Option<Request> {
        let order = self.any_order(model, |o| o.state == OrderState::Held)?;
        let until = match self.rng.below(10) {
            0 => order.expires_at,
            1 => self.now + Span::from_mins(60 * 24 * 40),
            _ => order.expires_at + Span::from_secs(self.rng.within(1, 900)),
        };
        let order = self.name(model, order);
        Some(self.keyed(Command::ExtendHold(ExtendHold { order, until })))
    }

    fn step(&mut self, model: &Model) -> Option<Request> {
        let order = match self.rng.below(30) {
            0 => self.any_order(model, |_| true),
            _ => self.any_order(model, |o| o.state == OrderState::Paid),
        }?;
        let sub = self.rng.below(order.subs.len() as u64) as usize;
        let waybill = || code(&format!("wb-{}-{}", order.id, sub + 1));
        let natural = match order.subs[sub].stage {
            Stage::Allocated => StepAction::Pick,
            Stage::Picking => match self.rng.below(4) {
                0 => StepAction::Label(waybill()),
                1 => StepAction::Weigh(self.rng.within(1, 5_000) as u32),
                _ => StepAction::Pack,
            },
            Stage::Packed if self.rng.percent(8) => StepAction::Unpack,
            Stage::Packed if order.subs[sub].waybill.is_none() && self.rng.percent(40) => StepAction::Label(waybill()),
            Stage::Packed => StepAction::Scan(match self.rng.below(5) {
                0 => Some(code("someone-elses")),
                1 | 2 => order.subs[sub].waybill.clone(),
                _ => None,
            }),
            Stage::Outbound if self.rng.percent(20) => StepAction::Unscan,
            Stage::Outbound => StepAction::Pickup,
            Stage::PickedUp => match self.rng.below(8) {
                0 => StepAction::Undelivered,
                1 => StepAction::Refused,
                2 | 3 => StepAction::Lost,
                _ => StepAction::Deliver,
            },
            Stage::Delivered => match self.rng.below(8) {
                0 => StepAction::Undelivered,
                1 => StepAction::Lost,
                _ => StepAction::Confirm,
            },
            Stage::Undelivered => match self.rng.below(4) {
                0 => StepAction::Pickup,
                1 => StepAction::Deliver,
                2 => StepAction::Lost,
                _ => StepAction::Return(Vec::new()),
            },
            Stage::Promised
            | Stage::Held
            | Stage::Waiting
            | Stage::Confirmed
            | Stage::Cancelled
            | Stage::Expired
            | Stage::Lost => StepAction::Confirm,
        };
        let action = if self.rng.percent(8) {
            let any = [StepAction::Pick, StepAction::Pack, StepAction::Scan(None), StepAction::Pickup];
            let more = [StepAction::Deliver, StepAction::Confirm, StepAction::Weigh(7), StepAction::Label(waybill())];
            let back = [StepAction::Unpack, StepAction::Unscan, StepAction::Undelivered, StepAction::Refused];
            self.rng
                .pick(&any.into_iter().chain(more).chain(back).chain([StepAction::Lost]).collect::<Vec<_>>())?
                .clone()
        } else {
            natural
        };
        Some(self.step_of(model, order, sub, action))
    }

    fn short_pick(&mut self, model: &Model) -> Option<Request> {
        let order = self.any_order(model, |o| {
            o.state == OrderState::Paid && o.subs.iter().any(|s| matches!(s.stage, Stage::Allocated | Stage::Picking))
        })?;
        let sub = self.rng.below(order.subs.len() as u64) as usize;
        let mut found = Vec::new();
        for (sku, units) in by_sku(&order.subs[sub], |l| l.units) {
            if self.rng.percent(60) {
                // Now and then not fewer than asked, which is no short pick.
                let not_short = u64::from(self.rng.percent(3));
                let units = Units(self.rng.below(units + not_short));
                found.push(Line { sku: model.skus[sku.index()].code.clone(), units });
            }
        }
        (!found.is_empty()).then(|| self.step_of(model, order, sub, StepAction::Short(found)))
    }

    fn give_back(&mut self, model: &Model) -> Option<Request> {
        let out = |s: &Sub| s.stage == Stage::Outbound || takes_returns(s.stage);
        let order = self.any_order(model, |o| o.subs.iter().any(out))?;
        let sub = self.rng.below(order.subs.len() as u64) as usize;
        let mut lines = Vec::new();
        if self.rng.percent(60) {
            for (sku, units) in by_sku(&order.subs[sub], |l| l.out()) {
                let one_more = u64::from(self.rng.percent(3));
                let units = Units(self.rng.within(1, units + one_more));
                lines.push(Line { sku: model.skus[sku.index()].code.clone(), units });
            }
        }
        let action = match self.some_place(40) {
            Some(warehouse) => StepAction::ReturnTo(ReturnTo { warehouse, lines }),
            None => StepAction::Return(lines),
        };
        Some(self.step_of(model, order, sub, action))
    }

    fn inspect(&mut self, model: &Model) -> Option<Request> {
        let order = self.any_order(model, |o| o.subs.iter().any(|s| s.in_inspection() > 0))?;
        let sub = self.rng.below(order.subs.len() as u64) as usize;
        let mut results = Vec::new();
        if self.rng.percent(60) {
            for (sku, units) in by_sku(&order.subs[sub], |l| l.inspection) {
                let one_more = u64::from(self.rng.percent(3));
                let units = self.rng.within(1, units + one_more);
                let intact = self.rng.below(units + 1);
                let sku = model.skus[sku.index()].code.clone();
                results.push(Inspected { sku, intact: Units(intact), damaged: Units(units - intact) });
            }
        }
        let places: Vec<WarehouseId> = order.subs[sub].inspected_at().into_keys().map(|(_, at)| at).collect();
        let there = self.rng.pick(&places).copied().filter(|_| self.rng.percent(50));
        let there = there.and_then(|at| model.world.as_ref()?.warehouse(at)).map(|place| place.code.clone());
        let action = match there.or_else(|| self.some_place(4)) {
            Some(warehouse) => StepAction::InspectAt(InspectAt { warehouse, lines: results }),
            None => StepAction::Inspect(results),
        };
        Some(self.step_of(model, order, sub, action))
    }

    /// A warehouse, so many times in a hundred, and now and then one that there is not.
    fn some_place(&mut self, percent: u64) -> Option<Code> {
        let chosen = self.rng.percent(percent);
        let unknown = self.rng.percent(3);
        let n = self.rng.below(self.shape.warehouses);
        chosen.then(|| if unknown { code("nowhere") } else { code(&format!("W{n}")) })
    }

    fn raise(&mut self, model: &Model) -> Option<Request> {
        let order = match self.rng.below(15) {
            0 => self.any_order(model, |_| true),
            _ => self.any_order(model, |o| o.state == OrderState::Held),
        }?;
        let skus: Vec<SkuId> = order.skus().into_iter().collect();
        let sku = match self.rng.below(20) {
            0 => SkuId(self.rng.below(model.skus.len() as u64) as u32),
            _ => *self.rng.pick(&skus)?,
        };
        let there = model.sellable(sku, order.channel).0;
        let units = match self.rng.below(12) {
            0 => 0,
            1 => LINE_UNITS_MAX,
            2 => there.saturating_add(1).min(LINE_UNITS_MAX),
            3 => there.min(40),
            _ => self.rng.within(1, there.clamp(1, 4)),
        };
        let line = Line { sku: model.skus[sku.index()].code.clone(), units: Units(units) };
        let order = self.name(model, order);
        Some(self.keyed(Command::Raise(Raise { order, line })))
    }

    fn split(&mut self, model: &Model) -> Option<Request> {
        let open = |s: &Sub| matches!(s.stage, Stage::Allocated | Stage::Picking) && s.units() > 1;
        let order = match self.rng.below(15) {
            0 => self.any_order(model, |_| true),
            _ => self.any_order(model, |o| o.state == OrderState::Paid && o.subs.iter().any(open)),
        }?;
        let fitting: Vec<usize> = (0..order.subs.len()).filter(|n| open(&order.subs[*n])).collect();
        let sub = self.rng.pick(&fitting).copied().unwrap_or(0);
        let mut lines = Vec::new();
        for (sku, units) in by_sku(&order.subs[sub], |l| l.units) {
            if self.rng.percent(60) {
                let one_more = u64::from(self.rng.percent(4));
                let units = Units(self.rng.within(1, units + one_more));
                lines.push(Line { sku: model.skus[sku.index()].code.clone(), units });
            }
        }
        let sub = SubNo(sub as u16 + 1 + u16::from(self.rng.percent(1)));
        let order = self.name(model, order);
        Some(self.keyed(Command::Split(Split { order, sub, lines })))
    }

    fn reroute(&mut self, model: &Model) -> Option<Request> {
        let order = match self.rng.below(20) {
            0 => self.any_order(model, |_| true),
            _ => self.any_order(model, |o| !o.review.is_empty()),
        }?;
        let order = self.name(model, order);
        let command = match self.rng.percent(30) {
            true => Command::RerouteApart(RerouteApart { order }),
            false => Command::Reroute(Reroute { order }),
        };
        Some(self.keyed(command))
    }

    fn step_of(&mut self, model: &Model, order: &Order, sub: usize, action: StepAction) -> Request {
        let sub = SubNo(sub as u16 + 1 + u16::from(self.rng.percent(1)));
        let order = self.name(model, order);
        self.keyed(Command::Step(TakeStep { order, sub, action }))
    }

    /// An order that fits: mostly one of those touched last, else one of any age. The search is given up after a while, so
    /// that it takes no longer the more orders there are.
    fn any_order<'m>(&mut self, model: &'m Model, fits: impl Fn(&Order) -> bool) -> Option<&'m Order> {
        let (seq, most) = match self.rng.percent(70) {
            true => (model.seq, 12),
            false => (Seq(self.rng.within(0, model.seq.0)), 200),
        };
        let from = |seq| model.orders.touched_until(seq).take(SEARCHED).filter(|order| fits(order)).take(most);
        let mut fitting: Vec<&Order> = from(seq).collect();
        if fitting.is_empty() {
            fitting = from(model.seq).collect();
        }
        self.rng.pick(&fitting).copied()
    }

    /// An order by its id or by its number.
    fn name(&mut self, model: &Model, order: &Order) -> OrderRef {
        if self.rng.percent(1) {
            return OrderRef::Number { channel: code("web"), number: code("never-placed") };
        }
        match model.world.as_ref().and_then(|w| w.channel(order.channel)) {
            Some(channel) if self.rng.percent(50) => {
                OrderRef::Number { channel: channel.code.clone(), number: order.number.clone() }
            }
            _ => OrderRef::Id(order.id),
        }
    }

    fn some_units(
        &mut self,
        order: &Order,
        of: impl Fn(&Sub) -> Option<()>,
        units: impl Fn(&crate::model::SubLine) -> u64,
    ) -> Option<(SkuId, u64)> {
        let mut there: BTreeMap<SkuId, u64> = order.review.clone();
        for sub in order.subs.iter().filter(|s| of(s).is_some()) {
            for (sku, n) in by_sku(sub, &units) {
                *there.entry(sku).or_default() += n;
            }
        }
        let there: Vec<(SkuId, u64)> = there.into_iter().collect();
        let (sku, most) = *self.rng.pick(&there)?;
        Some((sku, self.rng.within(1, most)))
    }
}

/// Units of a sub-order by SKU.
fn by_sku(sub: &Sub, units: impl Fn(&crate::model::SubLine) -> u64) -> BTreeMap<SkuId, u64> {
    let mut sums = BTreeMap::new();
    for ((sku, _), line) in &sub.lines {
        if units(line) > 0 {
            *sums.entry(*sku).or_default() += units(line);
        }
    }
    sums
}
