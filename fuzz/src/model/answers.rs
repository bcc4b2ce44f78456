//! The verdict on what was answered: allowed, true of the state, and the same when asked again.

use std::collections::BTreeMap;

use stockade_core::command::{Cancel, Command, ExtendHold, OrderRef, Pay, Place, Request, Reroute, Step};
use stockade_core::engine::Outcome as Answered;
use stockade_core::event::{Envelope, Event, InboundReason};
use stockade_core::ids::{Code, OrderId, Seq};
use stockade_core::reject::Reject;
use stockade_core::reply::{Change, Changed, Configured, Moved, Placed, PlanView, Reply};
use stockade_core::stock::Bucket;
use stockade_core::time::Time;
use stockade_core::units::Units;

use super::judge::{Allowed, Outcome};
use super::views::plain;
use super::{Model, order_of};

/// What recognises a repeat.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Key {
    /// An order: channel and number.
    Number(Code, Code),
    /// A command on an order.
    Order(OrderId, Code),
    /// A command on stock or configuration.
    Stock(Code),
}

/// The first answers to everything that was carried out.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    first: BTreeMap<Key, (Command, Reply)>,
}

/// One command with all that came of it.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The state before it.
    pub before: &'a Model,
    /// The state after its own events, before anything was handed over.
    pub after: &'a Model,
    /// The command.
    pub request: &'a Request,
    /// When.
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

fn key_of(exchange: &Exchange<'_>) -> Option<Key> {
    let order = |order: &OrderRef| {
        let key = exchange.request.key.clone()?;
        exchange.before.find(order).ok().map(|order| Key::Order(order.id, key))
    };
    match &exchange.request.command {
        Command::Place(c) => Some(Key::Number(c.channel.clone(), c.number.clone())),
        Command::Pay(c) => order(&c.order),
        Command::Cancel(c) => order(&c.order),
        Command::ExtendHold(c) => order(&c.order),
        Command::Step(c) => order(&c.order),
        Command::Reroute(c) => order(&c.order),
        _ => exchange.request.key.clone().map(Key::Stock),
    }
}

/// A key that was used: the same answer to the same content, a conflict otherwise. Nothing may happen.
fn check_again(exchange: &Exchange<'_>, command: &Command, first: &Reply) -> Result<(), String> {
    if !exchange.events.is_empty() {
        return Err("a repeat made events".to_owned());
    }
    let after = exchange.after;
    if !same_content(after, command, &exchange.request.command) {
        return match &exchange.answered.result {
            Err(Reject::Conflict { .. }) => Ok(()),
            // What is wrong in itself may be refused before the key is looked up.
            Err(reject) if after.judge(exchange.request, exchange.now).refused.contains(reject.code()) => Ok(()),
            other => Err(format!("other content under a used key was not refused as a conflict: {other:?}")),
        };
    }
    let mut expected = first.clone();
    match &mut expected {
        Reply::Placed(placed) => {
            placed.present = after.order(placed.order)?.state;
            placed.replayed = true;
        }
        Reply::Changed(changed) => {
            let order = after.order(changed.order)?;
            changed.present = order.state;
            changed.stages = order.subs.iter().map(|s| s.stage).collect();
            changed.replayed = true;
        }
        Reply::Moved(moved) => moved.replayed = true,
        Reply::Configured(configured) => configured.replayed = true,
        _ => return Err("a query was remembered".to_owned()),
    }
    match &exchange.answered.result {
        Ok(reply) if *reply == expected => Ok(()),
        other => Err(format!("a repeat was not answered as at first\n  now:   {other:?}\n  first: {expected:?}")),
    }
}

fn same_content(model: &Model, a: &Command, b: &Command) -> bool {
    match (a, b) {
        (Command::Place(a), Command::Place(b)) => {
            let rest = |p: &Place| Place { lines: Vec::new(), ..p.clone() };
            rest(a) == rest(b) && model.merged(&a.lines) == model.merged(&b.lines)
        }
        (a, b) => unnamed(a) == unnamed(b),
    }
}

/// A command without the order it names: keys are the order's own, so both name the same one.
fn unnamed(command: &Command) -> Command {
    let mut command = command.clone();
    match &mut command {
        Command::Pay(Pay { order })
        | Command::Cancel(Cancel { order, .. })
        | Command::ExtendHold(ExtendHold { order, .. })
        | Command::Step(Step { order, .. })
        | Command::Reroute(Reroute { order }) => *order = OrderRef::Id(OrderId(0)),
        _ => {}
    }
    command
}

/// The events of a command itself: what becomes due by them is handed over behind them.
pub fn own(events: &[(Seq, Envelope)]) -> &[(Seq, Envelope)] {
    let is_handed = |event: &Event| matches!(event, Event::InboundChanged(e) if e.reason == InboundReason::Handed);
    let end = events.iter().rposition(|(_, e)| !is_handed(&e.event)).map_or(0, |last| last + 1);
    &events[..end]
}

fn check_refused(exchange: &Exchange<'_>, allowed: &Allowed, reject: &Reject) -> Result<(), String> {
    // Whoever touches an order past its deadline may leave it expired; nothing else may come of a refusal.
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
    let expected = expected_reply(exchange.after, *seq, &envelope.event)?;
    if normal(reply) != expected {
        return Err(format!("the reply is not true\n  reply: {reply:?}\n  state: {expected:?}"));
    }
    match &envelope.event {
        Event::OrderPlaced(placed) => exchange.before.check_sight(placed.channel, &placed.decision)?,
        Event::OrderPromised(e) => exchange.before.check_sight(e.placed.channel, &e.placed.decision)?,
        _ => {}
    }
    let change = change_of(&envelope.event);
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

fn change_of(event: &Event) -> Option<Outcome> {
    match event {
        Event::OrderPaid(_) => Some(Outcome::Paid),
        Event::OrderPaidLate(_) | Event::OrderPromisedLate(_) => Some(Outcome::PaidLate),
        Event::RefundDue(_) => Some(Outcome::RefundDue),
        Event::PickShorted(e) if e.decision.is_some() => Some(Outcome::Rerouted),
        Event::PickShorted(_) => Some(Outcome::Review),
        _ => None,
    }
}

/// What must be answered to a command that made this event.
fn expected_reply(after: &Model, seq: Seq, event: &Event) -> Result<Reply, String> {
    let placed = match event {
        Event::OrderPlaced(e) => Some((&**e, e.decision.clone())),
        Event::OrderPromised(e) => Some((&e.placed, e.placed.decision.joined(&e.ahead))),
        _ => None,
    };
    if let Some((e, decision)) = placed {
        let order = after.order(e.order)?;
        let view = after.order_view(order).ok_or("an order without a name")?;
        return Ok(Reply::Placed(Box::new(Placed {
            order: e.order,
            seq,
            expires_at: order.expires_at,
            plan: PlanView {
                rules_version: decision.rules_version,
                cost: view.cost,
                score: decision.score,
                bound: decision.bound,
                proven: decision.score == decision.bound,
                sub_orders: view.sub_orders.into_iter().map(|s| s.promised).collect(),
            },
            present: order.state,
            replayed: false,
        })));
    }
    let Some(order) = order_of(event) else { return Ok(stock_reply(after, seq, event)) };
    let order = after.order(order)?;
    Ok(Reply::Changed(Box::new(Changed {
        order: order.id,
        seq,
        change: change(after, event)?,
        present: order.state,
        stages: order.subs.iter().map(|s| s.stage).collect(),
        replayed: false,
    })))
}

fn stock_reply(after: &Model, seq: Seq, event: &Event) -> Reply {
    let configured = Reply::Configured(Configured { seq, rules_version: after.rules_version, replayed: false });
    let moves = match event {
        Event::WorldApplied(_) | Event::RulesApplied(_) | Event::SkusDefined(_) => return configured,
        Event::SafetySet(e) => {
            return Reply::Moved(Moved { seq, units: e.units, short: Units::ZERO, replayed: false });
        }
        Event::InboundChanged(e) => {
            let lost = e.made.iter().filter(|made| made.receipt == stockade_core::ids::ReceiptNo::NONE);
            let short = lost.map(|made| made.units).sum();
            return Reply::Moved(Moved { seq, units: e.units, short, replayed: false });
        }
        Event::StockMoved(e) => &e.moves,
        Event::StockCounted(e) => &e.moves,
        _ => return configured,
    };
    let short = moves.iter().filter(|m| m.from == Bucket::Short).map(|m| m.units).sum();
    Reply::Moved(Moved { seq, units: moves.iter().map(|m| m.units).sum(), short, replayed: false })
}

fn change(after: &Model, event: &Event) -> Result<Change, String> {
    let sum = |units: &mut dyn Iterator<Item = Units>| units.sum::<Units>();
    let planned =
        |d: &stockade_core::event::Decision| d.subs.iter().flat_map(|s| s.lines.iter().map(|l| l.units)).sum::<Units>();
    Ok(match event {
        Event::OrderPaid(_) => Change::Paid,
        Event::OrderPaidLate(e) => {
            let subs = after.order(e.order)?.subs.len();
            let first = subs + 1 - e.decision.subs.len();
            Change::PaidLate { first_sub: stockade_core::ids::SubNo(first as u16) }
        }
        Event::OrderPromisedLate(e) => {
            let late = e.late.decision.subs.len() + e.ahead.iter().map(|d| d.subs.len()).sum::<usize>();
            let first = after.order(e.late.order)?.subs.len() + 1 - late;
            Change::PaidLate { first_sub: stockade_core::ids::SubNo(first as u16) }
        }
        Event::RefundDue(_) => Change::RefundDue,
        Event::HoldExtended(e) => Change::Extended { until: e.until },
        Event::OrderCancelled(e) => Change::Cancelled {
            units: sum(&mut e.takes.iter().map(|t| t.units).chain(e.review.iter().map(|(_, n)| *n))),
        },
        Event::SubStepped(e) => Change::Stepped { sub: e.sub, stage: e.stage },
        Event::PickShorted(e) => Change::Shorted {
            missing: sum(&mut e.missing.iter().map(|t| t.units)),
            rerouted: e.decision.as_ref().map(planned).unwrap_or_default(),
            review: sum(&mut e.review.iter().map(|(_, n)| *n)),
        },
        Event::ReturnReceived(e) => Change::Returned { units: sum(&mut e.takes.iter().map(|t| t.units)) },
        Event::ReturnInspected(e) => Change::Inspected { intact: e.intact, damaged: e.damaged },
        Event::ReviewRouted(e) => Change::Rerouted { units: planned(&e.decision) },
        other => return Err(format!("{} changes no order", other.name())),
    })
}
