//! The clock: how engine time stands to the wall clock, and which times are taken.

use serde::{Deserialize, Serialize};
use stockade_core::reply::TimesView;

use crate::clock::Standing;
use crate::service::Followed;

/// How engine time stands to the wall clock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClockBody {
    /// Engine time: the time by which holds end.
    pub engine_time: String,
    /// The wall clock of the server.
    pub wall_clock: String,
    /// How far the wall clock is ahead, while it waits for confirmation.
    pub ahead: Option<String>,
    /// How far the wall clock is behind, while engine time waits for it.
    pub behind: Option<String>,
    /// Why the wall clock waits for confirmation: `leap` or `start`.
    pub waiting: Option<String>,
}

/// What a confirmation did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConfirmedBody {
    /// How far engine time went forward; `0ms` when nothing waited for confirmation.
    pub forward: String,
    /// Unpaid holds that were given time.
    pub extended: usize,
    /// Engine time now.
    pub engine_time: String,
}

/// Which times are taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TimesBody {
    /// Engine time.
    pub engine_time: String,
    /// How far clocks of other systems may differ from it.
    pub skew: String,
}

impl From<TimesView> for TimesBody {
    fn from(times: TimesView) -> TimesBody {
        TimesBody { engine_time: times.now.to_string(), skew: times.skew.to_string() }
    }
}

impl From<Standing> for ClockBody {
    fn from(standing: Standing) -> ClockBody {
        ClockBody {
            engine_time: standing.engine.to_string(),
            wall_clock: standing.wall.to_string(),
            ahead: standing.ahead().map(|span| span.to_string()),
            behind: standing.behind().map(|span| span.to_string()),
            waiting: standing.waiting.map(|waiting| waiting.name().to_owned()),
        }
    }
}

impl ConfirmedBody {
    /// The body for what was done, and the time after it.
    pub fn new(followed: Followed, after: Standing) -> ConfirmedBody {
        let forward = followed.forward.to_string();
        ConfirmedBody { forward, extended: followed.extended, engine_time: after.engine.to_string() }
    }
}
