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

mod inbound;
mod reading;
mod writing;

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};

use crate::ids::{CarrierId, ChannelId, Code, OrderId, PoolId, RulesVersion, Seq, SkuId, SubNo, WarehouseId};
use crate::money::Money;
use crate::reply::{CostParts, Stage, SubKind};
use crate::stock::Bucket;
use crate::time::{Span, Time};
use crate::units::Units;

pub(crate) use writing::{put_kind, put_parts};

pub use inbound::{Arrived, Dated, InboundChanged, InboundReason, Opened, OrderPromised, OrderPromisedLate, Promised};

/// An event with who, when and why. Its sequence is its place in the batch that holds it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Envelope {
    /// Who caused it.
    pub actor: Actor,
    /// When the engine was told: engine time, never running backwards for one order.
    pub arrived: Time,
    /// When it happened outside, if that was not when it arrived.
    pub occurred: Option<Time>,
    /// Why.
    pub cause: Cause,
    /// What.
    pub event: Event,
}

impl Envelope {
    /// When it happened.
    pub fn occurred_at(&self) -> Time {
        self.occurred.unwrap_or(self.arrived)
    }
}

/// Who caused an event.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Actor {
    /// A deadline.
    Timer,
    /// A token's or a person's name.
    Named(Code),
    /// The engine itself: promised units were there.
    Engine,
}

/// Why an event came to be.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Cause {
    /// The order itself, by its own key.
    Order,
    /// A deadline passed.
    Deadline,
    /// A command with this key, whose content had this digest.
    Key {
        /// The caller's key.
        key: Code,
        /// Digest of the request's content, to tell a repeat from a conflict.
        digest: u128,
    },
    /// Promised units were there.
    Promise,
}

/// An enum whose variants are known by number in the journal. bincode's own derive would count positions instead, and a
/// kind added in the middle would give every later one another meaning.
macro_rules! numbered {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$about:meta])* $variant:ident($body:ty) = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub enum $name {
            $($(#[$about])* $variant($body) = $number,)+
        }

        impl $name {
            /// The number of every kind there is.
            pub const KINDS: &'static [u16] = &[$($number),+];

            /// The number of its kind.
            pub fn kind(&self) -> u16 {
                match self {
                    $($name::$variant(_) => $number,)+
                }
            }
        }

        impl Encode for $name {
            fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                match self {
                    $($name::$variant(body) => {
                        Encode::encode(&($number as u16), encoder)?;
                        Encode::encode(body, encoder)
                    })+
                }
            }
        }

        impl<C> Decode<C> for $name {
            fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
                match <u16 as Decode<C>>::decode(decoder)? {
                    $($number => Ok($name::$variant(Decode::decode(decoder)?)),)+
                    other => Err(DecodeError::OtherString(format!(
                        "event kind {other} is unknown to this version: use the one that wrote it or a newer one"
                    ))),
                }
            }
        }

        bincode::impl_borrow_decode!($name);
    };
}

numbered! {
    /// A commit.
    pub enum Event {
        /// A world file is in force.
        WorldApplied(Box<WorldApplied>) = 1,
        /// A rules file is in force.
        RulesApplied(RulesApplied) = 2,
        /// SKUs exist, or changed.
        SkusDefined(SkusDefined) = 3,
        /// Units moved by a stock command.
        StockMoved(StockMoved) = 20,
        /// A count was laid under the history of cells.
        StockCounted(StockCounted) = 21,
        /// A cell's safety stock changed.
        SafetySet(SafetySet) = 22,
        /// Stock is held for a new order.
        OrderPlaced(Box<OrderPlaced>) = 40,
        /// Paid in time.
        OrderPaid(OrderPaid) = 41,
        /// Paid after expiry and held anew.
        OrderPaidLate(Box<OrderPaidLate>) = 42,
        /// Paid after expiry, and the stock was gone.
        RefundDue(RefundDue) = 43,
        /// Not paid in time.
        OrderExpired(OrderExpired) = 44,
        /// The hold lasts longer.
        HoldExtended(HoldExtended) = 45,
        /// Given up, whole or in part.
        OrderCancelled(OrderCancelled) = 46,
        /// A sub-order went a step.
        SubStepped(SubStepped) = 47,
        /// Units were missing at the pick.
        PickShorted(Box<PickShorted>) = 48,
        /// Units came back.
        ReturnReceived(ReturnReceived) = 49,
        /// Returned units were inspected.
        ReturnInspected(ReturnInspected) = 50,
        /// Units in review were routed.
        ReviewRouted(Box<ReviewRouted>) = 51,
        /// Stock is held for a new order, and what is not on hand is promised out of expected receipts.
        OrderPromised(Box<OrderPromised>) = 80,
        /// Paid after expiry, held anew and promised anew.
        OrderPromisedLate(Box<OrderPromisedLate>) = 81,
        /// What is expected from suppliers changed, or came.
        InboundChanged(Box<InboundChanged>) = 82,
    }
}

/// See [`Event::WorldApplied`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct WorldApplied {
    /// The file.
    pub text: String,
    /// The version of the rules in it.
    pub version: RulesVersion,
    /// Every warehouse and its id; known ones keep theirs.
    pub warehouses: Vec<(WarehouseId, Code)>,
    /// Every carrier and its id.
    pub carriers: Vec<(CarrierId, Code)>,
    /// Every channel and its id.
    pub channels: Vec<(ChannelId, Code)>,
    /// Every pool and its id.
    pub pools: Vec<(PoolId, Code)>,
}

/// See [`Event::RulesApplied`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RulesApplied {
    /// The file.
    pub text: String,
    /// Its version.
    pub version: RulesVersion,
}

/// See [`Event::SkusDefined`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SkusDefined {
    /// The SKUs with their ids; a new id is one past the last.
    pub skus: Vec<SkuDefined>,
}

/// A SKU as defined.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SkuDefined {
    /// The id.
    pub id: SkuId,
    /// The code.
    pub code: Code,
    /// Weight of one unit in grams.
    pub weight_g: Option<u32>,
    /// The category.
    pub category: Option<Code>,
}

/// One double-entry movement within a cell, or between a cell and the outside world.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Move {
    /// The SKU.
    pub sku: SkuId,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// Out of this bucket.
    pub from: Bucket,
    /// Into this bucket.
    pub to: Bucket,
    /// How many.
    pub units: Units,
}

/// Why stock moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum MoveReason {
    /// From a supplier.
    Receipt,
    /// By hand.
    Adjustment,
    /// To another warehouse.
    Transfer,
    /// From another warehouse.
    Arrival,
    /// Between pools.
    PoolMove,
}

/// See [`Event::StockMoved`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct StockMoved {
    /// Why.
    pub reason: MoveReason,
    /// A person's words.
    pub note: Option<String>,
    /// The movements.
    pub moves: Vec<Move>,
}

/// See [`Event::StockCounted`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct StockCounted {
    /// The last event the count had seen; `None`: everything before this one.
    pub as_of: Option<Seq>,
    /// Earlier events it had not seen after all.
    pub except: Vec<Seq>,
    /// The corrections: found units into pools, lost ones out of them, and what is short.
    pub moves: Vec<Move>,
    /// The SKUs and units counted, with the warehouse.
    pub warehouse: WarehouseId,
    /// What was counted.
    pub counted: Vec<(SkuId, Units)>,
}

/// See [`Event::SafetySet`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SafetySet {
    /// The SKU.
    pub sku: SkuId,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// Units of the regular pool that orders may not take.
    pub units: Units,
}

/// A plan as it was decided: what it promises and what it was decided from.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct Decision {
    /// The rules.
    pub rules_version: RulesVersion,
    /// The score of the plan.
    pub score: Money,
    /// No plan could score less.
    pub bound: Money,
    /// One per parcel.
    pub subs: Vec<PlannedSub>,
    /// The stock the decision saw, so that it can be recomputed.
    pub seen: Vec<SeenLine>,
    /// The prices of stock it saw, by SKU and warehouse; none where a unit costs nothing beside its rate.
    pub prices: Vec<PriceSeen>,
}

/// What a unit of stock was worth to later orders when a decision was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Decode)]
pub struct PriceSeen {
    /// The SKU.
    pub sku: SkuId,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// Score micros for each unit drawn. Never 0.
    pub micros: i64,
}

/// A planned sub-order.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct PlannedSub {
    /// Ships from here.
    pub warehouse: WarehouseId,
    /// Ships with this carrier.
    pub carrier: CarrierId,
    /// Its kind.
    pub kind: SubKind,
    /// Hours until delivery.
    pub hours: u32,
    /// Parcel weight in grams.
    pub weight_g: u64,
    /// The money by part.
    pub parts: CostParts,
    /// Whether the warehouse is unlimited: its units come from the supplier when they are held and go back there.
    pub from_supplier: bool,
    /// What is in it.
    pub lines: Vec<PlannedLine>,
}

/// Units of one SKU from one pool in a sub-order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Decode)]
pub struct PlannedLine {
    /// The SKU.
    pub sku: SkuId,
    /// The pool they are drawn from.
    pub pool: PoolId,
    /// How many.
    pub units: Units,
}

/// The stock of one demanded SKU as the decision saw it.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct SeenLine {
    /// The SKU.
    pub sku: SkuId,
    /// Units demanded.
    pub wanted: Units,
    /// One bit per warehouse id below 64, lowest first, set where all demanded units could be drawn.
    pub full: u64,
    /// The ids from 64 on where all demanded units could be drawn.
    pub full_beyond: Vec<WarehouseId>,
    /// Units that could be drawn elsewhere, where that was not none; and everywhere when the rules weigh balance.
    pub partial: Vec<(WarehouseId, Units)>,
}

/// See [`Event::OrderPlaced`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderPlaced {
    /// The id.
    pub order: OrderId,
    /// The channel.
    pub channel: ChannelId,
    /// The channel's number.
    pub number: Code,
    /// Digest of the request's content.
    pub digest: u128,
    /// The destination zone.
    pub zone: Option<Code>,
    /// The customer.
    pub customer: Option<Code>,
    /// The carrier the order insists on.
    pub carrier: Option<CarrierId>,
    /// All in one parcel.
    pub ship_complete: bool,
    /// No more parcels than this.
    pub max_parcels: Option<u16>,
    /// How long it holds unpaid, from arrival.
    pub hold: Span,
    /// The plan.
    pub decision: Decision,
}

/// See [`Event::OrderPaid`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderPaid {
    /// The order.
    pub order: OrderId,
    /// Held units become allocated.
    pub moves: Vec<Move>,
}

/// See [`Event::OrderPaidLate`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderPaidLate {
    /// The order.
    pub order: OrderId,
    /// The new plan; its sub-orders are numbered on after the expired ones and are allocated at once.
    pub decision: Decision,
}

/// See [`Event::RefundDue`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RefundDue {
    /// The order.
    pub order: OrderId,
}

/// See [`Event::OrderExpired`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderExpired {
    /// The order.
    pub order: OrderId,
    /// Held units become free.
    pub moves: Vec<Move>,
}

/// See [`Event::HoldExtended`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct HoldExtended {
    /// The order.
    pub order: OrderId,
    /// The new deadline.
    pub until: Time,
}

/// Units of a sub-order's line, as drawn from a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SubTake {
    /// The sub-order.
    pub sub: SubNo,
    /// The SKU.
    pub sku: SkuId,
    /// The pool the units were drawn from.
    pub pool: PoolId,
    /// How many.
    pub units: Units,
}

/// See [`Event::OrderCancelled`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderCancelled {
    /// The order.
    pub order: OrderId,
    /// Units that leave sub-orders.
    pub takes: Vec<SubTake>,
    /// Units that leave review.
    pub review: Vec<(SkuId, Units)>,
    /// The units become free again.
    pub moves: Vec<Move>,
    /// How many of the taken units had yet to come, by sub-order.
    pub waiting: Vec<(SubNo, Units)>,
    /// Why.
    pub reason: Option<String>,
}

/// A step without units of its own to account for.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum PlainStep {
    /// The pick ticket is printed.
    Pick,
    /// Packed.
    Pack,
    /// Weighed, in grams.
    Weigh(u32),
    /// Labelled.
    Label(Code),
    /// Scanned out.
    Scan,
    /// The courier has it.
    Pickup,
    /// Delivered.
    Deliver,
    /// Confirmed.
    Confirm,
}

/// See [`Event::SubStepped`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SubStepped {
    /// The order.
    pub order: OrderId,
    /// The sub-order.
    pub sub: SubNo,
    /// The step.
    pub step: PlainStep,
    /// The stage it reaches.
    pub stage: Stage,
    /// Stock that follows.
    pub moves: Vec<Move>,
}

/// See [`Event::PickShorted`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct PickShorted {
    /// The order.
    pub order: OrderId,
    /// The sub-order.
    pub sub: SubNo,
    /// Units not found, by line.
    pub missing: Vec<SubTake>,
    /// The units go back to their pools, and as many stand in `short`, so that nobody else is promised them.
    pub moves: Vec<Move>,
    /// How the missing units are served instead, when they can be.
    pub decision: Option<Decision>,
    /// The units that wait for a person.
    pub review: Vec<(SkuId, Units)>,
}

/// See [`Event::ReturnReceived`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ReturnReceived {
    /// The order.
    pub order: OrderId,
    /// What came back.
    pub takes: Vec<SubTake>,
    /// Into inspection.
    pub moves: Vec<Move>,
}

/// See [`Event::ReturnInspected`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ReturnInspected {
    /// The order.
    pub order: OrderId,
    /// What was inspected, intact and damaged together.
    pub takes: Vec<SubTake>,
    /// Units back on sale.
    pub intact: Units,
    /// Units that are not.
    pub damaged: Units,
    /// Out of inspection.
    pub moves: Vec<Move>,
}

/// See [`Event::ReviewRouted`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ReviewRouted {
    /// The order.
    pub order: OrderId,
    /// The units that leave review.
    pub units: Vec<(SkuId, Units)>,
    /// The plan for them; allocated at once.
    pub decision: Decision,
}

const _: () = assert!(size_of::<Move>() <= 40, "a movement is copied on the hot path");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_by_number_and_unknown_ones_are_refused_by_name() {
        let config = bincode::config::standard();
        let event = Event::RefundDue(RefundDue { order: OrderId(7) });
        let bytes = bincode::encode_to_vec(&event, config).unwrap();
        assert_eq!(bytes, [43, 7]);
        assert_eq!(bincode::decode_from_slice::<Event, _>(&bytes, config).unwrap(), (event, 2));
        let refusal = bincode::decode_from_slice::<Event, _>(&[69, 7], config).unwrap_err().to_string();
        assert!(refusal.contains("event kind 69 is unknown"), "{refusal}");
    }
}
