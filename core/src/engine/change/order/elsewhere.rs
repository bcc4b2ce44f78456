//! Units that come back to another warehouse than the one that shipped them. They leave the books of the one for those of
//! the other, and are inspected and sold again where they are.

use std::collections::BTreeSet;

use crate::catalog::Config;
use crate::engine::change::order::limit::shortened;
use crate::engine::change::stock::terms::ELSEWHERE;
use crate::engine::outcome::invalid;
use crate::engine::store::Engine;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, ReturnInspected, ReturnInspectedElsewhere, ReturnReceived, ReturnReceivedElsewhere};
use crate::ids::{Code, SubNo, WarehouseId};
use crate::limits::ORDER_PARTS_MAX;
use crate::orders::{Elsewhere, Order, SubOrder, SubTake, bucket_of};
use crate::reject::Reject;
use crate::stock::{Bucket, Move};

/// The event of units that came back to another warehouse, with the words for it.
pub(super) fn received_elsewhere(
    order: &Order,
    sub: &SubOrder,
    takes: Vec<SubTake>,
    (to, place): (WarehouseId, String),
) -> Event {
    let mut moves = Vec::with_capacity(2 * takes.len());
    for SubTake { sku, pool, units, .. } in &takes {
        let (sku, units) = (*sku, *units);
        let mut from = bucket_of(sub.stage, *pool).expect("what went out stands in a bucket");
        // What the customer confirmed has left the books of the warehouse that shipped it.
        if !from.is_contra() {
            moves.push(Move { sku, warehouse: sub.warehouse, from, to: ELSEWHERE, units });
            from = ELSEWHERE;
        }
        moves.push(Move { sku, warehouse: to, from, to: Bucket::Inspection, units });
    }
    let received = ReturnReceived { order: order.id, takes, moves };
    Event::ReturnReceivedElsewhere(ReturnReceivedElsewhere { received, warehouse: to, place })
}

/// The event of an inspection of these units, which says where it was unless that is the warehouse that shipped them.
pub(super) fn inspected_elsewhere(
    inspected: ReturnInspected,
    sub: &SubOrder,
    taken: &[Elsewhere],
    config: &Config,
) -> Event {
    let elsewhere: Vec<Elsewhere> = taken.iter().filter(|taken| taken.warehouse != sub.warehouse).copied().collect();
    if elsewhere.is_empty() {
        return Event::ReturnInspected(inspected);
    }
    let mut places: Vec<WarehouseId> = taken.iter().map(|taken| taken.warehouse).collect();
    places.sort_unstable();
    places.dedup();
    let places: Vec<String> = places.into_iter().map(|place| config.codes.of_warehouse(place).to_string()).collect();
    let place = shortened(format!("inspected at {}", places.join(" and ")));
    Event::ReturnInspectedElsewhere(ReturnInspectedElsewhere { inspected, elsewhere, place })
}

/// Refuses units that would wait for inspection in more places than an order may have at other warehouses.
pub(super) fn room_elsewhere(
    order: &Order,
    no: SubNo,
    takes: &[SubTake],
    (to, home): (WarehouseId, &Code),
) -> Result<(), Reject> {
    let standing = order.later.elsewhere.len();
    if standing + takes.len() <= ORDER_PARTS_MAX {
        return Ok(());
    }
    let mut more: BTreeSet<_> = takes.iter().map(|take| (take.sku, take.pool)).collect();
    for there in order.later.elsewhere_of(no).filter(|there| there.warehouse == to) {
        more.remove(&(there.take.sku, there.take.pool));
    }
    if standing + more.len() <= ORDER_PARTS_MAX {
        return Ok(());
    }
    let reason = format!(
        "lines of this order wait for inspection at {standing} places other than those that shipped them, and at most \
         {ORDER_PARTS_MAX} may: inspect some first, or name {home}, which shipped these"
    );
    Err(invalid("to", reason))
}

impl Body for ReturnReceivedElsewhere {
    fn touches(&self, footprint: &mut Footprint) {
        self.received.touches(footprint);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.received.each_move(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let (order, sub, change) = self.received.apply_to(state, at)?;
        let there = |take: &SubTake| Elsewhere { warehouse: self.warehouse, take: *take };
        let there: Vec<Elsewhere> = self.received.takes.iter().map(there).collect();
        order.later.wait_elsewhere(&there);
        at.done_as(order, Event::what_of::<ReturnReceived>(), sub, change);
        at.explain(order, Some(&self.place));
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

impl Body for ReturnInspectedElsewhere {
    fn touches(&self, footprint: &mut Footprint) {
        self.inspected.touches(footprint);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.inspected.each_move(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let (order, sub, change) = self.inspected.apply_to(state, at)?;
        let wrong = Broken::Order { order: order.id, what: "more was inspected elsewhere than came back there" };
        order.later.leave_elsewhere(&self.elsewhere).ok_or(wrong)?;
        at.done_as(order, Event::what_of::<ReturnInspected>(), sub, change);
        at.explain(order, Some(&self.place));
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}
