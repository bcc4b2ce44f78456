//! More units of a SKU that an unpaid order has.

use crate::command::Raise;
use crate::engine::bounds::line_units;
use crate::engine::change::Execute;
use crate::engine::change::order::limit::{no_parcel_left, parcels_for_review};
use crate::engine::outcome::Decided;
use crate::engine::plan::anew::{Served, channel_pools};
use crate::engine::plan::ready::Terms;
use crate::engine::plan::wish::Wish;
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Decisions, Footprint, Scope};
use crate::engine::transact::order::{allowed, illegal};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, OrderRaised};
use crate::ids::SkuId;
use crate::orders::{Action, Change, Order, Stage};
use crate::reject::Reject;
use crate::stock::{Bucket, Move};
use crate::units::Units;

impl Execute for Raise {
    /// Holds the added units besides what the order has, from stock on hand, all of them or none: under the same deadline,
    /// in parcels of their own, and within the order's limit of parcels.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        engine.plan_change(&self.order, &self.line, asked, |mut context| {
            let order = context.order;
            allowed(order, Action::Raise)?;
            let sku = engine.known_sku(&self.line.sku)?;
            if !order.skus().contains(&sku) {
                let reason = format!("{} is not in it; place another order for it", self.line.sku);
                return Err(illegal(Action::Raise, order, None, reason).into());
            }
            line_units("units", self.line.units.saturating_add(units_of(order, sku)))?;
            // Nothing of an unpaid order stands in review.
            let most = parcels_for_review(order);
            if most == Some(0) {
                let advice = "`cancel` it and place another order for all of it";
                return Err(Reject::Unroutable { reason: format!("{}; {advice}", no_parcel_left(order)) }.into());
            }
            let pools = channel_pools(context.config, order);
            let wish = Wish::of(order, vec![(sku, self.line.units)], pools, Terms::default(), most).part();
            match engine.serve_anew(&mut context, wish)? {
                Served::Here(decision) => {
                    Ok(Event::OrderRaised(Box::new(OrderRaised { order: order.id, decision, most })))
                }
                Served::Ahead(_) => unreachable!("what is yet to come was not asked for"),
                Served::No(reject) => Err(reject.into()),
            }
        })
    }
}

/// Units of a SKU that an order has.
fn units_of(order: &Order, sku: SkuId) -> Units {
    let lines = order.subs.iter().filter(|sub| !sub.is_gone()).flat_map(|sub| &sub.lines);
    lines.filter(|line| line.sku == sku).map(|line| line.units).sum()
}

impl Body for OrderRaised {
    const DECIDES: bool = true;

    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.decision.each_move(Bucket::Held, f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        self.post(state, at)?;
        let order = state.order_mut(self.order)?;
        let first_sub = order.append(&self.decision, Stage::Held);
        at.done(order, None, Change::Raised { units: self.decision.units(), first_sub });
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions { most: self.most, ..Decisions::one(&self.decision, Scope::Part) }
    }
}
