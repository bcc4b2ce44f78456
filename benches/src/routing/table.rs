//! The printed table: each row as soon as it is known.

use std::time::Duration;

/// Rows under one header, printed as they are added.
#[derive(Debug)]
pub(super) struct Table {
    head: bool,
}

/// One policy on one set of instances.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    /// The set of instances.
    pub set: &'a str,
    /// The policy.
    pub policy: &'a str,
    /// Cost and reference, a pair for each instance.
    pub pairs: &'a [(f64, f64)],
    /// Name of the reference.
    pub against: &'a str,
    /// Mean time of a decision, if measured.
    pub decision: Option<Duration>,
    /// Further notes.
    pub note: String,
}

impl Table {
    pub fn new() -> Table {
        Table { head: false }
    }

    /// Prints a row as a line of a Markdown table.
    pub fn add(&mut self, row: &Row<'_>) {
        if !std::mem::replace(&mut self.head, true) {
            println!("| set | policy | cost | reference | cost / reference | worst | n | a decision | |");
            println!("|---|---|---|---|---|---|---|---|---|");
        }
        let ratios: Vec<f64> = row.pairs.iter().map(|(cost, reference)| cost / reference).collect();
        let (cost, _) = mean(&row.pairs.iter().map(|(cost, _)| *cost).collect::<Vec<f64>>());
        let (reference, _) = mean(&row.pairs.iter().map(|(_, reference)| *reference).collect::<Vec<f64>>());
        let (mean, error) = mean(&ratios);
        let worst = ratios.iter().copied().fold(0.0, f64::max);
        let mean = if ratios.len() > 1 { format!("{mean:.4} ± {error:.4}") } else { format!("{mean:.4}") };
        let took = row.decision.map(|took| format!("{took:.1?}")).unwrap_or_default();
        println!(
            "| {} | {} | {cost:.2} | {} {reference:.2} | {mean} | {worst:.4} | {} | {took} | {} |",
            row.set,
            row.policy,
            row.against,
            ratios.len(),
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
