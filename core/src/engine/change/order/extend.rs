//! Longer holds.

use crate::command::ExtendHold;
use crate::engine::change::Execute;
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::order::allowed;
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, HoldExtended};
use crate::limits::HOLD_TTL_MAX;
use crate::orders::{Action, Change, TimerKind};
use crate::stock::Move;

impl Execute for ExtendHold {
    /// Holds unpaid stock longer.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let until = self.until;
        engine.change_order(&self.order, &until, asked, |context| {
            let order = context.order;
            allowed(order, Action::Extend)?;
            if until <= order.deadline {
                let reason = format!("must be later than the present deadline {}", order.deadline);
                return Err(invalid("until", reason));
            }
            if until > context.now + HOLD_TTL_MAX {
                return Err(invalid("until", format!("must be at most {HOLD_TTL_MAX} from now")));
            }
            Ok(Event::HoldExtended(HoldExtended { order: order.id, until }))
        })
    }
}

impl Body for HoldExtended {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.orders.push(self.order);
    }

    fn each_move(&self, _f: &mut impl FnMut(Move)) {}

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        let order = state.order_mut(self.order)?;
        order.deadline = self.until;
        let placed = order.placed;
        at.done(order, None, Change::Extended { until: self.until });
        state.shard_mut(self.order).timers.set(TimerKind::Hold, self.until, placed, self.order);
        Ok(())
    }

    fn publish(&self, engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        engine.hint_deadline(self.order, self.until);
        Ok(())
    }
}
