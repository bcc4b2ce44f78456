//! Verbs of an order's life: `quote`, `place`, `cancel`, `extend`, `step`, `reroute`, `order`.

use clap::{Args, Subcommand};
use stockade_client::ClientError;
use stockade_core::command::{
    Cancel, CancelScope, Command, ExtendHold, InspectAt, Inspected, OrderRef, Place, Reroute, RerouteApart, ReturnTo,
    StepAction, TakeStep,
};
use stockade_core::ids::{Code, SubNo};
use stockade_core::limits::UNPLACED_PAYMENTS_MAX;
use stockade_core::query::{Explain, Query, RefundsQuery};
use stockade_core::reject::Reject;
use stockade_core::reply::{OrderView, RefundsPage, Reply};
use stockade_core::time::Span;
use stockade_core::units::Units;

use super::connect::{Connect, KeyFlags, Session};
use super::order_ref::{InspectArg, LineArg, OrderArg, SubArg};
use crate::failure::Failure;
use crate::print;
use crate::terminal::Output;
use crate::times::parse_time;

/// Refunds of a number that are shown: as many payments as are taken for one that no order has.
const ROWS: u32 = UNPLACED_PAYMENTS_MAX as u32;

/// What is ordered, for [`quote`] and [`place`].
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// The order: channel/number.
    order: OrderArg,
    /// What is ordered: SKU:units, or SKU for one.
    #[arg(required = true, value_name = "SKU[:UNITS]")]
    lines: Vec<LineArg>,
    /// The destination zone.
    #[arg(long)]
    zone: Option<Code>,
    /// The customer, as the channel knows it.
    #[arg(long)]
    customer: Option<Code>,
    /// Only this carrier.
    #[arg(long)]
    carrier: Option<Code>,
    /// All in one parcel or not at all.
    #[arg(long)]
    ship_complete: bool,
    /// No more parcels than this.
    #[arg(long, value_name = "N")]
    max_parcels: Option<u16>,
    /// How long stock is held unpaid, like 30m [default: the channel's].
    #[arg(long, value_name = "SPAN")]
    hold: Option<Span>,
    #[command(flatten)]
    connect: Connect,
}

/// See [`quote`].
#[derive(Debug, Args)]
pub struct QuoteArgs {
    /// Search for seconds instead of milliseconds when the best plan is hard to prove.
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

/// An order and nothing more.
#[derive(Debug, Args)]
pub struct OrderArgs {
    /// The order: channel/number, or id:N.
    order: OrderArg,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`reroute`].
#[derive(Debug, Args)]
pub struct RerouteArgs {
    #[command(flatten)]
    of: OrderArgs,
    /// In as many parcels as it takes, although the order asked to ship complete or in fewer.
    #[arg(long)]
    apart: bool,
}

/// See [`order`].
#[derive(Debug, Args)]
#[command(subcommand_negates_reqs = true)]
pub struct ShowArgs {
    /// The order: channel/number, or id:N.
    #[arg(required = true)]
    order: Option<OrderArg>,
    #[command(subcommand)]
    verb: Option<OrderVerb>,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Subcommand)]
enum OrderVerb {
    /// Show why it ships the way it does: the plans compared, and why warehouses were excluded.
    Explain {
        /// The order: channel/number, or id:N.
        #[arg(value_name = "ORDER")]
        of: Option<OrderArg>,
        /// Which decision, from 1, when the order was routed more than once [default: the latest].
        #[arg(long, value_name = "N")]
        decision: Option<u16>,
    },
}

/// See [`cancel`].
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The order, or a sub-order of it: channel/number[/sub], or id:N[/sub].
    order: SubArg,
    /// Only this sub-order; ORDER is then the order alone, also when its number ends in /2.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    sub: Option<u16>,
    /// ORDER is the order alone, also when its number ends in /2.
    #[arg(long, conflicts_with = "sub")]
    whole: bool,
    /// Only units of a SKU.
    #[arg(long, value_name = "SKU:UNITS")]
    units: Option<LineArg>,
    /// Why, for the timeline.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`extend`].
#[derive(Debug, Args)]
pub struct ExtendArgs {
    /// The order: channel/number, or id:N.
    order: OrderArg,
    /// The new deadline, like 2026-11-11T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: stockade_core::time::Time,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`step`].
#[derive(Debug, Args)]
pub struct StepArgs {
    /// The sub-order: channel/number[/sub], or id:N[/sub]; sub-order 1 when none is named.
    order: SubArg,
    /// The sub-order; ORDER is then the order alone, also when its number ends in /2.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    sub: Option<u16>,
    #[command(subcommand)]
    action: StepVerb,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Subcommand)]
enum StepVerb {
    /// The pick ticket is printed.
    Pick,
    /// Fewer units were found than ordered.
    Short {
        /// Units found of each short SKU.
        #[arg(required = true, value_name = "SKU:FOUND")]
        found: Vec<LineArg>,
    },
    /// Packed.
    Pack,
    /// Weighed.
    Weigh {
        /// Grams.
        grams: u32,
    },
    /// Labelled.
    Label {
        /// The waybill.
        waybill: Code,
    },
    /// Scanned out of the warehouse.
    Scan {
        /// The waybill on the parcel, if the scanner read it.
        waybill: Option<Code>,
    },
    /// The courier has it.
    Pickup,
    /// Delivered.
    Deliver,
    /// The customer confirmed receipt.
    Confirm,
    /// Units came back.
    Return {
        /// Which units; everything that was shipped when none is named.
        #[arg(value_name = "SKU:UNITS")]
        units: Vec<LineArg>,
        /// The warehouse they came back to [default: the one that shipped them].
        #[arg(long, value_name = "WAREHOUSE")]
        to: Option<Code>,
    },
    /// The parcel is undone, to count or pack it again; its waybill is void.
    Unpack,
    /// The parcel was scanned out and is still here.
    Unscan,
    /// The carrier could not deliver the parcel and brings it back.
    Undelivered,
    /// The customer refused the parcel at the door.
    Refused,
    /// The carrier lost the parcel: its units are written off and wait in review, for reroute or cancel.
    Lost,
    /// Returned units are inspected.
    Inspect {
        /// Which units; all of them intact when none is named.
        #[arg(value_name = "SKU:INTACT:DAMAGED")]
        units: Vec<InspectArg>,
        /// Only at this warehouse [default: wherever they wait].
        #[arg(long, value_name = "WAREHOUSE")]
        at: Option<Code>,
    },
}

/// Shows the plan an order would get. Holds nothing.
pub fn quote(args: QuoteArgs, out: Output) -> Result<(), Failure> {
    let (place, connect) = args.place.split()?;
    let query = if args.exact {
        Query::QuoteExact(stockade_core::query::QuoteExact(place))
    } else {
        Query::Quote(stockade_core::query::Quote(place))
    };
    print::reply(&connect.open()?.query(query)?, out);
    Ok(())
}

/// Holds stock for an order and routes it.
pub fn place(args: PlaceArgs, out: Output) -> Result<(), Failure> {
    let (place, connect) = args.split()?;
    // An order is its own key, by channel and number.
    connect.run(&KeyFlags::default(), Command::Place(place), out)
}

impl PlaceArgs {
    fn split(self) -> Result<(Place, Connect), Failure> {
        let OrderRef::Number { channel, number } = self.order.0 else {
            return Err(Failure::usage("a new order is named channel/number, like web/1001"));
        };
        let place = Place {
            channel,
            number,
            zone: self.zone,
            customer: self.customer,
            carrier: self.carrier,
            ship_complete: self.ship_complete,
            max_parcels: self.max_parcels,
            hold: self.hold,
            lines: self.lines.into_iter().map(|line| line.0).collect(),
        };
        Ok((place, self.connect))
    }
}

/// Tries again to route what stands in review.
pub fn reroute(args: RerouteArgs, out: Output) -> Result<(), Failure> {
    let RerouteArgs { of: OrderArgs { order, key, connect }, apart } = args;
    let command = match apart {
        true => Command::RerouteApart(RerouteApart { order: order.0 }),
        false => Command::Reroute(Reroute { order: order.0 }),
    };
    connect.run(&key, command, out)
}

/// Cancels an order, a sub-order, or units of a line.
pub fn cancel(args: CancelArgs, out: Output) -> Result<(), Failure> {
    let session = args.connect.open()?;
    let sub = args.sub.map(SubNo);
    let (order, sub) = match args.order {
        order if args.whole || sub.is_some() => (order.whole().map_err(Failure::usage)?, sub),
        order => meant(&session, order, "--whole")?,
    };
    let scope = match (sub, args.units) {
        (None, None) => CancelScope::Order,
        (Some(sub), None) => CancelScope::Sub(sub),
        (None, Some(line)) => CancelScope::Units(line.0),
        (Some(_), Some(_)) => return Err(Failure::usage("name a sub-order or --units, not both")),
    };
    let command = Command::Cancel(Cancel { order, scope, reason: args.reason });
    print::reply(&session.command(&args.key, command)?, out);
    Ok(())
}

/// Holds unpaid stock longer.
pub fn extend(args: ExtendArgs, out: Output) -> Result<(), Failure> {
    let command = Command::ExtendHold(ExtendHold { order: args.order.0, until: args.until });
    args.connect.run(&args.key, command, out)
}

/// Records a step of a sub-order on its way to the customer and back.
pub fn step(args: StepArgs, out: Output) -> Result<(), Failure> {
    let lines = |args: Vec<LineArg>| args.into_iter().map(|line| line.0).collect();
    let result = |arg: InspectArg| Inspected { sku: arg.sku, intact: Units(arg.intact), damaged: Units(arg.damaged) };
    let inspected = |args: Vec<InspectArg>| args.into_iter().map(result).collect();
    let action = match args.action {
        StepVerb::Pick => StepAction::Pick,
        StepVerb::Short { found } => StepAction::Short(lines(found)),
        StepVerb::Pack => StepAction::Pack,
        StepVerb::Weigh { grams } => StepAction::Weigh(grams),
        StepVerb::Label { waybill } => StepAction::Label(waybill),
        StepVerb::Scan { waybill } => StepAction::Scan(waybill),
        StepVerb::Pickup => StepAction::Pickup,
        StepVerb::Deliver => StepAction::Deliver,
        StepVerb::Confirm => StepAction::Confirm,
        StepVerb::Unpack => StepAction::Unpack,
        StepVerb::Unscan => StepAction::Unscan,
        StepVerb::Undelivered => StepAction::Undelivered,
        StepVerb::Refused => StepAction::Refused,
        StepVerb::Lost => StepAction::Lost,
        StepVerb::Return { units, to: None } => StepAction::Return(lines(units)),
        StepVerb::Return { units, to: Some(warehouse) } => {
            StepAction::ReturnTo(ReturnTo { warehouse, lines: lines(units) })
        }
        StepVerb::Inspect { units, at: None } => StepAction::Inspect(inspected(units)),
        StepVerb::Inspect { units, at: Some(warehouse) } => {
            StepAction::InspectAt(InspectAt { warehouse, lines: inspected(units) })
        }
    };
    let session = args.connect.open()?;
    let (order, sub) = sub_meant(&session, args.order, args.sub.map(SubNo))?;
    let command = Command::Step(TakeStep { order, sub, action });
    print::reply(&session.command(&args.key, command)?, out);
    Ok(())
}

/// The sub-order that is meant: the one that a flag names, or that the order's text names, or the first.
pub(super) fn sub_meant(session: &Session, order: SubArg, flag: Option<SubNo>) -> Result<(OrderRef, SubNo), Failure> {
    let (order, sub) = match flag {
        Some(sub) => (order.whole().map_err(Failure::usage)?, Some(sub)),
        None => meant(session, order, "--sub 1")?,
    };
    Ok((order, sub.unwrap_or(SubNo(1))))
}

/// The order that is meant, and its sub-order when one is. A text that may be both means what there is; when there is
/// both, nothing is done, and the refusal names the flags that tell them apart.
fn meant(session: &Session, named: SubArg, whole_flag: &str) -> Result<(OrderRef, Option<SubNo>), Failure> {
    let (whole, part, sub) = match named {
        SubArg::Plain(order, sub) => return Ok((order, sub)),
        SubArg::Either { whole, part, sub } => (whole, part, sub),
    };
    if found(session, &whole)?.is_none() {
        return Ok((part, Some(sub)));
    }
    let has_sub = |order: Box<OrderView>| order.sub_orders.iter().any(|planned| planned.promised.no == sub);
    if found(session, &part)?.is_some_and(has_sub) {
        return Err(Failure::usage(format!(
            "{whole} is an order, and sub-order {sub} of {part} is written like it: nothing is done; write {whole} \
             {whole_flag} for the order, or {part} --sub {sub} for the sub-order"
        )));
    }
    Ok((whole, None))
}

/// The order, if there is one.
fn found(session: &Session, order: &OrderRef) -> Result<Option<Box<OrderView>>, Failure> {
    let answer = session.try_query(Query::Order(order.clone()));
    if matches!(answer, Err(ClientError::Rejected(Reject::UnknownOrder { .. }))) {
        return Ok(None);
    }
    let Reply::Order(view) = answer? else {
        return Err(Failure::failed("the server answered something else than the order"));
    };
    Ok(Some(view))
}

/// Shows one order with its sub-orders and timeline.
pub fn order(args: ShowArgs, out: Output) -> Result<(), Failure> {
    let named = |order: Option<OrderArg>| order.ok_or_else(|| Failure::usage("name an order, like web/1001"));
    let query = match args.verb {
        Some(OrderVerb::Explain { of: Some(of), .. }) if args.order.as_ref().is_some_and(|order| *order != of) => {
            return Err(Failure::usage("name one order to explain, before `explain` or after it"));
        }
        Some(OrderVerb::Explain { of, decision }) => {
            Query::Explain(Explain { order: named(of.or(args.order))?.0, decision })
        }
        None => return show(&args.connect.open()?, named(args.order)?.0, out),
    };
    print::reply(&args.connect.open()?.query(query)?, out);
    Ok(())
}

/// Shows an order. Of a number that no order has, it shows the money that came for it, if any did.
fn show(session: &Session, order: OrderRef, out: Output) -> Result<(), Failure> {
    let refused = match session.try_query(Query::Order(order.clone())) {
        Ok(reply) => {
            print::reply(&reply, out);
            return Ok(());
        }
        Err(error) => error,
    };
    let (Some(Reject::UnknownOrder { .. }), OrderRef::Number { channel, number }) = (refused.reject(), order) else {
        return Err(refused.into());
    };
    let ask = RefundsQuery { channel: Some(channel), number: Some(number), limit: ROWS, ..RefundsQuery::default() };
    let mut came = Vec::new();
    for closed in [false, true] {
        let Reply::Refunds(page) = session.query(Query::Refunds(RefundsQuery { closed, ..ask.clone() }))? else {
            return Err(Failure::failed("a question for refunds was answered with something else"));
        };
        came.extend(page.refunds);
    }
    if came.is_empty() {
        return Err(refused.into());
    }
    came.sort_by_key(|refund| refund.refund);
    if !out.json {
        out.line("no order has this number; money came for it");
    }
    print::reply(&Reply::Refunds(RefundsPage { refunds: came, next: None }), out);
    Ok(())
}
