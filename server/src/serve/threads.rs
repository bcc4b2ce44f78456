//! The threads and tasks that work next to the service, and whether each still works.

use std::sync::Arc;
use std::time::Duration;

use stockade_core::engine::Engine;
use tokio::task::AbortHandle;

use crate::journal::Safety;
use crate::quality::Sampler;
use crate::service::{Pulse, Service, Worker};

/// How often admission follows what is known of Redis.
const GUARD_EVERY: Duration = Duration::from_millis(250);

/// The threads that work next to the service. Each ends when it is dropped.
pub(super) struct Workers {
    pub(super) expiry: Worker,
    pub(super) reactions: Worker,
    /// Prices grow old without it, and orders are decided nevertheless.
    pub(super) _training: Worker,
    /// Only measures.
    pub(super) _sampler: Option<Sampler>,
}

/// What the server must not be without: the parts of [`Workers`] that orders depend on, and the tasks that let callers in.
pub(super) struct Vital {
    threads: Vec<(Pulse, &'static str)>,
    tasks: Vec<(AbortHandle, &'static str)>,
}

impl Workers {
    /// From now on the engine halts when one of these threads ends by a panic; the process ends by that, with the reason.
    pub(super) fn halt_when_broken(&self, engine: &Arc<Engine>) {
        for (pulse, without) in self.pulses() {
            let (engine, name) = (Arc::clone(engine), pulse.name());
            pulse.on_death(move |died| engine.log().halt(ended(name, died, without)));
        }
    }

    /// The threads among them that orders depend on.
    pub(super) fn vital(&self) -> Vital {
        Vital { threads: self.pulses().into(), tasks: Vec::new() }
    }

    fn pulses(&self) -> [(Pulse, &'static str); 2] {
        [
            (self.expiry.pulse(), "unpaid orders do not expire, and their stock stays held"),
            (self.reactions.pulse(), "goods that arrive are not handed over to the orders that wait for them"),
        ]
    }
}

impl Vital {
    /// Adds a task that ends only with the server.
    pub(super) fn with_task(mut self, task: AbortHandle, without: &'static str) -> Vital {
        self.tasks.push((task, without));
        self
    }

    /// One sentence for each part that ended by itself: what, why, and what does not happen without it.
    pub(super) fn failures(&self) -> Vec<String> {
        let thread = |(pulse, without): &(Pulse, &str)| Some(ended(pulse.name(), pulse.died()?, without));
        let tasks = self.tasks.iter().filter(|(task, _)| task.is_finished());
        let tasks = tasks.map(|(_, without)| format!("a task of the server ended: {without}; restart the server"));
        self.threads.iter().filter_map(thread).chain(tasks).collect()
    }
}

/// Closes admission while Redis is unfit to keep history.
pub(super) async fn guard(safety: Arc<Safety>, service: Arc<Service>) {
    let mut tick = tokio::time::interval(GUARD_EVERY);
    loop {
        tick.tick().await;
        service.admission().set(safety.unfit());
    }
}

fn ended(name: &str, died: &str, without: &str) -> String {
    format!("the thread {name} ended by a panic ({died}): {without}; restart the server")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use stockade_core::time::Time;

    use super::*;
    use crate::clock::Clock;
    use crate::service::{start_expiry, start_reactions};

    #[test]
    fn a_vital_thread_that_panics_halts_the_engine() {
        let (engine, clock) = (Arc::new(Engine::new()), Arc::new(Clock::system(Time(0))));
        let expiry = Worker::start("expiry", || panic!("deadlines are upside down")).unwrap();
        let reactions = start_reactions(Arc::clone(&engine), clock).unwrap();
        let training = Worker::start("prices", || Duration::from_millis(1)).unwrap();
        let workers = Workers { expiry, reactions, _training: training, _sampler: None };
        workers.halt_when_broken(&engine);
        let begun = Instant::now();
        while engine.log().halted().is_none() && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let reason = engine.log().halted().expect("halted");
        assert!(
            reason.starts_with("the thread expiry ended by a panic (deadlines are upside down): unpaid"),
            "{reason}"
        );
    }

    #[tokio::test]
    async fn what_ended_by_itself_is_told_with_what_it_means() {
        let (engine, clock) = (Arc::new(Engine::new()), Arc::new(Clock::system(Time(0))));
        let expiry = start_expiry(engine.clone(), clock.clone()).unwrap();
        let reactions = start_reactions(engine, clock).unwrap();
        let task = tokio::spawn(std::future::pending::<()>());
        let vital = Vital { threads: vec![(expiry.pulse(), "a"), (reactions.pulse(), "b")], tasks: Vec::new() };
        let vital = vital.with_task(task.abort_handle(), "nobody is let in");
        assert_eq!(vital.failures(), [""; 0]);
        task.abort();
        let begun = Instant::now();
        while vital.failures().is_empty() && begun.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(vital.failures(), ["a task of the server ended: nobody is let in; restart the server"]);
        drop((expiry, reactions));
        assert_eq!(vital.failures().len(), 1, "an orderly end is none by itself");
    }
}
