//! Verbs of stock that is lost to sale, and of transfers that are taken back: `damage`, `scrap`, `lose`, `recall`.

use clap::Args;
use stockade_core::command::{BookLoss, Command, Line, Loss, Recall};
use stockade_core::ids::Code;

use super::advice::{self, Movement, Typed};
use super::connect::{Connect, KeyFlags};
use super::order_ref::LineArg;
use crate::failure::Failure;
use crate::print;
use crate::terminal::Output;

/// Units of one warehouse, with the reason.
#[derive(Debug, Args)]
pub struct LossArgs {
    /// The warehouse where they are, or to which they were on the way.
    warehouse: Code,
    /// SKU:units, or SKU for one.
    #[arg(required = true, value_name = "SKU[:UNITS]")]
    lines: Vec<LineArg>,
    /// Why, for the auditor.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`damage`].
#[derive(Debug, Args)]
pub struct DamageArgs {
    #[command(flatten)]
    loss: LossArgs,
    /// The pool they leave [default: regular].
    #[arg(long, conflicts_with = "in_transit")]
    pool: Option<Code>,
    /// They were in transit to the warehouse, and arrive damaged.
    #[arg(long)]
    in_transit: bool,
}

/// See [`recall`].
#[derive(Debug, Args)]
pub struct RecallArgs {
    /// The warehouse that they left.
    from: Code,
    /// The warehouse to which they are on the way.
    to: Code,
    /// SKU:units, or SKU for one.
    #[arg(required = true, value_name = "SKU[:UNITS]")]
    lines: Vec<LineArg>,
    /// The pool they join [default: regular].
    #[arg(long)]
    pool: Option<Code>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// Books units that are not fit for sale.
pub fn damage(args: DamageArgs, out: Output) -> Result<(), Failure> {
    let loss = if args.in_transit { Loss::DamagedInTransit } else { Loss::Damaged };
    book(args.loss, loss, args.pool, ("are damaged", out))
}

/// Books damaged units that leave for good.
pub fn scrap(args: LossArgs, out: Output) -> Result<(), Failure> {
    book(args, Loss::Scrapped, None, ("are scrapped", out))
}

/// Books units in transit that will not arrive.
pub fn lose(args: LossArgs, out: Output) -> Result<(), Failure> {
    book(args, Loss::LostInTransit, None, ("are lost in transit", out))
}

/// Takes back units in transit.
pub fn recall(args: RecallArgs, out: Output) -> Result<(), Failure> {
    let recall = Recall { from: args.from, to: args.to, pool: args.pool, lines: bare(args.lines) };
    let typed = Typed { from: Some(recall.from.clone()), ..Typed::pooled("recall", &recall.pool) };
    let reply = advice::send(&args.connect, &args.key, Command::Recall(recall), &Movement::InTransit(typed))?;
    print::stock_reply(&reply, "are back", out);
    Ok(())
}

fn book(args: LossArgs, loss: Loss, pool: Option<Code>, (did, out): (&str, Output)) -> Result<(), Failure> {
    let LossArgs { warehouse, lines, reason, key, connect } = args;
    let movement = match loss {
        Loss::LostInTransit => Movement::InTransit(Typed::lost("lose", &reason)),
        Loss::DamagedInTransit => {
            let mut typed = Typed::lost("damage", &reason);
            typed.flags.push("--in-transit".to_owned());
            Movement::InTransit(typed)
        }
        Loss::Damaged | Loss::Scrapped => Movement::InWarehouse(reason.clone()),
    };
    let command = BookLoss { warehouse, pool, loss, reason, lines: bare(lines) };
    let reply = advice::send(&connect, &key, Command::BookLoss(command), &movement)?;
    print::stock_reply(&reply, did, out);
    Ok(())
}

fn bare(lines: Vec<LineArg>) -> Vec<Line> {
    lines.into_iter().map(|line| line.0).collect()
}
