//! `demo`: a generated day against a server that is killed in the middle.

use std::path::PathBuf;

use clap::Args;

use crate::demo::{DayShape, Show};
use crate::failure::Failure;
use crate::print;
use crate::terminal::Output;

/// See [`run`].
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Orders of the day.
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    orders: u32,
    /// SKUs on sale.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    skus: u32,
    /// The same seed gives the same day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep the server's files here.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Plays the day and reports.
pub fn run(args: DemoArgs, out: Output) -> Result<(), Failure> {
    let hot_units = (args.orders / 30).max(10);
    let shape = DayShape { seed: args.seed, orders: args.orders, skus: args.skus, hot_units };
    let played = Show { shape, dir: args.dir }.run(out)?;
    print::day(&played, out);
    played.verdict()
}
