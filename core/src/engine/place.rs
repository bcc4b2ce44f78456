//! Placing orders: the main job.

use crate::catalog::Config;
use crate::command::Place;
use crate::engine::demand::Demand;
use crate::engine::planning::{Planned, Scratch, with_scratch};
use crate::engine::{Asked, Decided, Engine, Refusal};
use crate::event::{Cause, Envelope, Event, OrderPlaced};
use crate::ids::{OrderId, Seq, SkuId, WarehouseId};
use crate::limits::{PLAN_UNDER_LOCKS_LINES, QUOTE_EXACT_WORK, REPLANS_MAX};
use crate::log::{Admission, Room};
use crate::orders::{KeyShard, Order, OrderKey};
use crate::reject::{CodeKind, Reject};
use crate::reply::Reply;
use crate::rules::ChannelRules;
use crate::stock::{SkuStock, StockShard, drawable};
use crate::time::Time;
use crate::units::Units;

/// Bytes an order's event may take beside its lines, and for each line at every warehouse it might be split over.
const EVENT_BYTES: usize = 512;
const LINE_BYTES: usize = 64;

/// What one attempt to place came to.
enum Attempt {
    Done(Decided),
    /// Rules or stock changed between planning and locking.
    Stale,
}

impl Engine {
    /// Holds stock for an order and routes it, in one commit.
    pub(super) fn place(&self, place: &Place, asked: Asked<'_>) -> Decided {
        with_scratch(self.work, |scratch| {
            let mut plans = 0;
            loop {
                let config = self.config()?;
                let channel = channel(place, &config)?;
                let sku_changes = self.skus.changes();
                let demand = Demand::read(place, channel, &config, &self.skus, std::mem::take(&mut scratch.wanted))?;
                let digest = demand.digest(place, &mut scratch.bytes);
                let bytes = EVENT_BYTES + LINE_BYTES * demand.lines.len();
                let room = self.log.reserve(bytes, Admission::Ordinary)?;
                let order = Asking { place, channel, sku_changes, demand, digest, asked };
                let ahead = order.demand.lines.len() > PLAN_UNDER_LOCKS_LINES && plans < REPLANS_MAX;
                if ahead {
                    if let Some(done) = self.repeated(&order) {
                        return done;
                    }
                    plans += 1;
                }
                match self.attempt(&order, &config, scratch, room, ahead) {
                    Attempt::Done(decided) => {
                        scratch.wanted = order.demand.lines;
                        return decided;
                    }
                    Attempt::Stale => {}
                }
            }
        })
    }

    /// The plan an order would get now. Holds nothing.
    pub(super) fn quote(&self, place: &Place, _now: Time) -> Decided {
        with_scratch(self.work, |scratch| {
            let config = self.config()?;
            let channel = channel(place, &config)?;
            let demand = Demand::read(place, channel, &config, &self.skus, std::mem::take(&mut scratch.wanted))?;
            let stock = demand.lines.iter().map(|l| StockShard::of(l.sku));
            let locked = self.door.lock_keys(&self.log, []).lock_stock(stock);
            let sku = |sku| locked.stock(StockShard::of(sku)).sku(sku);
            scratch.view.clear();
            let mut seen = config.seq;
            for line in &demand.lines {
                scratch.view.add(line.units, sku(line.sku), demand.pools, &config, None);
                seen = seen.max(sku(line.sku).version());
            }
            match scratch.plan(&demand, &config, self.price_table().as_deref()) {
                Planned::No(reject) if channel.presale => {
                    self.quote_promised(&demand, &config, &locked, scratch, reject).map_err(|r| Refusal::seen(r, seen))
                }
                Planned::No(reject) => Err(Refusal::seen(reject, seen)),
                Planned::Plan => {
                    let decision = scratch.decide(&demand, &config, sku);
                    Ok((Reply::Quoted(Box::new(self.plan_view(&decision, &demand, &config))), seen))
                }
            }
        })
    }

    /// The plan an order would get if it were searched for to the end, or as long as [`QUOTE_EXACT_WORK`] allows. Holds
    /// nothing, and no lock while it searches.
    pub(super) fn quote_exact(&self, place: &Place) -> Decided {
        let work = self.work.max(QUOTE_EXACT_WORK);
        with_scratch(work, |scratch| {
            for _ in 0..REPLANS_MAX {
                let config = self.config()?;
                let channel = channel(place, &config)?;
                let demand = Demand::read(place, channel, &config, &self.skus, std::mem::take(&mut scratch.wanted))?;
                let seen = self.view_unlocked(&demand, &config, scratch).max(config.seq);
                let planned = scratch.plan(&demand, &config, self.price_table().as_deref());
                let stock = demand.lines.iter().map(|l| StockShard::of(l.sku));
                let locked = self.door.lock_keys(&self.log, []).lock_stock(stock);
                match planned {
                    Planned::Plan => {}
                    Planned::No(reject) if channel.presale => {
                        let promised = self.quote_promised(&demand, &config, &locked, scratch, reject);
                        return promised.map_err(|reject| Refusal::seen(reject, seen));
                    }
                    Planned::No(reject) => return Err(Refusal::seen(reject, seen)),
                }
                let sku = |sku| locked.stock(StockShard::of(sku)).sku(sku);
                if scratch.still_holds(&demand, drawable_now(&demand, &config, sku)) {
                    let decision = scratch.decide(&demand, &config, sku);
                    return Ok((Reply::Quoted(Box::new(self.plan_view(&decision, &demand, &config))), seen));
                }
            }
            let reason = "stock moved faster than the plan was searched for: ask again, or without `exact`".to_owned();
            Err(Reject::Unavailable { reason }.into())
        })
    }

    /// The first answer, when the order was placed before: looked up before any planning.
    fn repeated(&self, order: &Asking<'_>) -> Option<Decided> {
        let key = order.key();
        self.door.with_key(KeyShard::of_order(&key), |shard| shard.find(&key).map(|known| self.recall(order, known)))
    }

    fn attempt(
        &self,
        order: &Asking<'_>,
        config: &Config,
        scratch: &mut Scratch,
        room: Room<'_>,
        ahead: bool,
    ) -> Attempt {
        if ahead && !self.plan_ahead(order, config, scratch) {
            // Refusals are decided only under locks: go there with no plan.
            return self.commit_order(order, config, scratch, room, false);
        }
        self.commit_order(order, config, scratch, room, ahead)
    }

    /// Plans on a view gathered SKU by SKU, without holding locks while planning.
    fn plan_ahead(&self, order: &Asking<'_>, config: &Config, scratch: &mut Scratch) -> bool {
        self.view_unlocked(&order.demand, config, scratch);
        matches!(scratch.plan(&order.demand, config, self.price_table().as_deref()), Planned::Plan)
    }

    /// Looks at the stock of each SKU of a demand in turn. Answers the latest event among them.
    fn view_unlocked(&self, demand: &Demand<'_>, config: &Config, scratch: &mut Scratch) -> Seq {
        scratch.view.clear();
        let mut seen = Seq(0);
        for line in &demand.lines {
            self.door.with_stock(StockShard::of(line.sku), |shard| {
                let stock = shard.sku(line.sku);
                scratch.view.add(line.units, stock, demand.pools, config, None);
                seen = seen.max(stock.version());
            });
        }
        seen
    }

    fn commit_order(
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
        let keys = self.door.lock_keys(&self.log, [number]);
        if !self.is_current(config) || self.skus.changes() != order.sku_changes {
            return Attempt::Stale;
        }
        if let Some(known) = keys.key(number).find(&key) {
            return Attempt::Done(self.recall(order, known));
        }
        let mut locked = keys.lock_stock(demand.lines.iter().map(|l| StockShard::of(l.sku)));
        let sku = |sku| locked.stock(StockShard::of(sku)).sku(sku);
        if planned {
            if !scratch.still_holds(demand, drawable_now(demand, config, sku)) {
                return Attempt::Stale;
            }
        } else {
            scratch.view.clear();
            for line in &demand.lines {
                scratch.view.add(line.units, sku(line.sku), demand.pools, config, None);
            }
            if let Planned::No(reject) = scratch.plan(demand, config, self.price_table().as_deref()) {
                if order.channel.presale {
                    return Attempt::Done(self.promise_order(order, config, locked, room, scratch, reject));
                }
                let seen = demand.lines.iter().map(|l| sku(l.sku).version()).max().unwrap_or_default();
                return Attempt::Done(Err(Refusal::seen(reject, seen.max(config.seq))));
            }
        }
        let decision = scratch.decide(demand, config, sku);
        let id = locked.key(number).next_id(number);
        let envelope = order.envelope(Event::OrderPlaced(Box::new(order.placed(id, decision))));
        let committed = self.commit(&mut locked, room, &envelope, &mut scratch.bytes);
        drop(locked);
        let decided = match committed {
            Ok(seq) => Ok((self.placed_reply(&envelope, demand, config, seq), seq)),
            Err(reject) => Err(reject.into()),
        };
        if let Event::OrderPlaced(placed) = envelope.event {
            scratch.give_back(placed.decision);
        }
        Attempt::Done(decided)
    }

    /// Whether the world and rules are still those in force. Asked under a key shard's lock, without which they cannot
    /// change.
    pub(super) fn is_current(&self, config: &Config) -> bool {
        self.config.load().as_deref().is_some_and(|current| std::ptr::eq(current, config))
    }

    /// Answers an order that is there already: the same again, or a conflict.
    fn recall(&self, order: &Asking<'_>, known: &Order) -> Decided {
        if known.digest == order.digest.into() {
            return Ok((self.replayed_reply(known), known.version));
        }
        let reason = format!("order {} was placed with other content as event {}", known.number, known.placed);
        Err(Refusal::seen(Reject::Conflict { reason }, known.version))
    }
}

/// An order on its way in.
pub(super) struct Asking<'a> {
    place: &'a Place,
    channel: &'a ChannelRules,
    /// [`crate::catalog::Skus::changes`] before the demand was read.
    sku_changes: u64,
    pub demand: Demand<'a>,
    digest: u128,
    asked: Asked<'a>,
}

impl Asking<'_> {
    pub fn key(&self) -> OrderKey {
        OrderKey { channel: self.demand.channel, number: self.place.number.clone() }
    }

    pub fn placed(&self, order: OrderId, decision: crate::event::Decision) -> OrderPlaced {
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
fn drawable_now<'s>(
    demand: &Demand<'_>,
    config: &Config,
    sku: impl Fn(SkuId) -> &'s SkuStock,
) -> impl Fn(SkuId, WarehouseId) -> Units {
    move |id, warehouse| {
        if config.is_unlimited(warehouse) {
            return Units::UNLIMITED;
        }
        sku(id).cell(warehouse).map_or(Units::ZERO, |cell| drawable(cell, demand.pools))
    }
}

fn channel<'c>(place: &Place, config: &'c Config) -> Result<&'c ChannelRules, Refusal> {
    let known = config.codes.channel(&place.channel).and_then(|id| config.rules.channel(id));
    let unknown = || Reject::Unknown { kind: CodeKind::Channel, codes: vec![place.channel.clone()] };
    known.ok_or_else(|| Refusal::seen(unknown(), config.seq))
}

const _: () = assert!(PLAN_UNDER_LOCKS_LINES >= 2, "one- and two-line orders are planned under their locks at once");
