//! The load generator: orders of three lines over many SKUs, some far more wanted than others, against an engine in this
//! process or a server over QUIC.

mod embedded;
mod expire;
mod home;
mod quic;
mod report;
mod world;

use std::time::Duration;

pub use expire::{Lateness, run as expire};
pub use report::Report;

/// What to run.
#[derive(Clone, Debug, clap::Parser)]
#[command(about = "Place orders as fast as they go and report how fast that was")]
pub struct Load {
    /// Where the engine is: in this process, or behind QUIC.
    #[arg(long, value_enum, default_value_t = Place::Embedded)]
    pub engine: Place,
    /// A running server; without one, a server is started on this machine. Needs --token and --pin.
    #[arg(long)]
    pub addr: Option<String>,
    /// An admin token of that server.
    #[arg(long, requires = "addr")]
    pub token: Option<String>,
    /// The fingerprint of that server's certificate.
    #[arg(long, requires = "addr")]
    pub pin: Option<stockade_client::Fingerprint>,
    /// Where the history is kept: memory, local or redis://host:port/db.
    #[arg(long, default_value = "memory")]
    pub journal: String,
    /// What an answer waits for: memory or journaled. Without it, the most the journal gives.
    #[arg(long)]
    pub durability: Option<String>,
    /// Threads that place orders in this process, or that run the client; as many as there are cores, or half of that
    /// beside a self-started server.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Threads of a self-started server: half as many as there are cores.
    #[arg(long)]
    pub server_threads: Option<usize>,
    /// Connections.
    #[arg(long, default_value_t = 2)]
    pub connections: usize,
    /// Streams of each connection.
    #[arg(long, default_value_t = 2)]
    pub lanes: usize,
    /// Callers per stream, each with one order under way.
    #[arg(long, default_value_t = 128)]
    pub in_flight: usize,
    /// Orders of one call: more than one travel in a batch frame.
    #[arg(long, default_value_t = 1)]
    pub batch: usize,
    /// SKUs.
    #[arg(long, default_value_t = 10_000)]
    pub skus: usize,
    /// Warehouses.
    #[arg(long, default_value_t = 10)]
    pub warehouses: usize,
    /// Warehouses that hold a SKU.
    #[arg(long, default_value_t = 8)]
    pub spread: usize,
    /// Lines of an order.
    #[arg(long, default_value_t = 3)]
    pub lines: usize,
    /// How unequal demand is: the exponent of Zipf's law.
    #[arg(long, default_value_t = 0.99)]
    pub zipf: f64,
    /// Every order is one unit of one SKU, the same for all.
    #[arg(long)]
    pub hot_sku: bool,
    /// Seconds before measuring.
    #[arg(long, default_value_t = 1.0)]
    pub warm_up: f64,
    /// Seconds of measuring.
    #[arg(long, default_value_t = 5.0)]
    pub seconds: f64,
    /// Let holds run out, so many a second, instead of placing orders as fast as they go.
    #[arg(long, value_name = "RATE", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub expire: Option<u64>,
    /// The seed of everything that is drawn.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// One JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Where the engine is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Place {
    /// In this process.
    Embedded,
    /// Behind QUIC.
    Quic,
}

/// Runs the load and says how it went.
///
/// # Errors
/// A sentence: what could not be started, or which order failed.
pub fn run(load: &Load) -> Result<Report, String> {
    match load.engine {
        Place::Embedded => embedded::run(load),
        Place::Quic => quic::run(load),
    }
}

impl Load {
    fn threads(&self) -> usize {
        let shared = self.engine == Place::Quic && self.addr.is_none();
        self.threads.unwrap_or(if shared { half_the_cores() } else { cores() })
    }

    fn server_threads(&self) -> usize {
        self.server_threads.unwrap_or(half_the_cores())
    }

    fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up)
    }

    fn measured(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn half_the_cores() -> usize {
    (cores() / 2).max(1)
}
