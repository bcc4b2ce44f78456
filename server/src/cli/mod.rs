//! The command line: one file per family of verbs.
//!
//! Exit codes are in [`Exit`]. With `--json`, results are JSON objects on standard output, one per line, and a failure
//! is one JSON object on standard error.

mod advice;
#[cfg(test)]
mod advised;
mod amend;
mod asked;
mod backup;
mod batches;
mod clock;
mod config;
mod connect;
mod demo;
mod import;
mod import_orders;
mod import_stock;
mod import_trial;
mod inbound;
mod init;
mod journal;
mod known;
mod losses;
mod order_list;
mod order_ref;
mod orders;
mod refunds;
mod refused;
mod replay;
mod report;
mod restore;
mod serve;
mod stock;
mod token;
mod world;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use stockade_core::{log, wire};

use crate::failure::{Exit, Failure};
use crate::logging;
use crate::terminal::Output;

/// Stockade: stock promised once, orders routed well, nothing lost.
#[derive(Debug, Parser)]
#[command(name = "stockade", version = VERSION.as_str(), max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// Print JSON, one object per line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 refused, nothing changed; 2 wrong flag, configuration or file; \
3 server unreachable or not available now; 4 outcome unknown, ask again with the same key; 5 failed here; \
6 partly done, the message says how to go on.";

/// The version of the package, and the formats by which builds fit together.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let protocol = String::from_utf8_lossy(wire::ALPN);
    let wire = wire::VERSION;
    format!("{} (journal format {}, wire protocol {protocol} version {wire})", env!("CARGO_PKG_VERSION"), log::FORMAT)
});

#[derive(Debug, Subcommand)]
enum Verb {
    /// Create a folder to run a server in: configuration, a small world, the first admin token.
    Init(init::InitArgs),
    /// Serve until SIGTERM or Ctrl-C.
    Serve(serve::ServeArgs),
    /// Play a generated day against a server that is killed in the middle, and report.
    Demo(demo::DemoArgs),
    /// Show the plan an order would get, without holding stock.
    Quote(orders::QuoteArgs),
    /// Hold stock for an order and route it: all lines or none.
    Place(orders::PlaceArgs),
    /// Confirm that an order is paid; money for which it can do nothing is owed back.
    Pay(refunds::PayArgs),
    /// List the money that is owed back, the earliest first.
    Refunds(refunds::RefundsArgs),
    /// Record that money which was owed back went back.
    Refund(refunds::RefundArgs),
    /// Cancel an order, a sub-order, or units of a line.
    Cancel(orders::CancelArgs),
    /// Hold unpaid stock longer.
    Extend(orders::ExtendArgs),
    /// Add units of a SKU to an unpaid order: all of them are held, or none.
    Raise(amend::RaiseArgs),
    /// Send units of a paid sub-order that is not packed yet in a parcel of their own.
    Split(amend::SplitArgs),
    /// Record a step of a sub-order on its way to the customer and back.
    Step(orders::StepArgs),
    /// Try again to route what stands in review.
    Reroute(orders::RerouteArgs),
    /// Show an order with its sub-orders and timeline, or why it ships the way it does.
    Order(orders::ShowArgs),
    /// List sub-orders by warehouse, stage, state, channel and customer, oldest order first.
    Orders(order_list::OrdersArgs),
    /// Show how good routing has been since the server started: splits, cost, distance from the best.
    Report(report::ReportArgs),
    /// Show every bucket of SKUs' cells.
    Stock(stock::StockArgs),
    /// Show what a channel may sell, exact to the unit.
    Available(stock::AvailableArgs),
    /// Record units that arrive from a supplier.
    Receive(stock::ReceiveArgs),
    /// Correct a cell by hand, with a reason.
    Adjust(stock::AdjustArgs),
    /// Record an absolute count of all that is in a warehouse; what moved since it was taken is kept on top.
    ///
    /// It counts what is on shelves, picked, packed, in inspection and damaged together; what is in transit or with couriers is
    /// not in the warehouse. With --shelf it counts what is on shelves alone.
    Count(stock::CountArgs),
    /// Send units to another warehouse.
    Transfer(stock::TransferArgs),
    /// Record that units in transit arrive.
    Arrive(stock::ArriveArgs),
    /// Take back units of a transfer that have not arrived.
    Recall(losses::RecallArgs),
    /// Record that units are not fit for sale, on the shelf or on their way here.
    Damage(losses::DamageArgs),
    /// Record that damaged units leave for good.
    Scrap(losses::LossArgs),
    /// Record that units in transit will not arrive; for units on the shelf, see adjust and count.
    Lose(losses::LossArgs),
    /// Move free units between two pools of a cell.
    Move(stock::MoveArgs),
    /// Set the units of a cell that orders may not take.
    Safety(stock::SafetyArgs),
    /// Expected receipts: what suppliers will bring, and how much of it is promised.
    Inbound(inbound::InboundArgs),
    /// Take a file of another system: orders, stock or a catalog.
    Import(Box<import::ImportArgs>),
    /// Create SKUs, or change weight and category of known ones.
    Sku(stock::SkuArgs),
    /// The world: warehouses, carriers, channels, pools and rules.
    World(world::WorldArgs),
    /// The rules alone.
    Rules(world::RulesArgs),
    /// Access tokens.
    Token(token::TokenArgs),
    /// The history itself: what it is, whether it is whole, and what to do after an accident.
    Journal(journal::JournalArgs),
    /// Copy the whole history into one file, while its server goes on.
    Backup(backup::BackupArgs),
    /// Make a new history of a backup: all of it, or up to a point in time.
    Restore(restore::RestoreArgs),
    /// The clock: how engine time stands to the wall clock, and the confirmation of a leap.
    Clock(clock::ClockArgs),
    Replay(Box<crate::replay::ReplayArgs>),
    /// Check the configuration, or print every value with its origin.
    Config(config::ConfigArgs),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Reads a command line without running it. The commands in the documentation are checked with this.
///
/// # Errors
/// What the command would print before it ends with exit code 2.
pub fn parse(words: &[String]) -> Result<(), String> {
    match Cli::try_parse_from(words) {
        Err(error) if error.use_stderr() => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let shown = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Nothing to do when even the help cannot be written.
            let _ = error.print();
            return ExitCode::from(if shown { 0 } else { Exit::Usage as u8 });
        }
    };
    let out = Output { json: cli.json };
    match dispatch(cli.verb, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure, out);
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn dispatch(verb: Verb, out: Output) -> Result<(), Failure> {
    match verb {
        Verb::Init(args) => init::run(args, out),
        Verb::Serve(args) => serve::run(args, out),
        Verb::Demo(args) => demo::run(args, out),
        Verb::Quote(args) => orders::quote(args, out),
        Verb::Place(args) => orders::place(args, out),
        Verb::Pay(args) => refunds::pay(args, out),
        Verb::Refunds(args) => refunds::refunds(args, out),
        Verb::Refund(args) => refunds::refund(args, out),
        Verb::Cancel(args) => orders::cancel(args, out),
        Verb::Extend(args) => orders::extend(args, out),
        Verb::Raise(args) => amend::raise(args, out),
        Verb::Split(args) => amend::split(args, out),
        Verb::Step(args) => orders::step(args, out),
        Verb::Reroute(args) => orders::reroute(args, out),
        Verb::Order(args) => orders::order(args, out),
        Verb::Orders(args) => order_list::orders(args, out),
        Verb::Report(args) => report::run(args, out),
        Verb::Stock(args) => stock::stock(args, out),
        Verb::Available(args) => stock::available(args, out),
        Verb::Receive(args) => stock::receive(args, out),
        Verb::Adjust(args) => stock::adjust(args, out),
        Verb::Count(args) => stock::count(args, out),
        Verb::Transfer(args) => stock::transfer(args, out),
        Verb::Arrive(args) => stock::arrive(args, out),
        Verb::Recall(args) => losses::recall(args, out),
        Verb::Damage(args) => losses::damage(args, out),
        Verb::Scrap(args) => losses::scrap(args, out),
        Verb::Lose(args) => losses::lose(args, out),
        Verb::Move(args) => stock::move_pool(args, out),
        Verb::Safety(args) => stock::safety(args, out),
        Verb::Inbound(args) => inbound::run(args, out),
        Verb::Import(args) => import::run(*args, out),
        Verb::Sku(args) => stock::sku(args, out),
        Verb::World(args) => world::world(args, out),
        Verb::Rules(args) => world::rules(args, out),
        Verb::Token(args) => token::run(args, out),
        Verb::Journal(args) => journal::run(args, out),
        Verb::Backup(args) => backup::run(&args, out),
        Verb::Restore(args) => restore::run(&args, out),
        Verb::Clock(args) => clock::run(&args, out),
        Verb::Replay(args) => replay::run(&args, out),
        Verb::Config(args) => config::run(args, out),
    }
}

fn report(failure: &Failure, out: Output) {
    if out.json {
        logging::say_last(&failure.to_json().to_string());
    } else {
        logging::say_last(&format!("stockade: {failure}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
