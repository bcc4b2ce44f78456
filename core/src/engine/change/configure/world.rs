//! A world file: warehouses, carriers, channels, pools, and rules.

use crate::catalog::Config;
use crate::command::ApplyWorld;
use crate::engine::bounds::legible;
use crate::engine::change::Execute;
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::configure::{Ready, bad_file};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::WorldApplied;
use crate::limits::RULES_EVER;
use crate::orders::Answer;
use crate::reject::Reject;
use crate::stock::Move;

impl Execute for ApplyWorld {
    /// Puts a world and its rules in force. Known codes keep their ids; none may vanish.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        engine.configure(self, asked, |present| {
            another(present)?;
            let prepared = Config::prepare_world(present, &self.text).map_err(bad_file)?;
            prepared.new_codes(present).try_for_each(|(kind, code)| legible(kind, code))?;
            Ok(Ready { event: prepared.event(), config: Some(prepared) })
        })
    }
}

/// Refuses one more version when no number is left for it.
pub(super) fn another(present: Option<&Config>) -> Result<(), Reject> {
    if present.is_some_and(|present| present.version().0 >= RULES_EVER) {
        return Err(invalid("rules", format!("{RULES_EVER} versions were given: no more can be numbered")));
    }
    Ok(())
}

impl Body for WorldApplied {
    fn touches(&self, _footprint: &mut Footprint) {}

    fn each_move(&self, _f: &mut impl FnMut(Move)) {}

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        state.remember(at, Answer::Configured(self.version));
        Ok(())
    }

    fn publish(&self, engine: &Engine, at: &At<'_>) -> Result<(), Broken> {
        engine.past.note(self.version, at.seq, true);
        engine.put_in_force(self.version, at.seq, || Config::from_world(self, at.seq))?;
        Ok(())
    }
}
