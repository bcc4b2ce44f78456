//! Verbs of stock: `receive`, `adjust`, `count`, `transfer`, `arrive`, `move`, `safety`, `sku`, `stock`, `available`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use stockade_core::command::{
    Adjust, Arrive, ClearSkus, Command, Count, CountShelf, DefineSkus, Fulfils, Line, MovePool, Receive, SetSafety,
    SkuSpec, Transfer,
};
use stockade_core::ids::{Code, Seq};
use stockade_core::limits::COMMAND_LINES_MAX;
use stockade_core::query::{AvailabilityQuery, Query, StockQuery};
use stockade_core::reply::{CellView, Reply};
use stockade_core::units::{Units, counted};

use super::advice::{self, Movement, Typed};
use super::batches::{Batch, LinesArgs, Place, Purpose};
use super::connect::{Connect, KeyFlags, Session};
use super::order_ref::LineArg;
use crate::failure::Failure;
use crate::files::{CATALOG, CatalogRow, TableFlags, read_catalog};
use crate::print;
use crate::terminal::Output;

/// See [`receive`].
#[derive(Debug, Args)]
#[command(override_usage = "stockade receive [OPTIONS] <WAREHOUSE> <SKU[:UNITS]>...
       stockade receive [OPTIONS] [WAREHOUSE] --file <CSV>")]
pub struct ReceiveArgs {
    /// The warehouse they arrive at; with --file it may be left out when the file names it.
    warehouse: Option<Code>,
    #[command(flatten)]
    lines: LinesArgs,
    /// The pool they join [default: that of the expected receipt, else regular].
    #[arg(long)]
    pool: Option<Code>,
    /// Reference of the expected receipt they fulfil; orders that were promised its units are served first.
    #[arg(long, value_name = "REFERENCE")]
    inbound: Option<Code>,
    /// The rest of the expected receipt is still to come; without this flag it is no longer expected.
    #[arg(long, requires = "inbound")]
    more: bool,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    table: TableFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`adjust`].
#[derive(Debug, Args)]
pub struct AdjustArgs {
    /// The SKU.
    sku: Code,
    /// The warehouse.
    warehouse: Code,
    /// Units found (5), or lost (-5).
    #[arg(allow_negative_numbers = true)]
    delta: i64,
    /// Why, for the auditor.
    #[arg(long)]
    reason: String,
    /// The pool [default: regular].
    #[arg(long)]
    pool: Option<Code>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`count`].
#[derive(Debug, Args)]
#[command(override_usage = "stockade count [OPTIONS] --as-of <WATERMARK|now> <WAREHOUSE> <SKU[:UNITS]>...
       stockade count [OPTIONS] --as-of <WATERMARK|now> [WAREHOUSE] --file <CSV>
       stockade count [OPTIONS] --shelf <WAREHOUSE> <SKU[:UNITS]>...")]
pub struct CountArgs {
    /// The warehouse counted; with --file it may be left out when the file names it.
    warehouse: Option<Code>,
    #[command(flatten)]
    lines: LinesArgs,
    /// The watermark that the count includes, as `stock` shows it, or now.
    #[arg(long, value_name = "WATERMARK|now", value_parser = watermark, required_unless_present = "shelf")]
    as_of: Option<AsOf>,
    /// Only what is on shelves was counted, free or promised: nothing that is picked, packed, in inspection or damaged. Such a
    /// count is as of now: stop picking, putting away and inspecting until it is recorded.
    #[arg(long, conflicts_with = "except")]
    shelf: bool,
    /// Events up to the watermark that the count does not include.
    #[arg(long, value_name = "SEQ")]
    except: Vec<u64>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    table: TableFlags,
    #[command(flatten)]
    connect: Connect,
}

/// The last event that a count includes.
#[derive(Clone, Copy, Debug)]
pub(super) enum AsOf {
    Now,
    Watermark(Seq),
}

impl AsOf {
    /// The event, unless it is the last there is.
    pub(super) fn seq(self) -> Option<Seq> {
        match self {
            AsOf::Now => None,
            AsOf::Watermark(seq) => Some(seq),
        }
    }
}

/// See [`transfer`].
#[derive(Debug, Args)]
pub struct TransferArgs {
    /// From this warehouse.
    from: Code,
    /// To this warehouse.
    to: Code,
    /// SKU:units, or SKU for one.
    #[arg(required = true, value_name = "SKU[:UNITS]")]
    lines: Vec<LineArg>,
    /// The pool they leave [default: regular].
    #[arg(long)]
    pool: Option<Code>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`arrive`].
#[derive(Debug, Args)]
pub struct ArriveArgs {
    /// The warehouse they arrive at.
    warehouse: Code,
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

/// See [`move_pool`].
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// The SKU.
    sku: Code,
    /// The warehouse.
    warehouse: Code,
    /// How many units.
    units: u64,
    /// From this pool.
    #[arg(long, default_value = "regular")]
    from: Code,
    /// To this pool.
    #[arg(long)]
    to: Code,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`safety`].
#[derive(Debug, Args)]
pub struct SafetyArgs {
    /// The SKU.
    sku: Code,
    /// The warehouse.
    warehouse: Code,
    /// Units that orders may not take.
    units: u64,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`sku`].
#[derive(Debug, Args)]
pub struct SkuArgs {
    #[command(subcommand)]
    verb: SkuVerb,
}

#[derive(Debug, Subcommand)]
enum SkuVerb {
    /// Create SKUs, or change weight and category of known ones; what is not given stays.
    Define(Box<DefineArgs>),
    /// Forget weight, category or both of known SKUs: they weigh what the world says, and are of no category.
    Clear(ClearArgs),
}

#[derive(Debug, Args)]
struct ClearArgs {
    /// The SKUs.
    #[arg(required = true)]
    skus: Vec<Code>,
    /// Forget the weight.
    #[arg(long, required_unless_present = "category")]
    weight: bool,
    /// Forget the category.
    #[arg(long)]
    category: bool,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Args)]
#[command(override_usage = "stockade sku define [OPTIONS] <SKUS>...
       stockade sku define [OPTIONS] --file <CSV>")]
struct DefineArgs {
    /// The SKUs; all get the same weight and category.
    #[arg(required_unless_present = "file")]
    skus: Vec<Code>,
    /// A catalog with the columns sku and weight_g, category or both: CSV, TSV, .xlsx or .ods.
    #[arg(long, value_name = "CSV", conflicts_with_all = ["skus", "weight", "category"])]
    file: Option<PathBuf>,
    /// Weight of one unit in grams [default: what is known, or else the world's].
    #[arg(long, value_name = "GRAMS")]
    weight: Option<u32>,
    /// The category, for rules [default: what is known, or else none].
    #[arg(long)]
    category: Option<Code>,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    table: TableFlags,
    #[command(flatten)]
    connect: Connect,
}

/// See [`stock`].
#[derive(Debug, Args)]
pub struct StockArgs {
    /// The SKUs; all when none is named.
    skus: Vec<Code>,
    /// Only this warehouse.
    #[arg(long)]
    warehouse: Option<Code>,
    /// At most this many cells, from 1: one row each.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    connect: Connect,
}

/// See [`available`].
#[derive(Debug, Args)]
pub struct AvailableArgs {
    /// The channel.
    channel: Code,
    /// The SKUs.
    #[arg(required = true)]
    skus: Vec<Code>,
    #[command(flatten)]
    connect: Connect,
}

/// Records units that arrive from a supplier.
pub fn receive(args: ReceiveArgs, out: Output) -> Result<(), Failure> {
    let place = Place { warehouse: args.warehouse, pool: args.pool };
    let batches = args.lines.read(&args.table, place, Purpose::Move)?;
    let expected = args.inbound.map(|reference| Fulfils { reference, more: args.more });
    let receive = |batch: &Batch| {
        let (warehouse, pool, lines) = (batch.warehouse.clone(), batch.pool.clone(), batch.lines.clone());
        Command::Receive(Receive { warehouse, pool, expected: expected.clone(), lines })
    };
    batches.send(&args.connect.open()?, &args.key, receive, |reply| print::reply(reply, out))
}

/// Corrects a cell by hand.
pub fn adjust(args: AdjustArgs, out: Output) -> Result<(), Failure> {
    let command =
        Adjust { sku: args.sku, warehouse: args.warehouse, pool: args.pool, delta: args.delta, reason: args.reason };
    let movement = Movement::InWarehouse(command.reason.clone());
    let reply = advice::send(&args.connect, &args.key, Command::Adjust(command), &movement)?;
    print::reply(&reply, out);
    Ok(())
}

/// Records an absolute count; what moved since is kept on top.
pub fn count(args: CountArgs, out: Output) -> Result<(), Failure> {
    let as_of = args.as_of.and_then(AsOf::seq);
    if let (true, Some(seq)) = (args.shelf, as_of) {
        return Err(Failure::usage(format!("a count of the shelves is as of now, not of {seq}: leave --as-of out")));
    }
    let except: Vec<Seq> = args.except.into_iter().map(Seq).collect();
    let place = Place { warehouse: args.warehouse, pool: None };
    let batches = args.lines.read(&args.table, place, Purpose::Count)?;
    let count = |batch: &Batch| {
        let (warehouse, lines) = (batch.warehouse.clone(), batch.lines.clone());
        match args.shelf {
            true => Command::CountShelf(CountShelf { warehouse, lines }),
            false => Command::Count(Count { warehouse, as_of, except: except.clone(), lines }),
        }
    };
    let of =
        if args.shelf { "what is on shelves" } else { "all in the building, also picked, in inspection and damaged" };
    let did = format!("corrected by a count of {of}");
    batches.send(&args.connect.open()?, &args.key, count, |reply| print::stock_reply(reply, &did, out))
}

/// Sends units to another warehouse.
pub fn transfer(args: TransferArgs, out: Output) -> Result<(), Failure> {
    let command = Transfer { from: args.from, to: args.to, pool: args.pool, lines: bare(args.lines) };
    args.connect.run(&args.key, Command::Transfer(command), out)
}

/// Records that units in transit arrive.
pub fn arrive(args: ArriveArgs, out: Output) -> Result<(), Failure> {
    let command = Arrive { warehouse: args.warehouse, pool: args.pool, lines: bare(args.lines) };
    let movement = Movement::InTransit(Typed::pooled("arrive", &command.pool));
    let reply = advice::send(&args.connect, &args.key, Command::Arrive(command), &movement)?;
    print::reply(&reply, out);
    Ok(())
}

/// Moves free units between two pools of one cell.
pub fn move_pool(args: MoveArgs, out: Output) -> Result<(), Failure> {
    let command =
        MovePool { sku: args.sku, warehouse: args.warehouse, from: args.from, to: args.to, units: Units(args.units) };
    args.connect.run(&args.key, Command::MovePool(command), out)
}

/// Sets the units that orders may not take.
pub fn safety(args: SafetyArgs, out: Output) -> Result<(), Failure> {
    let command = SetSafety { sku: args.sku, warehouse: args.warehouse, units: Units(args.units) };
    let reply = args.connect.open()?.command(&args.key, Command::SetSafety(command))?;
    print::stock_reply(&reply, "are kept back from orders", out);
    Ok(())
}

/// Creates or changes SKUs, or forgets what is known of them.
pub fn sku(args: SkuArgs, out: Output) -> Result<(), Failure> {
    let args = match args.verb {
        SkuVerb::Define(args) => args,
        SkuVerb::Clear(ClearArgs { skus, weight, category, key, connect }) => {
            return connect.run(&key, Command::ClearSkus(ClearSkus { skus, weight, category }), out);
        }
    };
    let specs: Vec<SkuSpec> = match &args.file {
        None => {
            let spec = |sku| SkuSpec { sku, weight_g: args.weight, category: args.category.clone() };
            args.skus.into_iter().map(spec).collect()
        }
        Some(path) => {
            let reading = args.table.reading(&CATALOG, &[&CATALOG]).map_err(Failure::usage)?;
            let table = read_catalog(path, &reading)?;
            table.notes.iter().for_each(|note| eprintln!("stockade: {note}"));
            let spec = |row: CatalogRow| SkuSpec { sku: row.sku, weight_g: row.weight_g, category: row.category };
            table.rows.into_iter().map(spec).collect()
        }
    };
    let define = |skus: &[SkuSpec]| Command::DefineSkus(DefineSkus { skus: skus.to_vec() });
    args.connect
        .open()?
        .all(&args.key, specs.chunks(COMMAND_LINES_MAX).map(define).collect(), |reply| print::reply(reply, out))
}

/// Shows every bucket of SKUs' cells.
pub fn stock(args: StockArgs, out: Output) -> Result<(), Failure> {
    let session = args.connect.open()?;
    let (cells, more) = all_cells(&session, &args)?;
    print::reply(&Reply::Stock(cells), out);
    if more {
        eprintln!(
            "stockade: there are more: this is a list of the first {}; raise --limit or name SKUs",
            counted(args.limit, "cell")
        );
    }
    Ok(())
}

fn all_cells(session: &Session, args: &StockArgs) -> Result<(Vec<CellView>, bool), Failure> {
    const PAGE: u32 = 500;
    let mut found: Vec<CellView> = Vec::new();
    let mut after: Option<Code> = None;
    let limit = args.limit as usize;
    while found.len() <= limit {
        let query = StockQuery {
            skus: args.skus.clone(),
            warehouse: args.warehouse.clone(),
            after: after.clone(),
            limit: PAGE.max(args.skus.len() as u32),
        };
        let Reply::Stock(page) = session.query(Query::Stock(query))? else {
            return Err(Failure::failed("the server answered a question for stock with something else"));
        };
        let Some(last) = page.last() else { break };
        after = Some(last.sku.clone());
        found.extend(page);
        if !args.skus.is_empty() {
            break;
        }
    }
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}

/// Shows what a channel may sell, exact to the unit.
pub fn available(args: AvailableArgs, out: Output) -> Result<(), Failure> {
    let query = AvailabilityQuery { channel: args.channel, skus: args.skus };
    print::reply(&args.connect.open()?.query(Query::Availability(query))?, out);
    Ok(())
}

fn bare(lines: Vec<LineArg>) -> Vec<Line> {
    lines.into_iter().map(|line| line.0).collect()
}

pub(super) fn watermark(text: &str) -> Result<AsOf, String> {
    match text {
        "now" => Ok(AsOf::Now),
        _ => text
            .parse()
            .map(|seq| AsOf::Watermark(Seq(seq)))
            .map_err(|_| "write a watermark from `stock`, or now".into()),
    }
}
