//! The listener: which peers may open a connection.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::{
    AckFrequencyConfig, Endpoint, EndpointConfig, IdleTimeout, Incoming, MtuDiscoveryConfig, ServerConfig,
    TransportConfig, VarInt,
};
use quinn_proto::RandomConnectionIdGenerator;
use ring::hmac;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;
use tracing::{debug, info, warn};

use super::connection::{self, Entrance};
use super::gate::{Entry, Gate, Newcomer, Pass};
use super::{QuicConfig, close};
use crate::faults;
use crate::service::{Callers, Service, Strangers};
use crate::tls::{Certificate, TlsError};

/// A listening endpoint with its connections.
#[derive(Debug)]
pub struct Listener {
    endpoint: Endpoint,
    addr: SocketAddr,
    connections: watch::Receiver<u32>,
    accepting: JoinHandle<()>,
}

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum QuicError {
    /// The address cannot be used.
    #[error("cannot listen on {addr} (UDP): {error}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A setting makes no sense.
    #[error("{field}: {reason}")]
    Config {
        /// Its name.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl Listener {
    /// Takes the port. Packets that come before [`Listener::start_on`] wait in the system's buffer.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn bind(addr: SocketAddr) -> Result<UdpSocket, QuicError> {
        UdpSocket::bind(addr).map_err(|error| QuicError::Listen { addr, error })
    }

    /// Takes the port and listens. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// When the address or the certificate cannot be used.
    pub fn start(config: QuicConfig, certificate: &Certificate, service: Arc<Service>) -> Result<Listener, QuicError> {
        let socket = Listener::bind(config.addr)?;
        Listener::start_on(socket, config, certificate, service)
    }

    /// Listens on a port that was taken before. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// When the certificate cannot be used.
    pub fn start_on(
        socket: UdpSocket,
        config: QuicConfig,
        certificate: &Certificate,
        service: Arc<Service>,
    ) -> Result<Listener, QuicError> {
        let mut server = ServerConfig::with_crypto(Arc::new(certificate.quic_crypto()?));
        server.transport_config(Arc::new(transport(&config)?)).max_incoming(config.handshakes as usize).migration(true);
        let listen = |error| QuicError::Listen { addr: config.addr, error };
        let runtime =
            quinn::default_runtime().ok_or_else(|| listen(std::io::Error::other("there is no async runtime")))?;
        let endpoint = Endpoint::new(lasting(certificate), Some(server), socket, runtime).map_err(listen)?;
        let addr = endpoint.local_addr().map_err(listen)?;
        info!(%addr, "listening for QUIC");
        let callers = Callers::new(config.connections, config.connections_of_token);
        let connections = callers.watch();
        let strangers = Strangers::new(config.handshakes as usize);
        let gate = Gate::new(&config);
        let door = Door { service, config: Arc::new(config), callers, strangers, gate };
        let accepting = tokio::spawn(door.accept(endpoint.clone()));
        Ok(Listener { endpoint, addr, connections, accepting })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Connections at this moment whose peers have said who they are.
    pub fn connections(&self) -> u32 {
        *self.connections.borrow()
    }

    /// A function that returns the number of connections, for those who outlive this handle.
    pub fn connections_source(&self) -> impl Fn() -> u32 + Send + Sync + use<> {
        let connections = self.connections.clone();
        move || *connections.borrow()
    }

    /// The task that accepts connections. It ends only with the listener.
    pub fn accepting(&self) -> AbortHandle {
        self.accepting.abort_handle()
    }

    /// Refuses new connections, waits until every open one has answered or refused its requests, and closes.
    /// [`Service::drain`] was called before. Returns whether all ended in time.
    pub async fn drain(mut self, patience: Duration) -> bool {
        // The endpoint stays open for the connections; newcomers are turned away at the handshake.
        self.endpoint.set_server_config(None);
        let all = timeout(patience, self.connections.wait_for(|count| *count == 0)).await.is_ok();
        if !all {
            warn!(left = self.connections(), "connections were cut off: the time to drain is over");
        }
        self.accepting.abort();
        self.endpoint.close(close::DONE, b"the server is shutting down");
        let _ = timeout(LAST_PACKETS, self.endpoint.wait_idle()).await;
        all
    }
}

struct Door {
    service: Arc<Service>,
    config: Arc<QuicConfig>,
    callers: Arc<Callers>,
    strangers: Arc<Strangers>,
    gate: Arc<Gate>,
}

impl Door {
    async fn accept(self, endpoint: Endpoint) {
        while let Some(incoming) = endpoint.accept().await {
            faults::strike("quic-accept");
            let is_crowded = self.strangers.count() >= self.config.handshakes_before_retry as usize;
            let is_proved = incoming.remote_address_validated() || !incoming.may_retry();
            let newcomer = Newcomer { peer: incoming.remote_address(), is_proved };
            match self.gate.judge(newcomer, is_crowded, Instant::now()) {
                Entry::Begin(pass) => self.enter(incoming, pass),
                // From here on a forged sender address costs the server nothing more.
                Entry::Prove => drop(incoming.retry()),
                Entry::Ignore => incoming.ignore(),
            }
        }
    }

    fn enter(&self, incoming: Incoming, pass: Pass) {
        let peer = incoming.remote_address();
        let connecting = match incoming.accept() {
            Ok(connecting) => connecting,
            Err(error) => return debug!(%peer, %error, "a handshake failed"),
        };
        let (service, config) = (Arc::clone(&self.service), Arc::clone(&self.config));
        let callers = Arc::clone(&self.callers);
        let mut stranger = self.strangers.enter();
        tokio::spawn(async move {
            let connected = tokio::select! {
                connected = timeout(config.hello_timeout, connecting) => connected,
                () = stranger.has_to_go() => return debug!(%peer, "a handshake made room for newer ones"),
            };
            match connected {
                Ok(Ok(connection)) => {
                    let entrance = Entrance { stranger, callers, pass };
                    connection::serve(connection, service, config, entrance).await;
                }
                Ok(Err(error)) => debug!(%peer, %error, "a handshake failed"),
                Err(_) => debug!(%peer, "a handshake took too long"),
            }
        });
    }
}

/// Lets a restarted server tell clients that the connections to its former process are gone.
fn lasting(certificate: &Certificate) -> EndpointConfig {
    let reset_key = hmac::Key::new(hmac::HMAC_SHA256, &certificate.lasting_secret("stateless reset"));
    let mut config = EndpointConfig::new(Arc::new(reset_key));
    // The default generator drops packets for ids that a former run gave out before a reset is considered.
    config.cid_generator(|| Box::new(RandomConnectionIdGenerator::default()));
    config.max_udp_payload_size(DATAGRAM_MAX).expect("a jumbo frame is a size that QUIC allows");
    config
}

fn transport(config: &QuicConfig) -> Result<TransportConfig, QuicError> {
    let idle = IdleTimeout::try_from(config.idle)
        .map_err(|error| QuicError::Config { field: "idle", reason: error.to_string() })?;
    let mut discovery = MtuDiscoveryConfig::default();
    discovery.upper_bound(DATAGRAM_MAX);
    let mut transport = TransportConfig::default();
    transport
        .max_idle_timeout(Some(idle))
        .max_concurrent_bidi_streams(VarInt::from_u32(u32::from(config.lanes)))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(RECEIVE_WINDOW))
        .send_window(SEND_WINDOW)
        .ack_frequency_config(Some(AckFrequencyConfig::default()))
        .initial_mtu(INITIAL_MTU)
        .mtu_discovery_config(Some(discovery));
    Ok(transport)
}

const STREAM_WINDOW: u32 = 512 * 1024;
const RECEIVE_WINDOW: u32 = 4 * 1024 * 1024;
const SEND_WINDOW: u64 = 2 * 1024 * 1024;
const INITIAL_MTU: u16 = 1_400;
/// What a jumbo frame carries: larger datagrams are looked for up to here and used where the way takes them.
const DATAGRAM_MAX: u16 = 8_972;
const LAST_PACKETS: Duration = Duration::from_secs(1);
