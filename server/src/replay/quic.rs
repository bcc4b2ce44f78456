//! The engine in this process, called over QUIC through the client library.
//!
//! The server's clock is that of the replay: it stands still until the next order. So calls have no deadline, and the
//! replay itself expires holds, on the engine.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stockade_client::{Call, Client, ClientConfig, ClientError, Stockade, Trust};
use stockade_core::Durability;
use stockade_core::command::Request;
use stockade_core::engine::Released;
use stockade_core::query::Query;
use stockade_core::reply::Reply;
use stockade_core::time::{Span, Time};
use tokio::runtime::Runtime;

use super::home::{Home, PrivateFolder};
use super::hosted::{Hosted, actor_name};
use super::target::{Answer, Final, Target};
use crate::auth::{Role, TokenStore, Tokens};
use crate::clock::{Clock, Reading};
use crate::failure::Failure;
use crate::quic::{Listener, QuicConfig};
use crate::service::Service;
use crate::tls::Certificate;

/// Longer than any order file: the server's time leaps between orders, and no call is late because of it.
const NO_HURRY: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);
/// How long the listener may take to close.
const DRAIN: Duration = Duration::from_secs(5);

/// An engine that is called over QUIC.
pub(super) struct Quic {
    hosted: Hosted,
    service: Arc<Service>,
    listener: Listener,
    client: Client,
    runtime: Runtime,
    time: Arc<AtomicU64>,
    _folder: PrivateFolder,
}

impl Quic {
    /// An empty engine behind a listener on a port of the system's choice, and a client that is connected to it.
    pub(super) fn start(home: Home, start: Time, exact: bool) -> Result<Quic, Failure> {
        let hosted = Hosted::start(home, exact)?;
        let folder = PrivateFolder::new()?;
        let tokens = folder.path().join("tokens.toml");
        let token = make_token(&tokens)?;
        let time = Arc::new(AtomicU64::new(start.0));
        let store = Arc::new(TokenStore::open(&tokens).map_err(Failure::failed)?);
        let clock = Arc::new(replay_clock(start, Arc::clone(&time)));
        let service = Service::new(Arc::clone(hosted.engine()) as _, clock, store, Durability::Journaled, NO_HURRY);
        let service = Arc::new(service);
        let certificate = Certificate::read_or_make(folder.path(), &[]).map_err(Failure::failed)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(Failure::failed)?;
        let config = QuicConfig::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listen = async { Listener::start(config, &certificate, Arc::clone(&service)) };
        let listener = runtime.block_on(listen).map_err(Failure::failed)?;
        let trust = Trust::Pinned(certificate.fingerprint());
        let mut config = ClientConfig::new(listener.addr().to_string(), trust, token);
        // Commands that are decided in order must travel in order.
        config.lanes = 1;
        // The replay itself waits until lines may be written.
        config.call = Call { durability: Some(Durability::Memory), timeout: NO_HURRY, ..Call::default() };
        let client = runtime.block_on(Client::connect(config)).map_err(failure)?;
        Ok(Quic { hosted, service, listener, client, runtime, time, _folder: folder })
    }

    fn answer(&self, result: Result<stockade_client::Answer<Reply>, ClientError>) -> Result<Answer, Failure> {
        let seen = self.hosted.engine().seq();
        match result {
            Ok(answer) => {
                let seen = if let Reply::Placed(placed) = &answer.value { placed.seq } else { seen };
                Ok(Answer { result: Ok(answer.value), seen })
            }
            Err(ClientError::Rejected(reject)) => Ok(Answer { result: Err(reject), seen }),
            Err(error) => Err(failure(error)),
        }
    }

    /// Sets the server's clock, which never goes backwards.
    fn set_time(&self, now: Time) {
        self.time.fetch_max(now.0, Ordering::SeqCst);
    }
}

impl Target for Quic {
    fn execute(&self, request: &Request, now: Time) -> Result<Answer, Failure> {
        self.set_time(now);
        let call = self.client.defaults();
        let result = self.runtime.block_on(self.client.command(request.clone(), &call));
        let answer = self.answer(result)?;
        self.hosted.react(now);
        Ok(answer)
    }

    fn query(&self, query: &Query, now: Time) -> Result<Answer, Failure> {
        self.set_time(now);
        let call = self.client.defaults();
        let result = self.runtime.block_on(self.client.query(query.clone(), &call));
        self.answer(result)
    }

    fn next_deadline(&self) -> Option<Time> {
        self.hosted.engine().next_deadline()
    }

    fn expire_due(&self, now: Time, max: usize) -> Vec<Released> {
        self.set_time(now);
        let released = self.hosted.engine().expire_due(now, max);
        self.hosted.react(now);
        released
    }

    fn learn(&self, now: Time) {
        self.hosted.engine().learn_prices(now);
    }

    fn settle(&self) -> Result<(), Failure> {
        self.hosted.settle()
    }

    fn finish(self: Box<Self>) -> Result<Final, Failure> {
        let Quic { hosted, service, listener, client, runtime, .. } = *self;
        drop(client);
        service.drain();
        runtime.block_on(listener.drain(DRAIN));
        runtime.shutdown_timeout(DRAIN);
        drop(service);
        hosted.finish()
    }
}

/// A clock that shows the replay's time.
fn replay_clock(start: Time, time: Arc<AtomicU64>) -> Clock {
    let origin = Instant::now();
    Clock::reading(Time(0), move || {
        let wall = Time(time.load(Ordering::SeqCst));
        let Span(passed) = wall.since(start);
        Reading { wall, steady: origin + Duration::from_micros(passed) }
    })
}

fn make_token(path: &std::path::Path) -> Result<String, Failure> {
    let mut tokens = Tokens::default();
    let token = tokens.add(actor_name()?, Role::Admin, None, &Time(0).to_string()).map_err(Failure::failed)?;
    tokens.save(path).map_err(Failure::failed)?;
    Ok(token.text)
}

fn failure(error: ClientError) -> Failure {
    match error {
        ClientError::Rejected(reject) => Failure::from(reject),
        ClientError::OutcomeUnknown { .. } => Failure::outcome_unknown(error),
        ClientError::TimedOut(_) | ClientError::Unreachable { .. } => Failure::unavailable(error),
        error @ (ClientError::Refused(_)
        | ClientError::OtherProtocol { .. }
        | ClientError::Untrusted { .. }
        | ClientError::Closed
        | ClientError::Unsendable(_)
        | ClientError::Config { .. }
        | ClientError::Protocol(_)) => Failure::failed(error),
    }
}
