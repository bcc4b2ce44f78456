//! What can be asked. Answers wait for durability like those to commands do, unless asked provisionally.

use bincode::{Decode, Encode};

use crate::ids::{Code, Seq};
use crate::orders::{OrderState, Stage};
use crate::vocabulary::command::{OrderRef, Place};
use crate::vocabulary::numbered::{numbered, owned, owners};
use crate::vocabulary::{Owned, Owner};

/// Every kind of query, once: number, name, the right it needs, and its body.
macro_rules! each_query {
    ($make:ident) => {
        $make! {
            "query"
            /// A question. Answers wait for durability like those to commands do, unless asked provisionally.
            pub enum Query: crate::vocabulary::Right {
            /// The rules in force.
            1 "rules" [crate::vocabulary::Right::Read] Rules(Rules),
            /// The world in force, with the ids given to its codes.
            2 "world" [crate::vocabulary::Right::Read] World(World),
            /// What a channel may sell of each SKU, exact to the unit.
            20 "availability" [crate::vocabulary::Right::ReadOwn] Availability(AvailabilityQuery),
            /// Every bucket of SKUs' cells.
            21 "stock" [crate::vocabulary::Right::Read] Stock(StockQuery),
            /// The plan an order would get now. Holds nothing.
            40 "quote" [crate::vocabulary::Right::ReadOwn] Quote(Quote),
            /// Like a quote, with some seconds to search for the plan instead of milliseconds; one is searched for at a time.
            41 "quote_exact" [crate::vocabulary::Right::ReadOwn] QuoteExact(QuoteExact),
            /// One order with its sub-orders and timeline.
            42 "order" [crate::vocabulary::Right::ReadOwn] Order(OrderRef),
            /// Sub-orders by warehouse, stage and channel, oldest first.
            43 "orders" [crate::vocabulary::Right::ReadOwn] Orders(OrdersQuery),
            /// Why an order ships the way it does. Answered from the history, so it needs a journal that can be read back.
            44 "explain" [crate::vocabulary::Right::ReadOwn] Explain(Explain),
            /// How good routing has been since the server started.
            45 "routing" [crate::vocabulary::Right::Read] Routing(Routing),
            /// Money that is owed back, or was, the earliest first.
            46 "refunds" [crate::vocabulary::Right::ReadOwn] Refunds(RefundsQuery),
            /// Which times may be told of orders of a channel.
            47 "times" [crate::vocabulary::Right::ReadOwn] Times(Times),
            /// What is expected from suppliers, and how much of it is promised.
            80 "inbound" [crate::vocabulary::Right::Read] Inbound(InboundQuery),
            }
        }
    };
}

each_query!(numbered);
each_query!(owners);

pub(crate) use each_query;

/// See [`Query::Rules`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Rules;

/// See [`Query::World`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct World;

/// See [`Query::Routing`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Routing;

/// See [`Query::Quote`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Quote(pub Place);

/// See [`Query::QuoteExact`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct QuoteExact(pub Place);

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
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct OrdersQuery {
    /// Only sub-orders of this warehouse.
    pub warehouse: Option<Code>,
    /// Only this channel.
    pub channel: Option<Code>,
    /// Only sub-orders in this stage.
    pub stage: Option<Stage>,
    /// Only orders in this state.
    pub state: Option<OrderState>,
    /// Only orders of this customer.
    pub customer: Option<Code>,
    /// Go on after the order that this event placed: the cursor of the page before.
    pub after: Option<Seq>,
    /// At most this many orders.
    pub limit: u32,
}

/// See [`Query::Refunds`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct RefundsQuery {
    /// Only of this channel.
    pub channel: Option<Code>,
    /// Only of this order number of the channel, which must be named; also one that no order has.
    pub number: Option<Code>,
    /// Closed ones, by when they were closed, instead of open ones, by when they became due.
    pub closed: bool,
    /// Go on after the refund that this event made due, or closed: the cursor of the page before.
    pub after: Option<Seq>,
    /// At most this many refunds.
    pub limit: u32,
}

/// See [`Query::Times`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Times {
    /// The channel.
    pub channel: Code,
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

owned! {
    Rules => Nobody,
    World => Nobody,
    Routing => Nobody,
    Quote => Channel(0.channel),
    QuoteExact => Channel(0.channel),
    AvailabilityQuery => Channel(channel),
    StockQuery => Nobody,
    InboundQuery => Nobody,
    Times => Channel(channel),
    Explain => Order(order),
}

impl Owned for OrderRef {
    fn owner(&self) -> Owner<'_> {
        Owner::Order(self)
    }
}

impl Owned for RefundsQuery {
    fn owner(&self) -> Owner<'_> {
        self.channel.as_ref().map_or(Owner::Nobody, Owner::Channel)
    }
}

impl Owned for OrdersQuery {
    fn owner(&self) -> Owner<'_> {
        self.channel.as_ref().map_or(Owner::Nobody, Owner::Channel)
    }
}
