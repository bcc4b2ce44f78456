//! The verdict on plans: whether what a decision promises was there, allowed and priced by the rules.

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::decision::Decision;
use stockade_core::ids::{ChannelId, PoolId, Seq, SkuId, WarehouseId};
use stockade_core::stock::{Bucket, Move, Outside};
use stockade_core::units::Units;

use super::Model;
use super::orders::Order;

/// What a decision had to serve.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Units by SKU.
    pub demand: BTreeMap<SkuId, u64>,
    /// Cells nothing may be drawn from.
    pub excluded: BTreeSet<(SkuId, WarehouseId)>,
    /// Whether every pool may be drawn from, and not only those the channel is granted.
    pub any_pool: bool,
    /// The parcels it may take, if that is limited.
    pub most: Option<u16>,
}

impl Asked {
    /// Served from the pools of the channel.
    pub fn of(demand: &BTreeMap<SkuId, u64>, most: Option<u16>) -> Asked {
        Asked { demand: demand.clone(), excluded: BTreeSet::new(), any_pool: false, most }
    }

    /// Paid after its hold ended: any pool may serve.
    pub fn late(demand: &BTreeMap<SkuId, u64>, most: Option<u16>) -> Asked {
        Asked { any_pool: true, ..Asked::of(demand, most) }
    }
}

/// Units drawn from each cell, by pool.
pub(super) type Drawn = BTreeMap<(SkuId, WarehouseId), BTreeMap<PoolId, u64>>;

impl Model {
    /// Checks a plan against stock, grants, rates and bounds as they are now.
    pub(super) fn check_decision(&self, order: &Order, decision: &Decision, asked: &Asked) -> Result<(), String> {
        let drawn = self.check_parcels(order, decision, asked)?;
        let pools = self.pools_for(order.channel, asked.any_pool);
        for ((sku, warehouse), taken) in &drawn {
            let units = taken.values().sum();
            let must = self.draw(*sku, *warehouse, &pools, units).ok_or_else(|| {
                let there = self.drawable(*sku, *warehouse, &pools);
                format!("oversold: {units} of SKU {sku} from warehouse {warehouse}, {there:?} could be drawn")
            })?;
            if *taken != must {
                return Err(format!("SKU {sku} at warehouse {warehouse} drawn from {taken:?}, should be {must:?}"));
            }
        }
        Ok(())
    }

    /// Checks everything of a plan but where its units come from; answers what it draws from each cell, by pool.
    pub(super) fn check_parcels(&self, order: &Order, decision: &Decision, asked: &Asked) -> Result<Drawn, String> {
        let world = self.world.as_ref().ok_or("there is no world yet")?;
        if decision.rules_version != self.rules_version {
            return Err(format!("decided by rules {}, {} are in force", decision.rules_version, self.rules_version));
        }
        if decision.subs.is_empty() || decision.bound > decision.score {
            return Err(format!(
                "{} parcels, score {} below bound {}",
                decision.subs.len(),
                decision.score,
                decision.bound
            ));
        }
        let mut served: BTreeMap<SkuId, u64> = BTreeMap::new();
        let mut drawn = Drawn::new();
        let mut parcels = BTreeSet::new();
        for sub in &decision.subs {
            if !parcels.insert((sub.warehouse, sub.carrier, sub.kind)) {
                return Err(format!("two parcels from warehouse {} with carrier {}", sub.warehouse, sub.carrier));
            }
            if order.carrier.is_some_and(|c| c != sub.carrier) {
                return Err(format!("carrier {} is not the one the order names", sub.carrier));
            }
            let (mut units, mut weight_g) = (0, 0);
            for line in &sub.lines {
                if line.units.0 == 0 {
                    return Err("a line of no units".to_owned());
                }
                if asked.excluded.contains(&(line.sku, sub.warehouse)) {
                    return Err(format!("SKU {} from warehouse {} again", line.sku, sub.warehouse));
                }
                units += line.units.0;
                weight_g += line.units.0 * self.weight_g(line.sku);
                *served.entry(line.sku).or_default() += line.units.0;
                let pools = drawn.entry((line.sku, sub.warehouse)).or_default();
                *pools.entry(line.pool).or_default() += line.units.0;
            }
            let lane = world.lane(sub.warehouse, sub.carrier, order.zone.as_ref().map(|z| z.as_str()));
            let lane = lane.ok_or_else(|| format!("no way from {} with {}", sub.warehouse, sub.carrier))?;
            let cost = world.cost(&lane.rate, units, weight_g);
            if (sub.hours, sub.weight_g, sub.parts) != (lane.rate.hours, weight_g, cost) {
                return Err(format!("{sub:?} should take {} hours, weigh {weight_g}, cost {cost:?}", lane.rate.hours));
            }
            if lane.ceiling.is_some_and(|c| sub.parts.total() > c) {
                return Err(format!("a parcel of {} past its carrier's ceiling", sub.parts.total()));
            }
            if sub.from_supplier != world.warehouse(sub.warehouse).is_some_and(|w| w.unlimited) {
                return Err(format!("warehouse {} is not what the plan takes it for", sub.warehouse));
            }
        }
        if served != asked.demand {
            return Err(format!("serves {served:?} of {:?}", asked.demand));
        }
        if let Some(most) = asked.most
            && decision.subs.len() > usize::from(most)
        {
            return Err(format!("{} parcels, {most} are allowed", decision.subs.len()));
        }
        check_seen(decision, asked)?;
        Ok(drawn)
    }

    /// The stock a decision says it saw must be what there was to see: without it, it cannot be recomputed.
    pub(super) fn check_sight(&self, channel: ChannelId, decision: &Decision) -> Result<(), String> {
        let pools = self.pools_for(channel, false);
        let warehouses: Vec<WarehouseId> = self.world.iter().flat_map(|w| w.warehouses.keys().copied()).collect();
        for seen in &decision.seen {
            for warehouse in &warehouses {
                let there = self.drawable(seen.sku, *warehouse, &pools);
                let full = match warehouse.0 {
                    id @ 0..64 => seen.full & 1 << id != 0,
                    _ => seen.full_beyond.contains(warehouse),
                };
                let partial = seen.partial.iter().find(|(w, _)| w == warehouse).map(|(_, units)| units.0);
                let is_full = there.is_none_or(|n| n >= seen.wanted.0);
                let is_true = match (there, partial) {
                    (_, None) => full == is_full && (full || there == Some(0)),
                    (there, Some(units)) => full == is_full && there == Some(units),
                };
                if !is_true {
                    return Err(format!("saw {seen:?}, at warehouse {warehouse} there was {there:?}"));
                }
            }
        }
        Ok(())
    }

    /// Books the movements of a plan: out of the pools, or from the supplier of an unlimited warehouse.
    pub(super) fn book_decision(&mut self, seq: Seq, decision: &Decision, held: bool) -> Result<(), String> {
        for sub in &decision.subs {
            for line in &sub.lines {
                let free = Bucket::Available(line.pool);
                let from = if sub.from_supplier { Bucket::Outside(Outside::Supplier) } else { free };
                let to = if held { Bucket::Held(line.pool) } else { Bucket::Allocated };
                let m = Move { sku: line.sku, warehouse: sub.warehouse, from, to, units: Units(line.units.0) };
                self.ledger.book(seq, m, false)?;
            }
        }
        Ok(())
    }
}

/// What the decision says it was asked and saw must cover what it took.
fn check_seen(decision: &Decision, asked: &Asked) -> Result<(), String> {
    let wanted: BTreeMap<SkuId, u64> = decision.seen.iter().map(|s| (s.sku, s.wanted.0)).collect();
    if wanted != asked.demand {
        return Err(format!("says it was asked {wanted:?}, it was {:?}", asked.demand));
    }
    Ok(())
}
