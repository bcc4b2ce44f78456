//! The load over QUIC: callers use the client library; the server is started here unless an address is given.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use stockade_client::{Call, Client, ClientConfig, ClientError, Stockade, Trust};
use stockade_core::Durability;
use stockade_core::command::Request;
use stockade_core::engine::Engine;
use stockade_core::ids::Code;
use stockade_core::time::Time;
use stockade_server::auth::{Role, TokenStore, Tokens};
use stockade_server::clock::Clock;
use stockade_server::quic::{Listener, QuicConfig};
use stockade_server::service::{Service, Worker, start_expiry};
use stockade_server::tls::Certificate;
use tokio::runtime::{Builder, Runtime};

use super::home::Home;
use super::memory::Footprint;
use super::options::Load;
use super::report::{Report, Tally, cpu_time};
use super::world::{Orders, commands};

const WARMING: u8 = 0;
const MEASURING: u8 = 1;
const OVER: u8 = 2;

pub(super) fn run(load: &Load) -> Result<Report, String> {
    serve(load, |runtime, connected| runtime.block_on(drive(load, connected)))
}

/// A client of a server that has the world of the load.
pub(super) struct Connected {
    pub(super) client: Client,
    /// How callers ask.
    pub(super) call: Call,
    /// Tells this run from others of the same server.
    pub(super) run: u64,
    /// The engine, when it is in this process.
    pub(super) engine: Option<Arc<Engine>>,
}

/// Does something with the server that the options name, or with one that is started for it, on the client's threads.
pub(super) fn serve<R>(load: &Load, act: impl FnOnce(&Runtime, Connected) -> Result<R, String>) -> Result<R, String> {
    let client_side = runtime("client", load.threads())?;
    match (&load.addr, &load.token, load.pin) {
        (Some(addr), Some(token), Some(pin)) => {
            let config = ClientConfig::new(addr, Trust::Pinned(pin), token);
            act(&client_side, client_side.block_on(connect(load, config, None))?)
        }
        (Some(_), _, _) => Err("--addr needs --token and --pin".to_owned()),
        (None, _, _) => {
            let server = Server::start(load)?;
            let engine = Some(Arc::clone(&server.home.engine));
            let connected = client_side.block_on(connect(load, server.config.clone(), engine));
            let done = connected.and_then(|connected| act(&client_side, connected));
            server.stop()?;
            done
        }
    }
}

/// Connects, and sets up the world of a server that is not in this process.
async fn connect(load: &Load, config: ClientConfig, engine: Option<Arc<Engine>>) -> Result<Connected, String> {
    let config = ClientConfig { connections: load.connections, lanes: load.lanes, ..config };
    let client = Client::connect(config).await.map_err(|error| error.to_string())?;
    let best = client.server().map_or(Durability::Memory, |welcome| welcome.best);
    let durability = match load.durability.as_deref() {
        None => best.min(Durability::Journaled),
        Some("memory") => Durability::Memory,
        Some("journaled") => Durability::Journaled,
        Some(other) => return Err(format!("--durability {other}: write memory or journaled")),
    };
    let call = Call { durability: Some(durability), ..Call::default() };
    if engine.is_none() {
        for (key, command) in commands(load) {
            let request = Request { key: Some(key), occurred: None, command };
            client.command(request, &call).await.map_err(|error| format!("the world was refused: {error}"))?;
        }
    }
    // A server that was already running may have seen an earlier run.
    let run = client.ping(&call).await.map_err(|error| error.to_string())?.0;
    Ok(Connected { client, call, run, engine })
}

async fn drive(load: &Load, connected: Connected) -> Result<Report, String> {
    let Connected { client, call, run, engine } = connected;
    let orders = Orders::new(load, run);
    let phase = Arc::new(AtomicU8::new(WARMING));
    // One tally per stream: hundreds of histograms would evict the measured code's data from the caches.
    let lanes = load.connections * load.lanes;
    let tallies: Vec<_> = (0..lanes).map(|_| Arc::new(Mutex::new(Tally::new()))).collect();
    let callers: Vec<_> = (0..lanes * load.in_flight)
        .map(|number| {
            let caller = Caller {
                client: client.clone(),
                call: call.clone(),
                batch: load.batch,
                orders: orders.of_caller(load, number, run),
                phase: Arc::clone(&phase),
                tally: Arc::clone(&tallies[number % lanes]),
            };
            tokio::spawn(caller.place())
        })
        .collect();
    tokio::time::sleep(load.warm_up()).await;
    let (began, cpu) = (Instant::now(), cpu_time());
    phase.store(MEASURING, Ordering::Relaxed);
    tokio::time::sleep(load.measured()).await;
    phase.store(OVER, Ordering::Relaxed);
    let (elapsed, cpu) = (began.elapsed(), cpu_time() - cpu);
    for caller in callers {
        caller.await.map_err(|error| error.to_string())??;
    }
    let tallies = tallies.into_iter().filter_map(Arc::into_inner).filter_map(|tally| tally.into_inner().ok());
    let memory = engine.filter(|_| load.memory).map(|engine| Footprint::of(&engine));
    Ok(Report::of(tallies.collect(), elapsed, cpu).with(memory))
}

/// One caller: it sends its next order when the last one is answered.
struct Caller {
    client: Client,
    call: Call,
    /// Orders of one call.
    batch: usize,
    orders: Orders,
    /// [`WARMING`], [`MEASURING`] or [`OVER`].
    phase: Arc<AtomicU8>,
    tally: Arc<Mutex<Tally>>,
}

impl Caller {
    async fn place(self) -> Result<(), String> {
        let Caller { client, call, batch, mut orders, phase, tally } = self;
        let client = client.with(call);
        loop {
            let began = Instant::now();
            let results = if batch == 1 {
                vec![client.place(orders.next()).await.map(drop)]
            } else {
                let some = (0..batch).map(|_| orders.next()).collect();
                client.place_many(some).await.into_iter().map(|result| result.map(drop)).collect()
            };
            let took = began.elapsed();
            let phase = phase.load(Ordering::Relaxed);
            let mut tally = tally.lock().map_err(|_| "a caller panicked".to_owned())?;
            for result in results {
                match result {
                    Ok(()) if phase == MEASURING => tally.add(true, took),
                    Err(ClientError::Rejected(_)) if phase == MEASURING => tally.add(false, took),
                    Ok(()) | Err(ClientError::Rejected(_)) => {}
                    Err(error) => return Err(error.to_string()),
                }
            }
            if phase == OVER {
                return Ok(());
            }
        }
    }
}

/// A complete server on its own threads.
struct Server {
    runtime: Runtime,
    listener: Listener,
    service: Arc<Service>,
    home: Home,
    config: ClientConfig,
    _expiry: Worker,
    folder: std::path::PathBuf,
}

impl Server {
    fn start(load: &Load) -> Result<Server, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let folder = std::env::temp_dir().join(format!("stockade-load-server-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| text(&error))?;
        let clock = Arc::new(Clock::system(Time(0)));
        let home = Home::open(load, clock.now())?;
        let (path, mut tokens) = (folder.join("tokens.toml"), Tokens::default());
        let name = Code::new("load").expect("a word is a code");
        let token = tokens.add(name, Role::Admin, None, "").map_err(|error| text(&error))?.text;
        tokens.save(&path).map_err(|error| text(&error))?;
        let tokens = Arc::new(TokenStore::open(&path).map_err(|error| text(&error))?);
        let (engine, patience) = (Arc::clone(&home.engine), Duration::from_secs(30));
        let service = Arc::new(Service::new(engine.clone(), Arc::clone(&clock), tokens, home.best, patience));
        let expiry = start_expiry(engine, clock).map_err(|error| text(&error))?;
        let certificate = Certificate::read_or_make(&folder, &[]).map_err(|error| text(&error))?;
        let runtime = runtime("server", load.server_threads())?;
        let _inside = runtime.enter();
        let addr = "127.0.0.1:0".parse().map_err(|error| text(&error))?;
        let listener =
            Listener::start(QuicConfig::new(addr), &certificate, Arc::clone(&service)).map_err(|error| text(&error))?;
        let trust = Trust::Pinned(certificate.fingerprint());
        let config = ClientConfig::new(listener.addr().to_string(), trust, token);
        drop(_inside);
        Ok(Server { runtime, listener, service, home, config, _expiry: expiry, folder })
    }

    fn stop(self) -> Result<(), String> {
        self.service.drain();
        self.runtime.block_on(self.listener.drain(Duration::from_secs(5)));
        let _ = std::fs::remove_dir_all(self.folder);
        self.home.close()
    }
}

fn runtime(name: &str, threads: usize) -> Result<Runtime, String> {
    Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .enable_all()
        .build()
        .map_err(|error| format!("the threads cannot be started: {error}"))
}
