//! `import orders`, `import stock`, `import catalog`: files of other systems for a running server.

use clap::{Args, Subcommand};

use super::import_orders::{OrdersArgs, orders};
use super::import_stock::{CatalogArgs, StockArgs, catalog, stock};
use crate::failure::Failure;
use crate::terminal::Output;

/// See [`run`].
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    verb: ImportVerb,
}

#[derive(Debug, Subcommand)]
enum ImportVerb {
    /// Place orders and carry out cancellations. An order that was placed before with the same content stays as it is.
    Orders(Box<OrdersArgs>),
    /// Set stock to the units of the file, as a count does, and safety stock where the file has it.
    Stock(Box<StockArgs>),
    /// Create SKUs, or change weight and category of known ones.
    Catalog(Box<CatalogArgs>),
}

/// Takes a file.
///
/// # Errors
/// When the file is wrong (nothing was sent), rows were refused, or the server cannot be reached.
pub fn run(args: ImportArgs, out: Output) -> Result<(), Failure> {
    match args.verb {
        ImportVerb::Orders(args) => orders(&args, out),
        ImportVerb::Stock(args) => stock(&args, out),
        ImportVerb::Catalog(args) => catalog(&args, out),
    }
}
