//! Placing orders: the main job.
//!
//! ```text
//!   small order:   lock ──► look ──► plan ──► decide ──► commit
//!                                     │ takes more work than is done under locks
//!                                     ▼
//!   larger order:  look (SKU by SKU) ──► plan ──► lock ──► does it still hold? ──► decide ──► commit, or refuse
//!                       ▲                                          │ no
//!                       └────────────── a bounded number of times ─┘   then refused as overloaded
//! ```

use crate::catalog::Config;
use crate::command::Place;
use crate::decision::Decision;
use crate::engine::change::Execute;
use crate::engine::codes::channel;
use crate::engine::outcome::{Decided, Refusal, overtaken};
use crate::engine::plan::ahead::{Parts, Unplanned};
use crate::engine::plan::copies::Copies;
use crate::engine::plan::decide::OnHand;
use crate::engine::plan::demand::Demand;
use crate::engine::plan::ready::{Presale, Ready, Terms};
use crate::engine::plan::scratch::{Scratch, with_scratch};
use crate::engine::plan::size::sized;
use crate::engine::plan::solve::Planned;
use crate::engine::store::{Engine, EngineLocked};
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Decisions, Footprint, Scope};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Cause, Envelope, Event, OrderPlaced};
use crate::ids::OrderId;
use crate::limits::{PLAN_UNDER_LOCKS_LINES, REPLANS_MAX};
use crate::log::{Admission, Room};
use crate::orders::{KeyShard, NewOrder, Order, OrderKey, Stage};
use crate::reject::Reject;
use crate::rules::ChannelRules;
use crate::stock::{Bucket, Move, StockShard};

/// Bytes an order's event may take besides its lines, and for each line at every warehouse it might be split over.
const EVENT_BYTES: usize = 512;
const LINE_BYTES: usize = 64;

/// What one attempt to place came to.
enum Attempt {
    Done(Decided),
    /// Rules or stock changed between planning and locking.
    Stale,
    /// The plan takes more work than is done under locks.
    Open,
}

/// A plan over what is locked, or why there is none.
enum Chosen {
    /// The router's solution.
    Plan,
    /// Plans for what is on hand and what is yet to come.
    Parts(Box<Parts>),
    No(Reject),
}

/// An order on its way in.
pub(super) struct Asking<'a> {
    pub place: &'a Place,
    pub channel: &'a ChannelRules,
    /// [`crate::catalog::Skus::changes`] before the demand was read.
    sku_changes: u64,
    pub demand: Demand<'a>,
    digest: u128,
    asked: Asked<'a>,
}

impl Execute for Place {
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        engine.place(self, asked)
    }
}

impl Engine {
    /// Holds stock for an order and routes it, in one commit.
    fn place(&self, place: &Place, asked: Asked<'_>) -> Decided {
        with_scratch(self.work, |scratch| {
            let (mut plans, mut open) = (0, false);
            loop {
                let config = self.config()?;
                let channel = channel(&config, &place.channel)?;
                let sku_changes = self.skus.changes();
                let demand = Demand::read(place, channel, &config, &self.skus, std::mem::take(&mut scratch.wanted))?;
                let digest = demand.digest(place, &mut scratch.bytes);
                let bytes = EVENT_BYTES + LINE_BYTES * demand.lines.len();
                let room = self.log.reserve(bytes, Admission::Ordinary)?;
                let order = Asking { place, channel, sku_changes, demand, digest, asked };
                let mut ready = None;
                if open || !self.is_small(&order.demand, &config) {
                    if let Some(done) = self.repeated(&order) {
                        return done;
                    }
                    if plans == REPLANS_MAX {
                        return Err(overtaken().into());
                    }
                    plans += 1;
                    ready = self.plan_unlocked(&order.demand, &config, order.terms(), scratch);
                    if ready.is_none() {
                        continue;
                    }
                }
                match self.attempt(&order, &config, scratch, room, ready) {
                    Attempt::Done(decided) => {
                        scratch.wanted = order.demand.lines;
                        return decided;
                    }
                    Attempt::Stale => {}
                    Attempt::Open => open = true,
                }
            }
        })
    }

    /// The first answer, when the order was placed before: looked up before any planning.
    fn repeated(&self, order: &Asking<'_>) -> Option<Decided> {
        let key = order.key();
        let known = |shard: &KeyShard| shard.find(&key).map(|known| self.recall(order, known));
        self.door.with_orders(KeyShard::of_order(&key), known)
    }

    fn attempt(
        &self,
        order: &Asking<'_>,
        config: &Config,
        scratch: &mut Scratch,
        room: Room<'_>,
        ready: Option<Ready>,
    ) -> Attempt {
        let demand = &order.demand;
        let key = order.key();
        let number = KeyShard::of_order(&key);
        let keys = self.door.lock_orders(&self.log, [number]);
        if !self.is_current(config) || self.skus.changes() != order.sku_changes {
            return Attempt::Stale;
        }
        if let Some(known) = keys.orders(number).find(&key) {
            return Attempt::Done(self.recall(order, known));
        }
        let mut locked = keys.lock_stock(demand.lines.iter().map(|l| StockShard::of(l.sku)));
        let chosen = match ready {
            Some(ready) => self.check_ready(ready, demand, config, &locked, scratch).ok_or(Attempt::Stale),
            None => self.plan_locked(order, config, &locked, scratch).ok_or(Attempt::Open),
        };
        match chosen {
            Ok(Chosen::Plan) => {}
            Ok(Chosen::Parts(parts)) => {
                return Attempt::Done(self.promise_order(order, config, locked, room, (scratch, *parts)));
            }
            Ok(Chosen::No(reject)) => {
                let seen = locked.seen(demand.lines.iter().map(|l| l.sku));
                return Attempt::Done(Err(Refusal::seen(reject, seen.max(config.seq))));
            }
            Err(again) => return again,
        }
        let stock = |sku| locked.sku(sku);
        let decision = scratch.decide(demand, config.version(), &mut OnHand::new(demand, config, stock));
        if let Err(reject) = sized(&[], [&decision]) {
            let seen = locked.seen(demand.lines.iter().map(|l| l.sku));
            return Attempt::Done(Err(Refusal::seen(reject, seen.max(config.seq))));
        }
        let id = locked.orders(number).next_id(number);
        let envelope = order.envelope(Event::OrderPlaced(Box::new(order.placed(id, decision))));
        let committed = self.commit(&mut locked, room, &envelope, &mut scratch.bytes);
        drop(locked);
        let Event::OrderPlaced(placed) = envelope.event else { unreachable!("the event that was made above") };
        let decided = committed.map(|seq| {
            let plan = self.plan_view(&placed.decision, demand, config);
            (self.placed_reply(&placed, plan, envelope.arrived, seq), seq)
        });
        scratch.give_back(placed.decision);
        Attempt::Done(decided)
    }

    /// What was planned while nothing was locked, if it still holds.
    fn check_ready(
        &self,
        mut ready: Ready,
        demand: &Demand<'_>,
        config: &Config,
        locked: &EngineLocked<'_>,
        scratch: &Scratch,
    ) -> Option<Chosen> {
        self.note_locked_work(ready.size(scratch));
        ready.still_holds(demand, config, locked, scratch).then(|| match ready {
            Ready::Plan => Chosen::Plan,
            Ready::Parts(parts) => Chosen::Parts(parts),
            Ready::No(reject, _) => Chosen::No(reject),
        })
    }

    /// Plans a small order under its locks; `None` when that takes more work than is done there.
    fn plan_locked(
        &self,
        order: &Asking<'_>,
        config: &Config,
        locked: &EngineLocked<'_>,
        scratch: &mut Scratch,
    ) -> Option<Chosen> {
        let demand = &order.demand;
        scratch.locked();
        scratch.look(demand, config, None, |sku| locked.sku(sku));
        let planned = scratch.plan(demand, config, self.price_table().as_deref());
        let chosen = match (planned, order.terms().presale) {
            (Planned::Plan, _) => Some(Chosen::Plan),
            (Planned::Open, _) => None,
            (Planned::No(reject), None) => Some(Chosen::No(reject)),
            (Planned::No(reject), Some(presale)) => {
                let copies = Copies::locked(demand, config, locked);
                match self.plan_presale(demand, config, (&copies, presale), scratch, reject) {
                    Ok(parts) => Some(Chosen::Parts(Box::new(parts))),
                    Err(Unplanned::No(reject)) => Some(Chosen::No(reject)),
                    Err(Unplanned::Open) => None,
                }
            }
        };
        self.note_locked_work(scratch.spent);
        chosen
    }

    /// Answers an order that was placed before: the same answer, or a conflict.
    fn recall(&self, order: &Asking<'_>, known: &Order) -> Decided {
        if known.digest == order.digest.into() {
            return Ok((self.replayed_reply(known), known.version));
        }
        let reason = format!("order {} was placed with other content as event {}", known.number, known.placed);
        Err(Refusal::seen(Reject::Conflict { reason }, known.version))
    }
}

impl Asking<'_> {
    /// What its plan may use.
    fn terms(&self) -> Terms {
        let presale = self.channel.presale.then_some(Presale { by_category: true, subs: 0 });
        Terms { without: None, presale }
    }

    pub fn key(&self) -> OrderKey {
        OrderKey { channel: self.demand.channel, number: self.place.number.clone() }
    }

    pub fn placed(&self, order: OrderId, decision: Decision) -> OrderPlaced {
        OrderPlaced {
            order,
            channel: self.demand.channel,
            number: self.place.number.clone(),
            digest: self.digest,
            zone: self.place.zone.clone(),
            customer: self.place.customer.clone(),
            carrier: self.demand.carrier,
            ship_complete: self.demand.ship_complete,
            max_parcels: self.demand.max_parcels,
            hold: self.place.hold.unwrap_or(self.channel.hold_ttl),
            decision,
        }
    }

    pub fn envelope(&self, event: Event) -> Envelope {
        Envelope {
            actor: self.asked.actor.clone(),
            arrived: self.asked.now,
            occurred: self.asked.occurred,
            cause: Cause::Order,
            event,
        }
    }
}

impl OrderPlaced {
    /// The order it makes, with the sub-orders that stock on hand serves.
    pub(super) fn order(&self, at: &At<'_>) -> Order {
        let mut order = Order::new(NewOrder {
            id: self.order,
            channel: self.channel,
            number: &self.number,
            digest: self.digest.into(),
            zone: self.zone.as_ref(),
            customer: self.customer.as_ref(),
            carrier: self.carrier,
            ship_complete: self.ship_complete,
            max_parcels: self.max_parcels,
            placed: at.seq,
            arrived: at.arrived(),
            occurred: at.envelope.occurred_at(),
            actor: &at.envelope.actor,
            deadline: at.arrived() + self.hold,
        });
        order.plan(&self.decision, Stage::Held);
        order
    }
}

impl Body for OrderPlaced {
    const DECIDES: bool = true;

    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.decision.each_move(Bucket::Held, f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        self.post(state, at)?;
        state.insert(self.order(at))
    }

    fn publish(&self, engine: &Engine, at: &At<'_>) -> Result<(), Broken> {
        engine.hint_deadline(self.order, at.arrived() + self.hold);
        engine.prices.note_order(self, at.arrived(), at.seq);
        Ok(())
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions::one(&self.decision, Scope::New)
    }
}

const _: () = assert!(PLAN_UNDER_LOCKS_LINES >= 2, "one- and two-line orders are planned under their locks at once");
