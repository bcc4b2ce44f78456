//! What each caller has of what all callers share: memory, and time of the threads that decide.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use stockade_core::ids::Code;

use super::memory::Memory;
use super::turns::{Turn, Turns};

/// The shares of all callers. A caller is a token: its connections, QUIC and HTTP, have one share together. What a caller has
/// used is remembered when its last connection is gone, until it has earned all of it again.
#[derive(Debug)]
pub struct Shares {
    all: Mutex<HashMap<Code, Arc<Share>>>,
    memory: Memory,
    /// Bytes.
    memory_max: usize,
    /// Threads that decide.
    threads: u32,
    turns: Arc<Turns>,
}

/// The share of one caller.
#[derive(Debug)]
pub struct Share {
    /// The name of its token.
    pub name: Code,
    /// What its requests and answers take.
    pub memory: Memory,
    threads: u32,
    credit: Mutex<Credit>,
    turns: Arc<Turns>,
}

/// Time that a caller may use at once.
#[derive(Debug)]
struct Credit {
    /// Microseconds; below zero when more was used than there was.
    left: i64,
    filled: Instant,
}

/// A piece of deciding without a pause. Its time is charged when it is dropped.
#[derive(Debug)]
pub struct Slice {
    share: Arc<Share>,
    began: Instant,
    turn: Option<Turn>,
}

impl Shares {
    /// Shares of `memory`, of which one caller gets up to `memory_max` bytes, and of so many threads.
    pub fn new(memory: Memory, memory_max: usize, threads: usize) -> Shares {
        // One thread is always left to callers that have credit.
        let turns = Turns::new(threads.saturating_sub(1));
        let threads = u32::try_from(threads).unwrap_or(u32::MAX);
        Shares { all: Mutex::default(), memory, memory_max, threads, turns }
    }

    /// The share of the caller with this token's name.
    pub fn of(&self, name: &Code) -> Arc<Share> {
        let mut all = self.all.lock();
        if let Some(share) = all.get(name) {
            return Arc::clone(share);
        }
        forget(&mut all, Instant::now());
        let share = Arc::new(Share {
            name: name.clone(),
            memory: self.memory.below(self.memory_max),
            threads: self.threads,
            credit: Mutex::new(Credit { left: CREDIT_MAX, filled: Instant::now() }),
            turns: Arc::clone(&self.turns),
        });
        all.insert(name.clone(), Arc::clone(&share));
        share
    }
}

/// Forgets callers that are gone and owe nothing; when many are gone, also those that owe the least.
fn forget(all: &mut HashMap<Code, Arc<Share>>, now: Instant) {
    let mut gone: Vec<(i64, Code)> = Vec::new();
    all.retain(|name, share| {
        // Whoever holds it got it under this lock.
        if Arc::strong_count(share) > 1 {
            return true;
        }
        let left = share.earn(now);
        if left < CREDIT_MAX {
            gone.push((left, name.clone()));
        }
        left < CREDIT_MAX
    });
    if gone.len() >= GONE_MAX {
        gone.sort_unstable();
        gone.drain(..GONE_MAX - 1);
        gone.iter().for_each(|(_, name)| drop(all.remove(name)));
    }
}

impl Share {
    /// Begins to decide, while the caller has credit.
    pub fn try_slice(self: &Arc<Share>) -> Option<Slice> {
        let now = Instant::now();
        self.has_credit(now).then(|| Slice { share: Arc::clone(self), began: now, turn: None })
    }

    /// Begins to decide: at once while the caller has credit, else when it is its turn.
    pub async fn slice(self: &Arc<Share>) -> Slice {
        if let Some(slice) = self.try_slice() {
            return slice;
        }
        let turn = self.turns.enter(&self.name).await;
        Slice { share: Arc::clone(self), began: Instant::now(), turn: Some(turn) }
    }

    fn has_credit(&self, now: Instant) -> bool {
        self.earn(now) > 0
    }

    /// Takes in what was earned since; answers what there is.
    fn earn(&self, now: Instant) -> i64 {
        let mut credit = self.credit.lock();
        let passed = now.saturating_duration_since(credit.filled);
        let earned = micros(passed).saturating_mul(i64::from(self.threads)) / CREDIT_PART;
        if earned > 0 {
            credit.left = credit.left.saturating_add(earned).min(CREDIT_MAX);
            credit.filled = now;
        }
        credit.left
    }

    fn spend(&self, took: Duration) {
        let mut credit = self.credit.lock();
        credit.left = (credit.left - micros(took)).max(-DEBT_MAX);
    }
}

impl Slice {
    /// Whether others should get a turn now.
    pub fn is_over(&self) -> bool {
        self.began.elapsed() >= SLICE
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        // What was done in a turn is paid for by having waited.
        if self.turn.is_none() {
            self.share.spend(self.began.elapsed());
        }
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// How long a caller decides without a pause. One decision may take longer.
const SLICE: Duration = Duration::from_micros(300);
/// Microseconds that a caller may use at once after a pause.
const CREDIT_MAX: i64 = 10_000;
/// Microseconds that a caller may owe. One decision that takes long is paid for as a whole, up to this.
const DEBT_MAX: i64 = 1_000_000;
/// Callers without a connection that are remembered for what they have used. At half of one thread's time, none for longer than
/// about two seconds.
const GONE_MAX: usize = 4_096;
/// One part in so many of all threads' time is earned as credit.
const CREDIT_PART: i64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn shares() -> Shares {
        Shares::new(Memory::new(1_000), 400, 2)
    }

    #[test]
    fn the_connections_of_a_token_have_one_share() {
        let shares = shares();
        let (shop, desk) = (Code::new("shop").unwrap(), Code::new("desk").unwrap());
        let (one, two, other) = (shares.of(&shop), shares.of(&shop), shares.of(&desk));
        assert!(Arc::ptr_eq(&one, &two) && !Arc::ptr_eq(&one, &other));
        drop((one, two));
        let _again = shares.of(&Code::new("dock").unwrap());
        assert_eq!(shares.all.lock().len(), 2, "who is gone and owes nothing is forgotten");
    }

    #[test]
    fn what_a_caller_owes_is_not_forgotten_with_its_last_connection() {
        let shares = shares();
        let (shop, desk) = (Code::new("shop").unwrap(), Code::new("desk").unwrap());
        let now = Instant::now();
        let gone = shares.of(&shop);
        gone.spend(Duration::from_millis(510));
        drop(gone);
        // Somebody else comes in between, which is when callers are forgotten.
        drop(shares.of(&desk));
        let again = shares.of(&shop);
        assert!(!again.has_credit(now + Duration::from_millis(300)), "it owes what it owed");
        assert!(again.has_credit(now + Duration::from_millis(600)), "and earns it back meanwhile");
        drop(again);
        forget(&mut shares.all.lock(), now + Duration::from_secs(2));
        assert!(shares.all.lock().is_empty(), "then it is forgotten");
    }

    #[test]
    fn callers_that_are_gone_are_remembered_in_a_bounded_number() {
        let shares = shares();
        let named = |n: usize| Code::new(&format!("token-{n}")).unwrap();
        let now = Instant::now();
        let all: Vec<Arc<Share>> = (0..GONE_MAX + 500).map(|n| shares.of(&named(n))).collect();
        for (n, share) in all.iter().enumerate() {
            share.spend(Duration::from_millis(if n == 7 { 900 } else { 600 }));
        }
        let staying = all[8].clone();
        drop(all);
        forget(&mut shares.all.lock(), now);
        let all = shares.all.lock();
        assert_eq!(all.len(), GONE_MAX, "the caller that is about to come in has a place");
        assert!(all.contains_key(&named(7)), "who owes the most is remembered");
        assert!(all.contains_key(&staying.name), "who is there stays");
    }

    #[test]
    fn one_token_cannot_take_all_the_memory() {
        let shares = shares();
        let (greedy, modest) = (shares.of(&Code::new("a").unwrap()), shares.of(&Code::new("b").unwrap()));
        let connections: Vec<Memory> = (0..10).map(|_| greedy.memory.below(1_000)).collect();
        let mut held: Vec<_> = connections.iter().map(|connection| connection.received.open()).collect();
        let granted: usize = held.iter_mut().map(|holding| usize::from(holding.try_reach(50))).sum();
        assert_eq!(granted * 50, 200, "a token has 400 bytes, half of them each way");
        assert!(modest.memory.received.open().try_reach(200));
        let mut answers = connections[0].answers.open();
        answers.set(200);
        assert!(!connections[1].answers.has_room(), "not even to a connection that holds nothing");
        assert!(modest.memory.below(1_000).answers.has_room());
    }

    #[tokio::test]
    async fn who_has_used_its_credit_waits_for_a_turn_and_earns_it_again() {
        let shares = shares();
        let share = shares.of(&Code::new("a").unwrap());
        let now = Instant::now();
        assert!(share.has_credit(now));
        share.spend(Duration::from_millis(20));
        assert!(!share.has_credit(now));
        assert!(share.slice().await.turn.is_some());
        assert!(share.has_credit(now + Duration::from_millis(15)), "half of two threads' time");
        assert!(shares.of(&Code::new("b").unwrap()).slice().await.turn.is_none(), "another caller has its own");
    }

    #[test]
    fn a_decision_that_took_long_is_paid_for_in_proportion_up_to_a_second() {
        let shares = shares();
        let share = shares.of(&Code::new("a").unwrap());
        let now = Instant::now();
        let owes_for = |ms| !share.has_credit(now + Duration::from_millis(ms));
        assert!(share.has_credit(now));
        share.spend(Duration::from_millis(510));
        assert!(owes_for(480) && !owes_for(520), "half a second for half a second");
        share.spend(Duration::from_secs(60));
        assert!(owes_for(520 + 980) && !owes_for(520 + 1_020), "a pause for good helps nobody");
    }
}
