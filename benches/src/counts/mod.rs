//! Instruction counts of the hot path, compared with a committed table, so that a change shows what it costs.
//!
//! Each case sets up a small shop and runs its operation many times inside one function. Callgrind counts the instructions
//! between entering and leaving that function and nothing else. Counts do not depend on how busy the machine is; they
//! do depend on the compiler, so the table names the one it was counted with.

mod callgrind;
mod cases;
mod measured;
mod shop;
mod table;

use std::fs;
use std::path::Path;

pub use cases::Case;
pub use table::{ALLOWANCE_PERCENT, Table};

/// Counts every case and compares with the table in a file, or writes the table anew.
///
/// # Errors
/// A sentence for each case that takes more instructions than the table allows; or what cannot be run, read or written.
pub fn count(path: &Path, toolchain: &str, update: bool) -> Result<String, String> {
    let mut counted = Table::new(toolchain);
    for case in Case::ALL {
        let instructions = callgrind::instructions(case)? / case.operations();
        counted.set(case.name(), instructions);
    }
    if update {
        fs::write(path, counted.to_string()).map_err(|e| format!("{}: {e}", path.display()))?;
        return Ok(format!("{} is written\n{}", path.display(), counted.lines(None)));
    }
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let table = Table::parse(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    counted.compare(&table)
}
