//! What the engine answers. Text codes, exact money, and the same shapes over QUIC, HTTP and in process.

mod configure;
mod explained;
mod inbound;
mod order;
mod plan;
mod refund;
mod routing;
mod stock;
mod times;
mod writing;

use crate::vocabulary::numbered::numbered;

pub use configure::{Configured, VersionedText};
pub use explained::*;
pub use inbound::{Awaited, InboundCell, InboundView};
pub use order::{Changed, OrderSummary, OrderView, OrdersPage, Placed, SubOrderNow, TimelineEntry};
pub use plan::{PlanView, SubLineView, SubOrderView};
pub use refund::{ClosedView, RefundView, Refunded, RefundsPage};
pub use routing::RoutingReport;
pub use stock::{Available, CellView, Moved, PoolView};
pub use times::TimesView;

numbered! {
    "reply"
    /// The answer to a command or query.
    pub enum Reply: () {
        /// To an order.
        1 "placed" Placed(Box<Placed>),
        /// To every later command on an order.
        2 "changed" Changed(Box<Changed>),
        /// To stock commands.
        3 "moved" Moved(Moved),
        /// To configuration commands.
        4 "configured" Configured(Configured),
        /// To the closing of a refund, and to a payment for a number that no order has.
        5 "refunded" Refunded(Box<Refunded>),
        /// To a quote.
        10 "quoted" Quoted(Box<PlanView>),
        /// What may be sold.
        11 "availability" Availability(Vec<Available>),
        /// Cells of stock.
        12 "stock" Stock(Vec<CellView>),
        /// One order.
        13 "order" Order(Box<OrderView>),
        /// Sub-orders in a list.
        14 "orders" Orders(OrdersPage),
        /// The rules or the world in force.
        15 "text" Text(VersionedText),
        /// Why an order ships the way it does.
        16 "explained" Explained(Box<Explanation>),
        /// How good routing has been.
        17 "routing" Routing(Box<RoutingReport>),
        /// What is expected from suppliers.
        18 "inbound" Inbound(Vec<InboundCell>),
        /// Refunds in a list.
        19 "refunds" Refunds(RefundsPage),
        /// Which times are taken.
        20 "times" Times(TimesView),
    }
}
