//! Attacks on a running server: what one caller, or a stranger, costs all the others.
//!
//! ```text
//!   a server of its own ◄── ordinary callers, measured all the time
//!            ▲
//!            └── quiet, then one attack after the other, then quiet again
//! ```

mod attacks;
mod house;
mod ordinary;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use tokio::task::JoinSet;

use attacks::Attack;
use house::House;
use ordinary::{Measured, Ordinary};

/// Attack a server of its own, and see what an ordinary caller and the server's memory feel of it.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// The server's program [default: the one next to this].
    #[arg(long)]
    stockade: Option<PathBuf>,
    /// Seconds of each attack, and of each quiet time.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many times the quiet p99 an ordinary order may take at p99 during an attack.
    #[arg(long, default_value_t = 5.0)]
    factor: f64,
    /// Memory that the server may add to what it had in quiet times, in MiB.
    #[arg(long, default_value_t = 512)]
    memory_mib: u64,
    /// Only these attacks, by name.
    #[arg(long)]
    only: Vec<String>,
}

/// What was measured in one phase.
#[derive(Clone, Debug)]
struct Phase {
    name: &'static str,
    measured: Measured,
    /// Most memory of the server, in KiB.
    peak_kib: u64,
    /// What the attackers got done.
    told: String,
}

/// All phases, and what may be felt.
#[derive(Clone, Debug)]
pub struct Report {
    quiet: Phase,
    attacks: Vec<Phase>,
    after: Phase,
    options: Options,
}

/// Runs all attacks.
///
/// # Errors
/// When the server does not start, or ends.
pub fn run(options: &Options) -> Result<Report, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let house = House::start(options.stockade.as_deref()).await?;
        house.fill().await?;
        let ordinary = Ordinary::start(&house)?;
        let time = Duration::from_secs(options.seconds);
        let phase = async |attack: Option<&Attack>| phase(&house, &ordinary, attack, time).await;
        phase(None).await?;
        let quiet = phase(None).await?;
        let mut attacks = Vec::new();
        for attack in attacks::ALL {
            if options.only.is_empty() || options.only.iter().any(|name| name == attack.name) {
                attacks.push(phase(Some(attack)).await?);
            }
        }
        let after = phase(None).await?;
        Ok(Report { quiet, attacks, after, options: options.clone() })
    })
}

async fn phase(house: &House, ordinary: &Ordinary, attack: Option<&Attack>, time: Duration) -> Result<Phase, String> {
    let mut attackers = JoinSet::new();
    if let Some(attack) = attack {
        (attack.begin)(house, &mut attackers).await?;
    }
    ordinary.take();
    let mut peak_kib = 0;
    let until = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
        peak_kib = peak_kib.max(house.memory_kib()?);
    }
    let measured = ordinary.take();
    attackers.abort_all();
    let mut done = 0;
    while let Some(ended) = attackers.join_next().await {
        done += usize::from(ended.is_ok());
    }
    let told = if done == 0 { String::new() } else { format!("{done} attackers gave up") };
    // What is under way is not charged to the next phase.
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(Phase { name: attack.map_or("quiet", |attack| attack.name), measured, peak_kib, told })
}

impl Report {
    /// Whether ordinary callers and memory felt no more than they may.
    pub fn holds(&self) -> bool {
        self.attacks.iter().all(|phase| self.fault(phase).is_none())
    }

    fn fault(&self, phase: &Phase) -> Option<String> {
        let (quiet, options) = (&self.quiet, &self.options);
        let factor = phase.measured.p99().as_secs_f64() / quiet.measured.p99().as_secs_f64();
        if factor > options.factor {
            return Some(format!("p99 is {factor:.1} times the quiet one"));
        }
        let more = phase.peak_kib.saturating_sub(quiet.peak_kib) / 1_024;
        if more > options.memory_mib {
            return Some(format!("{more} MiB more"));
        }
        (phase.measured.failed > 0).then(|| format!("{} ordinary orders failed", phase.measured.failed))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22} {:>9} {:>9} {:>9} {:>7} {:>9}", "", "orders/s", "p50", "p99", "failed", "memory")?;
        for phase in [&self.quiet].into_iter().chain(&self.attacks).chain([&self.after]) {
            let Measured { placed, failed, .. } = phase.measured;
            let (p50, p99) = (phase.measured.at(0.5), phase.measured.p99());
            let rate = placed / self.options.seconds.max(1);
            let fault = self.fault(phase).unwrap_or_default();
            writeln!(
                f,
                "{:<22} {rate:>9} {:>6} µs {:>6} µs {failed:>7} {:>5} MiB  {} {fault}",
                phase.name,
                p50.as_micros(),
                p99.as_micros(),
                phase.peak_kib / 1_024,
                phase.told
            )?;
        }
        let verdict = if self.holds() { "every attack is held off" } else { "an attack is felt" };
        write!(
            f,
            "{verdict}: at most {} times the quiet p99, and {} MiB more",
            self.options.factor, self.options.memory_mib
        )
    }
}
