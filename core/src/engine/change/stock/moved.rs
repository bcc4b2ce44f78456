//! Units moved by a stock command: one event for all of these commands.

use crate::engine::change::stock::terms::ELSEWHERE;
use crate::engine::store::Engine;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, MoveReason, StockMoved};
use crate::orders::Answer;
use crate::stock::{Bucket, Move};
use crate::units::Units;

/// The event of a stock command.
pub(in crate::engine) fn moved(reason: MoveReason, note: Option<String>, moves: Vec<Move>) -> Event {
    Event::StockMoved(StockMoved { reason, note, moves })
}

/// What movements answer: all units, and those that were found short. Units that leave one warehouse for another count
/// once, though each of them moves at both.
pub(in crate::engine) fn answer(body: &impl Body) -> Answer {
    let (mut units, mut short) = (Units::ZERO, Units::ZERO);
    body.each_move(&mut |m| {
        if m.from == ELSEWHERE {
            return;
        }
        units = units.saturating_add(m.units);
        if m.from == Bucket::Short {
            short = short.saturating_add(m.units);
        }
    });
    Answer::Moved { units, short }
}

impl Body for StockMoved {
    fn touches(&self, _footprint: &mut Footprint) {}

    fn each_move(&self, f: &mut impl FnMut(Move)) {
        self.moves.iter().copied().for_each(f);
    }

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        self.post(state, at)?;
        state.remember(at, answer(self));
        Ok(())
    }

    fn publish(&self, engine: &Engine, at: &At<'_>) -> Result<(), Broken> {
        if matches!(self.reason, MoveReason::Receipt | MoveReason::Arrival) {
            engine.prices.note_receipt(&self.moves, at.arrived());
        }
        Ok(())
    }
}
