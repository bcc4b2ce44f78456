//! What the engine answers. Text codes, exact money, and the same shapes over QUIC, HTTP and in process.

mod explained;
mod inbound;
mod routing;
mod writing;

use bincode::{Decode, Encode};

use crate::ids::{Code, OrderId, RulesVersion, Seq, SubNo};
use crate::money::Money;
use crate::time::{Day, Span, Time};
use crate::units::Units;

pub use explained::*;
pub use inbound::{Awaited, InboundCell, InboundView};
pub use routing::RoutingReport;

/// How durable an answer is asked to be, or was when it left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Encode, Decode)]
pub enum Durability {
    /// Applied in this process.
    Memory,
    /// Written to the journal.
    #[default]
    Journaled,
    /// Written to the journal and acknowledged by a replica.
    Replicated,
}

impl Durability {
    /// What an answer is asked to be when nobody says anything and `self` is the most to be had: journaled, or less.
    pub fn ordinary(self) -> Durability {
        self.min(Durability::default())
    }
}

/// The answer to a command or query.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Reply {
    /// To [`crate::command::Command::Place`].
    Placed(Box<Placed>),
    /// To every later command on an order.
    Changed(Box<Changed>),
    /// To stock commands.
    Moved(Moved),
    /// To configuration commands.
    Configured(Configured),
    /// To [`crate::command::Query::Quote`].
    Quoted(Box<PlanView>),
    /// To [`crate::command::Query::Availability`].
    Availability(Vec<Available>),
    /// To [`crate::command::Query::Stock`].
    Stock(Vec<CellView>),
    /// To [`crate::command::Query::Order`].
    Order(Box<OrderView>),
    /// To [`crate::command::Query::Orders`].
    Orders(Vec<OrderSummary>),
    /// To [`crate::command::Query::Rules`] and [`crate::command::Query::World`].
    Text(VersionedText),
    /// To [`crate::command::Query::Explain`].
    Explained(Box<Explanation>),
    /// To [`crate::command::Query::Routing`].
    Routing(Box<RoutingReport>),
    /// To [`crate::command::Query::Inbound`].
    Inbound(Vec<InboundCell>),
}

/// The first answer to an order, and where the order stands now.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Placed {
    /// The engine's id.
    pub order: OrderId,
    /// The sequence of the event that placed it.
    pub seq: Seq,
    /// When its stock comes free unless it is paid.
    pub expires_at: Time,
    /// What was promised.
    pub plan: PlanView,
    /// Where the order stands now; differs from `Held` only when replayed.
    pub present: OrderState,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// How an order is, or would be, served.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct PlanView {
    /// The rules that decided.
    pub rules_version: RulesVersion,
    /// Money of all parcels.
    pub cost: Money,
    /// The score that was least: weighted money, time and balance.
    pub score: Money,
    /// No plan can score less.
    pub bound: Money,
    /// Whether the plan is proven optimal: its score meets the bound.
    pub proven: bool,
    /// One per parcel.
    pub sub_orders: Vec<SubOrderView>,
}

/// A sub-order as promised: one warehouse, one carrier, one kind.
#[derive(Clone, PartialEq, Eq, Debug, Decode)]
pub struct SubOrderView {
    /// Its number in the order, from 1.
    pub no: SubNo,
    /// Ships from here.
    pub warehouse: Code,
    /// Ships with this carrier.
    pub carrier: Code,
    /// Its kind.
    pub kind: SubKind,
    /// Hours until delivery.
    pub hours: u32,
    /// Parcel weight in grams.
    pub weight_g: u64,
    /// Money of the parcel.
    pub cost: Money,
    /// The money by part; the parts add up to the cost.
    pub parts: CostParts,
    /// What is in it.
    pub lines: Vec<SubLineView>,
}

/// Money of a parcel by part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct CostParts {
    /// Per parcel.
    pub parcel: Money,
    /// Per unit.
    pub unit: Money,
    /// For the first kilogram.
    pub first_kg: Money,
    /// For further kilograms.
    pub further_kg: Money,
}

impl CostParts {
    /// The sum of the parts.
    pub fn total(&self) -> Money {
        self.parcel.saturating_add(self.unit).saturating_add(self.first_kg).saturating_add(self.further_kg)
    }
}

/// Units of a SKU in a sub-order.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SubLineView {
    /// The SKU.
    pub sku: Code,
    /// How many.
    pub units: Units,
    /// The pool they are drawn from.
    pub pool: Code,
}

/// What a sub-order is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Encode, Decode)]
pub enum SubKind {
    /// From stock on hand.
    #[default]
    Regular,
    /// From goods that are yet to come: it waits for them, and the last are due on this day, as promised when it was
    /// ordered.
    Presale(Day),
}

impl SubKind {
    /// The kind's name at the border.
    pub const fn name(self) -> &'static str {
        match self {
            SubKind::Regular => "regular",
            SubKind::Presale(_) => "presale",
        }
    }

    /// The day on which what it waits for was promised to come.
    pub const fn due(self) -> Option<Day> {
        match self {
            SubKind::Regular => None,
            SubKind::Presale(day) => Some(day),
        }
    }
}

/// Where an order stands as a whole.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum OrderState {
    /// Stock is held, payment is awaited.
    Held,
    /// Paid; the sub-orders go their ways.
    Paid,
    /// Not paid in time: the stock is back on sale.
    Expired,
    /// Paid after expiry and the stock was gone: the money is owed back.
    RefundDue,
    /// Given up.
    Cancelled,
}

/// Where a sub-order stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum Stage {
    /// Stock held, unpaid.
    Held,
    /// Paid: stock is the customer's.
    Allocated,
    /// The pick ticket is printed.
    Picking,
    /// In its box.
    Packed,
    /// Scanned out of the warehouse.
    Outbound,
    /// With the courier.
    PickedUp,
    /// With the customer, not confirmed.
    Delivered,
    /// Confirmed by the customer.
    Confirmed,
    /// Given up before it left.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Goods that are yet to come are promised to it, unpaid.
    Promised,
    /// Paid, and goods that were promised to it are yet to come.
    Waiting,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Stage; 12] = [
        Stage::Held,
        Stage::Allocated,
        Stage::Picking,
        Stage::Packed,
        Stage::Outbound,
        Stage::PickedUp,
        Stage::Delivered,
        Stage::Confirmed,
        Stage::Cancelled,
        Stage::Expired,
        Stage::Promised,
        Stage::Waiting,
    ];

    /// Whether some of its goods are yet to come.
    #[inline]
    pub const fn is_ahead(self) -> bool {
        matches!(self, Stage::Promised | Stage::Waiting)
    }

    /// The stage's name at the border: lower case, words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Held => "held",
            Stage::Allocated => "allocated",
            Stage::Picking => "picking",
            Stage::Packed => "packed",
            Stage::Outbound => "outbound",
            Stage::PickedUp => "picked_up",
            Stage::Delivered => "delivered",
            Stage::Confirmed => "confirmed",
            Stage::Cancelled => "cancelled",
            Stage::Expired => "expired",
            Stage::Promised => "promised",
            Stage::Waiting => "waiting",
        }
    }
}

impl OrderState {
    /// The state's name at the border: lower case, words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            OrderState::Held => "held",
            OrderState::Paid => "paid",
            OrderState::Expired => "expired",
            OrderState::RefundDue => "refund_due",
            OrderState::Cancelled => "cancelled",
        }
    }
}

/// The first answer to a command on an order, and the order now.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Changed {
    /// The order.
    pub order: OrderId,
    /// The sequence of the event.
    pub seq: Seq,
    /// What the command did.
    pub change: Change,
    /// Where the order stands now.
    pub present: OrderState,
    /// Where its sub-orders stand now, by number from 1.
    pub stages: Vec<Stage>,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// What a command on an order did.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Change {
    /// Paid in time.
    Paid,
    /// Paid late, and held anew: these sub-orders replace the expired ones.
    PaidLate {
        /// The new number of the first sub-order of the new plan.
        first_sub: SubNo,
    },
    /// Paid late, and the stock was gone.
    RefundDue,
    /// Given up; these units are free again.
    Cancelled {
        /// Units given back.
        units: Units,
    },
    /// The hold lasts longer.
    Extended {
        /// The new deadline.
        until: Time,
    },
    /// A sub-order went a step.
    Stepped {
        /// Which.
        sub: SubNo,
        /// The stage it reached.
        stage: Stage,
    },
    /// Units were missing at the pick.
    Shorted {
        /// Units not found.
        missing: Units,
        /// Units routed to another warehouse.
        rerouted: Units,
        /// Units that wait for a person.
        review: Units,
    },
    /// Units came back.
    Returned {
        /// How many.
        units: Units,
    },
    /// Returned units were inspected.
    Inspected {
        /// Back on sale.
        intact: Units,
        /// Never on sale again.
        damaged: Units,
    },
    /// What stood in review is routed.
    Rerouted {
        /// How many units.
        units: Units,
    },
}

/// The answer to a stock command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Moved {
    /// The sequence of the event: the watermark of the cells it touched.
    pub seq: Seq,
    /// Units that moved, over all lines.
    pub units: Units,
    /// Units a count found missing beyond what was free, or promised units that no receipt is expected to bring any more,
    /// over all lines.
    pub short: Units,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// The answer to a configuration command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Configured {
    /// The sequence of the event.
    pub seq: Seq,
    /// The rules in force after it.
    pub rules_version: RulesVersion,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// What a channel may sell of a SKU.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Available {
    /// The SKU.
    pub sku: Code,
    /// Units over all warehouses; [`Units::UNLIMITED`] when an unlimited warehouse serves it.
    pub units: Units,
    /// Units that are yet to come and that the channel may promise beside them, by the day they are due. None when the
    /// channel sells no presale.
    pub presale: Vec<(Day, Units)>,
}

/// Every bucket of one SKU at one warehouse.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct CellView {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// Free and held units by pool.
    pub pools: Vec<PoolView>,
    /// Paid, not yet on a pick ticket.
    pub allocated: Units,
    /// On a pick ticket or packed.
    pub picked: Units,
    /// Out with couriers.
    pub shipped: Units,
    /// Delivered, not confirmed.
    pub awaiting: Units,
    /// Returned, not inspected.
    pub inspection: Units,
    /// Returned and not fit for sale.
    pub damaged: Units,
    /// On the way here from another warehouse.
    pub in_transit: Units,
    /// Expected receipts, the earliest first.
    pub inbound: Vec<InboundView>,
    /// Promised units that no receipt is expected to bring.
    pub overdue: Units,
    /// Claimed units that are not there.
    pub short: Units,
    /// Units of the regular pool that orders may not take.
    pub safety: Units,
    /// Physically here: free, held, allocated, picked, in inspection and damaged, less the short ones.
    pub on_hand: Units,
    /// The last event that touched the cell.
    pub watermark: Seq,
    /// Orders affected by the short units, when there are any.
    pub affected: Vec<OrderId>,
}

/// Free and held units of a pool.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct PoolView {
    /// The pool.
    pub pool: Code,
    /// Free.
    pub available: Units,
    /// Held by unpaid orders.
    pub held: Units,
}

/// An order as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderView {
    /// The engine's id.
    pub order: OrderId,
    /// The channel.
    pub channel: Code,
    /// The channel's number.
    pub number: Code,
    /// The destination zone.
    pub zone: Option<Code>,
    /// The customer.
    pub customer: Option<Code>,
    /// Where it stands.
    pub state: OrderState,
    /// When it was placed.
    pub placed_at: Time,
    /// When its stock comes free unless paid; meaningless once paid.
    pub expires_at: Time,
    /// Rules of the latest plan.
    pub rules_version: RulesVersion,
    /// Money of the sub-orders that are not given up.
    pub cost: Money,
    /// All sub-orders there ever were, by number.
    pub sub_orders: Vec<SubOrderNow>,
    /// Units no warehouse could serve after a short pick.
    pub review: Vec<(Code, Units)>,
    /// What happened, in history order.
    pub timeline: Vec<TimelineEntry>,
    /// The last event that touched the order.
    pub version: Seq,
}

/// A sub-order as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SubOrderNow {
    /// What was promised, with the units still in it.
    pub promised: SubOrderView,
    /// Where it stands.
    pub stage: Stage,
    /// The waybill, once labelled.
    pub waybill: Option<Code>,
    /// Returned units, not inspected.
    pub in_inspection: Units,
    /// Returned units in all.
    pub returned: Units,
    /// What it waits for, in the order of promise.
    pub awaits: Vec<Awaited>,
}

/// One moment of an order.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct TimelineEntry {
    /// The event.
    pub seq: Seq,
    /// Its name, as in the documentation of events.
    pub what: String,
    /// The sub-order, if it was about one.
    pub sub: Option<SubNo>,
    /// When it happened.
    pub occurred: Time,
    /// When we heard.
    pub arrived: Time,
    /// Who said so.
    pub actor: Code,
}

/// A sub-order in a list.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrderSummary {
    /// The order.
    pub order: OrderId,
    /// The channel.
    pub channel: Code,
    /// The channel's number.
    pub number: Code,
    /// The sub-order.
    pub sub: SubNo,
    /// Ships from here.
    pub warehouse: Code,
    /// Ships with this carrier.
    pub carrier: Code,
    /// Where the order stands.
    pub state: OrderState,
    /// Where the sub-order stands.
    pub stage: Stage,
    /// When the order was placed.
    pub placed_at: Time,
    /// Its units.
    pub units: Units,
}

/// A file in force.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct VersionedText {
    /// The version of the rules in force.
    pub rules_version: RulesVersion,
    /// The file as it was applied.
    pub text: String,
}

/// How long a caller should wait before it tries again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RetryAfter(pub Span);
