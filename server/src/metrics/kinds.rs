//! The kinds of commands and queries by which requests are counted.

use stockade_core::command::{Command, Query};

/// The names of the kinds of commands, in the order of [`of_command`].
pub(super) const COMMANDS: [&str; 17] = [
    "apply_world",
    "apply_rules",
    "define_skus",
    "receive",
    "adjust",
    "count",
    "transfer",
    "arrive",
    "move_pool",
    "set_safety",
    "expect",
    "place",
    "pay",
    "cancel",
    "extend_hold",
    "step",
    "reroute",
];

/// The names of the kinds of queries, in the order of [`of_query`].
pub(super) const QUERIES: [&str; 11] = [
    "quote",
    "availability",
    "stock",
    "order",
    "orders",
    "rules",
    "world",
    "explain",
    "routing",
    "quote_exact",
    "inbound",
];

/// The place of a command's kind among [`COMMANDS`].
pub(super) const fn of_command(command: &Command) -> usize {
    match command {
        Command::ApplyWorld(_) => 0,
        Command::ApplyRules(_) => 1,
        Command::DefineSkus(_) => 2,
        Command::Receive(_) => 3,
        Command::Adjust(_) => 4,
        Command::Count(_) => 5,
        Command::Transfer(_) => 6,
        Command::Arrive(_) => 7,
        Command::MovePool(_) => 8,
        Command::SetSafety(_) => 9,
        Command::Expect(_) => 10,
        Command::Place(_) => 11,
        Command::Pay(_) => 12,
        Command::Cancel(_) => 13,
        Command::ExtendHold(_) => 14,
        Command::Step(_) => 15,
        Command::Reroute(_) => 16,
    }
}

/// The place of a query's kind among [`QUERIES`].
pub(super) const fn of_query(query: &Query) -> usize {
    match query {
        Query::Quote(_) => 0,
        Query::Availability(_) => 1,
        Query::Stock(_) => 2,
        Query::Order(_) => 3,
        Query::Orders(_) => 4,
        Query::Rules => 5,
        Query::World => 6,
        Query::Explain(_) => 7,
        Query::Routing => 8,
        Query::QuoteExact(_) => 9,
        Query::Inbound(_) => 10,
    }
}
