//! The retry budget, waits with jitter, and generated idempotency keys.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use stockade_core::ids::Code;

use crate::config::Retry;

/// The remaining budget, in hundredths of a retry: each call earns some, each retry costs a hundred.
#[derive(Debug)]
pub(crate) struct Budget {
    hundredths: AtomicI64,
    earn: i64,
    most: i64,
}

impl Budget {
    pub(crate) fn new(retry: &Retry) -> Budget {
        let most = i64::from(retry.burst) * 100;
        Budget { hundredths: AtomicI64::new(most), earn: i64::from(retry.budget_percent), most }
    }

    pub(crate) fn earn(&self, calls: usize) {
        // Reads first: the budget is usually full, and cores then share the cache line without writing to it.
        if self.hundredths.load(Ordering::Relaxed) < self.most {
            self.hundredths.fetch_add(self.earn * calls as i64, Ordering::Relaxed);
        }
    }

    pub(crate) fn spend(&self) -> bool {
        if self.hundredths.fetch_sub(100, Ordering::Relaxed) >= 100 {
            return true;
        }
        self.hundredths.fetch_add(100, Ordering::Relaxed);
        false
    }
}

/// A random wait below the bound of the `nth` retry, counted from 1.
pub(crate) fn jittered(retry: &Retry, nth: u32) -> Duration {
    let bound = retry.wait.saturating_mul(1 << (nth - 1).min(16)).min(retry.wait_max);
    let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(random() % micros.saturating_add(1))
}

/// Makes unique keys: a random part for this client, and a counter.
#[derive(Debug)]
pub(crate) struct Keys {
    own: u64,
    next: AtomicU64,
}

impl Keys {
    pub(crate) fn new() -> Keys {
        Keys { own: random(), next: AtomicU64::new(1) }
    }

    pub(crate) fn key(&self) -> Code {
        // 13 digits for the client, a dash and up to 10 digits of the counter fit the 24 bytes that a code stores
        // inline.
        let mut text = [0u8; 24];
        let mut at = text.len();
        let mut put = |mut number: u64, least: usize| {
            let mut digits = 0;
            while digits < least || number != 0 {
                at -= 1;
                text[at] = DIGITS[(number % 32) as usize];
                number /= 32;
                digits += 1;
            }
            at -= 1;
            text[at] = b'-';
        };
        put(self.next.fetch_add(1, Ordering::Relaxed) % (1 << 45), 1);
        put(self.own, 13);
        let text = std::str::from_utf8(&text[at + 1..]).unwrap_or("key");
        Code::new(text).expect("letters, digits and a dash are a code")
    }
}

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn random() -> u64 {
    // Without system randomness keys would not be unique; TLS would have failed earlier.
    getrandom::u64().expect("the operating system provides random bytes")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_budget_runs_dry_and_is_earned_back() {
        let retry = Retry { burst: 2, budget_percent: 50, ..Retry::default() };
        let budget = Budget::new(&retry);
        assert!(budget.spend());
        assert!(budget.spend());
        assert!(!budget.spend());
        budget.earn(1);
        assert!(!budget.spend());
        budget.earn(1);
        assert!(budget.spend());
        assert!(!budget.spend());
    }

    #[test]
    fn waits_stay_within_their_bounds() {
        let retry = Retry { wait: Duration::from_millis(8), wait_max: Duration::from_millis(20), ..Retry::default() };
        for (nth, bound) in [(1, 8), (2, 16), (3, 20), (40, 20)] {
            for _ in 0..50 {
                assert!(jittered(&retry, nth) <= Duration::from_millis(bound));
            }
        }
    }

    #[test]
    fn keys_are_short_and_never_the_same() {
        let (one, other) = (Keys::new(), Keys::new());
        let keys: HashSet<Code> = (0..500).flat_map(|_| [one.key(), other.key()]).collect();
        assert_eq!(keys.len(), 1_000);
        assert!(keys.iter().all(|key| key.as_str().len() <= 24));
        one.next.store((1 << 45) - 1, Ordering::Relaxed);
        assert_eq!(one.key().as_str().len(), 23);
    }
}
