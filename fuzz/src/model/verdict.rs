//! What the model has to say of each kind of event. Each body says it next to the checks of its family: see the
//! `replay_…` files.

use stockade_core::event::{Envelope, Event};
use stockade_core::ids::{OrderId, Seq, SubNo};
use stockade_core::reply::Reply;

use super::Model;
use super::allowed::Outcome;

/// An event with its place in the history.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its sequence.
    pub seq: Seq,
    /// The event with its circumstances.
    pub envelope: &'a Envelope,
}

/// The verdict on one kind of event.
pub trait Verdict {
    /// The order that it is about, and the sub-order if it is about one.
    fn subject(&self) -> Option<(OrderId, Option<SubNo>)>;

    /// Checks it against the state before it, and takes it in.
    ///
    /// # Errors
    /// Says what the event should have been.
    fn take_in(&self, model: &mut Model, entry: &Entry<'_>) -> Result<(), String>;

    /// The answer to the command that made it, given the state after it.
    ///
    /// # Errors
    /// When no command makes it.
    fn reply(&self, after: &Model, seq: Seq) -> Result<Reply, String>;

    /// The change that it stands for, where a command may make one of several.
    fn outcome(&self) -> Option<Outcome> {
        None
    }

    /// What a timeline calls it, if not by its name.
    fn moment(&self) -> Option<&'static str> {
        None
    }

    /// The reason that a timeline gives for it, given the state after it.
    fn reason_in(&self, _after: &Model) -> Option<String> {
        self.reason().map(str::to_owned)
    }

    /// The reason that was given with it.
    fn reason(&self) -> Option<&str> {
        None
    }
}

/// The verdict on an event. A new kind gets its line here and its verdict in the file of its family.
pub fn verdict(event: &Event) -> &dyn Verdict {
    match event {
        Event::WorldApplied(e) => &**e,
        Event::RulesApplied(e) => e,
        Event::SkusDefined(e) => e,
        Event::StockMoved(e) => e,
        Event::StockCounted(e) => e,
        Event::SafetySet(e) => e,
        Event::ShelfCounted(e) => e,
        Event::OrderPlaced(e) => &**e,
        Event::OrderPaid(e) => e,
        Event::OrderPaidLate(e) => &**e,
        Event::RefundDue(e) => e,
        Event::UnplacedPaid(e) => e,
        Event::RefundClosed(e) => e,
        Event::OrderExpired(e) => e,
        Event::HoldExtended(e) => e,
        Event::OrderCancelled(e) => e,
        Event::SubOrderCancelled(e) => e,
        Event::UnitsCancelled(e) => e,
        Event::SubStepped(e) => e,
        Event::PickShorted(e) => &**e,
        Event::ReturnReceived(e) => e,
        Event::ReturnInspected(e) => e,
        Event::ReturnReceivedElsewhere(e) => e,
        Event::ReturnInspectedElsewhere(e) => e,
        Event::OrderRaised(e) => &**e,
        Event::SubOrderSplit(e) => e,
        Event::ReviewRouted(e) => &**e,
        Event::ParcelShorted(e) => &**e,
        Event::ReviewRoutedWithin(e) => &**e,
        Event::OrderPromised(e) => &**e,
        Event::OrderPromisedLate(e) => &**e,
        Event::InboundChanged(e) => &**e,
    }
}
