//! Routing what stands in review.

use crate::command::{Reroute, RerouteApart};
use crate::engine::change::Execute;
use crate::engine::change::order::limit::{no_parcel_left, parcels_for_review};
use crate::engine::change::order::take_review;
use crate::engine::outcome::Decided;
use crate::engine::plan::anew::{Served, channel_pools};
use crate::engine::plan::context::OrderContext;
use crate::engine::plan::ready::Terms;
use crate::engine::plan::wish::{Undecided, Wish};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Decisions, Footprint, Scope};
use crate::engine::transact::order::{allowed, illegal};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, ReviewRouted, ReviewRoutedWithin};
use crate::orders::{Action, Change, Order, Stage};
use crate::reject::Reject;
use crate::stock::{Bucket, Move};

impl Execute for Reroute {
    /// Tries again to route what stands in review, within the order's limit of parcels.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        engine.plan_change(&self.order, &(), asked, |mut context| {
            let order = reviewed(context.order)?;
            let most = parcels_for_review(order);
            if most == Some(0) {
                let advice = "route it apart (`reroute --apart`) or give it up (`cancel --units`)";
                return Err(Reject::Unroutable { reason: format!("{}; {advice}", no_parcel_left(order)) }.into());
            }
            let routed = engine.review(&mut context, most)?;
            Ok(match most {
                Some(most) => Event::ReviewRoutedWithin(Box::new(ReviewRoutedWithin { routed, most })),
                None => Event::ReviewRouted(Box::new(routed)),
            })
        })
    }
}

impl Execute for RerouteApart {
    /// Routes what stands in review in as many parcels as it takes.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        engine.plan_change(&self.order, &(), asked, |mut context| {
            reviewed(context.order)?;
            Ok(Event::ReviewRouted(Box::new(engine.review(&mut context, None)?)))
        })
    }
}

impl Engine {
    /// Routes all that stands in review, in at most this many parcels.
    fn review(&self, context: &mut OrderContext<'_, '_>, most: Option<u16>) -> Result<ReviewRouted, Undecided> {
        let order = context.order;
        let units = order.later.review.clone();
        let pools = channel_pools(context.config, order);
        let wish = Wish::of(order, units.clone(), pools, Terms::default(), most);
        match self.serve_anew(context, wish)? {
            Served::Here(decision) => Ok(ReviewRouted { order: order.id, units, decision }),
            Served::Ahead(_) => unreachable!("what is yet to come was not asked for"),
            Served::No(reject) => Err(reject.into()),
        }
    }
}

/// An order that has something in review.
fn reviewed(order: &Order) -> Result<&Order, Reject> {
    allowed(order, Action::Reroute)?;
    if order.later.review.is_empty() {
        return Err(illegal(Action::Reroute, order, None, "nothing of it stands in review"));
    }
    Ok(order)
}

impl ReviewRouted {
    /// The change to the order and its stock.
    fn apply_to<'o>(&self, state: &'o mut State<'_, '_>, at: &At<'_>) -> Result<&'o mut Order, Broken> {
        self.post(state, at)?;
        let order = state.order_mut(self.order)?;
        let wrong = Broken::Order { order: self.order, what: "its review has not the units that are routed" };
        take_review(order, &self.units).ok_or(wrong)?;
        order.append(&self.decision, Stage::Allocated);
        Ok(order)
    }
}

impl Body for ReviewRouted {
    const DECIDES: bool = true;

    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.decision.each_move(|_| Bucket::Allocated, f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let order = self.apply_to(state, at)?;
        let broken = order.broken_limit();
        at.done_because(order, None, Change::Rerouted { units: self.decision.units() }, broken.as_deref());
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions::one(&self.decision, Scope::Part)
    }
}

impl Body for ReviewRoutedWithin {
    const DECIDES: bool = true;

    fn touches(&self, footprint: &mut Footprint) {
        self.routed.touches(footprint);
    }

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.routed.each_move(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let order = self.routed.apply_to(state, at)?;
        let what = Event::what_of::<Box<ReviewRouted>>();
        at.done_as(order, what, None, Change::Rerouted { units: self.routed.decision.units() });
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions { most: Some(self.most), ..self.routed.decisions() }
    }
}
