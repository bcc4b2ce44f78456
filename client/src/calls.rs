//! The calls: one typed method for every command and query, the same over QUIC and in process.

use std::future::Future;

use stockade_core::command::*;
use stockade_core::ids::{Code, OrderId, RulesVersion, SubNo};
use stockade_core::reply::*;
use stockade_core::time::Time;

use crate::config::Call;
use crate::error::ClientError;

/// An answer with what stands around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer<T> {
    /// What was answered.
    pub value: T,
    /// How durable it is.
    pub level: Durability,
    /// The server's time when it left.
    pub server_time: Time,
}

/// What one can ask of Stockade. [`crate::Client`] asks a server, [`crate::embedded::Embedded`] an engine in this
/// process; code written against the trait is tested without a server.
///
/// Commands are sent under a key that is generated unless [`Call::key`] gives one, and may be repeated under it.
/// Every call fails with [`ClientError::Rejected`] when the decision is no, and with [`ClientError::OutcomeUnknown`]
/// when a command may or may not last.
pub trait Stockade: Send + Sync {
    /// What calls ask for unless they say otherwise.
    fn defaults(&self) -> Call;

    /// A key no other command bears.
    fn new_key(&self) -> Code;

    /// Sends a command and waits for the decision. A key is added when there is none.
    fn command(&self, request: Request, call: &Call)
    -> impl Future<Output = Result<Answer<Reply>, ClientError>> + Send;

    /// Asks.
    fn query(&self, query: Query, call: &Call) -> impl Future<Output = Result<Answer<Reply>, ClientError>> + Send;

    /// Sends many commands together. The results stand in the order of the requests; each is decided by itself.
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

    /// The plan an order would get now. Holds nothing.
    fn quote(&self, place: Place) -> impl Future<Output = Result<PlanView, ClientError>> + Send {
        ask(self, Query::Quote(place), |reply| match reply {
            Reply::Quoted(plan) => Some(*plan),
            _ => None,
        })
    }

    /// Like [`Stockade::quote`], with some seconds to search for the plan instead of milliseconds: [`PlanView::proven`] says
    /// whether it is the best there is. The server looks for one at a time; while it is busy the call waits its turn.
    fn quote_exact(&self, place: Place) -> impl Future<Output = Result<PlanView, ClientError>> + Send {
        ask(self, Query::QuoteExact(place), |reply| match reply {
            Reply::Quoted(plan) => Some(*plan),
            _ => None,
        })
    }

    /// Holds stock for an order and routes it: all lines or none.
    fn place(&self, place: Place) -> impl Future<Output = Result<Placed, ClientError>> + Send {
        tell(self, Command::Place(place), placed)
    }

    /// Places many orders, each decided by itself, with little more work for the network than one.
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
        tell(self, Command::Pay(Pay { order }), changed)
    }

    /// Gives up an order, one of its sub-orders, or units of a line.
    fn cancel(
        &self,
        order: OrderRef,
        scope: CancelScope,
        reason: Option<String>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::Cancel(Cancel { order, scope, reason }), changed)
    }

    /// Holds unpaid stock until a later time.
    fn extend_hold(&self, order: OrderRef, until: Time) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::ExtendHold(ExtendHold { order, until }), changed)
    }

    /// Reports a step of a sub-order.
    fn step(
        &self,
        order: OrderRef,
        sub: SubNo,
        action: StepAction,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::Step(Step { order, sub, action }), changed)
    }

    /// The pick ticket is printed.
    fn step_pick(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Pick)
    }

    /// Fewer units found than asked: the found ones of each short SKU.
    fn step_short(
        &self,
        order: OrderRef,
        sub: SubNo,
        found: Vec<Line>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Short(found))
    }

    /// Packed.
    fn step_pack(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Pack)
    }

    /// Scanned out of the warehouse, with the waybill if it was read.
    fn step_scan(
        &self,
        order: OrderRef,
        sub: SubNo,
        waybill: Option<Code>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Scan(waybill))
    }

    /// The courier has it.
    fn step_pickup(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Pickup)
    }

    /// Delivered.
    fn step_deliver(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Deliver)
    }

    /// The customer confirmed receipt.
    fn step_confirm(&self, order: OrderRef, sub: SubNo) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Confirm)
    }

    /// Units came back; no lines means all that is out.
    fn step_return(
        &self,
        order: OrderRef,
        sub: SubNo,
        lines: Vec<Line>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Return(lines))
    }

    /// Returned units were inspected; no lines means all of them intact.
    fn step_inspect(
        &self,
        order: OrderRef,
        sub: SubNo,
        lines: Vec<Inspected>,
    ) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        self.step(order, sub, StepAction::Inspect(lines))
    }

    /// Tries again to route what stands in review.
    fn reroute(&self, order: OrderRef) -> impl Future<Output = Result<Changed, ClientError>> + Send {
        tell(self, Command::Reroute(Reroute { order }), changed)
    }

    /// Units arrive from a supplier.
    fn receive(&self, receive: Receive) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Receive(receive), moved)
    }

    /// Corrects a cell by hand.
    fn adjust(&self, adjust: Adjust) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Adjust(adjust), moved)
    }

    /// Lays an absolute count under everything that moved since it was taken.
    fn count(&self, count: Count) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Count(count), moved)
    }

    /// Sends units to another warehouse.
    fn transfer(&self, transfer: Transfer) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Transfer(transfer), moved)
    }

    /// Units in transit arrive.
    fn arrive(&self, arrive: Arrive) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Arrive(arrive), moved)
    }

    /// Moves free units between pools of a cell.
    fn move_pool(&self, move_pool: MovePool) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::MovePool(move_pool), moved)
    }

    /// Sets the units orders may not take.
    fn set_safety(&self, set: SetSafety) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::SetSafety(set), moved)
    }

    /// Announces, changes or withdraws an expected receipt.
    fn expect(&self, expect: Expect) -> impl Future<Output = Result<Moved, ClientError>> + Send {
        tell(self, Command::Expect(expect), moved)
    }

    /// Creates SKUs, or changes known ones.
    fn define_skus(&self, skus: Vec<SkuSpec>) -> impl Future<Output = Result<Configured, ClientError>> + Send {
        tell(self, Command::DefineSkus(DefineSkus { skus }), configured)
    }

    /// Puts a world file in force.
    fn apply_world(&self, text: String) -> impl Future<Output = Result<Configured, ClientError>> + Send {
        tell(self, Command::ApplyWorld(ApplyWorld { text }), configured)
    }

    /// Puts a rules file in force, if the expected version still is.
    fn apply_rules(
        &self,
        text: String,
        expect: Option<RulesVersion>,
    ) -> impl Future<Output = Result<Configured, ClientError>> + Send {
        tell(self, Command::ApplyRules(ApplyRules { text, expect }), configured)
    }

    /// What a channel may sell of each SKU, exact to the unit.
    fn availability(
        &self,
        channel: Code,
        skus: Vec<Code>,
    ) -> impl Future<Output = Result<Vec<Available>, ClientError>> + Send {
        ask(self, Query::Availability(AvailabilityQuery { channel, skus }), |reply| match reply {
            Reply::Availability(all) => Some(all),
            _ => None,
        })
    }

    /// Every bucket of SKUs' cells.
    fn stock(&self, query: StockQuery) -> impl Future<Output = Result<Vec<CellView>, ClientError>> + Send {
        ask(self, Query::Stock(query), |reply| match reply {
            Reply::Stock(cells) => Some(cells),
            _ => None,
        })
    }

    /// One order with its sub-orders and timeline.
    fn order(&self, order: OrderRef) -> impl Future<Output = Result<OrderView, ClientError>> + Send {
        ask(self, Query::Order(order), |reply| match reply {
            Reply::Order(view) => Some(*view),
            _ => None,
        })
    }

    /// One order by the shop's own number.
    fn order_by_number(
        &self,
        channel: Code,
        number: Code,
    ) -> impl Future<Output = Result<OrderView, ClientError>> + Send {
        self.order(OrderRef::Number { channel, number })
    }

    /// Why an order ships the way it does: the latest decision on it, or the one with this number from 1. Read from the
    /// journal, so it takes longer than other questions.
    fn explain(
        &self,
        order: OrderRef,
        decision: Option<u16>,
    ) -> impl Future<Output = Result<Explanation, ClientError>> + Send {
        ask(self, Query::Explain(Explain { order, decision }), |reply| match reply {
            Reply::Explained(explanation) => Some(*explanation),
            _ => None,
        })
    }

    /// Sub-orders by warehouse and stage, oldest first.
    fn orders(&self, query: OrdersQuery) -> impl Future<Output = Result<Vec<OrderSummary>, ClientError>> + Send {
        ask(self, Query::Orders(query), |reply| match reply {
            Reply::Orders(all) => Some(all),
            _ => None,
        })
    }

    /// What is expected from suppliers, and how much of it is promised.
    fn inbound(&self, query: InboundQuery) -> impl Future<Output = Result<Vec<InboundCell>, ClientError>> + Send {
        ask(self, Query::Inbound(query), |reply| match reply {
            Reply::Inbound(cells) => Some(cells),
            _ => None,
        })
    }

    /// How good routing has been since the server started.
    fn routing_report(&self) -> impl Future<Output = Result<RoutingReport, ClientError>> + Send {
        ask(self, Query::Routing, |reply| match reply {
            Reply::Routing(report) => Some(*report),
            _ => None,
        })
    }

    /// The rules in force.
    fn rules(&self) -> impl Future<Output = Result<VersionedText, ClientError>> + Send {
        ask(self, Query::Rules, text)
    }

    /// The world in force, with the ids given to its codes.
    fn world(&self) -> impl Future<Output = Result<VersionedText, ClientError>> + Send {
        ask(self, Query::World, text)
    }
}

/// An order by the shop's own number.
pub fn by_number(channel: Code, number: Code) -> OrderRef {
    OrderRef::Number { channel, number }
}

/// An order by the engine's id.
pub fn by_id(order: OrderId) -> OrderRef {
    OrderRef::Id(order)
}

/// The calls of something with other settings, see [`Stockade::with`].
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

fn other() -> ClientError {
    ClientError::Protocol("the answer is of another kind than the question".to_owned())
}

fn placed(reply: Reply) -> Option<Placed> {
    match reply {
        Reply::Placed(placed) => Some(*placed),
        _ => None,
    }
}

fn changed(reply: Reply) -> Option<Changed> {
    match reply {
        Reply::Changed(changed) => Some(*changed),
        _ => None,
    }
}

fn moved(reply: Reply) -> Option<Moved> {
    match reply {
        Reply::Moved(moved) => Some(moved),
        _ => None,
    }
}

fn configured(reply: Reply) -> Option<Configured> {
    match reply {
        Reply::Configured(configured) => Some(configured),
        _ => None,
    }
}

fn text(reply: Reply) -> Option<VersionedText> {
    match reply {
        Reply::Text(text) => Some(text),
        _ => None,
    }
}
