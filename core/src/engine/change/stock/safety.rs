//! Safety stock: units of the regular pool that orders may not take.

use crate::command::SetSafety;
use crate::engine::change::Execute;
use crate::engine::codes::warehouse;
use crate::engine::outcome::Decided;
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, SafetySet};
use crate::orders::Answer;
use crate::stock::Move;
use crate::units::Units;

impl Execute for SetSafety {
    /// Sets the units of the regular pool that orders may not take.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let config = engine.config()?;
        let warehouse = warehouse(&config, &self.warehouse)?;
        let sku = engine.known_sku(&self.sku)?;
        let set = SafetySet { sku, warehouse, units: self.units };
        engine.change_stock(self, &[sku], asked, |_, _| Ok(Event::SafetySet(set)))
    }
}

impl Body for SafetySet {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.skus.push(self.sku);
    }

    fn each_move(&self, _f: &mut impl FnMut(Move)) {}

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        state.set_safety((self.sku, self.warehouse), self.units, at.seq)?;
        state.remember(at, Answer::Moved { units: self.units, short: Units::ZERO });
        Ok(())
    }

    fn publish(&self, _engine: &Engine, _at: &At<'_>) -> Result<(), Broken> {
        Ok(())
    }
}
