//! Options of the load generator.

use std::time::Duration;

/// Options of the load generator.
#[derive(Clone, Debug, clap::Parser)]
#[command(about = "Place orders as fast as possible and report throughput and latency")]
pub struct Load {
    /// Where the engine runs: in this process, or behind QUIC.
    #[arg(long, value_enum, default_value_t = Place::Embedded)]
    pub engine: Place,
    /// Address of a running server; without it, a server is started on this machine. Needs --token and --pin.
    #[arg(long)]
    pub addr: Option<String>,
    /// An admin token of that server.
    #[arg(long, requires = "addr")]
    pub token: Option<String>,
    /// Fingerprint of that server's certificate.
    #[arg(long, requires = "addr")]
    pub pin: Option<stockade_client::Fingerprint>,
    /// Journal: memory, local or redis://host:port/db.
    #[arg(long, default_value = "memory")]
    pub journal: String,
    /// Durability an answer waits for: memory or journaled. Default: the most the journal gives, up to journaled.
    #[arg(long)]
    pub durability: Option<String>,
    /// Threads that place orders in this process, or that run the client. Default: one per core, or half of that when
    /// the server is started here.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Threads of a server started here. Default: half the cores.
    #[arg(long)]
    pub server_threads: Option<usize>,
    /// Number of connections.
    #[arg(long, default_value_t = 2)]
    pub connections: usize,
    /// Streams of each connection.
    #[arg(long, default_value_t = 2)]
    pub lanes: usize,
    /// Callers per stream, each with one order in flight.
    #[arg(long, default_value_t = 128)]
    pub in_flight: usize,
    /// Orders per call: more than one travel in a batch frame.
    #[arg(long, default_value_t = 1)]
    pub batch: usize,
    /// Number of SKUs.
    #[arg(long, default_value_t = 10_000)]
    pub skus: usize,
    /// Number of warehouses.
    #[arg(long, default_value_t = 10)]
    pub warehouses: usize,
    /// Warehouses that carry each SKU.
    #[arg(long, default_value_t = 8)]
    pub spread: usize,
    /// Lines per order.
    #[arg(long, default_value_t = 3)]
    pub lines: usize,
    /// Inequality of demand: the exponent of Zipf's law.
    #[arg(long, default_value_t = 0.99)]
    pub zipf: f64,
    /// Every order is for one unit of the same SKU.
    #[arg(long)]
    pub hot_sku: bool,
    /// Seconds of warm-up before measuring.
    #[arg(long, default_value_t = 1.0)]
    pub warm_up: f64,
    /// Seconds of measuring.
    #[arg(long, default_value_t = 5.0)]
    pub seconds: f64,
    /// Measure expiry instead: let this many holds expire per second.
    #[arg(long, value_name = "RATE", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub expire: Option<u64>,
    /// Live whole lives instead: orders are placed, paid, shipped and delivered; some are cancelled, expire or come back,
    /// and what was shipped is received anew.
    #[arg(long, conflicts_with = "expire")]
    pub life: bool,
    /// Stop after so many lives instead of after --seconds.
    #[arg(long, requires = "life")]
    pub lives: Option<u64>,
    /// Orders that are under way at once.
    #[arg(long, requires = "life", default_value_t = 1_000)]
    pub open: usize,
    /// Print a line of progress to the error output every so many seconds.
    #[arg(long, requires = "life", value_name = "SECONDS")]
    pub every: Option<f64>,
    /// Print where the memory of the engine is, which must be in this process.
    #[arg(long, conflicts_with_all = ["addr", "expire"])]
    pub memory: bool,
    /// Seed of all random choices.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Where the engine runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Place {
    /// In this process.
    Embedded,
    /// Behind QUIC.
    Quic,
}

impl Load {
    pub(super) fn threads(&self) -> usize {
        let shared = self.engine == Place::Quic && self.addr.is_none();
        self.threads.unwrap_or(if shared { half_the_cores() } else { cores() })
    }

    pub(super) fn server_threads(&self) -> usize {
        self.server_threads.unwrap_or(half_the_cores())
    }

    /// How many callers there are, each of which waits for one answer at a time.
    pub(super) fn callers(&self) -> usize {
        match self.engine {
            Place::Embedded => self.threads(),
            Place::Quic => self.connections * self.lanes * self.in_flight,
        }
    }

    pub(super) fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up)
    }

    pub(super) fn measured(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn half_the_cores() -> usize {
    (cores() / 2).max(1)
}
