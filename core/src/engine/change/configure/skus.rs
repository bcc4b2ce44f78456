//! SKUs: what exists, and what is known of it.

use std::collections::BTreeSet;

use crate::command::{ClearSkus, DefineSkus, SkuSpec};
use crate::engine::change::Execute;
use crate::engine::outcome::{Decided, invalid};
use crate::engine::store::Engine;
use crate::engine::transact::admit::Asked;
use crate::engine::transact::body::{Body, Footprint};
use crate::engine::transact::configure::Ready;
use crate::engine::transact::state::{At, Broken, State};
use crate::event::{Event, SkuDefined, SkusDefined};
use crate::ids::{Code, SkuId};
use crate::limits::SKUS_MAX;
use crate::orders::Answer;
use crate::reject::Reject;
use crate::stock::Move;

impl Execute for DefineSkus {
    /// Creates SKUs, or changes weight and category of known ones. What a definition leaves out stays as it is; the event says
    /// what holds from then on.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let mut codes = BTreeSet::new();
        if let Some(spec) = self.skus.iter().find(|spec| !codes.insert(&spec.sku)) {
            return Err(invalid("skus", format!("{} is named twice", spec.sku)).into());
        }
        engine.configure(self, asked, |present| {
            let mut next = engine.skus.count();
            let mut define = |spec: &SkuSpec| {
                let (id, weight_g, category) = match engine.skus.find(&spec.sku) {
                    Some(known) => (known.id, known.weight_g, known.category),
                    None => {
                        next += 1;
                        (SkuId(u32::try_from(next - 1).unwrap_or(u32::MAX)), None, None)
                    }
                };
                let (weight_g, category) = (spec.weight_g.or(weight_g), spec.category.clone().or(category));
                SkuDefined { id, code: spec.sku.clone(), weight_g, category }
            };
            let skus = self.skus.iter().map(&mut define).collect();
            counted(next)?;
            let rules_version = present.map(|config| config.version()).unwrap_or_default();
            Ok(Ready { event: Event::SkusDefined(SkusDefined { skus, rules_version }), config: None })
        })
    }
}

impl Execute for ClearSkus {
    /// Forgets weight, category or both of known SKUs; the event says what holds from then on.
    fn execute(&self, engine: &Engine, asked: Asked<'_>) -> Decided {
        let mut codes = BTreeSet::new();
        if let Some(sku) = self.skus.iter().find(|sku| !codes.insert(*sku)) {
            return Err(invalid("skus", format!("{sku} is named twice")).into());
        }
        engine.configure(self, asked, |present| {
            engine.known_skus(self.skus.iter())?;
            let clear = |code: &Code| {
                let known = engine.skus.find(code)?;
                let weight_g = known.weight_g.filter(|_| !self.weight);
                let category = known.category.filter(|_| !self.category);
                Some(SkuDefined { id: known.id, code: code.clone(), weight_g, category })
            };
            let skus = self.skus.iter().filter_map(clear).collect();
            let rules_version = present.map(|config| config.version()).unwrap_or_default();
            Ok(Ready { event: Event::SkusDefined(SkusDefined { skus, rules_version }), config: None })
        })
    }
}

/// Refuses definitions after which there would be more SKUs than there may be.
fn counted(count: usize) -> Result<(), Reject> {
    if count > SKUS_MAX {
        return Err(invalid("skus", format!("would be {count} with these, at most {SKUS_MAX} can be defined")));
    }
    Ok(())
}

impl Body for SkusDefined {
    fn touches(&self, footprint: &mut Footprint) {
        footprint.skus.extend(self.skus.iter().map(|sku| sku.id));
    }

    fn each_move(&self, _f: &mut impl FnMut(Move)) {}

    fn apply(&self, state: &mut State<'_, '_>, at: &At<'_>) -> Result<(), Broken> {
        for sku in &self.skus {
            state.define(sku.id, at.seq);
        }
        state.remember(at, Answer::Configured(self.rules_version));
        Ok(())
    }

    fn publish(&self, engine: &Engine, at: &At<'_>) -> Result<(), Broken> {
        for sku in &self.skus {
            engine.skus.define(sku, at.seq);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skus_are_defined_up_to_their_bound() {
        counted(SKUS_MAX).unwrap();
        counted(SKUS_MAX + 1).unwrap_err();
    }
}
