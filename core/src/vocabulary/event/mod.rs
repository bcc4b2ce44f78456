//! What happened. Events are the only cause of change: one event is one commit, applied the same way live and in
//! recovery, and it names every movement of stock explicitly so that each cell's part applies alone.
//!
//! The numbers are part of the journal format and never change their meaning. Reserved for later kinds:
//!
//! | numbers | for |
//! |---|---|
//! | 1 to 19 | catalog, world, rules |
//! | 20 to 39 | stock |
//! | 40 to 69 | orders |
//! | 70 to 79 | gifts |
//! | 80 to 89 | presale and inbound promises |
//! | 90 to 99 | capacity, quotas, customer limits |
//! | 100 to 109 | checkpoints and deletion |
//! | 110 to 149 | reviews, risk, service levels, interception |

mod configure;
mod inbound;
mod order;
mod stock;
mod writing;

use bincode::Decode;

use crate::Actor;
use crate::ids::Code;
use crate::orders::What;
use crate::time::Time;
use crate::vocabulary::BodyOf;
use crate::vocabulary::numbered::numbered;

pub use configure::{RulesApplied, SkuDefined, SkusDefined, WorldApplied};
pub use inbound::{Arrived, Dated, InboundChanged, InboundReason, Opened, OrderPromised, OrderPromisedLate, Promised};
pub use order::{
    HoldExtended, OrderCancelled, OrderExpired, OrderPaid, OrderPaidLate, OrderPlaced, OrderRaised, ParcelShorted,
    PickShorted, RefundClosed, RefundDue, ReturnInspected, ReturnInspectedElsewhere, ReturnReceived,
    ReturnReceivedElsewhere, ReviewRouted, ReviewRoutedWithin, SubOrderCancelled, SubOrderSplit, SubStepped,
    UnitsCancelled, UnplacedPaid,
};
pub use stock::{MoveReason, SafetySet, ShelfCounted, StockCounted, StockMoved};

/// An event with who, when and why. Its sequence is its place in the batch that holds it.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct Envelope {
    /// Who caused it.
    pub actor: Actor,
    /// When the engine was told: engine time, never running backwards for one order.
    pub arrived: Time,
    /// When it happened outside, if that was not when it arrived.
    pub occurred: Option<Time>,
    /// What caused it.
    pub cause: Cause,
    /// The event itself.
    pub event: Event,
}

impl Envelope {
    /// When it happened.
    pub fn occurred_at(&self) -> Time {
        self.occurred.unwrap_or(self.arrived)
    }
}

/// Why an event came to be.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub enum Cause {
    /// The order itself, by its own key.
    Order,
    /// A deadline passed, or is put off after an outage.
    Deadline,
    /// A command with this key, whose content had this digest.
    Key {
        /// The caller's key.
        key: Code,
        /// Digest of the request's content, to tell a repeat from a conflict.
        digest: u128,
    },
    /// Another commit made it due: promised units were there, or units for short ones.
    Promise,
}

/// Every kind of event, once: number, name and body. The codec, the footprint, applying, recovery and the timeline are
/// made from this list.
macro_rules! each_event {
    ($make:ident) => {
        $make! {
            "event"
            /// A commit.
            pub enum Event: () {
            /// A world file is in force.
            1 "world_applied" WorldApplied(Box<WorldApplied>),
            /// A rules file is in force.
            2 "rules_applied" RulesApplied(RulesApplied),
            /// SKUs exist, or changed.
            3 "skus_defined" SkusDefined(SkusDefined),
            /// Units moved by a stock command.
            20 "stock_moved" StockMoved(StockMoved),
            /// A count was laid under the history of cells.
            21 "stock_counted" StockCounted(StockCounted),
            /// A cell's safety stock changed.
            22 "safety_set" SafetySet(SafetySet),
            /// The books of the shelves were set right by a count of them.
            23 "shelf_counted" ShelfCounted(ShelfCounted),
            /// Stock is held for a new order.
            40 "order_placed" OrderPlaced(Box<OrderPlaced>),
            /// Paid in time.
            41 "order_paid" OrderPaid(OrderPaid),
            /// Paid after expiry and held anew.
            42 "order_paid_late" OrderPaidLate(Box<OrderPaidLate>),
            /// Money came for which the order can do nothing: a refund is due.
            43 "refund_due" RefundDue(RefundDue),
            /// Not paid in time.
            44 "order_expired" OrderExpired(OrderExpired),
            /// The hold lasts longer.
            45 "hold_extended" HoldExtended(HoldExtended),
            /// Given up. Earlier journals have it for a part of an order, too.
            46 "order_cancelled" OrderCancelled(OrderCancelled),
            /// A sub-order went a step.
            47 "sub_stepped" SubStepped(SubStepped),
            /// Units were missing at the pick. Earlier journals have it for all short picks.
            48 "pick_shorted" PickShorted(Box<PickShorted>),
            /// Units came back.
            49 "return_received" ReturnReceived(ReturnReceived),
            /// Returned units were inspected.
            50 "return_inspected" ReturnInspected(ReturnInspected),
            /// Units in review were routed, under no limit of parcels.
            51 "review_routed" ReviewRouted(Box<ReviewRouted>),
            /// Units came back to another warehouse than the one that shipped them.
            56 "return_received_elsewhere" ReturnReceivedElsewhere(ReturnReceivedElsewhere),
            /// Returned units were inspected, some of them at another warehouse than the one that shipped them.
            57 "return_inspected_elsewhere" ReturnInspectedElsewhere(ReturnInspectedElsewhere),
            /// Units were added to an unpaid order.
            58 "order_raised" OrderRaised(Box<OrderRaised>),
            /// Units of a sub-order go in a parcel of their own.
            59 "sub_order_split" SubOrderSplit(SubOrderSplit),
            /// A sub-order was given up.
            60 "sub_order_cancelled" SubOrderCancelled(SubOrderCancelled),
            /// Units of an order were given up.
            61 "units_cancelled" UnitsCancelled(UnitsCancelled),
            /// Units of a parcel were missing at the pick, and the rest of it, a limit of parcels or a review remains.
            62 "parcel_shorted" ParcelShorted(Box<ParcelShorted>),
            /// Units in review were routed within the order's limit of parcels.
            63 "review_routed_within" ReviewRoutedWithin(Box<ReviewRoutedWithin>),
            /// Money came for a number that no order has: a refund is due.
            64 "unplaced_paid" UnplacedPaid(UnplacedPaid),
            /// Money that was owed back went back.
            65 "refund_closed" RefundClosed(RefundClosed),
            /// Stock is held for a new order, and what is not on hand is promised out of expected receipts.
            80 "order_promised" OrderPromised(Box<OrderPromised>),
            /// Paid after expiry, held anew and promised anew.
            81 "order_promised_late" OrderPromisedLate(Box<OrderPromisedLate>),
            /// What is expected from suppliers changed, or came.
            82 "inbound_changed" InboundChanged(Box<InboundChanged>),
            }
        }
    };
}

each_event!(numbered);

/// What timelines call it when goods come that a sub-order was promised before they came.
const GOODS_ARRIVED: &str = "goods_arrived";

impl Event {
    /// Its kind as what happened to an order.
    pub fn what(&self) -> What {
        What::Event(self.kind().number)
    }

    /// The kind that has this body as what happened to an order.
    pub fn what_of<B: BodyOf<Event>>() -> What {
        What::Event(B::NUMBER)
    }

    /// What timelines call what happened.
    pub fn name_on_timelines(what: What) -> &'static str {
        let name_of = |number| Event::KINDS.iter().find(|kind| kind.number == number).map(|kind| kind.name);
        match what {
            What::Event(number) => name_of(number).expect("orders note events that there are"),
            What::Step(step) => step.name(),
            What::Arrival => GOODS_ARRIVED,
        }
    }
}

pub(crate) use each_event;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OrderId;

    #[test]
    fn kinds_are_written_by_number_and_unknown_ones_are_refused_by_name() {
        let config = bincode::config::standard();
        let payment = crate::orders::Payment::default();
        let reason = crate::orders::RefundReason::StockGone;
        let event = Event::RefundDue(RefundDue { order: OrderId(7), reason, payment });
        let bytes = bincode::encode_to_vec(&event, config).unwrap();
        assert_eq!(bytes, [43, 7, 0, 0, 0]);
        assert_eq!(bincode::decode_from_slice::<Event, _>(&bytes, config).unwrap(), (event, 5));
        let refusal = bincode::decode_from_slice::<Event, _>(&[69, 7], config).unwrap_err().to_string();
        assert!(refusal.contains("event kind 69 is unknown"), "{refusal}");
    }
}
