//! What commands and events are about, kind by kind.

use stockade_core::command::{Cancel, Command, ExtendHold, OrderRef, Pay, Reroute, TakeStep};
use stockade_core::event::Event;
use stockade_core::ids::{OrderId, SubNo};
use stockade_core::orders::SubTake;

use super::lifecycle;

/// The order that a command names, unless it places one or is about stock or configuration.
pub(super) fn order_named(command: &mut Command) -> Option<&mut OrderRef> {
    match command {
        Command::Pay(Pay { order })
        | Command::Cancel(Cancel { order, .. })
        | Command::ExtendHold(ExtendHold { order, .. })
        | Command::Step(TakeStep { order, .. })
        | Command::Reroute(Reroute { order }) => Some(order),
        Command::Place(_)
        | Command::ApplyWorld(_)
        | Command::ApplyRules(_)
        | Command::DefineSkus(_)
        | Command::Receive(_)
        | Command::Adjust(_)
        | Command::Count(_)
        | Command::Transfer(_)
        | Command::Arrive(_)
        | Command::MovePool(_)
        | Command::SetSafety(_)
        | Command::Expect(_) => None,
    }
}

/// The order an event is about, and the sub-order if it is about one.
pub(super) fn subject(event: &Event) -> Option<(OrderId, Option<SubNo>)> {
    let first = |takes: &[SubTake]| takes.first().map(|take| take.sub);
    match event {
        Event::WorldApplied(_)
        | Event::RulesApplied(_)
        | Event::SkusDefined(_)
        | Event::StockMoved(_)
        | Event::StockCounted(_)
        | Event::SafetySet(_)
        | Event::InboundChanged(_) => None,
        Event::OrderPromised(e) => Some((e.placed.order, None)),
        Event::OrderPromisedLate(e) => Some((e.late.order, None)),
        Event::OrderPlaced(e) => Some((e.order, None)),
        Event::OrderPaid(e) => Some((e.order, None)),
        Event::OrderPaidLate(e) => Some((e.order, None)),
        Event::RefundDue(e) => Some((e.order, None)),
        Event::OrderExpired(e) => Some((e.order, None)),
        Event::HoldExtended(e) => Some((e.order, None)),
        Event::OrderCancelled(e) => Some((e.order, None)),
        Event::SubStepped(e) => Some((e.order, Some(e.sub))),
        Event::PickShorted(e) => Some((e.order, Some(e.sub))),
        Event::ReturnReceived(e) => Some((e.order, first(&e.takes))),
        Event::ReturnInspected(e) => Some((e.order, first(&e.takes))),
        Event::ReviewRouted(e) => Some((e.order, None)),
    }
}

/// The order an event is about.
pub fn order_of(event: &Event) -> Option<OrderId> {
    subject(event).map(|(order, _)| order)
}

/// What a timeline calls the event.
pub(super) fn moment(event: &Event) -> &'static str {
    if let Event::SubStepped(e) = event {
        return lifecycle::name(e.step);
    }
    // A customer does the same, whether the goods are here or not.
    if matches!(event, Event::OrderPromised(_)) { "order_placed" } else { event.name() }
}
