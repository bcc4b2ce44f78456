//! `report`: how good routing has been since the server started.

use clap::Args;
use stockade_core::query::Query;

use super::connect::Connect;
use crate::failure::Failure;
use crate::print;
use crate::terminal::Output;

/// See [`run`].
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    connect: Connect,
}

/// Shows how good routing has been.
pub fn run(args: ReportArgs, out: Output) -> Result<(), Failure> {
    print::reply(&args.connect.open()?.query(Query::Routing(stockade_core::query::Routing))?, out);
    Ok(())
}
