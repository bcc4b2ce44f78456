//! When something can have happened outside.

use crate::engine::outcome::invalid;
use crate::engine::store::Engine;
use crate::limits::PAST_MAX;
use crate::orders::Order;
use crate::reject::Reject;
use crate::time::Time;

impl Engine {
    /// Refuses a time that lies ahead of engine time by more than clocks may differ, or longer ago than anything is told.
    pub(in crate::engine) fn timely(&self, occurred: Time, now: Time) -> Result<(), Reject> {
        let skew = self.skew();
        if occurred > now + skew {
            let reason =
                format!("is {occurred}, more than {skew} after {now}, the engine's time: it cannot have happened");
            return Err(invalid("occurred", reason));
        }
        if occurred < now - PAST_MAX {
            return Err(invalid("occurred", format!("is {occurred}, more than {PAST_MAX} before the engine's time")));
        }
        Ok(())
    }

    /// Refuses a time at which an order did not exist yet, by more than clocks may differ.
    pub(in crate::engine) fn since_placed(&self, occurred: Time, order: &Order) -> Result<(), Reject> {
        let (placed, skew) = (order.placed_occurred, self.skew());
        if occurred + skew < placed {
            let reason = format!("is {occurred}, more than {skew} before {placed}, when the order was placed");
            return Err(invalid("occurred", reason));
        }
        Ok(())
    }
}
