//! Many threads at one engine, and the proof that one sequence of commands could have done the same.
//!
//! The threads make commands from a picture of the state that is always a little old, so they race for the same units and
//! orders. While they run, one thread drains the log and fires the timer. Afterwards the history is replayed: the model
//! must accept every event where it stands, every command that was carried out must have been allowed right before its
//! event, and every refusal must have been right at some moment between its request and its answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stockade_core::Actor;
use stockade_core::command::Request;
use stockade_core::engine::Engine;
use stockade_core::ids::Seq;
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::Time;

use super::history::{read, recovered};
use super::options::Options;
use super::rng::Rng;
use super::tally::Tally;
use super::workload::{Workload, code};
use crate::model::{Model, receipt};

/// A command with its answer and the stretch of history in which it was decided.
struct Call {
    request: Request,
    now: Time,
    from: Seq,
    to: Seq,
    answer: Result<Reply, Reject>,
}

/// The outcome of a command.
enum Came {
    Done(Seq),
    Refused(&'static str),
}

struct Shared {
    engine: Engine,
    picture: Mutex<Arc<Model>>,
    now: AtomicU64,
    is_over: AtomicBool,
}

/// Runs several threads to the end and judges the history.
///
/// # Errors
/// Says what no single sequence of commands could have done.
pub fn run_threads(options: Options) -> Result<Tally, String> {
    let failed = |e: String| format!("`sim {options}`: {e}");
    let mut workload = Workload::new(Rng::new(options.seed));
    workload.shape.skus = 2 + options.seed % 3;
    workload.crowd_every = options.crowd_every;
    let shared = Shared {
        engine: Engine::new(),
        picture: Mutex::default(),
        now: AtomicU64::new(workload.now.0),
        is_over: AtomicBool::new(false),
    };
    let actor = Actor::Named(code("opening"));
    for request in workload.opening() {
        shared.engine.execute(&request, &actor, workload.now).result.map_err(|e| failed(e.to_string()))?;
    }
    let (history, calls) = std::thread::scope(|scope| {
        let drain = scope.spawn(|| drain(&shared));
        let each = (0..options.threads).map(|n| {
            let (workload, shared) = (workload.fork(format!("t{n}-")), &shared);
            scope.spawn(move || commands(shared, workload, options.steps / options.threads))
        });
        let threads: Vec<_> = each.collect();
        let calls: Result<Vec<Vec<Call>>, _> = threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        shared.is_over.store(true, Ordering::Release);
        Ok((drain.join().map_err(|_| failed("the drain panicked".to_owned()))??, calls))
    })
    .map_err(|e: String| failed(e))?;
    let calls = calls.map_err(|_| failed("a thread panicked".to_owned()))?;
    if let Some(reason) = shared.engine.log().halted() {
        return Err(failed(format!("the engine halted: {reason}")));
    }
    shared.engine.check().map_err(|wrong| failed(wrong.join("; ")))?;
    let now = Time(shared.now.load(Ordering::Acquire));
    let calls: Vec<Call> = calls.into_iter().flatten().collect();
    let mut tally = counted(&history, &calls).map_err(failed)?;
    let model = judge(&history, calls).map_err(failed)?;
    tally.asked.extend(model.compare_all(&shared.engine, &history, now).map_err(failed)?);
    if let Some(cell) = model.due_cells().first() {
        return Err(failed(format!("units of {cell:?} are due to promises, and were not handed over")));
    }
    if let Some(cell) = model.short_and_free().first() {
        return Err(failed(format!("units of {cell:?} are free and short: they do not make up for each other")));
    }
    if recovered(&history).map_err(failed)?.digest() != shared.engine.digest() {
        return Err(failed("the recovered engine has another digest".to_owned()));
    }
    Ok(tally)
}

/// One thread's commands.
fn commands(shared: &Shared, mut workload: Workload, steps: u64) -> Vec<Call> {
    let actor = Actor::Named(code("thread"));
    let mut calls = Vec::new();
    for _ in 0..steps {
        let picture = Arc::clone(&shared.picture.lock().unwrap_or_else(PoisonError::into_inner));
        if picture.skus.is_empty() {
            std::thread::yield_now();
            continue;
        }
        workload.now = workload.now.max(Time(shared.now.load(Ordering::Acquire)));
        let Some(request) = workload.next(&picture) else { break };
        let now = workload.now;
        shared.now.fetch_max(now.0, Ordering::AcqRel);
        let from = shared.engine.seq();
        let answered = shared.engine.execute(&request, &actor, now);
        let to = shared.engine.seq();
        calls.push(Call { request, now, from, to, answer: answered.result });
    }
    calls
}

impl Call {
    /// What is to be judged, if anything. Repeats are judged by the simulator with one thread; what is refused for now
    /// says nothing of the state.
    fn came(&self) -> Option<Came> {
        match &self.answer {
            Ok(reply) => first_seq(reply).map(Came::Done),
            Err(reject) => (!matches!(reject, Reject::Conflict { .. } | Reject::Overloaded { .. }))
                .then(|| Came::Refused(reject.code())),
        }
    }
}

/// The event that a first answer speaks of.
fn first_seq(reply: &Reply) -> Option<Seq> {
    receipt(&mut reply.clone()).filter(|(_, replayed)| !**replayed).map(|(seq, _)| seq)
}

/// The outcomes of all calls.
fn counted(history: &[Arc<[u8]>], calls: &[Call]) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let mut events = BTreeMap::new();
    for bytes in history {
        for (seq, envelope) in read(bytes)? {
            tally.event(&envelope.event);
            events.insert(seq, envelope.event);
        }
    }
    for call in calls {
        let seq = call.answer.as_ref().ok().and_then(first_seq);
        tally.command(&call.request.command, &call.answer, seq.and_then(|seq| events.get(&seq)));
    }
    Ok(tally)
}

/// Drains the log, keeps the picture of the state fresh, and fires the timer.
fn drain(shared: &Shared) -> Result<Vec<Arc<[u8]>>, String> {
    let mut history = Vec::new();
    let mut model = Model::new();
    let mut shown = Seq(0);
    loop {
        let is_over = shared.is_over.load(Ordering::Acquire);
        let now = Time(shared.now.load(Ordering::Acquire));
        shared.engine.expire_due(now, 3);
        shared.engine.react(now, 8);
        let Some(batch) = shared.engine.log().next_batch(Duration::from_millis(1)) else {
            if is_over {
                return Ok(history);
            }
            show(shared, &model, &mut shown);
            continue;
        };
        for (seq, envelope) in read(&batch.bytes)? {
            model.replay(seq, &envelope)?;
        }
        shared.engine.log().journaled(batch.last);
        history.push(batch.bytes);
        show(shared, &model, &mut shown);
    }
}

/// Lets the threads see the state, when they have not yet.
fn show(shared: &Shared, model: &Model, shown: &mut Seq) {
    if model.seq > *shown {
        *shown = model.seq;
        *shared.picture.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(model.clone());
    }
}

/// Replays the history and judges every call at the moments in which it may have been decided.
fn judge(history: &[Arc<[u8]>], mut calls: Vec<Call>) -> Result<Model, String> {
    calls.retain(|call| call.came().is_some());
    calls.sort_by_key(|c| std::cmp::Reverse(c.from));
    let mut model = Model::new();
    let mut open: Vec<Call> = Vec::new();
    let mut events = history.iter().map(|bytes| read(bytes)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten();
    loop {
        while calls.last().is_some_and(|call| call.from <= model.seq) {
            open.extend(calls.pop());
        }
        let next = events.next();
        let mut wrong = None;
        open.retain(|call| {
            if wrong.is_some() {
                return true;
            }
            let still = still_open(&model, call, &mut wrong);
            still && wrong.is_none()
        });
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let Some((seq, envelope)) = next else { break };
        model.replay(seq, &envelope)?;
    }
    match open.first() {
        Some(call) => Err(format!("never decided: {:?}", call.request)),
        None => Ok(model),
    }
}

/// Whether a call may still be decided later than in this state; it is wrong when it may not and never was right.
fn still_open(model: &Model, call: &Call, wrong: &mut Option<String>) -> bool {
    let (request, at) = (&call.request, model.seq);
    let Some(came) = call.came() else { return false };
    match came {
        Came::Done(seq) if at.next() < seq => true,
        Came::Done(seq) => {
            let allowed = model.judge(request, call.now);
            if at.next() != seq || !allowed.done {
                *wrong = Some(format!("carried out as event {seq}, allowed was {allowed:?}: {request:?}"));
            }
            false
        }
        Came::Refused(code) => {
            let allowed = model.judge(request, call.now);
            if allowed.refused.contains(code) {
                return false;
            }
            if at >= call.to {
                *wrong = Some(format!(
                    "refused as {code} between events {} and {}, never right; allowed at the end is {allowed:?}: {request:?}",
                    call.from, call.to
                ));
            }
            true
        }
    }
}
