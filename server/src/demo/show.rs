//! The demonstration: a day on a real map, and a server killed in the middle of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::books::{Books, Tally};
use super::check::{Found, check, oversold};
use super::day::{Day, DayShape};
use super::house::House;
use super::play::{Crew, Lanes};
use crate::failure::Failure;
use crate::terminal::Output;

/// How the demonstration is played.
pub struct Show {
    /// The day.
    pub shape: DayShape,
    /// Where the server keeps its files; `None` for a temporary folder.
    pub dir: Option<PathBuf>,
}

/// The kill in the middle of the day, and the recovery.
pub struct Crash {
    /// Orders placed when the server was killed.
    pub at_order: u64,
    /// How long the next start took.
    pub recovery: Duration,
    /// How the recovered server compares with what was acknowledged.
    pub found: Found,
}

/// A day that was played to its end.
pub struct Played {
    /// The day.
    pub shape: DayShape,
    /// What was counted.
    pub tally: Tally,
    /// Orders answered.
    pub orders: u64,
    /// How long the day took.
    pub elapsed: Duration,
    /// The crash in the middle, if the day was long enough for one.
    pub crash: Option<Crash>,
    /// How the server compares with what was acknowledged at the end.
    pub found: Found,
    /// Units promised beyond what was ever received.
    pub oversold: u64,
}

impl Played {
    /// Fails when anything acknowledged is lost or anything is oversold.
    ///
    /// # Errors
    /// With the first orders that the server does not know as it acknowledged them.
    pub fn verdict(&self) -> Result<(), Failure> {
        let missing: Vec<&str> = self
            .crash
            .iter()
            .flat_map(|crash| &crash.found.missing)
            .chain(&self.found.missing)
            .map(String::as_str)
            .collect();
        if missing.is_empty() && self.oversold == 0 {
            return Ok(());
        }
        let list = missing[..missing.len().min(5)].join("; ");
        Err(Failure::failed(format!("promises were broken: {} units oversold; {list}", self.oversold)))
    }
}

impl Show {
    /// Plays the day and prints its progress.
    ///
    /// # Errors
    /// When the server does not start, stop or answer.
    pub fn run(self, out: Output) -> Result<Played, Failure> {
        let kept = self.dir.is_some();
        let dir = self
            .dir
            .clone()
            .unwrap_or_else(|| std::env::temp_dir().join(format!("stockade-demo-{}", std::process::id())));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
        let played = runtime.block_on(async {
            tokio::select! {
                played = self.play(&dir, out) => played,
                // Dropping the house kills its server.
                _ = tokio::signal::ctrl_c() => Err(Failure::failed("interrupted; the server was stopped and its files removed")),
            }
        });
        if !kept {
            // At worst, a few files stay in the system's temporary folder.
            let _ = std::fs::remove_dir_all(&dir);
        }
        played
    }

    async fn play(&self, dir: &Path, out: Output) -> Result<Played, Failure> {
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

        let found = check(&crew, books.orders()).await;
        let oversold = oversold(&day, &books);
        house.stop()?;
        Ok(Played { shape: self.shape, tally: books.tally(), orders, elapsed, crash, found, oversold })
    }
}

/// Kills the server while orders are in flight, starts it again, and compares it with what it had acknowledged.
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
    let found = check(crew, before).await;
    bar.println(format!(
        "Checked {} orders acknowledged before the kill: {} lost.",
        found.checked,
        found.missing.len()
    ));
    Ok(Crash { at_order, recovery, found })
}

fn progress(orders: u64) -> ProgressBar {
    let bar = ProgressBar::new(orders);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} orders  {per_sec}  {elapsed}");
    // The template is checked by being shown at every run.
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
