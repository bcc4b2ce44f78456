//! The figures of a replay.

use crate::replay::{Outcome, SummaryBody};
use crate::terminal::Output;
use stockade_core::units::counted;

/// Prints the result of a replay: on standard error for people, as one object on standard output for programs.
pub fn replay(outcome: &Outcome, out: Output) {
    for note in &outcome.notes {
        eprintln!("{note}");
    }
    if out.json {
        return out.object(&outcome.summary);
    }
    for line in lines(&outcome.summary) {
        eprintln!("{line}");
    }
}

fn lines(summary: &SummaryBody) -> Vec<String> {
    let mut lines = vec![format!(
        "{}: {} placed, {} refused, {}, {}; {} expired, {} cancelled",
        counted(summary.orders, "order"),
        summary.placed,
        summary.refused,
        counted(summary.duplicates, "duplicate"),
        counted(summary.conflicts, "conflict"),
        summary.expired,
        summary.cancelled,
    )];
    if summary.paid_late + summary.refunds_due > 0 {
        lines.push(format!(
            "{} paid late and held again, {} due",
            summary.paid_late,
            counted(summary.refunds_due, "refund")
        ));
    }
    if let Some(presale) = &summary.presale {
        lines.push(format!(
            "{} promised ahead; at the end {} promised, {} overdue",
            counted(presale.orders, "order"),
            counted(presale.units_promised_at_the_end, "unit"),
            presale.units_overdue_at_the_end
        ));
    }
    if !summary.refused_by_code.is_empty() {
        let codes: Vec<String> = summary.refused_by_code.iter().map(|(code, n)| format!("{code} {n}")).collect();
        lines.push(format!("refused: {}", codes.join(", ")));
    }
    let top: Vec<String> =
        summary.short_skus.iter().map(|short| format!("{} ({})", short.sku, short.refusals)).collect();
    if !top.is_empty() {
        lines.push(format!("most often short: {}", top.join(", ")));
    }
    lines.extend(quality(summary));
    let ledger = if summary.is_sound() { "sound" } else { "BROKEN" };
    lines.push(format!(
        "oversold {}; ledger {ledger}; digest {}",
        counted(summary.oversold_units, "unit"),
        summary.digest
    ));
    lines.extend(summary.ledger_faults.iter().map(|fault| format!("  {fault}")));
    lines
}

fn quality(summary: &SummaryBody) -> [String; 3] {
    let latency = &summary.latency_us;
    [
        format!(
            "{}, {:.1} % of orders split, cost {} {}, {:.2} an order",
            counted(summary.parcels, "parcel"),
            100.0 * summary.split_share,
            summary.cost,
            summary.currency,
            summary.cost_per_order,
        ),
        format!(
            "{} not proven best; gap at most {:.4} % of all scores, {:.4} % of the worst",
            counted(summary.plans_not_proven, "plan"),
            100.0 * summary.gap_at_most.of_all_scores,
            100.0 * summary.gap_at_most.worst,
        ),
        format!(
            "{:.2} s, {:.0} orders/s; latency p50 {:.1} µs, p99 {:.1} µs, p99.9 {:.1} µs",
            summary.elapsed_s, summary.orders_per_s, latency.p50, latency.p99, latency.p999,
        ),
    ]
}
