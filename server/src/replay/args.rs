//! Flags of `stockade replay`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use stockade_core::time::Span;

use crate::config::NO_TLS;
use crate::files::OrderFlags;

/// Decide an order file order by order and write every decision down.
///
/// Stock: sku,warehouse,on_hand and optional pool,safety. Catalog: sku and weight_g, category or both. Orders:
/// order_id,sku,qty and optional ts,channel,customer,zone,priority,kind; consecutive rows of one order_id are one order,
/// rows that stand apart are refused unless they are gathered. Inbound: reference,warehouse,sku and optional
/// ts,kind,qty,day,pool. Files may be CSV, TSV, .xlsx or .ods.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The world file.
    #[arg(long, value_name = "FILE")]
    pub world: PathBuf,
    /// The stock file.
    #[arg(long, value_name = "FILE")]
    pub stock: PathBuf,
    /// The order file.
    #[arg(long, value_name = "FILE")]
    pub orders: PathBuf,
    /// The file of announced and delivered receipts: what presale channels may promise.
    #[arg(long, value_name = "FILE", conflicts_with = "realtime")]
    pub inbound: Option<PathBuf>,
    /// The catalog file: weights and categories of SKUs.
    #[arg(long, value_name = "FILE")]
    pub catalog: Option<PathBuf>,
    /// Where to write the decisions, one JSON object per line.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Where to write the summary as JSON.
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// In this process, or over QUIC through the client library.
    #[arg(long, value_enum, default_value_t = EngineChoice::Embedded)]
    pub engine: EngineChoice,
    /// Where the history is kept: memory, local (a fresh folder, removed afterwards), local:DIR (an empty or new
    /// folder) or a redis:// address (a partition of its own, deleted afterwards).
    #[arg(long, default_value = "memory", value_name = "HOME")]
    pub journal: JournalChoice,
    /// When orders are paid: immediate, never, or after:SPAN such as after:5m.
    #[arg(long, default_value = "immediate", value_name = "WHEN")]
    pub pay: PayMode,
    /// Decide this many orders at once. Decisions then depend on timing, and lines are in decision order.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallel: u16,
    /// Search for every plan until it is proven best, however long that takes: hours for some orders of hundreds of
    /// lines.
    #[arg(long)]
    pub exact: bool,
    /// Time runs by the wall clock, not by the orders' ts.
    #[arg(long)]
    pub realtime: bool,
    /// How the files are read.
    #[command(flatten)]
    pub files: OrderFlags,
}

/// Where the engine runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum EngineChoice {
    /// In this process, called directly.
    Embedded,
    /// In this process, called over QUIC.
    Quic,
}

/// When orders are paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PayMode {
    /// Right after they are placed.
    Immediate,
    /// Never: holds expire.
    Never,
    /// This long after they are placed.
    After(Span),
}

/// Where the history is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JournalChoice {
    /// Nowhere.
    Memory,
    /// On this machine's disk; in a folder of its own that is removed afterwards when none is named.
    Local(Option<PathBuf>),
    /// In Redis, under a partition of its own.
    Redis(String),
}

impl FromStr for PayMode {
    type Err = String;

    fn from_str(text: &str) -> Result<PayMode, String> {
        match (text, text.strip_prefix("after:")) {
            ("immediate", _) => Ok(PayMode::Immediate),
            ("never", _) => Ok(PayMode::Never),
            (_, Some(span)) => span.parse().map(PayMode::After).map_err(|e| format!("{e}")),
            _ => Err(format!("`{text}` is none of immediate, never and after:SPAN such as after:5m")),
        }
    }
}

impl FromStr for JournalChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<JournalChoice, String> {
        match (text, text.strip_prefix("local:")) {
            ("memory", _) => Ok(JournalChoice::Memory),
            ("local", _) => Ok(JournalChoice::Local(None)),
            (_, Some(dir)) if !dir.is_empty() => Ok(JournalChoice::Local(Some(PathBuf::from(dir)))),
            _ if text.starts_with("redis://") => Ok(JournalChoice::Redis(text.to_owned())),
            _ if text.starts_with("rediss://") => Err(NO_TLS.to_owned()),
            _ => Err(format!("`{text}` is none of memory, local, local:DIR and redis://HOST:PORT")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read() {
        assert!("rediss://redis.internal".parse::<JournalChoice>().unwrap_err().contains("tunnel"));
        assert_eq!("after:5m".parse(), Ok(PayMode::After(Span::from_mins(5))));
        assert_eq!("never".parse(), Ok(PayMode::Never));
        assert!("after:5".parse::<PayMode>().unwrap_err().contains("30m"));
        assert!("later".parse::<PayMode>().unwrap_err().contains("immediate"));
        assert_eq!("local".parse(), Ok(JournalChoice::Local(None)));
        assert_eq!("local:/var/x".parse(), Ok(JournalChoice::Local(Some("/var/x".into()))));
        assert_eq!("redis://h:1".parse(), Ok(JournalChoice::Redis("redis://h:1".into())));
        assert!("disk".parse::<JournalChoice>().is_err());
    }
}
