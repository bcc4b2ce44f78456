//! `pay`, and `refunds` with `refund close`: money that comes, and what of it goes back.

use clap::{Args, Subcommand};
use stockade_core::command::{CloseRefund, Command, Pay};
use stockade_core::ids::{Code, RefundNo, Seq};
use stockade_core::money::Money;
use stockade_core::query::{Query, RefundsQuery};
use stockade_core::reply::{RefundsPage, Reply};
use stockade_core::units::counted;

use super::connect::{Connect, KeyFlags};
use super::order_ref::OrderArg;
use crate::failure::Failure;
use crate::print;
use crate::terminal::Output;

/// Refunds that the server puts on one page at most.
const PAGE: u32 = 1_000;

/// See [`pay`].
#[derive(Debug, Args)]
pub struct PayArgs {
    /// The order: channel/number, or id:N.
    order: OrderArg,
    /// What the payment is called by whoever took it: another one for an order that is paid is owed back.
    #[arg(long, value_name = "REFERENCE")]
    payment: Option<Code>,
    /// What arrived, like 12.50.
    #[arg(long)]
    amount: Option<Money>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`refunds`].
#[derive(Debug, Args)]
pub struct RefundsArgs {
    /// Only of this channel.
    #[arg(long)]
    channel: Option<Code>,
    /// Only of this order number of the channel; also one that no order has.
    #[arg(long, requires = "channel")]
    number: Option<Code>,
    /// Those that are closed, by when they were closed, instead of those that are open.
    #[arg(long)]
    closed: bool,
    /// At most this many refunds, from 1.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Go on after this cursor: the one that a list says when it was cut.
    #[arg(long, value_name = "CURSOR")]
    after: Option<u64>,
    #[command(flatten)]
    connect: Connect,
}

/// See [`refund`].
#[derive(Debug, Args)]
pub struct RefundArgs {
    #[command(subcommand)]
    verb: RefundVerb,
}

#[derive(Debug, Subcommand)]
enum RefundVerb {
    /// Record that the money went back.
    Close {
        /// The order: channel/number, or id:N; also a number that no order has.
        order: OrderArg,
        /// Which of its refunds.
        #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        refund: u32,
        /// What the money that went back is called.
        #[arg(long)]
        reference: Code,
        #[command(flatten)]
        connect: Connect,
    },
}

/// Confirms that an order is paid.
pub fn pay(args: PayArgs, out: Output) -> Result<(), Failure> {
    let command = Command::Pay(Pay { order: args.order.0, payment: args.payment, amount: args.amount });
    args.connect.run(&args.key, command, out)
}

/// Records that money which was owed back went back.
pub fn refund(args: RefundArgs, out: Output) -> Result<(), Failure> {
    let RefundVerb::Close { order, refund, reference, connect } = args.verb;
    let command = Command::CloseRefund(CloseRefund { order: order.0, refund: RefundNo(refund), reference });
    // Known by its refund and reference.
    connect.run(&KeyFlags::default(), command, out)
}

/// Lists refunds, the earliest first. A list that is cut says so: on standard error, with `--json` by a cursor in `next`.
pub fn refunds(args: RefundsArgs, out: Output) -> Result<(), Failure> {
    let session = args.connect.open()?;
    let mut found = RefundsPage { refunds: Vec::new(), next: args.after.map(Seq) };
    loop {
        let left = args.limit - u32::try_from(found.refunds.len()).unwrap_or(args.limit);
        let (channel, number, closed) = (args.channel.clone(), args.number.clone(), args.closed);
        let query = Query::Refunds(RefundsQuery { channel, number, closed, after: found.next, limit: left.min(PAGE) });
        let Reply::Refunds(page) = session.query(query)? else {
            return Err(Failure::failed("the server answered a list of refunds with something else"));
        };
        found.refunds.extend(page.refunds);
        found.next = page.next;
        if found.next.is_none() || found.refunds.len() >= args.limit as usize {
            break;
        }
    }
    let next = found.next;
    print::reply(&Reply::Refunds(found), out);
    if let Some(cursor) = next.filter(|_| !out.json) {
        let limit = args.limit;
        eprintln!(
            "stockade: there are more: this is a list of the first {}; raise --limit, or go on with --after {cursor}",
            counted(limit, "refund")
        );
    }
    Ok(())
}
