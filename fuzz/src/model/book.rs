//! Every order, and where to find some of them without a look at all: by the event that touched them last, by the end of
//! their hold, by the cells they claim units of.
//!
//! An order that is changed leaves these lists and comes back into them when its event is taken in whole.

use std::sync::Arc;

use stockade_core::ids::{OrderId, Seq, SkuId, WarehouseId};
use stockade_core::orders::OrderState;
use stockade_core::time::Time;

use super::orders::{Order, Sub};
use super::sharing::SharingMap;

/// Every order. A copy shares what no event has touched since.
#[derive(Clone, Debug, Default)]
pub struct OrderBook {
    by_id: SharingMap<OrderId, Arc<Order>>,
    by_version: SharingMap<(Seq, OrderId), ()>,
    by_deadline: SharingMap<(Time, Seq, OrderId), ()>,
    by_claim: SharingMap<(SkuId, WarehouseId, Seq, OrderId), ()>,
    /// Changed, and not in the lists.
    changed: Vec<OrderId>,
}

impl OrderBook {
    /// Orders.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// An order.
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.by_id.get(&id).map(|order| &**order)
    }

    /// All orders, by id.
    pub fn all(&self) -> impl Iterator<Item = &Order> {
        self.by_id.values().map(|order| &**order)
    }

    /// Orders by id, from an id on.
    pub fn from(&self, id: OrderId) -> impl Iterator<Item = &Order> {
        self.by_id.from(&id).map(|(_, order)| &**order)
    }

    /// Orders by the last event that touched them, from an event down, the latest first.
    pub fn touched_until(&self, seq: Seq) -> impl Iterator<Item = &Order> {
        self.by_version.down_from(&(seq, OrderId(u64::MAX))).filter_map(|((_, id), ())| self.get(*id))
    }

    /// Unpaid orders, by the end of their hold and then by the event that placed them.
    pub fn held(&self) -> impl Iterator<Item = &Order> {
        self.by_deadline.iter().filter_map(|((_, _, id), ())| self.get(*id))
    }

    /// Orders with units in a cell that have not left it, the latest first.
    pub fn claiming(&self, sku: SkuId, warehouse: WarehouseId) -> impl Iterator<Item = &Order> {
        let entries = self.by_claim.down_from(&(sku, warehouse, Seq(u64::MAX), OrderId(u64::MAX)));
        let ours = entries.take_while(move |((s, w, _, _), ())| (*s, *w) == (sku, warehouse));
        ours.filter_map(|((_, _, _, id), ())| self.get(*id))
    }

    /// A copy of one order alone.
    pub fn only(&self, id: OrderId) -> OrderBook {
        let mut book = OrderBook::default();
        if let Some(order) = self.by_id.get(&id) {
            book.by_id.insert(id, Arc::clone(order));
            book.changed.push(id);
            book.settle();
        }
        book
    }

    /// Takes another order in.
    pub(super) fn insert(&mut self, order: Order) {
        self.changed.push(order.id);
        self.by_id.insert(order.id, Arc::new(order));
    }

    /// An order, to be changed.
    pub(super) fn get_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        if !self.changed.contains(&id) {
            let order = Arc::clone(self.by_id.get(&id)?);
            self.by_version.remove(&(order.version, id));
            self.by_deadline.remove(&(order.expires_at, order.placed(), id));
            for (sku, warehouse) in claims(&order) {
                self.by_claim.remove(&(sku, warehouse, order.placed(), id));
            }
            self.changed.push(id);
        }
        self.by_id.get_mut(&id).map(Arc::make_mut)
    }

    /// Puts what was changed back into the lists.
    pub(super) fn settle(&mut self) {
        for id in std::mem::take(&mut self.changed) {
            let Some(order) = self.by_id.get(&id).cloned() else { continue };
            self.by_version.insert((order.version, id), ());
            if order.state == OrderState::Held {
                self.by_deadline.insert((order.expires_at, order.placed(), id), ());
            }
            for (sku, warehouse) in claims(&order) {
                self.by_claim.insert((sku, warehouse, order.placed(), id), ());
            }
        }
    }

    /// The lists must hold exactly what a look at all orders finds.
    ///
    /// # Errors
    /// Says which list does not.
    pub fn check(&self) -> Result<(), String> {
        let counts = (self.by_version.len(), self.by_deadline.len(), self.by_claim.len());
        let held = |order: &&Order| order.state == OrderState::Held;
        let found = (self.len(), self.all().filter(held).count(), self.all().map(|o| claims(o).len()).sum());
        if counts != found {
            return Err(format!("the lists of orders hold {counts:?}, there are {found:?}"));
        }
        for order in self.all() {
            let (id, placed) = (order.id, order.placed());
            let listed = self.by_version.contains_key(&(order.version, id))
                && held(&order) == self.by_deadline.contains_key(&(order.expires_at, placed, id))
                && claims(order).into_iter().all(|(s, w)| self.by_claim.contains_key(&(s, w, placed, id)));
            if !listed {
                return Err(format!("order {id} is not in the lists it belongs to"));
            }
        }
        Ok(())
    }
}

/// Cells of which an order has units that have not left.
fn claims(order: &Order) -> Vec<(SkuId, WarehouseId)> {
    let inside = order.subs.iter().filter(|sub| Sub::is_inside(sub));
    let cells = inside.flat_map(|sub| {
        let lines = sub.lines.iter().filter(|(_, line)| line.units > 0);
        lines.map(|((sku, _), _)| (*sku, sub.warehouse))
    });
    let mut cells: Vec<_> = cells.collect();
    cells.sort_unstable();
    cells.dedup();
    cells
}
