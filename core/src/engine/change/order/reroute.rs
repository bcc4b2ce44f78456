//! Routing what stands in review.

use crate::command::Reroute;
use crate::engine::change::Execute;
use crate::engine::change::order::take_review;
use crate::engine::outcome::Decided;
use crate::engine::plan::anew::{Served, channel_pools};
use crate::engine::plan::ready::Terms;
use crate::engine::plan::wish::Wish;
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Decisions, Footprint, Scope};
use crate::engine::transact::order::{allowed, illegal};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, ReviewRouted};
use crate::orders::{Action, Change, Stage};
use crate::stock::{Bucket, Move};

impl Execute for Reroute {
    /// Tries again to route what stands in review.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        engine.plan_change(&self.order, &(), asked, |mut context| {
            let order = context.order;
            allowed(order, Action::Reroute)?;
            if order.later.review.is_empty() {
                return Err(illegal(Action::Reroute, order, None, "nothing of it stands in review").into());
            }
            let units = order.later.review.clone();
            let pools = channel_pools(context.config, order);
            let wish = Wish::of(order, units.clone(), pools, Terms::default());
            match engine.serve_anew(&mut context, wish)? {
                Served::Here(decision) => {
                    Ok(Event::ReviewRouted(Box::new(ReviewRouted { order: order.id, units, decision })))
                }
                Served::Ahead(_) => unreachable!("what is yet to come was not asked for"),
                Served::No(reject) => Err(reject.into()),
            }
        })
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
        self.post(state, at)?;
        let order = state.order_mut(self.order)?;
        let wrong = Broken::Order { order: self.order, what: "its review has not the units that are routed" };
        take_review(order, &self.units).ok_or(wrong)?;
        order.append(&self.decision, Stage::Allocated);
        at.done(order, None, Change::Rerouted { units: self.decision.units() });
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions::one(&self.decision, Scope::Part)
    }
}
