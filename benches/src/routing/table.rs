//! The table that is printed: a row as soon as it is known.

use std::time::Duration;

/// Rows under one head, printed as they come.
#[derive(Debug)]
pub(super) struct Table {
    head: bool,
}

/// One policy on one set of instances.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    /// The set.
    pub set: &'a str,
    /// The policy.
    pub policy: &'a str,
    /// Cost as a share of the reference, one figure for each instance.
    pub ratios: &'a [f64],
    /// What the reference is.
    pub against: &'a str,
    /// What one decision took, where it was measured.
    pub decision: Option<Duration>,
    /// Anything else worth knowing.
    pub note: String,
}

impl Table {
    pub fn new() -> Table {
        Table { head: false }
    }

    /// Prints a row as a line of a Markdown table.
    pub fn add(&mut self, row: &Row<'_>) {
        if !std::mem::replace(&mut self.head, true) {
            println!("| set | policy | cost / reference | worst | n | reference | a decision | |");
            println!("|---|---|---|---|---|---|---|---|");
        }
        let (mean, error) = mean(row.ratios);
        let worst = row.ratios.iter().copied().fold(0.0, f64::max);
        let mean = if row.ratios.len() > 1 { format!("{mean:.4} ± {error:.4}") } else { format!("{mean:.4}") };
        let took = row.decision.map(|took| format!("{took:.1?}")).unwrap_or_default();
        println!(
            "| {} | {} | {mean} | {worst:.4} | {} | {} | {took} | {} |",
            row.set,
            row.policy,
            row.ratios.len(),
            row.against,
            row.note
        );
    }
}

/// Mean and its standard error.
pub(super) fn mean(figures: &[f64]) -> (f64, f64) {
    let count = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / count;
    let spread = figures.iter().map(|figure| (figure - mean).powi(2)).sum::<f64>();
    (mean, if figures.len() > 1 { (spread / (count - 1.0) / count).sqrt() } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_come_with_their_error() {
        let (mean, error) = mean(&[1.0, 2.0, 3.0]);
        assert!((mean - 2.0).abs() < 1e-12 && (error - (1.0f64 / 3.0).sqrt()).abs() < 1e-12);
    }
}
