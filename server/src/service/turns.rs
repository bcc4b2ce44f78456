//! Turns at something scarce, shared fairly between callers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use stockade_core::ids::Code;
use tokio::sync::oneshot;

/// A number of places, and callers that wait for one. A free place goes to the caller that has used the least time so
/// far, whatever number of its requests waits; those of one caller follow each other in the order in which they came.
#[derive(Debug)]
pub struct Turns {
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    free: usize,
    /// Time used, in microseconds, of the caller that had the last turn. Who comes after a pause begins here, so that a
    /// pause saves nothing up.
    level: u64,
    callers: BTreeMap<Code, Line>,
}

/// One caller's requests that wait.
#[derive(Debug, Default)]
struct Line {
    /// Microseconds.
    used: u64,
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

/// A place. Given to the next one when dropped, and its time charged to the caller.
#[derive(Debug)]
pub struct Turn {
    turns: Arc<Turns>,
    caller: Code,
    began: Instant,
    /// Cleared when nobody takes it.
    is_live: bool,
}

impl Turns {
    /// This many places, at least one.
    pub fn new(places: usize) -> Arc<Turns> {
        let inside = Inside { free: places.max(1), level: 0, callers: BTreeMap::new() };
        Arc::new(Turns { inside: Mutex::new(inside) })
    }

    /// Waits for a place. One that is dropped while it waits leaves the line.
    pub async fn enter(self: &Arc<Turns>, caller: &Code) -> Turn {
        let waiting = {
            let mut inside = self.inside.lock();
            if inside.free > 0 {
                inside.free -= 1;
                return self.turn(caller.clone());
            }
            let level = inside.level;
            let line = inside.callers.entry(caller.clone()).or_default();
            if line.waiting.is_empty() {
                line.used = line.used.max(level);
            }
            let (sender, waiting) = oneshot::channel();
            line.waiting.push_back(sender);
            waiting
        };
        match waiting.await {
            Ok(turn) => turn,
            // Every sender is used before it is dropped, unless all turns end.
            Err(_) => std::future::pending().await,
        }
    }

    /// How many requests of all callers wait.
    pub fn waiting(&self) -> usize {
        self.inside.lock().callers.values().map(|line| line.waiting.len()).sum()
    }

    fn turn(self: &Arc<Turns>, caller: Code) -> Turn {
        Turn { turns: Arc::clone(self), caller, began: Instant::now(), is_live: true }
    }

    fn give_back(self: &Arc<Turns>, caller: &Code, micros: u64) {
        let mut inside = self.inside.lock();
        let level = inside.level;
        let line = inside.callers.entry(caller.clone()).or_default();
        line.used = line.used.max(level) + micros.max(1);
        loop {
            let next = inside.callers.iter_mut().filter(|(_, line)| !line.waiting.is_empty());
            let Some((name, line)) = next.min_by_key(|(_, line)| line.used) else { break };
            let (name, used) = (name.clone(), line.used);
            let Some(sender) = line.waiting.pop_front() else { break };
            inside.level = inside.level.max(used);
            match sender.send(self.turn(name)) {
                Ok(()) => return,
                Err(mut nobody) => nobody.is_live = false,
            }
        }
        inside.free += 1;
        // Nobody waits: who comes next begins where all others do.
        inside.callers.clear();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_live {
            let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.turns.give_back(&self.caller, micros);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    #[tokio::test]
    async fn a_caller_with_many_requests_does_not_delay_one_with_few() {
        let turns = Turns::new(1);
        let held = turns.enter(&code("greedy")).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut all = tokio::task::JoinSet::new();
        for n in 0..101 {
            let (turns, order) = (Arc::clone(&turns), Arc::clone(&order));
            let caller = code(if n < 100 { "greedy" } else { "modest" });
            all.spawn(async move {
                let turn = turns.enter(&caller).await;
                order.lock().push(caller);
                // Long enough to be charged.
                std::thread::sleep(Duration::from_micros(50));
                drop(turn);
            });
            tokio::task::yield_now().await;
        }
        assert_eq!(turns.waiting(), 101);
        drop(held);
        while all.join_next().await.is_some() {}
        let order = order.lock();
        let place = order.iter().position(|caller| *caller == code("modest")).unwrap();
        assert!(place <= 2, "after {place} of 100 others");
        assert_eq!(order.len(), 101);
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_its_place_to_the_next() {
        let turns = Turns::new(2);
        let (first, second) = (turns.enter(&code("a")).await, turns.enter(&code("b")).await);
        let brief = Duration::from_millis(5);
        assert!(tokio::time::timeout(brief, turns.enter(&code("a"))).await.is_err());
        let patient = code("b");
        let mut given = Box::pin(turns.enter(&patient));
        assert!(tokio::time::timeout(brief, &mut given).await.is_err());
        drop(first);
        // It was given its place, and is gone before it takes it.
        drop(given);
        let third = tokio::time::timeout(brief, turns.enter(&code("c"))).await.unwrap();
        drop((second, third));
        assert_eq!(turns.waiting(), 0);
        let _both = (turns.enter(&code("a")).await, turns.enter(&code("a")).await);
    }
}
