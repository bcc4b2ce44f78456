//! Placing orders: the main job.
//!
//! ```text
//!   small order:   lock ──► look ──► plan ──► decide ──► commit
//!   larger order:  look (SKU by SKU) ──► plan ──► lock ──► does it still hold? ──► decide ──► commit
//!                       ▲                                          │ no
//!                       └────────────── a bounded number of times ─┘   then like a small one
//! ```

use crate::catalog::Config;
use crate::command::Place;
use crate::decision::Decision;
use crate::engine::change::Execute;
use crate::engine::codes::channel;
use crate::engine::outcome::{Decided, Refusal};
use crate::engine::plan::decide::OnHand;
use crate::engine::plan::demand::Demand;
use crate::engine::plan::scratch::{Scratch, with_scratch};
use crate::engine::plan::size::sized;
use crate::engine::plan::solve::Planned;
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Decisions, Footprint, Scope};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Cause, Envelope, Event, OrderPlaced};
use crate::ids::{OrderId, Seq, SkuId, WarehouseId};
use crate::limits::{PLAN_UNDER_LOCKS_LINES, REPLANS_MAX};
use crate::log::{Admission, Room};
use crate::orders::{KeyShard, NewOrder, Order, OrderKey, Stage};
use crate::reject::Reject;
use crate::rules::ChannelRules;
use crate::stock::{Bucket, Move, SkuStock, StockShard, drawable};
use crate::units::Units;

/// Bytes an order's event may take besides its lines, and for each line at every warehouse it might be split over.
const EVENT_BYTES: usize = 512;
const LINE_BYTES: usize = 64;

/// What one attempt to place came to.
enum Attempt {
    Done(Decided),
    /// Rules or stock changed between planning and locking.
    Stale,
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
            let mut plans = 0;
            loop {
                let config = self.config()?;
                let channel = channel(&config, &place.channel)?;
                let sku_changes = self.skus.changes();
                let demand = Demand::read(place, channel, &config, &self.skus, std::mem::take(&mut scratch.wanted))?;
                let digest = demand.digest(place, &mut scratch.bytes);
                let bytes = EVENT_BYTES + LINE_BYTES * demand.lines.len();
                let room = self.log.reserve(bytes, Admission::Ordinary)?;
                let order = Asking { place, channel, sku_changes, demand, digest, asked };
                let ahead = order.demand.lines.len() > PLAN_UNDER_LOCKS_LINES && plans < REPLANS_MAX;
                let mut planned = false;
                if ahead {
                    if let Some(done) = self.repeated(&order) {
                        return done;
                    }
                    plans += 1;
                    // Refusals are decided only under locks: an order without a plan goes there as well.
                    planned = self.plan_ahead(&order, &config, scratch);
                }
                match self.attempt(&order, &config, scratch, room, planned) {
                    Attempt::Done(decided) => {
                        scratch.wanted = order.demand.lines;
                        return decided;
                    }
                    Attempt::Stale => {}
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

    /// Plans on a view gathered SKU by SKU, without holding locks while planning.
    fn plan_ahead(&self, order: &Asking<'_>, config: &Config, scratch: &mut Scratch) -> bool {
        self.look_unlocked(&order.demand, config, scratch);
        matches!(scratch.plan(&order.demand, config, self.price_table().as_deref()), Planned::Plan)
    }

    /// Looks at the stock of each SKU of a demand in turn. Answers the latest event among them.
    pub(in crate::engine) fn look_unlocked(&self, demand: &Demand<'_>, config: &Config, scratch: &mut Scratch) -> Seq {
        scratch.view.clear();
        let mut seen = Seq(0);
        for line in &demand.lines {
            if scratch.view.is_too_wide() {
                break;
            }
            self.door.with_stock(StockShard::of(line.sku), |shard| {
                let stock = shard.sku(line.sku);
                scratch.view.add(line.units, stock, demand.pools, config, None);
                seen = seen.max(stock.version());
            });
        }
        seen
    }

    fn attempt(
        &self,
        order: &Asking<'_>,
        config: &Config,
        scratch: &mut Scratch,
        room: Room<'_>,
        planned: bool,
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
        let stock = |sku| locked.sku(sku);
        if planned {
            if !scratch.still_holds(demand, drawable_now(demand, config, stock)) {
                return Attempt::Stale;
            }
        } else {
            scratch.look(demand, config, None, stock);
            if let Planned::No(reject) = scratch.plan(demand, config, self.price_table().as_deref()) {
                if order.channel.presale {
                    return Attempt::Done(self.promise_order(order, config, locked, room, (scratch, reject)));
                }
                let seen = locked.seen(demand.lines.iter().map(|l| l.sku));
                return Attempt::Done(Err(Refusal::seen(reject, seen.max(config.seq))));
            }
        }
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

    /// Whether the world and rules are still those in force. Asked under an order shard's lock, without which they cannot
    /// change.
    fn is_current(&self, config: &Config) -> bool {
        self.config.load().as_deref().is_some_and(|current| std::ptr::eq(current, config))
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

/// What could be drawn of a SKU at a warehouse, from stock under its locks.
pub(in crate::engine) fn drawable_now<'s>(
    demand: &Demand<'_>,
    config: &Config,
    stock: impl Fn(SkuId) -> &'s SkuStock,
) -> impl Fn(SkuId, WarehouseId) -> Units {
    move |sku, warehouse| {
        if config.is_unlimited(warehouse) {
            return Units::UNLIMITED;
        }
        stock(sku).cell(warehouse).map_or(Units::ZERO, |cell| drawable(cell, demand.pools))
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
