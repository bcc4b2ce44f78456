//! `replay`: an order file decided order by order.

use crate::failure::Failure;
use crate::print;
use crate::replay::{self, ReplayArgs};
use crate::terminal::Output;

/// Decides the file and reports. Fails when the ledger is broken.
pub fn run(args: &ReplayArgs, out: Output) -> Result<(), Failure> {
    let outcome = replay::run(args)?;
    print::replay(&outcome, out);
    outcome.verdict()
}
