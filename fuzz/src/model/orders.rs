//! Orders and sub-orders as plain records.

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::decision::{CostParts, PlannedSub, SubKind};
use stockade_core::ids::{CarrierId, ChannelId, Code, OrderId, PoolId, RulesVersion, Seq, SkuId, WarehouseId};
use stockade_core::orders::{OrderState, Stage, Step, SubTake};
use stockade_core::stock::{Bucket, Move, Outside};
use stockade_core::time::Time;
use stockade_core::units::Units;

use super::lifecycle;

/// Units of one SKU from one pool in a sub-order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SubLine {
    /// First promised.
    pub promised: u64,
    /// In the sub-order: promised and neither given up nor missing.
    pub units: u64,
    /// Came back, not inspected.
    pub inspection: u64,
    /// Came back in all.
    pub returned: u64,
}

impl SubLine {
    /// Did not come back.
    pub fn out(&self) -> u64 {
        self.units - self.returned
    }
}

/// A sub-order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sub {
    /// Ships from here.
    pub warehouse: WarehouseId,
    /// With this carrier.
    pub carrier: CarrierId,
    /// Its kind.
    pub kind: SubKind,
    /// Hours until delivery, as promised.
    pub hours: u32,
    /// Grams, of what is in it.
    pub weight_g: u64,
    /// Money, for what is in it.
    pub parts: CostParts,
    /// Grams and money, as first promised.
    pub promise: (u64, CostParts),
    /// Its units came from the supplier of an unlimited warehouse.
    pub from_supplier: bool,
    /// Where it stands.
    pub stage: Stage,
    /// Units of it that are yet to come.
    pub waiting: u64,
    /// Warehouse steps done.
    pub done: BTreeSet<&'static str>,
    /// The waybill, once labelled.
    pub waybill: Option<Code>,
    /// What is in it, by SKU and pool.
    pub lines: BTreeMap<(SkuId, PoolId), SubLine>,
    /// Those of the units in inspection that came back to other warehouses.
    pub elsewhere: BTreeMap<(SkuId, PoolId, WarehouseId), u64>,
}

impl Sub {
    /// A planned sub-order at its first stage.
    pub fn planned(plan: &PlannedSub, stage: Stage) -> Sub {
        let mut lines: BTreeMap<(SkuId, PoolId), SubLine> = BTreeMap::new();
        for line in &plan.lines {
            let ours = lines.entry((line.sku, line.pool)).or_default();
            ours.promised += line.units.0;
            ours.units += line.units.0;
        }
        Sub {
            warehouse: plan.warehouse,
            carrier: plan.carrier,
            kind: plan.kind,
            hours: plan.hours,
            weight_g: plan.weight_g,
            parts: plan.parts,
            promise: (plan.weight_g, plan.parts),
            from_supplier: plan.from_supplier,
            stage,
            waiting: if stage.is_ahead() { plan.lines.iter().map(|l| l.units.0).sum() } else { 0 },
            done: BTreeSet::new(),
            waybill: None,
            lines,
            elsewhere: BTreeMap::new(),
        }
    }

    /// Goes on once nothing of it is yet to come.
    pub fn settle(&mut self) {
        self.stage = match (self.stage, self.waiting) {
            (Stage::Promised, 0) => Stage::Held,
            (Stage::Waiting, 0) => Stage::Allocated,
            (stage, _) => stage,
        };
    }

    /// The bucket its units that are here stand in, given the pool they were drawn from. `None` when it has none anywhere.
    pub fn bucket(&self, pool: PoolId) -> Option<Bucket> {
        match self.stage {
            Stage::Held | Stage::Promised => Some(Bucket::Held(pool)),
            Stage::Allocated | Stage::Waiting => Some(Bucket::Allocated),
            Stage::Picking | Stage::Packed => Some(Bucket::Picked),
            Stage::Outbound | Stage::PickedUp | Stage::Undelivered => Some(Bucket::Shipped),
            Stage::Delivered => Some(Bucket::Awaiting),
            Stage::Confirmed => Some(Bucket::Outside(Outside::Customer)),
            Stage::Cancelled | Stage::Expired | Stage::Lost => None,
        }
    }

    /// The bucket its units were held from and go back to.
    pub fn free_bucket(&self, pool: PoolId) -> Bucket {
        if self.from_supplier { Bucket::Outside(Outside::Supplier) } else { Bucket::Available(pool) }
    }

    /// Whether it can still be given up.
    pub fn is_inside(&self) -> bool {
        self.stage.is_ahead() || matches!(self.stage, Stage::Held | Stage::Allocated | Stage::Picking | Stage::Packed)
    }

    /// Units in it.
    pub fn units(&self) -> u64 {
        self.lines.values().map(|l| l.units).sum()
    }

    /// Units of a SKU in it.
    pub fn units_of(&self, sku: SkuId) -> u64 {
        self.lines.iter().filter(|((s, _), _)| *s == sku).map(|(_, l)| l.units).sum()
    }

    /// Whether it was given up or lapsed.
    pub fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Cancelled | Stage::Expired)
    }

    /// Whether nothing of it is anywhere: given up, lapsed, or lost before any of it came back.
    pub fn is_over(&self) -> bool {
        self.is_gone() || (self.stage == Stage::Lost && self.units() == 0)
    }

    /// Units of it that left and did not come back.
    pub fn out(&self) -> u64 {
        self.lines.values().map(SubLine::out).sum()
    }

    /// Notes a step as done, or what it undoes as not done.
    pub fn note(&mut self, step: Step) {
        if step == Step::Unpack {
            self.done.retain(|done| *done == "pick");
            self.waybill = None;
        } else if step == Step::Unscan {
            self.done.remove("scan");
        } else {
            self.done.insert(lifecycle::name(step));
        }
    }

    /// Takes out what is with the carrier; answers it by SKU.
    pub fn lose(&mut self) -> Vec<(SkuId, u64)> {
        let mut lost = Vec::new();
        for ((sku, _), line) in self.lines.iter_mut().filter(|(_, line)| line.out() > 0) {
            lost.push((*sku, line.out()));
            line.units = line.returned;
        }
        lost
    }

    /// Returned units not inspected.
    pub fn in_inspection(&self) -> u64 {
        self.lines.values().map(|l| l.inspection).sum()
    }

    /// Units in inspection, by SKU and warehouse.
    pub fn inspected_at(&self) -> BTreeMap<(SkuId, WarehouseId), u64> {
        let mut places = BTreeMap::new();
        for ((sku, _), line) in &self.lines {
            *places.entry((*sku, self.warehouse)).or_default() += line.inspection;
        }
        for ((sku, _, warehouse), units) in &self.elsewhere {
            *places.entry((*sku, *warehouse)).or_default() += units;
            *places.entry((*sku, self.warehouse)).or_default() -= units;
        }
        places.retain(|_, units| *units > 0);
        places
    }

    /// Returned units in all.
    pub fn returned(&self) -> u64 {
        self.lines.values().map(|l| l.returned).sum()
    }

    /// Movements of all its units between two buckets.
    pub fn all_moves(&self, from: Bucket, to: Bucket) -> Vec<Move> {
        let moves = self.lines.iter().map(|((sku, _), line)| Move {
            sku: *sku,
            warehouse: self.warehouse,
            from,
            to,
            units: Units(line.out()),
        });
        moves.collect()
    }

    /// The movement of some of its units between two buckets.
    pub fn take_move(&self, take: &SubTake, from: Bucket, to: Bucket) -> Move {
        Move { sku: take.sku, warehouse: self.warehouse, from, to, units: take.units }
    }

    /// Takes units that have not left out of a line.
    pub fn take(&mut self, take: &SubTake) -> Result<(), String> {
        let line = self.lines.get_mut(&(take.sku, take.pool));
        let line =
            line.ok_or_else(|| format!("sub-order {} has no SKU {} of pool {}", take.sub, take.sku, take.pool))?;
        line.units = line.units.checked_sub(take.units.0).ok_or_else(|| {
            format!(
                "{} units taken from sub-order {}, {} of SKU {} are in it",
                take.units, take.sub, line.units, take.sku
            )
        })?;
        Ok(())
    }
}

/// One moment of an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The event.
    pub seq: Seq,
    /// Its name.
    pub what: &'static str,
    /// The sub-order it was about.
    pub sub: Option<u16>,
    /// When it happened.
    pub occurred: Time,
    /// When the engine heard.
    pub arrived: Time,
    /// Who said so.
    pub actor: Code,
    /// Why, if anybody said.
    pub reason: Option<String>,
}

/// An order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// The id.
    pub id: OrderId,
    /// The channel.
    pub channel: ChannelId,
    /// The channel's number.
    pub number: Code,
    /// Digest of the request.
    pub digest: u128,
    /// Destination.
    pub zone: Option<Code>,
    /// Customer.
    pub customer: Option<Code>,
    /// The carrier it insists on.
    pub carrier: Option<CarrierId>,
    /// All in one parcel.
    pub ship_complete: bool,
    /// No more parcels than this.
    pub max_parcels: Option<u16>,
    /// Where it stands.
    pub state: OrderState,
    /// When it was placed.
    pub placed_at: Time,
    /// When its hold ends.
    pub expires_at: Time,
    /// Rules of the latest plan.
    pub rules_version: RulesVersion,
    /// What was ordered.
    pub demand: BTreeMap<SkuId, u64>,
    /// Sub-orders by number, from 1.
    pub subs: Vec<Sub>,
    /// Units that wait for a person.
    pub review: BTreeMap<SkuId, u64>,
    /// What happened.
    pub timeline: Vec<Moment>,
    /// The last event.
    pub version: Seq,
    /// Sub-orders that were packed when units were taken out of them, the last time that any were.
    pub opened: Vec<u16>,
    /// Keys of commands on it: digest of the content and the event.
    pub keys: BTreeMap<Code, (u128, Seq)>,
}

impl Order {
    /// The event that placed it.
    pub fn placed(&self) -> Seq {
        self.timeline.first().map_or(Seq(0), |m| m.seq)
    }

    /// When the engine last heard of it.
    pub fn last_time(&self) -> Time {
        self.timeline.iter().map(|m| m.arrived).max().unwrap_or_default()
    }

    /// A sub-order by number.
    pub fn sub(&self, no: u16) -> Result<&Sub, String> {
        usize::from(no)
            .checked_sub(1)
            .and_then(|n| self.subs.get(n))
            .ok_or_else(|| format!("order {} has no sub-order {no}", self.id))
    }

    /// A sub-order by number.
    pub fn sub_mut(&mut self, no: u16) -> Result<&mut Sub, String> {
        let id = self.id;
        usize::from(no)
            .checked_sub(1)
            .and_then(|n| self.subs.get_mut(n))
            .ok_or_else(|| format!("order {id} has no sub-order {no}"))
    }

    /// SKUs with units claimed in warehouses.
    pub fn skus(&self) -> BTreeSet<SkuId> {
        self.subs.iter().flat_map(|s| s.lines.keys().map(|(sku, _)| *sku)).collect()
    }

    /// Refuses an order in any other state.
    pub fn must_be(&self, state: OrderState) -> Result<(), String> {
        if self.state == state { Ok(()) } else { Err(format!("the order is {:?}, not {state:?}", self.state)) }
    }

    /// Moves all sub-orders at one stage to another.
    pub fn move_stage(&mut self, from: Stage, to: Stage) {
        self.subs.iter_mut().filter(|s| s.stage == from).for_each(|s| s.stage = to);
    }

    /// Cancels sub-orders that lost their last unit before they left: they weigh and cost nothing.
    pub fn close_empty(&mut self) {
        for sub in self.subs.iter_mut().filter(|s| s.is_inside() && s.units() == 0) {
            sub.stage = Stage::Cancelled;
            (sub.weight_g, sub.parts) = (0, CostParts::default());
        }
    }

    /// Takes units of a SKU out of review.
    pub fn take_review(&mut self, sku: SkuId, units: u64) -> Result<(), String> {
        let left = self.review.get(&sku).copied().unwrap_or(0);
        match left.checked_sub(units) {
            None => return Err(format!("takes {units} of SKU {sku} out of review, {left} are in it")),
            Some(0) => self.review.remove(&sku),
            Some(left) => self.review.insert(sku, left),
        };
        Ok(())
    }

    /// The parcels it may ship in, if that is limited.
    pub fn limit(&self) -> Option<u16> {
        if self.ship_complete { Some(1) } else { self.max_parcels }
    }

    /// The parcels it ships in.
    pub fn parcels(&self) -> u16 {
        self.subs.iter().filter(|s| !s.is_gone()).count() as u16
    }

    /// The parcels that its limit leaves for what stands in review.
    pub fn parcels_for_review(&self) -> Option<u16> {
        self.limit().map(|limit| limit.saturating_sub(self.parcels()))
    }

    /// The parcels that its limit leaves for units missing of a sub-order: one for itself, unless all of it is missing, and
    /// one for what waits for a person already.
    pub fn parcels_for(&self, sub: &Sub, missing: u64) -> Option<u16> {
        let others = self.parcels() - u16::from(sub.units() == missing) + u16::from(!self.review.is_empty());
        self.limit().map(|limit| limit.saturating_sub(others))
    }

    /// What a timeline says when it ships in more parcels than it was to.
    pub fn broken_limit(&self) -> Option<String> {
        let (limit, parcels) = (self.limit()?, self.parcels());
        let s = |count: u16| if count == 1 { "" } else { "s" };
        let asked =
            if self.ship_complete { "complete".to_owned() } else { format!("in at most {limit} parcel{}", s(limit)) };
        (parcels > limit).then(|| format!("the order was to ship {asked}; it ships in {parcels} parcel{}", s(parcels)))
    }

    /// Units by SKU that a new hold needs once this order's hold has ended.
    pub fn expired_demand(&self) -> BTreeMap<SkuId, u64> {
        let mut demand = BTreeMap::new();
        for sub in self.subs.iter().filter(|s| s.stage == Stage::Expired) {
            for ((sku, _), line) in sub.lines.iter().filter(|(_, l)| l.units > 0) {
                *demand.entry(*sku).or_default() += line.units;
            }
        }
        demand
    }
}
