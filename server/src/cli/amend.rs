//! Verbs of orders that change their minds: `raise`, `split`.

use clap::Args;
use stockade_core::command::{Command, Line, Raise, Split};
use stockade_core::ids::{Code, SubNo};
use stockade_core::units::Units;

use super::connect::{Connect, KeyFlags};
use super::order_ref::{LineArg, OrderArg, SubArg};
use super::orders::sub_meant;
use crate::failure::Failure;
use crate::print;
use crate::terminal::Output;

/// See [`raise`].
#[derive(Debug, Args)]
pub struct RaiseArgs {
    /// The order: channel/number, or id:N.
    order: OrderArg,
    /// The SKU, which the order must have.
    sku: Code,
    /// How many units more.
    #[arg(long, value_name = "UNITS")]
    by: u64,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`split`].
#[derive(Debug, Args)]
pub struct SplitArgs {
    /// The sub-order that units leave: channel/number[/sub], or id:N[/sub]; sub-order 1 when none is named.
    order: SubArg,
    /// What goes in a parcel of its own.
    #[arg(required = true, value_name = "SKU:UNITS")]
    lines: Vec<LineArg>,
    /// The sub-order; ORDER is then the order alone, also when its number ends in /2.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    sub: Option<u16>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// Adds units of a SKU to an unpaid order.
pub fn raise(args: RaiseArgs, out: Output) -> Result<(), Failure> {
    let line = Line { sku: args.sku, units: Units(args.by) };
    args.connect.run(&args.key, Command::Raise(Raise { order: args.order.0, line }), out)
}

/// Sends units of a paid sub-order in a parcel of their own.
pub fn split(args: SplitArgs, out: Output) -> Result<(), Failure> {
    let session = args.connect.open()?;
    let (order, sub) = sub_meant(&session, args.order, args.sub.map(SubNo))?;
    let lines = args.lines.into_iter().map(|line| line.0).collect();
    print::reply(&session.command(&args.key, Command::Split(Split { order, sub, lines }))?, out);
    Ok(())
}
