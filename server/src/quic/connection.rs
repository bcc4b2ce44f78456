//! One connection: hello, welcome, lanes, and an orderly end.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use quinn::{Connection, RecvStream, SendStream, VarInt};
use stockade_core::Durability;
use stockade_core::time::Span;
use stockade_core::wire::body::{put_frame, read_body};
use stockade_core::wire::hello::HELLO_BYTES_MAX;
use stockade_core::wire::{
    Features, FrameDecoder, FrameKind, Header, Hello, HelloAnswer, HelloRefusal, VERSION, VERSION_OLDEST, Welcome,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use super::caller::Caller;
use super::gate::{Pass, TooOften};
use super::lane::{Lane, Phase};
use super::{QuicConfig, close};
use crate::auth::{Identity, TokenHash};
use crate::service::{Callers, NoPlace, Place, Service, Stranger};
use crate::throttle::Throttle;

/// Lines about clients that were not let in.
static NOT_LET_IN: Throttle = Throttle::new();
/// Lines about clients that broke the protocol.
static BROKEN: Throttle = Throttle::new();

/// How a connection came in.
pub(super) struct Entrance {
    /// Its place while its peer has not said who it is.
    pub(super) stranger: Stranger,
    /// The connections whose peers have.
    pub(super) callers: Arc<Callers>,
    /// What its handshake took.
    pub(super) pass: Pass,
}

/// Serves a connection from its hello to its end. It is a stranger until its peer has said who it is, and takes a place
/// of those that are counted then.
pub(super) async fn serve(
    connection: Connection,
    service: Arc<Service>,
    config: Arc<QuicConfig>,
    Entrance { mut stranger, callers, pass }: Entrance,
) {
    let peer = connection.remote_address();
    let greeted = tokio::select! {
        greeted = timeout(config.hello_timeout, greet(&connection, &service, &config, (&callers, &pass))) => greeted,
        () = stranger.has_to_go() => {
            debug!(%peer, "a connection without a hello made room for newer ones");
            return connection.close(close::REFUSED, b"too many connections wait without a hello");
        }
    };
    drop(stranger);
    let (identity, token, place, send, receive, decoder) = match greeted {
        Ok(Ok(greeted)) => {
            pass.give_back(Instant::now());
            greeted
        }
        Ok(Err(reason)) => {
            if let Some(left_out) = NOT_LET_IN.admit(Instant::now()) {
                info!(%peer, reason, left_out, "a client was not let in");
            }
            return connection.close(close::REFUSED, reason.as_bytes());
        }
        Err(_) => {
            debug!(%peer, "no hello in time");
            return connection.close(close::REFUSED, b"no hello in time");
        }
    };
    debug!(%peer, token = %identity.name, "a client was let in");
    widen(&connection, &config, &place);
    let in_flight_max = config.in_flight as usize;
    let share = service.share(&identity);
    let memory = share.memory.below(config.memory);
    let caller = Arc::new(Caller {
        identity,
        share,
        in_flight: AtomicUsize::new(0),
        in_flight_max,
        frame_timeout: config.frame_timeout,
        memory,
    });
    let (phase, phases) = watch::channel(Phase::Open);
    let open = Open { connection, service, config, caller, token, phases, lanes: JoinSet::new(), _place: place };
    open.serve((send, receive, decoder), phase).await;
}

struct Open {
    connection: Connection,
    service: Arc<Service>,
    config: Arc<QuicConfig>,
    caller: Arc<Caller>,
    token: TokenHash,
    phases: watch::Receiver<Phase>,
    lanes: JoinSet<()>,
    _place: Place,
}

impl Open {
    async fn serve(mut self, first: (SendStream, RecvStream, FrameDecoder), phase: watch::Sender<Phase>) {
        let mut draining = self.service.draining();
        let (service, caller, token) = (Arc::clone(&self.service), Arc::clone(&self.caller), self.token.clone());
        let mut revoked = pin!(service.tokens().until_revoked(&token, &caller.identity));
        self.add(first, true);
        loop {
            tokio::select! {
                stream = self.connection.accept_bi() => match stream {
                    Ok((send, receive)) => {
                        let decoder = FrameDecoder::new(self.config.body_max as usize);
                        self.add((send, receive, decoder), false);
                    }
                    Err(error) => {
                        debug!(%error, "a connection ended");
                        break;
                    }
                },
                Some(_) = self.lanes.join_next() => {}
                () = &mut revoked => {
                    info!(peer = %self.connection.remote_address(), token = %self.caller.identity.name, "a token was revoked");
                    self.connection.close(close::REFUSED, b"the token was revoked");
                    break;
                },
                () = begins(&mut draining) => {
                    self.wind_up(&phase).await;
                    break;
                }
            }
        }
        // Lanes whose connection is gone end by themselves; their answers have nowhere to go.
        self.connection.close(close::DONE, b"");
        self.lanes.shutdown().await;
    }

    fn add(&mut self, (mut send, mut receive, decoder): (SendStream, RecvStream, FrameDecoder), announces: bool) {
        let lane = Lane::new(Arc::clone(&self.service), Arc::clone(&self.caller), decoder, announces);
        let (connection, phases) = (self.connection.clone(), self.phases.clone());
        self.lanes.spawn(async move {
            match lane.serve(&mut send, &mut receive, phases).await {
                Ok(()) => {
                    let _ = send.finish();
                    // The stream's last bytes are on their way until the peer has acknowledged them.
                    let _ = timeout(LAST_BYTES, send.stopped()).await;
                }
                Err(error) if error.is_fault() => {
                    if let Some(left_out) = BROKEN.admit(Instant::now()) {
                        warn!(peer = %connection.remote_address(), %error, left_out, "a client broke the protocol");
                    }
                    connection.close(close::PROTOCOL, error.to_string().as_bytes());
                }
                Err(error) => debug!(%error, "a lane ended"),
            }
        });
    }

    /// Sends the client away, answers what is in flight, and waits until the answers have arrived.
    async fn wind_up(&mut self, phase: &watch::Sender<Phase>) {
        let until = self.service.clock().now() + LINGER;
        phase.send_replace(Phase::Draining { until });
        // Requests that crossed the go-away on their way here are refused rather than lost.
        sleep(CROSSING).await;
        while self.caller.in_flight.load(Ordering::Relaxed) > 0 && self.connection.close_reason().is_none() {
            sleep(Duration::from_millis(2)).await;
        }
        phase.send_replace(Phase::Closing);
        while self.lanes.join_next().await.is_some() {}
    }
}

/// Lets a peer that has said who it is have more on its way. The first connections of a token get much, because what is on
/// its way is not counted; the others get as much as together is little.
fn widen(connection: &Connection, config: &QuicConfig, place: &Place) {
    let is_wide = place.of_token <= WIDE_OF_TOKEN;
    let (receive, send) = if is_wide { (RECEIVE_WINDOW, SEND_WINDOW) } else { (NARROW_WINDOW, NARROW_WINDOW) };
    connection.set_receive_window(VarInt::from_u32(receive));
    connection.set_send_window(send.into());
    connection.set_max_concurrent_bi_streams(VarInt::from_u32(u32::from(config.lanes)));
}

/// Waits until the service drains; forever if the service ends without draining.
async fn begins(draining: &mut watch::Receiver<bool>) {
    if draining.wait_for(|draining| *draining).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Why a peer is not let in: as its hello is answered, and in words for the log and the end of the connection.
struct NotLetIn {
    refusal: HelloRefusal,
    reason: String,
}

impl From<HelloRefusal> for NotLetIn {
    fn from(refusal: HelloRefusal) -> NotLetIn {
        NotLetIn { reason: refusal.to_string(), refusal }
    }
}

impl From<TooOften> for NotLetIn {
    fn from(often: TooOften) -> NotLetIn {
        NotLetIn { reason: often.to_string(), refusal: HelloRefusal::Full { retry_after: Span::from_secs(1) } }
    }
}

impl From<NoPlace> for NotLetIn {
    fn from(none: NoPlace) -> NotLetIn {
        NotLetIn { reason: none.to_string(), refusal: HelloRefusal::Full { retry_after: Span::from_secs(1) } }
    }
}

type Greeted = (Arc<Identity>, TokenHash, Place, SendStream, RecvStream, FrameDecoder);

async fn greet(
    connection: &Connection,
    service: &Service,
    config: &QuicConfig,
    door: (&Arc<Callers>, &Pass),
) -> Result<Greeted, String> {
    let (mut send, mut receive) = connection.accept_bi().await.map_err(|error| error.to_string())?;
    let mut decoder = FrameDecoder::new(HELLO_BYTES_MAX);
    let hello = read_hello(&mut receive, &mut decoder).await.map_err(NotLetIn::from);
    let judged = hello.and_then(|hello| {
        let (welcome, identity, place) = judge(&hello, service, config, door)?;
        Ok((welcome, (identity, TokenHash::of(&hello.token), place)))
    });
    let (answer, identity) = match judged {
        Ok((welcome, identity)) => (HelloAnswer::Welcome(welcome), Ok(identity)),
        Err(NotLetIn { refusal, reason }) => (HelloAnswer::Refused(refusal), Err(reason)),
    };
    let header = Header {
        kind: FrameKind::HelloAnswer,
        durability: Durability::Memory,
        correlation: 0,
        time: service.clock().now(),
    };
    let mut out = Vec::new();
    put_frame(&mut out, header, &answer).map_err(|error| error.to_string())?;
    send.write_all(&out).await.map_err(|error| error.to_string())?;
    match identity {
        Ok((identity, token, place)) => {
            decoder.set_body_max(config.body_max as usize);
            Ok((identity, token, place, send, receive, decoder))
        }
        Err(reason) => {
            let _ = send.finish();
            let _ = timeout(LAST_BYTES, send.stopped()).await;
            Err(reason)
        }
    }
}

async fn read_hello(receive: &mut RecvStream, decoder: &mut FrameDecoder) -> Result<Hello, HelloRefusal> {
    let malformed = |error: &dyn std::fmt::Display| HelloRefusal::Malformed { reason: error.to_string() };
    loop {
        if let Some(frame) = decoder.next_frame().map_err(|error| malformed(&error))? {
            if frame.header.kind != FrameKind::Hello {
                return Err(malformed(&format_args!("it began with a {:?} frame", frame.header.kind)));
            }
            return read_body(frame.body).map_err(|error| malformed(&error));
        }
        match receive.read_chunk(HELLO_BYTES_MAX, true).await {
            Ok(Some(chunk)) => decoder.extend(&chunk.bytes),
            Ok(None) => return Err(malformed(&"the stream ended")),
            Err(error) => return Err(malformed(&error)),
        }
    }
}

fn judge(
    hello: &Hello,
    service: &Service,
    config: &QuicConfig,
    (callers, pass): (&Arc<Callers>, &Pass),
) -> Result<(Welcome, Arc<Identity>, Place), NotLetIn> {
    let version = hello.agree(VERSION_OLDEST, VERSION)?;
    let identity = service.authenticate(&hello.token).map_err(|_| HelloRefusal::Unauthenticated)?;
    if *service.draining().borrow() {
        return Err(HelloRefusal::Draining.into());
    }
    pass.admit(&identity.name, Instant::now())?;
    let place = callers.enter(&identity.name)?;
    let welcome = Welcome {
        version,
        features: hello.features.common(Features::KNOWN),
        server_time: service.clock().now(),
        in_flight_max: config.in_flight,
        lanes_max: config.lanes,
        body_max: config.body_max,
        best: service.best(),
        server: concat!("stockade ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    Ok((welcome, identity, place))
}

/// Connections of a token that get wide windows.
const WIDE_OF_TOKEN: u32 = 4;
/// Bytes that such a connection may have on their way to the lanes that are about to read them.
const RECEIVE_WINDOW: u32 = 4 * 1024 * 1024;
/// Bytes that it may have on their way to its peer.
const SEND_WINDOW: u32 = 2 * 1024 * 1024;
/// Bytes each way of every other connection.
const NARROW_WINDOW: u32 = 128 * 1024;
/// How long the last bytes of a stream may take to be acknowledged.
const LAST_BYTES: Duration = Duration::from_secs(1);
/// How long requests may be on their way here when the go-away leaves.
const CROSSING: Duration = Duration::from_millis(50);
/// How long a client may count on a connection that is going away.
const LINGER: Span = Span::from_secs(5);
