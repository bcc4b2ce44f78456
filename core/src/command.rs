//! What can be asked of the engine. Text codes here, dense ids in [`crate::event`].

use std::fmt;

use bincode::{Decode, Encode};

use crate::ids::{Code, OrderId, RulesVersion, Seq, SubNo};
use crate::time::{Day, Span, Time};
use crate::units::Units;

/// Who asks, and under which key.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Request {
    /// Chosen by the caller before it sends, so that a retry is recognised. [`Command::Place`] ignores it: an order is its
    /// own key by channel and number. Configuration and stock commands and every later step of an order need one.
    pub key: Option<Code>,
    /// When it happened outside, if that was before it was sent.
    pub occurred: Option<Time>,
    /// What to do.
    pub command: Command,
}

/// A change to the state. Each is decided and applied in one commit or refused whole.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Command {
    /// Replace warehouses' settings, carriers, channels, pools and rules by a world file; nothing in use may vanish.
    ApplyWorld(ApplyWorld),
    /// Replace the rules by a rules file.
    ApplyRules(ApplyRules),
    /// Create SKUs, or change weight and category of known ones.
    DefineSkus(DefineSkus),
    /// Units arrive from a supplier.
    Receive(Receive),
    /// Correct a cell by hand, with a reason.
    Adjust(Adjust),
    /// Lay an absolute count under everything that moved since it was taken.
    Count(Count),
    /// Send units to another warehouse: they are in transit there until they arrive.
    Transfer(Transfer),
    /// Units in transit arrive.
    Arrive(Arrive),
    /// Move free units between two pools of one cell.
    MovePool(MovePool),
    /// Set the units that orders may not take.
    SetSafety(SetSafety),
    /// Announce, change or withdraw an expected receipt.
    Expect(Expect),
    /// Hold stock for an order and route it.
    Place(Place),
    /// Confirm that the order is paid.
    Pay(Pay),
    /// Give up an order, one of its sub-orders, or units of a line.
    Cancel(Cancel),
    /// Hold unpaid stock longer.
    ExtendHold(ExtendHold),
    /// A step of a sub-order on its way to the customer and back.
    Step(Step),
    /// Try again to route what stands in review.
    Reroute(Reroute),
}

/// A question. Answers wait for durability like commands do, unless asked provisionally.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Query {
    /// The plan an order would get now. Holds nothing.
    Quote(Place),
    /// What a channel may sell of each SKU, exact to the unit.
    Availability(AvailabilityQuery),
    /// Every bucket of SKUs' cells.
    Stock(StockQuery),
    /// One order with its sub-orders and timeline.
    Order(OrderRef),
    /// Sub-orders by warehouse and stage, oldest first.
    Orders(OrdersQuery),
    /// The rules in force.
    Rules,
    /// The world in force, with the ids given to its codes.
    World,
    /// Why an order ships the way it does. Answered from the history, so it needs a journal that can be read back.
    Explain(Explain),
    /// How good routing has been since the server started.
    Routing,
    /// Like [`Query::Quote`], with some seconds to search for the plan instead of milliseconds. A server looks for one at a
    /// time and refuses a second one as overloaded.
    QuoteExact(Place),
    /// What is expected from suppliers, and how much of it is promised.
    Inbound(InboundQuery),
}

/// An order, by its shop's number or by the engine's id.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum OrderRef {
    /// The shop's own order number in its channel.
    Number {
        /// The channel.
        channel: Code,
        /// The number.
        number: Code,
    },
    /// The id from the place reply.
    Id(OrderId),
}

/// As the command line takes it: `channel/number`, or `id:` and the id.
impl fmt::Display for OrderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OrderRef::Number { channel, number } => write!(f, "{channel}/{number}"),
            OrderRef::Id(id) => write!(f, "id:{id}"),
        }
    }
}

/// Units of a SKU.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Line {
    /// The SKU.
    pub sku: Code,
    /// How many.
    pub units: Units,
}

/// See [`Command::ApplyWorld`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ApplyWorld {
    /// The world file, TOML.
    pub text: String,
}

/// See [`Command::ApplyRules`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ApplyRules {
    /// The rules file, TOML.
    pub text: String,
    /// Refuse unless this version is in force.
    pub expect: Option<RulesVersion>,
}

/// See [`Command::DefineSkus`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct DefineSkus {
    /// The SKUs.
    pub skus: Vec<SkuSpec>,
}

/// A SKU's facts.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SkuSpec {
    /// Its code.
    pub sku: Code,
    /// Weight of one unit in grams; the world's default when not given.
    pub weight_g: Option<u32>,
    /// Its category, for rules.
    pub category: Option<Code>,
}

/// See [`Command::Receive`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Receive {
    /// Where they arrive.
    pub warehouse: Code,
    /// The pool they join; `regular` when not given.
    pub pool: Option<Code>,
    /// The expected receipt they fulfil, if any.
    pub expected: Option<Fulfils>,
    /// What arrives.
    pub lines: Vec<Line>,
}

/// The expected receipt that goods fulfil.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Fulfils {
    /// Its reference.
    pub reference: Code,
    /// Whether the rest of it is still to come; else what did not come is expected no more.
    pub more: bool,
}

/// See [`Command::Adjust`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Adjust {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// The pool; `regular` when not given.
    pub pool: Option<Code>,
    /// Units found (positive) or lost (negative).
    pub delta: i64,
    /// Why, for the auditor.
    pub reason: String,
}

/// See [`Command::Count`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Count {
    /// The warehouse counted.
    pub warehouse: Code,
    /// The last event the count has seen: units moved later are laid over it. `None` is now.
    pub as_of: Option<Seq>,
    /// Events up to `as_of` which the count had not seen.
    pub except: Vec<Seq>,
    /// Units physically there of each SKU: free, held, paid, picked, in inspection and damaged together.
    pub lines: Vec<Line>,
}

/// See [`Command::Transfer`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Transfer {
    /// From where.
    pub from: Code,
    /// To where.
    pub to: Code,
    /// The pool they leave; `regular` when not given.
    pub pool: Option<Code>,
    /// What leaves.
    pub lines: Vec<Line>,
}

/// See [`Command::Arrive`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Arrive {
    /// Where.
    pub warehouse: Code,
    /// The pool they join; `regular` when not given.
    pub pool: Option<Code>,
    /// What arrives.
    pub lines: Vec<Line>,
}

/// See [`Command::MovePool`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct MovePool {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// From this pool.
    pub from: Code,
    /// To this pool.
    pub to: Code,
    /// How many.
    pub units: Units,
}

/// See [`Command::SetSafety`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SetSafety {
    /// The SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// Units of the regular pool that orders may not take.
    pub units: Units,
}

/// See [`Command::Expect`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Expect {
    /// What supplier and warehouse call the receipt: a purchase order or delivery note.
    pub reference: Code,
    /// The SKU; a receipt of several is announced SKU by SKU.
    pub sku: Code,
    /// The warehouse.
    pub warehouse: Code,
    /// What is known of it now.
    pub change: Expectation,
}

/// What is known of an expected receipt.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Expectation {
    /// It will come. Refused when the reference is expected already.
    Announce {
        /// The day it is due.
        day: Day,
        /// How many units.
        units: Units,
        /// The pool they are for; `regular` when not given. Only channels that are granted it may promise them.
        pool: Option<Code>,
    },
    /// Another day, or another number of units.
    Change {
        /// The day it is due; as before when not given.
        day: Option<Day>,
        /// How many units are still to come in all; as before when not given.
        units: Option<Units>,
    },
    /// It will not come.
    Withdraw,
}

/// See [`Command::Place`].
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

/// See [`Command::Pay`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Pay {
    /// The order.
    pub order: OrderRef,
}

/// See [`Command::Cancel`].
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

/// See [`Command::ExtendHold`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ExtendHold {
    /// The order.
    pub order: OrderRef,
    /// The new deadline; must be later than the present one.
    pub until: Time,
}

/// See [`Command::Step`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Step {
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
    /// Inspection of returned units is done. No lines means all of them intact.
    Inspect(Vec<Inspected>),
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

/// See [`Command::Reroute`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Reroute {
    /// The order.
    pub order: OrderRef,
}

/// See [`Query::Availability`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct AvailabilityQuery {
    /// The channel.
    pub channel: Code,
    /// The SKUs.
    pub skus: Vec<Code>,
}

/// See [`Query::Stock`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct StockQuery {
    /// These SKUs; all when empty.
    pub skus: Vec<Code>,
    /// Only this warehouse.
    pub warehouse: Option<Code>,
    /// Go on after this SKU (in order of definition).
    pub after: Option<Code>,
    /// At most this many SKUs.
    pub limit: u32,
}

/// See [`Query::Inbound`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct InboundQuery {
    /// These SKUs; all when empty.
    pub skus: Vec<Code>,
    /// Only this warehouse.
    pub warehouse: Option<Code>,
    /// Only the receipts of this reference.
    pub reference: Option<Code>,
    /// Go on after this SKU (in order of definition).
    pub after: Option<Code>,
    /// At most this many SKUs of which something is expected or overdue.
    pub limit: u32,
}

/// See [`Query::Orders`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct OrdersQuery {
    /// Only sub-orders of this warehouse.
    pub warehouse: Option<Code>,
    /// Only this channel.
    pub channel: Option<Code>,
    /// Only sub-orders in this stage.
    pub stage: Option<crate::reply::Stage>,
    /// Go on after this order.
    pub after: Option<OrderId>,
    /// At most this many orders.
    pub limit: u32,
}

/// See [`Query::Explain`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Explain {
    /// The order.
    pub order: OrderRef,
    /// Which decision on it, from 1: the placing, then late payments, short picks and reviews that were routed anew; each part of
    /// an order of presale is one. The first part of the latest when not given.
    pub decision: Option<u16>,
}
