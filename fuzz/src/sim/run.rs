//! One engine, one model, one sequence of commands.

use std::sync::Arc;
use std::time::Duration;

use stockade_core::Actor;
use stockade_core::command::{Command, Request};
use stockade_core::engine::Engine;
use stockade_core::event::{Envelope, Event};
use stockade_core::ids::{Code, OrderId, Seq};
use stockade_core::query::Query;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::Span;

use super::history::{read, recovered};
use super::options::Options;
use super::rng::Rng;
use super::tally::Tally;
use super::workload::{Workload, code};
use crate::model::{Answers, Exchange, Model, own, receipt};

/// Steps between two times at which holds get time.
const GRACE_EVERY: u64 = 97;

/// A run under way.
pub struct Simulation {
    options: Options,
    engine: Engine,
    model: Model,
    answers: Answers,
    workload: Workload,
    history: Vec<Arc<[u8]>>,
    actors: [Code; 2],
    done: Done,
    /// The outcomes so far.
    pub tally: Tally,
}

/// What looks at all state costs more the longer a run is. So it happens after this share of all steps so far, at the
/// latest: the whole run costs a few looks at its last state.
const CHECK_SHARE: u64 = 64;
const COMPARE_SHARE: u64 = 16;
const RECOVER_SHARE: u64 = 4;

/// What was looked at last.
#[derive(Default)]
struct Done {
    /// Steps at which the engine checked itself, all state was compared, and an engine was recovered.
    checked: u64,
    compared: u64,
    recovered: u64,
    /// The last event at which something was compared.
    seen: Seq,
    /// The next order to be compared though no event touched it.
    next: OrderId,
}

impl Done {
    /// Whether a look at all state is due, and is noted as done.
    fn is_due(last: &mut u64, step: u64, every: u64, share: u64) -> bool {
        let due = step - *last >= every.max(step / share);
        if due {
            *last = step;
        }
        due
    }
}

/// Runs the choices on a tape, checking everything after every command.
///
/// # Errors
/// Says at which step what went wrong.
pub fn run_tape(tape: &[u8]) -> Result<Tally, String> {
    let options = Options { compare_every: 4, ..Options::thorough(0, 200) };
    let mut simulation = Simulation::new(options, Rng::on_tape(tape));
    simulation.play().map_err(|(step, e)| format!("step {step}: {e}"))?;
    Ok(simulation.tally)
}

impl Simulation {
    /// An empty engine and an empty model.
    pub fn new(options: Options, rng: Rng) -> Simulation {
        let mut workload = Workload::new(rng);
        workload.crowd_every = options.crowd_every;
        Simulation {
            options,
            engine: Engine::new(),
            model: Model::new(),
            answers: Answers::default(),
            workload,
            history: Vec::new(),
            actors: [code("simulator"), code("other-simulator")],
            done: Done::default(),
            tally: Tally::default(),
        }
    }

    /// Plays the whole run.
    ///
    /// # Errors
    /// The step and what went wrong in it.
    pub fn play(&mut self) -> Result<(), (u64, String)> {
        for request in self.workload.opening() {
            self.send(&request).map_err(|e| (0, format!("{e}\n  request: {request:?}")))?;
        }
        for step in 1..=self.options.steps {
            let Some(request) = self.workload.next(&self.model) else { break };
            let now = self.workload.now;
            if self.engine.learn_prices(now).is_some_and(|learned| learned.priced > 0) {
                self.tally.add("prices       learned");
            }
            self.grace(step).map_err(|e| (step, format!("grace at {now}: {e}")))?;
            self.expire().map_err(|e| (step, format!("expiry at {now}: {e}")))?;
            self.send(&request).map_err(|e| (step, format!("{e}\n  at {now} request: {request:?}")))?;
            self.inspect(step).map_err(|e| (step, format!("{e}\n  after {request:?}")))?;
        }
        self.compare().and_then(|()| self.recover()).map_err(|e| (self.options.steps, e))
    }

    /// Sends one command and judges its answer and its events.
    ///
    /// # Errors
    /// When engine and model disagree.
    pub fn send(&mut self, request: &Request) -> Result<(), String> {
        let now = self.workload.now;
        let before = self.model.clone();
        let mut quoted = None;
        if let Command::Place(place) = &request.command {
            quoted = Some(self.engine.query(&Query::Quote(stockade_core::query::Quote(place.clone())), now).result);
        }
        // Now and then somebody else sends what may be a repeat, under the same key.
        let actor = self.actors[usize::from(self.history.len() % 4 == 3)].clone();
        let answered = self.engine.execute(request, &Actor::Named(actor.clone()), now);
        self.engine.react(now, usize::MAX);
        let events = self.take_events()?;
        if let Some(reason) = self.engine.log().halted() {
            return Err(format!("the engine halted: {reason}"));
        }
        let event = is_first(&answered.result).then(|| own(&events).last()).flatten();
        self.tally.command(&request.command, &answered.result, event.map(|(_, envelope)| &envelope.event));
        let after = self.after_own(&before, &events)?;
        let (before, after, answered, events) = (&before, &after, &answered, &events);
        let exchange = Exchange { before, after, request, actor: &actor, now, answered, events };
        self.answers.check(&exchange)?;
        let due = &events[own(events).len()..];
        if due.iter().any(|(_, envelope)| matches!(envelope.event, Event::InboundChanged(_))) {
            self.tally.add("engine       handed over");
        }
        if due.iter().any(|(_, envelope)| matches!(envelope.event, Event::StockMoved(_))) {
            self.tally.add("engine       made up for short units");
        }
        if let Some(cell) = self.model.due_cells().first() {
            return Err(format!("units of {cell:?} are due to promises, and were not handed over"));
        }
        if let Some(cell) = self.model.short_and_free().first() {
            return Err(format!("units of {cell:?} are free and short: they do not make up for each other"));
        }
        quoted.map_or(Ok(()), |quoted| as_quoted(&quoted, &answered.result))
    }

    /// The state a command left, before what became due by it was handed over.
    fn after_own(&self, before: &Model, events: &[(Seq, Envelope)]) -> Result<Model, String> {
        if own(events).len() == events.len() {
            return Ok(self.model.clone());
        }
        let mut after = before.clone();
        own(events).iter().try_for_each(|(seq, envelope)| after.replay(*seq, envelope))?;
        Ok(after)
    }

    /// The batches of the history so far.
    pub fn history(&self) -> &[Arc<[u8]>] {
        &self.history
    }

    /// Lets the timer of the engine fire, sometimes late, sometimes not at all.
    fn expire(&mut self) -> Result<(), String> {
        if self.workload.rng.percent(40) {
            return Ok(());
        }
        let most = self.workload.rng.within(1, 8) as usize;
        let due = self.model.due(self.workload.now);
        let hint = self.engine.next_deadline();
        if let Some(at) = self.model.next_deadline()
            && hint.is_none_or(|hint| hint > at)
        {
            return Err(format!("the engine would wake at {hint:?}, a hold ends at {at}"));
        }
        let count = self.engine.expire_due(self.workload.now, most).len();
        self.engine.react(self.workload.now, usize::MAX);
        let events = self.take_events()?;
        let expired =
            |envelope: &Envelope| if let Event::OrderExpired(e) = &envelope.event { Some(e.order) } else { None };
        let in_order: Vec<_> = events.iter().filter_map(|(_, envelope)| expired(envelope)).collect();
        if in_order != due[..due.len().min(most)] || count != in_order.len() {
            return Err(format!("{count} of {due:?} should expire (at most {most}), {in_order:?} did"));
        }
        if !in_order.is_empty() {
            self.tally.add("timer        expired");
        }
        Ok(())
    }

    /// Gives time to the holds that end soon, as a server does after an outage. Rarely.
    fn grace(&mut self, step: u64) -> Result<(), String> {
        if !step.is_multiple_of(GRACE_EVERY) {
            return Ok(());
        }
        let now = self.workload.now;
        let until = now + Span::from_mins(1 + step % 60);
        let mut ending = self.model.ending(now, until);
        let extended = self.engine.extend_due(now, until);
        let events = self.take_events()?;
        let given = events.iter().map(|(_, envelope)| {
            let Event::HoldExtended(e) = &envelope.event else {
                return Err(format!("{} gives no time", envelope.event.name()));
            };
            if e.until == until { Ok(e.order) } else { Err(format!("time until {}", e.until)) }
        });
        let mut given = given.collect::<Result<Vec<_>, _>>()?;
        ending.sort_unstable();
        given.sort_unstable();
        if given != ending || extended.holds != given.len() || extended.more {
            return Err(format!("{ending:?} should get time until {until}, {given:?} did: {extended:?}"));
        }
        if !given.is_empty() {
            self.tally.add("timer        gave time");
        }
        Ok(())
    }

    /// The checks that are due after a step.
    fn inspect(&mut self, step: u64) -> Result<(), String> {
        let Options { check_every, compare_every, recover_every, .. } = self.options;
        if Done::is_due(&mut self.done.checked, step, check_every, CHECK_SHARE) {
            self.engine.check().map_err(|wrong| format!("the engine's check: {}", wrong.join("; ")))?;
        }
        if Done::is_due(&mut self.done.compared, step, compare_every, COMPARE_SHARE) {
            self.compare()?;
        } else if step.is_multiple_of(compare_every) {
            let (now, since) = (self.workload.now, self.done.seen);
            self.model.compare_since(&self.engine, (since, &mut self.done.next), now)?;
            self.done.seen = self.model.seq;
        }
        if Done::is_due(&mut self.done.recovered, step, recover_every, RECOVER_SHARE) {
            self.recover()?;
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), String> {
        let asked = self.model.compare_all(&self.engine, &self.history, self.workload.now)?;
        self.tally.asked.extend(asked);
        self.done.seen = self.model.seq;
        Ok(())
    }

    /// A second engine, given the history from its bytes, must be the same as the first.
    fn recover(&mut self) -> Result<(), String> {
        let second = recovered(&self.history)?;
        second.check().map_err(|wrong| format!("the recovered engine's check: {}", wrong.join("; ")))?;
        if second.digest() != self.engine.digest() {
            return Err("the recovered engine has another digest".to_owned());
        }
        self.model.compare_all(&second, &self.history, self.workload.now)?;
        if self.workload.rng.percent(50) {
            self.engine = second;
        }
        Ok(())
    }

    /// Drains the log and replays its events on the model.
    fn take_events(&mut self) -> Result<Vec<(Seq, Envelope)>, String> {
        let mut events = Vec::new();
        while let Some(batch) = self.engine.log().next_batch(Duration::ZERO) {
            for (seq, envelope) in read(&batch.bytes)? {
                self.model.replay(seq, &envelope)?;
                self.tally.event(&envelope.event);
                events.push((seq, envelope));
            }
            self.engine.log().journaled(batch.last);
            self.history.push(batch.bytes);
        }
        Ok(events)
    }
}

/// Whether an answer speaks of an event for the first time.
fn is_first(answer: &Result<Reply, Reject>) -> bool {
    let mut reply = answer.clone();
    reply.as_mut().is_ok_and(|reply| receipt(reply).is_some_and(|(_, replayed)| !*replayed))
}

/// An order is placed or refused as it was quoted right before.
fn as_quoted(quoted: &Result<Reply, Reject>, placed: &Result<Reply, Reject>) -> Result<(), String> {
    let agree = match placed {
        Ok(reply) => {
            let Reply::Placed(placed) = reply else { return Err(format!("an order is answered by {reply:?}")) };
            placed.replayed || matches!(quoted, Ok(Reply::Quoted(plan)) if **plan == placed.plan)
        }
        Err(reject) => matches!(reject, Reject::Conflict { .. }) || quoted.as_ref().is_err_and(|q| q == reject),
    };
    if agree { Ok(()) } else { Err(format!("quoted as {quoted:?}, then {placed:?}")) }
}
