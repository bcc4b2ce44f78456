//! Connections of the HTTP side: how many there may be, and what one of them knows of its caller.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use stockade_core::ids::Code;
use stockade_core::reject::{Reject, RetryAfter};
use stockade_core::time::Span;
use tokio::sync::Notify;

use crate::auth::{Identity, TokenHash};
use crate::networks::Network;
use crate::service::{Callers, Memory, NoPlace, Pace, Place, Rate, Service, Share, Stranger, Strangers, address_key};

/// Bounds of the HTTP side.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// Connections at one time whose caller has shown a token that is known.
    pub known: usize,
    /// Those of them that one token may have.
    pub known_of_token: usize,
    /// Proxies: their connections are not counted by address, because all callers behind them come from there.
    pub trusted_proxies: Vec<Network>,
    /// Connections at one time whose caller has not, probes among them; beyond that the oldest of them has to go.
    pub strangers: usize,
    /// From the opening of a connection, or its last answer, to the end of the next request's head.
    pub head: Duration,
    /// From the end of a request's head to the end of its body.
    pub body: Duration,
    /// How long a caller may leave what is sent to it unread.
    pub unread: Duration,
    /// Bytes that the bodies and answers of one connection may take.
    pub memory: usize,
    /// Connections of one address, those apart whose caller then showed a token that is known.
    pub arrivals: Rate,
    /// Answers to one address that has shown no token that is known. Probes have the same rate for themselves.
    pub refusals: Rate,
    /// Bodies of one token that were refused because of their length or the memory there is.
    pub burdens: Rate,
}

impl Default for HttpLimits {
    /// Ordinary bounds, and no more connections than the process has descriptors for beyond [`RESERVE`].
    fn default() -> HttpLimits {
        let free = descriptors().saturating_sub(RESERVE);
        let known = (free / 4 * 3).clamp(16, 1_024);
        HttpLimits {
            known,
            known_of_token: known / 2,
            trusted_proxies: Vec::new(),
            strangers: (free / 4).clamp(16, 256),
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
            unread: Duration::from_secs(30),
            memory: 32 * 1024 * 1024,
            arrivals: Rate { burst: 512, per_second: 128 },
            refusals: Rate { burst: 64, per_second: 32 },
            burdens: Rate { burst: 8, per_second: 4 },
        }
    }
}

/// Descriptors that HTTP connections leave to the journal, the file of tokens and everything else.
const RESERVE: usize = 128;
/// What is assumed where the system does not say how many descriptors a process may have.
const DESCRIPTORS: usize = 512;

/// How many descriptors this process may have.
fn descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    soft_limit(&limits).unwrap_or(DESCRIPTORS)
}

fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

/// The places of a listener.
#[derive(Debug)]
pub(super) struct Places {
    strangers: Arc<Strangers>,
    callers: Arc<Callers>,
    trusted_proxies: Vec<Network>,
    /// Bytes of one connection.
    memory: usize,
    arrivals: Pace<IpAddr>,
    refusals: Pace<IpAddr>,
    probes: Pace<IpAddr>,
    burdens: Pace<Code>,
}

/// What a connection knows of its caller, for the requests on it.
#[derive(Debug)]
pub(super) struct Visit {
    places: Arc<Places>,
    guest: OnceLock<Guest>,
    meeting: Notify,
    odd: AtomicBool,
    /// `None` behind a trusted proxy.
    address: Option<IpAddr>,
    /// How long it waits until it is served.
    pub(super) delay: Duration,
    /// What the bodies and answers of the connection take, by the token its last request showed.
    memory: Mutex<Option<(Code, Memory)>>,
}

/// The caller to whose token the connection's place belongs: the first that it showed.
struct Guest {
    service: Arc<Service>,
    token: TokenHash,
    who: Arc<Identity>,
    _place: Place,
}

/// What an answer to a stranger is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answered {
    /// To a probe.
    Probe,
    /// To anything else.
    Refusal,
}

impl Places {
    pub(super) fn new(limits: &HttpLimits) -> Arc<Places> {
        Arc::new(Places {
            strangers: Strangers::new(limits.strangers),
            callers: Callers::new(number(limits.known), number(limits.known_of_token)),
            trusted_proxies: limits.trusted_proxies.clone(),
            memory: limits.memory,
            arrivals: Pace::new(limits.arrivals),
            refusals: Pace::new(limits.refusals),
            probes: Pace::new(limits.refusals),
            burdens: Pace::new(limits.burdens),
        })
    }

    /// Lets a connection in, as a stranger; `None` when its address opens far too many.
    pub(super) fn enter(self: &Arc<Places>, peer: SocketAddr) -> Option<(Arc<Visit>, Stranger)> {
        let is_proxy = self.trusted_proxies.iter().any(|proxies| proxies.contains(peer.ip()));
        let address = (!is_proxy).then(|| address_key(peer.ip()));
        let delay = match address {
            Some(address) => self.arrivals.wait(address, DELAY_MAX, Instant::now())?,
            None => Duration::ZERO,
        };
        let visit = Visit {
            places: Arc::clone(self),
            guest: OnceLock::new(),
            meeting: Notify::new(),
            odd: AtomicBool::new(false),
            address,
            delay,
            memory: Mutex::default(),
        };
        Some((Arc::new(visit), self.strangers.enter()))
    }
}

impl Visit {
    /// The caller has shown a token that is known: the connection takes a place among those.
    ///
    /// # Errors
    /// When there is none, or none for this token.
    pub(super) fn meet(&self, token: &str, who: &Arc<Identity>, service: &Arc<Service>) -> Result<(), Reject> {
        if self.guest.get().is_some() {
            return Ok(());
        }
        let place = self.places.callers.enter(&who.name).map_err(|none| match none {
            NoPlace::Full => Reject::Overloaded { retry_after: RetryAfter(RETRY_AFTER) },
            NoPlace::OfToken { .. } => Reject::Unavailable { reason: none.to_string() },
        })?;
        let (service, who) = (Arc::clone(service), Arc::clone(who));
        let guest = Guest { service, token: TokenHash::of(token), who, _place: place };
        if self.guest.set(guest).is_ok() {
            self.meeting.notify_one();
            if let Some(address) = &self.address {
                self.places.arrivals.give_back(address);
            }
        }
        Ok(())
    }

    /// What the bodies and answers of the connection take on behalf of this caller.
    pub(super) fn memory(&self, share: &Share) -> Memory {
        let mut memory = self.memory.lock();
        match &*memory {
            Some((name, memory)) if *name == share.name => memory.clone(),
            _ => memory.insert((share.name.clone(), share.memory.below(self.places.memory))).1.clone(),
        }
    }

    /// Waits before an answer to a stranger leaves, if its address gets many; whether the connection may go on.
    pub(super) async fn slow_down(&self, answered: Answered) -> bool {
        let Some(address) = self.address.filter(|_| self.guest.get().is_none()) else { return true };
        let pace = match answered {
            Answered::Probe => &self.places.probes,
            Answered::Refusal => &self.places.refusals,
        };
        let wait = pace.wait(address, DELAY_MAX, Instant::now());
        pause(wait.unwrap_or(DELAY_MAX)).await;
        wait.is_some()
    }

    /// Waits before a body of this caller is refused, if that happens often.
    pub(super) async fn slow_down_burden(&self, caller: &Code) {
        let wait = self.places.burdens.wait(caller.clone(), DELAY_MAX, Instant::now());
        pause(wait.unwrap_or(DELAY_MAX)).await;
    }

    /// A request's head was not as it should be.
    pub(super) fn write_down_odd(&self) {
        self.odd.store(true, Ordering::Relaxed);
    }

    /// Whether a request's head was not as it should be.
    pub(super) fn is_odd(&self) -> bool {
        self.odd.load(Ordering::Relaxed)
    }

    /// Waits until the caller is known.
    pub(super) async fn is_met(&self) {
        self.meeting.notified().await;
    }

    /// Waits until the token to which the connection's place belongs is revoked, or its rights change.
    pub(super) async fn is_revoked(&self) {
        match self.guest.get() {
            Some(guest) => guest.service.tokens().until_revoked(&guest.token, &guest.who).await,
            None => std::future::pending().await,
        }
    }
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("who", &self.who).finish_non_exhaustive()
    }
}

/// A number of connections as it is counted.
fn number(connections: usize) -> u32 {
    u32::try_from(connections).unwrap_or(u32::MAX)
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

const RETRY_AFTER: Span = Span::from_secs(1);
/// The longest that anybody is made to wait.
const DELAY_MAX: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_of_descriptors_is_read() {
        let limits = "Max processes   1  2  processes\nMax open files            1024                 524288               files\n";
        assert_eq!(soft_limit(limits), Some(1_024));
        assert_eq!(soft_limit("Max open files   unlimited unlimited files"), Some(usize::MAX));
        assert_eq!(soft_limit(""), None);
        let limits = HttpLimits::default();
        assert!(limits.known + limits.strangers + RESERVE / 2 < descriptors(), "{limits:?}");
    }
}
