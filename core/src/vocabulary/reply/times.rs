//! Which times of other systems are taken.

use bincode::{Decode, Encode};

use crate::limits::PAST_MAX;
use crate::reject::Reject;
use crate::time::{Span, Time};

/// Engine time, and how far the times that callers tell may differ from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct TimesView {
    /// Engine time.
    pub now: Time,
    /// How far clocks of other systems may differ: the setting `clock.skew`.
    pub skew: Span,
}

impl TimesView {
    /// Refuses a time that lies ahead of engine time by more than clocks may differ, or longer ago than anything is told.
    ///
    /// # Errors
    /// [`Reject::Invalid`], which names `occurred`.
    pub fn timely(&self, occurred: Time) -> Result<(), Reject> {
        let TimesView { now, skew } = *self;
        if occurred > now + skew {
            let reason =
                format!("is {occurred}, more than {skew} after {now}, the engine's time: it cannot have happened");
            return Err(untimely(reason));
        }
        if occurred < now - PAST_MAX {
            return Err(untimely(format!("is {occurred}, more than {PAST_MAX} before the engine's time")));
        }
        Ok(())
    }

    /// Refuses a time at which an order did not exist yet, by more than clocks may differ. `placed` is when it was placed,
    /// by its own `occurred`.
    ///
    /// # Errors
    /// [`Reject::Invalid`], which names `occurred`.
    pub fn since_placed(&self, occurred: Time, placed: Time) -> Result<(), Reject> {
        let skew = self.skew;
        if occurred + skew < placed {
            let reason = format!("is {occurred}, more than {skew} before {placed}, when the order was placed");
            return Err(untimely(reason));
        }
        Ok(())
    }
}

fn untimely(reason: String) -> Reject {
    Reject::Invalid { field: "occurred".to_owned(), reason }
}
