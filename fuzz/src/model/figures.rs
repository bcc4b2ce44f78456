//! What a parcel weighs and costs once units left it: as much of its promise as its load is of the first load.

use std::collections::BTreeSet;

use stockade_core::decision::{CostParts, Figures};
use stockade_core::ids::{OrderId, SubNo};
use stockade_core::money::Money;

use super::Model;
use super::orders::{Sub, SubLine};

impl Model {
    /// Checks the new figures of parcels that units were taken out of, all of which must be named, and takes them over.
    pub(super) fn refigure(
        &mut self,
        order: OrderId,
        touched: impl Iterator<Item = SubNo>,
        figures: &[(SubNo, Figures)],
    ) -> Result<(), String> {
        let touched: BTreeSet<SubNo> = touched.collect();
        let mut must = Vec::new();
        for no in touched {
            let sub = self.order(order)?.sub(no.0)?;
            if sub.units() > 0 {
                must.push((no, self.figures_of(sub)));
            }
        }
        let mut named = figures.to_vec();
        named.sort_by_key(|(no, _)| *no);
        if named != must {
            return Err(format!("says {named:?} are left, it is {must:?}"));
        }
        for (no, Figures { weight_g, parts }) in named {
            let sub = self.order_mut(order)?.sub_mut(no.0)?;
            (sub.weight_g, sub.parts) = (weight_g, parts);
        }
        Ok(())
    }

    pub(super) fn figures_of(&self, sub: &Sub) -> Figures {
        let load = |units: fn(&SubLine) -> u64| {
            let grams = sub.lines.iter().map(|((sku, _), line)| units(line) * self.weight_g(*sku)).sum::<u64>();
            (sub.lines.values().map(units).sum::<u64>(), grams)
        };
        let ((had, had_g), (left, left_g)) = (load(|line| line.promised), load(|line| line.units));
        let (promised_g, promised) = sub.promise;
        let weight_g = match had_g {
            0 => part_of(promised_g as i64, left, had),
            had_g => part_of(promised_g as i64, left_g, had_g),
        } as u64;
        let over = |grams: u64| match self.world.as_ref().map_or(0, |world| world.kg_step_g) {
            0 => grams.saturating_sub(1_000),
            step => grams.saturating_sub(1_000).div_ceil(step) * step,
        };
        let parts = CostParts {
            parcel: promised.parcel,
            unit: Money(part_of(promised.unit.0, left, had)),
            first_kg: if weight_g == 0 { Money::ZERO } else { promised.first_kg },
            further_kg: Money(part_of(promised.further_kg.0, over(weight_g), over(promised_g))),
        };
        Figures { weight_g, parts }
    }
}

/// A part of an amount, rounded half up.
fn part_of(amount: i64, part: u64, whole: u64) -> i64 {
    if whole == 0 {
        return 0;
    }
    let exact = i128::from(amount) * i128::from(part) * 2 + i128::from(whole);
    (exact / (2 * i128::from(whole))) as i64
}
