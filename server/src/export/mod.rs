//! Events as lines of JSON, with the codes of what they name.
//!
//! An event of the journal names SKUs, warehouses, carriers, channels and pools by dense ids, which the events before it
//! gave them. An [`Exporter`] learns them as it goes, so events are shown in order from the first. It keeps the catalog and
//! the world, and nothing of orders or stock.

mod names;
mod orders;
mod parts;
mod stock;

use serde::Serialize;
use serde_json::{Value, json};
use stockade_core::Actor;
use stockade_core::event::{Cause, Envelope, Event};
use stockade_core::ids::Seq;

use names::Names;

/// Turns events into lines, from the first on.
#[derive(Default)]
pub struct Exporter {
    names: Names,
}

/// An event, for programs. Names, order ids and money are as on the HTTP side.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// Its place in the history.
    pub seq: u64,
    /// The name of its kind.
    pub event: &'static str,
    /// When the engine was told, engine time.
    pub arrived: String,
    /// When it happened outside, if that was not when it arrived.
    pub occurred: Option<String>,
    /// The name of the token that caused it; `timer` and `engine` in parentheses, which no token is called.
    pub actor: String,
    /// `order`, `deadline`, `key` or `promise`.
    pub cause: &'static str,
    /// The idempotency key, when a command under a key caused it.
    pub key: Option<String>,
    /// What happened.
    pub body: Value,
}

impl Exporter {
    /// The line of the next event.
    pub fn line(&mut self, seq: Seq, envelope: &Envelope) -> Line {
        self.names.learn(&envelope.event);
        let (cause, key) = match &envelope.cause {
            Cause::Order => ("order", None),
            Cause::Deadline => ("deadline", None),
            Cause::Key { key, .. } => ("key", Some(key.to_string())),
            Cause::Promise => ("promise", None),
        };
        Line {
            seq: seq.0,
            event: envelope.event.name(),
            arrived: envelope.arrived.to_string(),
            occurred: envelope.occurred.map(|time| time.to_string()),
            actor: match &envelope.actor {
                Actor::Timer => "(timer)".to_owned(),
                Actor::Named(name) => name.to_string(),
                Actor::Engine => "(engine)".to_owned(),
            },
            cause,
            key,
            body: self.body(&envelope.event),
        }
    }

    fn body(&self, event: &Event) -> Value {
        let names = &self.names;
        match event {
            Event::WorldApplied(world) => json!({ "version": world.version.0, "text": world.text }),
            Event::RulesApplied(rules) => json!({ "version": rules.version.0, "text": rules.text }),
            Event::SkusDefined(defined) => stock::defined(defined),
            Event::StockMoved(moved) => stock::moved(names, moved),
            Event::StockCounted(counted) => stock::counted(names, counted),
            Event::ShelfCounted(counted) => stock::shelf_counted(names, counted),
            Event::SafetySet(set) => stock::safety(names, set),
            Event::InboundChanged(changed) => stock::inbound(names, changed),
            Event::OrderPlaced(placed) => orders::placed(names, placed),
            Event::OrderPromised(promised) => orders::promised(names, promised),
            Event::OrderPaid(paid) => orders::paid(names, paid),
            Event::OrderPaidLate(late) => orders::paid_late(names, late),
            Event::OrderPromisedLate(late) => orders::promised_late(names, late),
            Event::RefundDue(due) => orders::refund_due(due),
            Event::UnplacedPaid(paid) => orders::unplaced_paid(names, paid),
            Event::RefundClosed(closed) => orders::refund_closed(names, closed),
            Event::OrderExpired(expired) => orders::expired(names, expired),
            Event::HoldExtended(extended) => orders::extended(extended),
            Event::OrderCancelled(cancelled) => orders::cancelled(names, cancelled),
            Event::SubOrderCancelled(cancelled) => orders::sub_cancelled(names, cancelled),
            Event::UnitsCancelled(cancelled) => orders::units_cancelled(names, cancelled),
            Event::SubStepped(stepped) => orders::stepped(names, stepped),
            Event::PickShorted(shorted) => orders::shorted(names, shorted),
            Event::ParcelShorted(shorted) => orders::parcel_shorted(names, shorted),
            Event::ReturnReceived(received) => orders::received(names, received),
            Event::ReturnReceivedElsewhere(received) => orders::received_elsewhere(names, received),
            Event::ReturnInspected(inspected) => orders::inspected(names, inspected),
            Event::ReturnInspectedElsewhere(inspected) => orders::inspected_elsewhere(names, inspected),
            Event::ReviewRouted(routed) => orders::routed(names, routed),
            Event::ReviewRoutedWithin(within) => orders::routed_within(names, within),
            Event::OrderRaised(raised) => orders::raised(names, raised),
            Event::SubOrderSplit(split) => orders::split(names, split),
        }
    }
}
