//! Plans made while nothing is locked, and whether they still hold once everything is.

use std::collections::BTreeMap;

use crate::catalog::Config;
use crate::engine::plan::ahead::{Ahead, Parts, Unplanned, ticket_after};
use crate::engine::plan::copies::Copies;
use crate::engine::plan::demand::{Demand, Wanted};
use crate::engine::plan::scratch::Scratch;
use crate::engine::plan::solve::Planned;
use crate::engine::store::{Engine, EngineLocked};
use crate::ids::{OrderId, PoolId, Seq, SkuId, WarehouseId};
use crate::limits::{PLAN_UNDER_LOCKS_LANES, PLAN_UNDER_LOCKS_LINES};
use crate::reject::Reject;
use crate::stock::{Promisable, SkuStock, StockShard, drawable, granted};
use crate::units::Units;

/// What planning without locks came to.
pub(in crate::engine) enum Ready {
    /// The router's solution. It holds as long as what it takes can be drawn.
    Plan,
    /// Plans for what is on hand and what is yet to come. They hold as long as that is there.
    Parts(Box<Parts>),
    /// These refuse it. That holds as long as these SKUs are as they were seen.
    No(Reject, Vec<(SkuId, Seq)>),
}

/// What a plan may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::engine) struct Terms {
    /// The warehouse that is left out.
    pub without: Option<WarehouseId>,
    /// What is yet to come, where the channel sells it.
    pub presale: Option<Presale>,
}

/// How what is yet to come is planned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::engine) struct Presale {
    /// Whether the categories of the lines choose the weights.
    pub by_category: bool,
    /// How many sub-orders the order has already.
    pub subs: usize,
}

impl Engine {
    /// Whether an order is so small that it is planned under its locks at once.
    #[inline]
    pub(in crate::engine) fn is_small(&self, demand: &Demand<'_>, config: &Config) -> bool {
        let lines = demand.lines.len();
        let given = &config.codes.given;
        // Most worlds are so small that no zone has too many lanes.
        let most = || given.warehouses.len() * given.carriers.len();
        let lanes = || config.rules.lanes(demand.zone.map(|zone| zone.as_str())).all().len();
        let few = |lanes: usize| lines * lanes <= PLAN_UNDER_LOCKS_LANES;
        lines <= PLAN_UNDER_LOCKS_LINES && (few(most()) || few(lanes()))
    }

    /// Plans a demand while nothing is locked. `None` when the rules were replaced meanwhile.
    pub(in crate::engine) fn plan_unlocked(
        &self,
        demand: &Demand<'_>,
        config: &Config,
        terms: Terms,
        scratch: &mut Scratch,
    ) -> Option<Ready> {
        scratch.without_locks();
        let copies = terms.presale.map(|_| Copies::one_by_one(self, demand, config));
        match &copies {
            Some(copies) => {
                scratch.look_at(demand, config, terms.without, copies);
                scratch.versions.clear();
                scratch.versions.extend(copies.versions());
            }
            None => self.look_unlocked(demand, config, terms.without, scratch),
        }
        // What was looked at may be newer than rules that are no longer in force.
        if !self.is_current(config) {
            return None;
        }
        let reject = match scratch.plan(demand, config, self.price_table().as_deref()) {
            Planned::Plan => return Some(Ready::Plan),
            Planned::No(reject) => reject,
            Planned::Open => return None,
        };
        let (Some(copies), Some(presale)) = (&copies, terms.presale) else {
            return Some(Ready::no(reject, demand, &scratch.versions));
        };
        match self.plan_presale(demand, config, (copies, presale), scratch, reject) {
            Ok(parts) => Some(Ready::Parts(Box::new(parts))),
            Err(Unplanned::No(reject)) => Some(Ready::no(reject, demand, &scratch.versions)),
            Err(Unplanned::Open) => None,
        }
    }

    /// Plans what is on hand and what is yet to come over copies. `reject` is what refused it as long as only what is on
    /// hand counted.
    pub(in crate::engine) fn plan_presale(
        &self,
        demand: &Demand<'_>,
        config: &Config,
        (copies, presale): (&Copies, Presale),
        scratch: &mut Scratch,
        reject: Reject,
    ) -> Result<Parts, Unplanned> {
        let Presale { by_category, subs } = presale;
        Ahead { engine: self, demand, config, copies, by_category, subs }.plan(scratch, reject)
    }

    /// Looks at the stock of each SKU of a demand in turn, except at a warehouse that is left out.
    fn look_unlocked(&self, demand: &Demand<'_>, config: &Config, without: Option<WarehouseId>, scratch: &mut Scratch) {
        scratch.view.clear();
        scratch.versions.clear();
        for line in &demand.lines {
            self.door.with_stock(StockShard::of(line.sku), |shard| {
                let stock = shard.sku(line.sku);
                scratch.view.add(line.units, stock, demand.pools, config, without);
                scratch.versions.push(stock.version());
            });
        }
        let looks = (0..demand.lines.len()).map(|line| scratch.view.cells(line).len());
        self.note_locked_work(looks.max().unwrap_or_default() as u64);
    }

    /// Whether the world and rules are still those in force. Where an order shard is locked, they cannot change.
    pub(in crate::engine) fn is_current(&self, config: &Config) -> bool {
        self.config.load().as_deref().is_some_and(|current| std::ptr::eq(current, config))
    }
}

impl Ready {
    /// A refusal, and the SKUs it rests on: of too little stock, those there is too little of; otherwise all of them.
    fn no(reject: Reject, demand: &Demand<'_>, versions: &[Seq]) -> Ready {
        let all = demand.lines.iter().zip(versions).map(|(line, version)| (line, *version));
        let version = |(line, version): (&Wanted, Seq)| (line.sku, version);
        let rests_on = if let Reject::InsufficientStock { short } = &reject {
            let mut short = short.iter().peekable();
            all.filter(|(line, _)| short.next_if(|short| short.sku == line.code).is_some()).map(version).collect()
        } else {
            all.map(version).collect()
        };
        Ready::No(reject, rests_on)
    }

    /// Whether it can be committed now that everything is locked.
    pub fn still_holds(
        &mut self,
        demand: &Demand<'_>,
        config: &Config,
        locked: &EngineLocked<'_>,
        scratch: &Scratch,
    ) -> bool {
        match self {
            Ready::Plan => scratch.still_holds(demand, drawable_now(demand, config, |sku| locked.sku(sku))),
            Ready::Parts(parts) => parts.here_holds(demand, locked) && parts.ahead_holds(demand, locked),
            Ready::No(_, versions) => versions.iter().all(|(sku, version)| locked.sku(*sku).version() == *version),
        }
    }

    /// Units of work that the look under the locks takes.
    pub fn size(&self, scratch: &Scratch) -> u64 {
        let size = match self {
            Ready::Plan => scratch.router.solution().parcels.iter().map(|parcel| parcel.takes.len()).sum(),
            Ready::Parts(parts) => {
                parts.made.len() + parts.decision.subs.iter().map(|sub| sub.lines.len()).sum::<usize>()
            }
            Ready::No(_, versions) => versions.len(),
        };
        size as u64
    }
}

impl Parts {
    /// Whether what is on hand of it can still be drawn, out of the same pools.
    fn here_holds(&self, demand: &Demand<'_>, locked: &EngineLocked<'_>) -> bool {
        let own = self.decision.subs.iter().filter(|sub| !sub.from_supplier);
        let takes = own.flat_map(|sub| sub.lines.iter().map(|line| (line.sku, sub.warehouse, line.pool, line.units)));
        let mut takes: Vec<(SkuId, WarehouseId, PoolId, Units)> = takes.collect();
        takes.sort_unstable();
        takes.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).all(|taken| {
            let (sku, warehouse, ..) = taken[0];
            let Some(cell) = locked.sku(sku).cell(warehouse) else { return false };
            let all: Units = taken.iter().map(|take| take.3).sum();
            let granted = granted(cell, demand.pools);
            let of = |pool| granted.iter().find(|(known, _)| *known == pool).map_or(Units::ZERO, |(_, units)| *units);
            let by_pool =
                |part: &[(_, _, PoolId, Units)]| part.iter().map(|take| take.3).sum::<Units>() <= of(part[0].2);
            all <= drawable(cell, demand.pools) && taken.chunk_by(|a, b| a.2 == b.2).all(by_pool)
        })
    }

    /// Whether what is yet to come of it can still be promised, out of the same receipts on the same days. The promises get
    /// the tickets that are next now.
    fn ahead_holds(&mut self, demand: &Demand<'_>, locked: &EngineLocked<'_>) -> bool {
        let mut cells: BTreeMap<(SkuId, WarehouseId), (Vec<Promisable>, usize)> = BTreeMap::new();
        self.made.iter_mut().zip(&self.days).all(|(made, day)| {
            let Some(inbound) = locked.inbound(made.sku, made.warehouse) else { return false };
            let cell = (made.sku, made.warehouse);
            let (parts, before) = cells.entry(cell).or_insert_with(|| (inbound.promisable(demand.pools), 0));
            let same = |part: &&mut Promisable| (part.receipt, part.pool, part.day) == (made.receipt, made.pool, *day);
            let Some(part) = parts.iter_mut().find(same) else { return false };
            let Some(left) = part.units.checked_sub(made.units) else { return false };
            part.units = left;
            made.ticket = ticket_after(inbound.ticket_after(0), *before);
            made.rank = made.ticket;
            *before += 1;
            true
        })
    }

    /// The plans, with promises made to an order.
    pub fn of_order(mut self, order: OrderId) -> Parts {
        self.made.iter_mut().for_each(|made| made.order = order);
        self
    }
}

/// What could be drawn of a SKU at a warehouse, from stock under its locks.
fn drawable_now<'s>(
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
