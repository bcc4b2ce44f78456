//! Report of a run.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::memory::Footprint;

/// Orders and latencies of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Orders placed while measuring.
    pub placed: u64,
    /// Orders refused while measuring.
    pub refused: u64,
    /// Measured time.
    pub elapsed: Duration,
    /// Processor time of this process per order, client and server together.
    pub cpu_per_order: Duration,
    /// Where the memory was at the end, when it was asked for.
    pub memory: Option<Footprint>,
    latencies_ns: Histogram<u64>,
}

/// Counts and latencies of one caller.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) placed: u64,
    pub(super) refused: u64,
    pub(super) latencies_ns: Histogram<u64>,
}

impl Tally {
    pub(super) fn new() -> Tally {
        Tally { placed: 0, refused: 0, latencies_ns: histogram() }
    }

    pub(super) fn add(&mut self, placed: bool, took: Duration) {
        if placed {
            self.placed += 1
        } else {
            self.refused += 1
        }
        self.latencies_ns.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }
}

impl Report {
    pub(super) fn of(tallies: Vec<Tally>, elapsed: Duration, cpu: Duration) -> Report {
        let mut report = Report {
            placed: 0,
            refused: 0,
            elapsed,
            cpu_per_order: Duration::ZERO,
            memory: None,
            latencies_ns: histogram(),
        };
        for tally in tallies {
            report.placed += tally.placed;
            report.refused += tally.refused;
            // All histograms have the same bounds.
            let _ = report.latencies_ns.add(&tally.latencies_ns);
        }
        let orders = (report.placed + report.refused).max(1);
        report.cpu_per_order = Duration::from_nanos((cpu.as_nanos() / u128::from(orders)) as u64);
        report
    }

    /// The same, with where the memory was.
    pub(super) fn with(self, memory: Option<Footprint>) -> Report {
        Report { memory, ..self }
    }

    /// Orders placed per second.
    pub fn orders_per_second(&self) -> f64 {
        self.placed as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of orders (0 to 1) stayed within.
    pub fn latency(&self, share: f64) -> Duration {
        Duration::from_nanos(self.latencies_ns.value_at_quantile(share))
    }

    /// The report as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let micros = |share| self.latency(share).as_nanos() as f64 / 1e3;
        let mut report = serde_json::json!({
            "orders_per_second": self.orders_per_second().round(),
            "placed": self.placed,
            "refused": self.refused,
            "elapsed_s": self.elapsed.as_secs_f64(),
            "cpu_us_per_order": self.cpu_per_order.as_nanos() as f64 / 1e3,
            "latency_us": { "p50": micros(0.5), "p99": micros(0.99), "p99.9": micros(0.999), "max": micros(1.0) },
        });
        if let Some(memory) = &self.memory {
            report["memory"] = memory.to_json();
        }
        report
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |share| self.latency(share).as_nanos() as f64 / 1e3;
        writeln!(f, "{:>12.0} orders/s ({} placed, {} refused)", self.orders_per_second(), self.placed, self.refused)?;
        writeln!(f, "{:>12.2} µs of processor time per order", self.cpu_per_order.as_nanos() as f64 / 1e3)?;
        write!(f, "{:>12.1} µs p50, {:.1} p99, {:.1} p99.9", micros(0.5), micros(0.99), micros(0.999))?;
        self.memory.iter().try_for_each(|memory| write!(f, "\n{memory}"))
    }
}

pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds that hdrhistogram accepts")
}

/// Processor time this process has used so far.
pub(super) fn cpu_time() -> Duration {
    // utime and stime, in clock ticks, are fields 14 and 15; the process name before them may contain spaces.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
