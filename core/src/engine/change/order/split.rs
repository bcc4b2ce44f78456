//! Units of a paid sub-order that go in a parcel of their own, so that the rest need not wait for them.

use crate::command::Split;
use crate::engine::change::Execute;
use crate::engine::change::order::limit::{no_parcel_left, parcels_left};
use crate::engine::change::order::spread::{Spread, at_home};
use crate::engine::change::order::step::permitted;
use crate::engine::change::stock::terms::once;
use crate::engine::outcome::{Decided, invalid};
use crate::engine::plan::context::OrderContext;
use crate::engine::plan::size::one_more_sized;
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::order::illegal;
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, SubOrderSplit};
use crate::orders::{Action, Change};
use crate::reject::Reject;
use crate::stock::Move;
use crate::units::Units;

impl Execute for Split {
    /// Moves units of a sub-order that is not packed yet into a new one, within the order's limit of parcels. They stay
    /// where they are, for the same customer: no stock moves.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        engine.change_order(&self.order, &(self.sub, &self.lines), asked, |context| engine.split(&context, self))
    }
}

impl Engine {
    fn split(&self, context: &OrderContext<'_, '_>, split: &Split) -> Result<Event, Reject> {
        let (order, no) = (context.order, split.sub);
        let (sub, _) = permitted(order, no, Action::Split)?;
        if parcels_left(order, 0) == Some(0) {
            return Err(illegal(Action::Split, order, Some(sub.stage), no_parcel_left(order)));
        }
        once(&split.lines)?;
        let mut spread = Spread::new(self, &at_home((no, sub), |line| line.units), "are in it");
        for line in &split.lines {
            spread.over(self.known_sku(&line.sku)?, line.units)?;
        }
        let takes = spread.sub_takes();
        let apart: Units = takes.iter().map(|take| take.units).sum();
        if apart.is_zero() {
            return Err(invalid("lines", "name the units that go in a parcel of their own".to_owned()));
        }
        if apart == sub.units() {
            return Err(invalid("lines", "nothing would be left of it: name fewer units".to_owned()));
        }
        one_more_sized(&order.subs, takes.len())?;
        let (left, apart) = self.figures_split(sub, &takes, context.config);
        Ok(Event::SubOrderSplit(SubOrderSplit { order: order.id, sub: no, takes, left, apart }))
    }
}

impl Body for SubOrderSplit {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, _f: &mut impl FnMut(Move)) {}

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let order = state.order_mut(self.order)?;
        let wrong = Broken::Order { order: self.order, what: "it has not the units that go apart" };
        let sub = order.split(self.sub, &self.takes, (self.left, self.apart)).ok_or(wrong)?;
        let units = self.takes.iter().map(|take| take.units).sum();
        at.done(order, Some(self.sub), Change::Split { sub, units });
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}
