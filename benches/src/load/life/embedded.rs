//! Lives in process: threads that call the engine directly.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use stockade_core::Actor;
use stockade_core::command::Request;
use stockade_core::engine::Engine;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::Time;
use stockade_server::clock::Clock;
use stockade_server::service::start_expiry;

use super::caller::{Caller, Pace, Todo};
use super::report::{Lived, Lives};
use super::watch::Watch;
use crate::load::Load;
use crate::load::home::Home;
use crate::load::world::{Orders, code};

/// How long a caller rests when none of its lives can go on.
const REST: Duration = Duration::from_millis(1);

pub(super) fn run(load: &Load) -> Result<Lives, String> {
    let clock = Arc::new(Clock::system(Time(0)));
    let home = Home::open(load, clock.now())?;
    let expiry = start_expiry(home.engine.clone(), Arc::clone(&clock))
        .map_err(|error| format!("the expiry thread cannot be started: {error}"))?;
    let (orders, pace) = (Orders::new(load, 0), Arc::new(Pace::new(load.lives)));
    let watch = Watch::new(load, &pace, Some(Arc::clone(&home.engine)));
    let lived: Result<Vec<Lived>, String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..load.callers())
            .map(|number| {
                let caller = Caller::new(load, &orders, (number, 0), &pace);
                let (engine, clock) = (&home.engine, &clock);
                scope.spawn(move || lead(engine, clock, caller))
            })
            .collect();
        watch.until(|| threads.iter().all(thread::ScopedJoinHandle::is_finished));
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?).collect()
    });
    let report = watch.report(lived?);
    drop(expiry);
    home.close()?;
    Ok(report)
}

/// Leads all lives of a caller.
fn lead(engine: &Engine, clock: &Clock, mut caller: Caller) -> Result<Lived, String> {
    let actor = Actor::Named(code("load"));
    loop {
        let answer = match caller.next(clock.now()) {
            Todo::Tell(request) => told(engine, clock, &actor, &request),
            Todo::Ask(query) => engine.query(&query, clock.now()).result,
            Todo::Rest => {
                thread::sleep(REST);
                continue;
            }
            Todo::Over => return Ok(caller.lived),
        };
        caller.heard(answer, clock.now())?;
    }
}

/// Sends a command, again while the journal is too far behind.
fn told(engine: &Engine, clock: &Clock, actor: &Actor, request: &Request) -> Result<Reply, Reject> {
    loop {
        let result = engine.execute(request, actor, clock.now()).result;
        let Err(Reject::Overloaded { retry_after }) = &result else { return result };
        thread::sleep(Duration::from_micros(retry_after.0.0));
    }
}
