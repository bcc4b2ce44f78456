//! The calls: one typed method for each command and query, the same over QUIC and in process.

use std::future::Future;

use stockade_core::Durability;
use stockade_core::command::*;
use stockade_core::ids::{Code, OrderId, RefundNo, RulesVersion, SubNo};
use stockade_core::query::*;
use stockade_core::reply::*;
use stockade_core::time::Time;

use crate::config::Call;
use crate::error::ClientError;
use crate::picks::{changed, configured, moved, other, placed, text};

/// Takes one kind of reply out, and nothing from any other.
macro_rules! only {
    ($kind:pat => $value:expr) => {
        |reply| if let $kind = reply { Some($value) } else { None }
    };
}

/// An answer with its durability and time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer<T> {
    /// The answer itself.
    pub value: T,
    /// Durability that the event it depends on had reached.
    pub level: Durability,
    /// Server time when the answer was sent.
    pub server_time: Time,
}

/// All commands and queries of Stockade. [`crate::Client`] sends them to a server, [`crate::embedded::Embedded`] to
/// an engine in this process, so that code written against this trait can be tested without a server.
///
/// Each command carries an idempotency key, generated unless [`Call::key`] gives one; sending it again under the same
/// key is safe. A call fails with [`ClientError::Rejected`] when it is refused, and with
/// [`ClientError::OutcomeUnknown`] when it is not known whether a command takes effect.
pub trait Stockade: Send + Sync {
    /// Settings of calls that are given none.
    fn defaults(&self) -> Call;

    /// A new unique idempotency key.
    fn new_key(&self) -> Code;

    /// Sends a command and waits for the decision. Adds a key if the request has none.
    fn command(&self, request: Request, call: &Call)
    -> impl Future<Output = Result<Answer<Reply>, ClientError>> + Send;

    /// Sends a query and waits for the answer.
    fn query(&self, query: Query, call: &Call) -> impl Future<Output = Result<Answer<Reply>, ClientError>> + Send;

    /// Sends many commands together. Each is decided by itself; the results are in the order of the requests.
    fn commands(
        &self,
        requests: Vec<Request>,
        call: &Call,
    ) -> impl Future<Output = Vec<Result<Answer<Reply>, ClientError>>> + Send;

    /// The same calls with other settings: `client.with(call).place(order)`.
    fn with(&self, call: Call) -> With<'_, Self>
    where
        Self: Sized,
    {
        With { inner: self, call }
    }

    /// The plan that an order would get now. Holds no stock.
    fn quote(&self, place: Place) -> impl Future<Output = Result<PlanView, ClientError>> + Send {
        ask(self, Query::Quote(stockade_core::query::Quote(place)), only!(Reply::Quoted(plan) => *plan))
    }

    /// Like [`Stockade::quote`], but searches for seconds instead of milliseconds; [`PlanView::proven`] tells whether
    /// the plan is proven best. The server runs one such search at a time, and the call waits its turn.
    fn quote_exact(&self, place: Place) -> impl Future<Output = Result<PlanView, ClientError>> + Send {
        ask(self, Query::QuoteExact(stockade_core::query::QuoteExact(place)), only!(Reply::Quoted(plan) => *plan))
    }

    /// Routes an order and holds its stock: all lines or none.
    fn place(&self, place: Place) -> impl Future<Output = Result<Placed, ClientError>> + Send {
        tell(self, Command::Place(place), placed)
    }

    /// Places many orders in few messages. Each is decided by itself; the results are in the order given.
    fn place_many(&self, orders: Vec<Place>) -> impl Future<Output = Vec<Result<Placed, ClientError>>> + Send {
        let call = self.defaults();
        async move {
            let requests = orders
                .into_iter()
                .map(|place| Request { key: None, occurred: call.occurred, command: Command::Place(place) })
                .collect();
            let answers = self.commands(requests, &call).await;
            answers.into_iter().map(|answer| answer.and_then(|answer| placed(answer.value).ok_or_else(other))).collect()
        }
    }

    /// Confirms that an order is paid.
    fn pay(&self, order: OrderRef) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::Pay(Pay::new(order)), changed)
    }

    /// Tells of a payment with reference and amount; [`Reply::Refunded`] when no order has the number: it is owed back then.
    fn pay_by(&self, pay: Pay) -> impl Future<Output = Result<Reply, ClientError>> + Send {
        tell(self, Command::Pay(pay), Some)
    }

    /// Records that money which was owed back went back, under this reference.
    fn close_refund(
        &self,
        order: OrderRef,
        refund: RefundNo,
        reference: Code,
    ) -> impl Future<Output = Result<Refunded, ClientError>> + Send {
        let close = CloseRefund { order, refund, reference };
        tell(self, Command::CloseRefund(close), only!(Reply::Refunded(told) => *told))
    }

    /// Money that is owed back, or was: one page.
    fn refunds(&self, query: RefundsQuery) -> impl Future<Output = Result<RefundsPage, ClientError>> + Send {
        ask(self, Query::Refunds(query), only!(Reply::Refunds(page) => page))
    }

    /// Engine time, and how far the times that are told of a channel's orders may differ from it.
    fn times(&self, channel: Code) -> impl Future<Output = Result<TimesView, ClientError>> + Send {
        ask(self, Query::Times(Times { channel }), only!(Reply::Times(times) => times))
    }

    /// Cancels an order, one of its sub-orders, or units of a line.
    fn cancel(
        &self,
        order: OrderRef,
        scope: CancelScope,
        reason: Option<String>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::Cancel(Cancel { order, scope, reason }), changed)
    }

    /// Extends the reservation hold of an unpaid order until `until`, in server time.
    fn extend_hold(&self, order: OrderRef, until: Time) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::ExtendHold(ExtendHold { order, until }), changed)
    }

    /// Adds units of a SKU to an unpaid order that has it: all of them are held, under the same deadline, or none.
    fn raise(&self, order: OrderRef, line: Line) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::Raise(Raise { order, line }), changed)
    }

    /// Sends units of a paid sub-order that is not packed yet in a parcel of their own.
    fn split(
        &self,
        order: OrderRef,
        sub: SubNo,
        lines: Vec<Line>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::Split(Split { order, sub, lines }), changed)
    }

    /// Reports a warehouse or delivery step of a sub-order.
    fn step(
        &self,
        order: OrderRef,
        sub: SubNo,
        action: StepAction,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::Step(TakeStep { order, sub, action }), changed)
    }

    /// Reports that the pick ticket is printed.
    fn step_pick(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Pick)
    }

    /// Reports a short pick: the units found of each short SKU.
    fn step_short(
        &self,
        order: OrderRef,
        sub: SubNo,
        found: Vec<Line>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Short(found))
    }

    /// Reports that the parcel is packed.
    fn step_pack(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Pack)
    }

    /// Reports the scan out of the warehouse, with the waybill if it was read.
    fn step_scan(
        &self,
        order: OrderRef,
        sub: SubNo,
        waybill: Option<Code>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Scan(waybill))
    }

    /// Reports that the courier has picked the parcel up.
    fn step_pickup(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Pickup)
    }

    /// Reports delivery.
    fn step_deliver(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Deliver)
    }

    /// Reports that the customer confirmed receipt.
    fn step_confirm(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Confirm)
    }

    /// Reports returned units; no lines means all units that are out.
    fn step_return(
        &self,
        order: OrderRef,
        sub: SubNo,
        lines: Vec<Line>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Return(lines))
    }

    /// Reports the inspection of returned units; no lines means that all of them are intact.
    fn step_inspect(
        &self,
        order: OrderRef,
        sub: SubNo,
        lines: Vec<Inspected>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Inspect(lines))
    }

    /// Reports units returned to a warehouse, which need not be the one that shipped them.
    fn step_return_to(
        &self,
        order: OrderRef,
        sub: SubNo,
        back: ReturnTo,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::ReturnTo(back))
    }

    /// Reports the inspection of returned units at one of the warehouses where they wait.
    fn step_inspect_at(
        &self,
        order: OrderRef,
        sub: SubNo,
        there: InspectAt,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::InspectAt(there))
    }

    /// Reports that a packed parcel is undone, to be counted or packed again. Its waybill is void.
    fn step_unpack(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Unpack)
    }

    /// Reports that a parcel that was scanned out is still in the warehouse.
    fn step_unscan(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Unscan)
    }

    /// Reports that the carrier could not deliver the parcel and brings it back.
    fn step_undelivered(
        &self,
        order: OrderRef,
        sub: SubNo,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Undelivered)
    }

    /// Reports that the customer refused the parcel at the door and the carrier brings it back.
    fn step_refused(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Refused)
    }

    /// Reports that the carrier lost the parcel: its units are written off, and stand in review for reroute or cancel.
    fn step_lost(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Lost)
    }

    /// Tries again to route the units in review, within the order's limit of parcels.
    fn reroute(&self, order: OrderRef) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::Reroute(Reroute { order }), changed)
    }

    /// Routes the units in review in as many parcels as it takes, whatever the order's limit is.
    fn reroute_apart(&self, order: OrderRef) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::RerouteApart(RerouteApart { order }), changed)
    }

    /// Books units received from a supplier.
    fn receive(&self, receive: Receive) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Receive(receive), moved)
    }

    /// Corrects the units of a cell by a difference.
    fn adjust(&self, adjust: Adjust) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Adjust(adjust), moved)
    }

    /// Books an absolute count; movements since the count was taken are added to it.
    fn count(&self, count: Count) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Count(count), moved)
    }

    /// Sends units in transit to another warehouse.
    fn transfer(&self, transfer: Transfer) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Transfer(transfer), moved)
    }

    /// Books the arrival of units in transit.
    fn arrive(&self, arrive: Arrive) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Arrive(arrive), moved)
    }

    /// Books units that are damaged, scrapped, or lost on the way.
    fn book_loss(&self, loss: BookLoss) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::BookLoss(loss), moved)
    }

    /// Takes back units in transit to another warehouse.
    fn recall(&self, recall: Recall) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Recall(recall), moved)
    }

    /// Books a count of the shelves alone, as of now.
    fn count_shelf(&self, count: CountShelf) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::CountShelf(count), moved)
    }

    /// Moves available units between pools of a cell.
    fn move_pool(&self, move_pool: MovePool) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::MovePool(move_pool), moved)
    }

    /// Sets the safety stock of a cell: units that orders may not take.
    fn set_safety(&self, set: SetSafety) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::SetSafety(set), moved)
    }

    /// Announces, changes or withdraws an inbound receipt.
    fn expect(&self, expect: Expect) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Expect(expect), moved)
    }

    /// Creates SKUs, or changes known ones. Weight and category that are not given stay.
    fn define_skus(&self, skus: Vec<SkuSpec>) -> impl Future<Output = Result<Configured, ClientError>> + Send {
        tell(self, Command::DefineSkus(DefineSkus { skus }), configured)
    }

    /// Forgets weight, category or both of known SKUs.
    fn clear_skus(&self, clear: ClearSkus) -> impl Future<Output = Result<Configured, ClientError>> + Send {
        tell(self, Command::ClearSkus(clear), configured)
    }

    /// Makes a world file the active world.
    fn apply_world(&self, text: String) -> impl Future<Output = Result<Configured, ClientError>> + Send {
        tell(self, Command::ApplyWorld(ApplyWorld { text }), configured)
    }

    /// Makes a rules file the active rules, if the active version is still `expect`.
    fn apply_rules(
        &self,
        text: String,
        expect: Option<RulesVersion>,
    ) -> impl Future<Output = Result<Configured, ClientError>> + Send {
        tell(self, Command::ApplyRules(ApplyRules { text, expect }), configured)
    }

    /// Units of each SKU that a channel may sell now.
    fn availability(
        &self,
        channel: Code,
        skus: Vec<Code>,
    ) -> impl Future<Output = Result<Vec<Available>, ClientError>> + Send {
        ask(self, Query::Availability(AvailabilityQuery { channel, skus }), only!(Reply::Availability(all) => all))
    }

    /// All buckets of the cells of SKUs.
    fn stock(&self, query: StockQuery) -> impl Future<Output = Result<Vec<CellView>, ClientError>> + Send {
        ask(self, Query::Stock(query), only!(Reply::Stock(cells) => cells))
    }

    /// One order with its sub-orders and timeline.
    fn order(&self, order: OrderRef) -> impl Future<Output = Result<OrderView, ClientError>> + Send {
        ask(self, Query::Order(order), only!(Reply::Order(view) => *view))
    }

    /// One order by its channel and number.
    fn order_by_number(
        &self,
        channel: Code,
        number: Code,
    ) -> impl Future<Output = Result<OrderView, ClientError>> + Send {
        self.order(OrderRef::Number { channel, number })
    }

    /// Explains why an order ships as it does: its latest decision, or the one with this number, from 1. Reads the journal.
    fn explain(
        &self,
        order: OrderRef,
        decision: Option<u16>,
    ) -> impl Future<Output = Result<Explanation, ClientError>> + Send {
        ask(self, Query::Explain(Explain { order, decision }), only!(Reply::Explained(explanation) => *explanation))
    }

    /// Sub-orders by warehouse and stage, oldest first.
    fn orders(&self, query: OrdersQuery) -> impl Future<Output = Result<OrdersPage, ClientError>> + Send {
        ask(self, Query::Orders(query), only!(Reply::Orders(all) => all))
    }

    /// Inbound receipts, and the units of them that are promised.
    fn inbound(&self, query: InboundQuery) -> impl Future<Output = Result<Vec<InboundCell>, ClientError>> + Send {
        ask(self, Query::Inbound(query), only!(Reply::Inbound(cells) => cells))
    }

    /// Quality of routing since the server started.
    fn routing_report(&self) -> impl Future<Output = Result<RoutingReport, ClientError>> + Send {
        ask(self, Query::Routing(stockade_core::query::Routing), only!(Reply::Routing(report) => *report))
    }

    /// The active rules.
    fn rules(&self) -> impl Future<Output = Result<VersionedText, ClientError>> + Send {
        ask(self, Query::Rules(stockade_core::query::Rules), text)
    }

    /// The active world, with the ids assigned to its codes.
    fn world(&self) -> impl Future<Output = Result<VersionedText, ClientError>> + Send {
        ask(self, Query::World(stockade_core::query::World), text)
    }
}

/// Refers to an order by its channel and number.
pub fn by_number(channel: Code, number: Code) -> OrderRef {
    OrderRef::Number { channel, number }
}

/// Refers to an order by the engine's id.
pub fn by_id(order: OrderId) -> OrderRef {
    OrderRef::Id(order)
}

/// The same calls with other settings; see [`Stockade::with`].
#[derive(Clone, Debug)]
pub struct With<'a, S> {
    inner: &'a S,
    call: Call,
}

impl<S: Stockade> Stockade for With<'_, S> {
    fn defaults(&self) -> Call {
        self.call.clone()
    }

    fn new_key(&self) -> Code {
        self.inner.new_key()
    }

    fn command(
        &self,
        request: Request,
        call: &Call,
    ) -> impl Future<Output = Result<Answer<Reply>, ClientError>> + Send {
        self.inner.command(request, call)
    }

    fn query(&self, query: Query, call: &Call) -> impl Future<Output = Result<Answer<Reply>, ClientError>> + Send {
        self.inner.query(query, call)
    }

    fn commands(
        &self,
        requests: Vec<Request>,
        call: &Call,
    ) -> impl Future<Output = Vec<Result<Answer<Reply>, ClientError>>> + Send {
        self.inner.commands(requests, call)
    }
}

async fn tell<S: Stockade + ?Sized, T>(
    stockade: &S,
    command: Command,
    pick: fn(Reply) -> Option<T>,
) -> Result<T, ClientError> {
    let call = stockade.defaults();
    let request = Request { key: call.key.clone(), occurred: call.occurred, command };
    let answer = stockade.command(request, &call).await?;
    pick(answer.value).ok_or_else(other)
}

async fn ask<S: Stockade + ?Sized, T>(
    stockade: &S,
    query: Query,
    pick: fn(Reply) -> Option<T>,
) -> Result<T, ClientError> {
    let answer = stockade.query(query, &stockade.defaults()).await?;
    pick(answer.value).ok_or_else(other)
}
