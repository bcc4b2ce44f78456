//! A server in this process: engine, a journal that can be held up, service and listener on a port of the system's choice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use stockade_client::core::Durability;
use stockade_client::core::command::*;
use stockade_client::core::engine::Engine;
use stockade_client::core::ids::Code;
use stockade_client::core::time::Time;
use stockade_client::core::units::Units;
use stockade_client::{Client, ClientConfig, ClientError, Fingerprint, Stockade, Trust};
use stockade_server::auth::{Role, TokenStore, Tokens};
use stockade_server::clock::Clock;
use stockade_server::quic::{Listener, QuicConfig};
use stockade_server::service::{Decide, MEMORY_BYTES, Service, Worker, start_expiry};
use stockade_server::tls::Certificate;
use tempfile::TempDir;

pub const WORLD: &str = r#"
currency = "CNY"
[[warehouse]]
code = "A"
zone = "east"
[[warehouse]]
code = "B"
zone = "west"
[[carrier]]
code = "X"
[[rate]]
carrier = "X"
from = "*"
to = "*"
parcel = "5"
hours = 24
[[channel]]
code = "web"
pools = ["regular"]
[[channel]]
code = "live"
pools = ["regular"]
"#;

pub struct Host {
    pub engine: Arc<Engine>,
    pub service: Arc<Service>,
    pub listener: Option<Listener>,
    pub addr: SocketAddr,
    pub pin: Fingerprint,
    pub admin: String,
    pub storefront: String,
    pub warehouse: String,
    pub support: String,
    hold: Arc<AtomicBool>,
    ending: Arc<AtomicBool>,
    journal: Option<JoinHandle<()>>,
    _expiry: Worker,
    dir: TempDir,
}

pub fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

pub fn line(sku: &str, units: u64) -> Line {
    Line { sku: code(sku), units: Units(units) }
}

pub fn place(number: &str, lines: Vec<Line>) -> Place {
    Place::new(code("web"), code(number), lines)
}

pub fn number(number: &str) -> OrderRef {
    OrderRef::Number { channel: code("web"), number: code(number) }
}

impl Host {
    pub async fn start() -> Host {
        Host::with(|_| ()).await
    }

    /// A server with other limits, a world, two SKUs and 1,000 units of each at A.
    pub async fn with(adjust: impl FnOnce(&mut QuicConfig)) -> Host {
        Host::deciding(|engine| engine, MEMORY_BYTES, adjust).await
    }

    /// The same with something around its engine, and with so many bytes for requests and answers.
    pub async fn deciding<D: Decide>(
        around: impl FnOnce(Arc<Engine>) -> Arc<D>,
        memory: usize,
        adjust: impl FnOnce(&mut QuicConfig),
    ) -> Host {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut tokens) = (dir.path().join("tokens.toml"), Tokens::default());
        let mut token = |name, role, channel: Option<&str>| {
            tokens.add(code(name), role, channel.map(code), "2026-11-22T00:00:00Z").unwrap().text
        };
        let admin = token("root", Role::Admin, None);
        let storefront = token("shop", Role::Storefront, Some("web"));
        let warehouse = token("dock", Role::Warehouse, None);
        let support = token("desk", Role::Support, None);
        tokens.save(&path).unwrap();
        let engine = Arc::new(Engine::new());
        let clock = Arc::new(Clock::system(Time(0)));
        let store = Arc::new(TokenStore::open(&path).unwrap());
        let (decide, patience) = (around(engine.clone()), Duration::from_secs(5));
        let service = Service::new(decide, clock.clone(), store, Durability::Journaled, patience);
        let service = Arc::new(service.with_memory(memory));
        let expiry = start_expiry(engine.clone(), clock).unwrap();
        let (hold, ending) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let journal = journal(&engine, &hold, &ending);
        let certificate = Certificate::read_or_make(dir.path(), &[]).unwrap();
        let mut config = QuicConfig::new("127.0.0.1:0".parse().unwrap());
        adjust(&mut config);
        let listener = Listener::start(config, &certificate, service.clone()).unwrap();
        let addr = listener.addr();
        let pin = certificate.fingerprint();
        let host = Host {
            engine,
            service,
            listener: Some(listener),
            addr,
            pin,
            admin,
            storefront,
            warehouse,
            support,
            hold,
            ending,
            journal: Some(journal),
            _expiry: expiry,
            dir,
        };
        host.fill().await;
        host
    }

    /// Takes a token back, as `stockade token revoke` and the server's look at the file do.
    pub fn revoke(&self, name: &str) {
        let path = self.dir.path().join("tokens.toml");
        let mut tokens = Tokens::load(&path).unwrap();
        tokens.revoke(&code(name)).unwrap();
        tokens.save(&path).unwrap();
        assert!(self.service.tokens().refresh().unwrap());
    }

    async fn fill(&self) {
        let client = self.client(&self.admin).await;
        client.apply_world(WORLD.to_owned()).await.unwrap();
        let sku = |text| SkuSpec { sku: code(text), weight_g: Some(100), category: None };
        client.define_skus(vec![sku("TEA"), sku("POT")]).await.unwrap();
        let lines = vec![line("TEA", 1_000), line("POT", 1_000)];
        client.receive(Receive { warehouse: code("A"), pool: None, expected: None, lines }).await.unwrap();
    }

    pub fn config(&self, token: &str) -> ClientConfig {
        ClientConfig::new(self.addr.to_string(), Trust::Pinned(self.pin), token)
    }

    pub async fn client(&self, token: &str) -> Client {
        Client::connect(self.config(token)).await.unwrap()
    }

    pub async fn available(&self, client: &impl Stockade, sku: &str) -> u64 {
        client.availability(code("web"), vec![code(sku)]).await.unwrap()[0].units.0
    }

    /// Nothing becomes durable while this is on.
    pub fn hold_journal(&self, on: bool) {
        self.hold.store(on, Ordering::SeqCst);
    }

    /// The ledger as it should be after any test.
    pub fn check(&self) {
        self.engine.check().unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        self.engine.log().wake();
        if let Some(journal) = self.journal.take() {
            journal.join().unwrap();
        }
    }
}

fn journal(engine: &Arc<Engine>, hold: &Arc<AtomicBool>, ending: &Arc<AtomicBool>) -> JoinHandle<()> {
    let (engine, hold, ending) = (engine.clone(), hold.clone(), ending.clone());
    std::thread::spawn(move || {
        while !ending.load(Ordering::SeqCst) {
            let batch = engine.log().next_batch(Duration::from_millis(20));
            while hold.load(Ordering::SeqCst) && !ending.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
            if let Some(batch) = batch {
                engine.log().journaled(batch.last);
            }
        }
    })
}

pub fn reject_code(error: &ClientError) -> &'static str {
    error.reject().map_or("not a refusal", |reject| reject.code())
}
