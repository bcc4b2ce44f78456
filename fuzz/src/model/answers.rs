//! The verdict on answers: allowed, true of the state, and the same when asked again.

use std::collections::BTreeMap;

use stockade_core::command::{Command, Place, Request};
use stockade_core::engine::Outcome as Answered;
use stockade_core::event::{Envelope, Event, InboundReason, MoveReason};
use stockade_core::ids::{Code, OrderId, Seq};
use stockade_core::reject::Reject;
use stockade_core::reply::Reply;
use stockade_core::time::Time;
use stockade_core::units::Units;
use stockade_core::vocabulary::{Owned, Owner};

use super::Model;
use super::allowed::Allowed;
use super::replies::receipt;
use super::verdict::verdict;
use super::views::plain;

/// What recognises a repeat.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Key {
    /// An order: channel and number.
    Number(Code, Code),
    /// A command on an order.
    Order(OrderId, Code),
    /// A command on stock or configuration: who sent it, and the key.
    Stock(Code, Code),
}

/// The first answers to everything that was carried out.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    first: BTreeMap<Key, (Command, Reply)>,
}

/// One command with its answer and its events.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The state before it.
    pub before: &'a Model,
    /// The state after its own events, before anything was handed over.
    pub after: &'a Model,
    /// The command.
    pub request: &'a Request,
    /// The name of who sent it.
    pub actor: &'a Code,
    /// When it was sent, engine time.
    pub now: Time,
    /// The answer.
    pub answered: &'a Answered,
    /// The events it made.
    pub events: &'a [(Seq, Envelope)],
}

impl Answers {
    /// Judges an answer and remembers it.
    ///
    /// # Errors
    /// Says what the answer should have been.
    pub fn check(&mut self, exchange: &Exchange<'_>) -> Result<(), String> {
        let key = key_of(exchange);
        let first = key.as_ref().and_then(|key| self.first.get(key));
        if let Some((command, reply)) = first {
            return check_again(exchange, command, reply);
        }
        let allowed = exchange.before.judge(exchange.request, exchange.now);
        let wrong = |what: String| format!("{what}; allowed is {allowed:?}");
        match &exchange.answered.result {
            Ok(reply) if allowed.again.is_some() => self.check_told(exchange, &allowed, reply).map_err(wrong),
            Ok(reply) => {
                check_done(exchange, &allowed, reply).map_err(wrong)?;
                if let Some(key) = key {
                    self.first.insert(key, (exchange.request.command.clone(), reply.clone()));
                }
                Ok(())
            }
            Err(reject) => check_refused(exchange, &allowed, reject).map_err(wrong),
        }
    }
}

impl Answers {
    /// What was told before is answered as it was then, and makes no event; an order past its deadline may be left expired.
    fn check_told(&self, exchange: &Exchange<'_>, allowed: &Allowed, reply: &Reply) -> Result<(), String> {
        let Some(seq) = allowed.again else { return Ok(()) };
        let events = own(exchange.events);
        if !events.iter().all(|(_, e)| matches!(e.event, Event::OrderExpired(_))) || events.len() > 1 {
            return Err(format!("it was told before, and yet it made {events:?}"));
        }
        let first = self.first.values().map(|(_, first)| first.clone());
        let first = first.filter_map(|mut first| (receipt(&mut first)?.0 == seq).then_some(first)).next();
        let expected = match first {
            Some(first) => again(exchange.after, first)?,
            None => exchange.after.told_again(seq).ok_or("the first answer is not known")?,
        };
        if *reply == expected {
            return Ok(());
        }
        Err(format!("it was told before\n  now:   {reply:?}\n  first: {expected:?}"))
    }
}

/// A first answer as it is given again.
fn again(after: &Model, mut first: Reply) -> Result<Reply, String> {
    let (_, replayed) = receipt(&mut first).ok_or("a query was remembered")?;
    *replayed = true;
    if let Reply::Placed(placed) = &mut first {
        placed.present = after.order(placed.order)?.state;
    }
    if let Reply::Changed(changed) = &mut first {
        let order = after.order(changed.order)?;
        changed.present = order.state;
        changed.stages = order.subs.iter().map(|s| s.stage).collect();
    }
    Ok(first)
}

fn key_of(exchange: &Exchange<'_>) -> Option<Key> {
    let (key, command) = (exchange.request.key.clone(), &exchange.request.command);
    if let Command::Place(place) = command {
        return Some(Key::Number(place.channel.clone(), place.number.clone()));
    }
    // A refund and its reference are their own key.
    if matches!(command, Command::CloseRefund(_)) {
        return None;
    }
    match command.owner() {
        Owner::Order(named) => {
            exchange.before.find(named).ok().map(|order| order.id).zip(key).map(|(id, key)| Key::Order(id, key))
        }
        Owner::Channel(_) | Owner::Nobody => key.map(|key| Key::Stock(exchange.actor.clone(), key)),
    }
}

/// A key that was used: the same answer to the same content, a conflict otherwise. Nothing may happen.
fn check_again(exchange: &Exchange<'_>, command: &Command, first: &Reply) -> Result<(), String> {
    if !exchange.events.is_empty() {
        return Err("a repeat made events".to_owned());
    }
    let after = exchange.after;
    if !same_content(after, command, &exchange.request.command) {
        // An invalid command may be refused before the key is looked up.
        let wrong = |reject: &Reject| after.judge(exchange.request, exchange.now).refused.contains(reject.code());
        let answered = &exchange.answered.result;
        return match answered.as_ref().is_err_and(|e| matches!(e, Reject::Conflict { .. }) || wrong(e)) {
            true => Ok(()),
            false => Err(format!("other content under a used key was not refused as a conflict: {answered:?}")),
        };
    }
    let expected = again(after, first.clone())?;
    match &exchange.answered.result {
        Ok(reply) if *reply == expected => Ok(()),
        other => Err(format!("a repeat was not answered as at first\n  now:   {other:?}\n  first: {expected:?}")),
    }
}

fn same_content(model: &Model, a: &Command, b: &Command) -> bool {
    if let (Command::Place(a), Command::Place(b)) = (a, b) {
        let rest = |p: &Place| Place { lines: Vec::new(), ..p.clone() };
        return rest(a) == rest(b) && model.merged(&a.lines) == model.merged(&b.lines);
    }
    unnamed(a) == unnamed(b)
}

/// All that a command says, without the order that it names: keys are the order's own, so both name the same one.
fn unnamed(command: &Command) -> String {
    let said = format!("{command:?}");
    match command.owner() {
        Owner::Order(named) => said.replacen(&format!("{named:?}"), "_", 1),
        Owner::Channel(_) | Owner::Nobody => said,
    }
}

/// The events of a command itself: what becomes due by them is handed over behind them.
pub fn own(events: &[(Seq, Envelope)]) -> &[(Seq, Envelope)] {
    let is_handed = |event: &Event| {
        matches!(event, Event::InboundChanged(e) if e.reason == InboundReason::Handed)
            || matches!(event, Event::StockMoved(e) if e.reason == MoveReason::MakingUp)
    };
    let end = events.iter().rposition(|(_, e)| !is_handed(&e.event)).map_or(0, |last| last + 1);
    &events[..end]
}

fn check_refused(exchange: &Exchange<'_>, allowed: &Allowed, reject: &Reject) -> Result<(), String> {
    // A command on an order past its deadline may leave it expired; a refusal has no other effect.
    let events = own(exchange.events);
    if !events.iter().all(|(_, e)| matches!(e.event, Event::OrderExpired(_))) || events.len() > 1 {
        return Err(format!("refused, and yet it made {:?}", exchange.events));
    }
    if !allowed.refused.contains(reject.code()) {
        return Err(format!("refused: {reject} ({})", reject.code()));
    }
    if let Reject::InsufficientStock { short } = reject {
        let listed: Vec<(Code, Units, Units)> = short.iter().map(|s| (s.sku.clone(), s.wanted, s.available)).collect();
        if listed != allowed.short {
            return Err(format!("listed as short {listed:?}"));
        }
    }
    Ok(())
}

fn check_done(exchange: &Exchange<'_>, allowed: &Allowed, reply: &Reply) -> Result<(), String> {
    if !allowed.done {
        return Err(format!("carried out: {reply:?}"));
    }
    let events = own(exchange.events);
    let (seq, envelope) = events.last().ok_or("carried out without an event")?;
    let first = &events[..events.len() - 1];
    if first.len() > 1 || !first.iter().all(|(_, e)| matches!(e.event, Event::OrderExpired(_))) {
        return Err(format!("made more than one event: {:?}", exchange.events));
    }
    if exchange.answered.seen != *seq {
        return Err(format!("the reply waits for {}, its event is {seq}", exchange.answered.seen));
    }
    if envelope.occurred != exchange.request.occurred {
        return Err(format!("happened at {:?}, the event says {:?}", exchange.request.occurred, envelope.occurred));
    }
    let verdict = verdict(&envelope.event);
    let expected = verdict.reply(exchange.after, *seq)?;
    if normal(reply) != expected {
        return Err(format!("the reply is not true\n  reply: {reply:?}\n  state: {expected:?}"));
    }
    if let Event::OrderPlaced(placed) = &envelope.event {
        exchange.before.check_sight(placed.channel, &placed.decision)?;
    }
    if let Event::OrderPromised(e) = &envelope.event {
        exchange.before.check_sight(e.placed.channel, &e.placed.decision)?;
    }
    let change = verdict.outcome();
    match allowed.change {
        Some(must) if change != Some(must) => Err(format!("came to {change:?}")),
        _ => exchange.before.check_correction(exchange.request, &envelope.event),
    }
}

fn normal(reply: &Reply) -> Reply {
    let Reply::Placed(placed) = reply else { return reply.clone() };
    let mut placed = placed.clone();
    placed.plan.sub_orders = placed.plan.sub_orders.into_iter().map(plain).collect();
    Reply::Placed(placed)
}
