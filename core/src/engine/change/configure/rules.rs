//! A rules file, laid over the world in force.

use crate::catalog::Config;
use crate::command::ApplyRules;
use crate::engine::change::Execute;
use crate::engine::change::configure::world::another;
use crate::engine::outcome::{Decided, Refusal, no_world};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::configure::{Ready, bad_file};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::RulesApplied;
use crate::ids::{RulesVersion, Seq};
use crate::orders::Answer;
use crate::reject::Reject;
use crate::rules::FileError;
use crate::stock::Move;

impl Execute for ApplyRules {
    /// Lays a rules file over the world in force.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        engine.configure(self, asked, |present| {
            let present = present.ok_or_else(no_world)?;
            let actual = present.version();
            if let Some(expected) = self.expect.filter(|expected| *expected != actual) {
                return Err(Refusal::seen(Reject::StaleRules { expected, actual }, present.seq));
            }
            another(Some(present))?;
            let prepared = Config::prepare_rules(present, &self.text).map_err(bad_file)?;
            Ok(Ready { event: prepared.event(), config: Some(prepared) })
        })
    }
}

impl Body for RulesApplied {
    fn touches(&self, _footprint: &mut Footprint) {}

    fn each_move(&self, _f: &mut impl FnMut(Move)) {}

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        state.remember(at, Answer::Configured(self.version));
        Ok(())
    }

    fn publish(&self, engine: &Engine, at: &At<'_>) -> Result<(), Broken> {
        engine.past.note(self.version, at.seq, false);
        let present = engine.config.load_full().ok_or(Broken::NoWorld)?;
        engine.put_in_force(self.version, at.seq, || present.with_rules(self, at.seq))?;
        Ok(())
    }
}

impl Engine {
    /// Puts a configuration in force: the one that was made ready for this event, or in recovery the one it describes.
    pub(super) fn put_in_force(
        &self,
        version: RulesVersion,
        seq: Seq,
        described: impl FnOnce() -> Result<Config, FileError>,
    ) -> Result<(), FileError> {
        let ready = self.staged.lock().take().filter(|ready| ready.version() == version);
        let config = match ready {
            Some(ready) => ready.in_force(seq),
            None => described()?,
        };
        self.prices.follow(&config);
        self.config.store(Some(config.into()));
        Ok(())
    }
}
