//! What a request asks, and how much work that is.

use std::fmt;

use stockade_core::command::{Command, OrderRef, Request, StepAction};
use stockade_core::engine::{Engine, Extent};
use stockade_core::limits::{PLAN_UNDER_LOCKS_LANES, PLAN_UNDER_LOCKS_LINES};
use stockade_core::query::Query;

use crate::clock::Clock;

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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Work {
    /// Far less than a millisecond: done by the thread that read it.
    Light,
    /// Milliseconds: done by threads for such work, of which there are fewer than processors.
    Heavy,
    /// Seconds: done one at a time.
    Exact,
}

/// A look at what a request names, before it is begun. It costs no more than a lock and a few hundred steps, and nothing
/// for most requests.
pub struct Look<'s> {
    engine: &'s Engine,
    clock: &'s Clock,
}

impl fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look").finish_non_exhaustive()
    }
}

impl<'s> Look<'s> {
    /// A look at this engine, by this clock.
    pub fn new(engine: &'s Engine, clock: &'s Clock) -> Look<'s> {
        Look { engine, clock }
    }

    /// How much work a request may be.
    pub fn of(&self, ask: &Ask) -> Work {
        match ask {
            Ask::Command(request) => self.of_command(&request.command),
            Ask::Query { query, .. } => self.of_query(query),
        }
    }

    /// How much work a command may be. Above each kind stands the most that a valid one of it takes.
    pub fn of_command(&self, command: &Command) -> Work {
        match command {
            // Files of 8 MiB are read, resolved and compared with what is in force.
            Command::ApplyWorld(_) | Command::ApplyRules(_) => Work::Heavy,
            // 10,000 SKUs are entered.
            Command::DefineSkus(define) => by_items(define.skus.len(), STOCK_LINES),
            Command::ClearSkus(clear) => by_items(clear.skus.len(), STOCK_LINES),
            // A movement or two for each of 10,000 lines; while goods of its cells are handed over, 1,024 promises besides.
            Command::Receive(_) if self.engine.has_reactions() => Work::Heavy,
            Command::Receive(receive) => by_items(receive.lines.len(), STOCK_LINES),
            // A movement for each pool of a cell, 100,000 in all; each cell's 256 last changes are compared with 1,000 events.
            Command::Count(count) => {
                by_items(count.lines.len(), COUNT_LINES).max(by_items(count.except.len(), STOCK_LINES))
            }
            // The same without events.
            Command::CountShelf(count) => by_items(count.lines.len(), COUNT_LINES),
            // A movement or two for each of 10,000 lines.
            Command::Transfer(transfer) => by_items(transfer.lines.len(), STOCK_LINES),
            Command::Arrive(arrive) => by_items(arrive.lines.len(), STOCK_LINES),
            Command::BookLoss(loss) => by_items(loss.lines.len(), STOCK_LINES),
            Command::Recall(recall) => by_items(recall.lines.len(), STOCK_LINES),
            // One cell. What it makes due for others are reactions, on a thread of their own.
            Command::Adjust(_) | Command::MovePool(_) | Command::SetSafety(_) => Work::Light,
            // 256 promises move to other receipts, after 1,024 were handed over.
            Command::Expect(_) => Work::Heavy,
            // A plan of 2,000 lines over 500,000 cells.
            Command::Place(place) => self.of_plan(place.lines.len()),
            // The same when it comes too late, otherwise a movement for each of 100,000 lines.
            Command::Pay(pay) => self.of_payment(&pay.order),
            // A movement for each of 100,000 lines, of which one may be 1,000 promises.
            Command::Cancel(cancel) => self.of_change(&cancel.order),
            // Goes through 100,000 lines, to lock and to see what they depend on.
            Command::ExtendHold(extend) => self.of_change(&extend.order),
            Command::Step(step) => match of_step(&step.action) {
                Work::Light => self.of_change(&step.order),
                more @ (Work::Heavy | Work::Exact) => more,
            },
            // One refund, which is answered with its 100,000 lines.
            Command::CloseRefund(close) => by_items(self.engine.refund_lines(&close.order, close.refund), STOCK_LINES),
            // A plan of one line, and a look at 100,000 lines for what the order has.
            Command::Raise(raise) => self.of_change(&raise.order),
            // A movement or two for each of 2,000 lines, and a look at the 100,000 that the parcels have.
            Command::Split(split) => by_items(split.lines.len(), STOCK_LINES).max(self.of_change(&split.order)),
            // A plan of all that is in review; apart, one for each SKU of it. Rare enough not to be looked at.
            Command::Reroute(_) | Command::RerouteApart(_) => Work::Heavy,
        }
    }

    /// How much work a query may be. Above each kind stands the most that a valid one of it takes.
    pub fn of_query(&self, query: &Query) -> Work {
        match query {
            // A file of 8 MiB is copied and sent.
            Query::Rules(_) | Query::World(_) => Work::Heavy,
            // A page of 10,000 rows.
            Query::Orders(_) | Query::Inbound(_) | Query::Refunds(_) => Work::Heavy,
            // 10,000 SKUs at 4,096 warehouses, and looks at 8,192 orders for those that short units affect, whatever the
            // number of SKUs.
            Query::Stock(_) => Work::Heavy,
            // Reads the journal, and plans again.
            Query::Explain(_) => Work::Heavy,
            // A report over all that was sampled.
            Query::Routing(_) => Work::Heavy,
            // For a presale channel, what is yet to come in each cell of 10,000 SKUs.
            Query::Availability(ask) => by_items(ask.skus.len(), STOCK_LINES).max(self.of_cells(ask.skus.len())),
            // Two numbers.
            Query::Times(_) => Work::Light,
            // A plan of 2,000 lines over 500,000 cells.
            Query::Quote(quote) => self.of_plan(quote.0.lines.len()),
            Query::QuoteExact(_) => Work::Exact,
            // 100,000 lines with what they wait for, 100,000 moments, and refunds of 100,000 lines each.
            Query::Order(order) => self.of_view(order),
        }
    }

    /// A plan of so many lines.
    fn of_plan(&self, lines: usize) -> Work {
        match lines {
            // What nearly every order is, without a look.
            0..=PLAN_UNDER_LOCKS_LINES => Work::Light,
            _ => by_items(lines, ORDER_LINES).max(self.of_cells(lines)),
        }
    }

    /// So many SKUs at every warehouse.
    fn of_cells(&self, skus: usize) -> Work {
        match skus {
            0 | 1 => Work::Light,
            _ => by_items(skus.saturating_mul(self.engine.warehouses()), CELLS),
        }
    }

    /// A change of an order. One that is not known is refused at once.
    fn of_change(&self, order: &OrderRef) -> Work {
        self.extent(order).map_or(Work::Light, |extent| by_items(extent.lines, STOCK_LINES))
    }

    fn of_payment(&self, order: &OrderRef) -> Work {
        let Some(extent) = self.extent(order) else { return Work::Light };
        // A payment that was told before is looked for among all that happened.
        let items = extent.lines.max(extent.moments);
        if extent.is_late { self.of_plan(items) } else { by_items(items, STOCK_LINES) }
    }

    fn of_view(&self, order: &OrderRef) -> Work {
        let extent = self.extent(order);
        extent.map_or(Work::Light, |extent| by_items(extent.lines.max(extent.moments), STOCK_LINES))
    }

    fn extent(&self, order: &OrderRef) -> Option<Extent> {
        self.engine.extent(order, self.clock.now(), STOCK_LINES)
    }
}

/// A step by itself; what its order adds is looked at besides.
fn of_step(action: &StepAction) -> Work {
    match action {
        // The units that are missing are routed anew.
        StepAction::Short(_) => Work::Heavy,
        StepAction::Return(lines) => by_items(lines.len(), STOCK_LINES),
        StepAction::ReturnTo(back) => by_items(back.lines.len(), STOCK_LINES),
        StepAction::Inspect(lines) => by_items(lines.len(), STOCK_LINES),
        StepAction::InspectAt(there) => by_items(there.lines.len(), STOCK_LINES),
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

fn by_items(items: usize, light: usize) -> Work {
    if items > light { Work::Heavy } else { Work::Light }
}

/// Lines of an order up to which planning takes far less than a millisecond.
const ORDER_LINES: usize = 20;
/// Pairs of line and warehouse up to which that is so.
const CELLS: usize = PLAN_UNDER_LOCKS_LANES;
/// The same for SKUs and lines that are not planned.
const STOCK_LINES: usize = 200;
/// The same for lines of a count, which has a movement for each pool.
const COUNT_LINES: usize = 20;

#[cfg(test)]
mod tests {
    use stockade_core::Actor;
    use stockade_core::command::{
        ApplyWorld, Cancel, CancelScope, CloseRefund, DefineSkus, ExtendHold, Line, Pay, Place, Receive, SkuSpec,
        TakeStep,
    };
    use stockade_core::ids::{Code, RefundNo, SubNo};
    use stockade_core::query::{AvailabilityQuery, OrdersQuery, Quote, QuoteExact, StockQuery, World};
    use stockade_core::time::{Span, Time};
    use stockade_core::units::Units;

    use super::*;

    const LARGE: usize = STOCK_LINES + 1;

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    fn place(number: &str, lines: usize) -> Place {
        let line = |n| Line { sku: code(&format!("S-{n}")), units: Units(1) };
        Place {
            hold: Some(Span::from_secs(60)),
            ..Place::new(code("web"), code(number), (0..lines).map(line).collect())
        }
    }

    fn named(number: &str) -> OrderRef {
        OrderRef::Number { channel: code("web"), number: code(number) }
    }

    /// An engine with a world of so many warehouses, some SKUs and much stock of each, at this time.
    fn engine(warehouses: usize, now: Time) -> Engine {
        let sites: String =
            (0..warehouses).map(|n| format!("[[warehouse]]\ncode = \"W-{n}\"\nzone = \"east\"\n")).collect();
        let text = format!(
            "currency = \"CNY\"\n{sites}[[carrier]]\ncode = \"X\"\n[[rate]]\ncarrier = \"X\"\nfrom = \"*\"\nto = \"*\"\n\
             parcel = \"5\"\nhours = 24\n[[channel]]\ncode = \"web\"\npools = [\"regular\"]\n"
        );
        let engine = Engine::new();
        let sku = |n| SkuSpec { sku: code(&format!("S-{n}")), weight_g: Some(100), category: None };
        let lines = (0..LARGE).map(|n| Line { sku: code(&format!("S-{n}")), units: Units(100) }).collect();
        tell(&engine, now, "world", Command::ApplyWorld(ApplyWorld { text }));
        tell(&engine, now, "skus", Command::DefineSkus(DefineSkus { skus: (0..LARGE).map(sku).collect() }));
        let receive = Receive { warehouse: code("W-0"), pool: None, expected: None, lines };
        tell(&engine, now, "stock", Command::Receive(receive));
        engine
    }

    fn tell(engine: &Engine, now: Time, key: &str, command: Command) {
        let request = Request { key: Some(code(key)), occurred: None, command };
        let outcome = engine.execute(&request, &Actor::Named(code("shop")), now);
        assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    }

    #[test]
    fn small_orders_are_light_and_large_ones_lists_and_worlds_are_not() {
        let clock = Clock::system(Time(0));
        let engine = engine(2, clock.now());
        let look = Look::new(&engine, &clock);
        let command = |lines| look.of_command(&Command::Place(place("1", lines)));
        assert_eq!([command(1), command(20), command(21)], [Work::Light, Work::Light, Work::Heavy]);
        let quote = |lines| look.of_query(&Query::Quote(Quote(place("1", lines))));
        assert_eq!([quote(1), quote(2_000)], [Work::Light, Work::Heavy]);
        assert_eq!(look.of_query(&Query::QuoteExact(QuoteExact(place("1", 1)))), Work::Exact);
        let stock = StockQuery { skus: vec![code("S-1")], warehouse: Some(code("W-0")), after: None, limit: 1 };
        let orders = OrdersQuery { limit: 1, ..OrdersQuery::default() };
        for query in [Query::World(World), Query::Orders(orders), Query::Stock(stock)] {
            assert_eq!(look.of(&Ask::Query { query, provisional: true }), Work::Heavy);
        }
    }

    #[test]
    fn what_a_command_names_tells_how_much_it_is() {
        let clock = Clock::system(Time(0));
        let engine = engine(2, clock.now());
        for (number, lines) in [("small", 3), ("large", LARGE)] {
            tell(&engine, clock.now(), number, Command::Place(place(number, lines)));
        }
        let look = Look::new(&engine, &clock);
        let each = |number: &str| {
            let (order, sub) = (|| named(number), SubNo(1));
            [
                look.of_command(&Command::Pay(Pay { order: order(), payment: None, amount: None })),
                look.of_command(&Command::Cancel(Cancel { order: order(), scope: CancelScope::Order, reason: None })),
                look.of_command(&Command::ExtendHold(ExtendHold { order: order(), until: Time::NEVER })),
                look.of_command(&Command::Step(TakeStep { order: order(), sub, action: StepAction::Pick })),
                look.of_command(&Command::Step(TakeStep { order: order(), sub, action: StepAction::Return(vec![]) })),
                look.of_command(&Command::Step(TakeStep { order: order(), sub, action: StepAction::Inspect(vec![]) })),
                look.of_query(&Query::Order(order())),
            ]
        };
        assert_eq!(each("small"), [Work::Light; 7]);
        assert_eq!(each("large"), [Work::Heavy; 7]);
        assert_eq!(each("unknown"), [Work::Light; 7]);
    }

    #[test]
    fn the_lines_of_refunds_are_a_part_of_what_is_answered() {
        let clock = Clock::system(Time(0));
        let engine = engine(2, clock.now());
        for (number, lines) in [("parts", LARGE / 2), ("whole", LARGE)] {
            tell(&engine, clock.now(), number, Command::Place(place(number, lines)));
            tell(&engine, clock.now(), &format!("pay-{number}"), Command::Pay(Pay::new(named(number))));
        }
        let look = Look::new(&engine, &clock);
        let cancel = |number: &str, key: &str, scope| {
            tell(&engine, clock.now(), key, Command::Cancel(Cancel { order: named(number), scope, reason: None }));
        };
        let unit = |n: usize| {
            let line = Line { sku: code(&format!("S-{n}")), units: Units(1) };
            cancel("parts", &format!("cancel-{n}"), CancelScope::Units(line));
        };
        // Each is a moment, and a refund with its line.
        (0..60).for_each(unit);
        assert_eq!(look.of_query(&Query::Order(named("parts"))), Work::Light);
        (60..70).for_each(unit);
        assert_eq!(look.of_query(&Query::Order(named("parts"))), Work::Heavy);
        cancel("whole", "cancel-whole", CancelScope::Order);
        let close = |number, refund| {
            let (order, refund, reference) = (named(number), RefundNo(refund), code("B-1"));
            look.of_command(&Command::CloseRefund(CloseRefund { order, refund, reference }))
        };
        assert_eq!([close("parts", 1), close("whole", 2), close("whole", 1)], [Work::Light, Work::Light, Work::Heavy]);
    }

    #[test]
    fn a_payment_that_comes_too_late_is_as_much_as_a_plan() {
        let clock = Clock::system(Time(0));
        let engine = engine(2, clock.now());
        for (number, lines) in [("small", 3), ("larger", ORDER_LINES + 1)] {
            tell(&engine, clock.now(), number, Command::Place(place(number, lines)));
        }
        let look = Look::new(&engine, &clock);
        let pay =
            |number: &str| look.of_command(&Command::Pay(Pay { order: named(number), payment: None, amount: None }));
        assert_eq!([pay("small"), pay("larger")], [Work::Light; 2]);
        let expired = engine.expire_due(clock.now() + Span::from_secs(61), 10);
        assert_eq!(expired.len(), 2);
        assert_eq!([pay("small"), pay("larger")], [Work::Light, Work::Heavy]);
    }

    #[test]
    fn what_is_small_in_a_small_world_may_be_heavy_in_a_large_one() {
        let clock = Clock::system(Time(0));
        let (small, large) = (engine(2, clock.now()), engine(1_000, clock.now()));
        let order = Command::Place(place("1", 10));
        let ask = Query::Availability(AvailabilityQuery { channel: code("web"), skus: vec![code("S-1"); 10] });
        for (engine, work) in [(&small, Work::Light), (&large, Work::Heavy)] {
            let look = Look::new(engine, &clock);
            assert_eq!([look.of_command(&order), look.of_query(&ask)], [work; 2]);
            assert_eq!(look.of_command(&Command::Place(place("1", 3))), Work::Light, "nearly every order");
        }
    }
}
