//! Time given to unpaid holds when engine time is about to go far forward.

use crate::Actor;
use crate::engine::plan::scratch::with_scratch;
use crate::engine::store::Engine;
use crate::engine::transact::admit::uncalled;
use crate::event::{Cause, Event, HoldExtended};
use crate::ids::OrderId;
use crate::limits::KEY_SHARDS;
use crate::log::Admission;
use crate::orders::{Due, KeyShard, OrderState, TimerKind};
use crate::time::Time;

/// Bytes an extension's event is expected to take.
const EVENT_BYTES: usize = 128;

/// The log takes no further event for now, or is halted.
struct NoRoom;

/// What a call of [`Engine::extend_due`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Extended {
    /// Holds extended.
    pub holds: usize,
    /// Whether there may be more, because the log has no room for now or is halted.
    pub more: bool,
}

impl Engine {
    /// Extends every unpaid hold that ends after `now` and before `until`, to `until`: each in a commit of its own. For a
    /// server that was away, or whose clock is about to go far forward, so that buyers whose time it took away can still
    /// pay. Holds that ended by `now` stay as they are and expire. Call it again while it answers `more`.
    pub fn extend_due(&self, now: Time, until: Time) -> Extended {
        let mut holds = 0;
        for number in 0..KEY_SHARDS {
            for (deadline, id) in self.ending(number, now, until) {
                match self.grant((id, deadline), now, until) {
                    Ok(extended) => holds += usize::from(extended),
                    Err(NoRoom) => return Extended { holds, more: true },
                }
            }
        }
        Extended { holds, more: false }
    }

    /// Whether an unpaid hold ends before `until`.
    pub fn any_hold_ends_before(&self, until: Time) -> bool {
        (0..KEY_SHARDS).any(|number| {
            let keys = self.door.lock_orders(&self.log, [number]);
            let shard = keys.orders(number);
            let ends = |due: &Due| {
                let hold = shard.hold(due.order);
                hold.is_some_and(|(state, deadline)| state == OrderState::Held && deadline < until)
            };
            shard.timers.entries().any(|due| due.at < until && ends(&due))
        })
    }

    /// The holds of a shard that end after `now` and before `until`, by deadline, then by placing; out of date ones, too.
    fn ending(&self, number: usize, now: Time, until: Time) -> Vec<(Time, OrderId)> {
        let keys = self.door.lock_orders(&self.log, [number]);
        let between = |due: &Due| match due.kind {
            TimerKind::Hold => now < due.at && due.at < until,
        };
        let mut ending: Vec<Due> = keys.orders(number).timers.entries().filter(between).collect();
        ending.sort_unstable();
        ending.into_iter().map(|due| (due.at, due.order)).collect()
    }

    /// Extends one hold, unless its order was paid, extended or cancelled in between.
    fn grant(&self, (id, deadline): (OrderId, Time), now: Time, until: Time) -> Result<bool, NoRoom> {
        let room = self.log.reserve(EVENT_BYTES, Admission::Reserved).map_err(|_| NoRoom)?;
        let number = KeyShard::of_id(id);
        with_scratch(self.work, |scratch| {
            let keys = self.door.lock_orders(&self.log, [number]);
            let Some(order) = keys.orders(number).order(id) else { return Ok(false) };
            let arrived = now.max(order.last_time);
            if order.state != OrderState::Held || order.deadline != deadline || arrived >= deadline {
                return Ok(false);
            }
            let event = Event::HoldExtended(HoldExtended { order: id, until });
            let envelope = uncalled(Actor::Timer, Cause::Deadline, arrived, event);
            let mut locked = keys.lock_stock([]);
            self.commit(&mut locked, room, &envelope, &mut scratch.bytes).map_err(|_| NoRoom)?;
            Ok(true)
        })
    }
}
