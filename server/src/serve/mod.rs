//! A server from its settings to its end: journal, recovery, engine, listeners, and an orderly stop.
//!
//! ```text
//!   settings ─► data folder locked ─► ports taken ─► journal ─► recovery, check ─► engine ─► journal thread ─► time
//!                                                                                                               │
//!                                                               announce ◄─ QUIC, HTTP ◄─ expiry, reactions ◄───┘
//!                                                                  │ SIGTERM, Ctrl-C, a vital thread that panicked
//!   data folder given up ◄─ journal flushed ◄─ expiry ends ◄─ requests answered or refused
//! ```

mod backup;
mod beforehand;
mod compare;
mod folder;
mod history;
mod ids;
mod marked;
mod outage;
mod ports;
mod rebuild;
mod restore;
pub mod sample;
mod signals;
mod source;
mod survey;
mod terms;
mod threads;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stockade_core::engine::Engine;
use stockade_core::ids::Code;
use stockade_core::log::{self, Journal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::auth::{Identity, Role, TokenStore};
use crate::clock::Clock;
use crate::config::{Config, JournalHome};
use crate::edge::{self, Backups, Http, HttpLimits, Progress};
use crate::failure::Failure;
use crate::journal::{Driver, DriverConfig, Health, JournalStatus, MarkKeeper, Safety};
use crate::local::{self, Local};
use crate::metrics::Metrics;
use crate::quality::{Sampler, Sampling, Tally};
use crate::quic::{Listener, QuicConfig};
use crate::service::{
    Decide, Dispatch, Follow, Observe, Service, Standing, start_expiry, start_reactions, start_training,
};
use crate::throttle::Throttle;
use crate::tls::Certificate;
use crate::{faults, logging};

pub use backup::{BackedUp, backup, backup_served};
pub use compare::{Compared, compare, settle};
use folder::Folder;
use history::History;
pub use history::{Allowed, Replayed, create_local, create_partition, mark_file};
use ports::{Ports, Starting};
pub use rebuild::{Rebuilt, rebuild};
pub use restore::{Restore, Restored, Until, restore};
pub use signals::Signals;
pub use source::Source;
pub use survey::{Depth, Survey, export, survey};
use threads::Workers;

/// How often the file of tokens is looked at.
const TOKENS_EVERY: Duration = Duration::from_secs(1);
/// Lines about a file of tokens that cannot be read.
static UNREAD: Throttle = Throttle::slow(Duration::from_secs(60));

/// How long an end at once may take to save what exists only in memory.
const SAVING_MAX: Duration = Duration::from_secs(5);

/// A running server.
pub struct Server {
    service: Arc<Service>,
    driver: Arc<Driver<Engine>>,
    workers: Workers,
    listener: Listener,
    http: Option<HttpSide>,
    /// They end with the server.
    tasks: Vec<JoinHandle<()>>,
    ended: mpsc::UnboundedReceiver<String>,
    config: Config,
    /// Given up when everything else has ended.
    _folder: Folder,
    /// What the person who started it should know.
    pub announcement: Announcement,
}

/// What decides requests.
struct Deciding {
    service: Arc<Service>,
    metrics: Arc<Metrics>,
    workers: Workers,
}

/// What the journal makes possible.
struct Reach {
    /// The highest durability available, and how long this process may speak for the history.
    standing: Standing,
    /// Where explanations are read from.
    history: Option<Arc<dyn log::History>>,
}

struct HttpSide {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Addresses of a server, and what it found at its start.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// Address of the QUIC listener.
    pub quic: SocketAddr,
    /// Address of the HTTP side.
    pub http: Option<SocketAddr>,
    /// What clients pin.
    pub fingerprint: String,
    /// Whether the certificate was created at this start.
    pub certificate_made: bool,
    /// How the journal stands.
    pub journal: JournalStatus,
    /// The result of the recovery.
    pub replayed: Replayed,
    /// Whether a sample world and stock were added.
    pub sample: bool,
}

impl Server {
    /// Recovers the history and starts everything. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// When the settings are unsafe outside `--dev`, the history cannot be recovered, or a port is taken.
    pub async fn start(config: Config, allowed: Allowed) -> Result<Server, Failure> {
        let folder = Folder::take(&config.data_dir)?;
        let tokens = Arc::new(TokenStore::open(&config.tokens)?);
        if tokens.is_empty() && !config.dev {
            let path = config.tokens.display();
            let reason =
                format!("{path} holds no token, so no caller would be let in: add one with `stockade token add`");
            return Err(Failure { code: "unsafe_config", ..Failure::usage(reason) });
        }
        let certificate = certificate(&config)?;
        let ports = Ports::take(&config)?;
        let (History { engine, journal, lease, safety, mark, replayed, live, findings }, starting) =
            take_up_history(&config, folder.owner()?, allowed, &ports).await?;
        engine.allow_skew(config.skew);
        let clock = Arc::new(Clock::after_outage(replayed.last_time));
        let standing = Standing { best: journal.best(), lease };
        let reach = Reach { standing, history: journal.history() };
        let (driver, ended) = start_driver(&config, &engine, (journal, mark))?;
        let follow = Arc::new(Follow::new(Arc::clone(&engine), Arc::clone(&clock), config.hold_grace));
        outage::take_up_time(&engine, &follow, config.outage_max).await?;
        let sample = config.dev && replayed.events == 0;
        if sample {
            sample::put_in(&engine, clock.now())?;
        }
        let Deciding { service, metrics, workers } = decide(&config, &engine, clock, &tokens, reach)?;
        workers.halt_when_broken(&engine);
        let findings = all_findings(findings, safety.clone());
        let guard = safety.map(|safety| tokio::spawn(threads::guard(safety, Arc::clone(&service))));
        let listener = Listener::start_on(ports.quic, quic(&config), &certificate, Arc::clone(&service));
        let listener = listener.map_err(Failure::failed)?;
        let connections = listener.connections_source();
        let status = driver.status_source();
        let follower = tokio::spawn(refresh(Arc::clone(&tokens)));
        let vital = vital(&workers, &listener, &follower, guard.as_ref());
        let shared = Http {
            service: Arc::clone(&service),
            metrics,
            engine,
            journal: Box::new(status),
            connections: Box::new(connections),
            failures: Box::new(move || vital.failures()),
            follow,
            findings,
            backups: Backups::of(live),
        };
        if let Some(starting) = starting {
            starting.end().await;
        }
        let (http, http_addr) = match ports.http {
            Some(listener) => {
                let (side, addr) = start_http(listener, Arc::new(shared), ports.http_limits)?;
                (Some(side), Some(addr))
            }
            None => (None, None),
        };
        let tasks = [Some(follower), guard].into_iter().flatten().collect();
        let announcement = Announcement {
            quic: listener.addr(),
            http: http_addr,
            fingerprint: certificate.fingerprint().to_string(),
            certificate_made: certificate.made,
            journal: driver.status(),
            replayed,
            sample,
        };
        leave_for_local_commands(&config, &announcement, &tokens)?;
        Ok(Server { service, driver, workers, listener, http, tasks, ended, config, _folder: folder, announcement })
    }

    /// Serves until a signal comes or the journal ends, then drains.
    ///
    /// # Errors
    /// When the journal ended by itself (deposed, halted, damaged), or not everything could be flushed in time.
    pub async fn run(mut self, mut signals: Signals) -> Result<(), Failure> {
        let told = tokio::select! {
            signal = signals.next() => Ok(signal),
            reason = self.ended.recv() => Err(reason.unwrap_or_default()),
        };
        match &told {
            Ok(signal) => info!(signal, "stopping: requests in flight are finished, new ones refused"),
            Err(reason) => error!(reason, "stopping, because nothing more can be committed"),
        }
        let driver = Arc::clone(&self.driver);
        let draining = tokio::spawn(self.drain());
        let stopped = tokio::select! {
            stopped = draining => match stopped {
                Ok(stopped) => stopped,
                Err(broken) => {
                    save_at_once(driver).await;
                    return Err(Failure::failed(broken));
                }
            },
            signal = signals.next() => {
                warn!(signal, "ending at once after a second signal");
                save_at_once(driver).await;
                logging::flush(logging::AT_THE_END);
                std::process::exit(130);
            }
        };
        match told {
            Ok(_) => stopped,
            // What was not flushed says the reason, too.
            Err(reason) => Err(stopped.err().unwrap_or_else(|| Failure::failed(reason))),
        }
    }

    /// Answers or refuses what is in flight, flushes the journal and gives the data folder up, all within the time to
    /// drain: what callers wait for, the journal has been trying to write since it came.
    async fn drain(self) -> Result<(), Failure> {
        let patience = self.config.drain_timeout;
        let by = Instant::now() + patience;
        self.service.drain();
        let quic = self.listener.drain(patience);
        let http = async {
            let Some(side) = self.http else { return };
            side.stop.send_replace(true);
            if tokio::time::timeout(patience, side.task).await.is_err() {
                warn!("HTTP connections were cut off: the time to drain is over");
            }
        };
        tokio::join!(quic, http);
        self.tasks.iter().for_each(JoinHandle::abort);
        let (workers, driver) = (self.workers, self.driver);
        let was_lost = driver.status().health == Health::HistoryLost;
        let stopped = tokio::task::spawn_blocking(move || {
            drop(workers);
            driver.stop(by.saturating_duration_since(Instant::now()))
        });
        let stopped = stopped.await.map_err(Failure::failed)?;
        local::clear(&self.config.data_dir);
        if stopped.drained {
            info!(journaled = stopped.journaled.0, "stopped; everything decided is in the journal");
            return Ok(());
        }
        let rest = match &stopped.emergency {
            Some(path) if was_lost => format!(
                "what memory had is in {}: restore the history from its newest backup and start again, or, without a \
                 backup, use `stockade journal rebuild`",
                path.display()
            ),
            Some(path) => format!(
                "the rest is in {} and is taken in at the next start, unless the history went on without it: \
                 `stockade journal compare` lists what is in the file",
                path.display()
            ),
            None => "the rest is lost unless the journal has it".to_owned(),
        };
        let why = stopped.reason.unwrap_or_else(|| "the journal did not take it in time".to_owned());
        Err(Failure::failed(format!(
            "not everything was flushed: {why}; events up to {} are in the journal, {rest}",
            stopped.journaled
        )))
    }
}

/// Writes what exists only in memory, without waiting for anybody: to the journal if that takes it at once, otherwise to the
/// emergency file.
async fn save_at_once(driver: Arc<Driver<Engine>>) {
    let saving = tokio::task::spawn_blocking(move || driver.stop(Duration::ZERO));
    match tokio::time::timeout(SAVING_MAX, saving).await {
        Ok(Ok(stopped)) => info!(journaled = stopped.journaled.0, drained = stopped.drained, "the journal ended"),
        Ok(Err(_)) | Err(_) => error!("the journal did not end in time: what exists only in memory may be lost"),
    }
}

/// The history, and who answers probes until the server itself does.
async fn take_up_history(
    config: &Config,
    owner: String,
    allowed: Allowed,
    ports: &Ports,
) -> Result<(History, Option<Starting>), Failure> {
    let progress = Arc::new(Progress::default());
    let starting = ports.answer_probes(&progress)?;
    let config = config.clone();
    let recovering = move || history::recover(&config, &owner, allowed, &progress);
    let history = tokio::task::spawn_blocking(recovering).await.map_err(Failure::failed)??;
    Ok((history, starting))
}

/// What the start found missing, and what other servers report as missing since.
fn all_findings(findings: Vec<String>, safety: Option<Arc<Safety>>) -> Box<dyn Fn() -> Vec<String> + Send + Sync> {
    Box::new(move || findings.iter().cloned().chain(safety.iter().flat_map(|safety| safety.missing())).collect())
}

/// The thread between the log and the journal, and who hears when it ends by itself.
fn start_driver(
    config: &Config,
    engine: &Arc<Engine>,
    (journal, mark): (Box<dyn Journal>, Option<MarkKeeper>),
) -> Result<(Arc<Driver<Engine>>, mpsc::UnboundedReceiver<String>), Failure> {
    let (end, ended) = mpsc::unbounded_channel();
    let driver_config = DriverConfig {
        // A history in memory ends with the process: the next one begins with its own first event.
        emergency: (config.journal != JournalHome::Memory).then(|| history::emergency_file(config)),
        mark,
        on_end: Box::new(move |reason| drop(end.send(reason.to_owned()))),
        ..DriverConfig::default()
    };
    let driver = Driver::start(Arc::clone(engine), journal, driver_config).map_err(Failure::failed)?;
    Ok((Arc::new(driver), ended))
}

/// The service over an engine, and its threads.
fn decide(
    config: &Config,
    engine: &Arc<Engine>,
    clock: Arc<Clock>,
    tokens: &Arc<TokenStore>,
    reach: Reach,
) -> Result<Deciding, Failure> {
    let quality = Arc::new(Tally::default());
    let metrics = Arc::new(Metrics::new(Arc::clone(&quality)));
    let sampling = Arc::new(Sampling::new(config.gap_sample_ppm, quality));
    let start_sampler = |history| Sampler::start(Arc::clone(engine), history, Arc::clone(&sampling));
    let sampler = reach.history.clone().map(start_sampler).transpose().map_err(Failure::failed)?;
    let observer: Arc<dyn Observe> = Arc::clone(&metrics) as Arc<dyn Observe>;
    let decide: Arc<dyn Decide> = Arc::new(Dispatch::new(Arc::clone(engine), reach.history, sampling, observer));
    let (now, tokens) = (Arc::clone(&clock), Arc::clone(tokens));
    let service = Service::new(Arc::clone(&decide), now, tokens, reach.standing, config.request_timeout);
    let service = service.with_memory(config.memory);
    let expiry = start_expiry(decide, Arc::clone(&clock)).map_err(Failure::failed)?;
    let reactions = start_reactions(Arc::clone(engine), Arc::clone(&clock)).map_err(Failure::failed)?;
    let training = start_training(Arc::clone(engine), clock).map_err(Failure::failed)?;
    let workers = Workers { expiry, reactions, _training: training, _sampler: sampler };
    Ok(Deciding { service: Arc::new(service), metrics, workers })
}

fn certificate(config: &Config) -> Result<Certificate, Failure> {
    let certificate = match &config.tls {
        Some((cert, key)) => Certificate::read(cert, key),
        None => Certificate::read_or_make(&config.data_dir, &[]),
    };
    // A key that does not belong to it is noticed before the history is taken from anybody.
    let usable = |certificate: Certificate| certificate.quic_crypto().map(|_| certificate);
    certificate.and_then(usable).map_err(Failure::usage)
}

fn quic(config: &Config) -> QuicConfig {
    QuicConfig {
        connections: config.connections,
        connections_of_token: u32::try_from(config.of_token(config.connections as usize)).unwrap_or(u32::MAX),
        in_flight: config.in_flight,
        ..QuicConfig::new(config.quic)
    }
}

fn start_http(listener: TcpListener, shared: Arc<Http>, limits: HttpLimits) -> Result<(HttpSide, SocketAddr), Failure> {
    let addr = listener.local_addr().map_err(Failure::failed)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(Failure::failed)?;
    let (stop, mut stopping) = watch::channel(false);
    let stopped = async move {
        // A dropped sender means the same.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let task = tokio::spawn(edge::serve(listener, shared, limits, stopped));
    Ok((HttpSide { stop, task }, addr))
}

fn leave_for_local_commands(config: &Config, here: &Announcement, tokens: &TokenStore) -> Result<(), Failure> {
    let name = Code::new("local").map_err(Failure::failed)?;
    let token = tokens.lend(Identity { name, role: Role::Admin, channel: None })?;
    let http = here.http.map(|addr| reachable(addr).to_string());
    let local = Local { addr: reachable(here.quic).to_string(), http, pin: here.fingerprint.clone(), token };
    local::leave(&config.data_dir, &local).map_err(Failure::failed)
}

/// What the server must not be without.
fn vital(
    workers: &Workers,
    listener: &Listener,
    follower: &JoinHandle<()>,
    guard: Option<&JoinHandle<()>>,
) -> threads::Vital {
    let vital = workers.vital();
    let vital = vital.with_task(listener.accepting(), "no further QUIC connection is accepted");
    let vital = vital.with_task(follower.abort_handle(), "changes of the file of tokens do not take effect");
    match guard {
        Some(guard) => vital.with_task(guard.abort_handle(), "an unsafe setting of Redis does not close admission"),
        None => vital,
    }
}

/// The address by which commands on this machine reach a listener.
fn reachable(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        addr.set_ip(if addr.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    addr
}

async fn refresh(tokens: Arc<TokenStore>) {
    let mut tick = tokio::time::interval(TOKENS_EVERY);
    loop {
        tick.tick().await;
        faults::strike("tokens");
        match tokens.refresh() {
            Ok(true) => info!("the file of tokens changed and is in force"),
            Ok(false) => {}
            Err(error) => {
                if let Some(left_out) = UNREAD.admit(Instant::now()) {
                    warn!(%error, left_out, "the file of tokens cannot be read; after a minute its tokens are treated as revoked");
                }
            }
        }
    }
}
