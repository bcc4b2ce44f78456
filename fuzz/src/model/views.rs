//! The state in the words of replies, to be compared with what the engine answers.

use std::collections::BTreeMap;

use stockade_core::decision::CostParts;
use stockade_core::ids::{Code, OrderId, PoolId, SkuId, SubNo, WarehouseId};
use stockade_core::money::Money;
use stockade_core::reply::{
    CellView, OrderSummary, OrderView, PoolView, SubLineView, SubOrderNow, SubOrderView, TimelineEntry,
};
use stockade_core::stock::Bucket;
use stockade_core::units::{Balance, Units};

use super::Model;
use super::orders::{Order, Sub, SubLine};

impl Model {
    /// A cell as a stock query shows it. Pools without units are left out.
    pub fn cell_view(&self, sku: SkuId, warehouse: WarehouseId) -> Option<CellView> {
        let world = self.world.as_ref()?;
        let cell = self.ledger.cells.get(&(sku, warehouse))?;
        let units = |bucket| Units(cell.units(bucket));
        let pools = world.pools.iter().map(|(id, code)| PoolView {
            pool: code.clone(),
            available: units(Bucket::Available(*id)),
            held: units(Bucket::Held(*id)),
        });
        Some(CellView {
            sku: self.skus[sku.index()].code.clone(),
            warehouse: world.warehouse(warehouse)?.code.clone(),
            pools: pools.filter(|p| p.available.0 + p.held.0 > 0).collect(),
            allocated: units(Bucket::Allocated),
            picked: units(Bucket::Picked),
            shipped: units(Bucket::Shipped),
            awaiting: units(Bucket::Awaiting),
            inspection: units(Bucket::Inspection),
            damaged: units(Bucket::Damaged),
            in_transit: units(Bucket::InTransit),
            inbound: self.inbound_views(sku, warehouse)?,
            overdue: self.overdue(sku, warehouse),
            short: Units(cell.short()),
            safety: Units(cell.safety),
            on_hand: Balance::of(cell.on_hand()),
            watermark: cell.watermark,
            affected: self.claimants(sku, warehouse),
            affected_more: false,
        })
    }

    /// An order as an order query shows it. Lines without units are left out.
    pub fn order_view(&self, order: &Order) -> Option<OrderView> {
        let world = self.world.as_ref()?;
        let kept = order.subs.iter().filter(|s| !s.is_gone());
        let numbered = order.subs.iter().enumerate();
        Some(OrderView {
            order: order.id,
            channel: world.channel(order.channel)?.code.clone(),
            number: order.number.clone(),
            zone: order.zone.clone(),
            customer: order.customer.clone(),
            state: order.state,
            placed_at: order.placed_at,
            expires_at: order.expires_at,
            rules_version: order.rules_version,
            cost: kept.fold(Money::ZERO, |sum, s| sum.saturating_add(s.parts.total())),
            sub_orders: numbered.map(|(n, s)| self.sub_now(order.id, n, s)).collect::<Option<_>>()?,
            review: {
                let named = order.review.iter().map(|(sku, n)| (self.skus[sku.index()].code.clone(), Units(*n)));
                let mut review: Vec<_> = named.collect();
                review.sort();
                review
            },
            refunds: self.refund_views(&(order.channel, order.number.clone()))?,
            timeline: order
                .timeline
                .iter()
                .map(|m| TimelineEntry {
                    seq: m.seq,
                    what: m.what.to_owned(),
                    sub: m.sub.map(SubNo),
                    occurred: m.occurred,
                    arrived: m.arrived,
                    actor: m.actor.clone(),
                    reason: m.reason.clone(),
                })
                .collect(),
            version: order.version,
        })
    }

    fn sub_now(&self, order: OrderId, index: usize, sub: &Sub) -> Option<SubOrderNow> {
        let no = index as u16 + 1;
        let changed = sub.lines.values().any(|line| line.units != line.promised);
        let first = match changed {
            true => Some(self.sub_view(no, sub, sub.promise, |line| line.promised)?),
            false => None,
        };
        Some(SubOrderNow {
            promised: self.sub_view(no, sub, (sub.weight_g, sub.parts), |line| line.units)?,
            first,
            stage: sub.stage,
            waybill: sub.waybill.clone(),
            in_inspection: Units(sub.in_inspection()),
            returned: Units(sub.returned()),
            awaits: self.awaits(order, no, sub),
            elsewhere: self.elsewhere(sub)?,
        })
    }

    fn elsewhere(&self, sub: &Sub) -> Option<Vec<(Code, Units)>> {
        let mut units: BTreeMap<Code, Units> = BTreeMap::new();
        for ((_, warehouse), there) in sub.inspected_at().iter().filter(|((_, at), _)| *at != sub.warehouse) {
            let sum = units.entry(self.world.as_ref()?.warehouse(*warehouse)?.code.clone()).or_default();
            *sum = Units(sum.0 + there);
        }
        Some(units.into_iter().collect())
    }

    fn sub_view(
        &self,
        no: u16,
        sub: &Sub,
        (weight_g, parts): (u64, CostParts),
        units: impl Fn(&SubLine) -> u64,
    ) -> Option<SubOrderView> {
        let world = self.world.as_ref()?;
        let code = |pool: &PoolId| world.pools.get(pool).cloned();
        let lines = sub.lines.iter().map(|((sku, pool), line)| {
            let sku = self.skus[sku.index()].code.clone();
            Some(SubLineView { sku, units: Units(units(line)), pool: code(pool)? })
        });
        Some(plain(SubOrderView {
            no: SubNo(no),
            warehouse: world.warehouse(sub.warehouse)?.code.clone(),
            carrier: world.carriers.get(&sub.carrier)?.clone(),
            kind: sub.kind,
            hours: sub.hours,
            weight_g,
            cost: parts.total(),
            parts,
            lines: lines.collect::<Option<_>>()?,
        }))
    }

    /// A sub-order as a list shows it.
    pub fn summary(&self, order: &Order, index: usize) -> Option<OrderSummary> {
        let world = self.world.as_ref()?;
        let sub = order.subs.get(index)?;
        Some(OrderSummary {
            order: order.id,
            channel: world.channel(order.channel)?.code.clone(),
            number: order.number.clone(),
            sub: SubNo(index as u16 + 1),
            warehouse: world.warehouse(sub.warehouse)?.code.clone(),
            carrier: world.carriers.get(&sub.carrier)?.clone(),
            state: order.state,
            stage: sub.stage,
            placed_at: order.placed_at,
            units: Units(sub.units()),
        })
    }
}

/// A sub-order without what carries no meaning: lines without units, and the order of lines.
pub fn plain(mut sub: SubOrderView) -> SubOrderView {
    sub.lines.retain(|l| l.units.0 > 0);
    sub.lines.sort_by(|a, b| (&a.sku, &a.pool).cmp(&(&b.sku, &b.pool)));
    sub
}
