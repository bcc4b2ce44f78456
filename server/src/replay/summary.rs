//! The figures of a replay.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use stockade_core::decision::SubKind;
use stockade_core::money::Money;

use super::decide::Decided;
use super::ledger::Ahead;
use super::lines::Verdict;
use super::target::Final;
use crate::failure::Failure;

/// SKUs named in the summary.
const TOP_SKUS: usize = 10;
/// The longest latency measured, in nanoseconds: one minute.
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
    /// Reservation holds that expired.
    pub(super) expired: u64,
    /// Orders cancelled.
    pub(super) cancelled: u64,
    /// Expired orders paid late and held again.
    pub(super) paid_late: u64,
    /// Expired orders paid late when the stock was gone.
    pub(super) refunds_due: u64,
}

/// The result of a replay.
pub struct Outcome {
    /// The figures.
    pub summary: SummaryBody,
    /// Rows that could not be applied as written, listed by line.
    pub notes: Vec<String>,
}

/// Input of the figures besides the tally.
pub(super) struct Ending<'a> {
    /// Rows listed by line.
    pub(super) reports: u64,
    /// What is promised and has not come, where anything was announced.
    pub(super) ahead: Option<Ahead>,
    pub(super) load: Duration,
    pub(super) elapsed: Duration,
    pub(super) oversold: u64,
    /// Where the lines and the engine's stock differ.
    pub(super) differences: Vec<String>,
    pub(super) end: Final,
    pub(super) currency: &'a str,
}

/// The figures of a replay: what `--summary` and `--json` hold.
#[derive(Clone, Debug, Serialize)]
pub struct SummaryBody {
    /// Orders decided.
    pub orders: u64,
    /// Orders placed.
    pub placed: u64,
    /// Orders refused.
    pub refused: u64,
    /// The refused ones by the code of their refusal.
    pub refused_by_code: BTreeMap<&'static str, u64>,
    /// The SKUs that were short most often.
    pub short_skus: Vec<ShortSkuBody>,
    /// Orders that were repeated unchanged.
    pub duplicates: u64,
    /// Other orders under a known id.
    pub conflicts: u64,
    /// Reservation holds that expired.
    pub expired: u64,
    /// Orders cancelled.
    pub cancelled: u64,
    /// Expired orders paid late and held again.
    pub paid_late: u64,
    /// Expired orders paid late when the stock was gone.
    pub refunds_due: u64,
    /// Rows that could not be applied as written.
    pub reported_lines: u64,
    /// What was promised ahead; `null` without a file of receipts.
    pub presale: Option<PresaleSummaryBody>,
    /// Parcels of all placed orders.
    pub parcels: u64,
    /// Share of placed orders of more than one parcel.
    pub split_share: f64,
    /// Plans that were not proven best.
    pub plans_not_proven: u64,
    /// What better plans could have saved at most.
    pub gap_at_most: GapAtMostBody,
    /// Cost of all parcels.
    pub cost: String,
    /// Cost of a placed order on average.
    pub cost_per_order: f64,
    /// The label of the world's money.
    pub currency: String,
    /// Seconds to load world, SKUs and stock.
    pub load_s: f64,
    /// Seconds from the first decision to the last.
    pub elapsed_s: f64,
    /// Orders decided in a second.
    pub orders_per_s: f64,
    /// Time of a decision in microseconds.
    pub latency_us: LatencyBody,
    /// Units promised beyond what was there.
    pub oversold_units: u64,
    /// `sound` or `broken`.
    pub ledger: &'static str,
    /// What is broken.
    pub ledger_faults: Vec<String>,
    /// The digest of the whole state at the end.
    pub digest: String,
    /// Events in the history at the end.
    pub events: u64,
}

/// A SKU that was short.
#[derive(Clone, Debug, Serialize)]
pub struct ShortSkuBody {
    /// The SKU.
    pub sku: String,
    /// Orders refused for it.
    pub refusals: u64,
}

/// What was promised ahead.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PresaleSummaryBody {
    /// Orders with a sub-order that was promised ahead.
    pub orders: u64,
    /// Units promised out of receipts at the end.
    pub units_promised_at_the_end: u64,
    /// Units promised at the end that no receipt is expected to bring.
    pub units_overdue_at_the_end: u64,
}

/// What better plans could have saved at most, as shares of the score.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct GapAtMostBody {
    /// Of the sum of all scores.
    pub of_all_scores: f64,
    /// Of the worst plan's score.
    pub worst: f64,
}

/// Quantiles of a time in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LatencyBody {
    /// The median.
    pub p50: f64,
    /// 99 of 100 are no longer.
    pub p99: f64,
    /// 999 of 1,000 are no longer.
    #[serde(rename = "p99.9")]
    pub p999: f64,
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
            (Verdict::Placed, None) | (Verdict::Duplicate | Verdict::Conflict, _) => {}
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

impl Outcome {
    /// Fails when more was promised than there was, or a structure is broken.
    ///
    /// # Errors
    /// When the ledger is broken.
    pub fn verdict(&self) -> Result<(), Failure> {
        if self.summary.is_sound() {
            return Ok(());
        }
        Err(Failure::failed("the ledger is broken: see the summary; please report this with the files"))
    }
}

impl SummaryBody {
    pub(super) fn new(tally: &Tally, ending: Ending<'_>) -> SummaryBody {
        let Ending { reports, ahead, load, elapsed, oversold, differences, end, currency } = ending;
        let sound = oversold == 0 && differences.is_empty() && end.faults.is_empty();
        let placed = tally.count(Verdict::Placed);
        let of_placed = |n: f64| if placed == 0 { 0.0 } else { n / placed as f64 };
        let short = |(sku, refusals): (&str, u64)| ShortSkuBody { sku: sku.to_owned(), refusals };
        SummaryBody {
            orders: tally.orders(),
            placed,
            refused: tally.count(Verdict::Refused),
            refused_by_code: tally.refused.clone(),
            short_skus: tally.top_short_skus().into_iter().map(short).collect(),
            duplicates: tally.count(Verdict::Duplicate),
            conflicts: tally.count(Verdict::Conflict),
            expired: tally.expired,
            cancelled: tally.cancelled,
            paid_late: tally.paid_late,
            refunds_due: tally.refunds_due,
            reported_lines: reports,
            presale: ahead.map(|ahead| PresaleSummaryBody {
                orders: tally.promised,
                units_promised_at_the_end: ahead.promised,
                units_overdue_at_the_end: ahead.overdue,
            }),
            parcels: tally.parcels,
            split_share: of_placed(tally.split as f64),
            plans_not_proven: tally.unproven,
            gap_at_most: GapAtMostBody { of_all_scores: tally.gap(), worst: tally.above_worst },
            cost: tally.cost_text(),
            cost_per_order: of_placed(tally.cost as f64 / 1e6),
            currency: currency.to_owned(),
            load_s: load.as_secs_f64(),
            elapsed_s: elapsed.as_secs_f64(),
            orders_per_s: per_second(tally.orders(), elapsed),
            latency_us: LatencyBody {
                p50: tally.latency_us(50.0),
                p99: tally.latency_us(99.0),
                p999: tally.latency_us(99.9),
            },
            oversold_units: oversold,
            ledger: if sound { "sound" } else { "broken" },
            ledger_faults: end.faults.into_iter().chain(differences).collect(),
            digest: format!("{:032x}", end.digest),
            events: end.seq.0,
        }
    }

    /// Whether nothing was promised that was not there and every structure is sound.
    pub fn is_sound(&self) -> bool {
        self.ledger == "sound"
    }
}

fn per_second(orders: u64, elapsed: Duration) -> f64 {
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 { orders as f64 / seconds } else { 0.0 }
}
