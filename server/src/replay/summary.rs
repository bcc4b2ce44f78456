//! The figures of a replay.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use stockade_core::money::Money;
use stockade_core::reply::SubKind;

use super::decide::Decided;
use super::ledger::Ahead;
use super::lines::Verdict;
use super::target::Final;

/// SKUs named in the summary.
const TOP_SKUS: usize = 10;
/// The longest latency told apart, in nanoseconds: a minute.
const LATENCY_MAX_NS: u64 = 60_000_000_000;

/// What is counted while orders are decided.
#[derive(Debug)]
pub(super) struct Tally {
    verdicts: BTreeMap<Verdict, u64>,
    refused: BTreeMap<&'static str, u64>,
    short_skus: BTreeMap<String, u64>,
    parcels: u64,
    split: u64,
    cost: i128,
    unproven: u64,
    promised: u64,
    /// Scores, and how far they are above what no plan can be below.
    score: i128,
    above: i128,
    above_worst: f64,
    latency_ns: Histogram<u64>,
    /// Holds that ran out.
    pub(super) expired: u64,
    /// Orders given up.
    pub(super) cancelled: u64,
    /// Expired orders paid late and held anew.
    pub(super) paid_late: u64,
    /// Expired orders paid late when the stock was gone.
    pub(super) refunds_due: u64,
}

/// Everything the summary tells.
#[derive(Debug)]
pub(super) struct Summary<'a> {
    pub(super) tally: &'a Tally,
    /// Rows told by line.
    pub(super) reports: u64,
    /// What is promised and has not come, where anything was announced.
    pub(super) ahead: Option<Ahead>,
    pub(super) load: Duration,
    pub(super) elapsed: Duration,
    pub(super) oversold: u64,
    /// Where the lines and the engine's stock differ.
    pub(super) differences: &'a [String],
    pub(super) end: &'a Final,
    pub(super) currency: &'a str,
}

impl Tally {
    pub(super) fn new() -> Tally {
        Tally {
            verdicts: BTreeMap::new(),
            refused: BTreeMap::new(),
            short_skus: BTreeMap::new(),
            parcels: 0,
            split: 0,
            cost: 0,
            unproven: 0,
            promised: 0,
            score: 0,
            above: 0,
            above_worst: 0.0,
            latency_ns: Histogram::new_with_bounds(1, LATENCY_MAX_NS, 3).expect("fixed bounds are valid"),
            expired: 0,
            cancelled: 0,
            paid_late: 0,
            refunds_due: 0,
        }
    }

    /// Counts a decision.
    pub(super) fn decided(&mut self, decided: &Decided) {
        *self.verdicts.entry(decided.verdict).or_default() += 1;
        if let Some(took) = decided.took {
            self.latency_ns.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).max(1));
        }
        match (decided.verdict, &decided.placed) {
            (Verdict::Placed, Some(placed)) => {
                self.parcels += placed.plan.sub_orders.len() as u64;
                self.split += u64::from(placed.plan.sub_orders.len() > 1);
                self.unproven += u64::from(!placed.plan.proven);
                self.promised += u64::from(placed.plan.sub_orders.iter().any(|sub| sub.kind != SubKind::Regular));
                self.cost += i128::from(placed.plan.cost.0);
                let (score, above) = (placed.plan.score.0, placed.plan.score.0.saturating_sub(placed.plan.bound.0));
                self.score += i128::from(score);
                self.above += i128::from(above);
                if score > 0 {
                    self.above_worst = self.above_worst.max(above as f64 / score as f64);
                }
            }
            (Verdict::Refused, _) => {
                *self.refused.entry(decided.code.unwrap_or("refused")).or_default() += 1;
                for short in &decided.short {
                    *self.short_skus.entry(short.sku.to_string()).or_default() += 1;
                }
            }
            _ => {}
        }
    }

    fn count(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(&verdict).copied().unwrap_or(0)
    }

    fn orders(&self) -> u64 {
        self.verdicts.values().sum()
    }

    fn top_short_skus(&self) -> Vec<(&str, u64)> {
        let mut skus: Vec<(&str, u64)> = self.short_skus.iter().map(|(sku, n)| (sku.as_str(), *n)).collect();
        skus.sort_by_key(|(sku, refusals)| (std::cmp::Reverse(*refusals), *sku));
        skus.truncate(TOP_SKUS);
        skus
    }

    fn latency_us(&self, percentile: f64) -> f64 {
        self.latency_ns.value_at_quantile(percentile / 100.0) as f64 / 1_000.0
    }

    /// No more than this share of all scores could have been saved.
    fn gap(&self) -> f64 {
        if self.score > 0 { self.above as f64 / self.score as f64 } else { 0.0 }
    }

    fn cost_text(&self) -> String {
        match i64::try_from(self.cost) {
            Ok(micros) => Money(micros).to_string(),
            Err(_) => (self.cost / i128::from(Money::MICROS_PER_UNIT)).to_string(),
        }
    }
}

impl Summary<'_> {
    /// Whether nothing was promised that was not there and every structure is sound.
    pub(super) fn is_sound(&self) -> bool {
        self.oversold == 0 && self.differences.is_empty() && self.end.faults.is_empty()
    }

    /// The summary for programs.
    pub(super) fn to_json(&self) -> Value {
        let tally = self.tally;
        let top = tally.top_short_skus().into_iter().map(|(sku, n)| json!({ "sku": sku, "refusals": n }));
        json!({
            "orders": tally.orders(),
            "placed": tally.count(Verdict::Placed),
            "refused": tally.count(Verdict::Refused),
            "refused_by_code": tally.refused,
            "short_skus": top.collect::<Vec<_>>(),
            "duplicates": tally.count(Verdict::Duplicate),
            "conflicts": tally.count(Verdict::Conflict),
            "expired": tally.expired,
            "cancelled": tally.cancelled,
            "paid_late": tally.paid_late,
            "refunds_due": tally.refunds_due,
            "reported_lines": self.reports,
            "presale": self.ahead.map(|ahead| json!({
                "orders": tally.promised,
                "units_promised_at_the_end": ahead.promised,
                "units_overdue_at_the_end": ahead.overdue,
            })),
            "parcels": tally.parcels,
            "split_share": self.split_share(),
            "plans_not_proven": tally.unproven,
            "gap_at_most": { "of_all_scores": tally.gap(), "worst": tally.above_worst },
            "cost": tally.cost_text(),
            "cost_per_order": self.cost_per_order(),
            "currency": self.currency,
            "load_s": self.load.as_secs_f64(),
            "elapsed_s": self.elapsed.as_secs_f64(),
            "orders_per_s": self.per_second(),
            "latency_us": { "p50": tally.latency_us(50.0), "p99": tally.latency_us(99.0), "p99.9": tally.latency_us(99.9) },
            "oversold_units": self.oversold,
            "ledger": if self.is_sound() { "sound" } else { "broken" },
            "ledger_faults": self.end.faults.iter().chain(self.differences).collect::<Vec<_>>(),
            "digest": format!("{:032x}", self.end.digest),
            "events": self.end.seq.0,
        })
    }

    /// The summary for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let tally = self.tally;
        let mut lines = vec![format!(
            "{} orders: {} placed, {} refused, {} duplicates, {} conflicts; {} expired, {} cancelled",
            tally.orders(),
            tally.count(Verdict::Placed),
            tally.count(Verdict::Refused),
            tally.count(Verdict::Duplicate),
            tally.count(Verdict::Conflict),
            tally.expired,
            tally.cancelled,
        )];
        if tally.paid_late + tally.refunds_due > 0 {
            lines.push(format!("{} paid late and held anew, {} refunds due", tally.paid_late, tally.refunds_due));
        }
        if let Some(Ahead { promised, overdue }) = self.ahead {
            let orders = tally.promised;
            lines.push(format!(
                "{orders} orders promised ahead; at the end {promised} units promised, {overdue} overdue"
            ));
        }
        if !tally.refused.is_empty() {
            let codes: Vec<String> = tally.refused.iter().map(|(code, n)| format!("{code} {n}")).collect();
            lines.push(format!("refused: {}", codes.join(", ")));
        }
        let top: Vec<String> = tally.top_short_skus().iter().map(|(sku, n)| format!("{sku} ({n})")).collect();
        if !top.is_empty() {
            lines.push(format!("most often short: {}", top.join(", ")));
        }
        lines.push(format!(
            "{} parcels, {:.1} % of orders split, cost {} {}, {:.2} an order",
            tally.parcels,
            100.0 * self.split_share(),
            tally.cost_text(),
            self.currency,
            self.cost_per_order(),
        ));
        lines.push(format!(
            "{} plans not proven best; gap at most {:.4} % of all scores, {:.4} % of the worst",
            tally.unproven,
            100.0 * tally.gap(),
            100.0 * tally.above_worst,
        ));
        lines.push(format!(
            "{:.2} s, {:.0} orders/s; latency p50 {:.1} µs, p99 {:.1} µs, p99.9 {:.1} µs",
            self.elapsed.as_secs_f64(),
            self.per_second(),
            tally.latency_us(50.0),
            tally.latency_us(99.0),
            tally.latency_us(99.9),
        ));
        let ledger = if self.is_sound() { "sound" } else { "BROKEN" };
        lines.push(format!("oversold {} units; ledger {ledger}; digest {:032x}", self.oversold, self.end.digest));
        lines.extend(self.end.faults.iter().chain(self.differences).map(|fault| format!("  {fault}")));
        lines
    }

    fn split_share(&self) -> f64 {
        let placed = self.tally.count(Verdict::Placed);
        if placed == 0 { 0.0 } else { self.tally.split as f64 / placed as f64 }
    }

    fn cost_per_order(&self) -> f64 {
        let placed = self.tally.count(Verdict::Placed);
        if placed == 0 { 0.0 } else { self.tally.cost as f64 / 1e6 / placed as f64 }
    }

    fn per_second(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.tally.orders() as f64 / seconds } else { 0.0 }
    }
}
