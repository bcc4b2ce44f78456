//! What can be read out of an event: its movements, what it is about, and its names.

use crate::event::{Decision, Event, Move, PlainStep, Promised};
use crate::ids::{OrderId, PoolId, RulesVersion, SubNo};
use crate::money::Money;
use crate::stock::Bucket;

impl Decision {
    /// The plan of nothing under some rules.
    pub fn none(rules_version: RulesVersion) -> Decision {
        let (subs, seen, prices) = (Vec::new(), Vec::new(), Vec::new());
        Decision { rules_version, score: Money::ZERO, bound: Money::ZERO, subs, seen, prices }
    }

    /// This plan and those for what is yet to come, as one.
    pub fn joined(&self, ahead: &[Decision]) -> Decision {
        let mut whole = self.clone();
        for decision in ahead {
            whole.score = whole.score.saturating_add(decision.score);
            whole.bound = whole.bound.saturating_add(decision.bound);
            whole.subs.extend(decision.subs.iter().cloned());
        }
        whole
    }

    /// The money of all parcels.
    pub fn cost(&self) -> Money {
        self.subs.iter().fold(Money::ZERO, |sum, sub| sum.saturating_add(sub.parts.total()))
    }

    fn each_move(&self, to: impl Fn(PoolId) -> Bucket, f: &mut impl FnMut(Move)) {
        for sub in &self.subs {
            for line in &sub.lines {
                f(Move {
                    sku: line.sku,
                    warehouse: sub.warehouse,
                    from: Bucket::free(sub.from_supplier, line.pool),
                    to: to(line.pool),
                    units: line.units,
                });
            }
        }
    }
}

impl Event {
    /// The promises it makes, in the order in which they are made.
    pub fn promises(&self) -> &[Promised] {
        match self {
            Event::OrderPromised(e) => &e.made,
            Event::OrderPromisedLate(e) => &e.made,
            Event::InboundChanged(e) => &e.made,
            _ => &[],
        }
    }

    /// Every order it changes.
    pub fn each_order(&self, mut f: impl FnMut(OrderId)) {
        match self {
            Event::InboundChanged(e) => e.arrived.iter().for_each(|arrived| f(arrived.order)),
            event => event.order().into_iter().for_each(f),
        }
    }

    /// Every movement of stock the event makes, in the order in which they apply.
    pub fn each_move(&self, mut f: impl FnMut(Move)) {
        let listed: &[Move] = match self {
            Event::WorldApplied(_)
            | Event::RulesApplied(_)
            | Event::SkusDefined(_)
            | Event::SafetySet(_)
            | Event::RefundDue(_)
            | Event::HoldExtended(_) => &[],
            Event::StockMoved(e) => &e.moves,
            Event::StockCounted(e) => &e.moves,
            Event::OrderPaid(e) => &e.moves,
            Event::OrderExpired(e) => &e.moves,
            Event::OrderCancelled(e) => &e.moves,
            Event::SubStepped(e) => &e.moves,
            Event::ReturnReceived(e) => &e.moves,
            Event::ReturnInspected(e) => &e.moves,
            Event::OrderPlaced(e) => return e.decision.each_move(Bucket::Held, &mut f),
            Event::OrderPaidLate(e) => return e.decision.each_move(|_| Bucket::Allocated, &mut f),
            Event::ReviewRouted(e) => return e.decision.each_move(|_| Bucket::Allocated, &mut f),
            Event::PickShorted(e) => {
                e.moves.iter().copied().for_each(&mut f);
                if let Some(decision) = &e.decision {
                    decision.each_move(|_| Bucket::Allocated, &mut f);
                }
                return;
            }
            Event::OrderPromised(e) => {
                e.placed.decision.each_move(Bucket::Held, &mut f);
                return e.made.iter().map(Promised::movement).for_each(f);
            }
            Event::OrderPromisedLate(e) => {
                e.late.decision.each_move(|_| Bucket::Allocated, &mut f);
                return e.made.iter().map(Promised::movement).for_each(f);
            }
            Event::InboundChanged(e) => {
                e.moves.iter().copied().for_each(&mut f);
                return e.made.iter().map(Promised::movement).for_each(f);
            }
        };
        listed.iter().copied().for_each(f);
    }

    /// Whether one of its movements only sets the books right: what a count or a short pick misses was missing before, so
    /// a count taken earlier must not be laid under it, or it would be deducted twice.
    pub const fn corrects(&self, m: &Move) -> bool {
        matches!(self, Event::StockCounted(_) | Event::PickShorted(_)) && (m.from.is_books() || m.to.is_books())
    }

    /// The order it is about, if it is about one.
    pub const fn order(&self) -> Option<OrderId> {
        match self {
            Event::WorldApplied(_)
            | Event::RulesApplied(_)
            | Event::SkusDefined(_)
            | Event::StockMoved(_)
            | Event::StockCounted(_)
            | Event::SafetySet(_)
            | Event::InboundChanged(_) => None,
            Event::OrderPromised(e) => Some(e.placed.order),
            Event::OrderPromisedLate(e) => Some(e.late.order),
            Event::OrderPlaced(e) => Some(e.order),
            Event::OrderPaid(e) => Some(e.order),
            Event::OrderPaidLate(e) => Some(e.order),
            Event::RefundDue(e) => Some(e.order),
            Event::OrderExpired(e) => Some(e.order),
            Event::HoldExtended(e) => Some(e.order),
            Event::OrderCancelled(e) => Some(e.order),
            Event::SubStepped(e) => Some(e.order),
            Event::PickShorted(e) => Some(e.order),
            Event::ReturnReceived(e) => Some(e.order),
            Event::ReturnInspected(e) => Some(e.order),
            Event::ReviewRouted(e) => Some(e.order),
        }
    }

    /// The sub-order it is about, if it is about one.
    pub fn sub(&self) -> Option<SubNo> {
        match self {
            Event::SubStepped(e) => Some(e.sub),
            Event::PickShorted(e) => Some(e.sub),
            Event::ReturnReceived(e) => e.takes.first().map(|take| take.sub),
            Event::ReturnInspected(e) => e.takes.first().map(|take| take.sub),
            _ => None,
        }
    }

    /// What a timeline calls it: the step's name for steps, else the event's.
    pub const fn moment(&self) -> &'static str {
        match self {
            Event::SubStepped(e) => match e.step {
                PlainStep::Pick => "pick",
                PlainStep::Pack => "pack",
                PlainStep::Weigh(_) => "weigh",
                PlainStep::Label(_) => "label",
                PlainStep::Scan => "scan",
                PlainStep::Pickup => "pickup",
                PlainStep::Deliver => "deliver",
                PlainStep::Confirm => "confirm",
            },
            _ => self.name(),
        }
    }

    /// The event's name in timelines and documents.
    pub const fn name(&self) -> &'static str {
        match self {
            Event::WorldApplied(_) => "world_applied",
            Event::RulesApplied(_) => "rules_applied",
            Event::SkusDefined(_) => "skus_defined",
            Event::StockMoved(_) => "stock_moved",
            Event::StockCounted(_) => "stock_counted",
            Event::SafetySet(_) => "safety_set",
            Event::OrderPlaced(_) => "order_placed",
            Event::OrderPaid(_) => "order_paid",
            Event::OrderPaidLate(_) => "order_paid_late",
            Event::RefundDue(_) => "refund_due",
            Event::OrderExpired(_) => "order_expired",
            Event::HoldExtended(_) => "hold_extended",
            Event::OrderCancelled(_) => "order_cancelled",
            Event::SubStepped(_) => "sub_stepped",
            Event::PickShorted(_) => "pick_shorted",
            Event::ReturnReceived(_) => "return_received",
            Event::ReturnInspected(_) => "return_inspected",
            Event::ReviewRouted(_) => "review_routed",
            Event::OrderPromised(_) => "order_promised",
            Event::OrderPromisedLate(_) => "order_promised_late",
            Event::InboundChanged(_) => "inbound_changed",
        }
    }
}
