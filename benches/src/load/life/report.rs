//! What was lived.

use std::fmt;
use std::time::Duration;

use super::course::Ending;
use crate::load::memory::Footprint;

/// Lives and commands of one caller, or of all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lived {
    /// Lives that ended as they were meant to, in the order of [`Ending::ALL`].
    pub ended: [u64; Ending::ALL.len()],
    /// Commands on orders.
    pub commands: u64,
    /// Receipts of stock.
    pub receipts: u64,
    /// Units that were shipped for good.
    pub shipped: u64,
}

impl Lived {
    /// Lives that ended.
    pub fn lives(&self) -> u64 {
        self.ended.iter().sum()
    }

    pub(super) fn add(&mut self, other: &Lived) {
        self.ended.iter_mut().zip(other.ended).for_each(|(sum, ended)| *sum += ended);
        self.commands += other.commands;
        self.receipts += other.receipts;
        self.shipped += other.shipped;
    }
}

/// The report of a run of lives.
#[derive(Clone, Debug)]
pub struct Lives {
    /// What was lived.
    pub lived: Lived,
    /// From the first order to the last end.
    pub elapsed: Duration,
    /// Processor time of this process.
    pub cpu: Duration,
    /// Where the memory was at the end, when it was asked for.
    pub memory: Option<Footprint>,
}

impl Lives {
    /// Lives per second.
    pub fn rate(&self) -> f64 {
        self.lived.lives() as f64 / self.elapsed.as_secs_f64()
    }

    /// Processor time in microseconds of so many.
    fn cpu_us(&self, count: u64) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / count.max(1) as f64
    }

    /// The report as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let ended = Ending::ALL.iter().zip(self.lived.ended);
        let ended: serde_json::Map<_, _> =
            ended.map(|(ending, count)| (ending.name().to_owned(), count.into())).collect();
        let mut report = serde_json::json!({
            "lives": self.lived.lives(),
            "ended": ended,
            "commands": self.lived.commands,
            "receipts": self.lived.receipts,
            "units_shipped": self.lived.shipped,
            "elapsed_s": self.elapsed.as_secs_f64(),
            "lives_per_second": self.rate(),
            "cpu_us_per_life": self.cpu_us(self.lived.lives()),
            "cpu_us_per_command": self.cpu_us(self.lived.commands + self.lived.receipts),
        });
        if let Some(memory) = &self.memory {
            report["memory"] = memory.to_json();
        }
        report
    }
}

impl fmt::Display for Lives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lived { commands, receipts, shipped, ended } = &self.lived;
        writeln!(f, "{:>13.0} lives/s ({} lives, {commands} commands)", self.rate(), self.lived.lives())?;
        let ended = Ending::ALL.iter().zip(ended).map(|(ending, count)| format!("{count} {}", ending.name()));
        writeln!(f, "{:>13} {}", "", ended.collect::<Vec<_>>().join(", "))?;
        writeln!(f, "{:>13} {shipped} units shipped and received anew, in {receipts} receipts", "")?;
        writeln!(f, "{:>13.1} µs of processor time per life", self.cpu_us(self.lived.lives()))?;
        write!(f, "{:>13.2} µs of processor time per command", self.cpu_us(commands + receipts))?;
        self.memory.iter().try_for_each(|memory| write!(f, "\n{memory}"))
    }
}
