//! Which handshakes are begun: each costs more than an order.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::QuicConfig;
use crate::service::{Pace, address_key};

/// Decides which handshakes are begun. A peer that says who it is gets back what its handshake took, so that only
/// strangers are slowed down.
#[derive(Debug)]
pub(super) struct Gate {
    /// Handshakes of each address.
    addresses: Pace<IpAddr>,
    /// Handshakes of all addresses from which nobody has said who it is.
    strangers: Pace<()>,
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

impl Gate {
    pub(super) fn new(config: &QuicConfig) -> Arc<Gate> {
        let (of_address, of_strangers) = (config.handshakes_of_address, config.handshakes_of_strangers);
        Arc::new(Gate {
            addresses: Pace::new(of_address),
            strangers: Pace::new(of_strangers),
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
    use crate::service::Rate;

    fn gate() -> Arc<Gate> {
        let mut config = QuicConfig::new("127.0.0.1:0".parse().unwrap());
        config.handshakes_of_address = Rate { burst: 8, per_second: 4 };
        config.handshakes_of_strangers = Rate { burst: 32, per_second: 16 };
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
