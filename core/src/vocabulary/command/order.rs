//! Commands on orders.

use bincode::{Decode, Encode};

use super::line::Line;
use crate::ids::{Code, RefundNo, SubNo};
use crate::money::Money;
use crate::time::{Span, Time};
use crate::units::Units;
use crate::vocabulary::numbered::owned;
use crate::vocabulary::order_ref::OrderRef;

/// See [`crate::command::Command::Place`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Place {
    /// The channel.
    pub channel: Code,
    /// The channel's order number: with the channel, the order's idempotency key.
    pub number: Code,
    /// The destination zone; rates to `*` serve an order without one and zones no rate names.
    pub zone: Option<Code>,
    /// The customer, as the channel knows it.
    pub customer: Option<Code>,
    /// Only this carrier may take it.
    pub carrier: Option<Code>,
    /// All in one parcel or not at all.
    pub ship_complete: bool,
    /// No more parcels than this.
    pub max_parcels: Option<u16>,
    /// How long to hold unpaid; the channel's when not given.
    pub hold: Option<Span>,
    /// What is ordered. The same SKU twice is one demand.
    pub lines: Vec<Line>,
}

impl Place {
    /// An order without wishes: no zone, any carrier, as many parcels as it takes, the channel's hold.
    pub fn new(channel: Code, number: Code, lines: Vec<Line>) -> Place {
        Place {
            channel,
            number,
            zone: None,
            customer: None,
            carrier: None,
            ship_complete: false,
            max_parcels: None,
            hold: None,
            lines,
        }
    }
}

/// See [`crate::command::Command::Pay`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Pay {
    /// The order.
    pub order: OrderRef,
    /// What the payment is called by whoever took it. Payments of one order are told apart by it; one without a reference
    /// is taken for a payment that was told before.
    pub payment: Option<Code>,
    /// What arrived, for the timeline and a refund: the engine knows no prices.
    pub amount: Option<Money>,
}

impl Pay {
    /// A payment of which nothing is told but that it is there.
    pub fn new(order: OrderRef) -> Pay {
        Pay { order, payment: None, amount: None }
    }

    /// A payment with its reference.
    pub fn by(order: OrderRef, payment: Code) -> Pay {
        Pay { order, payment: Some(payment), amount: None }
    }
}

/// See [`crate::command::Command::CloseRefund`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct CloseRefund {
    /// The order; also a number that no order has.
    pub order: OrderRef,
    /// Which of its refunds.
    pub refund: RefundNo,
    /// What the money that went back is called. The command is recognised by it rather than by a key.
    pub reference: Code,
}

/// See [`crate::command::Command::Cancel`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Cancel {
    /// The order.
    pub order: OrderRef,
    /// How much of it.
    pub scope: CancelScope,
    /// Why, for the timeline.
    pub reason: Option<String>,
}

/// How much of an order is given up.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum CancelScope {
    /// All of it.
    Order,
    /// One sub-order.
    Sub(SubNo),
    /// Units of a line, from sub-orders that have not left, the last first.
    Units(Line),
}

/// See [`crate::command::Command::ExtendHold`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ExtendHold {
    /// The order.
    pub order: OrderRef,
    /// The new deadline; must be later than the present one.
    pub until: Time,
}

/// See [`crate::command::Command::Step`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct TakeStep {
    /// The order.
    pub order: OrderRef,
    /// Which of its sub-orders.
    pub sub: SubNo,
    /// What happened.
    pub action: StepAction,
}

/// A step with what it brings along.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum StepAction {
    /// The pick ticket is printed.
    Pick,
    /// Fewer units found than asked: the found ones of each short SKU.
    Short(Vec<Line>),
    /// Packed.
    Pack,
    /// Weighed, in grams.
    Weigh(u32),
    /// Labelled with a waybill.
    Label(Code),
    /// Scanned out of the warehouse, with the waybill on the parcel if the scanner read it.
    Scan(Option<Code>),
    /// The courier has it.
    Pickup,
    /// Delivered.
    Deliver,
    /// The customer confirmed receipt.
    Confirm,
    /// Units came back: into inspection. No lines means all that is out.
    Return(Vec<Line>),
    /// Inspection of returned units is done, where they wait. No lines means all of them intact.
    Inspect(Vec<Inspected>),
    /// The parcel is undone: packed, weighed and labelled anew before it goes.
    Unpack,
    /// The scan is undone: the parcel is still in the warehouse.
    Unscan,
    /// The carrier could not deliver it and brings it back.
    Undelivered,
    /// The customer refused it at the door; the carrier brings it back.
    Refused,
    /// The carrier lost it: its units are written off and wait in review to be sent anew or cancelled.
    Lost,
    /// Units came back to a warehouse that is named: into inspection there.
    ReturnTo(ReturnTo),
    /// Inspection of the returned units that wait at a warehouse that is named.
    InspectAt(InspectAt),
}

/// Units that came back to a warehouse.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ReturnTo {
    /// The warehouse, which need not be the one that shipped them.
    pub warehouse: Code,
    /// What came back. No lines means all that is out.
    pub lines: Vec<Line>,
}

/// The results of an inspection at a warehouse.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct InspectAt {
    /// The warehouse.
    pub warehouse: Code,
    /// The results. No lines means that all that waits there is intact.
    pub lines: Vec<Inspected>,
}

/// The result of inspecting units of a SKU.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Inspected {
    /// The SKU.
    pub sku: Code,
    /// Back on sale, in the pool they were drawn from.
    pub intact: Units,
    /// Never on sale again.
    pub damaged: Units,
}

/// See [`crate::command::Command::Reroute`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Reroute {
    /// The order.
    pub order: OrderRef,
}

/// See [`crate::command::Command::RerouteApart`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RerouteApart {
    /// The order.
    pub order: OrderRef,
}

/// See [`crate::command::Command::Raise`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Raise {
    /// The order.
    pub order: OrderRef,
    /// The SKU, which the order must have, and how many units more of it.
    pub line: Line,
}

/// See [`crate::command::Command::Split`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Split {
    /// The order.
    pub order: OrderRef,
    /// The sub-order that units leave.
    pub sub: SubNo,
    /// What goes in a parcel of its own: not all of it.
    pub lines: Vec<Line>,
}

owned! {
    Place => Channel(channel),
    Pay => Order(order),
    CloseRefund => Order(order),
    Cancel => Order(order),
    ExtendHold => Order(order),
    TakeStep => Order(order),
    Reroute => Order(order),
    RerouteApart => Order(order),
    Raise => Order(order),
    Split => Order(order),
}

impl StepAction {
    /// The step itself.
    pub const fn step(&self) -> crate::orders::Step {
        use crate::orders::Step as S;
        match self {
            StepAction::Pick => S::Pick,
            StepAction::Short(_) => S::Short,
            StepAction::Pack => S::Pack,
            StepAction::Weigh(_) => S::Weigh,
            StepAction::Label(_) => S::Label,
            StepAction::Scan(_) => S::Scan,
            StepAction::Pickup => S::Pickup,
            StepAction::Deliver => S::Deliver,
            StepAction::Confirm => S::Confirm,
            StepAction::Return(_) | StepAction::ReturnTo(_) => S::Return,
            StepAction::Inspect(_) | StepAction::InspectAt(_) => S::Inspect,
            StepAction::Unpack => S::Unpack,
            StepAction::Unscan => S::Unscan,
            StepAction::Undelivered => S::Undelivered,
            StepAction::Refused => S::Refused,
            StepAction::Lost => S::Lost,
        }
    }
}
