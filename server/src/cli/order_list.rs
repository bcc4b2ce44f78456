//! `orders`: a list of sub-orders, page by page from the server.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use stockade_core::ids::{Code, Seq};
use stockade_core::orders::{OrderState, Stage};
use stockade_core::query::{OrdersQuery, Query};
use stockade_core::reply::{OrderSummary, OrdersPage, Reply};
use stockade_core::units::counted;

use super::connect::{Connect, Session};
use crate::failure::Failure;
use crate::print;
use crate::terminal::Output;

/// Orders that the server puts on one page at most.
const PAGE: u32 = 1_000;

/// See [`orders`].
#[derive(Debug, Args)]
pub struct OrdersArgs {
    /// Only sub-orders of this warehouse.
    #[arg(long)]
    warehouse: Option<Code>,
    /// Only this channel.
    #[arg(long)]
    channel: Option<Code>,
    /// Only sub-orders in this stage of their way to the customer.
    #[arg(long, value_name = "STAGE", value_parser = one_of(&Stage::ALL, Stage::name))]
    stage: Option<Stage>,
    /// Only orders in this state of payment.
    #[arg(long, value_name = "STATE", value_parser = one_of(&OrderState::ALL, OrderState::name))]
    state: Option<OrderState>,
    /// Only orders of this customer.
    #[arg(long)]
    customer: Option<Code>,
    /// At most this many orders, from 1; each has a row for every sub-order that matches. The server is asked for pages
    /// of 1,000, so the number may be larger.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Go on after this cursor: the one that a list says when it was cut.
    #[arg(long, value_name = "CURSOR")]
    after: Option<u64>,
    /// Print CSV, for spreadsheets.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    connect: Connect,
}

/// Lists sub-orders by warehouse and stage, oldest order first. A list that is cut says so: on standard error, with
/// `--json` by a cursor in `next`.
pub fn orders(args: OrdersArgs, out: Output) -> Result<(), Failure> {
    let session = args.connect.open()?;
    let query = OrdersQuery {
        warehouse: args.warehouse,
        channel: args.channel,
        stage: args.stage,
        state: args.state,
        customer: args.customer,
        after: args.after.map(Seq),
        limit: PAGE,
    };
    let found = collect(&session, query, args.limit)?;
    let next = found.next;
    if args.csv {
        print::orders_csv(&found.orders)
            .map_err(|error| Failure::failed(format!("the list cannot be written: {error}")))?;
    } else {
        print::reply(&Reply::Orders(found), out);
    }
    if let Some(cursor) = next.filter(|_| !out.json) {
        let limit = args.limit;
        eprintln!(
            "stockade: there are more: this is a list of the first {}; raise --limit, or go on with --after {cursor}",
            counted(limit, "order")
        );
    }
    Ok(())
}

/// The rows of the first `limit` orders, and a cursor if and only if more orders match.
fn collect(session: &Session, mut query: OrdersQuery, limit: u32) -> Result<OrdersPage, Failure> {
    let mut found = OrdersPage { orders: Vec::new(), next: None };
    let mut left = limit;
    while left > 0 {
        query.limit = left.min(PAGE);
        let page = ask(session, &query)?;
        left = left.saturating_sub(orders_in(&page.orders));
        found.orders.extend(page.orders);
        query.after = page.next;
        if query.after.is_none() {
            return Ok(found);
        }
    }
    // A page may have a cursor although nothing that matches follows.
    let cursor = query.after;
    query.limit = 1;
    while query.after.is_some() {
        let page = ask(session, &query)?;
        if !page.orders.is_empty() {
            return Ok(OrdersPage { next: cursor, ..found });
        }
        query.after = page.next;
    }
    Ok(found)
}

fn ask(session: &Session, query: &OrdersQuery) -> Result<OrdersPage, Failure> {
    let Reply::Orders(page) = session.query(Query::Orders(query.clone()))? else {
        return Err(Failure::failed("the server answered a list of orders with something else"));
    };
    Ok(page)
}

fn orders_in(rows: &[OrderSummary]) -> u32 {
    u32::try_from(rows.chunk_by(|a, b| a.order == b.order).count()).unwrap_or(u32::MAX)
}

/// Reads one of `all` by its name; help and hints list the names.
fn one_of<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    named: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = PossibleValuesParser::new(all.iter().map(|one| named(*one)));
    names.try_map(move |text| {
        all.iter().copied().find(|one| named(*one) == text).ok_or_else(|| format!("`{text}` is not one of them"))
    })
}
