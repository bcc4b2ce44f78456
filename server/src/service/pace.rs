//! How often something may happen for one key: a stranger's address, a token.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// So many at once, and so many a second after that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// A second.
    pub per_second: u32,
}

/// The rate of each key by itself.
#[derive(Debug)]
pub struct Pace<K> {
    rate: Rate,
    keys: Mutex<HashMap<K, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// What is left; below zero for what was let in on credit.
    left: f64,
    filled: Instant,
}

impl<K: Hash + Eq> Pace<K> {
    /// This rate for each key.
    pub fn new(rate: Rate) -> Pace<K> {
        Pace { rate, keys: Mutex::default() }
    }

    /// Whether it may happen now. It counts then.
    pub fn take(&self, key: K, now: Instant) -> bool {
        self.wait(key, Duration::ZERO, now).is_some()
    }

    /// How long it has to wait; `None`, and it does not count, when that is longer than `most`.
    pub fn wait(&self, key: K, most: Duration, now: Instant) -> Option<Duration> {
        let rate = f64::from(self.rate.per_second.max(1));
        let mut keys = self.keys.lock();
        if keys.len() >= KEYS_MAX {
            // Whoever is back at its burst is as good as forgotten.
            let full = f64::from(self.rate.burst);
            keys.retain(|_, bucket| bucket.after(rate, full, now).left < full);
        }
        if keys.len() >= KEYS_MAX && !keys.contains_key(&key) {
            return None;
        }
        let fresh = Bucket { left: f64::from(self.rate.burst), filled: now };
        let bucket = keys.entry(key).or_insert(fresh);
        *bucket = bucket.after(rate, f64::from(self.rate.burst), now);
        let wait = Duration::from_secs_f64((1.0 - bucket.left).max(0.0) / rate);
        if wait > most {
            return None;
        }
        bucket.left -= 1.0;
        Some(wait)
    }

    /// How often it may happen now, at once.
    pub fn left(&self, key: &K, now: Instant) -> f64 {
        let (rate, most) = (f64::from(self.rate.per_second.max(1)), f64::from(self.rate.burst));
        self.keys.lock().get(key).map_or(most, |bucket| bucket.after(rate, most, now).left)
    }

    /// It was nothing that has to be rare.
    pub fn give_back(&self, key: &K) {
        let most = f64::from(self.rate.burst);
        if let Some(bucket) = self.keys.lock().get_mut(key) {
            bucket.left = (bucket.left + 1.0).min(most);
        }
    }
}

impl Bucket {
    fn after(self, rate: f64, most: f64, now: Instant) -> Bucket {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        Bucket { left: (self.left + passed * rate).min(most), filled: now }
    }
}

/// The address of a peer as a key: one network of IPv6 is one caller.
pub fn address_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & V6_NETWORK).into()),
    }
}

/// The first half of an IPv6 address.
const V6_NETWORK: u128 = !0 << 64;
/// Keys that are followed at one time.
const KEYS_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_so_many_a_second_and_each_key_by_itself() {
        let pace = Pace::new(Rate { burst: 3, per_second: 10 });
        let now = Instant::now();
        let passed = |key: &'static str, at: u64| pace.take(key, now + Duration::from_millis(at));
        assert_eq!((0..10).filter(|_| passed("a", 0)).count(), 3);
        assert!(passed("b", 0));
        assert!(!passed("a", 99) && passed("a", 101) && !passed("a", 102));
        pace.give_back(&"a");
        assert!(passed("a", 103));
        assert_eq!((0..10).filter(|_| passed("a", 60_000)).count(), 3, "a pause saves no more than a burst up");
    }

    #[test]
    fn who_may_wait_gets_a_time_and_who_would_wait_too_long_does_not_count() {
        let pace = Pace::new(Rate { burst: 1, per_second: 10 });
        let now = Instant::now();
        let most = Duration::from_millis(250);
        let waits: Vec<Option<u128>> = (0..6).map(|_| pace.wait("a", most, now).map(|wait| wait.as_millis())).collect();
        assert_eq!(waits, [Some(0), Some(100), Some(200), None, None, None]);
        assert!(pace.wait("a", most, now + Duration::from_millis(100)).is_some());
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory() {
        let pace = Pace::new(Rate { burst: 2, per_second: 1 });
        let now = Instant::now();
        let passed = (0..KEYS_MAX + 10).filter(|key| pace.take(*key, now)).count();
        assert_eq!(passed, KEYS_MAX);
        assert!(pace.take(usize::MAX, now + Duration::from_secs(2)));
        assert_eq!(pace.keys.lock().len(), 1);
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:2"));
        assert_ne!(key("2001:db8:0:1::1"), key("2001:db8::1"));
        assert_eq!(key("::ffff:10.0.0.1"), key("10.0.0.1"));
    }
}
