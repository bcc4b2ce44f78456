//! The demonstration: a day on a real map, a server killed in the middle of it, and what came of both.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use stockade_core::ids::Code;
use stockade_core::money::Money;
use stockade_core::reply::PlanView;

use crate::cli::output::{Output, Table};
use crate::demo::books::{Books, Known, Tally};
use crate::demo::house::House;
use crate::demo::play::{Crew, Lanes};
use crate::demo::{Day, DayShape};
use crate::failure::Failure;

/// How the demonstration is played.
pub struct Show {
    /// The day.
    pub shape: DayShape,
    /// Where the server keeps its files; a folder that is removed at the end when not given.
    pub dir: Option<PathBuf>,
}

/// What a check of everything acknowledged found.
#[derive(Default)]
struct Found {
    checked: u64,
    missing: Vec<String>,
}

/// How the crash went.
struct Crash {
    at_order: u64,
    recovery: Duration,
    found: Found,
}

impl Show {
    /// Plays it. Fails when anything acknowledged is lost or anything is oversold.
    ///
    /// # Errors
    /// When the server does not start, or does not keep its promises.
    pub fn run(self, out: Output) -> Result<(), Failure> {
        let kept = self.dir.is_some();
        let dir = self
            .dir
            .clone()
            .unwrap_or_else(|| std::env::temp_dir().join(format!("stockade-demo-{}", std::process::id())));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
        let played = runtime.block_on(async {
            tokio::select! {
                played = self.play(&dir, out) => played,
                // Dropped in the middle, the house kills its server.
                _ = tokio::signal::ctrl_c() => Err(Failure::failed("interrupted; the server was stopped and its files removed")),
            }
        });
        if !kept {
            // What is left behind is a few files in the system's folder for such.
            let _ = std::fs::remove_dir_all(&dir);
        }
        played
    }

    async fn play(&self, dir: &std::path::Path, out: Output) -> Result<(), Failure> {
        let day = Day::new(self.shape);
        out.line(format!(
            "A day of {} orders over {} SKUs: {} channels, eight warehouses and two stores in China, three carriers,",
            self.shape.orders,
            self.shape.skus,
            day.channels().len()
        ));
        out.line(format!(
            "a flash sale of {} units of {}. Seed {}.",
            self.shape.hot_units,
            day.hot_sku(),
            self.shape.seed
        ));
        let channels = day.channels();
        let mut house = House::new(dir, &channels)?;
        let took = house.start()?;
        out.line(format!("Server started on the local journal in {took:.1?}."));
        let crew = Arc::new(Crew::connect(&house, &channels).await?);
        crew.open_shop(&day).await?;

        let books = Arc::new(Books::default());
        let lanes = Lanes::open(&crew, &books);
        let bar = progress(u64::from(self.shape.orders));
        let began = Instant::now();
        let mut crash = None;
        for timed in day.actions() {
            lanes.play(timed).await;
            bar.set_position(lanes.orders_done());
            if crash.is_none() && lanes.orders_done() >= u64::from(self.shape.orders) / 2 {
                crash = Some(crash_now(&mut house, &crew, &books, &bar).await?);
            }
        }
        let orders = lanes.finish(|done| bar.set_position(done)).await;
        let elapsed = began.elapsed();
        bar.finish_and_clear();

        let found = check(&crew, &books).await;
        let oversold = oversold(&day, &books);
        let tally = books.tally();
        house.stop()?;
        report(&day, &tally, orders, elapsed, crash.as_ref(), &found, oversold, out);
        let crashed_well = crash.as_ref().is_none_or(|crash| crash.found.missing.is_empty());
        if !crashed_well || !found.missing.is_empty() || oversold > 0 {
            let missing = crash.iter().flat_map(|c| &c.found.missing).chain(&found.missing).take(5);
            let list: Vec<&str> = missing.map(String::as_str).collect();
            return Err(Failure::failed(format!(
                "promises were broken: {oversold} units oversold; {}",
                list.join("; ")
            )));
        }
        Ok(())
    }
}

/// Kills the server while orders fly, starts it again, and looks whether it still knows what it said.
async fn crash_now(
    house: &mut House,
    crew: &Arc<Crew>,
    books: &Arc<Books>,
    bar: &ProgressBar,
) -> Result<Crash, Failure> {
    let at_order = books.tally().placed;
    house.kill();
    // Only what was acknowledged before the kill counts; answers on their way cannot come any more.
    let before = books.orders();
    bar.println(format!("SIGKILL at order {at_order}, with orders in flight. Starting again …"));
    let recovery = house.start()?;
    bar.println(format!("Recovered from the journal in {recovery:.1?}; the storefronts go on by themselves."));
    let found = check_all(crew, before).await;
    bar.println(format!(
        "Checked {} orders acknowledged before the kill: {} lost.",
        found.checked,
        found.missing.len()
    ));
    Ok(Crash { at_order, recovery, found })
}

async fn check(crew: &Arc<Crew>, books: &Arc<Books>) -> Found {
    check_all(crew, books.orders()).await
}

async fn check_all(crew: &Arc<Crew>, orders: Vec<(Code, crate::demo::books::Acknowledged)>) -> Found {
    const TASKS: usize = 64;
    let mut found = Found { checked: orders.len() as u64, missing: Vec::new() };
    let orders = Arc::new(orders);
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (crew, orders) = (Arc::clone(crew), Arc::clone(&orders));
            tokio::spawn(async move {
                let mut missing = Vec::new();
                for (number, acknowledged) in orders.iter().skip(task).step_by(TASKS) {
                    match crew.order(&acknowledged.channel, number).await {
                        Ok(now) => missing.extend(acknowledged.lost(&now).map(|why| format!("order {number} {why}"))),
                        Err(error) => missing.push(format!("order {number}: {error}")),
                    }
                }
                missing
            })
        })
        .collect();
    for task in tasks {
        match task.await {
            Ok(missing) => found.missing.extend(missing),
            Err(error) => found.missing.push(error.to_string()),
        }
    }
    found
}

/// Units promised to customers beyond what was ever received, over all SKUs and warehouses.
fn oversold(day: &Day, books: &Books) -> u64 {
    let mut left: HashMap<(Code, Code), i128> = HashMap::new();
    for stock in day.stock() {
        *left.entry((stock.sku, stock.warehouse)).or_default() += i128::from(stock.units.0);
    }
    for (_, order) in books.orders().into_iter().filter(|(_, order)| order.known != Known::Cancelled) {
        // Returned units may have been sold again: an order that is confirmed may have come back.
        if order.stages.iter().all(|stage| *stage < stockade_core::reply::Stage::Delivered) {
            for (sku, warehouse, units) in order.units {
                *left.entry((sku, warehouse)).or_default() -= i128::from(units);
            }
        }
    }
    left.values().map(|units| u64::try_from(-units).unwrap_or(0)).sum()
}

fn progress(orders: u64) -> ProgressBar {
    let bar = ProgressBar::new(orders);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} orders  {per_sec}  {elapsed}");
    // The template is checked by being shown at every run.
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

#[allow(clippy::too_many_arguments)]
fn report(
    day: &Day,
    tally: &Tally,
    orders: u64,
    elapsed: Duration,
    crash: Option<&Crash>,
    found: &Found,
    oversold: u64,
    out: Output,
) {
    let share = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
    let millis = |quantile: f64| tally.latency.value_at_quantile(quantile) as f64 / 1_000.0;
    let cost = Money(i64::try_from(tally.cost).unwrap_or(i64::MAX));
    let mut rows = Table::new(["the day", ""]);
    let mut row = |name: &str, value: String| rows.row([name.to_owned(), value]);
    row("orders answered", format!("{orders} in {elapsed:.1?}, the crash included"));
    row("calls answered", format!("{} ({:.0} a second)", tally.calls, tally.calls as f64 / elapsed.as_secs_f64()));
    row("orders placed", format!("{} ({:.0} a second)", tally.placed, tally.placed as f64 / elapsed.as_secs_f64()));
    row("answer to an order", format!("median {:.1} ms, p99 {:.1} ms, durable on disk", millis(0.5), millis(0.99)));
    row(
        "split orders",
        format!("{} ({:.1} %), {} parcels", tally.split, share(tally.split, tally.placed), tally.parcels),
    );
    row("cost of all parcels", format!("{cost} CNY, {:.2} an order", cost.0 as f64 / 1e6 / tally.placed.max(1) as f64));
    row("routes proven optimal", format!("{:.2} %", share(tally.proven, tally.placed)));
    let mut refused: Vec<_> = tally.refused.iter().collect();
    refused.sort_unstable_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (code, count) in refused {
        row(&format!("refused: {code}"), count.to_string());
    }
    if let Some(crash) = crash {
        row("killed at order", format!("{} (SIGKILL), back after {:.1?}", crash.at_order, crash.recovery));
        row("answered again after a retry", tally.replayed.to_string());
        row("lost of what was acknowledged", format!("{} of {}", crash.found.missing.len(), crash.found.checked));
    }
    row("checked at the end", format!("{} orders, {} not as acknowledged", found.checked, found.missing.len()));
    row("oversold units", oversold.to_string());
    out.line("");
    out.table(&rows);
    if let Some((number, plan)) = &tally.telling {
        out.line("");
        explain(number, plan, out);
    }
    out.line("");
    out.line(format!("The same day again: stockade demo --seed {} --orders {}", day.shape().seed, day.shape().orders));
}

/// One decision, told.
fn explain(number: &Code, plan: &PlanView, out: Output) {
    let proof = if plan.proven { "proven: no other way scores less" } else { "the best found in its time" };
    out.line(format!("Why order {number} went out in {} parcels ({proof}):", plan.sub_orders.len()));
    for sub in &plan.sub_orders {
        let lines: Vec<String> = sub.lines.iter().map(|line| format!("{} × {}", line.units, line.sku)).collect();
        let parts = &sub.parts;
        out.line(format!("  {} by {} in {} h: {}", sub.warehouse, sub.carrier, sub.hours, lines.join(", ")));
        out.line(format!(
            "     {} = {} parcel + {} units + {} first kg + {} further kg ({} g)",
            sub.cost, parts.parcel, parts.unit, parts.first_kg, parts.further_kg, sub.weight_g
        ));
    }
    out.line(format!("  together {}; score {}, and no plan can score less than {}", plan.cost, plan.score, plan.bound));
}
