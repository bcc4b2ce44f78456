//! Watches over a run: ends it in time, and tells how far it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use stockade_core::engine::Engine;

use super::caller::Pace;
use super::report::{Lived, Lives};
use crate::load::Load;
use crate::load::memory::{Footprint, resident};
use crate::load::report::cpu_time;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// A run that was begun.
pub(super) struct Watch<'a> {
    load: &'a Load,
    pace: Arc<Pace>,
    /// The engine, when it is in this process.
    engine: Option<Arc<Engine>>,
    began: Instant,
    cpu: Duration,
}

impl<'a> Watch<'a> {
    /// Begins to watch.
    pub(super) fn new(load: &'a Load, pace: &Arc<Pace>, engine: Option<Arc<Engine>>) -> Watch<'a> {
        Watch { load, pace: Arc::clone(pace), engine, began: Instant::now(), cpu: cpu_time() }
    }

    /// Watches until everybody has ended.
    pub(super) fn until(&self, has_ended: impl Fn() -> bool) {
        let every = self.load.every.map(Duration::from_secs_f64);
        let (mut told, mut lives) = (Instant::now(), 0);
        while !has_ended() {
            thread::sleep(LOOK);
            if self.load.lives.is_none() && self.began.elapsed() >= self.load.measured() {
                self.pace.over.store(true, Ordering::Relaxed);
            }
            if let Some(every) = every.filter(|every| told.elapsed() >= *every) {
                let ended = self.pace.ended.load(Ordering::Relaxed);
                let rate = (ended - lives) as f64 / told.elapsed().as_secs_f64();
                (told, lives) = (told + every, ended);
                self.tell(ended, rate);
            }
        }
    }

    /// The report of all callers.
    pub(super) fn report(&self, all: impl IntoIterator<Item = Lived>) -> Lives {
        let (elapsed, cpu) = (self.began.elapsed(), cpu_time() - self.cpu);
        let mut lived = Lived::default();
        all.into_iter().for_each(|one| lived.add(&one));
        let memory = self.engine.as_ref().filter(|_| self.load.memory).map(|engine| Footprint::of(engine));
        Lives { lived, elapsed, cpu, memory }
    }

    fn tell(&self, lives: u64, rate: f64) {
        let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
        let seconds = self.began.elapsed().as_secs_f64();
        let rooms = self.engine.as_ref().map_or(String::new(), |engine| {
            let rooms = engine.memory();
            let told = rooms.iter().filter(|(_, bytes)| mib(*bytes) >= 0.05);
            let told: Vec<_> = told.map(|(room, bytes)| format!("{} {:.1}", room.name(), mib(bytes))).collect();
            format!(", MiB in rooms: {}", told.join(", "))
        });
        let resident = mib(resident());
        eprintln!("{seconds:>7.1} s {lives:>11} lives {rate:>9.0} lives/s, resident {resident:.1} MiB{rooms}");
    }
}
