//! The body of every kind of reply.

use serde::Serialize;
use stockade_core::reply::Reply;

use super::availability::AvailableBody;
use super::clock::TimesBody;
use super::explanation::ExplanationBody;
use super::inbound::InboundCellBody;
use super::orders::{OrderBody, OrdersPageBody, PlacedBody};
use super::plan::PlanBody;
use super::refunds::{RefundedBody, RefundsPageBody};
use super::routing::RoutingBody;
use super::steps::ChangedBody;
use super::stock::{CellBody, MovedBody};
use super::world::{ConfiguredBody, TextBody};

/// A reply as JSON: an object, or an array of objects for lists.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it lives while it is written")]
pub enum ReplyBody<'a> {
    /// An order was placed.
    Placed(PlacedBody<'a>),
    /// An order was changed.
    Changed(ChangedBody<'a>),
    /// A refund was made due or closed.
    Refunded(RefundedBody<'a>),
    /// Stock was moved.
    Moved(MovedBody),
    /// World, rules or SKUs were changed.
    Configured(ConfiguredBody),
    /// A plan that an order would get.
    Quoted(PlanBody<'a>),
    /// What a channel may sell.
    Availability(Vec<AvailableBody<'a>>),
    /// Cells of stock.
    Stock(Vec<CellBody<'a>>),
    /// An order.
    Order(OrderBody<'a>),
    /// A page of sub-orders.
    Orders(OrdersPageBody<'a>),
    /// A page of refunds.
    Refunds(RefundsPageBody<'a>),
    /// World or rules.
    Text(TextBody<'a>),
    /// Why an order ships the way it does.
    Explained(ExplanationBody<'a>),
    /// How good routing is.
    Routing(RoutingBody),
    /// Which times are taken.
    Times(TimesBody),
    /// Expected receipts.
    Inbound(Vec<InboundCellBody<'a>>),
}

impl<'a> From<&'a Reply> for ReplyBody<'a> {
    fn from(reply: &'a Reply) -> ReplyBody<'a> {
        match reply {
            Reply::Placed(placed) => ReplyBody::Placed((&**placed).into()),
            Reply::Changed(changed) => ReplyBody::Changed((&**changed).into()),
            Reply::Refunded(told) => ReplyBody::Refunded((&**told).into()),
            Reply::Refunds(page) => ReplyBody::Refunds(page.into()),
            Reply::Moved(moved) => ReplyBody::Moved((*moved).into()),
            Reply::Configured(configured) => ReplyBody::Configured((*configured).into()),
            Reply::Quoted(plan) => ReplyBody::Quoted((&**plan).into()),
            Reply::Availability(all) => ReplyBody::Availability(all.iter().map(AvailableBody::from).collect()),
            Reply::Stock(cells) => ReplyBody::Stock(cells.iter().map(CellBody::from).collect()),
            Reply::Order(order) => ReplyBody::Order((&**order).into()),
            Reply::Orders(page) => ReplyBody::Orders(page.into()),
            Reply::Text(text) => ReplyBody::Text(text.into()),
            Reply::Explained(told) => ReplyBody::Explained((&**told).into()),
            Reply::Routing(report) => ReplyBody::Routing((&**report).into()),
            Reply::Times(times) => ReplyBody::Times((*times).into()),
            Reply::Inbound(cells) => ReplyBody::Inbound(cells.iter().map(InboundCellBody::from).collect()),
        }
    }
}
