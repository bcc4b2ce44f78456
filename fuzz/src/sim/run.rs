//! One engine, one model, one line of commands.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use stockade_core::command::{Command, Query, Request};
use stockade_core::engine::Engine;
use stockade_core::event::{Actor, Envelope};
use stockade_core::ids::Seq;
use stockade_core::log::Batch;
use stockade_core::reject::Reject;
use stockade_core::reply::{Reply, SubKind};
use stockade_core::wire::codec::decode_envelope;

use super::options::Options;
use super::rng::Rng;
use super::threads::run_threads;
use super::workload::Workload;
use crate::model::{Answers, Exchange, Model, own};

/// How often what came of it.
#[derive(Clone, Debug, Default)]
pub struct Tally(pub BTreeMap<String, u64>);

impl Tally {
    /// Counts one.
    pub fn add(&mut self, what: &str) {
        *self.0.entry(what.to_owned()).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, n)| writeln!(f, "{n:>9}  {what}"))
    }
}

/// A run under way.
pub struct Simulation {
    options: Options,
    engine: Engine,
    model: Model,
    answers: Answers,
    workload: Workload,
    history: Vec<Arc<[u8]>>,
    actor: Actor,
    /// What came of the commands so far.
    pub tally: Tally,
}

/// Runs a simulation to its end.
///
/// # Errors
/// Says at which step what went wrong, and how to see it again.
pub fn run(options: Options) -> Result<Tally, String> {
    if options.threads > 1 {
        return run_threads(options);
    }
    let mut simulation = Simulation::new(options, Rng::new(options.seed));
    simulation.play().map_err(|(step, e)| format!("step {step} of `sim {options}`: {e}"))?;
    Ok(simulation.tally)
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
        Simulation {
            options,
            engine: Engine::new(),
            model: Model::new(),
            answers: Answers::default(),
            workload: Workload::new(rng),
            history: Vec::new(),
            actor: Actor::Named(super::workload::code("simulator")),
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
            self.expire().map_err(|e| (step, format!("expiry at {now}: {e}")))?;
            self.send(&request).map_err(|e| (step, format!("{e}\n  at {now} request: {request:?}")))?;
            self.inspect(step).map_err(|e| (step, format!("{e}\n  after {request:?}")))?;
        }
        self.compare().and_then(|()| self.recover()).map_err(|e| (self.options.steps, e))
    }

    /// Sends one command and judges all that comes of it.
    ///
    /// # Errors
    /// When engine and model disagree.
    pub fn send(&mut self, request: &Request) -> Result<(), String> {
        let now = self.workload.now;
        let before = self.model.clone();
        let quoted = match &request.command {
            Command::Place(place) => Some(self.engine.query(&Query::Quote(place.clone()), now).result),
            _ => None,
        };
        let answered = self.engine.execute(request, &self.actor, now);
        let events = self.take_events()?;
        if let Some(reason) = self.engine.log().halted() {
            return Err(format!("the engine halted: {reason}"));
        }
        self.tally.add(&format!("{:<12} {}", kind(&request.command), came_to(&answered.result)));
        let after = self.after_own(&before, &events)?;
        let exchange = Exchange { before: &before, after: &after, request, now, answered: &answered, events: &events };
        self.answers.check(&exchange)?;
        if own(&events).len() < events.len() {
            self.tally.add("engine       handed over");
        }
        if let Some(cell) = self.model.due_cells().first() {
            return Err(format!("units of {cell:?} are due to promises, and were not handed over"));
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
        let expired = self.engine.expire_due(self.workload.now, most).len();
        let events = self.take_events()?;
        let in_order: Vec<_> = events.iter().filter_map(|(_, e)| crate::model::order_of(&e.event)).collect();
        if in_order != due[..due.len().min(most)] || expired != in_order.len() {
            return Err(format!("{expired} of {due:?} should expire (at most {most}), {in_order:?} did"));
        }
        if !in_order.is_empty() {
            self.tally.add("timer        expired");
        }
        Ok(())
    }

    /// The checks that are due after a step.
    fn inspect(&mut self, step: u64) -> Result<(), String> {
        if step.is_multiple_of(self.options.check_every) {
            self.engine.check().map_err(|wrong| format!("the engine's check: {}", wrong.join("; ")))?;
        }
        if step.is_multiple_of(self.options.compare_every) {
            self.compare()?;
        }
        if step.is_multiple_of(self.options.recover_every) {
            self.recover()?;
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), String> {
        self.model.compare(&self.engine, self.workload.now)
    }

    /// A second engine, given the history from its bytes, must be the same as the first.
    fn recover(&mut self) -> Result<(), String> {
        let second = recovered(&self.history)?;
        second.check().map_err(|wrong| format!("the recovered engine's check: {}", wrong.join("; ")))?;
        if second.digest() != self.engine.digest() {
            return Err("the recovered engine has another digest".to_owned());
        }
        self.model.compare(&second, self.workload.now)?;
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
                events.push((seq, envelope));
            }
            self.engine.log().journaled(batch.last);
            self.history.push(batch.bytes);
        }
        Ok(events)
    }
}

/// An order is placed or refused as it was quoted right before.
fn as_quoted(quoted: &Result<Reply, Reject>, placed: &Result<Reply, Reject>) -> Result<(), String> {
    let agree = match (quoted, placed) {
        (_, Ok(Reply::Placed(placed))) if placed.replayed => true,
        (_, Err(Reject::Conflict { .. })) => true,
        (Ok(Reply::Quoted(plan)), Ok(Reply::Placed(placed))) => **plan == placed.plan,
        (Err(quoted), Err(placed)) => quoted == placed,
        _ => false,
    };
    if agree { Ok(()) } else { Err(format!("quoted as {quoted:?}, then {placed:?}")) }
}

/// An engine recovered from batches.
///
/// # Errors
/// When it refuses an event.
pub fn recovered(history: &[Arc<[u8]>]) -> Result<Engine, String> {
    let engine = Engine::new();
    let mut end = None;
    for bytes in history {
        for (seq, envelope) in read(bytes)? {
            engine.recover(seq, &envelope).map_err(|e| format!("recovery of event {seq}: {e}"))?;
        }
        let batch = Batch::decode(bytes).map_err(|e| e.to_string())?;
        end = Some((batch.last, batch.chain));
    }
    if let Some((last, chain)) = end {
        engine.log().resume(last, chain);
    }
    Ok(engine)
}

/// The events in a batch.
pub fn read(bytes: &[u8]) -> Result<Vec<(Seq, Envelope)>, String> {
    let batch = Batch::decode(bytes).map_err(|e| format!("a batch does not decode: {e}"))?;
    let each = batch.events().map(|(seq, bytes)| Ok((seq, decode_envelope(bytes).map_err(|e| e.to_string())?)));
    each.collect()
}

/// What came of a command, in two words.
pub(super) fn came_to(result: &Result<Reply, Reject>) -> &'static str {
    use stockade_core::reply::Change;
    match result {
        Err(reject) => reject.code(),
        Ok(Reply::Placed(p)) if p.replayed => "replayed",
        Ok(Reply::Placed(p)) if p.plan.sub_orders.iter().all(|sub| sub.kind == SubKind::Regular) => "placed",
        Ok(Reply::Placed(_)) => "placed, promised",
        Ok(Reply::Changed(c)) if c.replayed => "replayed",
        Ok(Reply::Changed(c)) => match c.change {
            Change::Paid => "paid",
            Change::PaidLate { .. } => "paid late",
            Change::RefundDue => "refund due",
            Change::Cancelled { .. } => "cancelled",
            Change::Extended { .. } => "extended",
            Change::Stepped { stage, .. } => stage.name(),
            Change::Shorted { review: stockade_core::units::Units(0), .. } => "short, rerouted",
            Change::Shorted { .. } => "short, to review",
            Change::Returned { .. } => "returned",
            Change::Inspected { .. } => "inspected",
            Change::Rerouted { .. } => "rerouted",
        },
        Ok(Reply::Moved(m)) if m.replayed => "replayed",
        Ok(Reply::Moved(m)) if m.short.0 > 0 => "moved, short",
        Ok(_) => "done",
    }
}

/// The command's name.
pub(super) fn kind(command: &Command) -> &'static str {
    match command {
        Command::ApplyWorld(_) => "apply_world",
        Command::ApplyRules(_) => "apply_rules",
        Command::DefineSkus(_) => "define_skus",
        Command::Receive(_) => "receive",
        Command::Adjust(_) => "adjust",
        Command::Count(_) => "count",
        Command::Transfer(_) => "transfer",
        Command::Arrive(_) => "arrive",
        Command::MovePool(_) => "move_pool",
        Command::SetSafety(_) => "set_safety",
        Command::Expect(_) => "expect",
        Command::Place(_) => "place",
        Command::Pay(_) => "pay",
        Command::Cancel(_) => "cancel",
        Command::ExtendHold(_) => "extend_hold",
        Command::Step(_) => "step",
        Command::Reroute(_) => "reroute",
    }
}
