//! Verbs of expected receipts: `inbound announce`, `change`, `cancel`, `list`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use stockade_core::command::{Command, Expect, Expectation};
use stockade_core::ids::Code;
use stockade_core::query::{InboundQuery, Query};
use stockade_core::reply::{InboundCell, Reply};
use stockade_core::time::Day;
use stockade_core::units::{Units, counted};

use super::connect::{Connect, KeyFlags, Session};
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
    /// At most this many SKUs, from 1; each has a row for every receipt.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
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
            args.of.change(&change, |reply| print::stock_reply(reply, "are still to come", out))
        }
        InboundVerb::Cancel(args) => {
            args.of.change(&Expectation::Withdraw, |reply| print::stock_reply(reply, "are no longer expected", out))
        }
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
    let commands = wanted.into_iter().map(command).collect();
    args.connect.open()?.all(&args.key, commands, |reply| print::stock_reply(reply, "are announced", out))
}

impl ReceiptArgs {
    fn change(self, change: &Expectation, show: impl Fn(&Reply)) -> Result<(), Failure> {
        let ReceiptArgs { reference, warehouse, skus, key, connect } = self;
        let command = |sku| {
            let (reference, warehouse, change) = (reference.clone(), warehouse.clone(), change.clone());
            Command::Expect(Expect { reference, sku, warehouse, change })
        };
        connect.open()?.all(&key, skus.into_iter().map(command).collect(), show)
    }
}

fn list(args: ListArgs, out: Output) -> Result<(), Failure> {
    let (cells, more) = all_cells(&args.connect.open()?, &args)?;
    print::reply(&Reply::Inbound(cells), out);
    if more {
        let limit = args.limit;
        let limit = counted(limit, "SKU");
        eprintln!("stockade: there are more: this is a list of the first {limit}; raise --limit or name SKUs");
    }
    Ok(())
}

/// The cells of the first SKUs, as many as `--limit` says, and whether more follow.
fn all_cells(session: &Session, args: &ListArgs) -> Result<(Vec<InboundCell>, bool), Failure> {
    /// SKUs that the server puts on one page at most.
    const PAGE: u32 = 1_000;
    let limit = args.limit as usize;
    let mut found: Vec<InboundCell> = Vec::new();
    let mut after: Option<Code> = None;
    loop {
        let (warehouse, reference) = (args.warehouse.clone(), args.reference.clone());
        let query = InboundQuery { skus: args.skus.clone(), warehouse, reference, after, limit: PAGE };
        let Reply::Inbound(page) = session.query(Query::Inbound(query))? else {
            return Err(Failure::failed("the server answered a question for expected receipts with something else"));
        };
        after = page.last().map(|cell| cell.sku.clone());
        found.extend(page);
        let beyond = starts(&found).nth(limit);
        if let Some(cut) = beyond {
            found.truncate(cut);
            return Ok((found, true));
        }
        // Named SKUs are all on one page.
        if after.is_none() || !args.skus.is_empty() {
            return Ok((found, false));
        }
    }
}

/// Where the cells of each SKU begin.
fn starts(cells: &[InboundCell]) -> impl Iterator<Item = usize> {
    (0..cells.len()).filter(|at| at.checked_sub(1).is_none_or(|before| cells[before].sku != cells[*at].sku))
}
