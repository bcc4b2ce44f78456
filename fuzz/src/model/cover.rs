//! Whether a demand can be served at all, found by trying every set of warehouses.

use std::collections::{BTreeMap, BTreeSet};

use stockade_core::ids::{CarrierId, PoolId, SkuId, WarehouseId};

use super::Model;

/// A demand with its conditions.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// Units by SKU.
    pub demand: &'a BTreeMap<SkuId, u64>,
    /// The destination.
    pub zone: Option<&'a str>,
    /// Only with this carrier.
    pub carrier: Option<CarrierId>,
    /// From these pools.
    pub pools: &'a [PoolId],
    /// In at most this many parcels.
    pub max_parcels: Option<u16>,
    /// Not from this warehouse.
    pub without: Option<WarehouseId>,
}

/// Whether a demand can be served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cover {
    /// It must be served.
    Yes,
    /// There is not enough: each short SKU with the units wanted and drawable.
    Short(Vec<(SkuId, u64, u64)>),
    /// The carrier it names goes there from nowhere.
    NotEligible,
    /// There is enough, but it cannot get there.
    No,
    /// It depends on the cost of parcels, which this model does not search.
    Open,
}

impl Model {
    /// Whether a demand can be served now.
    pub fn cover(&self, wish: &Wish<'_>) -> Cover {
        let Some(world) = &self.world else { return Cover::No };
        let all: Vec<WarehouseId> = world.warehouses.keys().copied().filter(|w| Some(*w) != wish.without).collect();
        let short = self.missing(wish, &all);
        if !short.is_empty() {
            return Cover::Short(short);
        }
        let mut lanes = world.lanes(wish.zone);
        lanes.retain(|l| wish.carrier.is_none_or(|c| c == l.carrier));
        if wish.carrier.is_some() && lanes.is_empty() {
            return Cover::NotEligible;
        }
        lanes.retain(|l| Some(l.warehouse) != wish.without);
        let any: BTreeSet<WarehouseId> = lanes.iter().map(|l| l.warehouse).collect();
        let free: BTreeSet<WarehouseId> = lanes.iter().filter(|l| l.ceiling.is_none()).map(|l| l.warehouse).collect();
        if self.some_set_serves(wish, &free) {
            Cover::Yes
        } else if self.some_set_serves(wish, &any) {
            Cover::Open
        } else {
            Cover::No
        }
    }

    fn some_set_serves(&self, wish: &Wish<'_>, from: &BTreeSet<WarehouseId>) -> bool {
        let from: Vec<WarehouseId> = from.iter().copied().collect();
        let most = wish.max_parcels.map_or(from.len(), usize::from);
        (1u32..1 << from.len()).any(|set| {
            let chosen: Vec<WarehouseId> =
                from.iter().enumerate().filter(|(n, _)| set & 1 << n != 0).map(|(_, w)| *w).collect();
            chosen.len() <= most && self.missing(wish, &chosen).is_empty()
        })
    }

    fn missing(&self, wish: &Wish<'_>, from: &[WarehouseId]) -> Vec<(SkuId, u64, u64)> {
        let there = |sku: SkuId| {
            let each = from.iter().map(|w| self.drawable(sku, *w, wish.pools));
            each.fold(0u64, |sum, n| n.map_or(u64::MAX, |n| sum.saturating_add(n)))
        };
        let each = wish.demand.iter().map(|(sku, wanted)| (*sku, *wanted, there(*sku)));
        each.filter(|(_, wanted, there)| there < wanted).collect()
    }
}
