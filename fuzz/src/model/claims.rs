//! Which orders short units affect: those that claim units of a cell which has not got them all.

use stockade_core::ids::{OrderId, SkuId, WarehouseId};
use stockade_core::limits::AFFECTED_LOOKS_MAX;
use stockade_core::orders::Stage;
use stockade_core::stock::Bucket;

use super::Model;
use super::orders::{Order, Sub};

/// The orders that a short cell is said to affect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Affected {
    pub orders: Vec<OrderId>,
    /// Whether the search ended before all of them were found.
    pub more: bool,
}

impl Model {
    /// The orders that the short units of a cell affect: the latest first, as many as miss units.
    pub(super) fn claimants(&self, sku: SkuId, warehouse: WarehouseId) -> Vec<OrderId> {
        let mut missing = self.not_there(sku, warehouse);
        let mut affected = Vec::new();
        // What is packed was found: it misses last.
        for packed in [false, true] {
            let mut claiming = self.orders.claiming(sku, warehouse);
            while missing > 0
                && let Some(order) = claiming.next()
            {
                self.claim(order, (sku, warehouse), packed, (&mut missing, &mut affected));
            }
        }
        affected
    }

    /// The same of several cells, as a query that looks at no more than [`AFFECTED_LOOKS_MAX`] orders for all of them tells
    /// it, one after the other. It looks at every order that has something in the warehouse of the cell, and at one with packed
    /// and other sub-orders there twice.
    pub(super) fn claimants_within(&self, cells: &[(SkuId, WarehouseId)]) -> Vec<Affected> {
        let mut latest: Vec<&Order> = self.orders.all().collect();
        latest.sort_by_key(|order| std::cmp::Reverse(order.placed()));
        let mut looks = AFFECTED_LOOKS_MAX;
        let mut within = |cell: &(SkuId, WarehouseId)| {
            let (mut missing, mut affected) = (self.not_there(cell.0, cell.1), Vec::new());
            for packed in [false, true] {
                let here = |order: &&&Order| order.subs.iter().any(|sub| sub.warehouse == cell.1 && is_in(sub, packed));
                for order in latest.iter().filter(here) {
                    if missing == 0 {
                        break;
                    }
                    if looks == 0 {
                        return Affected { orders: affected, more: true };
                    }
                    looks -= 1;
                    self.claim(order, *cell, packed, (&mut missing, &mut affected));
                }
            }
            Affected { orders: affected, more: false }
        };
        cells.iter().map(&mut within).collect()
    }

    /// Short units of a cell that no free ones make up for.
    fn not_there(&self, sku: SkuId, warehouse: WarehouseId) -> u64 {
        let cell = self.ledger.cell(sku, warehouse);
        cell.short().saturating_sub(cell.free())
    }

    /// Takes what an order claims of a cell off the units that are missing there, and names it if that is anything.
    fn claim(
        &self,
        order: &Order,
        (sku, warehouse): (SkuId, WarehouseId),
        packed: bool,
        (missing, affected): (&mut u64, &mut Vec<OrderId>),
    ) {
        let here = order.subs.iter().filter(|sub| sub.warehouse == warehouse && is_in(sub, packed));
        let inbound = self.inbound.get(&(sku, warehouse));
        let promises = inbound.into_iter().flat_map(|inbound| &inbound.promises).filter(|(_, p)| p.order == order.id);
        let ahead: u64 = promises.map(|(t, _)| self.ledger.units(sku, warehouse, Bucket::Promised(*t))).sum();
        let units = here.map(|sub| sub.units_of(sku)).sum::<u64>() - if packed { 0 } else { ahead };
        if units > 0 && !affected.contains(&order.id) {
            affected.push(order.id);
        }
        *missing = missing.saturating_sub(units);
    }
}

/// Whether a sub-order is still in its warehouse, packed or not.
fn is_in(sub: &Sub, packed: bool) -> bool {
    sub.is_inside() && (sub.stage == Stage::Packed) == packed
}
