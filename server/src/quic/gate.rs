//! Which handshakes are begun: each costs more than an order.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use stockade_core::ids::Code;

use super::QuicConfig;
use crate::service::{Pace, Rate, address_key};

/// Decides which handshakes are begun, and how often a caller may connect. A peer that says who it is gets back what its
/// handshake took, so that strangers do not slow it down, unless its token connects too often.
#[derive(Debug)]
pub(super) struct Gate {
    /// Handshakes of each address.
    addresses: Pace<IpAddr>,
    /// Handshakes of all addresses from which nobody has said who it is.
    strangers: Pace<()>,
    /// Connections of each token.
    tokens: Pace<Code>,
    /// How often one token may connect.
    of_token: Rate,
    /// Addresses from which somebody has, and when.
    known: Mutex<HashMap<IpAddr, Instant>>,
    address_low: f64,
    strangers_low: f64,
}

/// Somebody at the door.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newcomer {
    pub(super) peer: SocketAddr,
    /// Whether packets to that address are known to reach the peer.
    pub(super) is_proved: bool,
}

/// What is done with a newcomer.
#[derive(Debug)]
pub(super) enum Entry {
    /// Its handshake is begun.
    Begin(Pass),
    /// It has to prove its address first, which costs next to nothing.
    Prove,
    /// Nothing is answered. An honest peer sends again after a while.
    Ignore,
}

/// A handshake that is under way.
#[derive(Debug)]
pub(super) struct Pass {
    gate: Arc<Gate>,
    address: IpAddr,
    was_known: bool,
}

/// A token connects more often than one may.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the token {token} connects too often: {per_second} times a second is allowed, after {burst} at once. Keep connections open, \
     or come back later"
)]
pub(super) struct TooOften {
    token: Code,
    burst: u32,
    per_second: u32,
}

impl Gate {
    pub(super) fn new(config: &QuicConfig) -> Arc<Gate> {
        let (of_address, of_strangers) = (config.handshakes_of_address, config.handshakes_of_strangers);
        let arrivals = config.arrivals_of_token;
        // After a restart all of its connections come back at once.
        let of_token = Rate { burst: arrivals.burst.max(config.connections_of_token), ..arrivals };
        Arc::new(Gate {
            addresses: Pace::new(of_address),
            strangers: Pace::new(of_strangers),
            tokens: Pace::new(of_token),
            of_token,
            known: Mutex::default(),
            address_low: f64::from(of_address.burst) / 2.0,
            strangers_low: f64::from(of_strangers.burst) / 2.0,
        })
    }

    /// What is done with a newcomer, when there is a crowd of strangers already or not. An address that is not proved may
    /// be somebody else's.
    pub(super) fn judge(self: &Arc<Gate>, newcomer: Newcomer, is_crowded: bool, now: Instant) -> Entry {
        let address = address_key(newcomer.peer.ip());
        let is_low = || {
            self.addresses.left(&address, now) < self.address_low || self.strangers.left(&(), now) < self.strangers_low
        };
        if !newcomer.is_proved && (is_crowded || is_low()) {
            return Entry::Prove;
        }
        let was_known = self.known.lock().contains_key(&address);
        if !self.addresses.take(address, now) {
            return Entry::Ignore;
        }
        if !was_known && !self.strangers.take((), now) {
            self.addresses.give_back(&address);
            return Entry::Ignore;
        }
        Entry::Begin(Pass { gate: Arc::clone(self), address, was_known })
    }
}

impl Pass {
    /// Lets a peer in that has shown this token.
    ///
    /// # Errors
    /// When the token connects too often.
    pub(super) fn admit(&self, token: &Code, now: Instant) -> Result<(), TooOften> {
        let Rate { burst, per_second } = self.gate.of_token;
        let is_rare = self.gate.tokens.take(token.clone(), now);
        if is_rare { Ok(()) } else { Err(TooOften { token: token.clone(), burst, per_second }) }
    }

    /// The peer has said who it is: its handshake costs its address nothing.
    pub(super) fn give_back(self, now: Instant) {
        let Pass { gate, address, was_known } = self;
        gate.addresses.give_back(&address);
        if !was_known {
            gate.strangers.give_back(&());
        }
        let mut known = gate.known.lock();
        if known.len() >= KNOWN_MAX
            && !known.contains_key(&address)
            && let Some(oldest) = known.iter().min_by_key(|(_, at)| **at).map(|(address, _)| *address)
        {
            known.remove(&oldest);
        }
        known.insert(address, now);
    }
}

/// Addresses that are remembered.
const KNOWN_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn gate() -> Arc<Gate> {
        let mut config = QuicConfig::new("127.0.0.1:0".parse().unwrap());
        config.handshakes_of_address = Rate { burst: 8, per_second: 4 };
        config.handshakes_of_strangers = Rate { burst: 32, per_second: 16 };
        config.arrivals_of_token = Rate { burst: 2, per_second: 4 };
        config.connections_of_token = 200;
        Gate::new(&config)
    }

    fn newcomer(n: usize, is_proved: bool) -> Newcomer {
        Newcomer { peer: SocketAddr::from(([10, 0, (n / 256) as u8, (n % 256) as u8], 4_000)), is_proved }
    }

    #[test]
    fn handshakes_of_strangers_are_rare_and_those_of_known_callers_are_not() {
        let (gate, now) = (gate(), Instant::now());
        let begun = |n: usize, at: Instant| match gate.judge(newcomer(n, true), false, at) {
            Entry::Begin(pass) => Some(pass),
            Entry::Prove | Entry::Ignore => None,
        };
        begun(0, now).expect("the first is let in").give_back(now);
        // One address does not take more than its own.
        assert_eq!((0..100).filter_map(|_| begun(1, now)).count(), 8);
        // All addresses together do not take more than theirs.
        assert_eq!((2..1_000).filter_map(|n| begun(n, now)).count(), 24);
        // A caller that was known before comes in all the same, as often as it likes.
        for _ in 0..100 {
            begun(0, now).expect("it is known").give_back(now);
        }
        // With bad tokens it is slowed down like all others.
        assert_eq!((0..100).filter_map(|_| begun(0, now)).count(), 8);
        let later = now + Duration::from_secs(1);
        assert_eq!((2_000..3_000).filter_map(|n| begun(n, later)).count(), 16);
    }

    #[test]
    fn a_token_connects_as_often_as_one_may_and_then_costs_its_address() {
        let (gate, now) = (gate(), Instant::now());
        let (greedy, modest) = (Code::new("greedy").unwrap(), Code::new("modest").unwrap());
        let begun = |at| match gate.judge(newcomer(1, true), false, at) {
            Entry::Begin(pass) => Some(pass),
            Entry::Prove | Entry::Ignore => None,
        };
        let connects = |token: &Code, at: Instant| {
            let pass = begun(at)?;
            let admitted = pass.admit(token, at);
            if admitted.is_ok() {
                pass.give_back(at);
            }
            Some(admitted)
        };
        // All connections that it may have come back at once after a restart.
        assert!((0..200).all(|_| connects(&greedy, now) == Some(Ok(()))));
        let refused = connects(&greedy, now).expect("its handshake is made").unwrap_err();
        assert!(refused.to_string().contains("the token greedy connects too often"), "{refused}");
        assert_eq!(connects(&modest, now), Some(Ok(())), "another token has its own rate");
        // Each further one is paid for like a stranger's.
        assert_eq!((0..100).filter(|_| connects(&greedy, now).is_some()).count(), 7);
        let later = now + Duration::from_secs(2);
        assert_eq!((0..100).filter(|_| connects(&greedy, later) == Some(Ok(()))).count(), 8);
    }

    #[test]
    fn addresses_that_are_not_proved_take_nobodys_place() {
        let (gate, now) = (gate(), Instant::now());
        let mut asked = 0;
        for n in 0..1_000 {
            match gate.judge(newcomer(n % 2, false), false, now) {
                Entry::Prove => asked += 1,
                Entry::Begin(_) => {}
                Entry::Ignore => panic!("a forged address would shut its owner out"),
            }
        }
        assert_eq!(asked, 1_000 - 2 * 5);
        assert!(
            matches!(gate.judge(newcomer(0, true), false, now), Entry::Begin(_)),
            "the owner of the address comes in"
        );
    }
}
