//! The load in process: threads that call the engine directly.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stockade_core::Actor;
use stockade_core::command::{Command, Request};
use stockade_core::ids::Code;
use stockade_core::time::Time;

use super::home::Home;
use super::memory::Footprint;
use super::options::Load;
use super::report::{Report, Tally, cpu_time};
use super::world::Orders;

const WARMING: u8 = 0;
const MEASURING: u8 = 1;
const OVER: u8 = 2;

pub(super) fn run(load: &Load) -> Result<Report, String> {
    let home = Home::open(load, now())?;
    let orders = Orders::new(load, 0);
    let (phase, start) = (AtomicU8::new(WARMING), Barrier::new(load.threads() + 1));
    let (tallies, elapsed, cpu) = thread::scope(|scope| {
        let threads: Vec<_> = (0..load.threads())
            .map(|number| {
                let orders = orders.of_caller(load, number, 0);
                let (home, phase, start) = (&home, &phase, &start);
                scope.spawn(move || {
                    start.wait();
                    place(home, phase, orders)
                })
            })
            .collect();
        start.wait();
        thread::sleep(load.warm_up());
        let (began, cpu) = (Instant::now(), cpu_time());
        phase.store(MEASURING, Ordering::Relaxed);
        thread::sleep(load.measured());
        phase.store(OVER, Ordering::Relaxed);
        let (elapsed, cpu) = (began.elapsed(), cpu_time() - cpu);
        let tallies: Result<Vec<Tally>, String> =
            threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())).collect();
        (tallies, elapsed, cpu)
    });
    let memory = load.memory.then(|| Footprint::of(&home.engine));
    home.close()?;
    Ok(Report::of(tallies?, elapsed, cpu).with(memory))
}

fn place(home: &Home, phase: &AtomicU8, mut orders: Orders) -> Tally {
    let actor = Actor::Named(Code::new("load").expect("a word is a code"));
    let mut tally = Tally::new();
    loop {
        let request = Request { key: None, occurred: None, command: Command::Place(orders.next()) };
        let began = Instant::now();
        let outcome = home.engine.execute(&request, &actor, now());
        let took = began.elapsed();
        match phase.load(Ordering::Relaxed) {
            WARMING => {}
            MEASURING => tally.add(outcome.result.is_ok(), took),
            _ => return tally,
        }
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}
