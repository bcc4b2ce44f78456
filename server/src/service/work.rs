//! What a request asks, and how much work that is.

use stockade_core::command::{Command, Request, StepAction};
use stockade_core::query::Query;

/// A command or a query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Change something.
    Command(Request),
    /// Ask something.
    Query {
        /// The query.
        query: Query,
        /// Whether the answer may be given before what it saw is durable.
        provisional: bool,
    },
}

/// How much work a request may be, by what can be seen before it is begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// Far less than a millisecond: done by the thread that read it.
    Light,
    /// Milliseconds: done by threads for such work, of which there are fewer than processors.
    Heavy,
    /// Seconds: done one at a time.
    Exact,
}

impl Ask {
    /// How much work this may be.
    pub fn work(&self) -> Work {
        match self {
            Ask::Command(request) => of_command(&request.command),
            Ask::Query { query, .. } => of_query(query),
        }
    }
}

/// How much work a command may be.
pub fn of_command(command: &Command) -> Work {
    match command {
        Command::ApplyWorld(_) | Command::ApplyRules(_) => Work::Heavy,
        Command::DefineSkus(define) => by_items(define.skus.len(), STOCK_LINES),
        Command::Receive(receive) => by_items(receive.lines.len(), STOCK_LINES),
        Command::Count(count) => by_items(count.lines.len() + count.except.len(), STOCK_LINES),
        Command::Transfer(transfer) => by_items(transfer.lines.len(), STOCK_LINES),
        Command::Arrive(arrive) => by_items(arrive.lines.len(), STOCK_LINES),
        Command::BookLoss(loss) => by_items(loss.lines.len(), STOCK_LINES),
        Command::Recall(recall) => by_items(recall.lines.len(), STOCK_LINES),
        Command::CountShelf(count) => by_items(count.lines.len(), STOCK_LINES),
        Command::Place(place) => by_items(place.lines.len(), ORDER_LINES),
        Command::Step(step) => of_step(&step.action),
        // What an order in review has of lines is not known here, nor is it often routed anew.
        Command::Reroute(_) | Command::RerouteApart(_) => Work::Heavy,
        Command::Adjust(_)
        | Command::MovePool(_)
        | Command::SetSafety(_)
        | Command::Pay(_)
        | Command::CloseRefund(_)
        | Command::Cancel(_)
        | Command::ExtendHold(_)
        | Command::Expect(_) => Work::Light,
    }
}

fn of_step(action: &StepAction) -> Work {
    match action {
        // The units that are missing are routed anew.
        StepAction::Short(_) => Work::Heavy,
        StepAction::Return(lines) => by_items(lines.len(), STOCK_LINES),
        StepAction::Inspect(lines) => by_items(lines.len(), STOCK_LINES),
        StepAction::Pick
        | StepAction::Pack
        | StepAction::Weigh(_)
        | StepAction::Label(_)
        | StepAction::Scan(_)
        | StepAction::Pickup
        | StepAction::Deliver
        | StepAction::Confirm
        | StepAction::Unpack
        | StepAction::Unscan
        | StepAction::Undelivered
        | StepAction::Refused
        | StepAction::Lost => Work::Light,
    }
}

/// How much work a query may be.
pub fn of_query(query: &Query) -> Work {
    match query {
        Query::Rules(_)
        | Query::World(_)
        | Query::Orders(_)
        | Query::Refunds(_)
        | Query::Explain(_)
        | Query::Routing(_)
        | Query::Inbound(_) => Work::Heavy,
        Query::Stock(stock) if stock.skus.is_empty() => Work::Heavy,
        Query::Stock(stock) => by_items(stock.skus.len(), STOCK_LINES),
        Query::Availability(ask) => by_items(ask.skus.len(), STOCK_LINES),
        Query::Quote(quote) => by_items(quote.0.lines.len(), ORDER_LINES),
        Query::QuoteExact(_) => Work::Exact,
        Query::Order(_) => Work::Light,
    }
}

fn by_items(items: usize, light: usize) -> Work {
    if items > light { Work::Heavy } else { Work::Light }
}

/// Lines of an order up to which planning takes far less than a millisecond.
const ORDER_LINES: usize = 20;
/// The same for SKUs and lines that are not planned.
const STOCK_LINES: usize = 200;

#[cfg(test)]
mod tests {
    use stockade_core::command::{Line, Place};
    use stockade_core::ids::Code;
    use stockade_core::query::{OrdersQuery, Quote, QuoteExact, World};
    use stockade_core::units::Units;

    use super::*;

    #[test]
    fn small_orders_are_light_and_large_ones_lists_and_worlds_are_not() {
        let code = |text: &str| Code::new(text).unwrap();
        let place = |lines: usize| {
            let line = |n| Line { sku: code(&format!("S-{n}")), units: Units(1) };
            Place::new(code("web"), code("1"), (0..lines).map(line).collect())
        };
        let command = |lines| of_command(&Command::Place(place(lines)));
        assert_eq!([command(1), command(20), command(21)], [Work::Light, Work::Light, Work::Heavy]);
        let quote = |lines| of_query(&Query::Quote(Quote(place(lines))));
        assert_eq!([quote(1), quote(2_000)], [Work::Light, Work::Heavy]);
        assert_eq!(of_query(&Query::QuoteExact(QuoteExact(place(1)))), Work::Exact);
        for query in [Query::World(World), Query::Orders(OrdersQuery { limit: 1, ..OrdersQuery::default() })] {
            assert_eq!(Ask::Query { query, provisional: true }.work(), Work::Heavy);
        }
    }
}
