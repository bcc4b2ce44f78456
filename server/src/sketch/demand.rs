//! The demand of an order file.

use std::collections::BTreeMap;

use stockade_core::ids::Code;

use crate::files::{FileFault, OrderKind, OrderSheet};

/// The demand of an order file.
#[derive(Debug, Default)]
pub(super) struct Demand {
    /// Orders placed.
    pub(super) orders: u64,
    /// Orders by zone.
    pub(super) zones: BTreeMap<Code, u64>,
    /// Units by SKU. A SKU that is only returned has none.
    pub(super) skus: BTreeMap<Code, u64>,
    /// Channels named.
    pub(super) channels: BTreeMap<Code, u64>,
}

impl Demand {
    /// Reads a file to its end.
    pub(super) fn read(mut orders: OrderSheet) -> Result<Demand, FileFault> {
        let mut demand = Demand::default();
        while let Some(order) = orders.next_order()? {
            if order.kind != OrderKind::Sale {
                continue;
            }
            demand.orders += 1;
            if let Some(zone) = order.zone {
                *demand.zones.entry(zone).or_default() += 1;
            }
            if let Some(channel) = order.channel {
                *demand.channels.entry(channel).or_default() += 1;
            }
            for line in order.lines {
                *demand.skus.entry(line.sku).or_default() += u64::try_from(line.qty).unwrap_or(0);
            }
        }
        Ok(demand)
    }

    /// Zones with their orders, the most frequent first.
    pub(super) fn zones_by_orders(&self) -> Vec<(&Code, u64)> {
        let mut zones: Vec<(&Code, u64)> = self.zones.iter().map(|(zone, orders)| (zone, *orders)).collect();
        zones.sort_by_key(|(zone, orders)| (std::cmp::Reverse(*orders), *zone));
        zones
    }
}
