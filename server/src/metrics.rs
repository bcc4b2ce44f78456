//! What is counted, for Prometheus. Counters of the hot path are plain atomics, found by index; everything that can be
//! read off the service, the journal and the gate is read when somebody asks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::{Registry, Unit};
use stockade_core::command::{Command, Query, Request};
use stockade_core::engine::{Engine, Outcome};
use stockade_core::event::Actor;
use stockade_core::ids::Seq;
use stockade_core::log::{Gate, History};
use stockade_core::money::Money;
use stockade_core::reject::Reject;
use stockade_core::reply::{Change, Durability, OrderState, Reply, RetryAfter};
use stockade_core::time::{Span, Time};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::journal::{Health, JournalStatus};
use crate::quality::{GAP_BOUNDS_PPM, Sampling, Tally};
use crate::service::{Counted, Decide};

/// Everything counted since the start.
pub struct Metrics {
    registry: Registry,
    requests: Vec<[Counter; OUTCOMES.len()]>,
    refusals: Family<CodeLabel, Counter>,
    decide: Arc<Timing>,
    http: Arc<Timing>,
    orders: Vec<Counter>,
    connections: Gauge,
    refused_early: Gauge,
    unknown: Gauge,
    journal: JournalGauges,
    quality: Arc<Tally>,
    routing: RoutingGauges,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RequestLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct EventLabel {
    event: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct LevelLabel {
    level: &'static str,
}

/// A moment's state of what is not counted here.
#[derive(Debug)]
pub struct Snapshot<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// What went through the service.
    pub service: Counted,
    /// How the journal stands.
    pub journal: &'a JournalStatus,
    /// QUIC connections.
    pub connections: u32,
}

/// The engine, with everything it decides counted.
pub struct Observed {
    engine: Arc<Engine>,
    metrics: Arc<Metrics>,
    history: Option<Arc<dyn History>>,
    sampling: Arc<Sampling>,
    /// Held while an exact quote is looked for.
    exact: Mutex<()>,
}

/// When to ask for an exact quote again.
const EXACT_AGAIN: Span = Span::from_millis(250);

impl Observed {
    /// Counts what this engine decides. Explanations are read from `history`; placed orders are offered to `sampling`.
    pub fn new(
        engine: Arc<Engine>,
        metrics: Arc<Metrics>,
        history: Option<Arc<dyn History>>,
        sampling: Arc<Sampling>,
    ) -> Observed {
        Observed { engine, metrics, history, sampling, exact: Mutex::new(()) }
    }

    /// Looks for an exact quote, unless one is being looked for: so they never take more than one processor.
    fn quote_exact(&self, query: &Query, now: Time) -> Outcome {
        match self.exact.try_lock() {
            Some(_alone) => unhurried(|| self.engine.query(query, now)),
            None => Outcome { result: Err(Reject::Overloaded { retry_after: RetryAfter(EXACT_AGAIN) }), seen: Seq(0) },
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Decide for Observed {
    fn execute(&self, request: &Request, actor: &Actor, now: Time) -> Outcome {
        let begun = Instant::now();
        let outcome = self.engine.execute(request, actor, now);
        self.metrics.command(&request.command, &outcome.result, begun.elapsed());
        if let Ok(Reply::Placed(placed)) = &outcome.result
            && !placed.replayed
        {
            self.metrics.quality.placed(&placed.plan);
            self.sampling.offer(placed.seq);
        }
        outcome
    }

    fn query(&self, query: &Query, now: Time) -> Outcome {
        let begun = Instant::now();
        let outcome = match (query, &self.history) {
            (Query::Explain(ask), Some(history)) => unhurried(|| self.engine.explain(ask, &**history)),
            (Query::QuoteExact(_), _) => self.quote_exact(query, now),
            (Query::Routing, _) => {
                Outcome { result: Ok(Reply::Routing(Box::new(self.metrics.quality.report()))), seen: Seq(0) }
            }
            _ => self.engine.query(query, now),
        };
        self.metrics.query(query, &outcome.result, begun.elapsed());
        outcome
    }

    fn next_deadline(&self) -> Option<Time> {
        self.engine.next_deadline()
    }

    fn expire_due(&self, now: Time, max: usize) -> usize {
        let expired = Decide::expire_due(&*self.engine, now, max);
        self.metrics.expired(expired as u64);
        expired
    }

    fn gate(&self) -> &Gate {
        self.engine.log().gate()
    }
}

/// Does what reads the journal without holding up the others on this thread, where the runtime has more than one.
fn unhurried<T>(read: impl FnOnce() -> T) -> T {
    let many = |handle: Handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread;
    if Handle::try_current().is_ok_and(many) { tokio::task::block_in_place(read) } else { read() }
}

/// What becomes of a request.
const OUTCOMES: [&str; 2] = ["done", "refused"];

const KINDS: [&str; 28] = [
    "apply_world",
    "apply_rules",
    "define_skus",
    "receive",
    "adjust",
    "count",
    "transfer",
    "arrive",
    "move_pool",
    "set_safety",
    "expect",
    "place",
    "pay",
    "cancel",
    "extend_hold",
    "step",
    "reroute",
    "quote",
    "availability",
    "stock",
    "order",
    "orders",
    "rules",
    "world",
    "explain",
    "routing",
    "quote_exact",
    "inbound",
];

const EVENTS: [&str; 6] = ["placed", "paid", "paid_late", "refund_due", "cancelled", "expired"];
const EXPIRED: usize = 5;

struct JournalGauges {
    gate: [Gauge; 2],
    lag: Gauge,
    backlog: Gauge,
    working: Gauge,
    written: Gauge,
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Metrics {
        let mut registry = Registry::with_prefix("stockade");
        let family = Family::<RequestLabels, Counter>::default();
        let counter = |kind, outcome| family.get_or_create_owned(&RequestLabels { kind, outcome });
        let requests = KINDS.map(|kind| OUTCOMES.map(|outcome| counter(kind, outcome))).to_vec();
        registry.register("requests", "Requests by kind and outcome", family.clone());
        let refusals = Family::default();
        registry.register("refusals", "Refusals by code", refusals.clone());
        let events = Family::<EventLabel, Counter>::default();
        let orders = EVENTS.map(|event| events.get_or_create_owned(&EventLabel { event })).to_vec();
        registry.register("orders", "Orders by what became of them", events.clone());
        let decide = Arc::new(Timing::default());
        let help = "Time to decide a request, without waiting for the journal";
        registry.register_with_unit("decide", help, Unit::Seconds, Shown(Arc::clone(&decide)));
        let http = Arc::new(Timing::default());
        let help = "Time of JSON calls from their body to their answer, waiting for the journal included";
        registry.register_with_unit("http_call", help, Unit::Seconds, Shown(Arc::clone(&http)));
        let connections = Gauge::default();
        registry.register("quic_connections", "QUIC connections", connections.clone());
        let refused_early = Gauge::default();
        let help =
            "Requests answered with a refusal since the start, those refused before they reached the engine included";
        registry.register("refused_requests", help, refused_early.clone());
        let unknown = Gauge::default();
        let help = "Commands since the start whose durability did not come in time: their outcome is unknown";
        registry.register("unknown_outcomes", help, unknown.clone());
        let journal = JournalGauges::new(&mut registry);
        let quality = Arc::new(Tally::default());
        let routing = RoutingGauges::new(&mut registry, &quality);
        Metrics {
            registry,
            requests,
            refusals,
            decide,
            http,
            orders,
            connections,
            refused_early,
            unknown,
            journal,
            quality,
            routing,
        }
    }

    /// Counts a decided command.
    pub fn command(&self, command: &Command, result: &Result<Reply, Reject>, took: Duration) {
        self.decided(kind_of_command(command), result, took);
        let event = match result {
            Ok(Reply::Placed(placed)) if !placed.replayed => 0,
            Ok(Reply::Changed(changed)) if !changed.replayed => match changed.change {
                Change::Paid => 1,
                Change::PaidLate { .. } => 2,
                Change::RefundDue => 3,
                Change::Cancelled { .. } if changed.present == OrderState::Cancelled => 4,
                _ => return,
            },
            _ => return,
        };
        self.orders[event].inc();
    }

    /// The counters of how good routing is.
    pub fn quality(&self) -> &Arc<Tally> {
        &self.quality
    }

    /// Counts an answered query.
    pub fn query(&self, query: &Query, result: &Result<Reply, Reject>, took: Duration) {
        self.decided(kind_of_query(query), result, took);
    }

    fn refused(&self, reject: &Reject) {
        self.refusals.get_or_create(&CodeLabel { code: reject.code() }).inc();
    }

    /// Counts orders that were not paid in time.
    pub fn expired(&self, orders: u64) {
        self.orders[EXPIRED].inc_by(orders);
    }

    /// Counts a JSON call.
    pub fn http(&self, took: Duration) {
        self.http.observe(took);
    }

    /// Everything counted, in the OpenMetrics text form.
    pub fn encode(&self, now: &Snapshot<'_>) -> String {
        self.connections.set(now.connections.into());
        self.refused_early.set(signed(now.service.refused));
        self.unknown.set(signed(now.service.unknown));
        self.journal.set(now);
        self.routing.set(&self.quality);
        let mut text = String::new();
        // Writing to a string does not fail; a metric that cannot be written would be a mistake in this module.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }

    fn decided(&self, kind: usize, result: &Result<Reply, Reject>, took: Duration) {
        self.requests[kind][usize::from(result.is_err())].inc();
        self.decide.observe(took);
        if let Err(reject) = result {
            self.refused(reject);
        }
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl JournalGauges {
    fn new(registry: &mut Registry) -> JournalGauges {
        let gate = Family::<LevelLabel, Gauge>::default();
        let levels = ["journaled", "replicated"].map(|level| gate.get_or_create_owned(&LevelLabel { level }));
        registry.register("gate_watermark", "Last event that is durable to a level", gate.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::<i64, AtomicI64>::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        JournalGauges {
            gate: levels,
            lag: gauge("journal_lag_events", "Events applied and not yet in the journal"),
            backlog: gauge("journal_backlog_bytes", "Bytes that wait for the journal"),
            working: gauge("journal_working", "1 while the journal takes batches"),
            written: gauge("journal_written_bytes", "Bytes written to the journal since the start"),
        }
    }

    fn set(&self, now: &Snapshot<'_>) {
        let gate = now.engine.log().gate();
        let journaled = gate.watermark(Durability::Journaled);
        let applied = now.engine.seq();
        self.gate[0].set(signed(journaled.0));
        self.gate[1].set(signed(gate.watermark(Durability::Replicated).0));
        self.lag.set(signed(applied.0.saturating_sub(journaled.0)));
        self.backlog.set(signed(now.journal.backlog_bytes as u64));
        self.working.set(i64::from(now.journal.health == Health::Working));
        self.written.set(signed(now.journal.bytes));
    }
}

struct RoutingGauges {
    orders: Gauge,
    parcels: Gauge,
    split: Gauge,
    proven: Gauge,
    cost: Gauge<f64, AtomicU64>,
    exact: Gauge,
    waiting: Gauge,
    dropped: Gauge,
}

impl RoutingGauges {
    fn new(registry: &mut Registry, quality: &Arc<Tally>) -> RoutingGauges {
        let help = "Distance of sampled plans from what no plan can be below, as a share of the score";
        registry.register("routing_gap", help, Gaps(Arc::clone(quality)));
        let cost = Gauge::default();
        registry.register("routing_cost", "Money of all parcels since the start", cost.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::<i64, AtomicI64>::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        RoutingGauges {
            orders: gauge("routing_orders", "Orders placed since the start"),
            parcels: gauge("routing_parcels", "Their parcels"),
            split: gauge("routing_split_orders", "Orders of more than one parcel"),
            proven: gauge("routing_proven_orders", "Orders whose plan was proven best when it was decided"),
            cost,
            exact: gauge("routing_gap_exact", "Sampled plans whose best plan was found and proven"),
            waiting: gauge("routing_gap_waiting", "Sampled plans that wait to be measured"),
            dropped: gauge("routing_gap_dropped", "Sampled plans that were not measured"),
        }
    }

    fn set(&self, quality: &Tally) {
        let report = quality.report();
        self.orders.set(signed(report.orders));
        self.parcels.set(signed(report.parcels));
        self.split.set(signed(report.split));
        self.proven.set(signed(report.proven));
        self.cost.set(report.cost.0 as f64 / Money::MICROS_PER_UNIT as f64);
        self.exact.set(signed(report.exact));
        self.waiting.set(signed(report.waiting));
        self.dropped.set(signed(report.dropped));
    }
}

/// The gaps of a [`Tally`] as the registry shows them.
#[derive(Debug)]
struct Gaps(Arc<Tally>);

impl EncodeMetric for Gaps {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let bounds = GAP_BOUNDS_PPM.iter().map(|ppm| *ppm as f64 / 1e6).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(self.0.gap_buckets()).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.0.gap_sum_ppm() as f64 / 1e6, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Upper bounds of the buckets in nanoseconds: 1 µs to 16 s by factors of four.
const BOUNDS_NS: [u64; 13] = {
    let mut bounds = [1_000; 13];
    let mut n = 1;
    while n < bounds.len() {
        bounds[n] = bounds[n - 1] * 4;
        n += 1;
    }
    bounds
};

/// A histogram of durations without a lock.
#[derive(Debug, Default)]
struct Timing {
    buckets: [AtomicU64; BOUNDS_NS.len() + 1],
    sum_ns: AtomicU64,
}

impl Timing {
    fn observe(&self, took: Duration) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_NS.partition_point(|bound| *bound < ns);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
    }
}

/// A [`Timing`] as the registry shows it.
#[derive(Debug)]
struct Shown(Arc<Timing>);

impl EncodeMetric for Shown {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let bounds = BOUNDS_NS.iter().map(|ns| *ns as f64 / 1e9).chain([f64::INFINITY]);
        let counts = self.0.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = self.0.sum_ns.load(Ordering::Relaxed) as f64 / 1e9;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl TypedMetric for Shown {
    const TYPE: MetricType = MetricType::Histogram;
}

const fn kind_of_command(command: &Command) -> usize {
    match command {
        Command::ApplyWorld(_) => 0,
        Command::ApplyRules(_) => 1,
        Command::DefineSkus(_) => 2,
        Command::Receive(_) => 3,
        Command::Adjust(_) => 4,
        Command::Count(_) => 5,
        Command::Transfer(_) => 6,
        Command::Arrive(_) => 7,
        Command::MovePool(_) => 8,
        Command::SetSafety(_) => 9,
        Command::Expect(_) => 10,
        Command::Place(_) => 11,
        Command::Pay(_) => 12,
        Command::Cancel(_) => 13,
        Command::ExtendHold(_) => 14,
        Command::Step(_) => 15,
        Command::Reroute(_) => 16,
    }
}

const fn kind_of_query(query: &Query) -> usize {
    match query {
        Query::Quote(_) => 17,
        Query::Availability(_) => 18,
        Query::Stock(_) => 19,
        Query::Order(_) => 20,
        Query::Orders(_) => 21,
        Query::Rules => 22,
        Query::World => 23,
        Query::Explain(_) => 24,
        Query::Routing => 25,
        Query::QuoteExact(_) => 26,
        Query::Inbound(_) => 27,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_the_bucket_that_bounds_them() {
        let timing = Timing::default();
        timing.observe(Duration::from_nanos(1_000));
        timing.observe(Duration::from_nanos(1_001));
        timing.observe(Duration::from_secs(60));
        let counts: Vec<u64> = timing.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        assert_eq!((counts[0], counts[1], counts[13]), (1, 1, 1));
        assert_eq!(counts.iter().sum::<u64>(), 3);
    }
}
