//! The committed table of counts.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Counts above the table by more than this are refused, in percent.
pub const ALLOWANCE_PERCENT: f64 = 2.0;

/// Instructions per operation, by case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    toolchain: String,
    counts: BTreeMap<String, u64>,
}

impl Table {
    /// An empty table for counts of programs that this compiler builds.
    pub fn new(toolchain: &str) -> Table {
        Table { toolchain: toolchain.to_owned(), counts: BTreeMap::new() }
    }

    /// Enters the instructions of one operation of a case.
    pub fn set(&mut self, case: &str, instructions: u64) {
        self.counts.insert(case.to_owned(), instructions);
    }

    /// Reads a table as it is written.
    ///
    /// # Errors
    /// When it is no table of counts.
    pub fn parse(text: &str) -> Result<Table, String> {
        let whole: toml::Table = text.parse().map_err(|e| format!("{e}"))?;
        let toolchain = whole.get("toolchain").and_then(toml::Value::as_str).ok_or("it names no toolchain")?;
        let mut table = Table::new(toolchain);
        let counts = whole.get("counts").and_then(toml::Value::as_table).ok_or("it has no section `counts`")?;
        for (case, count) in counts {
            let count = count.as_integer().and_then(|n| u64::try_from(n).ok());
            table.set(case, count.ok_or_else(|| format!("the count of {case} is not a whole number"))?);
        }
        Ok(table)
    }

    /// Compares these counts with the committed ones.
    ///
    /// # Errors
    /// Names the cases that take more than is allowed, that are not in the table, or that are only there.
    pub fn compare(&self, committed: &Table) -> Result<String, String> {
        let mut wrong = String::new();
        for (case, count) in &self.counts {
            let Some(before) = committed.counts.get(case) else {
                let _ = writeln!(wrong, "{case} is not in the table");
                continue;
            };
            let change = change(*before, *count);
            if change > ALLOWANCE_PERCENT {
                let _ = writeln!(wrong, "{case} takes {count} instructions, {change:+.1} % more than {before}");
            }
        }
        for case in committed.counts.keys().filter(|case| !self.counts.contains_key(*case)) {
            let _ = writeln!(wrong, "{case} is in the table, and there is no such case");
        }
        let lines = self.lines(Some(committed));
        if wrong.is_empty() {
            return Ok(lines);
        }
        if self.toolchain != committed.toolchain {
            let (now, then) = (&self.toolchain, &committed.toolchain);
            let _ = writeln!(wrong, "the table was counted with {then}, this program is built by {now}");
        }
        Err(format!(
            "{lines}\n{wrong}\
             At most {ALLOWANCE_PERCENT} % more than the table are allowed. Find what costs it, or, when it is worth it, write the table \
             anew with `UPDATE=1 make bench-counts` and say why in the commit."
        ))
    }

    /// The counts for people, each with its change.
    pub fn lines(&self, committed: Option<&Table>) -> String {
        let mut lines = String::new();
        for (case, count) in &self.counts {
            let _ = write!(lines, "{case:<24} {count:>10}");
            if let Some(before) = committed.and_then(|table| table.counts.get(case)) {
                let _ = write!(lines, "  {:+.1} %", change(*before, *count));
            }
            lines.push('\n');
        }
        lines
    }
}

/// By how many percent a count changed.
fn change(before: u64, now: u64) -> f64 {
    (now as f64 - before as f64) * 100.0 / before as f64
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Instructions per operation on the hot path. `make bench-counts` compares, `UPDATE=1 make bench-counts`"
        )?;
        writeln!(f, "# writes this file.")?;
        writeln!(f, "toolchain = {:?}\n\n[counts]", self.toolchain)?;
        self.counts.iter().try_for_each(|(case, count)| writeln!(f, "{case} = {count}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    fn table(counts: &[(&str, u64)]) -> Table {
        let mut table = Table::new("rustc 1");
        counts.iter().for_each(|(case, count)| table.set(case, *count));
        table
    }

    #[test]
    fn a_table_reads_as_it_is_written() {
        let table = table(&[("pay", 900), ("place_1_line", 12_345)]);
        assert_eq!(Table::parse(&table.to_string()), Ok(table));
        assert!(Table::parse("toolchain = \"x\"\n[counts]\npay = -1").unwrap_err().contains("pay"));
        assert!(Table::parse("[counts]\n").unwrap_err().contains("toolchain"));
    }

    #[test]
    fn more_than_the_allowance_and_unknown_cases_are_refused() {
        let committed = table(&[("pay", 1_000), ("cancel", 1_000)]);
        assert!(table(&[("pay", 1_020), ("cancel", 500)]).compare(&committed).is_ok());
        let wrong = table(&[("pay", 1_021), ("expire", 5)]).compare(&committed).unwrap_err();
        assert!(wrong.contains("pay takes 1021 instructions, +2.1 % more than 1000"), "{wrong}");
        assert!(wrong.contains("expire is not in the table") && wrong.contains("cancel is in the table"), "{wrong}");
        assert!(wrong.contains("UPDATE=1 make bench-counts"), "{wrong}");
    }
}
