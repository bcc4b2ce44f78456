//! The right that each kind of command and query needs, and the channel or order it belongs to.

use stockade_core::command::{Command, OrderRef, Query};
use stockade_core::ids::Code;

/// Which callers may send a kind of command or query.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Right {
    /// Change the world, the rules, SKUs, pools, inbound receipts and reviews.
    Manage,
    /// Receive, correct, count and transfer stock.
    Floor,
    /// Move sub-orders along.
    Ship,
    /// Place, pay, extend and cancel orders of one's own channel.
    Sell,
    /// Read what concerns one's own channel.
    ReadOwn,
    /// Read everything.
    Read,
}

/// What a command or query belongs to. A caller that is bound to one channel may send only what belongs to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner<'a> {
    /// To this channel.
    Channel(&'a Code),
    /// To the channel of this order.
    Order(&'a OrderRef),
    /// To no channel in particular.
    Nobody,
}

/// The right a command needs, and what it belongs to.
pub(super) const fn command(command: &Command) -> (Right, Owner<'_>) {
    match command {
        Command::ApplyWorld(_) | Command::ApplyRules(_) | Command::DefineSkus(_) => (Right::Manage, Owner::Nobody),
        Command::MovePool(_) | Command::SetSafety(_) | Command::Expect(_) => (Right::Manage, Owner::Nobody),
        Command::Reroute(reroute) => (Right::Manage, Owner::Order(&reroute.order)),
        Command::Receive(_) | Command::Adjust(_) | Command::Count(_) | Command::Transfer(_) | Command::Arrive(_) => {
            (Right::Floor, Owner::Nobody)
        }
        Command::Step(step) => (Right::Ship, Owner::Order(&step.order)),
        Command::Place(place) => (Right::Sell, Owner::Channel(&place.channel)),
        Command::Pay(pay) => (Right::Sell, Owner::Order(&pay.order)),
        Command::Cancel(cancel) => (Right::Sell, Owner::Order(&cancel.order)),
        Command::ExtendHold(extend) => (Right::Sell, Owner::Order(&extend.order)),
    }
}

/// The right a query needs, and what it belongs to.
pub(super) const fn query(query: &Query) -> (Right, Owner<'_>) {
    match query {
        Query::Quote(place) | Query::QuoteExact(place) => (Right::ReadOwn, Owner::Channel(&place.channel)),
        Query::Availability(ask) => (Right::ReadOwn, Owner::Channel(&ask.channel)),
        Query::Order(order) => (Right::ReadOwn, Owner::Order(order)),
        Query::Explain(ask) => (Right::ReadOwn, Owner::Order(&ask.order)),
        Query::Orders(ask) => match &ask.channel {
            Some(channel) => (Right::ReadOwn, Owner::Channel(channel)),
            None => (Right::ReadOwn, Owner::Nobody),
        },
        Query::Stock(_) | Query::Inbound(_) | Query::Rules | Query::World | Query::Routing => {
            (Right::Read, Owner::Nobody)
        }
    }
}
