//! Verbs of expected receipts: `inbound announce`, `change`, `cancel`, `list`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use stockade_core::command::{Command, Expect, Expectation};
use stockade_core::ids::Code;
use stockade_core::query::{InboundQuery, Query};
use stockade_core::reply::{InboundCell, Reply};
use stockade_core::time::Day;
use stockade_core::units::Units;

use super::connect::{Connect, KeyFlags};
use super::order_ref::LineArg;
use crate::failure::Failure;
use crate::print;
use crate::terminal::Output;
use crate::times::parse_day;

/// See [`run`].
#[derive(Debug, Args)]
pub struct InboundArgs {
    #[command(subcommand)]
    verb: InboundVerb,
}

#[derive(Debug, Subcommand)]
enum InboundVerb {
    /// Announce a receipt: from now on, channels that sell presale may promise it.
    Announce(AnnounceArgs),
    /// Change the day or the number of units of a receipt.
    Change(ChangeArgs),
    /// Cancel a receipt that will not come.
    Cancel(CancelArgs),
    /// Show what is expected and how much of it is promised.
    List(ListArgs),
}

#[derive(Debug, Args)]
struct AnnounceArgs {
    /// Reference of the receipt: a purchase order or delivery note.
    reference: Code,
    /// The warehouse.
    warehouse: Code,
    /// The day it is due, like 2026-11-11.
    #[arg(value_parser = parse_day)]
    day: Day,
    /// SKU:units, or SKU for one.
    #[arg(required = true, value_name = "SKU[:UNITS]")]
    lines: Vec<LineArg>,
    /// The pool they are for [default: regular].
    #[arg(long)]
    pool: Option<Code>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Args)]
struct ChangeArgs {
    /// The day it is due from now on, like 2026-11-11.
    #[arg(long, value_parser = parse_day, required_unless_present = "units")]
    day: Option<Day>,
    /// How many units of each are still to come in all.
    #[arg(long)]
    units: Option<u64>,
    // Last, because its flags have a heading of their own.
    #[command(flatten)]
    of: ReceiptArgs,
}

#[derive(Debug, Args)]
struct CancelArgs {
    #[command(flatten)]
    of: ReceiptArgs,
}

/// SKUs of an announced receipt.
#[derive(Debug, Args)]
struct ReceiptArgs {
    /// Reference of the receipt.
    reference: Code,
    /// The warehouse.
    warehouse: Code,
    /// The SKUs concerned.
    #[arg(required = true)]
    skus: Vec<Code>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// The SKUs; all when none is named.
    skus: Vec<Code>,
    /// Only this warehouse.
    #[arg(long)]
    warehouse: Option<Code>,
    /// Only the receipts of this reference.
    #[arg(long)]
    reference: Option<Code>,
    /// At most this many SKUs.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: u32,
    #[command(flatten)]
    connect: Connect,
}

/// Announces, changes, cancels or lists expected receipts.
///
/// # Errors
/// What the server refuses, or why it cannot be reached.
pub fn run(args: InboundArgs, out: Output) -> Result<(), Failure> {
    match args.verb {
        InboundVerb::Announce(args) => announce(args, out),
        InboundVerb::Change(args) => {
            let change = Expectation::Change { day: args.day, units: args.units.map(Units) };
            args.of.change(&change, out)
        }
        InboundVerb::Cancel(args) => args.of.change(&Expectation::Withdraw, out),
        InboundVerb::List(args) => list(args, out),
    }
}

fn announce(args: AnnounceArgs, out: Output) -> Result<(), Failure> {
    let mut wanted: BTreeMap<Code, Units> = BTreeMap::new();
    for LineArg(line) in args.lines {
        let units = wanted.entry(line.sku).or_default();
        *units = units.saturating_add(line.units);
    }
    let command = |(sku, units): (Code, Units)| {
        let change = Expectation::Announce { day: args.day, units, pool: args.pool.clone() };
        Command::Expect(Expect { reference: args.reference.clone(), sku, warehouse: args.warehouse.clone(), change })
    };
    args.connect.open()?.all(&args.key, wanted.into_iter().map(command).collect(), out)
}

impl ReceiptArgs {
    fn change(self, change: &Expectation, out: Output) -> Result<(), Failure> {
        let ReceiptArgs { reference, warehouse, skus, key, connect } = self;
        let command = |sku| {
            let (reference, warehouse, change) = (reference.clone(), warehouse.clone(), change.clone());
            Command::Expect(Expect { reference, sku, warehouse, change })
        };
        connect.open()?.all(&key, skus.into_iter().map(command).collect(), out)
    }
}

fn list(args: ListArgs, out: Output) -> Result<(), Failure> {
    let ListArgs { skus, warehouse, reference, limit, connect } = args;
    let query = InboundQuery { skus, warehouse, reference, after: None, limit };
    let reply = connect.open()?.query(Query::Inbound(query))?;
    let Reply::Inbound(cells) = &reply else {
        return Err(Failure::failed("the server answered a question for expected receipts with something else"));
    };
    print::reply(&reply, out);
    let shown = cells.chunk_by(|a: &InboundCell, b: &InboundCell| a.sku == b.sku).count();
    if shown >= limit as usize {
        eprintln!("stockade: there may be more; raise --limit or name SKUs");
    }
    Ok(())
}
