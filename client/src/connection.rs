//! One connection to the server: established, kept, and re-established.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use quinn::{
    Connection, ConnectionError, Endpoint, EndpointConfig, IdleTimeout, MtuDiscoveryConfig, RecvStream, SendStream,
    TransportConfig, TransportErrorCode, VarInt,
};
use stockade_core::Durability;
use stockade_core::limits::FRAME_BYTES_MAX;
use stockade_core::time::Time;
use stockade_core::wire::body::{put_frame, read_body};
use stockade_core::wire::hello::HELLO_BYTES_MAX;
use stockade_core::wire::{
    DATAGRAM_BYTES_MAX, Features, FrameDecoder, FrameKind, Header, Hello, HelloAnswer, VERSION, VERSION_OLDEST, Welcome,
};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use crate::clock::ServerClock;
use crate::config::{ClientConfig, Retry};
use crate::error::{ClientError, Lost};
use crate::lane::Lane;
use crate::retry::jittered;
use crate::tls::quic_crypto;

/// State of a connection.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// Connecting; the error of the last attempt, if any.
    Connecting(Option<ClientError>),
    /// Ready.
    Live(Arc<Live>),
    /// The server refuses this client, and another attempt would not change that.
    Refused(ClientError),
}

/// A connection that is ready.
#[derive(Debug)]
pub(crate) struct Live {
    connection: Connection,
    lanes: Vec<Arc<Lane>>,
    next: AtomicUsize,
    /// One for each request that the server accepts in flight on a connection.
    pub(crate) permits: Semaphore,
    pub(crate) welcome: Welcome,
    going_away: AtomicBool,
    /// Notified when the connection ends or is about to end.
    changed: Notify,
}

impl Live {
    /// The next lane in rotation.
    pub(crate) fn lane(&self) -> &Arc<Lane> {
        &self.lanes[self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len()]
    }

    /// Whether new requests may use this connection.
    pub(crate) fn is_open(&self) -> bool {
        !self.going_away.load(Ordering::Acquire)
    }

    fn end(&self, lost: &Lost) {
        self.going_away.store(true, Ordering::Release);
        self.lanes.iter().for_each(|lane| lane.lose(lost.clone()));
        self.connection.close(VarInt::from_u32(0), b"");
        self.changed.notify_one();
    }

    fn waiting(&self) -> usize {
        self.lanes.iter().map(|lane| lane.waiting()).sum()
    }
}

/// Everything needed to connect.
#[derive(Debug)]
pub(crate) struct Connector {
    config: ClientConfig,
    quic: quinn::ClientConfig,
    clock: Arc<ServerClock>,
}

impl Connector {
    pub(crate) fn new(config: ClientConfig, clock: Arc<ServerClock>) -> Result<Connector, ClientError> {
        let mut quic = quinn::ClientConfig::new(Arc::new(quic_crypto(&config.trust)?));
        quic.transport_config(Arc::new(transport()?));
        Ok(Connector { config, quic, clock })
    }

    /// Keeps one connection until the sender of `closing` is dropped, and publishes its state.
    pub(crate) async fn keep(self: Arc<Connector>, state: watch::Sender<State>, mut closing: watch::Receiver<()>) {
        let mut failures = 0;
        loop {
            let attempt = tokio::select! {
                attempt = self.connect() => attempt,
                _ = closing.changed() => return,
            };
            let live = match attempt {
                Ok(live) => live,
                Err(error) => {
                    failures += 1;
                    debug!(%error, failures, "no connection to the server");
                    state.send_replace(match error {
                        ClientError::Refused(_) | ClientError::OtherProtocol { .. } | ClientError::Untrusted { .. }
                            if !error.is_transient() =>
                        {
                            State::Refused(error)
                        }
                        _ => State::Connecting(Some(error)),
                    });
                    tokio::select! {
                        () = sleep(backoff(failures)) => continue,
                        _ = closing.changed() => return,
                    }
                }
            };
            failures = 0;
            info!(server = live.welcome.server, addr = self.config.addr, "connected");
            state.send_replace(State::Live(Arc::clone(&live)));
            tokio::select! {
                () = serve(&live) => {}
                _ = closing.changed() => return live.end(&Lost::new("the client was closed")),
            }
            state.send_replace(State::Connecting(None));
            // A connection that is going away still delivers its outstanding answers.
            if live.connection.close_reason().is_none() {
                tokio::spawn(async move { finish(&live).await });
            }
        }
    }

    async fn connect(&self) -> Result<Arc<Live>, ClientError> {
        match timeout(self.config.connect_timeout, self.attempt()).await {
            Ok(result) => result,
            Err(_) => Err(unreachable_at(&self.config.addr, &"the handshake was not answered in time")),
        }
    }

    async fn attempt(&self) -> Result<Arc<Live>, ClientError> {
        let addr = &self.config.addr;
        let mut last = unreachable_at(addr, &"the host name has no address");
        let found = tokio::net::lookup_host(addr.as_str()).await.map_err(|error| unreachable_at(addr, &error))?;
        for socket in found {
            match self.attempt_at(socket).await {
                Ok(live) => return Ok(live),
                Err(error) if matches!(error, ClientError::Refused(_) | ClientError::OtherProtocol { .. }) => {
                    return Err(error);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn attempt_at(&self, socket: SocketAddr) -> Result<Arc<Live>, ClientError> {
        let lost = |error: &dyn std::fmt::Display| unreachable_at(&self.config.addr, error);
        let any = if socket.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
        let any: SocketAddr = any.parse().map_err(|error| lost(&error))?;
        // Each connection has its own endpoint, so that their sockets are served by different cores.
        let endpoint = endpoint(any).map_err(|error| lost(&error))?;
        let name = self.config.server_name.as_deref().unwrap_or(self.config.host());
        let connection = endpoint
            .connect_with(self.quic.clone(), socket, name)
            .map_err(|error| lost(&error))?
            .await
            .map_err(|error| self.handshake_failed(&error))?;
        let (mut send, mut receive) = connection.open_bi().await.map_err(|error| lost(&error))?;
        let mut decoder = FrameDecoder::new(HELLO_BYTES_MAX);
        let asked = Instant::now();
        let welcome = self.greet(&mut send, &mut receive, &mut decoder).await?;
        let way_back = u64::try_from(asked.elapsed().as_micros() / 2).unwrap_or(0);
        self.clock.saw(Time(welcome.server_time.0 + way_back.min(WAY_BACK_MAX_MICROS)), true);
        decoder.set_body_max(FRAME_BYTES_MAX);
        self.open_lanes(connection, welcome, (send, receive, decoder)).await
    }

    fn handshake_failed(&self, error: &ConnectionError) -> ClientError {
        let code = match error {
            ConnectionError::TransportError(error) => Some(error.code),
            ConnectionError::ConnectionClosed(close) => Some(close.error_code),
            ConnectionError::VersionMismatch
            | ConnectionError::ApplicationClosed(_)
            | ConnectionError::Reset
            | ConnectionError::TimedOut
            | ConnectionError::LocallyClosed
            | ConnectionError::CidsExhausted => None,
        };
        if code == Some(TransportErrorCode::crypto(NO_APPLICATION_PROTOCOL)) {
            return ClientError::OtherProtocol { addr: self.config.addr.clone() };
        }
        if let ConnectionError::TransportError(error) = error
            && TLS_ALERTS.contains(&u64::from(error.code))
        {
            // This side ended the handshake: it does not accept the server's certificate.
            return ClientError::Untrusted { addr: self.config.addr.clone(), reason: error.reason.clone() };
        }
        unreachable_at(&self.config.addr, error)
    }

    async fn greet(
        &self,
        send: &mut SendStream,
        receive: &mut RecvStream,
        decoder: &mut FrameDecoder,
    ) -> Result<Welcome, ClientError> {
        let lost = |error: &dyn std::fmt::Display| unreachable_at(&self.config.addr, error);
        let hello = Hello {
            version: VERSION,
            oldest: VERSION_OLDEST,
            features: Features::KNOWN,
            token: self.config.token.clone(),
            client: self.config.name.clone(),
        };
        let header = Header { kind: FrameKind::Hello, durability: Durability::Memory, correlation: 0, time: Time(0) };
        let mut out = Vec::new();
        put_frame(&mut out, header, &hello).map_err(|error| ClientError::Unsendable(error.to_string()))?;
        send.write_all(&out).await.map_err(|error| lost(&error))?;
        loop {
            if let Some(frame) = decoder.next_frame().map_err(|error| ClientError::Protocol(error.to_string()))? {
                if frame.header.kind != FrameKind::HelloAnswer {
                    return Err(ClientError::Protocol(format!("{:?} arrived before the welcome", frame.header.kind)));
                }
                return match read_body(frame.body).map_err(|error| ClientError::Protocol(error.to_string()))? {
                    HelloAnswer::Welcome(welcome) => Ok(welcome),
                    HelloAnswer::Refused(refusal) => Err(ClientError::Refused(refusal)),
                };
            }
            match receive.read_chunk(HELLO_BYTES_MAX, true).await.map_err(|error| lost(&error))? {
                Some(chunk) => decoder.extend(&chunk.bytes),
                None => return Err(lost(&"the server ended the stream before a welcome")),
            }
        }
    }

    async fn open_lanes(
        &self,
        connection: Connection,
        welcome: Welcome,
        first: (SendStream, RecvStream, FrameDecoder),
    ) -> Result<Arc<Live>, ClientError> {
        let count = self.config.lanes.min(usize::from(welcome.lanes_max)).max(1);
        let mut streams = vec![first];
        while streams.len() < count {
            let (send, receive) =
                connection.open_bi().await.map_err(|error| unreachable_at(&self.config.addr, &error))?;
            streams.push((send, receive, FrameDecoder::new(FRAME_BYTES_MAX)));
        }
        let body_max = welcome.body_max as usize;
        let live = Arc::new(Live {
            connection,
            lanes: streams.iter().map(|_| Lane::new(body_max)).collect(),
            next: AtomicUsize::new(0),
            permits: Semaphore::new(welcome.in_flight_max as usize),
            welcome,
            going_away: AtomicBool::new(false),
            changed: Notify::new(),
        });
        for (number, (send, receive, decoder)) in streams.into_iter().enumerate() {
            let (writer, reader, clock) = (Arc::clone(&live), Arc::clone(&live), Arc::clone(&self.clock));
            tokio::spawn(async move {
                let lost = writer.lanes[number].write(send).await;
                writer.end(&lost);
            });
            tokio::spawn(async move {
                let go_away = |message: stockade_core::wire::GoAway| {
                    info!(message.reason, "the server is going away");
                    reader.going_away.store(true, Ordering::Release);
                    reader.changed.notify_one();
                };
                let lost = reader.lanes[number].read(receive, decoder, go_away, |time| clock.saw(time, false)).await;
                if reader.is_open() {
                    warn!(reason = lost.reason(), "the connection to the server was lost");
                }
                reader.end(&lost);
            });
        }
        Ok(live)
    }
}

/// Watches a connection until it ends or must no longer be used.
async fn serve(live: &Live) {
    let mut tick = tokio::time::interval(SWEEP);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while live.is_open() {
        tokio::select! {
            () = live.changed.notified() => {}
            now = tick.tick() => live.lanes.iter().for_each(|lane| lane.sweep(now.into_std())),
        }
    }
}

/// Waits for the outstanding answers of a connection that is going away.
async fn finish(live: &Live) {
    let mut tick = tokio::time::interval(SWEEP);
    while live.connection.close_reason().is_none() && live.waiting() > 0 {
        let now = tick.tick().await;
        live.lanes.iter().for_each(|lane| lane.sweep(now.into_std()));
    }
    live.end(&Lost::new("the server went away"));
}

fn backoff(failures: u32) -> Duration {
    let retry = Retry { wait: Duration::from_millis(50), wait_max: Duration::from_secs(2), ..Retry::default() };
    Duration::from_millis(10) + jittered(&retry, failures)
}

fn unreachable_at(addr: &str, error: &dyn std::fmt::Display) -> ClientError {
    ClientError::Unreachable { reason: format!("{addr}: {error}") }
}

fn transport() -> Result<TransportConfig, ClientError> {
    let idle = IdleTimeout::try_from(IDLE)
        .map_err(|error| ClientError::Config { field: "idle", reason: error.to_string() })?;
    let mut discovery = MtuDiscoveryConfig::default();
    discovery.upper_bound(DATAGRAM_BYTES_MAX);
    let mut transport = TransportConfig::default();
    transport
        .max_idle_timeout(Some(idle))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from_u32(1024 * 1024))
        .receive_window(VarInt::from_u32(8 * 1024 * 1024))
        .send_window(4 * 1024 * 1024)
        .ack_frequency_config(Some(quinn::AckFrequencyConfig::default()))
        .initial_mtu(1_400)
        .mtu_discovery_config(Some(discovery));
    Ok(transport)
}

fn endpoint(addr: SocketAddr) -> std::io::Result<Endpoint> {
    let mut config = EndpointConfig::default();
    config.max_udp_payload_size(DATAGRAM_BYTES_MAX).expect("a size that QUIC allows");
    let runtime = quinn::default_runtime().ok_or_else(|| std::io::Error::other("there is no tokio runtime"))?;
    Endpoint::new(config, None, std::net::UdpSocket::bind(addr)?, runtime)
}

/// The transport errors that carry an alert of TLS (RFC 9001, section 4.8).
const TLS_ALERTS: std::ops::RangeInclusive<u64> = 0x100..=0x1FF;
/// The alert of TLS that says that no protocol was agreed on (RFC 7301, section 3.2).
const NO_APPLICATION_PROTOCOL: u8 = 120;
const IDLE: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Interval at which callers past their deadline are notified.
const SWEEP: Duration = Duration::from_millis(10);
const WAY_BACK_MAX_MICROS: u64 = 100_000;
