//! When something can have happened outside.

use crate::engine::store::Engine;
use crate::orders::Order;
use crate::reject::Reject;
use crate::reply::TimesView;
use crate::time::Time;

impl Engine {
    /// Which times of other systems are taken now.
    pub(in crate::engine) fn times(&self, now: Time) -> TimesView {
        TimesView { now, skew: self.skew() }
    }

    /// Refuses a time that lies ahead of engine time by more than clocks may differ, or longer ago than anything is told.
    pub(in crate::engine) fn timely(&self, occurred: Time, now: Time) -> Result<(), Reject> {
        self.times(now).timely(occurred)
    }

    /// Refuses a time at which an order did not exist yet, by more than clocks may differ.
    pub(in crate::engine) fn since_placed(&self, occurred: Time, order: &Order) -> Result<(), Reject> {
        self.times(order.last_time).since_placed(occurred, order.placed_occurred)
    }
}
