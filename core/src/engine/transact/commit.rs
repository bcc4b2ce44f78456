//! The one path of every commit: encode, append, apply, publish.
//!
//! ```text
//!   fits ──► encode ──► append: the sequence ──► apply: the whole change ──► publish ──► the journal may have it
//!   (too many units or bytes: refused,           (a bug halts here, and the event
//!    nothing happened)                            is in no journal)
//! ```

use smallvec::SmallVec;

use crate::engine::outcome::Refusal;
use crate::engine::store::{Engine, EngineLocked, Reaction};
use crate::engine::transact::admit::encoded;
use crate::engine::transact::state::{At, Broken, State};
use crate::event::Envelope;
use crate::ids::{OrderId, Seq};
use crate::log::{Appended, Halted, LaidOut, Room};
use crate::orders::lists::{Listed, Stood};
use crate::orders::{KeyShard, Order};
use crate::reject::Reject;

impl Engine {
    /// Commits an event under the locks of everything it touches and answers its sequence.
    ///
    /// Deciding has made sure that it applies; when it does not, that is a bug and the panic halts the engine.
    ///
    /// # Errors
    /// [`Reject::Invalid`] for an event that no batch can hold or that brings more units than fit, and [`Reject::Halted`]. Nothing has happened then.
    pub(in crate::engine) fn commit(
        &self,
        locked: &mut EngineLocked<'_>,
        room: Room<'_>,
        envelope: &Envelope,
        bytes: &mut Vec<u8>,
    ) -> Result<Seq, Refusal> {
        self.fits(locked, &envelope.event)?;
        encoded(envelope, bytes)?;
        self.commit_appended(locked, envelope, self.log.append(room, bytes))
    }

    /// The same for an event that was laid out for the log before its locks were taken.
    pub(in crate::engine) fn commit_laid_out(
        &self,
        locked: &mut EngineLocked<'_>,
        room: Room<'_>,
        envelope: &Envelope,
        laid_out: LaidOut,
    ) -> Result<Seq, Refusal> {
        self.commit_appended(locked, envelope, self.log.append_laid_out(room, laid_out))
    }

    #[inline]
    fn commit_appended(
        &self,
        locked: &mut EngineLocked<'_>,
        envelope: &Envelope,
        appended: Result<Appended<'_>, Halted>,
    ) -> Result<Seq, Refusal> {
        debug_assert!(covers(locked, envelope), "an event touches what was not locked: {envelope:?}");
        let halted = |_| Reject::Halted { reason: self.log.halted().unwrap_or_default() };
        let appended = appended.map_err(halted).map_err(Refusal::from)?;
        match self.apply(locked, &At { seq: appended.seq(), envelope }) {
            Ok(changes) => self.note_applied(changes),
            Err(broken) => panic!("a decided event does not apply: {broken}: {envelope:?}"),
        }
        Ok(appended.applied())
    }

    /// Applies an event and makes visible what it changed; answers how many cells and accounts it changed, one by one. Live
    /// commits and recovery come through here.
    pub(in crate::engine) fn apply(&self, locked: &mut EngineLocked<'_>, at: &At<'_>) -> Result<u64, Broken> {
        let event = &at.envelope.event;
        let orders = event.touches().orders;
        let mut stood: SmallVec<[Option<Stood>; 1]> = SmallVec::new();
        orders.iter().for_each(|order| stood.push(find(locked, *order).map(Stood::of)));
        let mut state = State::new(locked);
        event.apply(&mut state, at)?;
        let changes = state.changes;
        let due: SmallVec<[Reaction; 2]> = state.due().collect();
        due.into_iter().for_each(|reaction| locked.counters().reactions.note(reaction));
        for (order, stood) in orders.iter().zip(&stood) {
            list(locked, *order, stood.as_ref())?;
        }
        event.publish(self, at)?;
        Ok(changes)
    }
}

/// An order, if it exists.
fn find<'l>(locked: &'l EngineLocked<'_>, order: OrderId) -> Option<&'l Order> {
    locked.orders(KeyShard::of_id(order)).order(order)
}

/// Moves an order between the lists it stood in before the event and those it stands in now.
fn list(locked: &EngineLocked<'_>, order: OrderId, stood: Option<&Stood>) -> Result<(), Broken> {
    let now = find(locked, order).ok_or(Broken::UnknownOrder(order))?;
    let lists = &locked.counters().lists;
    let fits = match stood {
        Some(stood) => lists.follow(stood, now),
        None => lists.insert(&Listed::of(now)),
    };
    if fits { Ok(()) } else { Err(Broken::Order { order, what: "it is not in the lists it should be in" }) }
}

/// Whether everything an event touches is locked.
fn covers(locked: &EngineLocked<'_>, envelope: &Envelope) -> bool {
    let footprint = envelope.event.footprint();
    footprint.order_shards().all(|shard| locked.has_orders(shard))
        && footprint.stock_shards().all(|shard| locked.has_stock(shard))
}
